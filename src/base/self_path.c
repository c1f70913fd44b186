/* self_path.c - where this code lies; see self_path.h. Any thread. */
#include "base/self_path.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool slipi_self_folder(char out[SLIPI_SELF_PATH_BYTES])
{
    static const char here = 0;
    Dl_info info;
    if (dladdr(&here, &info) == 0 || info.dli_fname == NULL) {
        return false;
    }
    /* An executable may have been found on the path: its name is then not where it is. */
    ssize_t length = strchr(info.dli_fname, '/') == NULL
                         ? readlink("/proc/self/exe", out, SLIPI_SELF_PATH_BYTES - 1u)
                         : (ssize_t)snprintf(out, SLIPI_SELF_PATH_BYTES, "%s", info.dli_fname);
    if (length <= 0 || length >= (ssize_t)SLIPI_SELF_PATH_BYTES) {
        return false;
    }
    out[length] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}
