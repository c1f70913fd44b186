/*
 * lines.c - what the machine charges: line moves, read-modify-writes, clock, pauses, sleep and
 * wake.
 *
 * A program of its own (build/bench/model/lines), two threads pinned to the first two processors it
 * may use. Nothing of the engine is measured here but base/event.h and the simulator's registers;
 * see costs.c for the engine. Prints one line of JSON a measurement (measure.h).
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/event.h"
#include "measure.h"
#include "platform/sim/sim.h"

#define LINE 64u
#define LINES 1024u
#define REPEAT 25u
#define LOOPS 500u /* short, so that some of the samples are undisturbed on a busy machine */

/* One line of memory with a counter or a link. */
typedef struct line {
    slipi_au64 value;
    uint64_t next; /* index of the line to read after this one */
    uint8_t unused[LINE - 2 * sizeof(uint64_t)];
} line;

static line *lines;       /* LINES of them */
static line *turn;        /* whose turn it is */
static line *shared_word; /* both threads add to it */
static slipi_event event;
static double woken_ns; /* how long after the call the sleeper ran */
static uint64_t wake_begin_ns;
static uint64_t sink;

enum phase { PHASE_PING = 1, PHASE_ADD, PHASE_WRITE, PHASE_SLEEP, PHASE_END };

/* Binds the calling thread to the n-th processor that the process may use. */
static void pin(uint32_t n)
{
    cpu_set_t may;
    cpu_set_t one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof(may), &may) != 0) {
        return;
    }
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &may) && n-- == 0) {
            CPU_SET(cpu, &one);
            (void)sched_setaffinity(0, sizeof(one), &one);
            return;
        }
    }
}

/* Waits until a word has a value. */
static void await(slipi_au64 *word, uint64_t value)
{
    while (slipi_load_acquire(word) != value) {
        slipi_cpu_relax();
    }
}

static slipi_au64 command; /* phase * 1000 + round, set by the first thread */
static slipi_au64 answer;  /* the same once the second thread is ready or done */

/* The second thread's part of one round. */
static void assist(uint64_t what, uint64_t word)
{
    if (what == PHASE_PING) {
        slipi_store_release(&answer, word);
        for (uint64_t i = 0; i < LOOPS; i++) {
            await(&turn->value, 2 * i + 1);
            slipi_store_release(&turn->value, 2 * i + 2);
        }
    } else if (what == PHASE_ADD) {
        slipi_store_release(&answer, word);
        for (uint64_t i = 0; i < LOOPS; i++) {
            slipi_add_relaxed(&shared_word->value, 1u);
        }
        slipi_store_release(&answer, word + 1);
    } else if (what == PHASE_WRITE) {
        for (uint32_t i = 0; i < LINES; i++) {
            slipi_store_release(&lines[i].value, word);
        }
        slipi_store_release(&answer, word);
    } else {
        uint32_t ticket = slipi_event_prepare(&event);
        slipi_store_release(&answer, word);
        slipi_event_wait(&event, ticket, 0);
        woken_ns = (double)(slipi_now_ns() - wake_begin_ns);
        slipi_store_release(&answer, word + 1);
    }
}

/* Body of the second thread. */
static void *second(void *unused)
{
    uint64_t seen = 0;
    pin(1);
    for (;;) {
        uint64_t word = slipi_load_acquire(&command);
        if (word == seen) {
            slipi_cpu_relax();
            continue;
        }
        seen = word;
        if (word / 1000u == PHASE_END) {
            return unused;
        }
        assist(word / 1000u, word);
    }
}

/* Starts the second thread's part of a round and waits until it says so. */
static uint64_t begin(enum phase what, uint32_t round)
{
    uint64_t word = (uint64_t)what * 1000u + 2u * round;
    slipi_store_release(&command, word);
    await(&answer, word);
    return word;
}

/* A line going back and forth: half a round trip. */
static void measure_move(void)
{
    measure m = {.name = "line.move"};
    for (uint32_t r = 0; r < REPEAT; r++) {
        slipi_store_release(&turn->value, 0);
        (void)begin(PHASE_PING, r + 1);
        uint64_t start = slipi_now_ns();
        for (uint64_t i = 0; i < LOOPS; i++) {
            slipi_store_release(&turn->value, 2 * i + 1);
            await(&turn->value, 2 * i + 2);
        }
        measure_add(&m, (double)(slipi_now_ns() - start) / LOOPS / 2.0);
    }
    measure_print(&m);
}

/* Read-modify-writes of a line of one's own, and of one that another thread adds to as well. */
static void measure_add_one(void)
{
    measure alone = {.name = "rmw.own"};
    measure both = {.name = "rmw.contended"};
    for (uint32_t r = 0; r < REPEAT; r++) {
        uint64_t start = slipi_now_ns();
        for (uint64_t i = 0; i < LOOPS; i++) {
            slipi_add_relaxed(&turn->value, 1u);
        }
        measure_add(&alone, (double)(slipi_now_ns() - start) / LOOPS);
        uint64_t word = begin(PHASE_ADD, r + 1);
        start = slipi_now_ns();
        for (uint64_t i = 0; i < LOOPS; i++) {
            slipi_add_relaxed(&shared_word->value, 1u);
        }
        await(&answer, word + 1);
        measure_add(&both, (double)(slipi_now_ns() - start) / (2.0 * LOOPS));
    }
    measure_print(&alone);
    measure_print(&both);
}

/* Lines that another core wrote: read in any order (pipelined), and each found by the one before.
 */
static void measure_lines(void)
{
    measure stream = {.name = "line.stream"};
    measure chased = {.name = "line.chased"};
    for (uint32_t r = 0; r < 2 * REPEAT; r++) {
        (void)begin(PHASE_WRITE, r + 1);
        bool chase = r % 2 != 0;
        uint64_t at = 0;
        uint64_t sum = 0;
        uint64_t start = slipi_now_ns();
        for (uint32_t i = 0; i < LINES; i++) {
            sum += slipi_load_relaxed(&lines[chase ? at : i].value);
            at = lines[at].next;
        }
        measure_add(chase ? &chased : &stream, (double)(slipi_now_ns() - start) / LINES);
        sink += sum + at;
    }
    measure_print(&stream);
    measure_print(&chased);
}

/* Waking a thread that sleeps: what the caller pays, and when the sleeper runs. */
static void measure_wake(void)
{
    measure call = {.name = "wake.call"};
    measure latency = {.name = "wake.latency"};
    for (uint32_t r = 0; r < 2 * REPEAT; r++) {
        uint64_t word = begin(PHASE_SLEEP, r + 1);
        uint64_t until = slipi_now_ns() + 300000u; /* it is asleep by then */
        while (slipi_now_ns() < until) {
            slipi_cpu_relax();
        }
        wake_begin_ns = slipi_now_ns();
        slipi_event_notify(&event, 1);
        uint64_t end = slipi_now_ns();
        await(&answer, word + 1);
        measure_add(&call, (double)(end - wake_begin_ns));
        measure_add(&latency, woken_ns);
    }
    measure_print(&call);
    measure_print(&latency);
}

/* Pauses, yields and looks at the clock. */
static void measure_small(void)
{
    measure relax = {.name = "wait.relax"};
    measure yield = {.name = "wait.yield"};
    measure clock = {.name = "clock"};
    for (uint32_t r = 0; r < REPEAT; r++) {
        uint64_t t[4];
        t[0] = slipi_now_ns();
        for (uint32_t i = 0; i < 1000; i++) {
            slipi_cpu_relax();
        }
        t[1] = slipi_now_ns();
        for (uint32_t i = 0; i < 1000; i++) {
            (void)sched_yield();
        }
        t[2] = slipi_now_ns();
        for (uint32_t i = 0; i < 1000; i++) {
            sink += slipi_now_ns();
        }
        t[3] = slipi_now_ns();
        measure_add(&relax, (double)(t[1] - t[0]) / 1000.0);
        measure_add(&yield, (double)(t[2] - t[1]) / 1000.0);
        measure_add(&clock, (double)(t[3] - t[2]) / 1000.0);
    }
    measure_print(&relax);
    measure_print(&yield);
    measure_print(&clock);
}

/* ---- the simulator's registers ----------------------------------------------------------------
 */

static measure reg_write = {.name = "register.write"};
static measure reg_poll = {.name = "register.poll"};

/* Control program: commands to every core in turn, then looks at their status registers. */
static slip_status registers_control(const slip_device_services *s, uint64_t address,
                                     uint32_t thread)
{
    (void)address;
    uint32_t cores = s->info.aic_count + s->info.aiv_count;
    for (uint32_t r = 0; thread == 0 && r < REPEAT; r++) {
        for (uint32_t core = 0; core < cores && s->info.reg_fast_path != 0; core++) {
            s->reg_write(s->device, core, s->info.reg_fast_path, s->info.fast_path_open);
        }
        uint64_t t[3];
        t[0] = slipi_now_ns();
        for (uint32_t core = 0; core < cores; core++) {
            s->reg_write(s->device, core, s->info.reg_dispatch, r + 1);
        }
        t[1] = slipi_now_ns();
        for (uint32_t core = 0; core < 100 * cores; core++) {
            sink += s->reg_read(s->device, core % cores, s->info.reg_status);
        }
        t[2] = slipi_now_ns();
        measure_add(&reg_write, (double)(t[1] - t[0]) / cores);
        measure_add(&reg_poll, (double)(t[2] - t[1]) / (100.0 * cores));
    }
    return SLIP_OK;
}

/* Core program: takes nothing, so that only the registers are measured. */
static int32_t registers_core(const slip_device_services *s, uint64_t address, uint32_t core)
{
    (void)s;
    (void)address;
    (void)core;
    return 0;
}

/* Writing a dispatch register and reading a status register on a2a3sim, on the control thread. */
static bool measure_registers(void)
{
    static const slip_device_entry entry = {sizeof(entry), 0, registers_control, registers_core,
                                            NULL};
    const slip_platform_ops *ops = &slipi_platform_a2a3sim;
    slip_platform_open open;
    slip_platform_device *device = NULL;
    char why[256] = "";
    memset(&open, 0, sizeof(open));
    open.struct_size = (uint32_t)sizeof(open);
    open.threads = 1;
    if (ops->open(&open, &device, why, sizeof(why)) != SLIP_OK) {
        fprintf(stderr, "lines: a2a3sim: %s\n", why);
        return false;
    }
    slip_platform_launch launch;
    memset(&launch, 0, sizeof(launch));
    launch.struct_size = (uint32_t)sizeof(launch);
    launch.entry = &entry;
    launch.threads = 1;
    bool good = ops->launch(device, &launch) == SLIP_OK && ops->wait(device, 0) == SLIP_OK;
    ops->close(device);
    measure_print(&reg_write);
    measure_print(&reg_poll);
    return good;
}

/* Memory for the lines, linked in an order that no prefetcher follows. */
static bool make_lines(void)
{
    void *memory = NULL;
    if (posix_memalign(&memory, 4096, (LINES + 8) * sizeof(line)) != 0) {
        return false;
    }
    memset(memory, 0, (LINES + 8) * sizeof(line));
    lines = memory;
    turn = &lines[LINES + 2];
    shared_word = &lines[LINES + 5];
    for (uint32_t i = 0; i < LINES; i++) {
        lines[i].next = (i * 389u + 211u) % LINES; /* full period: 388 is divisible by 2 and 4 */
    }
    return true;
}

/* See the head of this file. */
int main(void)
{
    pthread_t thread;
    if (!make_lines() || !measure_registers()) {
        return 1;
    }
    if (pthread_create(&thread, NULL, second, NULL) != 0) {
        return 1;
    }
    pin(0); /* after the creation: a thread starts with its creator's processors */
    measure_small();
    measure_move();
    measure_add_one();
    measure_lines();
    measure_wake();
    slipi_store_release(&command, (uint64_t)PHASE_END * 1000u);
    (void)pthread_join(thread, NULL);
    return sink == 1 ? 2 : 0;
}
