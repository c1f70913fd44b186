/* runtime.c - finds and loads CANN's runtime; see runtime.h. Any thread; no state of its own. */
#include "platform/onboard/runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the driver is installed; from public installation guides. */
#define DRIVER_PATH "/usr/local/Ascend/driver/lib64/driver/libascend_hal.so"

/* Which library an entry point comes from. */
enum source { ACL, HAL };

/* One entry point. */
struct entry_row {
    const char *name;
    size_t member; /* offset in slipi_acl */
    enum source library;
    int needed;
};

static const struct entry_row entries[] = {
#define ENTRY_ROW(name, type, params, library, needed) \
    {#name, offsetof(slipi_acl, name), library, needed},
    SLIPI_ACL_TABLE(ENTRY_ROW)
#undef ENTRY_ROW
};
_Static_assert(sizeof(void *) == sizeof(void (*)(void)), "dlsym gives functions as data pointers");

const char *slipi_acl_entry_name(uint32_t entry)
{
    return entry < SLIPI_ENTRY_COUNT ? entries[entry].name : "?";
}

/* Opens one file and remembers its path. */
static void *open_library(slipi_acl *runtime, const char *folder, const char *file)
{
    (void)snprintf(runtime->path, sizeof(runtime->path), "%s%s%s", folder,
                   folder[0] != '\0' ? "/" : "", file);
    return dlopen(runtime->path, RTLD_NOW | RTLD_LOCAL);
}

/* Opens the runtime's library. */
static slip_status open_acl(slipi_acl *runtime, char *why, size_t why_bytes)
{
    const char *own = getenv("SLIPWAY_ACL_LIBRARY");
    const char *home = getenv("ASCEND_HOME_PATH");
    if (own != NULL && own[0] != '\0') {
        runtime->acl_library = open_library(runtime, "", own);
        if (runtime->acl_library == NULL) {
            (void)snprintf(why, why_bytes, "SLIPWAY_ACL_LIBRARY: %s", dlerror());
            return SLIP_E_PLATFORM_UNAVAILABLE;
        }
        return SLIP_OK;
    }
    char folder[200] = "";
    int length = 0;
    if (home != NULL && home[0] != '\0') {
        length = snprintf(folder, sizeof(folder), "%s/lib64", home);
    }
    if (length > 0 && (size_t)length < sizeof(folder)) {
        runtime->acl_library = open_library(runtime, folder, "libascendcl.so");
        if (runtime->acl_library == NULL) {
            runtime->acl_library = open_library(runtime, folder, "libacl_rt.so");
        }
    }
    if (runtime->acl_library == NULL) {
        runtime->acl_library = open_library(runtime, "", "libascendcl.so");
    }
    if (runtime->acl_library == NULL) {
        runtime->acl_library = open_library(runtime, "", "libacl_rt.so");
    }
    if (runtime->acl_library != NULL) {
        return SLIP_OK;
    }
    (void)snprintf(why, why_bytes,
                   "no CANN runtime: looked for libascendcl.so and libacl_rt.so in %s and on the "
                   "dynamic linker's path; source CANN's set_env.sh, or set ASCEND_HOME_PATH",
                   length > 0 ? folder : "$ASCEND_HOME_PATH/lib64 (not set)");
    return SLIP_E_PLATFORM_UNAVAILABLE;
}

/* Opens the driver's library, if the runtime's has not the driver's entry points too. */
static slip_status open_hal(slipi_acl *runtime, char *why, size_t why_bytes)
{
    if (dlsym(runtime->acl_library, "halMemCtl") != NULL) {
        return SLIP_OK;
    }
    runtime->hal_library = dlopen("libascend_hal.so", RTLD_NOW | RTLD_LOCAL);
    if (runtime->hal_library == NULL) {
        runtime->hal_library = dlopen(DRIVER_PATH, RTLD_NOW | RTLD_LOCAL);
    }
    if (runtime->hal_library != NULL) {
        return SLIP_OK;
    }
    (void)snprintf(why, why_bytes,
                   "no Ascend driver: %.80s is there, but libascend_hal.so is neither on the "
                   "dynamic linker's path nor at " DRIVER_PATH,
                   runtime->path);
    return SLIP_E_PLATFORM_UNAVAILABLE;
}

/* Looks every entry point up; names those that are missing. */
static slip_status find_entries(slipi_acl *runtime, char *why, size_t why_bytes)
{
    char missing[160] = "";
    uint32_t count = 0;
    for (uint32_t i = 0; i < SLIPI_ENTRY_COUNT; i++) {
        void *library = entries[i].library == HAL && runtime->hal_library != NULL
                            ? runtime->hal_library
                            : runtime->acl_library;
        void *found = dlsym(library, entries[i].name);
        memcpy((char *)runtime + entries[i].member, (const void *)&found, sizeof(found));
        if (found == NULL && entries[i].needed != 0) {
            size_t used = strlen(missing);
            (void)snprintf(missing + used, sizeof(missing) - used, "%s%s", used != 0 ? ", " : "",
                           entries[i].name);
            count++;
        }
    }
    if (count == 0) {
        return SLIP_OK;
    }
    (void)snprintf(why, why_bytes,
                   "%.60s is too old or no CANN runtime: %u entry points are missing: %s",
                   runtime->path, count, missing);
    return SLIP_E_PLATFORM_UNAVAILABLE;
}

slip_status slipi_acl_load(slipi_acl *runtime, char *why, size_t why_bytes)
{
    memset(runtime, 0, sizeof(*runtime));
    slip_status status = open_acl(runtime, why, why_bytes);
    if (status == SLIP_OK) {
        status = open_hal(runtime, why, why_bytes);
    }
    if (status == SLIP_OK) {
        status = find_entries(runtime, why, why_bytes);
    }
    if (status != SLIP_OK) {
        slipi_acl_unload(runtime);
        return status;
    }
    void *found = dlsym(runtime->acl_library, "slipway_standin_description");
    memcpy((void *)&runtime->standin, (const void *)&found, sizeof(found));
    return SLIP_OK;
}

void slipi_acl_unload(slipi_acl *runtime)
{
    if (runtime->hal_library != NULL) {
        (void)dlclose(runtime->hal_library);
    }
    if (runtime->acl_library != NULL) {
        (void)dlclose(runtime->acl_library);
    }
    runtime->hal_library = NULL;
    runtime->acl_library = NULL;
}
