/*
 * boot.h - what passes between the host and a device's program where the device is not this
 * process: launch arguments, the state that the program keeps on the device, a program's image.
 *
 * For src/platform/onboard, which writes them, and src/device/boot*.c, which read them there. All
 * addresses are the device's.
 *
 *     control program   slipi_boot_args, then the launch block      copied with each launch
 *     core program      slipi_core_args                             copied with each launch
 *     device memory     slipi_boot_state | hello lines | dispatch page    zero at open, kept
 *     device memory     slipi_callable_image | children | control object | core code
 *
 * No 64-byte line of the state has writers on both sides of the control/core boundary.
 */
#ifndef SLIPI_BOOT_H
#define SLIPI_BOOT_H

#include <stddef.h>

#include <slipway/platform.h>

#include "abi/dispatch.h"
#include "base/atomic.h"

#define SLIPI_BOOT_MAGIC UINT64_C(0x31544F4F42534C53)     /* "SLSBOOT1" */
#define SLIPI_CALLABLE_MAGIC UINT64_C(0x314C4C4143534C53) /* "SLSCALL1" */
#define SLIPI_BOOT_VERSION 1u

/* Bounds with room: the largest row launches 14 control threads and has 108 cores. */
#define SLIPI_BOOT_THREADS 32u
#define SLIPI_BOOT_CORES 192u
#define SLIPI_BOOT_OBJECTS 1024u /* as many as a runner has callables */

enum slipi_boot_request {
    SLIPI_BOOT_RUN = 1,    /* run the entry over the launch block */
    SLIPI_BOOT_LOAD = 2,   /* load the control object of a callable image */
    SLIPI_BOOT_UNLOAD = 3, /* drop it */
    SLIPI_BOOT_PROBE = 4   /* answer: shows that the device takes work */
};

/* Arguments of one launch of the control program. Host writes, every control thread reads. */
typedef struct slipi_boot_args {
    uint64_t magic; /* SLIPI_BOOT_MAGIC */
    uint32_t version;
    uint32_t struct_size;
    uint64_t fingerprint; /* slipi_layout_fingerprint of the host's build */
    uint64_t serial;      /* of the launch, from 1; never repeated while the state lives */
    uint32_t request;     /* enum slipi_boot_request */
    uint32_t launched;    /* control threads that were launched */
    uint32_t threads;     /* of these, that take part in the run */
    uint32_t block_bytes; /* of the launch block behind these arguments */
    uint64_t block;       /* where the launch block belongs on the device */
    uint64_t state;       /* slipi_boot_state */
    uint64_t hello;       /* slipi_core_hello[3 * blocks] */
    uint64_t dispatch;    /* slipi_core_page[3 * blocks] */
    uint64_t registers;   /* uint64_t[]: base of a core's registers, by its physical number */
    uint64_t image;       /* LOAD: slipi_callable_image */
    uint64_t image_bytes; /* LOAD */
    uint64_t object;      /* UNLOAD: what LOAD reported */
    uint64_t wait_ns;     /* bound of the waits for other threads and for cores */
    uint64_t
        allowed_cpus; /* CPUs of the control processor for this device; bit 63: and all above */
    uint32_t register_count;
    uint32_t reserved;
    slip_platform_info info; /* of the device, as the host describes it */
} slipi_boot_args;
_Static_assert(offsetof(slipi_boot_args, block) == 48, "boot_args.block");
_Static_assert(offsetof(slipi_boot_args, info) == 136, "boot_args.info");
_Static_assert(sizeof(slipi_boot_args) % 8 == 0, "the launch block behind it is aligned");

/* Arguments of one launch of the core program. Host writes, every core reads. */
typedef struct slipi_core_args {
    uint64_t magic; /* SLIPI_BOOT_MAGIC */
    uint32_t version;
    uint32_t struct_size;
    uint64_t serial; /* as of the control program that follows */
    uint64_t block;  /* where the launch block will be */
    uint64_t state;  /* as in slipi_boot_args, and so on */
    uint64_t hello;
    uint64_t dispatch;
    uint64_t registers;
    slip_platform_info info;
} slipi_core_args;
_Static_assert(offsetof(slipi_core_args, info) == 64, "core_args.info");

/* A core's first word in a launch: which core it is. The core writes, control threads read. */
typedef struct slipi_core_hello {
    slipi_au64 serial; /* of the launch; written last [release], read first [acquire]: [B3] */
    uint32_t physical; /* names its registers */
    uint32_t core_type;
    uint32_t command; /* what its dispatch register held: an earlier run's, of whichever runner */
    uint32_t reserved[11];
} slipi_core_hello;
_Static_assert(sizeof(slipi_core_hello) == 64, "one line");

/* A control object that is loaded; see device/objects.h. */
typedef struct slipi_boot_object {
    uint64_t content[2]; /* hash of its bytes */
    uint64_t handle;     /* of the loader; meaningless to the host */
    uint64_t program;    /* address of its slip_program */
    uint32_t refs;       /* 0: this row is free */
    uint32_t file;       /* descriptor of the file it was loaded from, plus 1 */
    uint64_t reserved[3];
} slipi_boot_object;
_Static_assert(sizeof(slipi_boot_object) == 64, "one line");

/* What the control program answers. One control thread writes; the host reads after the launch. */
typedef struct slipi_boot_report {
    uint64_t serial; /* of the launch that it answers */
    int32_t status;
    uint32_t kernel_count;
    uint64_t object;      /* LOAD: row in the table of objects, plus 1 */
    uint32_t arrived;     /* control threads that came */
    uint32_t misplaced;   /* that take part on a CPU that is not allowed or is shared */
    uint32_t machine;     /* of the control program: e_machine of its ELF file */
    uint32_t silent_core; /* a core that did not say hello, plus 1 */
    uint64_t reserved[3];
    char why[192];
} slipi_boot_report;
_Static_assert(sizeof(slipi_boot_report) == 256, "boot_report size");

/* The control program's memory on the device. The host writes nothing here after the zeros. */
typedef struct slipi_boot_state {
    /* One launch's gate; see device/placement.h. */
    slipi_au64 tickets; /* serial << 16 | threads that came. Every control thread adds */
    slipi_au64 leader;  /* serial of the last launch that somebody decides about */
    slipi_au64 decided; /* serial of the last launch whose gate has opened [B2] */
    uint64_t reserved0[5];
    slipi_au64 cpu[SLIPI_BOOT_THREADS]; /* serial << 16 | CPU + 1, by who holds the ticket [B1] */
    int32_t place[SLIPI_BOOT_THREADS];  /* thread number of each ticket; -1 drops out. The leader */

    slipi_boot_report report; /* 0x1C0 */

    uint64_t registers[SLIPI_BOOT_CORES]; /* 0x2C0: of each core in this launch. Control thread 0 */
    slipi_boot_object objects[SLIPI_BOOT_OBJECTS];
} slipi_boot_state;
_Static_assert(offsetof(slipi_boot_state, report) == 0x1C0, "boot_state.report");
_Static_assert(offsetof(slipi_boot_state, objects) == 0x8C0, "boot_state.objects");
_Static_assert(sizeof(slipi_boot_state) % 64 == 0, "what follows starts a line");

/* Names of functions: an object's row plus 1 names its orchestration function. */
#define SLIPI_NAME_LINKED (UINT64_C(1) << 63) /* a kernel of the control object itself: */
#define SLIPI_NAME_OBJECT_SHIFT 16u           /* row plus 1, then the kernel's index below */

/* FNV-1a of a kernel's name: the host's and the device's object must be of one program. */
static inline uint64_t slipi_name_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    }
    return hash;
}

/* A kernel of a callable image. */
typedef struct slipi_callable_child {
    uint64_t offset; /* of its code from the start of the image; 0: it is in the control object */
    uint64_t bytes;
    uint64_t name_hash; /* slipi_name_hash */
    uint32_t core_type;
    uint32_t reserved;
} slipi_callable_child;
_Static_assert(sizeof(slipi_callable_child) == 32, "child size");

/* A program as it is put on the device, once for each content. Host writes, device reads. */
typedef struct slipi_callable_image {
    uint64_t magic; /* SLIPI_CALLABLE_MAGIC */
    uint32_t version;
    uint32_t kernel_count;
    uint64_t bytes;      /* of the whole image */
    uint64_t object_off; /* the control object: an ELF shared object */
    uint64_t object_bytes;
    uint64_t content[2];   /* hash of the control object */
    uint64_t children_off; /* slipi_callable_child[kernel_count] */
} slipi_callable_image;
_Static_assert(sizeof(slipi_callable_image) == 64, "one line");

#endif
