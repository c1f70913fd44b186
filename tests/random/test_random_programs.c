/*
 * test_random_programs.c - thousands of random programs give the bytes of sequential execution.
 *
 *     test_random_programs [--platform P] [--seed S] [--count N] [--threads T] [--only I]
 *                          [--audit-every N] [--replay 1]
 *
 * Every program has a seed of its own, made from S and its index; --only runs one of them. The
 * runner is used again and again, so that programs meet the state that others left; some sizings
 * return, and some programs are also judged by the oracle. A failing program is cut down and
 * printed. SLIPWAY_TEST_SCALE (percent) scales the default count.
 *
 * With --replay programs are recorded and replayed instead; gets are left out of them first.
 *
 * ctest-labels: random
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim --count 3000
 * ctest-run: a5sim --platform a5sim --count 3000
 * ctest-run: replay_cpu --platform cpu --replay 1 --count 10000
 * ctest-run: replay_a2a3sim --platform a2a3sim --replay 1 --count 600
 * ctest-run: replay_a5sim --platform a5sim --replay 1 --count 600
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"

#define DEFAULT_COUNT 40000u
#define AUDIT_EVERY 4u      /* the oracle judges one of so many programs */
#define REOPEN_EVERY 2500u  /* programs before the runner is closed and opened again */
#define SHRINK_RUNS 3000u   /* of a failing program, all together */
#define SHRINK_ATTEMPTS 30u /* of one candidate: a race does not show every time */

typedef struct options {
    const char *platform;
    uint64_t seed;
    uint32_t count;
    uint32_t threads;
    uint32_t only; /* RP_NONE: all */
    uint32_t audit_every;
    uint32_t replay; /* 1: record and replay */
} options;

/* Everything that is open. */
typedef struct bench {
    slip_runner *runner;
    slip_callable callable[RP_VARIANTS];
    uint32_t shrink_runs;
    bool replay;
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

/* Runs the program, or records and replays it. */
static bool judge(const bench *b, bool audit, char *why, size_t why_bytes)
{
    slip_callable callable = b->callable[rp_variant(&program)];
    return b->replay ? rp_replay(&program, b->runner, callable, audit, why, why_bytes)
                     : rp_run(&program, b->runner, callable, audit, why, why_bytes);
}

/* True if the program fails in one of several runs. */
static bool fails(bench *b, uint32_t attempts)
{
    char why[512];
    for (uint32_t i = 0; i < attempts; i++) {
        b->shrink_runs++;
        if (!judge(b, true, why, sizeof(why))) {
            return true;
        }
    }
    return false;
}

/* True if an operation after `index` that is still there touches a tensor's memory. */
static bool touched_later(uint32_t index, uint32_t memory)
{
    for (uint32_t i = index + 1u; i < program.op_count; i++) {
        const rp_op *op = &program.op[i];
        for (uint32_t k = 0; k < op->arg_count && !op->off; k++) {
            uint32_t tensor = program.pool[op->first_arg + k].view.tensor;
            if (program.tensor[tensor].memory == memory) {
                return true;
            }
        }
    }
    return false;
}

/* True if an operation may be left out without leaving others memory that nobody wrote. */
static bool may_leave_out(uint32_t index)
{
    const rp_op *op = &program.op[index];
    if (op->kind == RP_SCOPE_BEGIN || op->kind == RP_SCOPE_END || op->off) {
        return false;
    }
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const rp_arg *arg = &program.pool[op->first_arg + i];
        const rp_tensor *tensor = &program.tensor[arg->view.tensor];
        bool known = tensor->creator == RP_NONE && (program.last_access != SLIP_ACCESS_OUT ||
                                                    arg->view.tensor + 1u != program.run_tensors);
        if (arg->access >= SLIP_ACCESS_OUT && !known && touched_later(index, tensor->memory)) {
            return false;
        }
    }
    return true;
}

/* Leaves out scopes in which nothing is left. */
static void drop_empty_scopes(void)
{
    uint32_t open[RP_MAX_OPS];
    uint32_t depth = 0;
    for (uint32_t i = 0; i < program.op_count; i++) {
        rp_op *op = &program.op[i];
        if (op->off) {
            continue;
        }
        if (op->kind == RP_SCOPE_BEGIN) {
            open[depth] = i;
            depth++;
        } else if (op->kind != RP_SCOPE_END) {
            for (uint32_t d = 0; d < depth; d++) {
                open[d] = RP_NONE; /* not empty */
            }
        } else {
            depth--;
            if (open[depth] != RP_NONE) {
                program.op[open[depth]].off = true;
                op->off = true;
            }
        }
    }
}

/* Leaves out operations while the program still fails, the last ones first. */
static void shrink(bench *b)
{
    for (uint32_t pass = 0; pass < 3; pass++) {
        for (uint32_t i = program.op_count; i > 0 && b->shrink_runs < SHRINK_RUNS; i--) {
            if (may_leave_out(i - 1u)) {
                program.op[i - 1u].off = true;
                program.op[i - 1u].off = fails(b, SHRINK_ATTEMPTS);
            }
        }
    }
    drop_empty_scopes();
}

/* Reports a failing program: the seed at once, then what is left after shrinking. */
static void report(const options *opt, bench *b, uint32_t index, const char *why)
{
    fprintf(stderr, "program %u of seed %llu failed on %s: %s\n", index,
            (unsigned long long)opt->seed, opt->platform, why);
    fprintf(stderr, "again: --platform %s --threads %u --seed %llu --only %u\n", opt->platform,
            opt->threads, (unsigned long long)opt->seed, index);
    fflush(stderr);
    slip_log_set_level(0); /* the same failure, over and over */
    if (fails(b, SHRINK_ATTEMPTS)) {
        shrink(b);
    }
    char last[512];
    if (!judge(b, true, last, sizeof(last))) {
        fprintf(stderr, "what is left fails with: %s\n", last);
    }
    rp_print(&program, stderr);
}

/* Runs one program. */
static bool run_one(const options *opt, bench *b, uint32_t index)
{
    char why[512];
    rp_generate(&program, rp_mix64(rp_mix64(opt->seed) + index), opt->threads);
    bool audit = index % opt->audit_every == 0 || opt->only != RP_NONE;
    for (uint32_t i = 0; b->replay && i < program.op_count; i++) {
        program.op[i].off = program.op[i].kind == RP_GET;
    }
    if (judge(b, audit, why, sizeof(why))) {
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
    b.replay = opt->replay != 0;
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
        } else if (strcmp(argv[i], "--audit-every") == 0) {
            opt->audit_every = (uint32_t)number(value);
        } else if (strcmp(argv[i], "--replay") == 0) {
            opt->replay = (uint32_t)number(value);
        } else {
            return false;
        }
    }
    return opt->threads > 0 && opt->audit_every > 0;
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
    options opt = {"cpu", clock_seed % 1000000000u, DEFAULT_COUNT, 3, RP_NONE, AUDIT_EVERY, 0};
    if (!read_options(argc, argv, &opt)) {
        fprintf(stderr,
                "usage: %s [--platform P] [--seed S] [--count N] [--threads T] [--only I] "
                "[--audit-every N] [--replay 1]\n",
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
