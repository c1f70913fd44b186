/*
 * test_cpu_pool.c - the threads of the cpu platform: the gate of a run, calls, limits, failures.
 * ctest-labels: unit concurrency
 * ctest-link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign
 * ctest-link: -Wl,--wrap=pthread_create
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <slipway/slipway.h>

#include "platform/cpu/cpu.h"
#include "support/check.h"
#include "support/launch.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define ROUND_LIMIT 500000u
#define LONG_NS UINT64_C(60000000000)

static const slip_platform_ops *const ops = &slipi_platform_cpu;
static slipi_au64 allocations;   /* calls of an allocator by the library or the test */
static slipi_au32 refuse_thread; /* 1: pthread_create fails */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
int __real_posix_memalign(void **out, size_t alignment, size_t bytes);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *),
                          void *argument);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
int __wrap_posix_memalign(void **out, size_t alignment, size_t bytes);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *),
                          void *argument);

/* Counts. */
void *__wrap_malloc(size_t bytes)
{
    slipi_add_relaxed(&allocations, 1u); /* a counter of the test, as below */
    return __real_malloc(bytes);
}

/* Counts. */
void *__wrap_calloc(size_t count, size_t bytes)
{
    slipi_add_relaxed(&allocations, 1u);
    return __real_calloc(count, bytes);
}

/* Counts. */
void *__wrap_realloc(void *old, size_t bytes)
{
    slipi_add_relaxed(&allocations, 1u);
    return __real_realloc(old, bytes);
}

/* Counts. */
int __wrap_posix_memalign(void **out, size_t alignment, size_t bytes)
{
    slipi_add_relaxed(&allocations, 1u);
    return __real_posix_memalign(out, alignment, bytes);
}

/* Counts, and fails on demand: starting a thread allocates its stack. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *),
                          void *argument)
{
    slipi_add_relaxed(&allocations, 1u);
    if (slipi_load_acquire(&refuse_thread) != 0) {
        return EAGAIN;
    }
    return __real_pthread_create(thread, attr, body, argument);
}

/* Number of rounds at SLIPWAY_TEST_SCALE percent. */
static uint32_t scaled(uint32_t rounds)
{
    const char *scale = getenv("SLIPWAY_TEST_SCALE");
    uint32_t percent = scale != NULL ? (uint32_t)atoi(scale) : 100u;
    uint32_t n = rounds / 100u * percent;
    return n > 0 ? n : 1u;
}

/* Opens a device with that many threads. */
static slip_platform_device *open_device(uint32_t threads)
{
    char why[256] = "";
    slip_platform_open options = {.struct_size = sizeof(options), .threads = threads};
    slip_platform_device *device = NULL;
    CHECK_STATUS(SLIP_OK, ops->open(&options, &device, why, sizeof(why)));
    return device;
}

/* Launches an entry over a block of the host's and waits. */
static slip_status run(slip_platform_device *device, const slip_device_entry *entry, void *block,
                       uint32_t threads)
{
    slip_status status =
        launch_at((launch_on){ops, device}, entry, (uint64_t)(uintptr_t)block, threads);
    return status == SLIP_OK ? ops->wait(device, LONG_NS) : status;
}

/* ---- the gate ------------------------------------------------------------------------------- */

/* A run of the gate test. It lives on after the run, so that a late thread would be seen. */
struct gate_run {
    slipi_au32 open;   /* 1 while the run may be entered */
    slipi_au32 late;   /* entries and exits seen while it was not */
    slipi_au32 inside; /* threads inside */
    slipi_au32 beyond; /* entries of threads beyond the limit */
    slipi_ai32 items;  /* work left */
    slipi_au64 visits;
    uint32_t limit;
};

/* Takes items until there are none; calls others now and then. */
static void work(const slip_device_services *s, struct gate_run *r, uint32_t thread)
{
    while (slipi_load_acquire(&r->items) > 0) {
        int32_t item = slipi_add_acq_rel(&r->items, -1);
        if (item > 0 && item % 7 == 0) {
            s->call_threads(s->device, 1u + thread % 3u);
        }
    }
}

/* Checks that the run is open from entering to leaving. */
static slip_status gate_control(const slip_device_services *s, uint64_t address, uint32_t thread)
{
    struct gate_run *r = (struct gate_run *)(uintptr_t)address;
    slipi_add_acq_rel(&r->inside, 1u);
    slipi_add_relaxed(&r->visits, 1u); /* counters of the test, as below */
    if (slipi_load_acquire(&r->open) != 1u) {
        slipi_add_relaxed(&r->late, 1u);
    }
    if (thread >= r->limit) {
        slipi_add_relaxed(&r->beyond, 1u);
    }
    if (thread == 0) {
        s->call_threads(s->device, 1u);
    }
    work(s, r, thread);
    if (slipi_load_acquire(&r->open) != 1u) {
        slipi_add_relaxed(&r->late, 1u);
    }
    slipi_sub_acq_rel(&r->inside, 1u);
    return SLIP_OK;
}
static const slip_device_entry gate_entry = {.struct_size = sizeof(gate_entry),
                                             .control = gate_control};

/* Many short runs; the limit changes from run to run. */
static void gate_with(uint32_t threads, uint32_t runs)
{
    static struct gate_run ring[64];
    slip_platform_device *device = open_device(threads);
    memset(ring, 0, sizeof(ring));
    for (uint32_t i = 0; i < runs; i++) {
        struct gate_run *r = &ring[i % 64u];
        CHECK_EQ(slipi_load_acquire(&r->late), 0);
        CHECK_EQ(slipi_load_acquire(&r->beyond), 0);
        r->limit = 1u + i % threads;
        slipi_store_release(&r->items, (int32_t)(i % 97u));
        slipi_store_release(&r->open, 1u);
        CHECK_STATUS(SLIP_OK, run(device, &gate_entry, r, r->limit));
        CHECK_EQ(slipi_load_acquire(&r->inside), 0);
        slipi_store_release(&r->open, 0u);
    }
    ops->close(device);
    for (uint32_t i = 0; i < 64u; i++) {
        CHECK_EQ(slipi_load_acquire(&ring[i].late), 0);
        CHECK_EQ(slipi_load_acquire(&ring[i].beyond), 0);
    }
}

/* Nobody is inside a run that its owner believes over, with 1 to 32 threads. */
static void gate(void)
{
    gate_with(1, scaled(5000));
    gate_with(2, scaled(5000));
    gate_with(3, scaled(3000));
    gate_with(8, scaled(1500));
    gate_with(32, scaled(500));
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Items made by thread 0 that only helpers may take. */
struct call_run {
    slipi_au32 made;
    slipi_au32 taken;
    slipi_au32 failed;
    uint32_t rounds;
};

/* A helper takes what there is and leaves at once; thread 0 calls one for every item. */
static slip_status call_control(const slip_device_services *s, uint64_t address, uint32_t thread)
{
    struct call_run *r = (struct call_run *)(uintptr_t)address;
    if (thread != 0) {
        uint32_t taken = slipi_load_acquire(&r->taken);
        if (taken < slipi_load_acquire(&r->made)) {
            (void)slipi_cas_acq_rel(&r->taken, &taken, taken + 1u);
        }
        return SLIP_OK;
    }
    for (uint32_t i = 1; i <= r->rounds; i++) {
        slipi_store_release(&r->made, i);
        s->call_threads(s->device, 1u);
        uint32_t round = 0;
        while (slipi_load_acquire(&r->taken) < i && round < ROUND_LIMIT) {
            s->idle(s->device, thread, round++);
        }
        if (round == ROUND_LIMIT) {
            slipi_store_release(&r->failed, i);
            return SLIP_OK;
        }
    }
    return SLIP_OK;
}
static const slip_device_entry call_entry = {.struct_size = sizeof(call_entry),
                                             .control = call_control};

/* A call that comes while a helper leaves, or falls asleep, is not lost. */
static void no_call_is_lost(void)
{
    for (uint32_t threads = 2; threads <= 4u; threads++) {
        slip_platform_device *device = open_device(threads);
        struct call_run r = {.rounds = scaled(3000)};
        CHECK_STATUS(SLIP_OK, run(device, &call_entry, &r, threads));
        CHECK_EQ(slipi_load_acquire(&r.failed), 0);
        CHECK_EQ(slipi_load_acquire(&r.taken), r.rounds);
        ops->close(device);
    }
}

/* Who has been there, of many. */
struct crowd_run {
    slipi_au32 here[SLIP_MAX_THREADS];
    slipi_au32 count;
    uint32_t wanted;
};

/* Stays until all are there. */
static slip_status crowd_control(const slip_device_services *s, uint64_t address, uint32_t thread)
{
    struct crowd_run *r = (struct crowd_run *)(uintptr_t)address;
    if (slipi_add_acq_rel(&r->here[thread], 1u) == 0) {
        slipi_add_acq_rel(&r->count, 1u);
    }
    if (thread == 0) {
        s->call_threads(s->device, UINT32_MAX);
    }
    for (uint32_t round = 0; slipi_load_acquire(&r->count) < r->wanted && round < ROUND_LIMIT / 10u;
         round++) {
        s->idle(s->device, thread, round);
    }
    return SLIP_OK;
}
static const slip_device_entry crowd_entry = {.struct_size = sizeof(crowd_entry),
                                              .control = crowd_control};

/* A hundred threads on a few processors all come, twice. */
static void hundred_threads(void)
{
    static struct crowd_run r;
    slip_platform_device *device = open_device(100);
    for (int again = 0; again < 2; again++) {
        memset(&r, 0, sizeof(r));
        r.wanted = 100;
        CHECK_STATUS(SLIP_OK, run(device, &crowd_entry, &r, 100));
        CHECK_EQ(slipi_load_acquire(&r.count), 100);
    }
    ops->close(device);
}

/* ---- what costs nothing --------------------------------------------------------------------- */

/* A run of nothing. */
static slip_status empty_control(const slip_device_services *s, uint64_t address, uint32_t thread)
{
    (void)s;
    (void)address;
    (void)thread;
    return SLIP_OK;
}
static const slip_device_entry empty_entry = {.struct_size = sizeof(empty_entry),
                                              .control = empty_control};

/* An empty run allocates nothing, and opening starts no thread. */
static void empty_run_allocates_nothing(void)
{
    slip_platform_device *device = open_device(8);
    slip_status worst = SLIP_OK;
    uint64_t before = slipi_load_relaxed(&allocations);
    for (int i = 0; i < 1000; i++) {
        slip_status status = run(device, &empty_entry, NULL, 8);
        worst = status != SLIP_OK ? status : worst;
    }
    CHECK_EQ(slipi_load_relaxed(&allocations), before);
    CHECK_STATUS(SLIP_OK, worst);
    ops->close(device);
}

/* An empty run makes no system call: a process that would be killed for one survives it. */
static void empty_run_makes_no_system_call(void)
{
    slip_platform_device *device = open_device(8);
    pid_t child = SANITIZED ? -1 : fork();
    if (child == 0) {
        int wrong = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0 ? 77 : 0;
        for (int i = 0; i < 1000 && wrong == 0; i++) {
            wrong = run(device, &empty_entry, NULL, 8) != SLIP_OK;
        }
        /* exit_group would not be allowed. */
        (void)syscall(SYS_exit, wrong);
    }
    if (child > 0) {
        int how = 0;
        CHECK(waitpid(child, &how, 0) == child);
        CHECK(WIFEXITED(how));
        if (WIFEXITED(how) && WEXITSTATUS(how) == 77) {
            printf("  not checked: the kernel has no seccomp\n");
        } else {
            CHECK_EQ(how, 0);
        }
    }
    ops->close(device);
}

/* ---- failures ------------------------------------------------------------------------------- */

/* Where no thread can be started, thread 0 does everything. */
static void threads_cannot_be_started(void)
{
    slip_platform_device *device = open_device(4);
    struct gate_run r = {.limit = 4};
    slip_log_set_level(0);
    slipi_store_release(&refuse_thread, 1u);
    for (int i = 0; i < 3; i++) {
        slipi_store_release(&r.items, 1000);
        slipi_store_release(&r.open, 1u);
        CHECK_STATUS(SLIP_OK, run(device, &gate_entry, &r, 4));
        CHECK(slipi_load_acquire(&r.items) <= 0);
    }
    slipi_store_release(&refuse_thread, 0u);
    slip_log_set_level(SLIP_LOG_WARN);
    CHECK_EQ(slipi_load_acquire(&r.visits), 3);
    ops->close(device);
}

static slipi_au32 held;   /* 1: a helper is inside and stays */
static slipi_au32 let_go; /* 1: it may leave */

/* A helper that stays in its kernel; thread 0 reports the hang. */
static slip_status stuck_control(const slip_device_services *s, uint64_t address, uint32_t thread)
{
    (void)address;
    if (thread != 0) {
        slipi_store_release(&held, 1u);
        while (slipi_load_acquire(&let_go) == 0) {
            (void)usleep(1000);
        }
        slipi_store_release(&held, 2u);
        return SLIP_OK;
    }
    s->call_threads(s->device, 1u);
    for (uint32_t round = 0; slipi_load_acquire(&held) == 0 && round < ROUND_LIMIT; round++) {
        s->idle(s->device, thread, round);
    }
    return SLIP_E_HANG;
}
static const slip_device_entry stuck_entry = {.struct_size = sizeof(stuck_entry),
                                              .control = stuck_control};

/* A stuck thread ends neither the wait nor the close for ever; its memory stays readable. */
static void stuck_thread(void)
{
    static slip_platform_device *device; /* stays reachable: it is left behind on purpose */
    uint64_t at = 0;
    slip_log_set_level(0);
    device = open_device(2);
    CHECK_STATUS(SLIP_OK, ops->alloc(device, 4096, &at));
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){ops, device}, &stuck_entry, 0, 2));
    CHECK_STATUS(SLIP_E_HANG, ops->wait(device, 0));
    CHECK_STATUS(SLIP_E_BUSY, launch_at((launch_on){ops, device}, &empty_entry, 0, 1));
    ops->close(device);
    CHECK_EQ(*(const uint32_t *)(uintptr_t)at, 0);
    slipi_store_release(&let_go, 1u);
    while (slipi_load_acquire(&held) != 2u) {
        (void)usleep(1000);
    }
    slip_log_set_level(SLIP_LOG_WARN);
}

/* A hang that resolved itself is not reported as threads that are inside. */
static void resolved_hang(void)
{
    slip_platform_device *device = open_device(2);
    slipi_store_release(&held, 0u);
    slipi_store_release(&let_go, 1u);
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){ops, device}, &stuck_entry, 0, 2));
    CHECK_STATUS(SLIP_E_DEVICE, ops->wait(device, LONG_NS));
    CHECK_STATUS(SLIP_OK, run(device, &empty_entry, NULL, 2));
    ops->close(device);
}

/* Runs the cases. */
int main(void)
{
    CHECK_CASE(gate);
    CHECK_CASE(no_call_is_lost);
    CHECK_CASE(hundred_threads);
    CHECK_CASE(empty_run_allocates_nothing);
    CHECK_CASE(empty_run_makes_no_system_call);
    CHECK_CASE(threads_cannot_be_started);
    CHECK_CASE(stuck_thread);
    CHECK_CASE(resolved_hang);
    return check_report();
}
