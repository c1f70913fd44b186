/*
 * cores.c - the cores of the stand-in's device and the threads that play them; see device.h.
 *
 * A core is its step function and a block of registers, plain words in the device's memory. A few
 * players go round the cores of a launch and step each until it has stopped; a core is stepped by
 * one of them at a time. Nobody is told of a write to a register, so players look; when they find
 * nothing they yield, then sleep for a little, and without a launch they sleep for good.
 *
 * Which physical core plays which is a fixed permutation, so that only the cores' own hello tells.
 * The registers lie as on the two architectures:
 *
 *     a2a3   25 clusters of 8 MiB, one of them not usable; AIC at 0, AIVs at 1 and 2 MiB.
 *            Physical numbers: AIC of cluster i is i, its AIVs are 25 + 2 i and 26 + 2 i
 *     a5     36 clusters of 3 MiB on two dies, laid out alike inside.
 *            Physical numbers on die d: AIC of cluster i is 54 d + i, its AIVs 54 d + 18 + 2 i, + 1
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "abi/dispatch.h"
#include "device.h"

enum {
    MAX_CORES = 192,
    MAX_PLAYERS = 16,
    STRIDE = 7, /* of the permutation: prime to 24 and 36 */
    START = 3,
    A2A3_CLUSTERS = 25,
    A2A3_UNUSABLE = 11, /* chosen */
    A5_DIE_CLUSTERS = 18,
    YIELDS = 64,          /* rounds without a find before players sleep; chosen */
    SLEEP_NS_MIN = 20000, /* chosen: some task lengths */
    SLEEP_NS_MAX = 200000 /* chosen */
};
static const uint64_t mebibyte = UINT64_C(1) << 20;

/* A core in a launch. Only who has claimed it touches the rest. */
typedef struct core {
    _Alignas(64) slipi_au32 claim;
    uint32_t greeted; /* has taken its first step */
    uint32_t ended;   /* has stopped, or takes no steps */
    uint32_t physical;
    uint32_t command; /* last value that was seen in its dispatch register */
    uint8_t *registers;
} core;

static core cores[MAX_CORES];
static const struct slipi_arch_row *row;
static device_range registers;

/* The launch that has the cores. */
static struct {
    pthread_mutex_t cores_lock; /* who has the cores */
    pthread_mutex_t lock;       /* of what follows, down to `inside` */
    pthread_cond_t changed;
    bool active;
    uint64_t generation; /* of launches: a player is in each once */
    uint32_t inside;     /* players */
    device_step_fn step;
    const void *args;
    uint32_t count;
    slipi_au32 left;   /* cores that have not stopped */
    slipi_au32 failed; /* a core that stopped otherwise than it should */
} play = {
    .cores_lock = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};

/* A register of a core. */
static slipi_au32 *reg(const core *c, uint32_t offset)
{
    return (slipi_au32 *)(void *)(c->registers + offset);
}

/* Gives core `number` of a launch on `blocks` blocks its physical place. */
static void place_core(uint32_t number, uint32_t blocks, uint32_t row_number)
{
    core *c = &cores[number];
    uint32_t block = number < blocks ? number : (number - blocks) / 2u;
    uint32_t lane = number < blocks ? 0 : (number - blocks) % 2u;
    uint32_t cluster = (STRIDE * block + START) % row->blocks;
    uint64_t span = 3;
    if (row_number == 0) {
        cluster += cluster >= A2A3_UNUSABLE;
        span = 8;
    }
    /* The lanes of every other cluster are swapped. */
    uint32_t sub = number < blocks ? 0 : 1u + (lane ^ (cluster & 1u));
    c->registers = (uint8_t *)(uintptr_t)registers.first + (cluster * span + sub) * mebibyte;
    uint32_t die_clusters = row_number == 0 ? A2A3_CLUSTERS : A5_DIE_CLUSTERS;
    uint32_t first = cluster / die_clusters * 3u * die_clusters;
    uint32_t in_die = cluster % die_clusters;
    c->physical = first + (sub == 0 ? in_die : die_clusters + 2u * in_die + sub - 1u);
}

/* Whether the core takes a task next, as seen by a command that was not there before. */
static bool sees_task(core *c)
{
    uint32_t command = slipi_load_acquire(reg(c, row->reg_dispatch));
    bool fresh = command != c->command;
    c->command = command;
    return fresh && (command & SLIPI_COMMAND_MASK) == SLIPI_COMMAND_RUN;
}

/* Steps a core that has said hello; its step's value. */
static int32_t step_core(core *c, uint32_t number)
{
    uint32_t fast_path = row->fast_path_open;
    if (row->reg_fast_path != 0) {
        fast_path = slipi_load_acquire(reg(c, row->reg_fast_path));
        /* Not opened yet in this launch: no command reaches the core. Once closed again it may
         * still have a command to take, the one to stop. */
        if (fast_path != row->fast_path_open && fast_path != row->fast_path_close) {
            return 0;
        }
    }
    bool task = sees_task(c);
    if (task && device_fault_kernel()) {
        slipi_store_release(reg(c, row->reg_status),
                            SLIPI_COND_ACK | (c->command & SLIPI_SEQUENCE_MASK));
        c->ended = 1; /* and stays among those that have not stopped */
        return 1;
    }
    int32_t outcome = play.step(play.args, number, c->physical);
    if (outcome > 0) {
        slipi_add_relaxed(&counters.tasks, 1u); /* a counter */
        if (task && fast_path != row->fast_path_open) {
            slipi_add_relaxed(&counters.closed_tasks, 1u); /* a counter */
        }
    }
    return outcome;
}

/* First step of a core, in which it says hello. */
static int32_t greet(core *c, uint32_t number)
{
    c->greeted = 1;
    if (device_fault_core(number)) {
        c->ended = 1;
        return 0;
    }
    c->command = slipi_load_acquire(reg(c, row->reg_dispatch));
    if (row->reg_fast_path != 0) {
        slipi_store_release(reg(c, row->reg_fast_path), 0);
    }
    return play.step(play.args, number, c->physical);
}

/* Gives a core that this thread has claimed one step; whether something happened. */
static bool play_core(core *c, uint32_t number)
{
    if (c->ended != 0) {
        return false;
    }
    bool first = c->greeted == 0;
    int32_t outcome = first ? greet(c, number) : step_core(c, number);
    if (outcome < 0) {
        c->ended = 1;
        if (outcome != -1) {
            slipi_store_release(&play.failed, 1u);
        }
        if (slipi_sub_acq_rel(&play.left, 1u) == 1u) {
            (void)pthread_mutex_lock(&play.lock);
            (void)pthread_cond_broadcast(&play.changed);
            (void)pthread_mutex_unlock(&play.lock);
        }
    }
    if (outcome != 0) {
        slipi_add_relaxed(&counters.steps, 1u); /* a counter */
    }
    return outcome != 0 || first;
}

/* Goes round the cores once from `from`; whether something happened. */
static bool play_round(uint32_t from)
{
    bool any = false;
    for (uint32_t k = 0; k < play.count; k++) {
        uint32_t number = (from + k) % play.count;
        core *c = &cores[number];
        uint32_t free_core = 0;
        if (slipi_load_relaxed(&c->claim) != 0) { /* a hint only */
            continue;
        }
        if (slipi_cas_acq_rel(&c->claim, &free_core, 1u)) {
            any = play_core(c, number) || any;
            slipi_store_release(&c->claim, 0);
        }
    }
    return any;
}

/* Rests after `rounds` rounds without a find. */
static void rest(uint32_t rounds)
{
    if (rounds < YIELDS) {
        (void)sched_yield();
        return;
    }
    uint64_t ns = (uint64_t)SLEEP_NS_MIN * (rounds - YIELDS + 1u);
    struct timespec pause = {.tv_nsec = (long)(ns < SLEEP_NS_MAX ? ns : SLEEP_NS_MAX)};
    (void)nanosleep(&pause, NULL);
}

/* Thread of a player. */
static void *player_main(void *argument)
{
    uint32_t player = (uint32_t)(uintptr_t)argument;
    uint64_t seen = 0;
    /* Short sleeps are short; without this they take 50 us more. */
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    (void)pthread_mutex_lock(&play.lock);
    for (;;) {
        while (!play.active || play.generation == seen) {
            (void)pthread_cond_wait(&play.changed, &play.lock);
        }
        seen = play.generation;
        play.inside++;
        uint32_t from = player * 17u;
        (void)pthread_mutex_unlock(&play.lock);
        uint32_t idle_rounds = 0;
        while (slipi_load_acquire(&play.left) != 0) {
            if (play_round(from)) {
                idle_rounds = 0;
            } else {
                rest(idle_rounds++);
            }
        }
        (void)pthread_mutex_lock(&play.lock);
        play.inside--;
        (void)pthread_cond_broadcast(&play.changed);
    }
    return NULL;
}

bool device_cores_init(const struct slipi_arch_row *arch, uint32_t row_number, uint32_t players)
{
    row = arch;
    uint64_t clusters = row_number == 0 ? A2A3_CLUSTERS : 2u * A5_DIE_CLUSTERS;
    registers.first = device_memory_range().end;
    registers.end = registers.first + clusters * (row_number == 0 ? 8u : 3u) * mebibyte;
    void *wanted = (void *)(uintptr_t)registers.first;
    if (mmap(wanted, registers.end - registers.first, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != wanted) {
        return false;
    }
    for (uint32_t i = 0; i < 3u * row->blocks; i++) {
        place_core(i, row->blocks, row_number);
    }
    for (uintptr_t i = 0; i < players && i < MAX_PLAYERS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, player_main, (void *)i) != 0 ||
            pthread_detach(thread) != 0) {
            return false;
        }
    }
    return true;
}

device_range device_cores_registers(void)
{
    return registers;
}

int32_t device_cores_run(device_step_fn step, const void *args, uint32_t blocks)
{
    slipi_add_relaxed(&counters.core_launches, 1u); /* a counter */
    (void)pthread_mutex_lock(&play.cores_lock);
    for (uint32_t i = 0; i < 3u * blocks; i++) {
        cores[i].greeted = 0;
        cores[i].ended = 0;
    }
    (void)pthread_mutex_lock(&play.lock);
    play.step = step;
    play.args = args;
    play.count = 3u * blocks;
    slipi_store_release(&play.left, play.count);
    slipi_store_release(&play.failed, 0);
    play.generation++;
    play.active = true;
    (void)pthread_cond_broadcast(&play.changed);
    while (slipi_load_acquire(&play.left) != 0) {
        (void)pthread_cond_wait(&play.changed, &play.lock);
    }
    play.active = false;
    while (play.inside != 0) {
        (void)pthread_cond_wait(&play.changed, &play.lock);
    }
    (void)pthread_mutex_unlock(&play.lock);
    (void)pthread_mutex_unlock(&play.cores_lock);
    return slipi_load_acquire(&play.failed) != 0 ? STANDIN_RT_AICORE_EXCEPTION : STANDIN_OK;
}
