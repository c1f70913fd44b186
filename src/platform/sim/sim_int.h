/*
 * sim_int.h - the open device of a simulated platform; for the files of this folder only.
 *
 * Threads of a device:
 *   host           opens, closes, launches, waits; one at a time
 *   control 0 ..   play the AICPU threads; parked on their own event between runs
 *   core 0 ..      play all compute cores; any of them takes the next core with a new command
 *
 * A core's `play` word says who plays it:
 *
 *     IDLE --write--> PENDING --claim--> PLAYED --write--> PLAYED_PENDING
 *      ^                                   |  ^                  |
 *      +------------- step done -----------+  +----- step again -+
 *
 *   - IDLE -> PENDING sets the core's bit in `pending`; the thread that clears the bit owns the
 *     core until it is IDLE again. So a core is played by one thread at a time.
 *   - active = number of cores that are not IDLE; counted up before the bit is set.
 *   - A run is over when no control thread is inside the entry and active is 0.
 */
#ifndef SLIPI_SIM_INT_H
#define SLIPI_SIM_INT_H

#include <pthread.h>

#include "abi/arch.h"
#include "base/atomic.h"
#include "base/event.h"
#include "platform/common/mapped.h"
#include "platform/sim/sim.h"

/* Bounds with room: 36 blocks of three cores are the largest row. */
#define SIM_MAX_BLOCKS 64u
#define SIM_MAX_CORES (3u * SIM_MAX_BLOCKS)
#define SIM_PENDING_WORDS (SIM_MAX_CORES / 64u)
#define SIM_MAX_CONTROL 16u
#define SIM_MAX_PLAYERS 64u

enum sim_play {
    SIM_PLAY_IDLE = 0,
    SIM_PLAY_PENDING = 1,
    SIM_PLAY_PLAYED = 2,
    SIM_PLAY_PLAYED_PENDING = 3
};

/* One compute core: its registers and who plays it. No line has writers on both sides but the
 * last, which is the simulator's own. */
typedef struct sim_core {
    _Alignas(64) slipi_au32 dispatch; /* DATA_MAIN_BASE. Control writes [release], core reads */
    slipi_au32 fast_path;             /* control writes */
    _Alignas(64) slipi_au32 status;   /* COND. Core writes [release], control reads [acquire] */
    _Alignas(64) slipi_au32 play;     /* enum sim_play */
    slipi_au32 stopped;               /* 1: ended in this launch. Player writes, launch clears */
    slipi_au32 owner;                 /* control thread that wrote its dispatch register last */
} sim_core;

/* One control thread. */
typedef struct sim_control {
    _Alignas(64) slipi_event park; /* sleeps here between runs */
    slipi_au64 order;   /* number of the last launch that it takes part in. Host writes [release] */
    slipi_event wake;   /* sleeps here in idle */
    slipi_au32 news;    /* counts reasons to look again. Anyone adds */
    uint32_t looked;    /* `news` when it last looked; its own */
    uint32_t index;     /* constant */
    slip_status status; /* of its last run; read by the host after the run */
    struct slip_platform_device *device;
    pthread_t thread;
} sim_control;

/* One thread that plays cores. */
typedef struct sim_player {
    struct slip_platform_device *device;
    pthread_t thread;
    uint32_t cursor; /* core behind the one it played last; its own */
} sim_player;

struct slip_platform_device {
    slipi_mappings memory; /* first: see mapped.h */
    sim_core cores[SIM_MAX_CORES];
    _Alignas(64) slipi_au64 pending[SIM_PENDING_WORDS]; /* cores in PENDING without a player */
    _Alignas(64) slipi_au32 searching; /* players that look at `pending` and are not asleep */
    slipi_event work;                  /* players without work sleep here */
    _Alignas(64) slipi_au32 active;    /* see above */
    slipi_au32 inside;                 /* control threads inside the entry */
    slipi_event done;                  /* the host sleeps here */
    slipi_au32 gave_up;                /* control thread 0 left with a hang. It writes [release] */
    slipi_au32 closing;                /* threads leave. Host writes [release] */
    slipi_au32 alive;                  /* threads that have not left */

    slipi_au64 steps;
    slipi_au64 stops;
    slipi_au64 dispatch_writes;
    slipi_au64 closed_writes;
    slipi_au64 stopped_writes;
    slipi_au64 unknown_accesses;

    /* The host's own; constant during a run. */
    const struct slipi_arch_row *arch;
    uint32_t core_count;
    uint32_t device_id;
    uint32_t player_count;
    uint32_t players_started;
    uint32_t controls_started;
    uint32_t running; /* launched and not waited for */
    uint32_t threads; /* of the run */
    uint64_t launches;
    uint64_t launch_address;
    const slip_device_entry *entry;
    slip_device_services services;
    sim_control control[SIM_MAX_CONTROL];
    sim_player player[SIM_MAX_PLAYERS];
};

/* registers.c: the members of slip_device_services that touch registers. */
void slipi_sim_reg_write(slip_platform_device *device, uint32_t core, uint32_t offset,
                         uint32_t value);
uint32_t slipi_sim_reg_read(slip_platform_device *device, uint32_t core, uint32_t offset);
/* Takes a core with a new command, looking from `from` on round; false if there is none. */
bool slipi_sim_claim_core(slip_platform_device *device, uint32_t from, uint32_t *out_core);
/* Whether a core with a new command waits for a player. */
bool slipi_sim_any_pending(slip_platform_device *device);
/* Steps a claimed core until it has no new command and gives it back. */
void slipi_sim_play_core(slip_platform_device *device, uint32_t core);

/* threads.c: control threads and players. */
/* Number of the control thread that this is; 0 on any other thread. */
uint32_t slipi_sim_this_control(void);
slip_status slipi_sim_launch(slip_platform_device *device, const slip_platform_launch *launch);
slip_status slipi_sim_wait(slip_platform_device *device, uint64_t timeout_ns);
void slipi_sim_idle(slip_platform_device *device, uint32_t thread, uint32_t idle_rounds);
void slipi_sim_call_threads(slip_platform_device *device, uint32_t count);
/* Ends all threads; false if one did not leave in time, so that the device must be left alone. */
bool slipi_sim_end_threads(slip_platform_device *device);

#endif
