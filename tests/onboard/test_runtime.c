/*
 * test_runtime.c - finding and loading the runtime: what is not there, is no library, or lacks
 * entry points is said, with where it was looked for. Libraries are built here with $CC.
 * ctest-labels: unit onboard
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/onboard/runtime.h"
#include "support/check.h"

static char folder[] = "/tmp/slipway-acl-XXXXXX";

/* Writes a library with every entry point but one (null: all). */
static bool build(const char *file, const char *without, bool driver)
{
    char path[128];
    char command[512];
    const char *cc = getenv("CC");
    (void)snprintf(path, sizeof(path), "%s/a.c", folder);
    FILE *f = fopen(path, "w");
    if (!CHECK(f != NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < SLIPI_ENTRY_COUNT; i++) {
        const char *name = slipi_acl_entry_name(i);
        if ((without == NULL || strcmp(name, without) != 0) &&
            (driver || strncmp(name, "hal", 3) != 0)) {
            (void)fprintf(f, "int %s(void) { return %u; }\n", name, i);
        }
    }
    (void)fclose(f);
    (void)snprintf(command, sizeof(command), "%s -shared -fPIC -o %s/%s %s", cc != NULL ? cc : "cc",
                   folder, file, path);
    return CHECK_EQ(system(command), 0);
}

/* Sets or takes away the two variables; `own` and `home` are below the folder. */
static void environment(const char *own, const char *home)
{
    char path[128];
    (void)unsetenv("SLIPWAY_ACL_LIBRARY");
    (void)unsetenv("ASCEND_HOME_PATH");
    if (own != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, own);
        (void)setenv("SLIPWAY_ACL_LIBRARY", path, 1);
    }
    if (home != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, home);
        (void)setenv("ASCEND_HOME_PATH", path, 1);
    }
}

/* Loading fails, and the sentence says these. */
static void check_missing(const char *says, const char *too)
{
    slipi_acl acl;
    char why[256] = "";
    CHECK_STATUS(SLIP_E_PLATFORM_UNAVAILABLE, slipi_acl_load(&acl, why, sizeof(why)));
    CHECK_CONTAINS(why, says);
    CHECK_CONTAINS(why, too);
    CHECK(acl.acl_library == NULL && acl.hal_library == NULL);
}

/* Loading works; the library is the one at this path. */
static void check_found(const char *path)
{
    slipi_acl acl;
    char why[256] = "";
    CHECK_STATUS(SLIP_OK, slipi_acl_load(&acl, why, sizeof(why)));
    CHECK_CONTAINS(acl.path, path);
    CHECK(acl.aclInit != NULL && acl.halMemCtl != NULL && acl.standin == NULL);
    CHECK_EQ(acl.aclrtFree != NULL ? acl.aclrtFree(NULL) : -1, SLIPI_ENTRY_aclrtFree);
    slipi_acl_unload(&acl);
}

/* Nothing is there: both names, both places. */
static void nothing(void)
{
    environment(NULL, NULL);
    check_missing("libascendcl.so", "$ASCEND_HOME_PATH/lib64 (not set)");
    check_missing("libacl_rt.so", "linker's path");
    environment(NULL, "nowhere");
    check_missing(folder, "nowhere/lib64");
}

/* The library of the variable is the only one that is looked at. */
static void named(void)
{
    environment("missing.so", NULL);
    check_missing("SLIPWAY_ACL_LIBRARY", "missing.so");
    environment("a.c", NULL);
    check_missing("SLIPWAY_ACL_LIBRARY", "a.c");
    if (build("all.so", NULL, true)) {
        environment("all.so", "nowhere");
        check_found("all.so");
    }
}

/* The installation's folder, and the second name. */
static void installed(void)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/home", folder);
    CHECK_EQ(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/home/lib64", folder);
    CHECK_EQ(mkdir(path, 0700), 0);
    environment(NULL, "home");
    if (build("home/lib64/libacl_rt.so", NULL, true)) {
        check_found("home/lib64/libacl_rt.so");
    }
    if (build("home/lib64/libascendcl.so", NULL, true)) {
        check_found("home/lib64/libascendcl.so");
    }
}

/* Each needed entry point is missed by its name; the others are not. */
static void entries(void)
{
    static const char *const needed[] = {"aclInit", "aclrtLaunchKernelWithHostArgs",
                                         "aclrtRegisterCpuFunc", "halResMap"};
    static const char *const optional[] = {"aclrtResetDevice", "aclrtGetPhyDevIdByLogicDevId",
                                           "halGetDeviceInfo"};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        char file[32];
        (void)snprintf(file, sizeof(file), "needed%zu.so", i);
        if (build(file, needed[i], true)) {
            environment(file, NULL);
            check_missing(needed[i], "1 entry points are missing");
        }
    }
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        char file[32];
        (void)snprintf(file, sizeof(file), "optional%zu.so", i);
        if (build(file, optional[i], true)) {
            environment(file, NULL);
            check_found(file);
        }
    }
}

/* A runtime without the driver. */
static void no_driver(void)
{
    if (build("alone.so", NULL, false)) {
        environment("alone.so", NULL);
        check_missing("no Ascend driver", "libascend_hal.so");
    }
}

int main(void)
{
    char command[64];
    if (!CHECK(mkdtemp(folder) != NULL)) {
        return check_report();
    }
    CHECK_CASE(nothing);
    CHECK_CASE(named);
    CHECK_CASE(installed);
    CHECK_CASE(entries);
    CHECK_CASE(no_driver);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK_EQ(system(command), 0);
    return check_report();
}
