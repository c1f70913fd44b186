/*
 * test_random_programs.c - thousands of random programs give the bytes of sequential execution.
 *
 *     test_random_programs [--platform P] [--seed S] [--count N] [--threads T] [--only I]
 *
 * Every program has a seed of its own, made from S and its index; --only runs one of them. The
 * runner is used again and again, so that programs meet the state that others left; some sizings
 * return, and some programs are also judged by the oracle. A failing program is cut down and
 * printed. SLIPWAY_TEST_SCALE (percent) scales the default count.
 *
 * ctest-labels: random
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim --count 300
 * ctest-run: a5sim --platform a5sim --count 300
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"

#define DEFAULT_COUNT 10000u
#define AUDIT_EVERY 4u      /* programs between two that the oracle judges */
#define REOPEN_EVERY 2500u  /* programs before the runner is closed and opened again */
#define SHRINK_RUNS 3000u   /* of a failing program, all together */
#define SHRINK_ATTEMPTS 30u /* of one candidate: a race does not show every time */

typedef struct options {
    const char *platform;
    uint64_t seed;
    uint32_t count;
    uint32_t threads;
    uint32_t only; /* RP_NONE: all */
} options;

/* Everything that is open. */
typedef struct bench {
    slip_runner *runner;
    slip_callable callable[RP_VARIANTS];
    uint32_t shrink_runs;
} bench;

static rp_program program;

/* Opens a runner and registers the variants. */
static bool open_bench(const options *opt, bench *b)
{
    slip_runner_options open = {.struct_size = sizeof(open)};
    open.platform = opt->platform;
    open.threads = opt->threads;
    slip_status status = slip_runner_open(&open, &b->runner);
    for (uint32_t v = 0; v < RP_VARIANTS && status == SLIP_OK; v++) {
        status = slip_register_program(b->runner, rp_variant_program(v), &b->callable[v]);
    }
    if (status != SLIP_OK) {
        fprintf(stderr, "no runner on %s: %s\n", opt->platform, slip_status_name(status));
    }
    return status == SLIP_OK;
}

/* True if the program fails in one of several runs. */
static bool fails(bench *b, uint32_t attempts)
{
    char why[512];
    for (uint32_t i = 0; i < attempts; i++) {
        b->shrink_runs++;
        if (!rp_run(&program, b->runner, b->callable[rp_variant(&program)], true, why,
                    sizeof(why))) {
            return true;
        }
    }
    return false;
}

/* True if an operation may be left out without touching what others read. */
static bool may_leave_out(const rp_op *op)
{
    if (op->kind == RP_SCOPE_BEGIN || op->kind == RP_SCOPE_END || op->off) {
        return false;
    }
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const rp_arg *arg = &program.pool[op->first_arg + i];
        bool run_argument = program.tensor[arg->view.tensor].creator == RP_NONE;
        bool last_is_out =
            program.last_access == SLIP_ACCESS_OUT && arg->view.tensor + 1u == program.run_tensors;
        if (arg->access >= SLIP_ACCESS_OUT && (!run_argument || last_is_out)) {
            return false;
        }
        if (arg->access == SLIP_ACCESS_INOUT && (!run_argument || last_is_out)) {
            return false;
        }
    }
    return true;
}

/* Leaves out operations while the program still fails: from the end, then any. */
static void shrink(bench *b)
{
    for (uint32_t i = program.op_count; i > 0 && b->shrink_runs < SHRINK_RUNS; i--) {
        rp_op *op = &program.op[i - 1u];
        bool last = op->kind != RP_SCOPE_BEGIN && op->kind != RP_SCOPE_END;
        for (uint32_t k = i; k < program.op_count; k++) {
            uint32_t kind = program.op[k].kind;
            last = last && (program.op[k].off || kind == RP_SCOPE_BEGIN || kind == RP_SCOPE_END);
        }
        if (last || may_leave_out(op)) {
            op->off = true;
            op->off = fails(b, SHRINK_ATTEMPTS);
        }
    }
}

/* Reports a failing program: the seed at once, then what is left after shrinking. */
static void report(const options *opt, bench *b, uint32_t index, const char *why)
{
    fprintf(stderr, "program %u of seed %llu failed on %s: %s\n", index,
            (unsigned long long)opt->seed, opt->platform, why);
    fprintf(stderr, "again: --platform %s --threads %u --seed %llu --only %u\n", opt->platform,
            opt->threads, (unsigned long long)opt->seed, index);
    fflush(stderr);
    if (fails(b, SHRINK_ATTEMPTS)) {
        shrink(b);
    }
    rp_print(&program, stderr);
}

/* Runs one program. */
static bool run_one(const options *opt, bench *b, uint32_t index)
{
    char why[512];
    rp_generate(&program, rp_mix64(opt->seed + index), opt->threads);
    bool audit = index % AUDIT_EVERY == 0 || opt->only != RP_NONE;
    if (rp_run(&program, b->runner, b->callable[rp_variant(&program)], audit, why, sizeof(why))) {
        return true;
    }
    report(opt, b, index, why);
    return false;
}

/* Runs all; stops at the first failure. */
static bool run_all(const options *opt)
{
    bench b;
    memset(&b, 0, sizeof(b));
    bool good = open_bench(opt, &b);
    uint64_t tasks = 0;
    uint32_t first = opt->only == RP_NONE ? 0 : opt->only;
    uint32_t end = opt->only == RP_NONE ? opt->count : opt->only + 1u;
    for (uint32_t i = first; i < end && good; i++) {
        if (i != first && i % REOPEN_EVERY == 0) {
            slip_runner_close(b.runner);
            good = open_bench(opt, &b);
        }
        good = good && run_one(opt, &b, i);
        tasks += program.task_count;
    }
    slip_runner_close(b.runner);
    printf("%u programs, %llu tasks on %s: %s\n", end - first, (unsigned long long)tasks,
           opt->platform, good ? "all as in sequential execution" : "failed");
    return good;
}

/* Reads a number. */
static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 0);
}

/* Reads the options; false for one that is unknown. */
static bool read_options(int argc, char **argv, options *opt)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (value == NULL) {
            return false;
        }
        if (strcmp(argv[i], "--platform") == 0) {
            opt->platform = value;
        } else if (strcmp(argv[i], "--seed") == 0) {
            opt->seed = number(value);
        } else if (strcmp(argv[i], "--count") == 0) {
            opt->count = (uint32_t)number(value);
        } else if (strcmp(argv[i], "--threads") == 0) {
            opt->threads = (uint32_t)number(value);
        } else if (strcmp(argv[i], "--only") == 0) {
            opt->only = (uint32_t)number(value);
        } else {
            return false;
        }
    }
    return opt->threads > 0;
}

/* Percent of the usual amount of work that is wanted. */
static uint32_t scale(void)
{
    const char *text = getenv("SLIPWAY_TEST_SCALE");
    uint64_t percent = text != NULL ? number(text) : 100u;
    return percent == 0 || percent > 100000u ? 100u : (uint32_t)percent;
}

/* Runs the programs. */
int main(int argc, char **argv)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint64_t clock_seed = rp_mix64((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
    options opt = {"cpu", clock_seed % 1000000000u, DEFAULT_COUNT, 3, RP_NONE};
    if (!read_options(argc, argv, &opt)) {
        fprintf(stderr,
                "usage: %s [--platform P] [--seed S] [--count N] [--threads T] [--only I]\n",
                argv[0]);
        return 2;
    }
    uint64_t scaled = (uint64_t)opt.count * scale() / 100u;
    opt.count = scaled == 0 ? 1u : (uint32_t)scaled;
    printf("seed %llu\n", (unsigned long long)opt.seed);
    fflush(stdout);
    bool good = run_all(&opt);
    printf("%d passed, %d failed\n", good ? 1 : 0, good ? 0 : 1);
    return good ? 0 : 1;
}
