/*
 * test_trace_tree.c - the spans of a run: all of them, nested in time and by name, with the cache's
 * answer; nothing without a trace.
 *
 * ctest-labels: unit S9
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "affine.h"
#include "support/check.h"

enum { MAX_SPANS = 400 };

/* One line of the trace. */
typedef struct span {
    char name[96];
    char clock[16];
    char extra[128];
    uint64_t run;
    uint64_t start;
    uint64_t end;
    unsigned depth;
} span;

static const char *platform;
static span spans[MAX_SPANS];
static size_t span_count;
static uint64_t task_lines;

/* Reads one line; false if it has not the documented form. */
static bool parse(const char *line, span *out)
{
    uint64_t duration = 0;
    int used = 0;
    int got = sscanf(line,
                     "slipway-trace 1 pid=%*u tid=%*u run=%" SCNu64
                     " callable=%*16[0-9a-f] depth=%u span=%95s start_ns=%" SCNu64
                     " dur_ns=%" SCNu64 " clock=%15s%n",
                     &out->run, &out->depth, out->name, &out->start, &duration, out->clock, &used);
    out->end = out->start + duration;
    (void)snprintf(out->extra, sizeof(out->extra), "%s", got == 6 ? line + used : "");
    return got == 6;
}

/* Reads all lines of a file. */
static void read_spans(const char *path)
{
    static char line[2048];
    span_count = 0;
    task_lines = 0;
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL && span_count < MAX_SPANS) {
        if (strncmp(line, "slipway-task 1 ", 15) == 0) {
            task_lines++;
        } else {
            CHECK(parse(line, &spans[span_count++]));
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* The span of a name in a run; a failed check if there is not exactly one. */
static const span *find(uint64_t run, const char *name)
{
    const span *found = NULL;
    for (size_t i = 0; i < span_count; i++) {
        if (spans[i].run == run && strcmp(spans[i].name, name) == 0) {
            CHECK(found == NULL);
            found = &spans[i];
        }
    }
    if (!CHECK(found != NULL)) {
        fprintf(stderr, "run %u has no span %s\n", (unsigned)run, name);
        return &spans[0];
    }
    return found;
}

/* Checks that every span lies inside the one that its name names, if they share a clock. */
static void check_nesting(uint64_t run)
{
    for (size_t i = 0; i < span_count; i++) {
        char parent[96];
        memcpy(parent, spans[i].name, sizeof(parent));
        char *dot = strrchr(parent, '.');
        if (spans[i].run != run || dot == NULL) {
            continue;
        }
        *dot = '\0';
        const span *outer = find(run, parent);
        CHECK_EQ(outer->depth + 1, spans[i].depth);
        if (strcmp(outer->clock, spans[i].clock) == 0) {
            CHECK(spans[i].start >= outer->start && spans[i].end <= outer->end);
        }
    }
}

/* The whole tree, on a miss, a hit and after a failed run. */
static void whole_tree(void)
{
    const char *host[] = {"run",        "run.bind",    "run.bind.args", "run.bind.prebuilt",
                          "run.launch", "run.validate"};
    const char *device[] = {
        "",          ".preamble", ".so_load", ".graph_build", ".config_validate", ".arena_wire",
        ".sm_reset", ".orch",     ".sched",   ".post_orch"};
    char path[] = "/tmp/slipway-trace-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = platform, .trace_path = path};
    slip_runner *runner = NULL;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    slip_callable callable = affine_register(runner);
    slip_run_config config = affine_config(64, 65536, 64);
    bool right = false;
    CHECK(affine_good(runner, callable, &config));
    config.trace_tasks = 1;
    CHECK(affine_good(runner, callable, &config));
    CHECK_STATUS(SLIP_E_KERNEL_FAILED, affine_run(runner, callable, &config, 5, &right));
    slip_runner_close(runner);
    read_spans(path);
    CHECK_EQ(4, task_lines);
    for (uint64_t run = 1; run <= 3; run++) {
        for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
            CHECK_STR("host", find(run, host[i])->clock);
        }
        for (size_t i = 0; i < sizeof(device) / sizeof(device[0]); i++) {
            char name[96];
            (void)snprintf(name, sizeof(name), "run.launch.device_wall%s", device[i]);
            CHECK_STR("device", find(run, name)->clock);
        }
        check_nesting(run);
        const char *cache = run == 1 ? "cache=miss" : "cache=hit";
        CHECK_CONTAINS(find(run, "run.bind.prebuilt")->extra, cache);
    }
    CHECK_CONTAINS(find(3, "run")->extra, "status=SLIP_E_KERNEL_FAILED");
    (void)unlink(path);
}

/* Without a path there is no trace; SLIPWAY_TRACE gives one. */
static void path_from_environment(void)
{
    char path[] = "/tmp/slipway-trace-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
    (void)unsetenv("SLIPWAY_TRACE");
    for (int on = 0; on < 2; on++) {
        if (on != 0) {
            (void)setenv("SLIPWAY_TRACE", path, 1);
        }
        slip_runner *runner = affine_open(platform, NULL);
        slip_callable callable = affine_register(runner);
        CHECK(affine_good(runner, callable, NULL));
        slip_runner_close(runner);
        read_spans(path);
        CHECK_EQ(on != 0 ? 16 : 0, span_count);
    }
    (void)unsetenv("SLIPWAY_TRACE");
    (void)unlink(path);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = affine_platform(argc, argv);
    CHECK_CASE(whole_tree);
    CHECK_CASE(path_from_environment);
    return check_report();
}
