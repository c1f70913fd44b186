/*
 * test_cpu_places.c - the cpu platform carries a placement out: helpers are called nearest first,
 * whoever calls; each is bound to its CPU, or free of its caller's; bad placements are refused.
 *
 * Threads are control threads of a device that run the test's own entry.
 *
 * ctest-labels: unit concurrency topology
 */
#include <sched.h>
#include <stdlib.h>

#include <slipway/slipway.h>

#include "base/event.h"
#include "check.h"
#include "platform/common/places.h"
#include "platform/cpu/cpu.h"

enum { THREADS = 8, LONG_ROUNDS = 100000000 };

static const slip_platform_ops *ops = &slipi_platform_cpu;

/* What the entry does and sees. */
typedef struct scene {
    slipi_au32 entered[THREADS]; /* when a helper entered: 1 for the first one; 0 = not yet */
    slipi_au32 entries;
    slipi_au32 told[THREADS]; /* 1: this helper calls one more */
    slipi_au32 over;
    slipi_cpus cpus[THREADS]; /* of each thread, while it is inside */
    uint32_t wanted;          /* helpers that thread 0 calls, one by one */
    uint32_t chain;           /* 1: each helper calls the next one, not thread 0 */
} scene;

/* Waits until so many helpers have entered; false after a long time. */
static bool await_entries(scene *s, uint32_t count)
{
    for (uint32_t i = 0; i < LONG_ROUNDS; i++) {
        if (slipi_load_acquire(&s->entries) >= count) {
            return true;
        }
        (void)sched_yield();
    }
    return CHECK_FAIL("a helper that was called did not enter");
}

/* A helper: notes its turn and its CPUs, calls another one if it is told to, stays to the end. */
static void help(scene *s, const slip_device_services *sv, uint32_t thread)
{
    CHECK(slipi_cpus_allowed(&s->cpus[thread]));
    /* The caller waits for each entry before the next call, so that turns are in order. One that
     * was called again while it was inside looks in once more at the end. */
    if (slipi_load_acquire(&s->entered[thread]) == 0) {
        slipi_store_release(&s->entered[thread], slipi_load_acquire(&s->entries) + 1u);
        slipi_add_acq_rel(&s->entries, 1u);
    }
    while (slipi_load_acquire(&s->over) == 0) {
        if (slipi_exchange_acq_rel(&s->told[thread], 0u) != 0) {
            sv->call_threads(sv->device, 1);
        }
        (void)sched_yield();
    }
}

/* The helper that entered as number `turn`; 0 if none did. */
static uint32_t helper_of_turn(scene *s, uint32_t turn)
{
    for (uint32_t t = 1; t < THREADS; t++) {
        if (slipi_load_acquire(&s->entered[t]) == turn) {
            return t;
        }
    }
    return 0;
}

/* slip_device_entry.control: thread 0 calls helpers one at a time. */
static slip_status control(const slip_device_services *sv, uint64_t address, uint32_t thread)
{
    scene *s = (scene *)(uintptr_t)address;
    if (thread != 0) {
        help(s, sv, thread);
        return SLIP_OK;
    }
    CHECK(slipi_cpus_allowed(&s->cpus[0]));
    for (uint32_t i = 0; i < s->wanted; i++) {
        if (s->chain != 0 && i > 0) {
            slipi_store_release(&s->told[helper_of_turn(s, i)], 1u);
        } else {
            sv->call_threads(sv->device, 1);
        }
        if (!await_entries(s, i + 1u)) {
            break;
        }
    }
    slipi_store_release(&s->over, 1u);
    return SLIP_OK;
}

static const slip_device_entry entry = {.struct_size = sizeof(entry), .control = control};

/* Eight places on made-up groups: two packages, in each two caches, in each two cores, taken in the
 * order "scatter" would. Nobody is bound, so that any machine will do. */
static void make_places(slip_place *places)
{
    static const uint16_t core[THREADS] = {1, 5, 3, 7, 2, 6, 4, 8};
    memset(places, 0, THREADS * sizeof(places[0]));
    for (uint32_t t = 0; t < THREADS; t++) {
        places[t].cpu = SLIP_CPU_ANY;
        places[t].group[SLIP_PLACE_CORE] = core[t];
        places[t].group[SLIP_PLACE_L3] = (uint16_t)((core[t] + 1) / 2);
        places[t].group[SLIP_PLACE_PACKAGE] = (uint16_t)((core[t] + 3) / 4);
    }
}

/* Opens a device with a placement; null after a printed failure. */
static slip_platform_device *open_placed(const slip_placement *placement, uint32_t threads)
{
    char why[256] = "";
    slip_platform_open options = {
        .struct_size = sizeof(options), .threads = threads, .placement = placement};
    slip_platform_device *device = NULL;
    if (!CHECK_STATUS(SLIP_OK, ops->open(&options, &device, why, sizeof(why)))) {
        fprintf(stderr, "%s\n", why);
    }
    return device;
}

/* Runs a scene with `limit` threads. */
static void play(slip_platform_device *device, scene *s, uint32_t limit)
{
    slip_platform_launch launch = {.struct_size = sizeof(launch),
                                   .threads = limit,
                                   .entry = &entry,
                                   .address = (uint64_t)(uintptr_t)s};
    CHECK_STATUS(SLIP_OK, ops->launch(device, &launch));
    CHECK_STATUS(SLIP_OK, ops->wait(device, 0));
}

/* Plays a scene and compares who entered when. */
static void check_turns(const slip_placement *placement, scene *s, uint32_t limit,
                        const uint32_t *turns)
{
    slip_platform_device *device = open_placed(placement, THREADS);
    if (device == NULL) {
        return;
    }
    play(device, s, limit);
    for (uint32_t i = 0; i < s->wanted; i++) {
        CHECK_EQ(turns[i], helper_of_turn(s, i + 1u));
    }
    /* The helpers exist now and sleep: they are woken in the same order. */
    scene again = {.wanted = s->wanted, .chain = s->chain};
    play(device, &again, limit);
    for (uint32_t i = 0; i < s->wanted; i++) {
        CHECK_EQ(turns[i], helper_of_turn(&again, i + 1u));
    }
    ops->close(device);
}

/* Thread 0 calls its neighbour in cache first, then its package, then the other one. */
static void nearest_of_the_caller(void)
{
    slip_place places[THREADS];
    make_places(places);
    const slip_placement p = {.struct_size = sizeof(p), .count = THREADS, .places = places};
    static const uint32_t turns[] = {4, 2, 6, 1, 3, 5, 7};
    scene s = {.wanted = 7};
    check_turns(&p, &s, THREADS, turns);
}

/* A helper that calls another one calls its own neighbour. */
static void nearest_of_a_helper(void)
{
    slip_place places[THREADS];
    make_places(places);
    const slip_placement p = {.struct_size = sizeof(p), .count = THREADS, .places = places};
    /* 0 calls 4 (its cache); 4 calls 6 (its package, two steps away, like 2); 6 calls 2 (its
     * cache); 2 has nobody left in its package and calls one a step away, upwards first. */
    static const uint32_t turns[] = {4, 6, 2, 3};
    scene s = {.wanted = 4, .chain = 1};
    check_turns(&p, &s, THREADS, turns);
}

/* Threads beyond those of the run are not called, however near. */
static void not_beyond_the_run(void)
{
    slip_place places[THREADS];
    make_places(places);
    const slip_placement p = {.struct_size = sizeof(p), .count = THREADS, .places = places};
    static const uint32_t turns[] = {2, 1, 3};
    scene s = {.wanted = 3};
    check_turns(&p, &s, 4, turns);
}

/* Without groups, and without a placement, they are called by number. */
static void by_number(void)
{
    slip_place places[2] = {{.cpu = SLIP_CPU_ANY}, {.cpu = SLIP_CPU_ANY}};
    const slip_placement p = {.struct_size = sizeof(p), .count = 2, .places = places};
    static const uint32_t turns[] = {1, 2, 3, 4, 5, 6, 7};
    scene s = {.wanted = 7};
    check_turns(&p, &s, THREADS, turns);
    scene other = {.wanted = 7};
    check_turns(NULL, &other, THREADS, turns);
}

/* First and last CPU that this test may use. */
static void ends(uint32_t *first, uint32_t *last)
{
    slipi_cpus all;
    CHECK(slipi_cpus_allowed(&all));
    *first = SLIPI_MAX_CPUS;
    for (uint32_t cpu = 0; cpu < SLIPI_MAX_CPUS; cpu++) {
        if (slipi_cpus_has(&all, cpu)) {
            *first = *first == SLIPI_MAX_CPUS ? cpu : *first;
            *last = cpu;
        }
    }
}

/* Whether a set is one CPU. */
static bool is_only(const slipi_cpus *set, uint32_t cpu)
{
    return slipi_cpus_count(set) == 1 && slipi_cpus_has(set, cpu);
}

/* Each helper is on its CPU; one that is not bound has all of them, though a bound one started it;
 * the caller is left alone. Threads beyond the places share them. */
static void bound(void)
{
    uint32_t first = 0;
    uint32_t last = 0;
    ends(&first, &last);
    slip_place places[3] = {{.cpu = (int32_t)first}, {.cpu = (int32_t)last}, {.cpu = SLIP_CPU_ANY}};
    const slip_placement p = {.struct_size = sizeof(p), .count = 3, .places = places};
    slipi_cpus all;
    CHECK(slipi_cpus_allowed(&all));
    slip_platform_device *device = open_placed(&p, 6);
    scene s = {.wanted = 5, .chain = 1};
    play(device, &s, 6);
    CHECK_EQ(0, memcmp(&all, &s.cpus[0], sizeof(all)));
    CHECK(is_only(&s.cpus[1], last));
    CHECK_EQ(0, memcmp(&all, &s.cpus[2], sizeof(all)));
    CHECK(is_only(&s.cpus[3], first));
    CHECK(is_only(&s.cpus[4], last));
    CHECK_EQ(0, memcmp(&all, &s.cpus[5], sizeof(all)));
    ops->close(device);
}

/* The caller is bound if that is asked for, and free again after the close. */
static void caller_bound(void)
{
    uint32_t first = 0;
    uint32_t last = 0;
    ends(&first, &last);
    slip_place places[2] = {{.cpu = (int32_t)last}, {.cpu = SLIP_CPU_ANY}};
    const slip_placement p = {
        .struct_size = sizeof(p), .count = 2, .places = places, .bind_caller = 1};
    slipi_cpus all;
    slipi_cpus now;
    CHECK(slipi_cpus_allowed(&all));
    slip_platform_device *device = open_placed(&p, 2);
    CHECK(slipi_cpus_allowed(&now));
    CHECK(is_only(&now, last));
    scene s = {.wanted = 1};
    play(device, &s, 2);
    CHECK(is_only(&s.cpus[0], last));
    CHECK_EQ(0, memcmp(&all, &s.cpus[1], sizeof(all)));
    ops->close(device);
    CHECK(slipi_cpus_allowed(&now));
    CHECK_EQ(0, memcmp(&all, &now, sizeof(all)));
}

/* Opens with a placement that must be refused. */
static void refused(const slip_placement *placement, const char *says)
{
    char why[256] = "";
    slip_platform_open options = {
        .struct_size = sizeof(options), .threads = 2, .placement = placement};
    slip_platform_device *device = NULL;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->open(&options, &device, why, sizeof(why)));
    CHECK(device == NULL);
    CHECK_CONTAINS(why, says);
}

/* Malformed placements, CPUs that are not there and CPUs that may not be used. */
static void bad_placements(void)
{
    uint32_t first = 0;
    uint32_t last = 0;
    char text[64];
    ends(&first, &last);
    slip_place places[2] = {{.cpu = (int32_t)first}, {.cpu = 8000}};
    const slip_placement good = {.struct_size = sizeof(good), .count = 2, .places = places};
    slip_placement p = good;
    refused(&p, "place 1 names CPU 8000, and this machine has");
    places[1].cpu = -2;
    refused(&p, "place 1 names CPU -2");
    places[1].cpu = INT32_MAX;
    refused(&p, "place 1 names CPU 2147483647");
    places[1].cpu = (int32_t)first;
    p.struct_size = 8;
    refused(&p, "wanted slip_placement");
    p = good;
    p.places = NULL;
    refused(&p, "found 2 at null");
    p = good;
    p.count = SLIP_MAX_THREADS + 1u;
    refused(&p, "at most 1024 places, found 1025");
    p = good;
    p.bind_caller = 2;
    refused(&p, "bind_caller is 2");
    p = good;
    p.reserved = 1;
    refused(&p, "reserved 1");
    if (first != last) {
        slipi_cpus all;
        slipi_cpus one = {{0}};
        CHECK(slipi_cpus_allowed(&all));
        slipi_cpus_add(&one, first);
        CHECK_EQ(0, slipi_cpus_bind(&one));
        places[1].cpu = (int32_t)last;
        p = good;
        snprintf(text, sizeof(text), "place 1 names CPU %u; this process may use %u", last, first);
        refused(&p, text);
        CHECK_EQ(0, slipi_cpus_bind(&all));
    }
}

/* With threads = 0 there are no more than places, and no more than processors. */
static void automatic_threads(void)
{
    uint32_t first = 0;
    uint32_t last = 0;
    slip_place places[64] = {{0}};
    slip_platform_info info = {.struct_size = sizeof(info)};
    ends(&first, &last);
    for (uint32_t i = 0; i < 64; i++) {
        places[i].cpu = (int32_t)first;
    }
    slip_placement p = {.struct_size = sizeof(p), .count = 1, .places = places};
    slip_platform_device *device = open_placed(&p, 0);
    ops->describe(device, &info);
    CHECK_EQ(1, info.control_active_max);
    CHECK_EQ(1, info.placed);
    ops->close(device);
    p.count = 64;
    device = open_placed(&p, 0);
    ops->describe(device, &info);
    CHECK_EQ(slipi_processors(64), info.control_active_max);
    ops->close(device);
}

/* All cases. */
int main(void)
{
    CHECK_CASE(nearest_of_the_caller);
    CHECK_CASE(nearest_of_a_helper);
    CHECK_CASE(not_beyond_the_run);
    CHECK_CASE(by_number);
    CHECK_CASE(bound);
    CHECK_CASE(caller_bound);
    CHECK_CASE(bad_placements);
    CHECK_CASE(automatic_threads);
    return check_report();
}
