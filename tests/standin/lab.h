/*
 * lab.h - a device of the stand-in with the tests' small programs on it.
 *
 * For tests/standin; one thread. Checks are made on the way, so a lab that cannot be opened fails
 * its test.
 */
#ifndef STANDIN_LAB_H
#define STANDIN_LAB_H

#include <stdbool.h>

#include "abi/arch.h"
#include "standin/codes.h"
#include "standin/library/entry.h"
#include "standin/standin.h"
#include "standin/test_wire.h"

typedef struct lab {
    int32_t device;
    const struct slipi_arch_row *row;
    void *control_stream;
    void *core_stream;
    void *control_binary;
    void *core_binary;
    void *control;
    void *core;
    void *memory; /* answer | hello lines | register bases, zero at first */
    uint64_t memory_bytes;
    uint64_t answer;
    uint64_t hello;
    uint64_t registers;
    uint64_t serial;
} lab;

/* Lets the device process and its programs be the ones for aarch64, under emulation. False, and why
 * is printed, if they have not been built or there is no emulator. */
bool lab_emulate(void);

/* Path of a file under the build folder of the device's programs. */
void lab_device_path(const char *file, char *out, size_t out_bytes);

/* Loads a program's file as a control or a core program; null if that fails. */
void *lab_load(const char *path, bool control);

/* Forgets what was, chooses the architecture and sets a device; initialises the library. */
void lab_begin(const char *arch);

/* Opens everything on a device that was set; `control_only` leaves the cores out. */
bool lab_open(lab *l, int32_t device, const char *arch);

/* Gives everything back. */
void lab_close(lab *l);

/* Ends what lab_begin began: nothing is live afterwards. */
void lab_end(void);

/* Arguments of the next launch. */
standin_test_args lab_args(lab *l, uint32_t what, uint32_t blocks);

/* Launches the control or the core program. */
int32_t lab_control(lab *l, const standin_test_args *args);
int32_t lab_core(lab *l, const standin_test_args *args);

/* The answer, read from the device. */
standin_test_answer lab_answer(const lab *l);

/* Reads a whole file; null if it cannot be read. The caller frees it. */
void *lab_read_file(const char *path, size_t *out_bytes);

#endif
