/*
 * boot.c - a control thread whose device is not the host's process; see boot.h.
 *
 * One launch is one request. A run passes the gate of placement.h: the thread that decides delivers
 * the launch block from the arguments to its place on the device and finds the registers of every
 * core, then all that take part enter the program.
 *
 *   [B4] a core's hello seen with this launch's serial, then its registers read: pairs with [B3] in
 *        boot_core.c
 */
#include "device/boot.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "abi/layout.h"
#include "base/cache_lines.h"
#include "base/check.h"
#include "base/clock.h"
#include "device/boot_int.h"
#include "device/dispatch.h"
#include "device/objects.h"
#include "device/placement.h"

/* The instruction set of this program, as ELF files name it. */
#if defined(__aarch64__)
#define THIS_MACHINE 183u
#elif defined(__x86_64__)
#define THIS_MACHINE 62u
#else
#define THIS_MACHINE 0u
#endif

/* Bound of the wait for other threads of this launch, as a part of the bound of all waits. */
enum { GATE_PART = 4 };

/* True if the arguments are of this build and can be used. */
static bool args_are_good(const slipi_boot_args *args)
{
    return args != NULL && args->magic == SLIPI_BOOT_MAGIC && args->version == SLIPI_BOOT_VERSION &&
           args->struct_size == sizeof(*args) && args->fingerprint == slipi_layout_fingerprint() &&
           args->state != 0 && args->launched >= 1 && args->launched <= SLIPI_BOOT_THREADS &&
           args->threads <= args->launched && args->info.blocks * 3u <= SLIPI_BOOT_CORES;
}

/* Starts the answer to a launch. */
static slipi_boot_report *begin_report(slipi_boot_state *state, uint64_t serial)
{
    slipi_boot_report *report = &state->report;
    memset(report, 0, sizeof(*report));
    report->serial = serial;
    report->machine = THIS_MACHINE;
    return report;
}

/* Ends it: the host reads it from memory. */
static void end_report(slipi_boot_report *report, slip_status status)
{
    report->status = status;
    slipi_cache_publish(report, sizeof(*report));
}

/* Requests that are no run: one thread, nothing else is on the device. */
static void answer(const slipi_boot_args *args, slipi_boot_state *state)
{
    slipi_boot_report *report = begin_report(state, args->serial);
    const slipi_callable_image *image = (const slipi_callable_image *)(uintptr_t)args->image;
    slip_status status = SLIP_OK;
    switch (args->request) {
    case SLIPI_BOOT_LOAD:
        slipi_cache_acquire(image, args->image_bytes);
        status = slipi_objects_load(state, image, args->image_bytes, report);
        break;
    case SLIPI_BOOT_UNLOAD:
        status = slipi_objects_unload(state, args->object, report);
        break;
    case SLIPI_BOOT_PROBE:
        break;
    default:
        (void)snprintf(report->why, sizeof(report->why), "unknown request %u", args->request);
        status = SLIP_E_UNSUPPORTED;
        break;
    }
    end_report(report, status);
}

/* Registers of a core that has said hello in this launch; 0 if it has not. */
static uint64_t registers_of(const slipi_boot_args *args, uint32_t core)
{
    slipi_core_hello *hello = (slipi_core_hello *)(uintptr_t)args->hello + core;
    slipi_cache_acquire(hello, sizeof(*hello));
    if (slipi_load_acquire(&hello->serial) != args->serial || /* [B4] */
        hello->physical >= args->register_count) {
        return 0;
    }
    return ((const uint64_t *)(uintptr_t)args->registers)[hello->physical];
}

/* Notes the registers of a core that has said hello, and its last command; whether it has. */
static bool meet_core(const slipi_boot_args *args, slipi_boot_state *state, uint32_t core)
{
    state->registers[core] = registers_of(args, core);
    if (state->registers[core] == 0) {
        return false;
    }
    const slipi_core_hello *hello = (const slipi_core_hello *)(uintptr_t)args->hello + core;
    slipi_core_page *page = (slipi_core_page *)(uintptr_t)args->dispatch + core;
    page->control.command = hello->command;
    return true;
}

/* Waits until every core has said hello, bounded; cores that have not. */
static uint32_t meet_cores(const slipi_boot_args *args, slipi_boot_state *state)
{
    uint32_t cores = 3u * args->info.blocks;
    uint32_t missing = cores;
    uint64_t begin = slipi_now_ns();
    slipi_cache_acquire((const void *)(uintptr_t)args->registers,
                        args->register_count * sizeof(uint64_t));
    memset(state->registers, 0, sizeof(state->registers));
    for (;;) {
        for (uint32_t core = 0; core < cores; core++) {
            if (state->registers[core] == 0 && meet_core(args, state, core)) {
                missing--;
            }
        }
        if (missing == 0 || slipi_now_ns() - begin > args->wait_ns) {
            return missing;
        }
        (void)sched_yield();
    }
}

/* The device for a control thread's services. */
static slip_platform_device device_of(const slipi_boot_args *args, slipi_boot_state *state)
{
    return (slip_platform_device){
        .state = state,
        .registers = state->registers,
        .core_count = 3u * args->info.blocks,
        .counter_hz = args->info.counter_hz,
    };
}

/* Stops the cores that are there, because the run cannot begin. */
static void stop_cores(const slipi_boot_args *args, slipi_boot_state *state)
{
    slip_platform_device device = device_of(args, state);
    slip_device_services services;
    slipi_dispatcher dispatcher;
    slipi_boot_services(&device, &args->info, args->dispatch, &services);
    slipi_dispatcher_init(&dispatcher, &services, NULL, 0, 1, 0);
    slipi_dispatcher_stop(&dispatcher);
}

/* Describes cores that did not say hello. */
static void tell_silent(const slipi_boot_args *args, slipi_boot_state *state, uint32_t missing)
{
    slipi_boot_report *report = &state->report;
    uint32_t core = 0;
    while (core + 1u < 3u * args->info.blocks && state->registers[core] != 0) {
        core++;
    }
    report->silent_core = core + 1u;
    (void)snprintf(report->why, sizeof(report->why),
                   "%u of %u cores did not report within %llu ms; the first is core %u", missing,
                   3u * args->info.blocks, (unsigned long long)(args->wait_ns / 1000000u), core);
}

/* What comes before a run: the launch block, the cores. False: it cannot begin. */
static bool prepare(const slipi_boot_args *args, slipi_boot_state *state,
                    const slipi_placement_choice *choice)
{
    slipi_boot_report *report = begin_report(state, args->serial);
    report->arrived = choice->arrived;
    report->misplaced = choice->misplaced;
    uint32_t missing = meet_cores(args, state);
    if (choice->chosen < args->threads) {
        (void)snprintf(report->why, sizeof(report->why),
                       "%u of %u launched control threads came, %u take part in the run",
                       choice->arrived, args->launched, args->threads);
    } else if (missing != 0) {
        tell_silent(args, state, missing);
    } else {
        void *block = (void *)(uintptr_t)args->block;
        memcpy(block, args + 1, args->block_bytes);
        slipi_cache_publish(block, args->block_bytes);
        return true;
    }
    stop_cores(args, state);
    end_report(report, SLIP_E_INIT_FAILED);
    return false;
}

/* The CPU of this thread. */
static uint32_t this_cpu(void)
{
    int cpu = sched_getcpu();
    return cpu < 0 ? 0 : (uint32_t)cpu;
}

/* This thread's number in the run; negative if it drops out. */
static int32_t take_place(const slipi_boot_args *args, slipi_boot_state *state)
{
    slipi_placement placement = {
        .state = state,
        .serial = args->serial,
        .launched = args->launched,
        .threads = args->threads,
        .allowed_cpus = args->allowed_cpus,
        .wait_ns = args->wait_ns / GATE_PART,
    };
    slipi_placement_choice choice;
    if (!slipi_placement_enter(&placement, this_cpu())) {
        return SLIPI_PLACEMENT_OUT;
    }
    int32_t place = slipi_placement_wait(&placement, &choice);
    if (place != SLIPI_PLACEMENT_DECIDE) {
        return place;
    }
    if (!prepare(args, state, &choice)) {
        memset(choice.place, -1, sizeof(choice.place));
    }
    slipi_placement_open(&placement, &choice);
    return choice.place[placement.ticket];
}

uint32_t slipi_boot_control(const slip_device_entry *entry, const void *args)
{
    const slipi_boot_args *a = args;
    if (!args_are_good(a)) {
        return 1;
    }
    slipi_boot_state *state = (slipi_boot_state *)(uintptr_t)a->state;
    if (a->request != SLIPI_BOOT_RUN) {
        answer(a, state);
        return 0;
    }
    int32_t place = take_place(a, state);
    if (place < 0) {
        return 0;
    }
    slip_platform_device device = device_of(a, state);
    slip_device_services services;
    slipi_boot_services(&device, &a->info, a->dispatch, &services);
    slip_status status = entry->control(&services, a->block, (uint32_t)place);
    if (place == 0) {
        end_report(&state->report, status);
    }
    return 0;
}
