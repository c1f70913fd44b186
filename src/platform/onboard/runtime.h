/*
 * runtime.h - CANN's runtime, found and loaded while the program runs.
 *
 * For this folder and tests. Nothing of it is linked; without it the other platforms work. A value
 * of this type belongs to one open device; the libraries behind it are the dynamic linker's.
 */
#ifndef SLIPI_ONBOARD_RUNTIME_H
#define SLIPI_ONBOARD_RUNTIME_H

#include <slipway/platform.h>

#include "platform/onboard/acl.h"

/* The oldest version of the runtime's interface that has every entry point's form used here, and
 * the newest major version whose documentation was read. */
#define SLIPI_ACL_MAJOR 1

/* The entry points, and where they came from. */
typedef struct slipi_acl {
    void *acl_library;
    void *hal_library; /* null: the runtime's library has the driver's entry points too */
    char path[256];    /* of the runtime's library, as it was asked for */
    /* Says what a stand-in runtime for tests is; null: this is no stand-in. */
    const char *(*standin)(void);
#define ACL_MEMBER(name, type, params, library, needed) type(*name) params;
    SLIPI_ACL_TABLE(ACL_MEMBER)
#undef ACL_MEMBER
} slipi_acl;

/*
 * Finds and loads it: SLIPWAY_ACL_LIBRARY (a file with all entry points) alone if it is set, else
 * libascendcl.so and libacl_rt.so under ASCEND_HOME_PATH/lib64, else on the dynamic linker's path.
 * SLIP_E_PLATFORM_UNAVAILABLE, with everything that was looked for in `why`, if it is not there or
 * lacks entry points.
 */
slip_status slipi_acl_load(slipi_acl *runtime, char *why, size_t why_bytes);

/* Gives the libraries back. */
void slipi_acl_unload(slipi_acl *runtime);

/* The name of an entry point. Static. */
const char *slipi_acl_entry_name(uint32_t entry);

#endif
