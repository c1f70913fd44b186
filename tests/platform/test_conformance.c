/*
 * test_conformance.c - the contract of platform.h, member by member, on every built-in platform.
 *
 * The host side reaches device memory by the copies only; conformance_entry.c is the device's
 * program and uses it directly. An argument names the one platform to test; "template" is the one
 * of examples/template_platform. A built-in platform whose device is not there is left out by name.
 * ctest-labels: conformance unit concurrency
 */
#include <slipway/platform.h>
#include <slipway/slipway.h>

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "abi/arch.h"
#include "conformance_entry.h"
#include "support/check.h"
#include "support/launch.h"

#define PAGE 4096u
#define MIB (UINT64_C(1) << 20)
#define SHORT_NS UINT64_C(30000000)
#define LONG_NS UINT64_C(60000000000)
enum { CPU_THREADS = 5 };

extern const slip_platform_ops template_platform;

static const slip_platform_ops *ops; /* of the platform under test */
static slip_platform_device *device;
static slip_platform_info info;
static bool own_memory; /* the device's memory is not this process's */

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

/* True iff fresh memory is as the platform promises. */
static bool is_fresh(uint64_t address, uint64_t bytes)
{
    return info.fresh_is_zero == 0 || holds(address, bytes, 0);
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
    CHECK(info.control_launch_max <= CONF_THREADS && 3 * info.blocks <= CONF_CORES);
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

/* A reservation grows in place; what was written stays; what is new is as promised. */
static void growth(void)
{
    uint64_t base = 1;
    open_device();
    CHECK_STATUS(SLIP_OK, ops->reserve(device, 64 * MIB, &base));
    CHECK(base != 0 && base % PAGE == 0);
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 10000));
    CHECK(is_fresh(base, 10000));
    fill(base, 10000, 0xA5);
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 10000, 10000));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 10000, MIB));
    CHECK(holds(base, 10000, 0xA5));
    CHECK(is_fresh(base + 3 * PAGE, MIB - 3 * PAGE));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, MIB, 64 * MIB));
    CHECK(holds(base, 10000, 0xA5));
    CHECK(is_fresh(base + 64 * MIB - PAGE, PAGE));
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

/* What is given back reads as fresh when it is committed again; what stays keeps its content. */
static void giving_back(void)
{
    uint64_t base = 0;
    if (ops->decommit == NULL) {
        return;
    }
    open_device();
    CHECK_STATUS(SLIP_OK, ops->reserve(device, 4 * MIB, &base));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 4 * MIB));
    fill(base, 4 * MIB, 0x5A);
    CHECK_STATUS(SLIP_OK, ops->decommit(device, base, 4 * MIB, MIB));
    CHECK(holds(base, MIB, 0x5A));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->zero(device, base, MIB + PAGE));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->decommit(device, base, 4 * MIB, PAGE));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->decommit(device, base, MIB, 2 * MIB));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->decommit(device, base + PAGE, MIB, PAGE));
    CHECK_STATUS(SLIP_OK, ops->decommit(device, base, MIB, MIB));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, MIB, 2 * MIB));
    CHECK(holds(base, MIB, 0x5A));
    CHECK(info.fresh_is_zero == 0 || holds(base + MIB, MIB, 0));
    fill(base + MIB, MIB, 0x33);
    CHECK_STATUS(SLIP_OK, ops->decommit(device, base, 2 * MIB, 0));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 4 * MIB));
    CHECK(info.fresh_is_zero == 0 || holds(base, 4 * MIB, 0));
    ops->release(device, base, 4 * MIB);
    close_device();
}

/* Relaying zeroes exactly its range and counts no more than it, and nothing where none was used. */
static void relaying(void)
{
    static const uint64_t ranges[][2] = {{0, 1},   {100, 4000},      {4095, 2},   {PAGE, PAGE},
                                         {1, MIB}, {12345, 3 * MIB}, {0, 4 * MIB}};
    uint64_t base = 0;
    uint64_t bytes = 0;
    if (ops->relay == NULL) {
        return;
    }
    open_device();
    CHECK_STATUS(SLIP_OK, ops->reserve(device, 4 * MIB, &base));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 4 * MIB));
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        uint64_t lo = ranges[i][0];
        uint64_t hi = lo + ranges[i][1];
        fill(base, 4 * MIB, 0x5A);
        CHECK_STATUS(SLIP_OK, ops->relay(device, base + lo, hi - lo, &bytes));
        CHECK_EQ(bytes, hi - lo);
        CHECK(holds(base, lo, 0x5A));
        CHECK(holds(base + lo, hi - lo, 0));
        CHECK(holds(base + hi, 4 * MIB - hi, 0x5A));
    }
    CHECK_STATUS(SLIP_OK, ops->relay(device, base, 4 * MIB, &bytes));
    fill(base + MIB, 3 * PAGE, 1);
    CHECK_STATUS(SLIP_OK, ops->relay(device, base, 4 * MIB, &bytes));
    CHECK(bytes >= 3 * PAGE && bytes <= 4 * MIB);
    CHECK(holds(base, 4 * MIB, 0));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->relay(device, base, 4 * MIB + PAGE, &bytes));
    close_device();
}

/* Populating changes no byte, and says no more than there is. */
static void populating(void)
{
    slip_platform_populated got = {.struct_size = sizeof(got)};
    uint64_t base = 0;
    uint64_t resident = 0;
    if (ops->populate == NULL) {
        return;
    }
    open_device();
    CHECK_STATUS(SLIP_OK, ops->reserve(device, 8 * MIB, &base));
    CHECK_STATUS(SLIP_OK, ops->commit(device, base, 0, 8 * MIB));
    fill(base + 100, 5000, 0x77);
    CHECK_STATUS(SLIP_OK, ops->populate(device, base, 0, 0, NULL));
    CHECK_STATUS(SLIP_OK, ops->populate(device, base, 8 * MIB, SLIP_POPULATE_COUNT, &got));
    CHECK(got.bytes >= 5000 && got.bytes <= 8 * MIB);
    CHECK_STATUS(SLIP_OK, ops->populate(device, base, MIB, 0, NULL));
    CHECK_STATUS(SLIP_OK, ops->populate(device, base, 8 * MIB, SLIP_POPULATE_HUGE, &got));
    CHECK(got.bytes <= 8 * MIB && got.huge_bytes <= got.bytes);
    if (ops->resident != NULL) {
        CHECK_STATUS(SLIP_OK, ops->resident(device, base, 8 * MIB, &resident));
        CHECK_EQ(got.bytes, resident);
    }
    CHECK(holds(base, 100, 0) && holds(base + 100, 5000, 0x77));
    CHECK(holds(base + 5100, 8 * MIB - 5100, 0));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->populate(device, base, UINT64_MAX, 0, NULL));
    close_device();
}

/* What is available bounds what can be had. */
static void bounds(void)
{
    uint64_t bytes = 0;
    uint64_t base = 0;
    if (ops->available == NULL) {
        return;
    }
    open_device();
    CHECK_STATUS(SLIP_OK, ops->available(device, &bytes));
    CHECK(bytes > MIB);
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, ops->reserve(device, bytes + PAGE, &base));
    CHECK_STATUS(SLIP_OK, ops->reserve(device, MIB, &base));
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

/* Allocations: aligned, fresh, apart from each other, any size. */
static void allocations(void)
{
    enum { COUNT = 40 };
    uint64_t at[COUNT];
    open_device();
    for (uint64_t i = 0; i < COUNT; i++) {
        CHECK_STATUS(SLIP_OK, ops->alloc(device, i * 997u + 1u, &at[i]));
        CHECK(at[i] != 0 && at[i] % PAGE == 0);
        CHECK(is_fresh(at[i], i * 997u + 1u));
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
    if (ops == &template_platform || own_memory) {
        return; /* free() need not unmap; the address sanitizer looks for leaks, or the device's own
                   books */
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

/* Loads a program twice, checks its names, and takes it back. */
static void load(const slip_program_source *source)
{
    enum { ROOM = 64 };
    uint64_t names[2][ROOM] = {{0}};
    slip_loaded_program loaded[2];
    uint32_t count = source->program->kernel_count;
    CHECK(count >= 1 && count <= ROOM);
    for (uint32_t i = 0; i < 2; i++) {
        loaded[i] = (slip_loaded_program){
            .struct_size = sizeof(loaded[i]), .kernel_count = count, .kernels = names[i]};
        CHECK_STATUS(SLIP_OK, ops->load_program(device, source, &loaded[i]));
        CHECK(loaded[i].orchestrate != 0 && names[i][0] != 0 && names[i][count - 1u] != 0);
    }
    CHECK_EQ(loaded[0].orchestrate, loaded[1].orchestrate);
    ops->unload_program(device, &loaded[0]);
    ops->unload_program(device, &loaded[1]);
    loaded[0].kernel_count = count - 1u;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, ops->load_program(device, source, &loaded[0]));
}

/* A program of a file. */
static void load_file(void)
{
    char path[4096];
    const char *build = getenv("SLIPWAY_BUILD_DIR");
    (void)snprintf(path, sizeof(path), "%s/examples/vector.so", build != NULL ? build : ".");
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!CHECK(object != NULL)) {
        return;
    }
    slip_program_source source = {.struct_size = sizeof(source),
                                  .program = dlsym(object, SLIP_PROGRAM_SYMBOL),
                                  .path = path,
                                  .content = {1, 2}};
    load(&source);
    (void)dlclose(object);
}

/* A program's functions get names that are not 0; where the device is not this process, a program
 * that is part of it cannot be loaded. */
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
    uint64_t names[2];
    slip_loaded_program loaded = {
        .struct_size = sizeof(loaded), .kernel_count = 2, .kernels = names};
    open_device();
    load_file();
    if (own_memory) {
        CHECK_STATUS(SLIP_E_UNSUPPORTED, ops->load_program(device, &source, &loaded));
    } else {
        load(&source);
    }
    close_device();
}

/* Makes a launch block, runs the program over it, and reads it back. */
static slip_status run_entry(conf_launch *launch)
{
    static uint32_t sequence;
    uint64_t at = 0;
    launch->sequence = ++sequence % 65535u + 1u;
    CHECK_STATUS(SLIP_OK, ops->alloc(device, sizeof(*launch), &at));
    slip_platform_launch delivery = {.struct_size = sizeof(delivery),
                                     .threads = launch->threads,
                                     .entry = &conf_entry,
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
    open_device();
    for (uint32_t threads = 1; threads <= info.control_active_max; threads++) {
        for (int again = 0; again < 3; again++) {
            conf_launch launch = {.threads = threads};
            CHECK_STATUS(SLIP_OK, run_entry(&launch));
            CHECK_EQ(launch.wrong, 0);
            CHECK_EQ(launch.inside, threads);
            CHECK_EQ(launch.entered[0], 1);
            for (uint32_t i = 0; i < CONF_THREADS; i++) {
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
    open_device();
    conf_launch launch = {.threads = 1, .status = SLIP_E_INIT_FAILED};
    CHECK_STATUS(SLIP_E_INIT_FAILED, run_entry(&launch));
    launch = (conf_launch){.threads = 1};
    CHECK_STATUS(SLIP_OK, run_entry(&launch));
    CHECK_STATUS(SLIP_OK, ops->wait(device, SHORT_NS));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, launch_at((launch_on){ops, device}, NULL, 1, 1));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, launch_at((launch_on){ops, device}, &conf_entry, 1, 0));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                 launch_at((launch_on){ops, device}, &conf_entry, 1, info.control_active_max + 1u));
    launch = (conf_launch){.threads = 1};
    CHECK_STATUS(SLIP_OK, run_entry(&launch));
    close_device();
}

/* Many short runs in a row, with all threads and with one. */
static void many_runs(void)
{
    open_device();
    for (uint32_t i = 0; i < 200u; i++) {
        conf_launch launch = {.threads = i % 2u == 0 ? 1u : info.control_active_max};
        CHECK_STATUS(SLIP_OK, run_entry(&launch));
        CHECK_EQ(launch.wrong, 0);
        CHECK_EQ(launch.inside, launch.threads);
    }
    close_device();
}

/* Lets the held thread of a launch leave. */
static void let_go(uint64_t at)
{
    uint64_t word = at + offsetof(conf_launch, let_go);
    const uint32_t yes = 1;
    if (own_memory) {
        CHECK_STATUS(SLIP_OK, ops->copy_to(device, word, &yes, sizeof(yes)));
    } else {
        slipi_store_release((slipi_au32 *)(uintptr_t)word, yes);
    }
}

/* A wait that runs out of time says so; nothing is launched then; it may be asked again. */
static void timeout(void)
{
    uint64_t at = 0;
    if (ops == &template_platform) {
        return; /* there is no second thread that could stay */
    }
    open_device();
    CHECK_STATUS(SLIP_OK, ops->alloc(device, sizeof(conf_launch), &at));
    for (uint32_t again = 0; again < 2; again++) {
        conf_launch block = {.kind = CONF_HOLD, .threads = 2, .sequence = 60000u + again};
        slip_platform_launch launch = {.struct_size = sizeof(launch),
                                       .threads = 2,
                                       .entry = &conf_entry,
                                       .address = at,
                                       .block = &block,
                                       .block_bytes = sizeof(block)};
        CHECK_STATUS(SLIP_OK, ops->launch(device, &launch));
        CHECK_STATUS(SLIP_E_HANG, ops->wait(device, SHORT_NS));
        CHECK_STATUS(SLIP_E_BUSY, ops->launch(device, &launch));
        CHECK_STATUS(SLIP_E_HANG, ops->wait(device, SHORT_NS));
        let_go(at);
        CHECK_STATUS(SLIP_OK, ops->wait(device, LONG_NS));
    }
    close_device();
}

/* Two devices at once, each with its own memory and run. */
static void two_devices(void)
{
    open_device();
    slip_platform_device *first = device;
    uint64_t at = 0;
    CHECK_STATUS(SLIP_OK, ops->alloc(first, PAGE, &at));
    fill(at, PAGE, 1);
    device = open_one(info.self_executing != 0 ? 0u : 1u);
    conf_launch launch = {.threads = info.control_active_max};
    CHECK_STATUS(SLIP_OK, run_entry(&launch));
    CHECK_EQ(launch.inside, launch.threads);
    close_device();
    device = first;
    CHECK(holds(at, PAGE, 1));
    launch = (conf_launch){.threads = info.control_active_max};
    CHECK_STATUS(SLIP_OK, run_entry(&launch));
    close_device();
}

/* ---- services ------------------------------------------------------------------------------- */

/* All services work from a control thread. */
static void services(void)
{
    open_device();
    conf_launch launch = {.kind = CONF_SERVICES, .threads = 1};
    CHECK_STATUS(SLIP_OK, run_entry(&launch));
    CHECK_EQ(launch.wrong, 0);
    CHECK_EQ(launch.clock_moved, 1);
    close_device();
}

/* Every core of the row answers its own registers, again in a second run. */
static void registers(void)
{
    open_device();
    for (int again = 0; again < 2 && info.self_executing == 0; again++) {
        conf_launch launch = {.kind = CONF_SPEAK, .threads = 1};
        CHECK_STATUS(SLIP_OK, run_entry(&launch));
        CHECK_EQ(launch.wrong, 0);
        for (uint32_t core = 0; core < 3u * info.blocks; core++) {
            CHECK_EQ(launch.core_value[core], CONF_STOP | launch.sequence);
        }
    }
    close_device();
}

/* True if a device of the platform can be opened here; prints why not. */
static bool is_there(void)
{
    char why[256] = "";
    slip_platform_open options = {.struct_size = sizeof(options)};
    slip_status status = ops->open(&options, &device, why, sizeof(why));
    if (status == SLIP_OK) {
        close_device();
    } else {
        printf("left out: %s\n", why);
    }
    return status != SLIP_E_PLATFORM_UNAVAILABLE;
}

/* All cases of one platform. */
static void conform(const char *name)
{
    ops = strcmp(name, "template") == 0 ? &template_platform : slip_platform_find(name);
    printf("platform %s\n", name);
    if (!CHECK(ops != NULL) || !is_there()) {
        return;
    }
    own_memory = strcmp(name, "a2a3") == 0 || strcmp(name, "a5") == 0;
    CHECK_CASE(table);
    CHECK_CASE(bad_options);
    CHECK_CASE(description);
    CHECK_CASE(growth);
    CHECK_CASE(zeroing);
    CHECK_CASE(giving_back);
    CHECK_CASE(relaying);
    CHECK_CASE(populating);
    CHECK_CASE(bounds);
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
