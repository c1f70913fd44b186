/*
 * test_log.c - levels, sink, cut and cleaned lines, SLIPWAY_LOG, lines from many threads.
 * ctest-labels: unit concurrency
 */
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

enum { KEPT = 8, THREADS = 4, LINES = 200 };

/* What a sink has received. */
struct received {
    slipi_au32 count;
    uint32_t level;
    char line[KEPT][SLIPI_LOG_LINE_BYTES];
};

/* Keeps the first lines. */
static void keep(void *user, uint32_t level, const char *line)
{
    struct received *r = user;
    uint32_t n = slipi_add_relaxed(&r->count, 1u); /* a counter of the test */
    r->level = level;
    if (n < KEPT) {
        (void)snprintf(r->line[n], sizeof(r->line[n]), "%s", line);
    }
}

/* Counts lines that are what every thread writes. */
static void count_good(void *user, uint32_t level, const char *line)
{
    if (level == SLIP_LOG_ERROR && strncmp(line, "thread ", 7) == 0 &&
        strcmp(line + strlen(line) - 5, " done") == 0) {
        slipi_add_relaxed((slipi_au32 *)user, 1u); /* a counter of the test */
    }
}

/* Lines above the level are dropped, the others arrive with their level. */
static void levels(void)
{
    struct received r = {0};
    slip_log_set_sink(keep, &r);
    slip_log_set_level(SLIP_LOG_WARN);
    CHECK(slipi_log_enabled(SLIP_LOG_ERROR) && slipi_log_enabled(SLIP_LOG_WARN));
    CHECK(!slipi_log_enabled(SLIP_LOG_INFO) && !slipi_log_enabled(0));
    slipi_log(SLIP_LOG_INFO, "dropped");
    slipi_log(SLIP_LOG_WARN, "ring %d of %s", 3, "four");
    CHECK_EQ(slipi_load_relaxed(&r.count), 1);
    CHECK_EQ(r.level, SLIP_LOG_WARN);
    CHECK_STR(r.line[0], "ring 3 of four");
    slip_log_set_level(SLIP_LOG_DEBUG);
    slipi_log(SLIP_LOG_DEBUG, "now seen");
    CHECK_EQ(slipi_load_relaxed(&r.count), 2);
    slip_log_set_level(0);
    slipi_log(SLIP_LOG_ERROR, "all off");
    CHECK_EQ(slipi_load_relaxed(&r.count), 2);
    slip_log_set_level(UINT32_MAX);
    CHECK(slipi_log_enabled(SLIP_LOG_DEBUG));
    slip_log_set_sink(NULL, NULL);
}

/* One message is one line, and a long one ends in "...". */
static void form(void)
{
    struct received r = {0};
    char *text = calloc(1, 2u * SLIPI_LOG_LINE_BYTES);
    slip_log_set_sink(keep, &r);
    slip_log_set_level(SLIP_LOG_WARN);
    slipi_log(SLIP_LOG_WARN, "a\nb\tc");
    CHECK_STR(r.line[0], "a b c");
    memset(text, 'x', 2u * SLIPI_LOG_LINE_BYTES - 1u);
    slipi_log(SLIP_LOG_WARN, "%s", text);
    CHECK_EQ(strlen(r.line[1]), SLIPI_LOG_LINE_BYTES - 1u);
    CHECK_STR(r.line[1] + SLIPI_LOG_LINE_BYTES - 5u, "x...");
    slip_log_set_sink(NULL, NULL);
    free(text);
}

/* Body of a thread that logs. */
static void *log_lines(void *argument)
{
    for (int i = 0; i < LINES; i++) {
        slipi_log(SLIP_LOG_ERROR, "thread %d line %d done", *(const int *)argument, i);
    }
    return NULL;
}

/* Lines of many threads arrive whole. */
static void many_threads(void)
{
    slipi_au32 good = 0;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    slip_log_set_level(SLIP_LOG_ERROR);
    slip_log_set_sink(count_good, &good);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK_EQ(pthread_create(&threads[i], NULL, log_lines, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    CHECK_EQ(slipi_load_relaxed(&good), THREADS * LINES);
    slip_log_set_sink(NULL, NULL);
}

/* What a fresh process with SLIPWAY_LOG=value writes to standard error (null: not set). */
static void in_fresh_process(const char *value, char *out, size_t out_bytes)
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)(value != NULL ? setenv("SLIPWAY_LOG", value, 1) : unsetenv("SLIPWAY_LOG"));
        (void)execl("/proc/self/exe", "test_log", "--child", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    size_t used = 0;
    ssize_t n;
    while ((n = read(ends[0], out + used, out_bytes - 1u - used)) > 0) {
        used += (size_t)n;
    }
    out[used] = '\0';
    (void)close(ends[0]);
    int how = 0;
    CHECK(waitpid(child, &how, 0) == child);
    CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

/* SLIPWAY_LOG sets the level; a bad value is reported once and means warn. */
static void environment(void)
{
    char text[2048];
    in_fresh_process(NULL, text, sizeof(text));
    CHECK_STR(text, "slipway: error: one\nslipway: warn: two\n");
    in_fresh_process("", text, sizeof(text));
    CHECK_STR(text, "slipway: error: one\nslipway: warn: two\n");
    in_fresh_process("Debug", text, sizeof(text));
    CHECK_STR(text, "slipway: error: one\nslipway: warn: two\nslipway: info: three\n"
                    "slipway: debug: four\n");
    in_fresh_process("1", text, sizeof(text));
    CHECK_STR(text, "slipway: error: one\n");
    in_fresh_process("off", text, sizeof(text));
    CHECK_STR(text, "");
    in_fresh_process("loud\n", text, sizeof(text));
    CHECK_STR(text, "slipway: warn: SLIPWAY_LOG: wanted off, error, warn, info, debug or 0 to 4, "
                    "found \"loud \"; using warn\nslipway: error: one\nslipway: warn: two\n");
}

/* Runs the cases; with an argument, logs one line of each level instead. */
int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        slipi_log(SLIP_LOG_ERROR, "one");
        slipi_log(SLIP_LOG_WARN, "two");
        slipi_log(SLIP_LOG_INFO, "three");
        slipi_log(SLIP_LOG_DEBUG, "four");
        return 0;
    }
    CHECK_CASE(levels);
    CHECK_CASE(form);
    CHECK_CASE(many_threads);
    CHECK_CASE(environment);
    return check_report();
}
