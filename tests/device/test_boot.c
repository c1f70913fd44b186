/*
 * test_boot.c - how a device's program starts in another address space, played in this one: launch
 * arguments, gate, hello of the cores, registers by physical number, control objects.
 *
 * The program is the conformance suite's. Control threads and players are threads of the test; the
 * registers are words of its memory.
 * ctest-labels: unit concurrency
 * ctest-sources: tests/platform/conformance_entry.c
 */
#include <pthread.h>
#include <stdlib.h>

#include "abi/arch.h"
#include "abi/layout.h"
#include "device/boot.h"
#include "platform/conformance_entry.h"
#include "support/check.h"

enum { CORES = 108, PHYSICAL = 120, PLAYERS = 2, LAUNCHED = 9, REGISTER_BYTES = 0x6000 };
#define LONG_NS UINT64_C(30000000000)
#define SHORT_NS UINT64_C(2000000000)

/* The device. */
static slipi_boot_state *state;
static slipi_core_hello *hello;
static slipi_core_page *dispatch;
static uint8_t *registers; /* REGISTER_BYTES for each physical core */
static uint64_t register_table[PHYSICAL];
static conf_launch *block;
static uint64_t serial;
static slip_platform_info info;

/* What a launch needs: the arguments, the launch block behind them. */
static struct {
    slipi_boot_args args;
    _Alignas(64) conf_launch block;
} control_args;
static slipi_core_args core_args;
static slipi_au32 stopped[CORES];
static slipi_au32 running;      /* cores that have not stopped */
static uint32_t silent = CORES; /* a core that is never played */

/* Memory at a line, zero. */
static void *lines(size_t bytes)
{
    size_t whole = (bytes + 63u) / 64u * 64u;
    void *memory = aligned_alloc(64, whole);
    memset(memory, 0, whole);
    return memory;
}

/* The physical number of a core: another order, with holes. */
static uint32_t physical_of(uint32_t core)
{
    return (core * 7u + 5u) % PHYSICAL;
}

/* Makes the device. */
static void set_up(void)
{
    const struct slipi_arch_row *row = slipi_arch_find("a5");
    state = lines(sizeof(*state));
    hello = lines(CORES * sizeof(*hello));
    dispatch = lines(CORES * sizeof(*dispatch));
    registers = lines((size_t)PHYSICAL * REGISTER_BYTES);
    block = lines(sizeof(*block));
    for (uint32_t i = 0; i < PHYSICAL; i++) {
        register_table[i] = (uint64_t)(uintptr_t)(registers + (size_t)i * REGISTER_BYTES);
    }
    info = (slip_platform_info){.struct_size = sizeof(info),
                                .blocks = row->blocks,
                                .aic_count = row->blocks,
                                .aiv_count = 2u * row->blocks,
                                .control_active_max = row->control_active_max,
                                .control_launch_max = row->control_launch_max,
                                .counter_hz = row->counter_hz,
                                .reg_dispatch = row->reg_dispatch,
                                .reg_status = row->reg_status};
    serial = 0;
    silent = CORES;
}

/* Gives it back. */
static void tear_down(void)
{
    free(state);
    free(hello);
    free(dispatch);
    free(registers);
    free(block);
}

/* Fills the arguments of the next launch. */
static void make_args(enum slipi_boot_request request, uint32_t launched, uint32_t threads)
{
    control_args.args = (slipi_boot_args){
        .magic = SLIPI_BOOT_MAGIC,
        .version = SLIPI_BOOT_VERSION,
        .struct_size = sizeof(slipi_boot_args),
        .fingerprint = slipi_layout_fingerprint(),
        .serial = ++serial,
        .request = request,
        .launched = launched,
        .threads = threads,
        .block_bytes = sizeof(conf_launch),
        .block = (uint64_t)(uintptr_t)block,
        .state = (uint64_t)(uintptr_t)state,
        .hello = (uint64_t)(uintptr_t)hello,
        .dispatch = (uint64_t)(uintptr_t)dispatch,
        .registers = (uint64_t)(uintptr_t)register_table,
        .wait_ns = LONG_NS,
        .allowed_cpus = UINT64_MAX,
        .register_count = PHYSICAL,
        .info = info,
    };
    core_args = (slipi_core_args){
        .magic = SLIPI_BOOT_MAGIC,
        .version = SLIPI_BOOT_VERSION,
        .struct_size = sizeof(core_args),
        .serial = serial,
        .block = (uint64_t)(uintptr_t)block,
        .state = (uint64_t)(uintptr_t)state,
        .hello = (uint64_t)(uintptr_t)hello,
        .dispatch = (uint64_t)(uintptr_t)dispatch,
        .registers = (uint64_t)(uintptr_t)register_table,
        .info = info,
    };
}

/* A control thread: the arguments lie behind each other, as a device is given them. */
static void *control_main(void *argument)
{
    uint8_t *copy = argument;
    CHECK_EQ(slipi_boot_control(&conf_entry, copy), 0);
    return NULL;
}

/* Plays every PLAYERS-th core until all have stopped. */
static void *player_main(void *argument)
{
    uint32_t first = *(const uint32_t *)argument;
    while (slipi_load_acquire(&running) != 0) {
        for (uint32_t core = first; core < CORES; core += PLAYERS) {
            if (core == silent || slipi_load_relaxed(&stopped[core]) != 0) { /* its own */
                continue;
            }
            if (slipi_boot_core(&conf_entry, &core_args, core, physical_of(core)) < 0) {
                slipi_store_relaxed(&stopped[core], 1u);
                slipi_sub_acq_rel(&running, 1u);
            }
        }
        (void)sched_yield();
    }
    return NULL;
}

/* Launches cores, then control threads, and waits for all. */
static void launch(uint32_t launched)
{
    pthread_t players[PLAYERS];
    pthread_t controls[LAUNCHED];
    uint32_t first[PLAYERS];
    uint8_t *copy = lines(sizeof(slipi_boot_args) + sizeof(conf_launch));
    memcpy(copy, &control_args.args, sizeof(slipi_boot_args));
    memcpy(copy + sizeof(slipi_boot_args), &control_args.block, sizeof(conf_launch));
    for (uint32_t core = 0; core < CORES; core++) {
        slipi_store_relaxed(&stopped[core], 0u);
    }
    slipi_store_release(&running, CORES - (silent < CORES ? 1u : 0u));
    for (uint32_t i = 0; i < PLAYERS; i++) {
        first[i] = i;
        CHECK_EQ(pthread_create(&players[i], NULL, player_main, &first[i]), 0);
    }
    for (uint32_t i = 0; i < launched; i++) {
        CHECK_EQ(pthread_create(&controls[i], NULL, control_main, copy), 0);
    }
    for (uint32_t i = 0; i < launched; i++) {
        CHECK_EQ(pthread_join(controls[i], NULL), 0);
    }
    for (uint32_t i = 0; i < PLAYERS; i++) {
        CHECK_EQ(pthread_join(players[i], NULL), 0);
    }
    free(copy);
}

/* Runs of every number of threads: over-launched ones drop out, every core answers at its own
 * registers, the status comes back. */
static void runs(void)
{
    set_up();
    for (uint32_t threads = 1; threads <= info.control_active_max; threads++) {
        make_args(SLIPI_BOOT_RUN, LAUNCHED, threads);
        control_args.block = (conf_launch){
            .kind = threads % 2u == 0 ? CONF_SPEAK : CONF_MEET,
            .threads = threads,
            .sequence = threads,
            .status = threads == 3 ? SLIP_E_ORCH_FAILED : SLIP_OK,
        };
        launch(LAUNCHED);
        CHECK_EQ(slipi_load_relaxed(&block->wrong), 0);
        CHECK_EQ(state->report.serial, serial);
        CHECK_EQ(state->report.status, threads == 3 ? SLIP_E_ORCH_FAILED : SLIP_OK);
        CHECK(state->report.arrived >= threads && state->report.arrived <= LAUNCHED);
        if (threads % 2u != 0) {
            CHECK_EQ(slipi_load_relaxed(&block->inside), threads);
        }
        for (uint32_t core = 0; core < CORES; core++) {
            CHECK_EQ(slipi_load_relaxed(&block->core_value[core]), CONF_STOP | threads);
            CHECK_EQ(hello[core].physical, physical_of(core));
            CHECK_EQ(state->registers[core], register_table[physical_of(core)]);
        }
    }
    tear_down();
}

/* A core that says nothing: the run is not begun, the others are stopped, the report names it. */
static void silent_core(void)
{
    set_up();
    silent = 57;
    make_args(SLIPI_BOOT_RUN, 4, 2);
    control_args.args.wait_ns = SHORT_NS;
    control_args.block = (conf_launch){.threads = 2, .sequence = 9};
    /* They are stopped by the program's own protocol, which this suite's cores do not speak. */
    control_args.block.kind = CONF_MEET;
    pthread_t controls[4];
    for (uint32_t core = 0; core < CORES; core++) {
        if (core != silent) {
            (void)slipi_boot_core(&conf_entry, &core_args, core, physical_of(core));
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(pthread_create(&controls[i], NULL, control_main, &control_args), 0);
    }
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(pthread_join(controls[i], NULL), 0);
    }
    CHECK_EQ(state->report.status, SLIP_E_INIT_FAILED);
    CHECK_EQ(state->report.silent_core, silent + 1u);
    CHECK_CONTAINS(state->report.why, "1 of 108 cores");
    CHECK_CONTAINS(state->report.why, "core 57");
    CHECK_EQ(slipi_load_relaxed(&block->inside), 0);
    const uint8_t *first = registers + (size_t)physical_of(0) * REGISTER_BYTES;
    uint32_t command;
    memcpy(&command, first + info.reg_dispatch, sizeof(command));
    CHECK_EQ(command & SLIPI_COMMAND_MASK, SLIPI_COMMAND_STOP);
    tear_down();
}

/* What a register holds from another runner's time is told by the core, which does not take it, and
 * is where the control side goes on. */
static void stale_command(void)
{
    enum { CORE = 3 };
    set_up();
    const uint32_t stale = CONF_STOP | 9u;
    make_args(SLIPI_BOOT_RUN, 1, 1);
    control_args.block = (conf_launch){.kind = CONF_SPEAK, .threads = 1, .sequence = 1};
    uint8_t *at = registers + (size_t)physical_of(CORE) * REGISTER_BYTES;
    memcpy(at + info.reg_dispatch, &stale, sizeof(stale));
    memcpy(at + info.reg_status, &stale, sizeof(stale)); /* what the suite's cores go by */
    launch(1);
    CHECK_EQ(slipi_load_relaxed(&block->wrong), 0);
    CHECK_EQ(hello[CORE].command, stale);
    CHECK_EQ(dispatch[CORE].line.seen, stale);
    CHECK_EQ(dispatch[CORE].control.command, stale);
    CHECK_EQ(hello[CORE + 1].command, 0);
    tear_down();
}

/* Arguments of another build are refused before anything is touched. */
static void foreign_arguments(void)
{
    set_up();
    make_args(SLIPI_BOOT_PROBE, 1, 0);
    slipi_boot_args good = control_args.args;
    CHECK_EQ(slipi_boot_control(&conf_entry, NULL), 1);
    control_args.args.magic++;
    CHECK_EQ(slipi_boot_control(&conf_entry, &control_args), 1);
    control_args.args = good;
    control_args.args.fingerprint++;
    CHECK_EQ(slipi_boot_control(&conf_entry, &control_args), 1);
    control_args.args = good;
    control_args.args.struct_size--;
    CHECK_EQ(slipi_boot_control(&conf_entry, &control_args), 1);
    control_args.args = good;
    control_args.args.launched = SLIPI_BOOT_THREADS + 1u;
    CHECK_EQ(slipi_boot_control(&conf_entry, &control_args), 1);
    CHECK_EQ(state->report.serial, 0);
    core_args.magic++;
    CHECK_EQ(slipi_boot_core(&conf_entry, &core_args, 0, 0), -1);
    control_args.args = good;
    CHECK_EQ(slipi_boot_control(&conf_entry, &control_args), 0);
    CHECK_EQ(state->report.serial, serial);
    CHECK_STATUS(SLIP_OK, state->report.status);
    control_args.args.request = 77;
    CHECK_EQ(slipi_boot_control(&conf_entry, &control_args), 0);
    CHECK_STATUS(SLIP_E_UNSUPPORTED, state->report.status);
    tear_down();
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(runs);
    CHECK_CASE(stale_command);
    CHECK_CASE(silent_core);
    CHECK_CASE(foreign_arguments);
    return check_report();
}
