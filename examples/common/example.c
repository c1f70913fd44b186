/*
 * example.c - options, random numbers, a runner and timings for the example hosts.
 *
 * Linked to every example host; called from its main thread.
 */
#include "common/example.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MAX_RUNS = 1000000, /* timings are kept for every run: 24 MB at most */
    COMMON_OPTIONS = 5, /* numbers among the common options */
    NAME_WIDTH = 22     /* column of the help text */
};

/* ---- options -------------------------------------------------------------------------------- */

/* Prints one line of the help for each number. */
static void print_numbers(const example_number *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char left[64];
        (void)snprintf(left, sizeof(left), "%s N", numbers[i].name);
        printf("  %-*s %s (default %" PRIu64 ")\n", NAME_WIDTH, left, numbers[i].help,
               *numbers[i].value);
    }
}

/* Prints how to call the program, up to the numbers. */
static void print_help(const char *program, const char *intro, const example_options *options)
{
    printf("usage: %s [options]\n\n%s\n\noptions:\n", program, intro);
    printf("  %-*s %s\n", NAME_WIDTH, "--help", "this text");
    printf("  %-*s %s (default %s)\n", NAME_WIDTH, "--platform NAME",
           "cpu, a2a3sim, a5sim, a2a3 or a5", options->platform);
    printf("  %-*s %s\n", NAME_WIDTH, "--program FILE",
           "the program's shared object (default: beside this executable)");
}

/* Reads a decimal number within the range of an option; says what is wrong otherwise. */
static bool parse_number(const example_number *option, const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value < option->min ||
        value > option->max) {
        (void)fprintf(stderr,
                      "%s: wanted a whole number from %" PRIu64 " to %" PRIu64 ", found '%s'\n",
                      option->name, option->min, option->max, text);
        return false;
    }
    *option->value = value;
    return true;
}

/* Finds the option of a name in two tables; null if it is in neither. */
static const example_number *find_number(const char *name, const example_number *first,
                                         uint32_t first_count, const example_number *second,
                                         uint32_t second_count)
{
    for (uint32_t i = 0; i < first_count + second_count; i++) {
        const example_number *option = i < first_count ? &first[i] : &second[i - first_count];
        if (strcmp(option->name, name) == 0) {
            return option;
        }
    }
    return NULL;
}

/* Reads one option and its value; false if either is wrong. */
static bool parse_one(const char *name, const char *value, example_options *options,
                      const example_number *number)
{
    bool is_platform = strcmp(name, "--platform") == 0;
    bool is_program = strcmp(name, "--program") == 0;
    if (!is_platform && !is_program && number == NULL) {
        (void)fprintf(stderr, "'%s' is not an option; --help lists them\n", name);
        return false;
    }
    if (value == NULL) {
        (void)fprintf(stderr, "%s needs a value\n", name);
        return false;
    }
    if (is_platform) {
        options->platform = value;
    } else if (is_program) {
        options->program = value;
    } else {
        return parse_number(number, value);
    }
    return true;
}

bool example_parse(int argc, char **argv, const char *intro, example_options *options,
                   const example_number *numbers, uint32_t number_count, int *out_exit)
{
    const example_number common[COMMON_OPTIONS] = {
        {"--runs", &options->runs, 1, MAX_RUNS, "how many runs"},
        {"--threads", &options->threads, 0, SLIP_MAX_THREADS, "threads of the runner; 0 = all"},
        {"--device", &options->device, 0, 15, "device of the platform"},
        {"--seed", &options->seed, 0, UINT64_MAX, "seed of the random input"},
        {"--audit", &options->audit, 0, 1, "1: check the dependencies of the last run"}};
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(argv[0], intro, options);
            print_numbers(common, COMMON_OPTIONS);
            print_numbers(numbers, number_count);
            *out_exit = EXAMPLE_OK;
            return false;
        }
        const example_number *number =
            find_number(argv[i], common, COMMON_OPTIONS, numbers, number_count);
        if (!parse_one(argv[i], i + 1 < argc ? argv[i + 1] : NULL, options, number)) {
            *out_exit = EXAMPLE_USAGE;
            return false;
        }
    }
    return true;
}

/* ---- running -------------------------------------------------------------------------------- */

bool example_failed(slip_runner *runner, const char *what, slip_status status)
{
    slip_error error = {.struct_size = sizeof(error)};
    slip_status got = runner != NULL ? slip_last_error(runner, &error) : slip_open_error(&error);
    bool known = got == SLIP_OK && error.status == status && error.message[0] != '\0';
    (void)fprintf(stderr, "%s failed: %s: %s\n", what, slip_status_name(status),
                  known ? error.message : slip_status_message(status));
    return false;
}

/* The path of `name`.so beside the running executable. */
static bool program_path(const char *name, char *path, size_t path_bytes)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length <= 0) {
        (void)fprintf(stderr, "cannot tell where this executable is; give --program FILE\n");
        return false;
    }
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    int written = snprintf(path, path_bytes, "%s/%s.so", self, name);
    return written > 0 && (size_t)written < path_bytes;
}

bool example_open(const char *name, const example_options *options, bool cache_off,
                  example_session *out)
{
    *out = (example_session){.capacity = options->runs};
    out->config.struct_size = sizeof(out->config);
    out->config.audit = (uint32_t)options->audit;
    slip_runner_options open = {.struct_size = sizeof(open),
                                .device_id = (uint32_t)options->device,
                                .platform = options->platform,
                                .threads = (uint32_t)options->threads,
                                .cache_off = cache_off ? 1u : 0u};
    slip_status status = slip_runner_open(&open, &out->runner);
    if (status != SLIP_OK) {
        return example_failed(NULL, "opening the platform", status);
    }
    slip_runner_info info = {.struct_size = (uint32_t)sizeof(info)};
    if (slip_runner_describe(out->runner, &info) == SLIP_OK && info.stand_in[0] != '\0') {
        printf("%s\n", info.stand_in);
    }
    char path[PATH_MAX + 64];
    if (options->program == NULL && !program_path(name, path, sizeof(path))) {
        return false;
    }
    status = slip_register_file(out->runner, options->program != NULL ? options->program : path,
                                &out->callable);
    if (status != SLIP_OK) {
        return example_failed(out->runner, "registering the program", status);
    }
    out->hit_ns = example_alloc(out->capacity, sizeof(uint64_t));
    out->miss_ns = example_alloc(out->capacity, sizeof(uint64_t));
    out->run_ns = example_alloc(out->capacity, sizeof(uint64_t));
    return true;
}

void example_close(example_session *session)
{
    slip_runner_close(session->runner);
    free(session->hit_ns);
    free(session->miss_ns);
    free(session->run_ns);
    *session = (example_session){0};
}

bool example_run(example_session *session, const slip_run_arg *args, uint32_t arg_count)
{
    uint64_t hits = session->stats.hits;
    slip_status status =
        slip_run(session->runner, session->callable, args, arg_count, &session->config);
    if (status != SLIP_OK) {
        return example_failed(session->runner, "the run", status);
    }
    session->stats.struct_size = sizeof(session->stats);
    status = slip_runner_stats(session->runner, &session->stats);
    if (status != SLIP_OK) {
        return example_failed(session->runner, "reading the statistics", status);
    }
    if (session->run_count >= session->capacity) {
        return true;
    }
    session->run_ns[session->run_count++] = session->stats.last_run_ns;
    if (session->stats.hits > hits) {
        session->hit_ns[session->hit_count++] = session->stats.last_bind_ns;
    } else {
        session->miss_ns[session->miss_count++] = session->stats.last_bind_ns;
    }
    return true;
}

bool example_audit(example_session *session)
{
    if (session->config.audit == 0) {
        return true;
    }
    slip_audit_report report = {.struct_size = sizeof(report)};
    slip_status status = slip_audit(session->runner, &report);
    printf("audit: %" PRIu64 " tasks, %" PRIu64 " edges, %" PRIu64 " not needed any more, %" PRIu64
           " conflicting pairs, %" PRIu64 " not ordered, %" PRIu64 " false edges\n",
           report.tasks, report.edges, report.edges_skipped, report.conflicts, report.lost,
           report.false_edges);
    if (status != SLIP_OK) {
        (void)fprintf(stderr, "audit: %s\n", report.first_problem);
        return example_failed(session->runner, "the audit", status);
    }
    return true;
}

/* ---- timings -------------------------------------------------------------------------------- */

/* Orders two times. */
static int compare_times(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

uint64_t example_percentile(uint64_t *values, uint64_t count, uint32_t p)
{
    if (count == 0) {
        return 0;
    }
    qsort(values, count, sizeof(values[0]), compare_times);
    uint64_t rank = (count * p + 99) / 100;
    return values[rank == 0 ? 0 : rank - 1];
}

/* Prints one cell: a time in microseconds, or a dash where there is none. */
static void print_cell(uint64_t *values, uint64_t count, uint32_t p)
{
    if (count == 0) {
        printf(" %14s", "-");
    } else {
        printf(" %11.2f us", (double)example_percentile(values, count, p) / 1000.0);
    }
}

void example_print_times(const example_session *on, const example_session *off)
{
    const example_session *columns[2] = {on, off};
    uint32_t count = off != NULL ? 2 : 1;
    printf("%-24s %14s%s\n", "", "cache on", off != NULL ? "      cache off" : "");
    printf("%-24s", "tasks, last run");
    for (uint32_t i = 0; i < count; i++) {
        printf(" %14" PRIu64, columns[i]->stats.last_tasks);
    }
    static const struct row {
        const char *name;
        uint32_t what; /* 0 miss, 1 hit, 2 run */
        uint32_t p;
    } rows[] = {{"bind, miss p50", 0, 50},
                {"bind, hit p50", 1, 50},
                {"bind, hit p99", 1, 99},
                {"whole run p50", 2, 50}};
    for (uint32_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        printf("\n%-24s", rows[r].name);
        for (uint32_t i = 0; i < count; i++) {
            const example_session *s = columns[i];
            uint64_t *values[3] = {s->miss_ns, s->hit_ns, s->run_ns};
            uint64_t counts[3] = {s->miss_count, s->hit_count, s->run_count};
            print_cell(values[rows[r].what], counts[rows[r].what], rows[r].p);
        }
    }
    printf("\n");
}

/* ---- random numbers and memory -------------------------------------------------------------- */

uint64_t example_random(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

float example_random_float(uint64_t *state)
{
    /* 24 bits are what a float's mantissa holds, so every value is exact. */
    uint64_t bits = example_random(state) >> 40;
    return (float)bits / 8388608.0F - 1.0F;
}

void *example_alloc(uint64_t count, uint64_t bytes)
{
    void *memory = calloc(count > 0 ? count : 1, bytes);
    if (memory == NULL) {
        (void)fprintf(stderr, "no memory for %" PRIu64 " elements of %" PRIu64 " bytes\n", count,
                      bytes);
        exit(EXAMPLE_FAILURE);
    }
    return memory;
}
