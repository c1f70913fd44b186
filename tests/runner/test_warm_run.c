/*
 * test_warm_run.c - a warm run on cpu of an empty graph or one task, and a prepared call: no
 * allocation, no system call, and only the clock reads that were asked for. All are counted; system
 * calls by a filter that ends the process at the first one.
 *
 * ctest-labels: unit S3
 * ctest-link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free,--wrap=clock_gettime
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <slipway/slipway.h>

#include "support/check.h"

/* Sanitizers and the like make calls of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_CALLS false
#else
#define COUNTS_CALLS true
#endif

enum { RUNS = 2000 };

static uint64_t allocations;
static uint64_t clock_reads;

/* Names that the linker gives to the wrapped functions. */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void __real_free(void *memory);
int __real_clock_gettime(clockid_t clock, struct timespec *out);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void __wrap_free(void *memory);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

/* malloc */
void *__wrap_malloc(size_t bytes)
{
    allocations++;
    return __real_malloc(bytes);
}

/* calloc */
void *__wrap_calloc(size_t count, size_t bytes)
{
    allocations++;
    return __real_calloc(count, bytes);
}

/* realloc */
void *__wrap_realloc(void *old, size_t bytes)
{
    allocations++;
    return __real_realloc(old, bytes);
}

/* free */
void __wrap_free(void *memory)
{
    allocations++;
    __real_free(memory);
}

/* clock_gettime */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    clock_reads++;
    return __real_clock_gettime(clock, out);
}

/* Does nothing. */
static int32_t nothing(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* Submits as many tasks as its scalar says. */
static slip_status orchestrate(slip_orch *o)
{
    slip_status status = SLIP_OK;
    for (uint64_t n = slip_orch_scalar(o, 0); n > 0 && status == SLIP_OK; n--) {
        status = slip_spawn(o, SLIP_TASK_AIV, 0, 0, NULL);
    }
    return status;
}

static const slip_kernel_entry kernels[] = {{"nothing", nothing, SLIP_AIV, 0}};
static const slip_param params[] = {
    {"tasks", SLIP_PARAM_SCALAR, 0, 0, 0},
    {"data", SLIP_PARAM_TENSOR, SLIP_ACCESS_INOUT, SLIP_F32, 1},
};
static const slip_program program = {SLIP_PROGRAM_MAGIC,
                                     SLIP_PROGRAM_ABI,
                                     (uint32_t)sizeof(slip_program),
                                     "warm",
                                     orchestrate,
                                     NULL,
                                     kernels,
                                     1,
                                     2,
                                     params};

/* A warm runner and what it runs. */
typedef struct fixture {
    slip_runner *runner;
    slip_callable callable;
    slip_call *call;
    slip_run_config config;
    slip_run_arg args[2];
    float data[2][16];
} fixture;

static fixture f;

/* Opens, prepares and warms up; `tasks` is 0 or 1. */
static void warm_up(uint64_t tasks, uint32_t untimed)
{
    const uint32_t shape[1] = {16};
    slip_runner_options options = {.struct_size = (uint32_t)sizeof(options)};
    f.config = (slip_run_config){.struct_size = (uint32_t)sizeof(f.config), .untimed = untimed};
    f.args[0] = slip_scalar_arg(tasks);
    f.args[1] = slip_host_tensor(f.data[0], SLIP_F32, SLIP_ACCESS_INOUT, 1, shape);
    CHECK_STATUS(SLIP_OK, slip_runner_open(&options, &f.runner));
    CHECK_STATUS(SLIP_OK, slip_register_program(f.runner, &program, &f.callable));
    CHECK_STATUS(SLIP_OK, slip_call_prepare(f.runner, f.callable, f.args, 2, &f.config, &f.call));
    for (uint32_t i = 0; i < 10; i++) {
        CHECK_STATUS(SLIP_OK, slip_run(f.runner, f.callable, f.args, 2, &f.config));
        CHECK_STATUS(SLIP_OK, slip_call_run(f.call));
    }
}

/* Warm runs and calls, arguments changed between the calls; number of failures. */
static uint32_t run_warm(void)
{
    uint32_t failures = 0;
    for (uint32_t i = 0; i < RUNS; i++) {
        slip_run_arg arg = f.args[1];
        arg.host = f.data[i % 2];
        failures += slip_run(f.runner, f.callable, f.args, 2, &f.config) != SLIP_OK ? 1u : 0u;
        failures += slip_call_set(f.call, 1, &arg) != SLIP_OK ? 1u : 0u;
        failures += slip_call_run(f.call) != SLIP_OK ? 1u : 0u;
    }
    return failures;
}

/* Lets every system call but the one that ends the process kill it, for this thread. */
static bool forbid_system_calls(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {(unsigned short)(sizeof(rules) / sizeof(rules[0])), rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

/* What a child does that may make no system call: exit code 0 if it came through. */
static int child_status(uint32_t (*work)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!forbid_system_calls()) {
            _exit(CHECK_SKIP);
        }
        _exit(work() == 0 ? 0 : 1);
    }
    int status = 0;
    CHECK_EQ(child, waitpid(child, &status, 0));
    return status;
}

/* Makes one system call. */
static uint32_t call_the_system(void)
{
    return syscall(SYS_getppid) > 0 ? 0 : 1;
}

/* Everything counted over warm runs of some tasks. */
static void count(uint64_t tasks, uint32_t untimed)
{
    warm_up(tasks, untimed);
    allocations = 0;
    clock_reads = 0;
    CHECK_EQ(0, run_warm());
    if (COUNTS_CALLS) {
        CHECK_EQ(0, allocations);
    }
    /* Three a run; tasks add the two of a kernel that is timed, one in 64. */
    uint64_t wanted = untimed != 0 ? 0 : UINT64_C(6) * RUNS;
    uint64_t sampled = tasks == 0 ? 0 : UINT64_C(2) * (2 * RUNS / 64 + 1) * tasks;
    CHECK(clock_reads >= wanted && clock_reads <= wanted + sampled);
    slip_stats stats = {.struct_size = (uint32_t)sizeof(stats)};
    CHECK_STATUS(SLIP_OK, slip_runner_stats(f.runner, &stats));
    CHECK_EQ(untimed == 0, stats.last_bind_ns != 0);
    CHECK_EQ(untimed == 0, stats.last_run_ns != 0);
    if (COUNTS_CALLS) {
        int status = child_status(run_warm);
        if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIP) {
            printf("system calls cannot be filtered here\n");
        } else {
            CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            status = child_status(call_the_system);
            CHECK(WIFSIGNALED(status)); /* or the filter filters nothing */
        }
    }
    slip_runner_close(f.runner);
}

/* An empty graph. */
static void empty_graph(void)
{
    count(0, 0);
}

/* One empty task. */
static void one_task(void)
{
    count(1, 0);
}

/* Without clock reads. */
static void untimed(void)
{
    count(0, 1);
    count(1, 1);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(empty_graph);
    CHECK_CASE(one_task);
    CHECK_CASE(untimed);
    return check_report();
}
