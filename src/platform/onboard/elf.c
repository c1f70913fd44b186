/* elf.c - reads ELF files; see elf.h. Any thread; no state. */
#include "platform/onboard/elf.h"

#include <elf.h>
#include <string.h>

/* True if `count` elements from `off` lie in the file. */
static bool inside(const slipi_elf *elf, uint64_t off, uint64_t count, uint64_t elem)
{
    return off <= elf->size && count <= (elf->size - off) / elem;
}

/* Section i. It is inside: slipi_elf_open has looked. */
static Elf64_Shdr section(const slipi_elf *elf, uint32_t i)
{
    Elf64_Shdr header;
    memcpy(&header, elf->bytes + elf->section_off + (uint64_t)i * sizeof(header), sizeof(header));
    return header;
}

/* The text at an offset of a section of texts; "" if it does not end inside. */
static const char *text_at(const slipi_elf *elf, uint32_t table, uint64_t off)
{
    if (table == 0 || table >= elf->section_count) {
        return "";
    }
    Elf64_Shdr header = section(elf, table);
    if (header.sh_type != SHT_STRTAB || !inside(elf, header.sh_offset, header.sh_size, 1) ||
        off >= header.sh_size) {
        return "";
    }
    const char *text = (const char *)elf->bytes + header.sh_offset + off;
    return memchr(text, '\0', (size_t)(header.sh_size - off)) != NULL ? text : "";
}

/* Finds the sections that matter. */
static void find_sections(slipi_elf *elf)
{
    for (uint32_t i = 1; i < elf->section_count; i++) {
        Elf64_Shdr header = section(elf, i);
        if (header.sh_type == SHT_SYMTAB) {
            elf->symbols = i;
        } else if (header.sh_type == SHT_PROGBITS &&
                   strcmp(text_at(elf, elf->names, header.sh_name), ".text") == 0) {
            elf->text = i;
        }
    }
}

bool slipi_elf_open(const void *bytes, uint64_t size, slipi_elf *out, const char **why)
{
    Elf64_Ehdr header;
    *out = (slipi_elf){.bytes = bytes, .size = size};
    if (size < sizeof(header)) {
        *why = "it is too short for an ELF file";
        return false;
    }
    memcpy(&header, bytes, sizeof(header));
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB) {
        *why = "it is no 64-bit little-endian ELF file";
        return false;
    }
    out->type = header.e_type;
    out->machine = header.e_machine;
    if (header.e_shnum == 0) {
        return true;
    }
    if (header.e_shentsize != sizeof(Elf64_Shdr) ||
        !inside(out, header.e_shoff, header.e_shnum, sizeof(Elf64_Shdr))) {
        *why = "its table of sections lies outside of the file";
        return false;
    }
    out->section_off = header.e_shoff;
    out->section_count = header.e_shnum;
    out->names = header.e_shstrndx;
    find_sections(out);
    return true;
}

bool slipi_elf_text(const slipi_elf *elf, slipi_elf_range *out)
{
    if (elf->text == 0) {
        return false;
    }
    Elf64_Shdr header = section(elf, elf->text);
    *out = (slipi_elf_range){header.sh_offset, header.sh_size};
    return header.sh_size != 0 && inside(elf, header.sh_offset, header.sh_size, 1);
}

/* Symbol i of the table; false: there is none. */
static bool symbol_at(const slipi_elf *elf, uint64_t i, Elf64_Sym *out)
{
    if (elf->symbols == 0) {
        return false;
    }
    Elf64_Shdr header = section(elf, elf->symbols);
    if (!inside(elf, header.sh_offset, header.sh_size, 1) || i >= header.sh_size / sizeof(*out)) {
        return false;
    }
    memcpy(out, elf->bytes + header.sh_offset + i * sizeof(*out), sizeof(*out));
    return true;
}

bool slipi_elf_function(const slipi_elf *elf, const char *name, slipi_elf_range *out)
{
    Elf64_Sym symbol;
    slipi_elf_range text;
    if (!slipi_elf_text(elf, &text)) {
        return false;
    }
    /* In an object that was not linked a symbol's value counts from its section. */
    uint64_t base = elf->type == ET_REL ? 0 : section(elf, elf->text).sh_addr;
    uint32_t names = elf->symbols != 0 ? section(elf, elf->symbols).sh_link : 0;
    for (uint64_t i = 1; symbol_at(elf, i, &symbol); i++) {
        if (symbol.st_shndx != elf->text ||
            strcmp(text_at(elf, names, symbol.st_name), name) != 0) {
            continue;
        }
        *out = (slipi_elf_range){symbol.st_value - base, symbol.st_size};
        return symbol.st_value >= base && out->off < text.bytes &&
               out->bytes <= text.bytes - out->off;
    }
    return false;
}

bool slipi_elf_relocates(const slipi_elf *elf, const char **out_symbol)
{
    *out_symbol = "";
    for (uint32_t i = 1; i < elf->section_count; i++) {
        Elf64_Shdr header = section(elf, i);
        Elf64_Rela row;
        Elf64_Sym symbol;
        if ((header.sh_type != SHT_RELA && header.sh_type != SHT_REL) ||
            header.sh_info != elf->text || elf->text == 0 || header.sh_size == 0) {
            continue;
        }
        uint64_t row_bytes = header.sh_type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
        if (!inside(elf, header.sh_offset, row_bytes, 1)) {
            return true;
        }
        /* Both kinds of rows begin with the offset and the symbol. */
        memcpy(&row, elf->bytes + header.sh_offset, sizeof(Elf64_Rel));
        if (symbol_at(elf, ELF64_R_SYM(row.r_info), &symbol)) {
            *out_symbol = text_at(elf, section(elf, elf->symbols).sh_link, symbol.st_name);
        }
        return true;
    }
    return false;
}
