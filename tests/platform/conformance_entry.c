/*
 * conformance_entry.c - the device's program of the conformance suite; see conformance_entry.h.
 *
 * Nothing here touches memory but the launch block: the host may be another process.
 */
#include "conformance_entry.h"

#define ROUND_LIMIT 200000u /* idle rounds that a wait of these entries may take: many seconds */

/* Waits, idling, until a word has a value; false if that takes for ever. */
static bool idle_until(const slip_device_services *s, uint32_t thread, slipi_au32 *word,
                       uint32_t value)
{
    for (uint32_t round = 0; round < ROUND_LIMIT; round++) {
        if (slipi_load_acquire(word) >= value) {
            return true;
        }
        s->idle(s->device, thread, round);
    }
    return false;
}

/* Counts something that must not happen. */
static void wrong(conf_launch *launch)
{
    slipi_add_relaxed(&launch->wrong, 1u); /* a counter of the test */
}

/* Opens or closes the fast path of every core, where there is one. */
static void set_fast_path(const slip_device_services *s, uint32_t value)
{
    for (uint32_t core = 0; core < 3u * s->info.blocks && s->info.reg_fast_path != 0; core++) {
        s->reg_write(s->device, core, s->info.reg_fast_path, value);
    }
}

/* Writes one command to every core and waits for every echo. */
static void command_all(const slip_device_services *s, conf_launch *launch, uint32_t value,
                        bool different)
{
    uint32_t cores = 3u * s->info.blocks;
    for (uint32_t core = 0; core < cores; core++) {
        s->reg_write(s->device, core, s->info.reg_dispatch,
                     different ? value + 1000u * core : value);
    }
    for (uint32_t core = 0; core < cores; core++) {
        uint32_t wanted = different ? value + 1000u * core : value;
        uint32_t round = 0;
        while (s->reg_read(s->device, core, s->info.reg_status) != wanted && round < ROUND_LIMIT) {
            s->idle(s->device, 0, round++);
        }
        if (round == ROUND_LIMIT) {
            wrong(launch);
        }
    }
}

/* Thread 0 of every launch ends all cores, used or not. */
static void stop_cores(const slip_device_services *s, conf_launch *launch)
{
    if (s->info.self_executing == 0) {
        set_fast_path(s, s->info.fast_path_open);
        command_all(s, launch, CONF_STOP | launch->sequence, false);
        set_fast_path(s, s->info.fast_path_close);
    }
}

/* Counts itself in; thread 0 calls the others and waits until all have been there. */
static void meet(const slip_device_services *s, conf_launch *launch, uint32_t thread)
{
    bool first = slipi_add_acq_rel(&launch->entered[thread], 1u) == 0;
    if (thread >= launch->threads) {
        return; /* launched beyond what was asked for: drops out */
    }
    if (slipi_load_acquire(&launch->ended) != 0) {
        return; /* called again when all is over */
    }
    if (first) {
        slipi_add_acq_rel(&launch->inside, 1u);
    }
    if (thread != 0) {
        if (!idle_until(s, thread, &launch->ended, 1u)) {
            wrong(launch);
        }
        return;
    }
    s->call_threads(s->device, launch->threads - 1u);
    if (!idle_until(s, thread, &launch->inside, launch->threads)) {
        wrong(launch);
    }
    slipi_store_release(&launch->ended, 1u);
}

/* Thread 1 stays until it is let go; thread 0 leaves once thread 1 is inside. */
static void hold(const slip_device_services *s, conf_launch *launch, uint32_t thread)
{
    if (thread == 1) {
        slipi_store_release(&launch->inside, 1u);
        if (!idle_until(s, thread, &launch->let_go, 1u)) {
            wrong(launch);
        }
    } else if (thread == 0) {
        s->call_threads(s->device, 1u);
        if (!idle_until(s, thread, &launch->inside, 1u)) {
            wrong(launch);
        }
    }
}

/* The clock goes on and never back; idling returns; ordering may be called on anything. */
static void use_services(const slip_device_services *s, conf_launch *launch)
{
    uint64_t last = s->ticks(s->device);
    uint64_t begin = last;
    for (uint32_t round = 0; round < 300u; round++) {
        s->idle(s->device, 0, round);
        uint64_t now = s->ticks(s->device);
        if (now < last) {
            wrong(launch);
        }
        last = now;
    }
    s->idle(s->device, 0, UINT32_MAX);
    s->publish(s->device, launch, sizeof(*launch));
    s->acquire(s->device, launch, sizeof(*launch));
    s->publish(s->device, launch, 0);
    s->call_threads(s->device, 0);
    s->call_threads(s->device, UINT32_MAX);
    slipi_store_relaxed(&launch->clock_moved, last > begin ? 1u : 0u); /* read after the run */
}

/* Speaks to every core through its registers. */
static void speak(const slip_device_services *s, conf_launch *launch)
{
    set_fast_path(s, s->info.fast_path_open);
    for (uint32_t i = 1; i <= CONF_COMMANDS && s->info.self_executing == 0; i++) {
        command_all(s, launch, i, true);
    }
}

/* slip_device_entry.control */
static slip_status control(const slip_device_services *s, uint64_t launch_address, uint32_t thread)
{
    conf_launch *launch = (conf_launch *)(uintptr_t)launch_address;
    if (thread >= s->info.control_launch_max || thread >= CONF_THREADS) {
        wrong(launch);
        return SLIP_OK;
    }
    if (launch->kind == CONF_MEET) {
        meet(s, launch, thread);
    } else if (launch->kind == CONF_HOLD) {
        hold(s, launch, thread);
    } else if (launch->kind == CONF_SERVICES && thread == 0) {
        use_services(s, launch);
    } else if (launch->kind == CONF_SPEAK && thread == 0) {
        speak(s, launch);
    }
    if (thread != 0) {
        return SLIP_OK;
    }
    stop_cores(s, launch);
    return launch->status;
}

/*
 * slip_device_entry.core_step: a core echoes each new command of its dispatch register into its
 * status register. Its status register is all that it remembers, and before the first command of a
 * launch the launch block may not be there yet.
 */
static int32_t core_step(const slip_device_services *s, uint64_t launch_address, uint32_t core)
{
    uint32_t command = s->reg_read(s->device, core, s->info.reg_dispatch);
    uint32_t last = s->reg_read(s->device, core, s->info.reg_status);
    if (command == last) {
        return 0;
    }
    conf_launch *launch = (conf_launch *)(uintptr_t)launch_address;
    bool stop = (command & CONF_STOP) != 0;
    if (!stop && (last & CONF_STOP) == 0 && last != 0 && command != last + 1u) {
        wrong(launch);
    }
    slipi_store_release(&launch->core_value[core], command);
    s->reg_write(s->device, core, s->info.reg_status, command);
    return stop ? -1 : 1;
}

const slip_device_entry conf_entry = {.struct_size = sizeof(slip_device_entry),
                                      .control = control,
                                      .core_step = core_step,
                                      .name = "conformance"};
