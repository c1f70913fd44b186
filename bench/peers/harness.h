/*
 * harness.h - the frame of a peer's program: options, cases, timing, checking, output.
 *
 * For the programs of this folder, C11 and C++17, one thread. A program describes its peer by one
 * peers_peer and calls peers_main. Every case is one line of JSON on standard output, whose form
 * docs/benchmarks.md gives; peers.py reads it. Exit code: 0; 1 if the peer failed or a checked run
 * found an error; 2 for a mistake in the options.
 */
#ifndef PEERS_HARNESS_H
#define PEERS_HARNESS_H

#include <time.h>

#include "plan.h"

#define PEERS_MAX_REPETITIONS 64u
#define PEERS_MAX_LIST 32u
#define PEERS_MIN_REPETITIONS 3u
#define PEERS_LONG 4u           /* budgets after which one repetition is enough */
#define PEERS_WARM_TASKS 40000u /* more than twice Slipway's default window */
/* A sweep of kernel sizes ends above this efficiency: METG(50 %) lies below. */
#define PEERS_SWEEP_END 0.6

/* A peer. Functions return false after they have said why on standard error. */
typedef struct peers_peer {
    const char *name;
    const char *version;
    const char *note;         /* how it is told of dependencies */
    const char *const *modes; /* ends with null; at least one */
    bool (*open)(uint32_t threads);
    bool (*prepare)(uint32_t mode); /* not timed: peers_now and peers_now_plan are set */
    bool (*run)(uint32_t mode);     /* timed: submit everything and wait for it */
    void (*finish)(uint32_t mode);  /* undoes prepare */
    void (*close)(void);
} peers_peer;

/* What the command line says. */
typedef struct peers_options {
    bool pattern[PEERS_PATTERNS];
    uint32_t width[PEERS_MAX_LIST];
    uint32_t width_count;
    uint64_t iterations[PEERS_MAX_LIST];
    uint32_t iteration_count;
    uint32_t threads;
    uint32_t tasks;
    uint32_t repetitions;
    uint32_t warm_tasks; /* run before anything is measured */
    uint32_t budget_ms;  /* of one case; PEERS_MIN_REPETITIONS are run all the same */
    bool checked;
    const char *mode; /* null: all */
} peers_options;

static peers_plan peers_now_plan; /* of peers_now */

/* Monotonic time. */
static inline uint64_t peers_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Order of numbers, for qsort. */
static inline int peers_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

/* The middle one of some numbers, which are sorted. */
static inline uint64_t peers_median(uint64_t *values, uint32_t count)
{
    qsort(values, count, sizeof(values[0]), peers_order);
    return values[count / 2];
}

/* What the compute kernel takes here and now, without any runtime: ns. */
static inline double peers_kernel_ns(uint64_t iterations)
{
    uint64_t samples[7];
    uint64_t sink = 1;
    uint64_t calls = iterations == 0 ? 0 : 200000 / iterations + 1;
    if (calls == 0) {
        return 0.0;
    }
    for (uint32_t i = 0; i < 7; i++) {
        uint64_t start = peers_ns();
        for (uint64_t k = 0; k < calls; k++) {
            sink = peers_compute(iterations, sink);
        }
        samples[i] = peers_ns() - start;
    }
    peers_now.cells[0].sum = sink;
    return (double)peers_median(samples, 7) / (double)calls;
}

/* Numbers separated by commas; false if the text is none, or a number is out of bounds. */
static inline bool peers_parse_list(const char *text, uint64_t most, uint64_t *out,
                                    uint32_t *out_count)
{
    *out_count = 0;
    while (*out_count < PEERS_MAX_LIST) {
        char *end = NULL;
        if (*text < '0' || *text > '9') {
            return false;
        }
        uint64_t value = strtoull(text, &end, 10);
        if (value > most) {
            return false;
        }
        out[(*out_count)++] = value;
        if (*end == '\0') {
            return true;
        }
        if (*end != ',') {
            return false;
        }
        text = end + 1;
    }
    return false;
}

/* One number. */
static inline bool peers_parse_number(const char *text, uint32_t most, uint32_t *out)
{
    uint64_t list[PEERS_MAX_LIST];
    uint32_t count = 0;
    if (!peers_parse_list(text, most, list, &count) || count != 1 || list[0] == 0) {
        return false;
    }
    *out = (uint32_t)list[0];
    return true;
}

/* Names of patterns separated by commas, or "all". */
static inline bool peers_parse_patterns(const char *text, bool *out)
{
    char copy[256];
    char *rest = NULL;
    if (strlen(text) >= sizeof(copy)) {
        return false;
    }
    strcpy(copy, text);
    memset(out, 0, sizeof(bool) * PEERS_PATTERNS);
    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        uint32_t p = peers_pattern_find(word);
        for (uint32_t i = 0; i < PEERS_PATTERNS && strcmp(word, "all") == 0; i++) {
            out[i] = true;
            p = i;
        }
        if (p == PEERS_PATTERNS) {
            return false;
        }
        out[p] = true;
    }
    return true;
}

/* Widths: powers of two up to PEERS_MAX_WIDTH. */
static inline bool peers_parse_widths(const char *text, peers_options *o)
{
    uint64_t list[PEERS_MAX_LIST];
    if (!peers_parse_list(text, PEERS_MAX_WIDTH, list, &o->width_count)) {
        return false;
    }
    for (uint32_t i = 0; i < o->width_count; i++) {
        o->width[i] = (uint32_t)list[i];
        if (list[i] == 0 || (list[i] & (list[i] - 1)) != 0) {
            return false;
        }
    }
    return true;
}

/* One number, which may be 0. */
static inline bool peers_parse_count(const char *text, uint32_t *out)
{
    return strcmp(text, "0") == 0 ? (*out = 0, true) : peers_parse_number(text, 1u << 30, out);
}

/* One option with its value. */
static inline bool peers_parse_option(const char *key, const char *value, peers_options *o)
{
    if (strcmp(key, "--pattern") == 0) {
        return peers_parse_patterns(value, o->pattern);
    }
    if (strcmp(key, "--width") == 0) {
        return peers_parse_widths(value, o);
    }
    if (strcmp(key, "--iterations") == 0) {
        return peers_parse_list(value, 1u << 30, o->iterations, &o->iteration_count);
    }
    if (strcmp(key, "--threads") == 0) {
        return peers_parse_number(value, 1024, &o->threads);
    }
    if (strcmp(key, "--tasks") == 0) {
        return peers_parse_number(value, 1u << 22, &o->tasks);
    }
    if (strcmp(key, "--repetitions") == 0) {
        return peers_parse_number(value, PEERS_MAX_REPETITIONS, &o->repetitions);
    }
    if (strcmp(key, "--budget-ms") == 0) {
        return peers_parse_number(value, 1u << 20, &o->budget_ms);
    }
    if (strcmp(key, "--warm") == 0) {
        return peers_parse_count(value, &o->warm_tasks);
    }
    if (strcmp(key, "--mode") == 0) {
        o->mode = value;
        return true;
    }
    return false;
}

/* Reads the command line; false after it has said what is wrong. */
static inline bool peers_parse(int argc, char **argv, peers_options *o)
{
    memset(o, 0, sizeof(*o));
    (void)peers_parse_patterns("all", o->pattern);
    o->width[0] = 16;
    o->width_count = 1;
    o->iteration_count = 1;
    o->threads = 1;
    o->tasks = 20000;
    o->repetitions = 9;
    o->budget_ms = 500;
    o->warm_tasks = PEERS_WARM_TASKS;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--checked") == 0) {
            o->checked = true;
            continue;
        }
        if (i + 1 == argc || !peers_parse_option(argv[i], argv[i + 1], o)) {
            fprintf(stderr,
                    "%s: '%s': wanted --pattern NAME,... --width N,... (powers of two up to %u) "
                    "--threads N --tasks N --iterations N,... --repetitions N --budget-ms N "
                    "--warm N --mode NAME --checked --describe\n",
                    argv[0], argv[i], PEERS_MAX_WIDTH);
            return false;
        }
        i++;
    }
    return true;
}

/* A graph of about `tasks` tasks; fewer where a task has many inputs, so that no peer takes ages.
 */
static inline peers_graph peers_sized(uint32_t pattern, uint32_t width, uint32_t tasks)
{
    uint32_t heavy = pattern == PEERS_all_to_all && width > 8 ? width / 8 : 1;
    uint32_t steps = tasks / width / heavy;
    peers_graph g = {pattern, width, steps < 8 ? 8 : steps};
    return g;
}

/* Prints one case as a line of JSON. */
static inline void peers_print(const peers_peer *peer, uint32_t mode, uint32_t threads,
                               double kernel_ns, const uint64_t *ns, uint32_t count)
{
    const peers_case *c = &peers_now;
    printf("{\"peer\": \"%s\", \"mode\": \"%s\", \"pattern\": \"%s\", \"width\": %u, "
           "\"threads\": %u, \"tasks\": %u, \"inputs\": %u, \"iterations\": %llu, "
           "\"kernel_ns\": %.2f, ",
           peer->name, peer->modes[mode], peers_pattern_names[c->graph.pattern], c->graph.width,
           threads, c->tasks, peers_now_plan.first[peers_now_plan.count],
           (unsigned long long)c->iterations, kernel_ns);
    if (c->checked) {
        peers_errors e = peers_case_errors(c);
        printf("\"errors\": {\"not_once\": %llu, \"inputs\": %llu, \"outputs\": %llu, "
               "\"last\": %llu}, ",
               (unsigned long long)e.not_once, (unsigned long long)e.inputs,
               (unsigned long long)e.outputs, (unsigned long long)e.last);
    }
    printf("\"ns\": [");
    for (uint32_t i = 0; i < count; i++) {
        printf("%s%llu", i == 0 ? "" : ", ", (unsigned long long)ns[i]);
    }
    printf("]}\n");
    fflush(stdout);
}

/* Runs until every ring and pool of a peer has been gone through once, so that no page is touched
 * for the first time when the clock runs; for the case's share of time at most, but once. */
static inline bool peers_warm(const peers_peer *peer, uint32_t mode, const peers_options *o)
{
    uint64_t end = peers_ns() + (uint64_t)o->budget_ms * 1000000u;
    uint32_t tasks = 0;
    bool good = true;
    while (good && tasks < o->warm_tasks && (tasks == 0 || peers_ns() < end)) {
        good = peer->run(mode);
        tasks += peers_now.tasks;
    }
    return good;
}

/* One kernel size of a prepared case. False if the peer failed or the check found an error. */
static inline bool peers_measure(const peers_peer *peer, uint32_t mode, const peers_options *o,
                                 double *out_efficiency)
{
    uint64_t ns[PEERS_MAX_REPETITIONS];
    uint64_t sum = 0;
    uint64_t budget = (uint64_t)o->budget_ms * 1000000u;
    uint32_t count = 0;
    bool good = true;
    double kernel_ns = peers_kernel_ns(peers_now.iterations);
    if (!peers_now.checked && !peers_warm(peer, mode, o)) {
        return false;
    }
    for (uint32_t i = 0; i < o->repetitions; i++) {
        if (i >= (sum > PEERS_LONG * budget ? 1 : PEERS_MIN_REPETITIONS) && sum > budget) {
            break;
        }
        if (peers_now.checked) {
            peers_case_reset(&peers_now);
        }
        uint64_t start = peers_ns();
        if (!peer->run(mode)) {
            return false;
        }
        uint64_t time = peers_ns() - start;
        if (peers_now.checked) {
            peers_errors e = peers_case_errors(&peers_now);
            good = peers_errors_sum(&e) == 0;
        }
        ns[count++] = time;
        sum += time;
        if (!good) {
            break;
        }
    }
    peers_print(peer, mode, o->threads, kernel_ns, ns, count);
    *out_efficiency =
        kernel_ns * peers_now.tasks / ((double)peers_median(ns, count) * (double)o->threads);
    return good;
}

/* All kernel sizes of one graph in one mode. */
static inline bool peers_sweep(const peers_peer *peer, uint32_t mode, const peers_options *o)
{
    double efficiency = 0.0;
    bool good = peer->prepare(mode);
    for (uint32_t i = 0; i < o->iteration_count && good; i++) {
        peers_now.iterations = o->iterations[i];
        good = peers_measure(peer, mode, o, &efficiency);
        if (efficiency > PEERS_SWEEP_END) {
            break;
        }
    }
    peer->finish(mode);
    return good;
}

/* One graph in all modes that are wanted. */
static inline bool peers_graph_case(const peers_peer *peer, const peers_graph *g,
                                    const peers_options *o)
{
    bool good = peers_case_init(&peers_now, g, o->checked);
    good = good && peers_plan_init(&peers_now_plan, g);
    if (!good) {
        fprintf(stderr, "%s: no memory for %u steps\n", peer->name, g->steps);
    }
    for (uint32_t m = 0; peer->modes[m] != NULL && good; m++) {
        if (o->mode == NULL || strcmp(o->mode, peer->modes[m]) == 0) {
            peers_case_reset(&peers_now);
            good = peers_sweep(peer, m, o);
        }
    }
    peers_plan_fini(&peers_now_plan);
    peers_case_fini(&peers_now);
    return good;
}

/* True if the peer has the mode that is wanted. */
static inline bool peers_has_mode(const peers_peer *peer, const char *mode)
{
    bool found = mode == NULL;
    for (uint32_t m = 0; peer->modes[m] != NULL; m++) {
        found = found || strcmp(mode, peer->modes[m]) == 0;
    }
    if (!found) {
        fprintf(stderr, "%s: no mode '%s'\n", peer->name, mode);
    }
    return found;
}

/* Says who the peer is, as a line of JSON. */
static inline int peers_describe(const peers_peer *peer)
{
    printf("{\"peer\": \"%s\", \"version\": \"%s\", \"note\": \"%s\", \"modes\": [", peer->name,
           peer->version, peer->note);
    for (uint32_t m = 0; peer->modes[m] != NULL; m++) {
        printf("%s\"%s\"", m == 0 ? "" : ", ", peer->modes[m]);
    }
    printf("]}\n");
    return 0;
}

/* The main function of every peer's program. */
static inline int peers_main(int argc, char **argv, const peers_peer *peer)
{
    peers_options o;
    if (argc == 2 && strcmp(argv[1], "--describe") == 0) {
        return peers_describe(peer);
    }
    if (!peers_parse(argc, argv, &o) || !peers_has_mode(peer, o.mode)) {
        return 2;
    }
    if (!peer->open(o.threads)) {
        fprintf(stderr, "%s: could not be started\n", peer->name);
        return 1;
    }
    bool good = true;
    for (uint32_t p = 0; p < PEERS_PATTERNS; p++) {
        for (uint32_t w = 0; w < o.width_count && o.pattern[p]; w++) {
            peers_graph g = peers_sized(p, o.width[w], o.tasks);
            good = peers_graph_case(peer, &g, &o) && good;
        }
    }
    peer->close();
    return good ? 0 : 1;
}

#endif
