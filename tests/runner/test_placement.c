/*
 * test_placement.c - where a runner's threads run: as text, as data, by the environment; kernels
 * look at the CPUs that they may use; every bad value is named; the companion library may be
 * missing, or of another version.
 *
 * Kernels run on the threads of the runner. Functions that load libraries are wrapped.
 *
 * ctest-labels: unit topology
 * ctest-link: -Wl,--wrap=dlopen,--wrap=dlsym,--wrap=malloc,--wrap=calloc
 */
#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>

#include "affine.h"
#include "platform/common/processors.h"
#include "runner/topology_library.h"
#include "support/check.h"

enum { MOST = 16, TASKS = 64, ROUNDS = 200 };

/* ---- wrapped functions ---------------------------------------------------------------------- */

/* What happens when the companion is asked for. */
enum companion { REAL, MISSING, NAMELESS, FAKE };

static enum companion companion;
static size_t refused_bytes; /* an allocation of so many bytes fails; 0 = none */
static slip_status fake_status;
static uint32_t fake_count;
static int32_t fake_cpu;
static char warning[1024];
static uint32_t warnings;

void *__real_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags);
void *__real_dlsym(void *library, const char *name);
void *__wrap_dlsym(void *library, const char *name);
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

/* A companion that says what the test wants. */
static slip_status fake_place(const slip_topology *t, slip_topology_request *r)
{
    CHECK(t == NULL);
    CHECK_EQ(sizeof(*r), r->struct_size);
    CHECK_EQ(sizeof(slip_place), r->place_bytes);
    if (fake_status != SLIP_OK) {
        snprintf(r->why, sizeof(r->why), "made to fail");
        return fake_status;
    }
    for (uint32_t i = 0; r->policy != NULL && i < fake_count; i++) {
        r->places[i] = (slip_place){.cpu = fake_cpu};
        r->places[i].group[SLIP_PLACE_NUMA] = (uint16_t)(i + 1u);
    }
    r->count = r->policy != NULL ? fake_count : r->count;
    return SLIP_OK;
}

/* Finds no companion, one without its function, or the test's. */
void *__wrap_dlopen(const char *name, int flags)
{
    if (name == NULL || strstr(name, "libslipway_topology") == NULL || companion == REAL) {
        return __real_dlopen(name, flags);
    }
    return companion == MISSING ? __real_dlopen("/nonexistent/libslipway_topology.so.0", flags)
                                : __real_dlopen(NULL, flags);
}

/* As above. */
void *__wrap_dlsym(void *library, const char *name)
{
    if (strcmp(name, "slip_topology_place") != 0 || companion == REAL) {
        return __real_dlsym(library, name);
    }
    void *symbol = NULL;
    slip_status (*place)(const slip_topology *, slip_topology_request *) = fake_place;
    memcpy(&symbol, &place, sizeof(symbol));
    return companion == FAKE ? symbol : NULL;
}

/* Refuses one size. */
void *__wrap_malloc(size_t bytes)
{
    return bytes == refused_bytes ? NULL : __real_malloc(bytes);
}

/* Refuses one size. */
void *__wrap_calloc(size_t count, size_t bytes)
{
    return count * bytes == refused_bytes ? NULL : __real_calloc(count, bytes);
}

/* Keeps the last warning. */
static void sink(void *user, uint32_t level, const char *line)
{
    (void)user;
    if (level == SLIP_LOG_WARN) {
        snprintf(warning, sizeof(warning), "%s", line);
        warnings++;
    }
}

/* ---- a program whose kernels say where they are --------------------------------------------- */

static slipi_cpus seen[MOST]; /* by thread */
static slipi_au32 ran[MOST];  /* 1: this thread ran a kernel */

/* Notes the CPUs of its thread and waits a little, so that other threads come for the next ones. */
static int32_t look(const slip_kernel_ctx *ctx)
{
    slipi_cpus own;
    if (ctx->core < MOST && slipi_cpus_allowed(&own)) {
        seen[ctx->core] = own;
        slipi_store_release(&ran[ctx->core], 1u);
    }
    for (uint32_t i = 0; i < 200; i++) {
        (void)sched_yield();
    }
    return 0;
}

/* Independent tasks. */
static slip_status orchestrate(slip_orch *o)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        status = slip_spawn(o, SLIP_TASK_AIV, 0, 0, NULL);
    }
    return status;
}

static const slip_kernel_entry kernels[] = {{"look", look, SLIP_AIV, 0}};
static const slip_program program = {.magic = SLIP_PROGRAM_MAGIC,
                                     .abi = SLIP_PROGRAM_ABI,
                                     .struct_size = (uint32_t)sizeof(slip_program),
                                     .name = "look",
                                     .orchestrate = orchestrate,
                                     .kernels = kernels,
                                     .kernel_count = 1};

/* How many threads have run a kernel. */
static uint32_t count_ran(void)
{
    uint32_t count = 0;
    for (uint32_t t = 0; t < MOST; t++) {
        count += slipi_load_acquire(&ran[t]);
    }
    return count;
}

/* Runs until every thread has run a kernel. */
static void run_everywhere(slip_runner *runner, uint32_t threads)
{
    slip_callable callable = {0};
    const slip_run_config config = {.struct_size = sizeof(config),
                                    .dispatch = SLIP_DISPATCH_SHARED};
    for (uint32_t t = 0; t < MOST; t++) {
        slipi_store_release(&ran[t], 0u);
    }
    CHECK_STATUS(SLIP_OK, slip_register_program(runner, &program, &callable));
    for (uint32_t i = 0; i < ROUNDS && count_ran() < threads; i++) {
        CHECK_STATUS(SLIP_OK, slip_run(runner, callable, NULL, 0, &config));
    }
    CHECK_EQ(threads, count_ran());
}

/* ---- helpers -------------------------------------------------------------------------------- */

static slipi_cpus all_cpus;
static uint32_t first_cpu;
static uint32_t last_cpu;

/* Good options with a placement. */
static slip_runner_options options_of(const char *placement, uint32_t threads)
{
    return (slip_runner_options){.struct_size = (uint32_t)sizeof(slip_runner_options),
                                 .threads = threads,
                                 .placement = placement};
}

/* Opens with a placement; null after a printed failure. */
static slip_runner *open_with(const char *placement, uint32_t threads)
{
    const slip_runner_options options = options_of(placement, threads);
    slip_runner *runner = NULL;
    if (!CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner))) {
        slip_error error = {.struct_size = sizeof(error)};
        CHECK_STATUS(SLIP_OK, slip_open_error(&error));
        fprintf(stderr, "%s\n", error.message);
    }
    return runner;
}

/* An open that must fail, and what it says. */
static void refused(const slip_runner_options *options, slip_status status, const char *says)
{
    slip_runner *runner = NULL;
    slip_error error = {.struct_size = sizeof(error)};
    CHECK_STATUS(status, slip_runner_open(options, &runner));
    CHECK(runner == NULL);
    CHECK_STATUS(SLIP_OK, slip_open_error(&error));
    CHECK_EQ(status, error.status);
    CHECK_CONTAINS(error.message, says);
}

/* An open with a text that must fail. */
static void refused_text(const char *placement, slip_status status, const char *says)
{
    const slip_runner_options options = options_of(placement, 2);
    refused(&options, status, says);
}

/* The places of a runner; -2 for a thread beyond them. */
static void check_cpus(slip_runner *runner, uint32_t count, const int32_t *cpus)
{
    slip_place places[MOST];
    uint32_t found = MOST;
    CHECK_STATUS(SLIP_OK, slip_runner_places(runner, places, &found));
    CHECK_EQ(count, found);
    for (uint32_t i = 0; i < count && i < found; i++) {
        CHECK_EQ(cpus[i], places[i].cpu);
    }
}

/* Whether a set is one CPU. */
static bool is_only(const slipi_cpus *set, uint32_t cpu)
{
    return slipi_cpus_count(set) == 1 && slipi_cpus_has(set, cpu);
}

/* Whether it is what the process was given. */
static bool is_all(const slipi_cpus *set)
{
    return memcmp(set, &all_cpus, sizeof(*set)) == 0;
}

/* ---- cases ---------------------------------------------------------------------------------- */

/* A list: every kernel of a helper runs on its CPU, more threads than CPUs share them, and the
 * caller keeps what it had. */
static void list_binds(void)
{
    char text[64];
    snprintf(text, sizeof(text), "%u,%u", first_cpu, last_cpu);
    slip_runner *runner = open_with(text, 5);
    const int32_t f = (int32_t)first_cpu;
    const int32_t l = (int32_t)last_cpu;
    check_cpus(runner, 5, (const int32_t[]){f, l, f, l, f});
    run_everywhere(runner, 5);
    CHECK(is_all(&seen[0]));
    CHECK(is_only(&seen[1], last_cpu));
    CHECK(is_only(&seen[2], first_cpu));
    CHECK(is_only(&seen[3], last_cpu));
    CHECK(is_only(&seen[4], first_cpu));
    slip_runner_close(runner);
}

/* The caller is bound if asked for, and free after the close. */
static void caller_binds(void)
{
    char text[64];
    slipi_cpus now;
    snprintf(text, sizeof(text), "%u,%u+caller", last_cpu, first_cpu);
    slip_runner *runner = open_with(text, 2);
    run_everywhere(runner, 2);
    CHECK(is_only(&seen[0], last_cpu));
    CHECK(is_only(&seen[1], first_cpu));
    slip_runner_close(runner);
    CHECK(slipi_cpus_allowed(&now) && is_all(&now));
}

/* Nobody is bound unless somebody says so. */
static void none_binds(void)
{
    static const char *const texts[] = {NULL, "", "none"};
    for (size_t i = 0; i < 3; i++) {
        slip_runner *runner = open_with(texts[i], 3);
        check_cpus(runner, 0, NULL);
        run_everywhere(runner, 3);
        for (uint32_t t = 0; t < 3; t++) {
            CHECK(is_all(&seen[t]));
        }
        slip_runner_close(runner);
    }
}

/* Ranges and strides, as far as this machine has the CPUs. */
static void ranges(void)
{
    char text[128];
    int32_t cpus[MOST];
    snprintf(text, sizeof(text), "%u-%u:1,%u-%u:%u", first_cpu, first_cpu, first_cpu, last_cpu,
             last_cpu > first_cpu ? last_cpu - first_cpu : 1u);
    uint32_t count = last_cpu > first_cpu ? 3 : 2;
    for (uint32_t i = 0; i < 4; i++) {
        cpus[i] = (int32_t)(i % count == 2 ? last_cpu : first_cpu);
    }
    slip_runner *runner = open_with(text, 4);
    check_cpus(runner, 4, cpus);
    slip_runner_close(runner);
}

/* What is wrong with a text is named. */
static void bad_texts(void)
{
    static const char *const texts[] = {"packed",
                                        "1,",
                                        ",1",
                                        "1,,2",
                                        "1-",
                                        "3-1",
                                        "1:2",
                                        "0-4:0",
                                        "0-1:",
                                        "-1",
                                        "0x1",
                                        " 0",
                                        "0 ",
                                        "0;1",
                                        "+caller",
                                        "none+caller",
                                        "99999999999999999999",
                                        "4294967296",
                                        "0+call",
                                        "compact,0"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char says[128];
        refused_text(texts[i], SLIP_E_INVALID_ARGUMENT, "is not understood: wanted none, compact");
        snprintf(says, sizeof(says), "options.placement is \"%s\"", texts[i]);
        refused_text(texts[i], SLIP_E_INVALID_ARGUMENT, says);
    }
    refused_text("0,8000", SLIP_E_INVALID_ARGUMENT, "place 1 names CPU 8000, and this machine has");
    refused_text("0-2000", SLIP_E_INVALID_ARGUMENT, "names more than 1024 CPUs");
    static char endless[2000];
    memset(endless, '0', sizeof(endless) - 1u);
    refused_text(endless, SLIP_E_INVALID_ARGUMENT, "it has 1999 characters: at most 1023");
}

/* A CPU that is there but not this process's is named with those that are. */
static void not_allowed(void)
{
    if (first_cpu == last_cpu) {
        return;
    }
    char text[32];
    char says[96];
    slipi_cpus one = {{0}};
    slipi_cpus_add(&one, first_cpu);
    CHECK_EQ(0, slipi_cpus_bind(&one));
    snprintf(text, sizeof(text), "%u,%u", first_cpu, last_cpu);
    snprintf(says, sizeof(says), "place 1 names CPU %u; this process may use %u", last_cpu,
             first_cpu);
    refused_text(text, SLIP_E_INVALID_ARGUMENT, says);
    CHECK_EQ(0, slipi_cpus_bind(&all_cpus));
}

/* Data: copied, checked, and not beside a text. */
static void as_data(void)
{
    slip_place places[2] = {{.cpu = (int32_t)last_cpu}, {.cpu = SLIP_CPU_ANY}};
    slip_placement p = {.struct_size = sizeof(p), .count = 2, .places = places};
    slip_runner_options options = options_of(NULL, 4);
    slip_runner *runner = NULL;
    options.places = &p;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    places[0].cpu = 7777; /* it was copied */
    check_cpus(runner, 4, (const int32_t[]){(int32_t)last_cpu, -1, (int32_t)last_cpu, -1});
    run_everywhere(runner, 4);
    CHECK(is_all(&seen[1]));
    CHECK(is_only(&seen[2], last_cpu));
    slip_runner_close(runner);
    refused(&options, SLIP_E_INVALID_ARGUMENT, "options.places: place 0 names CPU 7777");
    options.placement = "none";
    refused(&options, SLIP_E_INVALID_ARGUMENT, "both given");
    options.placement = NULL;
    p.count = 0; /* nobody is bound, whatever the environment says */
    (void)setenv("SLIPWAY_PLACEMENT", "0", 1);
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    check_cpus(runner, 0, NULL);
    slip_runner_close(runner);
    (void)unsetenv("SLIPWAY_PLACEMENT");
}

/* The environment: read at open, below the options, one bad value sets it aside, said once. */
static void environment(void)
{
    char text[64];
    const int32_t cpus[] = {(int32_t)last_cpu, (int32_t)first_cpu};
    snprintf(text, sizeof(text), "%u,%u", last_cpu, first_cpu);
    (void)setenv("SLIPWAY_PLACEMENT", text, 1);
    slip_runner *runner = open_with(NULL, 2);
    (void)setenv("SLIPWAY_PLACEMENT", "none", 1);
    check_cpus(runner, 2, cpus);
    run_everywhere(runner, 2);
    CHECK(is_only(&seen[1], first_cpu));
    slip_runner_close(runner);
    (void)setenv("SLIPWAY_PLACEMENT", text, 1);
    runner = open_with("none", 2);
    check_cpus(runner, 0, NULL);
    slip_runner_close(runner);
    static const char *const bad[] = {"fast", "0,9000", "0,", "compact+"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char says[64];
        (void)setenv("SLIPWAY_PLACEMENT", bad[i], 1);
        warnings = 0;
        runner = open_with(NULL, 2);
        CHECK_EQ(1, warnings);
        snprintf(says, sizeof(says), "SLIPWAY_PLACEMENT=\"%s\" is ignored: ", bad[i]);
        CHECK_CONTAINS(warning, says);
        CHECK_CONTAINS(warning, "no thread is bound");
        check_cpus(runner, 0, NULL);
        slip_runner_close(runner);
    }
    /* Platforms that bind no threads have no use for it. */
    warnings = 0;
    slip_runner_options sim = options_of(NULL, 0);
    sim.platform = "a2a3sim";
    CHECK_STATUS(SLIP_OK, slip_runner_open(&sim, &runner));
    CHECK_EQ(0, warnings);
    slip_runner_close(runner);
    (void)unsetenv("SLIPWAY_PLACEMENT");
}

/* A platform that would not carry it out refuses it. */
static void other_platforms(void)
{
    slip_place place = {.cpu = (int32_t)first_cpu};
    const slip_placement p = {.struct_size = sizeof(p), .count = 1, .places = &place};
    slip_runner_options options = options_of(NULL, 0);
    options.platform = "a2a3sim";
    options.places = &p;
    refused(&options, SLIP_E_UNSUPPORTED, "platform 'a2a3sim' does not bind threads");
    options.places = NULL;
    options.placement = "none";
    slip_runner *runner = NULL;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    slip_runner_close(runner);
}

/* Without the companion, policies say what is missing; lists work. */
static void companion_missing(void)
{
    static const char says[] = "compact: libslipway_topology.so.0 is missing, which is built where "
                               "hwloc (libhwloc-dev) is found: /nonexistent/";
    char text[32];
    companion = MISSING;
    refused_text("compact", SLIP_E_UNSUPPORTED, says);
    refused_text("scatter+caller", SLIP_E_UNSUPPORTED, "scatter: libslipway_topology.so.0 is miss");
    snprintf(text, sizeof(text), "%u", last_cpu);
    warnings = 0;
    slip_runner *runner = open_with(text, 1);
    CHECK_EQ(0, warnings);
    check_cpus(runner, 1, (const int32_t[]){(int32_t)last_cpu});
    slip_runner_close(runner);
    (void)setenv("SLIPWAY_PLACEMENT", "compact", 1);
    runner = open_with(NULL, 1);
    CHECK_EQ(1, warnings);
    CHECK_CONTAINS(warning, "SLIPWAY_PLACEMENT=\"compact\" is ignored: compact: libslipway_topol");
    slip_runner_close(runner);
    (void)unsetenv("SLIPWAY_PLACEMENT");
    companion = NAMELESS;
    refused_text("compact", SLIP_E_UNSUPPORTED, "has no slip_topology_place: it is of another ver");
    companion = REAL;
}

/* What the companion says is passed on, and checked. */
static void companion_answers(void)
{
    companion = FAKE;
    fake_status = SLIP_E_DEVICE;
    refused_text("scatter", SLIP_E_DEVICE, "scatter: made to fail");
    fake_status = SLIP_OK;
    fake_count = 3;
    fake_cpu = (int32_t)last_cpu;
    slip_runner *runner = open_with("compact", 5);
    slip_place places[MOST];
    uint32_t count = 2;
    CHECK_STATUS(SLIP_OK, slip_runner_places(runner, places, &count));
    CHECK_EQ(5, count);
    CHECK_EQ((int32_t)last_cpu, places[1].cpu);
    CHECK_EQ(2, places[1].group[SLIP_PLACE_NUMA]);
    count = MOST;
    CHECK_STATUS(SLIP_OK, slip_runner_places(runner, places, &count));
    CHECK_EQ(1, places[3].group[SLIP_PLACE_NUMA]); /* the first one's again */
    count = 0;
    CHECK_STATUS(SLIP_OK, slip_runner_places(runner, NULL, &count));
    CHECK_EQ(5, count);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_places(runner, NULL, &count));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_places(runner, places, NULL));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slip_runner_places(NULL, places, &count));
    slip_runner_close(runner);
    fake_cpu = 8001;
    refused_text("compact", SLIP_E_INVALID_ARGUMENT, "place 0 names CPU 8001");
    companion = REAL;
}

/* No memory: for the text, for the copy, and in the platform. */
static void no_memory(void)
{
    slip_place places[3] = {{.cpu = SLIP_CPU_ANY}};
    places[1] = places[2] = places[0];
    places[0].group[0] = 1;
    const slip_placement p = {.struct_size = sizeof(p), .count = 3, .places = places};
    slip_runner_options options = options_of(NULL, 7);
    refused_bytes = 1024u * sizeof(slip_place);
    refused_text("0", SLIP_E_OUT_OF_MEMORY, "no memory for a placement");
    options.places = &p;
    refused_bytes = 3u * sizeof(slip_place);
    refused(&options, SLIP_E_OUT_OF_MEMORY, "no memory for 3 places");
    refused_bytes = 7u * sizeof(int32_t);
    refused(&options, SLIP_E_OUT_OF_MEMORY, "no memory for 7 threads");
    refused_bytes = 7u * 6u * sizeof(uint16_t);
    refused(&options, SLIP_E_OUT_OF_MEMORY, "no memory for 7 threads");
    refused_bytes = 0;
}

/* All cases. */
int main(void)
{
    slip_log_set_sink(sink, NULL);
    (void)unsetenv("SLIPWAY_PLACEMENT");
    CHECK(slipi_cpus_allowed(&all_cpus));
    first_cpu = SLIPI_MAX_CPUS;
    for (uint32_t cpu = 0; cpu < SLIPI_MAX_CPUS; cpu++) {
        if (slipi_cpus_has(&all_cpus, cpu)) {
            first_cpu = first_cpu == SLIPI_MAX_CPUS ? cpu : first_cpu;
            last_cpu = cpu;
        }
    }
    CHECK_CASE(list_binds);
    CHECK_CASE(caller_binds);
    CHECK_CASE(none_binds);
    CHECK_CASE(ranges);
    CHECK_CASE(bad_texts);
    CHECK_CASE(not_allowed);
    CHECK_CASE(as_data);
    CHECK_CASE(environment);
    CHECK_CASE(other_platforms);
    CHECK_CASE(companion_missing);
    CHECK_CASE(companion_answers);
    CHECK_CASE(no_memory);
    return check_report();
}
