/*
 * threads.c - the threads of a simulated device: launch, wait, idle; see sim_int.h.
 *
 * Threads are made at the first launch and parked between runs. Every wait looks a few times,
 * yields a few times, then sleeps: the simulation must live on one processor.
 *
 *   [T1] launch writes the run, then a control thread's order -> the thread reads the order
 *   [T2] a control thread leaves: its status, then `inside` -> the host reads inside
 *   [T3] closing set -> read by a thread that has nothing to do
 *   [T4] a hang declared, `gave_up` -> the host reads it and bounds its wait
 */
#include <sched.h>
#include <signal.h>

#include "base/clock.h"
#include "platform/sim/sim_int.h"

/*
 * Looks before a thread yields, and before it sleeps. Measured on two processors, a task handed to
 * a core and back: quiet, more looks gain nothing; shared with other work, every further yield
 * gives a time slice away, while a thread that is woken is run soon.
 */
enum { SPIN_ROUNDS = 16, YIELD_ROUNDS = 20 };

/* Longest sleep of a control thread that found nothing to do. */
#define IDLE_SLEEP_NS UINT64_C(1000000)

/* A run that ended in a hang waits this long for kernels to return before they count as stuck. */
#define HANG_GRACE_NS UINT64_C(200000000)

/* How long closing waits for threads that are still inside the entry. */
#define END_WAIT_NS UINT64_C(2000000000)

static _Thread_local uint32_t this_control;

uint32_t slipi_sim_this_control(void)
{
    return this_control;
}

/* Pauses or yields; false when it is time to sleep. */
static bool pause_round(uint32_t round)
{
    if (round < SPIN_ROUNDS) {
        slipi_cpu_relax();
        return true;
    }
    if (round < YIELD_ROUNDS) {
        (void)sched_yield();
        return true;
    }
    return false;
}

/* The last thing that a thread does: the device may be gone afterwards, once it is joined. */
static void leave_device(slip_platform_device *device)
{
    slipi_sub_acq_rel(&device->alive, 1u);
    slipi_event_notify(&device->done, 1u);
}

/* ---- control threads ------------------------------------------------------------------------ */

/* Waits for a launch after number `taken`; returns its number, or 0 when the device closes. */
static uint64_t await_order(sim_control *c, uint64_t taken)
{
    slip_platform_device *device = c->device;
    for (uint32_t round = 0;; round++) {
        uint32_t ticket = 0;
        bool sleep = !pause_round(round);
        if (sleep) {
            ticket = slipi_event_prepare(&c->park);
        }
        uint64_t order = slipi_load_acquire(&c->order);           /* [T1] */
        bool closing = slipi_load_acquire(&device->closing) != 0; /* [T3] */
        if (order != taken || closing) {
            if (sleep) {
                slipi_event_cancel(&c->park);
            }
            return order != taken ? order : 0;
        }
        if (sleep) {
            slipi_event_wait(&c->park, ticket, 0);
        }
    }
}

/* Plays this control thread, and first its share of those that are launched only to drop out. */
static slip_status run_control(sim_control *c)
{
    slip_platform_device *device = c->device;
    const slip_device_entry *entry = device->entry;
    for (uint32_t i = device->threads + c->index; i < device->arch->control_launch_max;
         i += device->threads) {
        /* Only the status of control thread 0 is the run's. */
        (void)entry->control(&device->services, device->launch_address, i);
    }
    return entry->control(&device->services, device->launch_address, c->index);
}

/* What control thread 0 does when it has ended the run. */
static void end_first(const sim_control *c)
{
    slip_platform_device *device = c->device;
    /* Those asleep in idle are to see the end now, not when they wake. */
    slipi_sim_call_threads(device, device->threads);
    if (c->status == SLIP_E_HANG) {
        slipi_store_release(&device->gave_up, 1u); /* [T4] */
        slipi_event_notify(&device->done, 1u);
    }
}

/* Program of an OS thread that plays a control thread. */
static void *control_main(void *argument)
{
    sim_control *c = argument;
    slip_platform_device *device = c->device;
    uint64_t taken = 0;
    this_control = c->index;
    while ((taken = await_order(c, taken)) != 0) {
        c->status = run_control(c);
        if (c->index == 0) {
            end_first(c);
        }
        /* [T2]; the last core may still be playing, then its player tells the host. */
        if (slipi_sub_acq_rel(&device->inside, 1u) == 1u) {
            slipi_event_notify(&device->done, 1u);
        }
    }
    leave_device(device);
    return NULL;
}

void slipi_sim_idle(slip_platform_device *device, uint32_t thread, uint32_t idle_rounds)
{
    if (thread >= device->threads) {
        return;
    }
    sim_control *c = &device->control[thread];
    uint32_t news = slipi_load_acquire(&c->news);
    if (news == c->looked && pause_round(idle_rounds)) {
        return;
    }
    if (news == c->looked) {
        uint32_t ticket = slipi_event_prepare(&c->wake);
        news = slipi_load_acquire(&c->news);
        if (news == c->looked) {
            slipi_event_wait(&c->wake, ticket, IDLE_SLEEP_NS);
            news = slipi_load_acquire(&c->news);
        } else {
            slipi_event_cancel(&c->wake);
        }
    }
    c->looked = news;
}

void slipi_sim_call_threads(slip_platform_device *device, uint32_t count)
{
    uint32_t own = slipi_sim_this_control();
    for (uint32_t i = 0; i < device->threads; i++) {
        sim_control *c = &device->control[i];
        if (i == own) {
            continue;
        }
        /* One that is about to sleep sees the news; of those asleep, `count` are woken. The second
         * is a read-modify-write for the reason given in event.h. */
        slipi_add_acq_rel(&c->news, 1u);
        if (count != 0 && slipi_add_acq_rel(&c->wake.sleepers, 0u) != 0) {
            slipi_event_notify(&c->wake, 1u);
            count--;
        }
    }
}

/* ---- players of cores ----------------------------------------------------------------------- */

/* Leaves the search with a core in hand; if it was the last searcher and there is more, wakes one.
 */
static void play_claimed(sim_player *p, uint32_t core)
{
    slip_platform_device *device = p->device;
    if (slipi_sub_acq_rel(&device->searching, 1u) == 1u && slipi_sim_any_pending(device)) {
        slipi_event_notify(&device->work, 1u);
    }
    slipi_sim_play_core(device, core);
    p->cursor = core + 1u;
    slipi_add_acq_rel(&device->searching, 1u);
}

/* Sleeps until there may be a core to play. Called and left as a searcher. */
static void sleep_player(slip_platform_device *device)
{
    uint32_t ticket = slipi_event_prepare(&device->work);
    /* [R4] of registers.c: first no searcher any more, then one more look. */
    slipi_sub_acq_rel(&device->searching, 1u);
    if (slipi_sim_any_pending(device) || slipi_load_acquire(&device->closing) != 0) {
        slipi_event_cancel(&device->work);
    } else {
        slipi_event_wait(&device->work, ticket, 0);
    }
    slipi_add_acq_rel(&device->searching, 1u);
}

/* Program of an OS thread that plays cores. */
static void *player_main(void *argument)
{
    sim_player *p = argument;
    slip_platform_device *device = p->device;
    uint32_t round = 0;
    slipi_add_acq_rel(&device->searching, 1u);
    for (;;) {
        uint32_t core = 0;
        if (slipi_sim_claim_core(device, p->cursor, &core)) {
            play_claimed(p, core);
            round = 0;
        } else if (slipi_load_acquire(&device->closing) != 0) { /* [T3] */
            break;
        } else if (!pause_round(round)) {
            sleep_player(device);
            round = 0;
        } else {
            round++;
        }
    }
    slipi_sub_acq_rel(&device->searching, 1u);
    leave_device(device);
    return NULL;
}

/* ---- host ----------------------------------------------------------------------------------- */

/* Makes one thread that takes no signals of the process. */
static slip_status start_thread(slip_platform_device *device, pthread_t *thread,
                                void *(*program)(void *), void *argument)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    slipi_add_acq_rel(&device->alive, 1u);
    int failed = pthread_create(thread, NULL, program, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        slipi_sub_acq_rel(&device->alive, 1u);
        return SLIP_E_OUT_OF_MEMORY;
    }
    return SLIP_OK;
}

/* Makes the threads that a launch needs and that are not there yet. */
static slip_status start_threads(slip_platform_device *device, uint32_t controls)
{
    while (device->players_started < device->player_count) {
        sim_player *p = &device->player[device->players_started];
        p->device = device;
        p->cursor = device->players_started;
        slip_status status = start_thread(device, &p->thread, player_main, p);
        if (status != SLIP_OK) {
            return status;
        }
        device->players_started++;
    }
    while (device->controls_started < controls) {
        sim_control *c = &device->control[device->controls_started];
        c->device = device;
        c->index = device->controls_started;
        slip_status status = start_thread(device, &c->thread, control_main, c);
        if (status != SLIP_OK) {
            return status;
        }
        device->controls_started++;
    }
    return SLIP_OK;
}

slip_status slipi_sim_launch(slip_platform_device *device, const slip_platform_launch *launch)
{
    uint32_t threads = launch->threads;
    if (launch->entry == NULL || threads == 0 || threads > device->arch->control_active_max) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (device->running != 0) {
        return SLIP_E_BUSY;
    }
    slip_status status = start_threads(device, threads);
    if (status != SLIP_OK) {
        return status;
    }
    for (uint32_t core = 0; core < device->core_count; core++) {
        slipi_store_relaxed(&device->cores[core].stopped, 0u); /* ordered by [T1] */
    }
    device->entry = launch->entry;
    device->launch_address = launch->address;
    device->threads = threads;
    device->running = 1;
    device->launches++;
    slipi_store_relaxed(&device->gave_up, 0u); /* ordered by [T1] */
    slipi_store_release(&device->inside, threads);
    for (uint32_t i = 0; i < threads; i++) {
        slipi_store_release(&device->control[i].order, device->launches); /* [T1] */
        slipi_event_notify(&device->control[i].park, 1u);
    }
    return SLIP_OK;
}

/* Whether the run is over; true for ever after until the next launch. */
static bool run_over(slip_platform_device *device)
{
    /* [T2]; without control threads inside, `active` only goes down. */
    return slipi_load_acquire(&device->inside) == 0 && slipi_load_acquire(&device->active) == 0;
}

/* Whether the run is over, or the device's program has given up on it. */
static bool run_over_or_given_up(slip_platform_device *device)
{
    return run_over(device) || slipi_load_acquire(&device->gave_up) != 0; /* [T4] */
}

/* Whether all threads have left. */
static bool all_left(slip_platform_device *device)
{
    return slipi_load_acquire(&device->alive) == 0;
}

/* Waits until a condition of the device holds; false when the time is up. 0 = no bound. */
static bool await(slip_platform_device *device, bool (*condition)(slip_platform_device *),
                  uint64_t timeout_ns)
{
    uint64_t begin = timeout_ns != 0 ? slipi_now_ns() : 0;
    for (uint32_t round = 0;; round++) {
        if (condition(device)) {
            return true;
        }
        uint64_t waited = timeout_ns != 0 ? slipi_now_ns() - begin : 0;
        if (timeout_ns != 0 && waited >= timeout_ns) {
            return false;
        }
        if (pause_round(round)) {
            continue;
        }
        uint32_t ticket = slipi_event_prepare(&device->done);
        if (condition(device)) {
            slipi_event_cancel(&device->done);
            return true;
        }
        slipi_event_wait(&device->done, ticket, timeout_ns != 0 ? timeout_ns - waited : 0);
    }
}

slip_status slipi_sim_wait(slip_platform_device *device, uint64_t timeout_ns)
{
    if (device->running == 0) {
        return SLIP_OK;
    }
    /* After a declared hang the kernel gets a moment to return, whatever the bound. */
    if (!await(device, run_over_or_given_up, timeout_ns) ||
        (!run_over(device) && !await(device, run_over, HANG_GRACE_NS))) {
        return SLIP_E_HANG;
    }
    device->running = 0;
    /* SLIP_E_HANG would say that a thread is still inside. None is: the hang that the program saw
     * is in its launch block. */
    slip_status status = device->control[0].status;
    return status == SLIP_E_HANG ? SLIP_E_DEVICE : status;
}

bool slipi_sim_end_threads(slip_platform_device *device)
{
    slipi_store_release(&device->closing, 1u); /* [T3] */
    for (uint32_t i = 0; i < device->controls_started; i++) {
        slipi_event_notify(&device->control[i].park, 1u);
        slipi_event_notify(&device->control[i].wake, 1u);
    }
    slipi_event_notify(&device->work, UINT32_MAX);
    bool left = await(device, all_left, END_WAIT_NS);
    for (uint32_t i = 0; i < device->controls_started; i++) {
        (void)(left ? pthread_join(device->control[i].thread, NULL)
                    : pthread_detach(device->control[i].thread));
    }
    for (uint32_t i = 0; i < device->players_started; i++) {
        (void)(left ? pthread_join(device->player[i].thread, NULL)
                    : pthread_detach(device->player[i].thread));
    }
    return left;
}
