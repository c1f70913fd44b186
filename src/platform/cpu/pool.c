/*
 * pool.c - helpers, the gate of a run, waiting; see pool.h for threads and invariants.
 *
 * The gate is the classic two-flag exclusion: a helper raises `active` and then looks at
 * `run_open`; the end of a run lowers `run_open` and then looks at every `active`. Both do it in
 * the single order of seq_cst, so one of the two sees the other: no helper enters a run that its
 * owner believes empty. A run that called nobody passes the gate with one store and a few loads.
 */
#include "platform/cpu/pool.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

/* Rounds of waiting: pauses, then yields, then sleeps (chosen, not measured). */
#define SPIN_ROUNDS 64u
#define YIELD_ROUNDS 128u
#define LONG_SLEEP_ROUNDS 256u
#define SHORT_SLEEP_NS UINT64_C(50000)
#define LONG_SLEEP_NS UINT64_C(200000)

/* A run that ended in a hang waits this long for the others before they count as stuck. */
#define HANG_GRACE_NS (UINT64_C(200) * 1000000u)
/* Closing waits this long for all helpers together; and so long if one is known to be stuck. */
#define CLOSE_BOUND_NS (UINT64_C(10) * SLIPI_NS_PER_S)
#define CLOSE_STUCK_BOUND_NS (UINT64_C(100) * 1000000u)

/* Which thread of which pool this is: whom to call first depends on it. Threads of programs are
 * thread 0 of any pool. */
static _Thread_local const slipi_pool *own_pool;
static _Thread_local uint32_t own_index;

/* ---- placement ------------------------------------------------------------------------------ */

/* Binds the calling thread to the CPU of thread `index`. Who started it may be bound itself, so one
 * that is to be free is given back all CPUs. */
static void take_place(const slipi_pool *pool, uint32_t index)
{
    slipi_cpus one = {{0}};
    int32_t cpu = pool->cpu[index];
    if (cpu != SLIP_CPU_ANY) {
        slipi_cpus_add(&one, (uint32_t)cpu);
    }
    int error = slipi_cpus_bind(cpu != SLIP_CPU_ANY ? &one : &pool->allowed);
    if (error != 0) {
        slipi_log(SLIP_LOG_WARN, "cpu: cannot bind thread %u to CPU %d: %s; it runs where it can",
                  index, cpu, strerror(error));
    }
}

/* Makes the pool's own form of a placement. */
static slip_status place_threads(slipi_pool *pool, const slip_placement *placement)
{
    uint32_t threads = pool->threads;
    (void)slipi_cpus_allowed(&pool->allowed);
    pool->opener = pthread_self();
    pool->cpu = malloc(threads * sizeof(pool->cpu[0]));
    if (pool->cpu == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    for (uint32_t t = 0; t < threads; t++) {
        pool->cpu[t] = placement->places[t % placement->count].cpu;
    }
    if (slipi_places_have_groups(placement) && threads > 1) {
        size_t row = threads - 1u;
        pool->order = calloc(threads * row, sizeof(pool->order[0]));
        if (pool->order == NULL) {
            return SLIP_E_OUT_OF_MEMORY;
        }
        for (uint32_t t = 0; t < threads; t++) {
            (void)slipi_places_order(placement, threads, t, pool->order + t * row);
        }
    }
    if (placement->bind_caller != 0) {
        pool->caller_bound = 1;
        take_place(pool, 0);
    }
    return SLIP_OK;
}

/* Gives the thread that opened the device its CPUs back, if it is the one that closes it. */
static void leave_place(const slipi_pool *pool)
{
    if (pool->caller_bound != 0 && pthread_equal(pool->opener, pthread_self()) != 0) {
        (void)slipi_cpus_bind(&pool->allowed);
    }
}

/* ---- helpers -------------------------------------------------------------------------------- */

/* Raises pool->high above a helper's index. */
static void raise_high(slipi_pool *pool, uint32_t index)
{
    uint32_t high = slipi_load_seq_cst(&pool->high);
    while (high <= index) {
        /* [G0] before [G1] of the same helper: who sees run_open lowered too late for this helper
         * sees its index too. */
        if (slipi_cas_seq_cst(&pool->high, &high, index + 1u)) {
            return;
        }
    }
}

/* Enters the run it was called for if that is open still; stays until there is nothing to do. */
static void visit(slipi_pool *pool, slipi_helper *helper, uint32_t called)
{
    /* [G1] then [G2]; the other side is [G3] then [G4] in slipi_pool_wait. */
    slipi_store_seq_cst(&helper->active, 1u);
    if (slipi_load_seq_cst(&pool->run_open) != 0 && called == pool->run) {
        /* Callers only: a call counts unless the helper is in already. */
        slipi_store_relaxed(&helper->active, 2u);
        /* The run's result is in its launch block; thread 0's status is the run's. */
        (void)pool->entry->control(&pool->services, pool->launch_address, helper->index);
    }
    /* [G5] pairs with [G4]: what was done inside is visible to who ends the run. */
    slipi_store_release(&helper->active, 0u);
    slipi_event_notify(&pool->left, 1u);
}

/* True iff the helper has a reason to stop waiting. */
static bool wanted(slipi_pool *pool, slipi_helper *helper)
{
    return slipi_load_acquire(&helper->call) != 0 || slipi_load_acquire(&pool->stop) != 0;
}

/* Waits for a call: a few microseconds awake, then asleep. */
static void await_call(slipi_pool *pool, slipi_helper *helper)
{
    for (uint32_t round = 0; round < YIELD_ROUNDS; round++) {
        if (wanted(pool, helper)) {
            return;
        }
        if (round < SPIN_ROUNDS) {
            slipi_cpu_relax();
        } else {
            (void)sched_yield();
        }
    }
    while (!wanted(pool, helper)) {
        uint32_t ticket = slipi_event_prepare(&helper->wake);
        if (wanted(pool, helper)) {
            slipi_event_cancel(&helper->wake);
        } else {
            slipi_event_wait(&helper->wake, ticket, 0);
        }
    }
}

/* Body of a helper's thread. */
static void *helper_main(void *argument)
{
    slipi_helper *helper = argument;
    slipi_pool *pool = helper->pool;
    char name[16];
    (void)snprintf(name, sizeof(name), "slip-cpu-%u", helper->index % 10000u);
    (void)pthread_setname_np(pthread_self(), name);
    own_pool = pool;
    own_index = helper->index;
    if (pool->cpu != NULL) {
        take_place(pool, helper->index);
    }
    raise_high(pool, helper->index);
    for (;;) {
        await_call(pool, helper);
        if (slipi_load_acquire(&pool->stop) != 0) {
            slipi_store_release(&helper->ended, 1u); /* [H7] pairs with [H8] */
            slipi_event_notify(&pool->left, 1u);
            return NULL;
        }
        /* [H2] pairs with [H1]: work published before the call is found by this visit. */
        visit(pool, helper, slipi_exchange_acq_rel(&helper->call, 0u));
    }
}

/* Starts a helper's thread, with every signal blocked: handlers belong to the program's threads. */
static bool start_helper(slipi_helper *helper)
{
    uint32_t expected = SLIPI_HELPER_NONE;
    if (!slipi_cas_acq_rel(&helper->state, &expected, SLIPI_HELPER_STARTING)) {
        return expected != SLIPI_HELPER_FAILED;
    }
    slipi_store_relaxed(&helper->pool->started, 1u); /* see slipi_pool_wait */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&helper->thread, NULL, helper_main, helper);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        slipi_store_release(&helper->state, SLIPI_HELPER_FAILED);
        slipi_log(SLIP_LOG_WARN, "cpu: cannot start thread %u: %s; going on with fewer",
                  helper->index, strerror(error));
        return false;
    }
    /* [H5] pairs with [H6]: close finds the thread to join. */
    slipi_store_release(&helper->state, SLIPI_HELPER_RUNNING);
    return true;
}

/* Asks one helper to enter. Returns true if it was outside and had not been asked yet. */
static bool call_helper(slipi_helper *helper)
{
    uint32_t run = helper->pool->run;
    if (slipi_load_acquire(&helper->call) == run) {
        return false;
    }
    /* One that is inside keeps the call for its last look; it does not count as one more. */
    bool inside = slipi_load_acquire(&helper->active) == 2u;
    /* [H1] pairs with [H2]. */
    if (slipi_exchange_acq_rel(&helper->call, run) == run) {
        return false;
    }
    if (slipi_load_acquire(&helper->state) == SLIPI_HELPER_NONE) {
        return start_helper(helper);
    }
    slipi_event_notify(&helper->wake, 1u);
    return !inside;
}

void slipi_pool_call(slipi_pool *pool, uint32_t count)
{
    slipi_event_notify(&pool->idle, count);
    const uint16_t *order = NULL;
    if (pool->order != NULL) {
        order = pool->order + (own_pool == pool ? own_index : 0u) * (pool->threads - 1u);
    }
    /* Without an order 1, 2, 3 ...; an order ends with 0 where its own thread is missing. */
    uint32_t end = order != NULL ? pool->threads : pool->limit;
    for (uint32_t i = 1; i < end && count > 0; i++) {
        uint32_t index = order != NULL ? order[i - 1u] : i;
        if (index != 0 && index < pool->limit && call_helper(&pool->helpers[index])) {
            count--;
        }
    }
}

void slipi_pool_idle(slipi_pool *pool, uint32_t idle_rounds)
{
    if (idle_rounds < SPIN_ROUNDS) {
        slipi_cpu_relax();
    } else if (idle_rounds < YIELD_ROUNDS) {
        (void)sched_yield();
    } else {
        uint32_t ticket = slipi_event_prepare(&pool->idle);
        slipi_event_wait(&pool->idle, ticket,
                         idle_rounds < LONG_SLEEP_ROUNDS ? SHORT_SLEEP_NS : LONG_SLEEP_NS);
    }
}

/* ---- runs ----------------------------------------------------------------------------------- */

slip_status slipi_pool_launch(slipi_pool *pool, const slip_platform_launch *launch)
{
    const slip_device_entry *entry = launch->entry;
    if (entry == NULL || entry->control == NULL || launch->threads == 0 ||
        launch->threads > pool->threads) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (pool->launched != 0 || pool->stuck != 0) {
        return SLIP_E_BUSY;
    }
    pool->entry = entry;
    if (launch->block_bytes != 0) {
        memcpy((void *)(uintptr_t)launch->address, launch->block, launch->block_bytes);
    }
    pool->launch_address = launch->address;
    pool->limit = launch->threads;
    pool->run += pool->run == UINT32_MAX ? 2u : 1u; /* 0 is no call */
    pool->launched = 1;
    /* [G6] publishes the values above to helpers, who look at it in [G2]. Release is enough:
     * only the lowering of the gate is one side of the exclusion. */
    slipi_store_release(&pool->run_open, 1u);
    return SLIP_OK;
}

/* True iff a helper is inside, or on its way in. */
static bool anyone_inside(slipi_pool *pool)
{
    /* [G4] after [G3], here and below; pairs with [G0]. */
    uint32_t high = slipi_load_seq_cst(&pool->high);
    for (uint32_t i = 1; i < high; i++) {
        /* [G4] pairs with [G1] and [G5]. */
        if (slipi_load_seq_cst(&pool->helpers[i].active) != 0) {
            return true;
        }
    }
    return false;
}

/* Waits while a condition holds; false if it still does after bound_ns (0 = no bound). Whoever ends
 * it notifies pool->left. */
static bool await_end(slipi_pool *pool, bool (*holds)(slipi_pool *), uint64_t bound_ns)
{
    uint64_t begin_ns = slipi_now_ns();
    for (uint32_t round = 0; holds(pool); round++) {
        uint64_t waited_ns = slipi_now_ns() - begin_ns;
        if (bound_ns != 0 && waited_ns >= bound_ns) {
            return false;
        }
        if (round < SPIN_ROUNDS) {
            slipi_cpu_relax();
        } else if (round < YIELD_ROUNDS) {
            (void)sched_yield();
        } else {
            uint32_t ticket = slipi_event_prepare(&pool->left);
            if (holds(pool)) {
                slipi_event_wait(&pool->left, ticket, bound_ns != 0 ? bound_ns - waited_ns : 0);
            } else {
                slipi_event_cancel(&pool->left);
            }
        }
    }
    return true;
}

/* Ends the stay of helpers in a closed run; SLIP_E_HANG, and the pool is stuck, if one stays. */
static slip_status end_run(slipi_pool *pool, slip_status status, uint64_t timeout_ns)
{
    uint64_t bound_ns = timeout_ns;
    if (status == SLIP_E_HANG && (bound_ns == 0 || bound_ns > HANG_GRACE_NS)) {
        bound_ns = HANG_GRACE_NS;
    }
    pool->stuck = await_end(pool, anyone_inside, bound_ns) ? 0u : 1u;
    return pool->stuck != 0 ? SLIP_E_HANG : SLIP_OK;
}

slip_status slipi_pool_wait(slipi_pool *pool, uint64_t timeout_ns)
{
    if (pool->launched == 0) {
        /* After SLIP_E_HANG one may ask again. */
        return pool->stuck != 0 ? end_run(pool, SLIP_OK, timeout_ns) : SLIP_OK;
    }
    slip_status status = pool->entry->control(&pool->services, pool->launch_address, 0);
    pool->launched = 0;
    if (slipi_load_relaxed(&pool->started) == 0) {
        /* Relaxed, and no order needed: helpers are started from inside a run only, by this thread
         * or by one that was started before. There is none who could be at the gate. */
        slipi_store_relaxed(&pool->run_open, 0u);
        return status == SLIP_E_HANG ? SLIP_E_DEVICE : status;
    }
    /* [G3] then [G4]; the other side is [G1] then [G2] in visit. */
    slipi_store_seq_cst(&pool->run_open, 0u);
    if (anyone_inside(pool) && end_run(pool, status, timeout_ns) != SLIP_OK) {
        return SLIP_E_HANG;
    }
    /* From here SLIP_E_HANG would say that a thread is still inside. None is: the hang that the
     * program saw is in its launch block. */
    return status == SLIP_E_HANG ? SLIP_E_DEVICE : status;
}

/* ---- open and close ------------------------------------------------------------------------- */

/* Frees what the pool owns. */
static void free_arrays(slipi_pool *pool)
{
    free(pool->helpers);
    free(pool->cpu);
    free(pool->order);
    pool->helpers = NULL;
    pool->cpu = NULL;
    pool->order = NULL;
}

slip_status slipi_pool_init(slipi_pool *pool, uint32_t threads, const slip_placement *placement)
{
    void *helpers = NULL;
    size_t bytes = threads * sizeof(slipi_helper);
    if (posix_memalign(&helpers, 64, bytes) != 0) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    memset(helpers, 0, bytes);
    pool->helpers = helpers;
    pool->threads = threads;
    for (uint32_t i = 1; i < threads; i++) {
        pool->helpers[i].pool = pool;
        pool->helpers[i].index = i;
    }
    slip_status status =
        placement != NULL && placement->count != 0 ? place_threads(pool, placement) : SLIP_OK;
    if (status != SLIP_OK) {
        free_arrays(pool);
    }
    return status;
}

/* True iff a helper that was started has not ended. */
static bool anyone_alive(slipi_pool *pool)
{
    for (uint32_t i = 1; i < pool->threads; i++) {
        slipi_helper *helper = &pool->helpers[i];
        /* [H6] pairs with [H5], [H8] with [H7]. */
        if (slipi_load_acquire(&helper->state) == SLIPI_HELPER_RUNNING &&
            slipi_load_acquire(&helper->ended) == 0) {
            return true;
        }
    }
    return false;
}

bool slipi_pool_fini(slipi_pool *pool)
{
    slipi_store_release(&pool->stop, 1u);
    for (uint32_t i = 1; i < pool->threads; i++) {
        slipi_event_notify(&pool->helpers[i].wake, 1u);
    }
    bool all_ended =
        await_end(pool, anyone_alive, pool->stuck != 0 ? CLOSE_STUCK_BOUND_NS : CLOSE_BOUND_NS);
    for (uint32_t i = 1; i < pool->threads; i++) {
        slipi_helper *helper = &pool->helpers[i];
        if (slipi_load_acquire(&helper->state) != SLIPI_HELPER_RUNNING) {
            continue;
        }
        if (slipi_load_acquire(&helper->ended) != 0) {
            (void)pthread_join(helper->thread, NULL);
            continue;
        }
        slipi_log(SLIP_LOG_ERROR,
                  "cpu: thread %u did not leave its kernel; it and the device's memory are left "
                  "behind",
                  i);
        (void)pthread_detach(helper->thread);
    }
    leave_place(pool);
    if (all_ended) {
        free_arrays(pool);
    }
    return all_ended;
}
