/*
 * test_failures.c - whatever hwloc, the kernel or the allocator refuses: an error that says what,
 * nothing leaked (the address sanitizer looks), and requests that make no sense.
 *
 * One thread. Each wrapped function fails at its n-th call, in turn.
 *
 * ctest-labels: unit topology
 * ctest-link: -Wl,--wrap=hwloc_topology_init,--wrap=hwloc_topology_load,--wrap=hwloc_bitmap_dup
 * ctest-link: -Wl,--wrap=hwloc_bitmap_alloc,--wrap=hwloc_bitmap_from_ulongs,--wrap=hwloc_bitmap_and
 * ctest-link: -Wl,--wrap=sched_getaffinity,--wrap=calloc,--wrap=malloc
 */
#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdlib.h>

#include <slipway/topology.h>

#include "check.h"

/* Functions that can be made to fail. */
enum refused { NONE, INIT, LOAD, DUP, ALLOC, FROM_ULONGS, AND, AFFINITY, CALLOC, MALLOC };

static enum refused which;
static uint32_t after; /* calls that still succeed */
static uint32_t refusals;

/* Whether this call of a function is the one to fail. */
static bool refuse(enum refused function)
{
    if (which != function) {
        return false;
    }
    if (after-- > 0) {
        return false;
    }
    refusals++;
    which = NONE;
    errno = ENOMEM;
    return true;
}

int __real_hwloc_topology_init(hwloc_topology_t *t);
int __wrap_hwloc_topology_init(hwloc_topology_t *t);
int __real_hwloc_topology_load(hwloc_topology_t t);
int __wrap_hwloc_topology_load(hwloc_topology_t t);
hwloc_bitmap_t __real_hwloc_bitmap_dup(hwloc_const_bitmap_t b);
hwloc_bitmap_t __wrap_hwloc_bitmap_dup(hwloc_const_bitmap_t b);
hwloc_bitmap_t __real_hwloc_bitmap_alloc(void);
hwloc_bitmap_t __wrap_hwloc_bitmap_alloc(void);
int __real_hwloc_bitmap_from_ulongs(hwloc_bitmap_t b, unsigned n, const unsigned long *words);
int __wrap_hwloc_bitmap_from_ulongs(hwloc_bitmap_t b, unsigned n, const unsigned long *words);
int __real_hwloc_bitmap_and(hwloc_bitmap_t out, hwloc_const_bitmap_t a, hwloc_const_bitmap_t b);
int __wrap_hwloc_bitmap_and(hwloc_bitmap_t out, hwloc_const_bitmap_t a, hwloc_const_bitmap_t b);
int __real_sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

/* Fails on demand, as all below. */
int __wrap_hwloc_topology_init(hwloc_topology_t *t)
{
    return refuse(INIT) ? -1 : __real_hwloc_topology_init(t);
}

/* As above. */
int __wrap_hwloc_topology_load(hwloc_topology_t t)
{
    return refuse(LOAD) ? -1 : __real_hwloc_topology_load(t);
}

/* As above. */
hwloc_bitmap_t __wrap_hwloc_bitmap_dup(hwloc_const_bitmap_t b)
{
    return refuse(DUP) ? NULL : __real_hwloc_bitmap_dup(b);
}

/* As above. */
hwloc_bitmap_t __wrap_hwloc_bitmap_alloc(void)
{
    return refuse(ALLOC) ? NULL : __real_hwloc_bitmap_alloc();
}

/* As above. */
int __wrap_hwloc_bitmap_from_ulongs(hwloc_bitmap_t b, unsigned n, const unsigned long *words)
{
    return refuse(FROM_ULONGS) ? -1 : __real_hwloc_bitmap_from_ulongs(b, n, words);
}

/* As above. */
int __wrap_hwloc_bitmap_and(hwloc_bitmap_t out, hwloc_const_bitmap_t a, hwloc_const_bitmap_t b)
{
    return refuse(AND) ? -1 : __real_hwloc_bitmap_and(out, a, b);
}

/* As above. */
int __wrap_sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set)
{
    return refuse(AFFINITY) ? -1 : __real_sched_getaffinity(pid, bytes, set);
}

/* As above; only what this program and the library allocate, not hwloc. */
void *__wrap_calloc(size_t count, size_t bytes)
{
    return refuse(CALLOC) ? NULL : __real_calloc(count, bytes);
}

/* As above. */
void *__wrap_malloc(size_t bytes)
{
    return refuse(MALLOC) ? NULL : __real_malloc(bytes);
}

/* A failing function and what is said then. */
typedef struct row {
    enum refused function;
    uint32_t after;
    slip_status status;
    const char *says;
} row;

/* Opening this machine fails at every step, and opens again afterwards. */
static void open_fails(void)
{
    static const row rows[] = {
        {INIT, 0, SLIP_E_DEVICE, "hwloc_topology_init failed: Cannot allocate memory"},
        {LOAD, 0, SLIP_E_DEVICE, "hwloc_topology_load failed: Cannot allocate memory"},
        {DUP, 0, SLIP_E_OUT_OF_MEMORY, "CPU set"},
        {AFFINITY, 0, SLIP_E_DEVICE, "sched_getaffinity failed: Cannot allocate memory"},
        {ALLOC, 0, SLIP_E_OUT_OF_MEMORY, "CPU set"},
        {FROM_ULONGS, 0, SLIP_E_OUT_OF_MEMORY, "CPU set"},
        {AND, 0, SLIP_E_OUT_OF_MEMORY, "CPU set"},
        {CALLOC, 0, SLIP_E_OUT_OF_MEMORY, "no memory for a topology"},
        {CALLOC, 1, SLIP_E_OUT_OF_MEMORY, "list of CPUs"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char why[256] = "";
        slip_topology *t = (slip_topology *)why;
        refusals = 0;
        which = rows[i].function;
        after = rows[i].after;
        CHECK_STATUS(rows[i].status, slip_topology_open(NULL, &t, why, sizeof(why)));
        CHECK_EQ(1, refusals);
        CHECK(t == NULL);
        CHECK_CONTAINS(why, rows[i].says);
        which = rows[i].function;
        after = rows[i].after;
        CHECK_STATUS(rows[i].status, slip_topology_open(NULL, &t, NULL, 0));
        which = NONE;
        CHECK_STATUS(SLIP_OK, slip_topology_open(NULL, &t, why, sizeof(why)));
        slip_topology_close(t);
    }
}

/* A list of what may be used fails likewise. */
static void allowed_fails(void)
{
    static const enum refused functions[] = {ALLOC, AND};
    const slip_topology_options options = {
        .struct_size = sizeof(options), .synthetic = "pu:4", .allowed = "0"};
    for (size_t i = 0; i < 2; i++) {
        char why[64] = "";
        slip_topology *t = NULL;
        which = functions[i];
        after = 0;
        CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slip_topology_open(&options, &t, why, sizeof(why)));
        CHECK_CONTAINS(why, "no memory");
        CHECK(t == NULL);
    }
    which = NONE;
}

/* Bad descriptions and lists are the caller's mistakes, and named. */
static void bad_options(void)
{
    static const struct {
        const char *synthetic;
        const char *allowed;
        const char *says;
    } rows[] = {
        {"nonsense:x", NULL, "hwloc does not understand this machine: nonsense:x"},
        {"", NULL, "hwloc does not understand this machine"},
        {"core:2 pu:1", "two", "no list of CPUs such as 0-3,8: two"},
        {"core:2 pu:1", "2-3", "no CPU of this machine may be used: 2-3"},
        {"core:2 pu:1", "1-", "no list of CPUs"},
        {NULL, "8191", "no CPU of this machine may be used: 8191"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char why[256] = "";
        slip_topology *t = NULL;
        const slip_topology_options options = {.struct_size = sizeof(options),
                                               .synthetic = rows[i].synthetic,
                                               .allowed = rows[i].allowed};
        CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_open(&options, &t, why, sizeof(why)));
        CHECK(t == NULL);
        CHECK_CONTAINS(why, rows[i].says);
    }
    slip_topology *t = NULL;
    slip_topology_options small = {.struct_size = 4};
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_open(&small, &t, NULL, 0));
    small = (slip_topology_options){.struct_size = sizeof(small), .reserved = 1};
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_open(&small, &t, NULL, 0));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_open(NULL, NULL, NULL, 0));
    slip_topology_close(NULL);
}

/* Requests that cannot be answered, and one that fails on the way. */
static void bad_requests(void)
{
    slip_place places[4] = {{0}};
    slip_topology *t = NULL;
    const slip_topology_options options = {.struct_size = sizeof(options), .synthetic = "pu:4"};
    CHECK_STATUS(SLIP_OK, slip_topology_open(&options, &t, NULL, 0));
    const slip_topology_request good = {.struct_size = sizeof(good),
                                        .place_bytes = sizeof(slip_place),
                                        .policy = "compact",
                                        .places = places,
                                        .capacity = 4};
    slip_topology_request r = good;
    r.policy = "random";
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_place(t, &r));
    CHECK_CONTAINS(r.why, "there is no policy 'random': wanted compact or scatter");
    r = good;
    r.place_bytes = 8;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_place(t, &r));
    CHECK_CONTAINS(r.why, "another version");
    r = good;
    r.places = NULL;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_place(t, &r));
    r = good;
    r.policy = NULL;
    r.count = 5;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_place(t, &r));
    CHECK_CONTAINS(r.why, "no room");
    r = good;
    r.struct_size = 8;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_place(t, &r));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_place(t, NULL));
    r = good;
    which = MALLOC;
    after = 0;
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slip_topology_place(t, &r));
    CHECK_CONTAINS(r.why, "no memory to order 4 CPUs");
    r = good;
    which = LOAD;
    after = 0;
    CHECK_STATUS(SLIP_E_DEVICE, slip_topology_place(NULL, &r));
    CHECK_CONTAINS(r.why, "hwloc_topology_load failed");
    which = NONE;
    CHECK_STATUS(SLIP_OK, slip_topology_place(NULL, &r));
    CHECK(r.count >= 1);
    slip_topology_info small = {.struct_size = 4};
    uint32_t one = 1;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_describe(t, &small));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_describe(NULL, &small));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_cpus(t, NULL, &one));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_topology_cpus(NULL, NULL, &one));
    slip_topology_close(t);
}

/* All cases. */
int main(void)
{
    CHECK_CASE(open_fails);
    CHECK_CASE(allowed_fails);
    CHECK_CASE(bad_options);
    CHECK_CASE(bad_requests);
    return check_report();
}
