/*
 * onboard_int.h - the parts of an onboard device; see onboard.h.
 *
 * For src/platform/onboard only. One thread at a time, as platform.h says; the runtime is called
 * through calls.h alone.
 */
#ifndef SLIPI_ONBOARD_INT_H
#define SLIPI_ONBOARD_INT_H

#include "abi/arch.h"
#include "abi/boot.h"
#include "platform/onboard/calls.h"
#include "platform/onboard/onboard.h"
#include "platform/onboard/runtime.h"
#include "platform/onboard/timeouts.h"

/* Device programs (names of entries) that one device has had: the library's and a test's. */
enum { ONBOARD_MAX_BINARIES = 4 };

/* An allocation. */
typedef struct onboard_block {
    uint64_t address; /* aligned; what the runner knows */
    uint64_t bytes;
    uint64_t usable; /* committed; all of it if it was allocated */
    uint64_t raw;    /* what aclrtMalloc gave */
} onboard_block;

/* Allocations by rising address. */
typedef struct onboard_book {
    onboard_block *rows;
    uint32_t count;
    uint32_t room;
} onboard_book;

/* A device program that is loaded. */
typedef struct onboard_binary {
    char name[32];
    uint64_t control; /* binaries of the runtime; 0: not loaded */
    uint64_t core;
    uint64_t control_function;
    uint64_t core_function;
    uint32_t machine; /* e_machine of the control program */
} onboard_binary;

/* A callable image on the device. */
typedef struct onboard_callable {
    uint64_t content[2]; /* hash of the image */
    uint64_t id;         /* from 1 */
    uint64_t image;      /* its address */
    uint64_t image_bytes;
    uint64_t object; /* the device's name of the control object */
    uint32_t refs;   /* 0: this row is free */
} onboard_callable;

/* What open puts on the device and keeps. */
typedef struct onboard_state {
    uint64_t address; /* slipi_boot_state; all of it is one allocation */
    uint64_t bytes;
    uint64_t hello;
    uint64_t dispatch;
    uint64_t registers;
    uint32_t register_count;
    uint32_t launched; /* control threads of a run */
    uint64_t allowed_cpus;
} onboard_state;

struct slip_platform_device {
    const struct slipi_arch_row *arch;
    uint32_t id;
    uint32_t is_set; /* the runtime's device is set */
    uint32_t kept;   /* a call never came back: the libraries stay loaded */
    slipi_timeouts timeouts;
    slipi_acl runtime;
    slipi_calls *calls; /* null: abandoned */
    slip_platform_info info;
    slip_platform_failure failure;
    onboard_state state;
    onboard_book book;
    uint64_t control_stream;
    uint64_t core_stream;
    onboard_binary binaries[ONBOARD_MAX_BINARIES];
    onboard_callable *callables;
    uint32_t callable_room;
    uint32_t mending;         /* recover is at work: calls are made on a lost device too */
    uint32_t running;         /* launched and not waited for */
    uint64_t serial;          /* of the last launch */
    slipi_boot_report report; /* of the last launch */
    slipi_onboard_counters counters;
};

/* invoke.c: the runtime's calls. */
/* Makes one, on the device's thread, and translates its outcome; keeps the failure. */
slip_status slipi_onboard_call(slip_platform_device *device, uint32_t entry, slipi_call *call);
/* As above with the bound of what sets a device up. */
slip_status slipi_onboard_set_up_call(slip_platform_device *device, uint32_t entry,
                                      slipi_call *call);
/* Keeps a failure of the platform's own. */
slip_status slipi_onboard_fail(slip_platform_device *device, slip_status status, const char *fmt,
                               ...) __attribute__((format(printf, 3, 4)));

/* memory.c */
slip_status slipi_onboard_alloc(slip_platform_device *device, uint64_t bytes,
                                uint64_t *out_address);
void slipi_onboard_free(slip_platform_device *device, uint64_t address, uint64_t bytes);
slip_status slipi_onboard_reserve(slip_platform_device *device, uint64_t bytes,
                                  uint64_t *out_address);
slip_status slipi_onboard_commit(slip_platform_device *device, uint64_t address, uint64_t old_bytes,
                                 uint64_t bytes);
slip_status slipi_onboard_available(slip_platform_device *device, uint64_t *out_bytes);
slip_status slipi_onboard_zero(slip_platform_device *device, uint64_t address, uint64_t bytes);
slip_status slipi_onboard_copy_to(slip_platform_device *device, uint64_t dst, const void *src,
                                  uint64_t bytes);
slip_status slipi_onboard_copy_from(slip_platform_device *device, void *dst, uint64_t src,
                                    uint64_t bytes);
/* Copies memory that is handed over: it is freed after the copy, whenever that is. */
slip_status slipi_onboard_upload(slip_platform_device *device, uint64_t dst, void *owned,
                                 uint64_t bytes);
/* Gives everything back to the runtime (or, with `gone`, only forgets it). */
void slipi_onboard_book_fini(slip_platform_device *device, bool gone);

/* registers.c: register bases and control processors, from the driver. Fills state. */
slip_status slipi_onboard_find_registers(slip_platform_device *device,
                                         uint64_t table[SLIPI_BOOT_CORES]);

/* binaries.c: device programs. */
slip_status slipi_onboard_binary(slip_platform_device *device, const char *name,
                                 onboard_binary **out);
void slipi_onboard_binaries_fini(slip_platform_device *device, bool gone);
/* Reads a file whole into memory of the caller's. SLIP_E_FILE if there is none. */
slip_status slipi_onboard_read_file(const char *path, void **out, uint64_t *out_bytes);

/* launch.c */
slip_status slipi_onboard_launch(slip_platform_device *device, const slip_platform_launch *launch);
slip_status slipi_onboard_wait(slip_platform_device *device, uint64_t timeout_ns);
/* A launch of one control thread that is no run; its answer is in device->report. */
slip_status slipi_onboard_request(slip_platform_device *device, slipi_boot_args *args);

/* programs.c */
slip_status slipi_onboard_load_program(slip_platform_device *device,
                                       const slip_program_source *source, slip_loaded_program *out);
void slipi_onboard_unload_program(slip_platform_device *device, const slip_loaded_program *program);
/* image.c: builds the callable image of a program. The caller frees *out. */
slip_status slipi_onboard_image(slip_platform_device *device, const slip_program_source *source,
                                slipi_callable_image **out);

/* device.c */
/* Puts a device into the state after open: set, streams, state. */
slip_status slipi_onboard_set_up(slip_platform_device *device);

/* recover.c */
slip_status slipi_onboard_recover(slip_platform_device *device, char *why, size_t why_bytes);

#endif
