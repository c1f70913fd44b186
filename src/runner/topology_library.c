/* topology_library.c - loads the companion library; see topology_library.h. Any thread. */
#include "runner/topology_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <slipway/slipway.h>

#include "base/self_path.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
/* The name that the dynamic linker knows it by; its number is that of the library's interface. */
#define LIBRARY "libslipway_topology.so." TEXT(SLIP_VERSION_MAJOR)

/* Signature of slip_topology_place. */
typedef slip_status (*place_fn)(const slip_topology *, slip_topology_request *);

/* Opens the library: beside this one or where it was built, else where the linker looks. It stays
 * loaded, so that the next runner finds it at once. */
static void *open_library(void)
{
    /* Tests and examples lie up to two folders below the build's. */
    static const char *const tails[] = {"", "/..", "/../..", "/../lib"};
    char folder[SLIPI_SELF_PATH_BYTES];
    if (slipi_self_folder(folder)) {
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            char path[SLIPI_SELF_PATH_BYTES + 64u];
            (void)snprintf(path, sizeof(path), "%s%s/" LIBRARY, folder, tails[i]);
            void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
            if (library != NULL) {
                return library;
            }
        }
    }
    return dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
}

slip_status slipi_topology_library_place(slip_topology_request *request)
{
    place_fn place = NULL;
    void *library = open_library();
    if (library == NULL) {
        const char *reason = dlerror();
        (void)snprintf(request->why, sizeof(request->why),
                       LIBRARY " is missing, which is built where hwloc (libhwloc-dev) is found: "
                               "%.120s",
                       reason != NULL ? reason : "no reason given");
        return SLIP_E_UNSUPPORTED;
    }
    void *symbol = dlsym(library, "slip_topology_place");
    if (symbol == NULL) {
        (void)snprintf(request->why, sizeof(request->why),
                       LIBRARY " has no slip_topology_place: it is of another version");
        return SLIP_E_UNSUPPORTED;
    }
    memcpy(&place, &symbol, sizeof(place));
    return place(NULL, request);
}
