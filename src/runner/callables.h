/*
 * callables.h - the programs that are registered on one runner.
 *
 * For device_runner.c, programs.c and run.c, under the runner's lock. A handle holds an index and a
 * generation, so one that was unregistered is recognised. Programs are found again by address (in
 * process) or by the content of their file, and are counted.
 */
#ifndef SLIPI_RUNNER_CALLABLES_H
#define SLIPI_RUNNER_CALLABLES_H

#include <slipway/platform.h>

#include "runner/args.h"
#include "runner/program_file.h"

/* One registered program. */
typedef struct slipi_callable {
    uint64_t id;     /* the handle's value */
    uint64_t hash;   /* names the program in traces */
    uint32_t refs;   /* registrations */
    uint32_t queued; /* runs that were submitted and have not ended */
    uint32_t loaded; /* 1: `file` holds a shared object */
    slipi_program_file file;
    const slip_program *program;
    slip_param *params; /* copied, so that a check never meets a changed signature */
    slipi_signature signature;
    char *path;           /* of the file; null without one */
    uint64_t kernel_rows; /* device address of slipi_kernel_row[program->kernel_count] */
    uint64_t kernel_bytes;
    uint32_t on_device; /* 1: `device` names what the platform has loaded */
    slip_loaded_program device;
} slipi_callable;

/* The table. All zeros is an empty one. */
typedef struct slipi_callables {
    slipi_callable **rows; /* `room` of them; null where free */
    uint32_t room;
    uint32_t count;
    uint64_t generation; /* of the newest handle */
} slipi_callables;

/* The registered program of a handle; null if it is not registered. */
slipi_callable *slipi_callables_find(const slipi_callables *table, slip_callable handle);

/* The registration of this very descriptor, or of this file content; null if there is none. */
slipi_callable *slipi_callables_find_program(const slipi_callables *table,
                                             const slip_program *program);
slipi_callable *slipi_callables_find_content(const slipi_callables *table,
                                             const slipi_file_content *content);

/* Makes room for one more; SLIP_E_TOO_MANY_CALLABLES or SLIP_E_OUT_OF_MEMORY if it cannot. */
slip_status slipi_callables_grow(slipi_callables *table, slip_error *error);

/* Puts a callable into the table and gives it its id; room was made before. */
void slipi_callables_add(slipi_callables *table, slipi_callable *callable);

/* Takes it out. */
void slipi_callables_remove(slipi_callables *table, const slipi_callable *callable);

/* Checks a descriptor: magic, version, size, names, kernels, parameters. `where` names it. */
slip_status slipi_program_check(const slip_program *program, const char *where, slip_error *error);

#endif
