/*
 * test_cache_property.c - random steps of everything that moves the cache, against a simple model:
 * every status, every result, every counter and every entry after every step.
 *
 *     test_cache_property [--platform P] [--seed S] [--steps N]
 *
 * Two runners take turns, with options that change whenever one is opened. A step opens, prewarms,
 * runs, grows, trims, allocates, lets one call of the platform, a kernel or an allocation fail,
 * resets the device, or closes. SLIPWAY_TEST_SCALE (percent) scales the steps.
 *
 * ctest-labels: random S5
 * ctest-link: -Wl,--wrap=calloc
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-timeout: 300
 */
#include <stdlib.h>
#include <string.h>

#include <slipway/platform.h>

#include "affine.h"
#include "cache_model.h"
#include "runner/runner_int.h"
#include "support/check.h"
#include "support/failing_platform.h"

#define DEFAULT_STEPS UINT64_C(200000)
#define FIRST_SEED UINT64_C(20251125)
#define KIB UINT64_C(1024)
enum { RUNNERS = 2, POINTERS = 4 };

/* One runner, what it must be, and what its caller holds. */
typedef struct subject {
    slip_runner *runner; /* null: closed */
    slip_callable callable;
    model model;
    slip_device_ptr pointers[POINTERS];
    uint64_t born[POINTERS]; /* resets before each of them */
} subject;

/* What a step is about. */
typedef struct step {
    uint64_t number;
    const char *name;
    uint32_t sizing;
    model_fault fault;
} step;

static const char *platform;
static const slip_platform_ops *ops;
static subject subjects[RUNNERS];
static slip_run_config configs[MODEL_SIZINGS];
static model_size sizes[MODEL_SIZINGS];
static bool in_place;
static uint64_t launch_block_bytes;
static uint64_t seed_state;
static step now;
static bool no_entry; /* the next allocation of a cache entry fails */
static uint64_t step_count;

/* What happened, so that all of it is seen to happen. */
enum {
    SAW_HIT,
    SAW_MISS,
    SAW_DIRTY,
    SAW_EVICTION,
    SAW_INVALIDATION,
    SAW_RESET,
    SAW_REFUSAL,
    SAW_TRIM,
    SAW_KINDS
};
static const char *const saw_names[SAW_KINDS] = {"hits",          "misses", "dirty",    "evictions",
                                                 "invalidations", "resets", "refusals", "trimmed"};
static uint64_t counts[SAW_KINDS];

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

/* calloc: the one of a cache entry may fail. */
void *__wrap_calloc(size_t count, size_t bytes)
{
    if (no_entry && bytes == sizeof(slipi_prebuilt_entry)) {
        no_entry = false;
        return NULL;
    }
    return __real_calloc(count, bytes);
}

/* The next random number (splitmix64). */
static uint64_t next(void)
{
    uint64_t z = (seed_state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* A random number below a bound. */
static uint32_t below(uint32_t bound)
{
    return (uint32_t)(next() % bound);
}

/* Opens a runner with random options. */
static void open_subject(subject *s)
{
    static const uint64_t budgets[] = {0, 0, 0, 6, 10};
    slip_runner_options options = {
        .struct_size = sizeof(options), .ops = ops, .threads = 1, .sim_threads = 1};
    options.cache_entries = 1 + below(4);
    options.cache_off = below(12) == 0 ? 1 : 0;
    options.cache_bytes = budgets[below(5)] * (sizes[0].sm_bytes + sizes[0].arena_bytes) / 4;
    *s = (subject){0};
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &s->runner));
    s->callable = affine_register(s->runner);
    s->model = (model){.sizes = sizes,
                       .in_place = in_place,
                       .cache_off = options.cache_off != 0,
                       .max_entries = options.cache_entries,
                       .max_bytes = options.cache_bytes,
                       .launch_block_bytes = launch_block_bytes};
}

/* Closes a runner, whatever state it is in. */
static void close_subject(subject *s)
{
    slip_runner_close(s->runner);
    *s = (subject){0};
}

/* Arms what is to go wrong in this step, here and in the model. */
static void arm(subject *s, const model_fault *fault)
{
    now.fault = *fault;
    s->model.fault = *fault;
    failing_platform_set_effect(fault->loses   ? FAILING_LOSES
                                : fault->hangs ? FAILING_HANGS
                                               : FAILING_ONCE);
    failing_platform_fail_nth(fault->call, fault->nth);
    failing_platform_set_recovery(s->model.recovery_fails ? FAILING_RECOVERY_FAILS
                                                          : FAILING_RECOVERS);
    no_entry = fault->no_entry;
}

/* Nothing is to go wrong any more. */
static void disarm(subject *s)
{
    const model_fault none = {0};
    s->model.fault = none;
    failing_platform_fail_nth(NULL, 0);
    failing_platform_set_effect(FAILING_ONCE);
    no_entry = false;
}

/* Something that may go wrong in a run or a prewarm. */
static model_fault random_fault(void)
{
    static const char *const calls[] = {"reserve", "commit", "commit", "copy_to", "copy_from",
                                        "launch",  "wait",   "alloc",  "relay",   "decommit"};
    model_fault fault = {.call = calls[below(10)], .nth = 1 + below(3)};
    switch (below(8)) {
    case 0:
        fault.loses = true;
        break;
    case 1:
        fault = (model_fault){.call = "wait", .nth = 1, .hangs = true};
        break;
    case 2:
        fault = (model_fault){.no_entry = true};
        break;
    case 3:
        fault = (model_fault){.call = below(2) == 0 ? "wait" : "launch", .nth = 1};
        break;
    case 4:
        fault = (model_fault){.kernel = 1 + (int32_t)below(100)};
        break;
    default:
        break;
    }
    return fault;
}

/* A run, good or with a fault. */
static void do_run(subject *s, bool audit)
{
    bool right = false;
    slip_run_config config = configs[now.sizing];
    config.audit = audit ? 1 : 0;
    slip_status wanted = model_run(&s->model, now.sizing, audit);
    slip_status status = affine_run(s->runner, s->callable, &config, now.fault.kernel, &right);
    CHECK_STATUS(wanted, status);
    CHECK(right);
}

/* A trim with a random target. */
static void do_trim(subject *s)
{
    slip_trimmed wanted;
    slip_trimmed got = {.struct_size = sizeof(got)};
    slip_trim_target target = {.struct_size = sizeof(target),
                               .keep_entries = below(4),
                               .keep_bytes = below(3) == 0 ? sizes[below(4)].sm_bytes * 3 : 0,
                               .keep_pages = below(2)};
    uint64_t most = s->model.heap_committed;
    slip_status status = model_trim(&s->model, &target, &wanted);
    CHECK_STATUS(status, slip_trim(s->runner, &target, &got));
    /* Pages behind the heap: only bounds are known. */
    CHECK(got.heap_pages_bytes <= most && got.heap_pages_bytes % 4096 == 0);
    CHECK(target.keep_pages == 0 || got.heap_pages_bytes == 0);
    s->model.stats.trimmed_bytes += got.heap_pages_bytes;
    wanted.heap_pages_bytes = got.heap_pages_bytes;
    if (status != SLIP_E_REFUSED) {
        CHECK(memcmp(&wanted, &got, sizeof(got)) == 0);
    }
    counts[SAW_TRIM] += got.entries + (got.gm_heap_bytes != 0 ? 1 : 0);
}

/* Device memory: had, used, given back; or given back when the device has lost it. */
static void do_memory(subject *s)
{
    uint32_t at = below(POINTERS);
    slip_device_ptr *pointer = &s->pointers[at];
    char there[32] = "there and back";
    char back[32] = "";
    if (pointer->address == 0) {
        CHECK_STATUS(model_malloc(&s->model), slip_device_malloc(s->runner, 5000, pointer));
        s->born[at] = s->model.stats.device_resets;
        return;
    }
    if (s->model.allocations != 0 && !s->model.broken && !s->model.refuses) {
        disarm(s);
        CHECK_STATUS(SLIP_OK, slip_copy_to_device(s->runner, *pointer, there, sizeof(there)));
        CHECK_STATUS(SLIP_OK, slip_copy_from_device(s->runner, back, *pointer, sizeof(back)));
        CHECK_STR(there, back);
    }
    CHECK_STATUS(model_free(&s->model), slip_device_free(s->runner, *pointer));
    pointer->address = 0;
}

/* Pointers that the device lost name nothing: every one of them is refused, and forgotten. */
static void forget_pointers(subject *s)
{
    for (uint32_t i = 0; i < POINTERS; i++) {
        bool lost = s->born[i] != s->model.stats.device_resets || s->model.refuses;
        if (s->pointers[i].address != 0 && lost) {
            CHECK_STATUS(model_free_lost(&s->model), slip_device_free(s->runner, s->pointers[i]));
            s->pointers[i].address = 0;
        }
    }
}

/* One random step of a runner that is open. */
static void take_step(subject *s)
{
    model_fault fault = {0};
    uint32_t kind = below(1000);
    uint64_t resets = s->model.stats.device_resets;
    now.sizing = below(3) != 0 ? below(3) : below(MODEL_SIZINGS);
    if (kind >= 550 && kind < 800) {
        fault = random_fault();
    }
    s->model.recovery_fails = below(400) == 0;
    arm(s, &fault);
    if (kind < 430 || (kind >= 550 && kind < 700)) {
        now.name = "run";
        do_run(s, false);
    } else if (kind < 550 || (kind >= 700 && kind < 770)) {
        now.name = "prewarm";
        CHECK_STATUS(model_prewarm(&s->model, now.sizing),
                     slip_prewarm(s->runner, &configs[now.sizing]));
    } else if (kind < 880) {
        now.name = "trim";
        do_trim(s);
    } else if (kind < 960) {
        now.name = "memory";
        do_memory(s);
    } else if (kind < 970) {
        now.name = "audit";
        do_run(s, true);
    } else {
        now.name = "none";
    }
    disarm(s);
    if (s->model.stats.device_resets != resets || s->model.refuses) {
        forget_pointers(s);
    }
}

/* Compares the entries. */
static void check_entries(subject *s)
{
    slip_cache_entry_info list[MODEL_ENTRIES];
    uint32_t count = MODEL_ENTRIES;
    const model *m = &s->model;
    CHECK_STATUS(SLIP_OK, slip_cache_info(s->runner, list, &count));
    CHECK_EQ(m->count, count);
    for (uint32_t i = 0; i < m->count; i++) {
        const model_entry *entry = &m->entries[i];
        const slip_cache_entry_info *found = NULL;
        for (uint32_t k = 0; k < count; k++) {
            if (memcmp(&list[k].sizing, &configs[entry->sizing].sizing, sizeof(slip_sizing)) == 0) {
                found = &list[k];
            }
        }
        if (CHECK(found != NULL)) {
            CHECK_EQ(entry->hits, found->hits);
            CHECK_EQ(entry->valid, found->valid != 0);
            CHECK_EQ(entry->dirty, found->dirty != 0);
            CHECK_EQ(m->sizes[entry->sizing].sm_bytes, found->sm_bytes);
            CHECK_EQ(m->sizes[entry->sizing].arena_bytes, found->arena_bytes);
            CHECK_EQ(found->arena_base + found->arena_bytes, found->sm_base);
            CHECK_EQ(i + 1, found->use);
            CHECK_EQ(entry->relays, found->relays);
            CHECK_EQ(m->sizes[entry->sizing].heap_bytes, found->gm_heap_bytes);
            CHECK(found->sm_resident_bytes <= found->sm_bytes);
            CHECK(found->arena_resident_bytes <= found->arena_bytes);
        }
    }
}

/* Compares every counter that can be known. */
static void check_counters(subject *s)
{
    slip_stats got = affine_stats(s->runner);
    const model *m = &s->model;
    const slip_stats *wanted = &m->stats;
    CHECK_EQ(model_valid(m), got.cache_entries);
    CHECK_EQ(wanted->runs, got.runs);
    CHECK_EQ(wanted->run_failures, got.run_failures);
    CHECK_EQ(wanted->hits, got.hits);
    CHECK_EQ(wanted->misses, got.misses);
    CHECK_EQ(wanted->dirty, got.dirty);
    CHECK_EQ(wanted->evictions, got.evictions);
    CHECK_EQ(wanted->invalidations, got.invalidations);
    CHECK_EQ(wanted->image_bytes, got.image_bytes);
    CHECK_EQ(wanted->last_image_bytes, got.last_image_bytes);
    CHECK_EQ(wanted->launch_bytes, got.launch_bytes);
    CHECK_EQ(wanted->last_launch_bytes, got.last_launch_bytes);
    CHECK_EQ(wanted->copy_in_bytes, got.copy_in_bytes);
    CHECK_EQ(wanted->copy_out_bytes, got.copy_out_bytes);
    CHECK_EQ(m->heap_committed, got.resident_gm_heap_bytes);
    CHECK_EQ(model_sm(m), got.resident_sm_bytes);
    CHECK_EQ(model_arena(m), got.resident_arena_bytes);
    CHECK_EQ(wanted->sizes_derived, got.sizes_derived);
    CHECK_EQ(wanted->region_allocs, got.region_allocs);
    CHECK_EQ(wanted->last_tasks, got.last_tasks);
    CHECK_EQ(wanted->device_resets, got.device_resets);
    CHECK_EQ(wanted->trims, got.trims);
    CHECK_EQ(wanted->trimmed_bytes, got.trimmed_bytes);
    CHECK_EQ(m->ring_tasks, got.ring[0].tasks);
    CHECK(got.last_relaid_bytes <= got.relaid_bytes);
    CHECK(got.dirty != 0 || m->cache_off || m->max_bytes != 0 || got.relaid_bytes % 4096 == 0);
}

/* Compares everything after a step; false after a difference, which names the step. */
static bool check_step(void)
{
    uint64_t things = 0;
    for (uint32_t i = 0; i < RUNNERS; i++) {
        if (subjects[i].runner != NULL) {
            check_counters(&subjects[i]);
            check_entries(&subjects[i]);
            /* What a refusing runner left behind is the platform's to give back. */
            things += model_things(&subjects[i].model);
        }
    }
    CHECK_EQ(things, failing_platform_live());
    if (check_counts.failures == 0) {
        return true;
    }
    fprintf(stderr, "step %" PRIu64 ": %s, sizing %u, fault %s #%" PRIu64 "%s%s%s, kernel %d\n",
            now.number, now.name, now.sizing, now.fault.call != NULL ? now.fault.call : "none",
            now.fault.nth, now.fault.loses ? ", loses the device" : "",
            now.fault.hangs ? ", hangs" : "", now.fault.no_entry ? ", no entry" : "",
            (int)now.fault.kernel);
    return false;
}

/* Adds what a runner has seen before it is closed. */
static void tally(const model *m)
{
    counts[SAW_HIT] += m->stats.hits;
    counts[SAW_MISS] += m->stats.misses;
    counts[SAW_DIRTY] += m->stats.dirty;
    counts[SAW_EVICTION] += m->stats.evictions;
    counts[SAW_INVALIDATION] += m->stats.invalidations;
    counts[SAW_RESET] += m->stats.device_resets;
    counts[SAW_REFUSAL] += m->refuses ? 1 : 0;
}

/* The steps, and the closing of what is open then; every kind of event was among them. */
static void random_steps(void)
{
    for (now.number = 1; now.number <= step_count; now.number++) {
        subject *s = &subjects[below(RUNNERS)];
        now.fault = (model_fault){0};
        if (s->runner == NULL) {
            now.name = "open";
            open_subject(s);
        } else if (below(600) == 0 || (s->model.refuses && below(10) == 0)) {
            now.name = "close";
            tally(&s->model);
            close_subject(s);
        } else {
            take_step(s);
        }
        if (!check_step()) {
            return;
        }
    }
    for (uint32_t i = 0; i < RUNNERS; i++) {
        tally(&subjects[i].model);
        close_subject(&subjects[i]);
    }
    CHECK_EQ(0, failing_platform_live());
    CHECK_EQ(0, failing_platform_late());
    for (uint32_t i = 0; i < SAW_KINDS; i++) {
        printf("%s %" PRIu64 "\n", saw_names[i], counts[i]);
        CHECK(step_count < 50000 || counts[i] > 0);
    }
}

/* Makes the sizings, and asks a runner of its own what they take. */
static void learn_sizes(void)
{
    static const uint64_t shapes[MODEL_SIZINGS][2] = {
        {16, 4 * KIB},  {64, 64 * KIB},   {32, 16 * KIB},    {128, 64 * KIB},
        {16, 64 * KIB}, {64, 1024 * KIB}, {256, 4096 * KIB}, {16, 20 * KIB + 64}};
    slip_runner *runner = affine_open(platform, NULL);
    slip_callable callable = affine_register(runner);
    slip_runner_info info = {.struct_size = sizeof(info)};
    CHECK_STATUS(SLIP_OK, slip_runner_describe(runner, &info));
    in_place = info.host_in_place != 0;
    for (uint32_t i = 0; i < MODEL_SIZINGS; i++) {
        slip_footprint print = {.struct_size = sizeof(print)};
        configs[i] = affine_config(shapes[i][0], shapes[i][1], 16);
        configs[i].control_threads = 1;
        CHECK_STATUS(SLIP_OK, slip_footprint_of(runner, &configs[i], &print));
        sizes[i] = (model_size){print.gm_heap_bytes, print.sm_bytes, print.arena_bytes};
    }
    CHECK(affine_good(runner, callable, &configs[0]));
    launch_block_bytes = affine_stats(runner).last_launch_bytes;
    slip_runner_close(runner);
}

/* Log sink: the failures are meant. */
static void drop_lines(void *user, uint32_t level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* Value of an option among the arguments. */
static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return strtoull(argv[i + 1], NULL, 0);
        }
    }
    return otherwise;
}

/* Takes the steps. */
int main(int argc, char **argv)
{
    const char *scale = getenv("SLIPWAY_TEST_SCALE");
    uint64_t percent = scale != NULL ? strtoull(scale, NULL, 10) : 100;
    step_count = option(argc, argv, "--steps", DEFAULT_STEPS * percent / 100);
    seed_state = option(argc, argv, "--seed", FIRST_SEED);
    platform = affine_platform(argc, argv);
    printf("platform %s, seed %" PRIu64 ", %" PRIu64 " steps\n", platform, seed_state, step_count);
    slip_log_set_sink(drop_lines, NULL);
    learn_sizes();
    ops = failing_platform_wrap(slip_platform_find(platform));
    failing_platform_set_recovery(FAILING_RECOVERS);
    CHECK_CASE(random_steps);
    return check_report();
}
