/*
 * elf.h - reads what is needed of an ELF file in memory: its machine, its code, its functions.
 *
 * For this folder and tests. 64 bits, little-endian. Everything in the file is checked before it is
 * followed; nothing is copied, so the bytes must outlive the value.
 */
#ifndef SLIPI_ONBOARD_ELF_H
#define SLIPI_ONBOARD_ELF_H

#include <stdbool.h>

#include <slipway/platform.h>

/* A file that was checked. */
typedef struct slipi_elf {
    const uint8_t *bytes;
    uint64_t size;
    uint64_t section_off;
    uint32_t section_count;
    uint32_t names; /* section with the sections' names */
    uint32_t type;
    uint32_t machine;
    uint32_t text;    /* section .text; 0: none */
    uint32_t symbols; /* section of symbols; 0: none */
} slipi_elf;

/* A range of the file. */
typedef struct slipi_elf_range {
    uint64_t off;
    uint64_t bytes;
} slipi_elf_range;

/* Reads the head of a file. False, and why, if it is no such file. */
bool slipi_elf_open(const void *bytes, uint64_t size, slipi_elf *out, const char **why);

/* The code: all of .text, as a range of the file. False: there is none. */
bool slipi_elf_text(const slipi_elf *elf, slipi_elf_range *out);

/* A function of .text by name, as a range inside .text. False: there is none. */
bool slipi_elf_function(const slipi_elf *elf, const char *name, slipi_elf_range *out);

/* True if .text must be relocated; *out_symbol is then what it refers to. */
bool slipi_elf_relocates(const slipi_elf *elf, const char **out_symbol);

#endif
