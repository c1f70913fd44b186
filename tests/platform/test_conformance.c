/*
 * test_conformance.c - the contract of platform.h, member by member, on every built-in platform.
 *
 * The host side reaches device memory by the copies only; the entries below are the device's
 * program and use it directly. An argument names the one platform to test; "template" is the one
 * of examples/template_platform.
 * ctest-labels: conformance unit concurrency
 */
#include <slipway/platform.h>
#include <slipway/slipway.h>

#include <stdlib.h>
#include <sys/mman.h>

#include "abi/arch.h"
#include "support/check.h"
#include "support/launch.h"

#define PAGE 4096u
#define MIB (UINT64_C(1) << 20)
#define ROUND_LIMIT 200000u /* idle rounds that a wait of these entries may take: many seconds */
#define SHORT_NS UINT64_C(30000000)
#define LONG_NS UINT64_C(60000000000)
enum { MAX_THREADS = 64, MAX_CORES = 192, CPU_THREADS = 5 };

extern const slip_platform_ops template_platform;

static const slip_platform_ops *ops; /* of the platform under test */
static slip_platform_device *device;
static slip_platform_info info;

/* The launch block of these tests, in device memory. */
struct conf_launch {
    slipi_au32 entered[MAX_THREADS]; /* calls of each control thread */
    slipi_au32 inside;
    slipi_au32 ended; /* thread 0 has seen everybody */
    slipi_au32 wrong; /* things that must not happen */
    uint32_t threads;
    int32_t status; /* what thread 0 returns */
    uint32_t reserved;
    slipi_au32 core_value[MAX_CORES]; /* last command that a core took */
};

/* Opens a device with a few threads; the tests overload small machines on purpose. */
static slip_platform_device *open_one(uint32_t device_id)
{
    char why[256] = "";
    slip_platform_open options = {.struct_size = sizeof(options),
                                  .device_id = device_id,
                                  .threads = ops == &template_platform ? 1u : CPU_THREADS};
    slip_platform_device *d = NULL;
    CHECK_STATUS(SLIP_OK, ops->open(&options, &d, why, sizeof(why)));
    CHECK(d != NULL);
    CHECK_STR(why, "");
    return d;
}

/* Opens the device under test. */
static void open_device(void)
{
    device = open_one(0);
    ops->describe(device, &info);
}

/* Closes it. */
static void close_device(void)
{
    ops->close(device);
    device = NULL;
}

/* True iff `bytes` of device memory at `address` hold `value`. */
static bool holds(uint64_t address, uint64_t bytes, uint8_t value)
{
    uint8_t *copy = calloc(1, bytes + 1);
    CHECK_STATUS(SLIP_OK, ops->copy_from(device, copy, address, bytes));
    bool same = true;
    for (uint64_t i = 0; i < bytes; i++) {
        same = same && copy[i] == value;
    }
    free(copy);
    return same;
}

/* Fills device memory. */
static void fill(uint64_t address, uint64_t bytes, uint8_t value)
{
    uint8_t *copy = malloc(bytes);
    memset(copy, value, bytes);
    CHECK_STATUS(SLIP_OK, ops->copy_to(device, address, copy, bytes));
    free(copy);
}

/* ---- opening -------------------------------------------------------------------------------- */

/* The table is whole. */
static void table(void)
{
    CHECK(ops->struct_size >= sizeof(slip_platform_ops));
    CHECK_EQ(ops->abi, SLIP_PLATFORM_ABI);
    CHECK(ops->open && ops->close && ops->describe && ops->reserve && ops->commit && ops->zero);
    CHECK(ops->release && ops->alloc && ops->free && ops->copy_to && ops->copy_from);
    CHECK(ops->load_program && ops->unload_program && ops->launch && ops->wait);
    CHECK(ops == &template_platform || slip_platform_find(ops->name) == ops);
    CHECK(slip_platform_find("no such platform") == NULL && slip_platform_find(NULL) == NULL);
}

/* Bad options: an error, a sentence, and no device. */
static void bad_options(void)
{
    char why[256] = "";
    slip_platform_open small = {.struct_size = 4};
    slip_platform_open far = {.struct_size = sizeof(far), .device_id = 100000};
    slip_platform_open many = {
        .struct_size = sizeof(many), .threads = 1u << 30, .sim_threads = 1u << 30};
    device = (slip_platform_device *)&small;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->open(&small, &device, why, sizeof(why)));
    CHECK(device == NULL && why[0] != '\0');
    why[0] = '\0';
    CHECK_STATUS(SLIP_E_PLATFORM_UNAVAILABLE, ops->open(&far, &device, why, sizeof(why)));
    CHECK(device == NULL && why[0] != '\0');
    CHECK_CONTAINS(why, "100000");
    why[0] = '\0';
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->open(&many, &device, why, sizeof(why)));
    CHECK(device == NULL && why[0] != '\0');
}

/* The description agrees with itself and with the row of data. */
static void description(void)
{
    open_device();
    slip_platform_info again;
    ops->describe(device, &again);
    CHECK(memcmp(&info, &again, sizeof(info)) == 0);
    CHECK_EQ(info.struct_size, sizeof(info));
    CHECK(info.blocks >= 1);
    CHECK_EQ(info.aic_count, info.blocks);
    CHECK_EQ(info.aiv_count, 2 * info.blocks);
    CHECK(info.control_active_max >= 1 && info.control_active_max <= info.control_launch_max);
    CHECK(info.control_launch_max <= MAX_THREADS && 3 * info.blocks <= MAX_CORES);
    CHECK(info.counter_hz > 0);
    const struct slipi_arch_row *row = slipi_arch_find(info.arch);
    CHECK(row != NULL);
    CHECK(row->blocks == 0 || row->blocks == info.blocks);
    CHECK_EQ(row->counter_hz, info.counter_hz);
    CHECK_EQ(row->reg_dispatch, info.reg_dispatch);
    CHECK_EQ(row->reg_status, info.reg_status);
    CHECK_EQ(row->reg_fast_path, info.reg_fast_path);
    CHECK_EQ(info.self_executing != 0, info.reg_dispatch == 0);
    CHECK_EQ(info.self_executing != 0, info.reg_status == 0);
    close_device();
}

/* ---- memory --------------------------------------------------------------------------------- */

/* A reservation grows in place; what was written stays; what is new reads zero. */
static void growth(void)
{
    uint64_t base = 1;
    open_device();
    CHECK_STATUS(SLIP_OK, ops->reserve(device, 64 * MIB, &base));
    CHECK(base != 0 && base % PAGE == 0);
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 10000));
    CHECK(holds(base, 10000, 0));
    fill(base, 10000, 0xA5);
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 10000, 10000));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 10000, MIB));
    CHECK(holds(base, 10000, 0xA5));
    CHECK(holds(base + 3 * PAGE, MIB - 3 * PAGE, 0));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, MIB, 64 * MIB));
    CHECK(holds(base, 10000, 0xA5));
    CHECK(holds(base + 64 * MIB - PAGE, PAGE, 0));
    ops->release(device, base, 64 * MIB);
    close_device();
}

/* Zeroing touches exactly what it is told to, small or large, whole pages or not. */
static void zeroing(void)
{
    static const uint64_t ranges[][2] = {{0, 1},   {100, 4000},      {4095, 2},   {PAGE, PAGE},
                                         {1, MIB}, {12345, 3 * MIB}, {0, 4 * MIB}};
    uint64_t base = 0;
    open_device();
    CHECK_STATUS(SLIP_OK, ops->reserve(device, 4 * MIB, &base));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 4 * MIB));
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        uint64_t lo = ranges[i][0];
        uint64_t hi = lo + ranges[i][1];
        fill(base, 4 * MIB, 0x5A);
        CHECK_STATUS(SLIP_OK, ops->zero(device, base + lo, hi - lo));
        CHECK(holds(base, lo, 0x5A));
        CHECK(holds(base + lo, hi - lo, 0));
        CHECK(holds(base + hi, 4 * MIB - hi, 0x5A));
    }
    close_device();
}

/* Sizes that cannot be: an error, and what was there goes on working. */
static void bad_sizes(void)
{
    uint64_t base = 0;
    uint64_t other = 1;
    open_device();
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->reserve(device, 0, &other));
    CHECK_EQ(other, 0);
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->alloc(device, 0, &other));
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, ops->reserve(device, UINT64_MAX, &other));
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, ops->reserve(device, UINT64_C(1) << 62, &other));
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, ops->alloc(device, UINT64_MAX - 1u, &other));
    CHECK_EQ(other, 0);
    CHECK_STATUS(SLIP_OK, ops->reserve(device, MIB, &base));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->commit(device, base, 0, MIB + 1u));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->commit(device, base, 0, UINT64_MAX));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->commit(device, base + PAGE, 0, PAGE));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 2 * PAGE));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->commit(device, base, 2 * PAGE, PAGE));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->zero(device, base, 3 * PAGE));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->zero(device, base, UINT64_MAX));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->copy_to(device, base, NULL, 1));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->copy_from(device, NULL, base, 1));
    CHECK_STATUS(SLIP_OK, ops->copy_to(device, base, NULL, 0));
    fill(base, 2 * PAGE, 3);
    CHECK(holds(base, 2 * PAGE, 3));
    close_device();
}

/* Allocations: aligned, zero, apart from each other, any size. */
static void allocations(void)
{
    enum { COUNT = 40 };
    uint64_t at[COUNT];
    open_device();
    for (uint64_t i = 0; i < COUNT; i++) {
        CHECK_STATUS(SLIP_OK, ops->alloc(device, i * 997u + 1u, &at[i]));
        CHECK(at[i] != 0 && at[i] % PAGE == 0);
        CHECK(holds(at[i], i * 997u + 1u, 0));
        fill(at[i], i * 997u + 1u, (uint8_t)(i + 1u));
    }
    for (uint64_t i = 0; i < COUNT; i += 2u) {
        ops->free(device, at[i], i * 997u + 1u);
    }
    for (uint64_t i = 1; i < COUNT; i += 2u) {
        CHECK(holds(at[i], i * 997u + 1u, (uint8_t)(i + 1u)));
        ops->free(device, at[i], i * 997u + 1u);
    }
    close_device();
}

/* Copies of any size to any offset change nothing beside them. */
static void copies(void)
{
    uint64_t base = 0;
    uint8_t bytes[257];
    uint8_t back[257];
    open_device();
    CHECK_STATUS(SLIP_OK, ops->alloc(device, PAGE, &base));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i + 1u);
    }
    for (uint64_t n = 0; n <= sizeof(bytes); n += 16u) {
        CHECK_STATUS(SLIP_OK, ops->zero(device, base, PAGE));
        CHECK_STATUS(SLIP_OK, ops->copy_to(device, base + 1001u, bytes, n));
        CHECK_STATUS(SLIP_OK, ops->copy_from(device, back, base + 1001u, n));
        CHECK(memcmp(bytes, back, n) == 0);
        CHECK(holds(base, 1001, 0) && holds(base + 1001u + n, PAGE - 1001u - n, 0));
    }
    close_device();
}

/* Closing gives back what was not freed. */
static void close_frees(void)
{
    uint64_t at[2] = {0, 0};
    unsigned char vec[1];
    if (ops == &template_platform) {
        return; /* free() need not unmap; the address sanitizer looks for leaks */
    }
    open_device();
    CHECK_STATUS(SLIP_OK, ops->alloc(device, PAGE, &at[0]));
    CHECK_STATUS(SLIP_OK, ops->reserve(device, PAGE, &at[1]));
    CHECK_EQ(mincore((void *)(uintptr_t)at[0], PAGE, vec), 0);
    close_device();
    CHECK(mincore((void *)(uintptr_t)at[0], PAGE, vec) != 0);
    CHECK(mincore((void *)(uintptr_t)at[1], PAGE, vec) != 0);
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* A kernel that is never called. */
static int32_t no_kernel(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* An orchestration that is never called. */
static slip_status no_orchestration(slip_orch *o)
{
    (void)o;
    return SLIP_OK;
}

/* A program's functions get names that are not 0; a missing kernel is refused. */
static void programs(void)
{
    slip_kernel_entry kernels[2] = {{"a", no_kernel, SLIP_AIC, 0}, {"b", no_kernel, SLIP_AIV, 0}};
    slip_program program = {.magic = SLIP_PROGRAM_MAGIC,
                            .abi = SLIP_PROGRAM_ABI,
                            .struct_size = sizeof(program),
                            .name = "names",
                            .orchestrate = no_orchestration,
                            .kernels = kernels,
                            .kernel_count = 2};
    slip_program_source source = {.struct_size = sizeof(source), .program = &program};
    uint64_t names[2] = {0, 0};
    slip_loaded_program loaded = {
        .struct_size = sizeof(loaded), .kernel_count = 2, .kernels = names};
    open_device();
    CHECK_STATUS(SLIP_OK, ops->load_program(device, &source, &loaded));
    CHECK(loaded.orchestrate != 0 && names[0] != 0 && names[1] != 0);
    ops->unload_program(device, &loaded);
    loaded.kernel_count = 1;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->load_program(device, &source, &loaded));
    close_device();
}

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

/* Counts itself in; thread 0 calls the others and waits until all have been there. */
static slip_status meet(const slip_device_services *s, uint64_t launch_address, uint32_t thread)
{
    struct conf_launch *launch = (struct conf_launch *)(uintptr_t)launch_address;
    if (thread >= s->info.control_launch_max) {
        slipi_add_relaxed(&launch->wrong, 1u); /* a counter of the test */
        return SLIP_OK;
    }
    bool first = slipi_add_acq_rel(&launch->entered[thread], 1u) == 0;
    if (thread >= launch->threads) {
        return SLIP_OK; /* launched beyond what was asked for: drops out */
    }
    if (slipi_load_acquire(&launch->ended) != 0) {
        return SLIP_OK; /* called again when all is over */
    }
    if (first) {
        slipi_add_acq_rel(&launch->inside, 1u);
    }
    if (thread != 0) {
        if (!idle_until(s, thread, &launch->ended, 1u)) {
            slipi_add_relaxed(&launch->wrong, 1u);
        }
        return SLIP_OK;
    }
    s->call_threads(s->device, launch->threads - 1u);
    if (!idle_until(s, thread, &launch->inside, launch->threads)) {
        slipi_add_relaxed(&launch->wrong, 1u);
    }
    slipi_store_release(&launch->ended, 1u);
    return launch->status;
}

/* No core does anything. */
static int32_t no_step(const slip_device_services *s, uint64_t launch_address, uint32_t core)
{
    (void)s;
    (void)launch_address;
    (void)core;
    return 0;
}

/* Makes a launch block, runs an entry over it, and reads it back. */
static slip_status run_entry(const slip_device_entry *entry, struct conf_launch *launch)
{
    uint64_t at = 0;
    CHECK_STATUS(SLIP_OK, ops->alloc(device, sizeof(*launch), &at));
    slip_platform_launch delivery = {.struct_size = sizeof(delivery),
                                     .threads = launch->threads,
                                     .entry = entry,
                                     .address = at,
                                     .block = launch,
                                     .block_bytes = sizeof(*launch)};
    slip_status status = ops->launch(device, &delivery);
    if (status == SLIP_OK) {
        status = ops->wait(device, LONG_NS);
    }
    CHECK_STATUS(SLIP_OK, ops->copy_from(device, launch, at, sizeof(*launch)));
    ops->free(device, at, sizeof(*launch));
    return status;
}

/* Every control thread asked for runs, under its own number, for every count of threads. */
static void control_threads(void)
{
    static const slip_device_entry entry = {
        .struct_size = sizeof(entry), .control = meet, .core_step = no_step};
    open_device();
    for (uint32_t threads = 1; threads <= info.control_active_max; threads++) {
        for (int again = 0; again < 3; again++) {
            struct conf_launch launch = {.threads = threads};
            CHECK_STATUS(SLIP_OK, run_entry(&entry, &launch));
            CHECK_EQ(launch.wrong, 0);
            CHECK_EQ(launch.inside, threads);
            CHECK_EQ(launch.entered[0], 1);
            for (uint32_t i = 0; i < MAX_THREADS; i++) {
                CHECK(i >= threads || launch.entered[i] >= 1);
                CHECK(i < info.control_launch_max || launch.entered[i] == 0);
            }
        }
    }
    close_device();
}

/* Thread 0's status comes out of wait; bad launches are refused. */
static void statuses(void)
{
    static const slip_device_entry entry = {
        .struct_size = sizeof(entry), .control = meet, .core_step = no_step};
    open_device();
    struct conf_launch launch = {.threads = 1, .status = SLIP_E_INIT_FAILED};
    CHECK_STATUS(SLIP_E_INIT_FAILED, run_entry(&entry, &launch));
    launch = (struct conf_launch){.threads = 1};
    CHECK_STATUS(SLIP_OK, run_entry(&entry, &launch));
    CHECK_STATUS(SLIP_OK, ops->wait(device, SHORT_NS));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, launch_at((launch_on){ops, device}, NULL, 1, 1));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, launch_at((launch_on){ops, device}, &entry, 1, 0));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 launch_at((launch_on){ops, device}, &entry, 1, info.control_active_max + 1u));
    launch = (struct conf_launch){.threads = 1};
    CHECK_STATUS(SLIP_OK, run_entry(&entry, &launch));
    close_device();
}

/* Many short runs in a row, with all threads and with one. */
static void many_runs(void)
{
    static const slip_device_entry entry = {
        .struct_size = sizeof(entry), .control = meet, .core_step = no_step};
    open_device();
    for (uint32_t i = 0; i < 200u; i++) {
        struct conf_launch launch = {.threads = i % 2u == 0 ? 1u : info.control_active_max};
        CHECK_STATUS(SLIP_OK, run_entry(&entry, &launch));
        CHECK_EQ(launch.wrong, 0);
        CHECK_EQ(launch.inside, launch.threads);
    }
    close_device();
}

static slipi_au32 let_go; /* 1: a held thread may leave */

/* Thread 1 stays until it is let go; thread 0 leaves once thread 1 is inside. */
static slip_status hold(const slip_device_services *s, uint64_t launch_address, uint32_t thread)
{
    struct conf_launch *launch = (struct conf_launch *)(uintptr_t)launch_address;
    if (thread == 1) {
        slipi_store_release(&launch->inside, 1u);
        CHECK(idle_until(s, thread, &let_go, 1u));
    } else if (thread == 0) {
        s->call_threads(s->device, 1u);
        CHECK(idle_until(s, thread, &launch->inside, 1u));
    }
    return SLIP_OK;
}

/* A wait that runs out of time says so; nothing is launched then; it may be asked again. */
static void timeout(void)
{
    static const slip_device_entry entry = {
        .struct_size = sizeof(entry), .control = hold, .core_step = no_step};
    uint64_t at = 0;
    if (ops == &template_platform) {
        return; /* there is no second thread that could stay */
    }
    open_device();
    slipi_store_release(&let_go, 0u);
    CHECK_STATUS(SLIP_OK, ops->alloc(device, sizeof(struct conf_launch), &at));
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){ops, device}, &entry, at, 2));
    CHECK_STATUS(SLIP_E_HANG, ops->wait(device, SHORT_NS));
    CHECK_STATUS(SLIP_E_BUSY, launch_at((launch_on){ops, device}, &entry, at, 1));
    CHECK_STATUS(SLIP_E_HANG, ops->wait(device, SHORT_NS));
    slipi_store_release(&let_go, 1u);
    CHECK_STATUS(SLIP_OK, ops->wait(device, LONG_NS));
    CHECK_STATUS(SLIP_OK, launch_at((launch_on){ops, device}, &entry, at, 2));
    CHECK_STATUS(SLIP_OK, ops->wait(device, LONG_NS));
    close_device();
}

/* Two devices at once, each with its own memory and run. */
static void two_devices(void)
{
    static const slip_device_entry entry = {
        .struct_size = sizeof(entry), .control = meet, .core_step = no_step};
    open_device();
    slip_platform_device *first = device;
    uint64_t at = 0;
    CHECK_STATUS(SLIP_OK, ops->alloc(first, PAGE, &at));
    fill(at, PAGE, 1);
    device = open_one(info.self_executing != 0 ? 0u : 1u);
    struct conf_launch launch = {.threads = info.control_active_max};
    CHECK_STATUS(SLIP_OK, run_entry(&entry, &launch));
    CHECK_EQ(launch.inside, launch.threads);
    close_device();
    device = first;
    CHECK(holds(at, PAGE, 1));
    launch = (struct conf_launch){.threads = info.control_active_max};
    CHECK_STATUS(SLIP_OK, run_entry(&entry, &launch));
    close_device();
}

/* ---- services ------------------------------------------------------------------------------- */

/* The clock goes on and never back; idling returns; ordering may be called on anything. */
static slip_status use_services(const slip_device_services *s, uint64_t launch_address,
                                uint32_t thread)
{
    struct conf_launch *launch = (struct conf_launch *)(uintptr_t)launch_address;
    if (thread != 0) {
        return SLIP_OK;
    }
    uint64_t last = s->ticks(s->device);
    uint64_t begin = last;
    for (uint32_t round = 0; round < 300u; round++) {
        s->idle(s->device, thread, round);
        uint64_t now = s->ticks(s->device);
        if (now < last) {
            slipi_add_relaxed(&launch->wrong, 1u);
        }
        last = now;
    }
    s->idle(s->device, thread, UINT32_MAX);
    s->publish(s->device, launch, sizeof(*launch));
    s->acquire(s->device, launch, sizeof(*launch));
    s->publish(s->device, launch, 0);
    s->call_threads(s->device, 0);
    s->call_threads(s->device, UINT32_MAX);
    launch->reserved = last > begin ? 1u : 0u;
    return SLIP_OK;
}

/* All services work from a control thread. */
static void services(void)
{
    static const slip_device_entry entry = {
        .struct_size = sizeof(entry), .control = use_services, .core_step = no_step};
    open_device();
    struct conf_launch launch = {.threads = 1};
    CHECK_STATUS(SLIP_OK, run_entry(&entry, &launch));
    CHECK_EQ(launch.wrong, 0);
    CHECK_EQ(launch.reserved, 1);
    close_device();
}

#define COMMAND_STOP 0x80000000u
#define COMMANDS 3u /* per core, before the stop */

/* A core echoes each new command of its dispatch register into its status register. */
static int32_t echo_step(const slip_device_services *s, uint64_t launch_address, uint32_t core)
{
    struct conf_launch *launch = (struct conf_launch *)(uintptr_t)launch_address;
    uint32_t command = s->reg_read(s->device, core, s->info.reg_dispatch);
    uint32_t last = slipi_load_acquire(&launch->core_value[core]);
    if (command == last || command == 0) {
        return 0;
    }
    if (command != COMMAND_STOP && command != last + 1u && last != 0) {
        slipi_add_relaxed(&launch->wrong, 1u);
    }
    slipi_store_release(&launch->core_value[core], command);
    s->reg_write(s->device, core, s->info.reg_status, command);
    return command == COMMAND_STOP ? -1 : 1;
}

/* Writes one command to every core and waits for every echo. */
static void command_all(const slip_device_services *s, struct conf_launch *launch, uint32_t value,
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
            slipi_add_relaxed(&launch->wrong, 1u);
        }
    }
}

/* Opens or closes the fast path of every core, where there is one. */
static void set_fast_path(const slip_device_services *s, uint32_t value)
{
    for (uint32_t core = 0; core < 3u * s->info.blocks && s->info.reg_fast_path != 0; core++) {
        s->reg_write(s->device, core, s->info.reg_fast_path, value);
    }
}

/* Speaks to every core through its registers, then stops them all. */
static slip_status speak(const slip_device_services *s, uint64_t launch_address, uint32_t thread)
{
    struct conf_launch *launch = (struct conf_launch *)(uintptr_t)launch_address;
    if (thread != 0) {
        return SLIP_OK;
    }
    set_fast_path(s, s->info.fast_path_open);
    for (uint32_t i = 1; i <= COMMANDS; i++) {
        command_all(s, launch, i, true);
    }
    command_all(s, launch, COMMAND_STOP, false);
    set_fast_path(s, s->info.fast_path_close);
    return SLIP_OK;
}

/* Every core of the row answers its own registers, again in a second run. */
static void registers(void)
{
    static const slip_device_entry entry = {
        .struct_size = sizeof(entry), .control = speak, .core_step = echo_step};
    open_device();
    for (int again = 0; again < 2 && info.self_executing == 0; again++) {
        struct conf_launch launch = {.threads = 1};
        CHECK_STATUS(SLIP_OK, run_entry(&entry, &launch));
        CHECK_EQ(launch.wrong, 0);
        for (uint32_t core = 0; core < 3u * info.blocks; core++) {
            CHECK_EQ(launch.core_value[core], COMMAND_STOP);
        }
    }
    close_device();
}

/* All cases of one platform. */
static void conform(const char *name)
{
    ops = strcmp(name, "template") == 0 ? &template_platform : slip_platform_find(name);
    printf("platform %s\n", name);
    if (!CHECK(ops != NULL)) {
        return;
    }
    CHECK_CASE(table);
    CHECK_CASE(bad_options);
    CHECK_CASE(description);
    CHECK_CASE(growth);
    CHECK_CASE(zeroing);
    CHECK_CASE(bad_sizes);
    CHECK_CASE(allocations);
    CHECK_CASE(copies);
    CHECK_CASE(close_frees);
    CHECK_CASE(programs);
    CHECK_CASE(control_threads);
    CHECK_CASE(statuses);
    CHECK_CASE(many_runs);
    CHECK_CASE(timeout);
    CHECK_CASE(two_devices);
    CHECK_CASE(services);
    CHECK_CASE(registers);
}

/* Tests the platform that the argument names, or all. */
int main(int argc, char **argv)
{
    const char *const *name = slip_platform_names();
    if (argc > 1) {
        conform(argv[1]);
        return check_report();
    }
    for (; *name != NULL; name++) {
        conform(*name);
    }
    conform("template");
    return check_report();
}
