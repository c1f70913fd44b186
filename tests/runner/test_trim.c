/*
 * test_trim.c - memory that is given back: what goes, what stays, and that everything works after.
 *
 * ctest-labels: unit S5
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <slipway/platform.h>

#include "affine.h"
#include "support/check.h"
#include "support/failing_platform.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)

static const char *platform;

/* A runner with three sizings resident: the large heap's is the oldest. */
typedef struct subject {
    slip_runner *runner;
    slip_callable callable;
    slip_run_config large;
    slip_run_config middle;
    slip_run_config small;
    uint64_t empty; /* things on the platform before the first run */
} subject;

/* Opens it and runs each sizing once. */
static subject open_subject(const slip_platform_ops *ops)
{
    subject s = {.large = affine_config(64, 4 * MIB, 64),
                 .middle = affine_config(128, MIB, 64),
                 .small = affine_config(64, 64 * KIB, 64)};
    s.runner = affine_open(NULL, ops);
    s.callable = affine_register(s.runner);
    s.empty = failing_platform_live();
    CHECK(affine_good(s.runner, s.callable, &s.large));
    CHECK(affine_good(s.runner, s.callable, &s.middle));
    CHECK(affine_good(s.runner, s.callable, &s.small));
    return s;
}

/* The wrapped platform under test. */
static const slip_platform_ops *wrapped(void)
{
    return failing_platform_wrap(slip_platform_find(platform));
}

/* What takes memory now. */
static slip_residency residency(slip_runner *runner)
{
    slip_residency memory = {.struct_size = sizeof(memory)};
    CHECK_STATUS(SLIP_OK, slip_runner_residency(runner, &memory));
    return memory;
}

/* Everything idle goes; the next runs make it anew. */
static void all_of_it(void)
{
    subject s = open_subject(wrapped());
    slip_trimmed out = {.struct_size = sizeof(out)};
    slip_audit_report report = {.struct_size = sizeof(report)};
    slip_stats before = affine_stats(s.runner);
    slip_run_config audited = s.small;
    audited.audit = 1;
    CHECK(affine_good(s.runner, s.callable, &audited));
    CHECK_STATUS(SLIP_OK, slip_trim(s.runner, NULL, &out));
    CHECK_EQ(s.empty, failing_platform_live());
    CHECK_EQ(3, out.entries);
    CHECK_EQ(before.resident_gm_heap_bytes, out.gm_heap_bytes);
    CHECK_EQ(before.resident_sm_bytes, out.sm_bytes);
    CHECK_EQ(before.resident_arena_bytes, out.arena_bytes);
    CHECK_EQ(0, out.heap_pages_bytes);
    CHECK(out.record_bytes >= MIB);
    slip_stats after = affine_stats(s.runner);
    CHECK_EQ(0, after.cache_entries);
    CHECK_EQ(3, after.evictions);
    CHECK_EQ(0, after.invalidations);
    CHECK_EQ(0,
             after.resident_gm_heap_bytes + after.resident_sm_bytes + after.resident_arena_bytes);
    CHECK_EQ(1, after.trims);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_audit(s.runner, &report));
    CHECK_STATUS(SLIP_OK, slip_trim(s.runner, NULL, &out));
    CHECK_EQ(0, out.entries + out.gm_heap_bytes + out.sm_bytes + out.arena_bytes +
                    out.staging_bytes + out.record_bytes);
    CHECK(affine_good(s.runner, s.callable, &s.large));
    CHECK(affine_good(s.runner, s.callable, &audited));
    CHECK_STATUS(SLIP_OK, slip_audit(s.runner, &report));
    CHECK_EQ(before.misses + 2, affine_stats(s.runner).misses);
    slip_runner_close(s.runner);
    CHECK_EQ(0, failing_platform_live());
}

/* The entries that stay are hits; the heap shrinks to what they need, and grows again in place. */
static void kept_entries_are_hits(void)
{
    subject s = open_subject(wrapped());
    slip_trim_target target = {.struct_size = sizeof(target), .keep_entries = 2};
    slip_trimmed out = {.struct_size = sizeof(out)};
    slip_cache_entry_info entries[4];
    uint32_t count = 4;
    CHECK_STATUS(SLIP_OK, slip_cache_info(s.runner, entries, &count));
    uint64_t heap_base = entries[0].gm_heap_base;
    CHECK_STATUS(SLIP_OK, slip_trim(s.runner, &target, &out));
    CHECK_EQ(1, out.entries);
    CHECK_EQ(4 * 4 * MIB - 4 * MIB, out.gm_heap_bytes);
    CHECK_EQ(4 * MIB, affine_stats(s.runner).resident_gm_heap_bytes);
    CHECK_EQ(0, residency(s.runner).gm_heap_bytes);
    slip_stats before = affine_stats(s.runner);
    CHECK(affine_good(s.runner, s.callable, &s.middle));
    CHECK(affine_good(s.runner, s.callable, &s.small));
    slip_stats after = affine_stats(s.runner);
    CHECK_EQ(before.hits + 2, after.hits);
    CHECK_EQ(before.image_bytes, after.image_bytes);
    CHECK_EQ(before.region_allocs, after.region_allocs);
    CHECK(affine_good(s.runner, s.callable, &s.large));
    after = affine_stats(s.runner);
    CHECK_EQ(before.misses + 1, after.misses);
    CHECK_EQ(16 * MIB, after.resident_gm_heap_bytes);
    CHECK_EQ(0, after.invalidations);
    count = 4;
    CHECK_STATUS(SLIP_OK, slip_cache_info(s.runner, entries, &count));
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQ(heap_base, entries[i].gm_heap_base);
    }
    slip_runner_close(s.runner);
}

/* A byte bound keeps the youngest that fit; keep_pages leaves the memory of the heap. */
static void bounds_and_pages(void)
{
    subject s = open_subject(wrapped());
    slip_trim_target target = {.struct_size = sizeof(target), .keep_entries = 9, .keep_pages = 1};
    slip_trimmed out = {.struct_size = sizeof(out)};
    uint64_t touched = residency(s.runner).gm_heap_bytes;
    CHECK(touched > 0);
    CHECK_STATUS(SLIP_OK, slip_trim(s.runner, &target, &out));
    CHECK_EQ(0, out.entries + out.gm_heap_bytes + out.heap_pages_bytes);
    CHECK_EQ(touched, residency(s.runner).gm_heap_bytes);
    slip_footprint print = {.struct_size = sizeof(print)};
    CHECK_STATUS(SLIP_OK, slip_footprint_of(s.runner, &s.small, &print));
    target.keep_bytes = print.sm_bytes + print.arena_bytes;
    target.keep_pages = 0;
    CHECK_STATUS(SLIP_OK, slip_trim(s.runner, &target, &out));
    CHECK_EQ(2, out.entries);
    CHECK_EQ(0, residency(s.runner).gm_heap_bytes);
    CHECK(affine_good(s.runner, s.callable, &s.small));
    CHECK_EQ(0, affine_stats(s.runner).last_image_bytes);
    slip_runner_close(s.runner);
}

/* Device memory of callers stays. */
static void callers_memory_stays(void)
{
    subject s = open_subject(wrapped());
    slip_device_ptr memory;
    char there[] = "stays";
    char back[sizeof(there)] = "";
    CHECK_STATUS(SLIP_OK, slip_device_malloc(s.runner, sizeof(there), &memory));
    CHECK_STATUS(SLIP_OK, slip_copy_to_device(s.runner, memory, there, sizeof(there)));
    CHECK_STATUS(SLIP_OK, slip_trim(s.runner, NULL, NULL));
    CHECK_STATUS(SLIP_OK, slip_copy_from_device(s.runner, back, memory, sizeof(back)));
    CHECK_STR(there, back);
    CHECK_STATUS(SLIP_OK, slip_device_free(s.runner, memory));
    slip_runner_close(s.runner);
}

/* A platform that gives nothing back but whole regions: what it can give goes. */
static void platform_without_pages(void)
{
    slip_platform_ops ops = *wrapped();
    ops.decommit = NULL;
    ops.relay = NULL;
    subject s = open_subject(&ops);
    slip_trim_target target = {.struct_size = sizeof(target), .keep_entries = 1};
    slip_trimmed out = {.struct_size = sizeof(out)};
    CHECK_STATUS(SLIP_OK, slip_trim(s.runner, &target, &out));
    CHECK_EQ(2, out.entries);
    CHECK_EQ(0, out.gm_heap_bytes + out.heap_pages_bytes);
    CHECK(affine_good(s.runner, s.callable, &s.small));
    CHECK_EQ(0, affine_stats(s.runner).last_image_bytes);
    CHECK_STATUS(SLIP_OK, slip_trim(s.runner, NULL, &out));
    CHECK_EQ(16 * MIB, out.gm_heap_bytes);
    CHECK(affine_good(s.runner, s.callable, &s.large));
    slip_runner_close(s.runner);
    CHECK_EQ(0, failing_platform_live());
}

/* A heap that cannot be given back: said by name; what was done is counted, and all goes on. */
static void failures_are_named(void)
{
    const char *calls[] = {"decommit", "relay"};
    for (size_t i = 0; i < 2; i++) {
        subject s = open_subject(wrapped());
        slip_trim_target target = {.struct_size = sizeof(target), .keep_entries = 1};
        slip_trimmed out = {.struct_size = sizeof(out)};
        failing_platform_fail_nth(calls[i], 1);
        CHECK_STATUS(SLIP_E_DEVICE, slip_trim(s.runner, &target, &out));
        CHECK_STR("GM heap", affine_error(s.runner).resource);
        CHECK_CONTAINS(affine_error(s.runner).message, calls[i]);
        CHECK_EQ(2, out.entries);
        CHECK_EQ(0, affine_stats(s.runner).trims);
        CHECK_EQ(out.sm_bytes + out.arena_bytes + out.gm_heap_bytes + out.staging_bytes,
                 affine_stats(s.runner).trimmed_bytes);
        CHECK(affine_good(s.runner, s.callable, &s.small));
        CHECK(affine_good(s.runner, s.callable, &s.large));
        CHECK_STATUS(SLIP_OK, slip_trim(s.runner, &target, &out));
        slip_runner_close(s.runner);
        CHECK_EQ(0, failing_platform_live());
    }
}

/* Bad arguments are refused, and nothing is given back. */
static void bad_arguments(void)
{
    subject s = open_subject(wrapped());
    slip_trim_target small = {.struct_size = 4};
    slip_trim_target odd = {.struct_size = sizeof(odd), .keep_pages = 2};
    slip_trim_target reserved = {.struct_size = sizeof(reserved), .reserved = 1};
    slip_trimmed out = {.struct_size = 4};
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_trim(NULL, NULL, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_trim(s.runner, &small, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_trim(s.runner, &odd, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_trim(s.runner, &reserved, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_trim(s.runner, NULL, &out));
    CHECK_CONTAINS(affine_error(s.runner).message, "slip_trim");
    CHECK_EQ(3, affine_stats(s.runner).cache_entries);
    slip_runner_close(s.runner);
}

/* Log sink: the failures are meant. */
static void drop_lines(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    slip_log_set_sink(drop_lines, NULL);
    CHECK_CASE(all_of_it);
    CHECK_CASE(kept_entries_are_hits);
    CHECK_CASE(bounds_and_pages);
    CHECK_CASE(callers_memory_stays);
    CHECK_CASE(platform_without_pages);
    CHECK_CASE(failures_are_named);
    CHECK_CASE(bad_arguments);
    return check_report();
}
