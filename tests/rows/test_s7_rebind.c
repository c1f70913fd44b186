/*
 * test_s7_rebind.c - the device checks every field of SM, runtime and launch block before it uses
 * it: a poisoned one ends the run with its name, and the next run is good.
 *
 * The platform is wrapped: its launch damages one field on its way to the device.
 * ctest-labels: row S7
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 */
#include <stddef.h>

#include "abi/launch.h"
#include "row.h"
#include "support/check.h"

/* What a poison is written to. */
enum place { LAUNCH, BINDINGS, SHARED, RUNTIME };

/* A field, what is written to it, and what the device must say of it. */
typedef struct poison {
    enum place place;
    size_t offset;
    size_t bytes;
    uint64_t value;
    const char *why;
} poison;

/* Offset and size of a field. */
#define FIELD(type, field) offsetof(type, field), sizeof(((type *)0)->field)
/* Offset and size of a field of one row of the binding table. */
#define ROW(row, field) \
    (row) * sizeof(slip_binding) + offsetof(slip_binding, field), sizeof(uint64_t)
#define IN_LAUNCH(field, value, why)                       \
    {                                                      \
        LAUNCH, FIELD(slipi_launch, field), (value), (why) \
    }
#define IN_ROW(row, field, value, why)                         \
    {                                                          \
        BINDINGS, ROW(SLIPI_BIND_##row, field), (value), (why) \
    }
#define IN_SM(field, value, why)                       \
    {                                                  \
        SHARED, FIELD(slipi_sm, field), (value), (why) \
    }
#define IN_RT(field, value, why)                             \
    {                                                        \
        RUNTIME, FIELD(slipi_runtime, field), (value), (why) \
    }

/* Says nothing of the field: the device cannot read a block that it does not know. */
#define UNKNOWN_BLOCK ""
/* A multiple of a page and of a slot, so that only the sum with a length overflows. */
#define NEAR_END (UINT64_MAX - 4095u)

static const poison poisons[] = {
    IN_LAUNCH(magic, 0, UNKNOWN_BLOCK),
    IN_LAUNCH(version, 99, UNKNOWN_BLOCK),
    IN_LAUNCH(struct_size, 8, UNKNOWN_BLOCK),
    IN_LAUNCH(fingerprint, 1, UNKNOWN_BLOCK),
    IN_LAUNCH(runtime_off, 8, "runtime pointer"),
    IN_LAUNCH(runtime_off, NEAR_END, "runtime pointer"),
    IN_ROW(ARENA, address, 0, "runtime pointer"),
    IN_ROW(ARENA, bytes, 4095, "runtime pointer"),
    IN_ROW(ARENA, bytes, 4096, "runtime pointer"),
    IN_ROW(HEAP, address, 0, "GM heap base"),
    IN_ROW(HEAP, bytes, 4096, "SM ring extent: heap"),
    IN_ROW(SM, address, 0, "SM base"),
    IN_ROW(SM, bytes, 4096, "SM size"),
    IN_SM(magic, SLIPI_ARENA_MAGIC, "SM magic"),
    IN_SM(version, 99, "SM version"),
    IN_SM(fingerprint, 1, "SM fingerprint"),
    IN_SM(ring_count, 5, "SM ring count"),
    IN_SM(sm_bytes, UINT64_MAX, "SM size"),
    IN_SM(ring[0].window, 0, "slots"),
    IN_SM(ring[1].window, 63, "slots"),
    IN_SM(ring[2].window, UINT64_C(1) << 55, "slots"),
    IN_SM(ring[3].window, UINT64_C(1) << 30, "slots"),
    IN_SM(ring[0].slots_off, 0, "slots"),
    IN_SM(ring[3].slots_off, NEAR_END, "slots"),
    IN_SM(ring[1].edges_off, NEAR_END, "edges"),
    IN_SM(ring[2].edge_count, UINT64_MAX, "edges"),
    IN_SM(ring[2].spill_off, 64, "spill"),
    IN_SM(ring[3].spill_bytes, 3, "spill"),
    IN_SM(ring[0].heap_off, UINT64_MAX, "heap"),
    IN_SM(ring[3].heap_bytes, UINT64_C(1) << 62, "heap"),
    IN_SM(queue_capacity, 3, "ready queue"),
    IN_SM(queue_capacity, UINT64_C(1) << 62, "ready queue"),
    IN_SM(queue_cells_off[0], 0, "ready queue"),
    IN_SM(queue_cells_off[2], NEAR_END, "ready queue"),
    IN_RT(magic, SLIPI_SM_MAGIC, "runtime magic"),
    IN_RT(version, 99, "runtime version"),
    IN_RT(fingerprint, 1, "runtime fingerprint"),
    IN_RT(ring_count, 3, "runtime ring count"),
    IN_RT(arena_bytes, UINT64_MAX, "runtime sizes"),
    IN_RT(sm_bytes, 0, "runtime sizes"),
    IN_RT(heap_bytes, UINT64_MAX, "runtime sizes"),
    IN_RT(map[0].buffers_off, 0, "map extent"),
    IN_RT(map[4].buffer_count, 3, "map extent"),
    IN_RT(map[1].cells_off, NEAR_END, "map extent"),
    IN_RT(map[3].cell_count, UINT64_C(1) << 60, "map extent"),
    IN_RT(nodes_off, 0, "node extent"),
    IN_RT(node_count, UINT64_C(1) << 60, "node extent"),
    IN_RT(ring[0].tail, 0, "ring state"),
    IN_RT(ring[1].tail, UINT64_MAX, "ring state"),
    IN_RT(ring[2].done, UINT64_MAX, "ring state"),
    IN_RT(ring[3].head, UINT64_MAX, "ring state"),
};

static const char *platform;
static const slip_platform_ops *inner;
static const poison *active; /* what the next launch damages; null = nothing */
static bool stale_latches;   /* the next launch finds the latches of an earlier fault */
static uint8_t *damaged;
static uint64_t before;

/* Start of what a poison is written to; device memory is in reach on these platforms. */
static uint8_t *place_of(slipi_launch *launch, enum place place)
{
    const slip_binding *rows = row_bindings(launch);
    switch (place) {
    case LAUNCH:
        return (uint8_t *)launch;
    case BINDINGS:
        return (uint8_t *)row_bindings(launch);
    case SHARED:
        return (uint8_t *)(uintptr_t)rows[SLIPI_BIND_SM].address;
    default:
        return (uint8_t *)(uintptr_t)(rows[SLIPI_BIND_ARENA].address + launch->runtime_off);
    }
}

/* Damages one field and launches. */
static slip_status launch(slip_platform_device *device, const slip_platform_launch *given)
{
    slipi_launch *block = row_launch_block(given);
    if (active != NULL) {
        damaged = place_of(block, active->place) + active->offset;
        memcpy(&before, damaged, active->bytes);
        memcpy(damaged, &active->value, active->bytes);
    }
    if (stale_latches) {
        slipi_sm *sm = (slipi_sm *)(void *)place_of(block, SHARED);
        slipi_store_relaxed(&sm->fatal, 2u);
        slipi_store_relaxed(&sm->fatal_status, (uint32_t)SLIP_E_KERNEL_FAILED);
    }
    return inner->launch(device, given);
}

/* Waits; the header of the launch block is written at open only, so it is put back. */
static slip_status wait_device(slip_platform_device *device, uint64_t timeout_ns)
{
    slip_status status = inner->wait(device, timeout_ns);
    if (active != NULL && active->place == LAUNCH) {
        memcpy(damaged, &before, active->bytes);
    }
    return status;
}

/* Opens a runner on the wrapped platform. */
static slip_runner *open_wrapped(slip_platform_ops *ops)
{
    inner = slip_platform_find(platform);
    *ops = *inner;
    ops->launch = launch;
    ops->wait = wait_device;
    return row_open(NULL, ops);
}

/* Every poison in turn, on fresh and on used regions. */
static void every_field_is_checked(void)
{
    slip_platform_ops ops;
    slip_runner *runner = open_wrapped(&ops);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(64, 65536, 64);
    for (size_t i = 0; i < sizeof(poisons) / sizeof(poisons[0]); i++) {
        bool right;
        active = &poisons[i];
        bool good = CHECK_STATUS(SLIP_E_INIT_FAILED, row_run(runner, callable, &config, &right));
        good = CHECK_CONTAINS(row_error(runner).message, active->why) && good;
        active = NULL;
        good = CHECK(row_good(runner, callable, &config)) && good;
        if (!good) {
            fprintf(stderr, "poison %zu: %s at offset %zu\n", i, poisons[i].why, poisons[i].offset);
        }
    }
    slip_runner_close(runner);
}

/* What an earlier run left in the fatal latches does not fail the next one. */
static void latches_are_cleared(void)
{
    slip_platform_ops ops;
    slip_runner *runner = open_wrapped(&ops);
    slip_callable callable = row_register(runner);
    slip_run_config config = row_config(64, 65536, 64);
    for (int i = 0; i < 3; i++) {
        stale_latches = i == 1;
        CHECK(row_good(runner, callable, &config));
    }
    stale_latches = false;
    slip_runner_close(runner);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = row_platform(argc, argv);
    slip_log_set_sink(row_drop_lines, NULL);
    CHECK_CASE(every_field_is_checked);
    CHECK_CASE(latches_are_cleared);
    return check_report();
}
