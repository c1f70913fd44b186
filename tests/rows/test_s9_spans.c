/*
 * test_s9_spans.c - a traced run writes one line for every span of the tree, with what the cache
 * said; device spans name their clock; without a trace nothing is written.
 *
 * ctest-labels: row S9
 * ctest-run: cpu --platform cpu
 * ctest-run: a5sim --platform a5sim
 */
#include <stdlib.h>
#include <unistd.h>

#include "row.h"
#include "support/check.h"

enum { TEXT_BYTES = 1 << 16 };

/* Every span of a run, with its depth and clock. */
static const struct {
    const char *name;
    int depth;
    const char *clock;
} tree[] = {
    {"run", 0, "host"},
    {"run.bind", 1, "host"},
    {"run.bind.args", 2, "host"},
    {"run.bind.prebuilt", 2, "host"},
    {"run.launch", 1, "host"},
    {"run.launch.device_wall", 2, "device"},
    {"run.launch.device_wall.preamble", 3, "device"},
    {"run.launch.device_wall.so_load", 3, "device"},
    {"run.launch.device_wall.graph_build", 3, "device"},
    {"run.launch.device_wall.config_validate", 3, "device"},
    {"run.launch.device_wall.arena_wire", 3, "device"},
    {"run.launch.device_wall.sm_reset", 3, "device"},
    {"run.launch.device_wall.orch", 3, "device"},
    {"run.launch.device_wall.sched", 3, "device"},
    {"run.launch.device_wall.post_orch", 3, "device"},
    {"run.validate", 1, "host"},
};
enum { TREE = sizeof(tree) / sizeof(tree[0]) };

static const char *platform;
static const slip_platform_ops *inner;
static bool fail_launch;
static char text[TEXT_BYTES];

/* Launches unless it is to fail: a failed launch leaves the entry dirty. */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *given)
{
    return fail_launch ? SLIP_E_DEVICE : inner->launch(device, given);
}

/* Reads a file whole. */
static void read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t used = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;
    CHECK(file != NULL && used < sizeof(text) - 1);
    text[used] = '\0';
    if (file != NULL) {
        fclose(file);
    }
}

/* The line of a span of a run; null if there is not exactly one. */
static const char *line_of(unsigned run, size_t span)
{
    char head[64];
    char name[128];
    const char *found = NULL;
    (void)snprintf(head, sizeof(head), " run=%u callable=", run);
    (void)snprintf(name, sizeof(name), " depth=%d span=%s start_ns=", tree[span].depth,
                   tree[span].name);
    static char copy[TEXT_BYTES];
    memcpy(copy, text, sizeof(copy));
    for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "slipway-trace 1 pid=", 20) == 0 && strstr(line, head) != NULL &&
            strstr(line, name) != NULL) {
            if (found != NULL) {
                return NULL;
            }
            found = line;
        }
    }
    return found;
}

/* The whole tree of one good run. */
static void check_run(unsigned run, const char *cache)
{
    for (size_t i = 0; i < TREE; i++) {
        const char *line = line_of(run, i);
        char clock[32];
        (void)snprintf(clock, sizeof(clock), " clock=%s", tree[i].clock);
        if (!CHECK(line != NULL)) {
            fprintf(stderr, "run %u: no line, or several, of %s\n", run, tree[i].name);
            continue;
        }
        CHECK_CONTAINS(line, " dur_ns=");
        CHECK_CONTAINS(line, clock);
        if (strcmp(tree[i].name, "run.bind.prebuilt") == 0) {
            CHECK_CONTAINS(line, cache);
        }
    }
}

/* A miss, a hit, a launch that fails, and the relay after it. */
static void whole_tree(void)
{
    char path[] = "/tmp/slipway-row-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
    inner = slip_platform_find(platform);
    slip_platform_ops ops = *inner;
    ops.launch = launch;
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .ops = &ops, .trace_path = path};
    slip_runner *runner = NULL;
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &runner));
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(64, 65536, 64);
    bool right;
    CHECK(row_good(runner, callable, &config));
    CHECK(row_good(runner, callable, &config));
    fail_launch = true;
    CHECK_STATUS(SLIP_E_DEVICE, row_run(runner, callable, &config, &right));
    fail_launch = false;
    CHECK(row_good(runner, callable, &config));
    slip_runner_close(runner);
    read_text(path);
    check_run(1, " cache=miss ");
    check_run(2, " cache=hit ");
    check_run(4, " cache=dirty ");
    const char *failed = line_of(3, 0);
    CHECK_CONTAINS(failed != NULL ? failed : "", " status=SLIP_E_DEVICE");
    (void)unlink(path);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    slip_log_set_sink(row_drop_lines, NULL);
    CHECK_CASE(whole_tree);
    return check_report();
}
