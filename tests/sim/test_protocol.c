/*
 * test_protocol.c - the register protocol step by step, on a device without threads: the test
 * steps the cores itself and sees every register access, publish and acquire in order.
 * ctest-labels: sim unit
 */
#include <stdlib.h>

#include "device/core_loop.h"
#include "sim/job.h"
#include "support/check.h"

enum { FAKE_BLOCKS = 24, FAKE_CORES = 3 * FAKE_BLOCKS, FAKE_EVENTS = 4096 };
enum {
    REG_DISPATCH = 0xA0,
    REG_STATUS = 0x4C8,
    REG_FAST = 0x18,
    FAST_OPEN = 0xE,
    FAST_CLOSE = 0xF
};

enum fake_kind { FAKE_WRITE, FAKE_PUBLISH, FAKE_ACQUIRE, FAKE_KERNEL };

typedef struct fake_event {
    enum fake_kind kind;
    uint32_t core; /* registers */
    uint32_t offset;
    uint32_t value;
    const void *address; /* memory */
    uint64_t bytes;
} fake_event;

/* A device of which every access is noted. */
struct slip_platform_device {
    uint32_t dispatch[FAKE_CORES];
    uint32_t status[FAKE_CORES];
    fake_event events[FAKE_EVENTS];
    uint32_t event_count;
    uint64_t now;
    slipi_core_page page[FAKE_CORES];
};

static slip_platform_device fake;
static slip_device_services services;
static job *current;
static slipi_dispatcher dispatcher;

/* Called in the middle of the next kernel, once. */
static void (*inside_kernel)(void);

/* Notes an event. */
static void note(fake_event event)
{
    if (CHECK(fake.event_count < FAKE_EVENTS)) {
        fake.events[fake.event_count++] = event;
    }
}

/* Writes a register. */
static void fake_write(slip_platform_device *device, uint32_t core, uint32_t offset, uint32_t value)
{
    note((fake_event){.kind = FAKE_WRITE, .core = core, .offset = offset, .value = value});
    if (CHECK(core < FAKE_CORES) && offset == REG_DISPATCH) {
        device->dispatch[core] = value;
    } else if (offset == REG_STATUS) {
        device->status[core] = value;
    }
}

/* Reads a register. */
static uint32_t fake_read(slip_platform_device *device, uint32_t core, uint32_t offset)
{
    if (!CHECK(core < FAKE_CORES)) {
        return 0;
    }
    return offset == REG_DISPATCH ? device->dispatch[core] : device->status[core];
}

/* Notes a publish. */
static void fake_publish(slip_platform_device *device, const void *address, uint64_t bytes)
{
    (void)device;
    note((fake_event){.kind = FAKE_PUBLISH, .address = address, .bytes = bytes});
}

/* Notes an acquire. */
static void fake_acquire(slip_platform_device *device, const void *address, uint64_t bytes)
{
    (void)device;
    note((fake_event){.kind = FAKE_ACQUIRE, .address = address, .bytes = bytes});
}

/* A clock that goes on by one with each look. */
static uint64_t fake_ticks(slip_platform_device *device)
{
    return ++device->now;
}

/* The first kernel of the table: notes itself and runs what the test wants inside. */
static int32_t fake_kernel(const slip_kernel_ctx *ctx)
{
    note((fake_event){.kind = FAKE_KERNEL, .core = ctx->core, .value = ctx->kernel});
    void (*hook)(void) = inside_kernel;
    inside_kernel = NULL;
    if (hook != NULL) {
        hook();
    }
    return 0;
}

/* A fresh device and an empty job. */
static void set_up(void)
{
    fake = (slip_platform_device){0};
    services = (slip_device_services){
        .struct_size = sizeof(services),
        .device = &fake,
        .info = {.blocks = FAKE_BLOCKS,
                 .reg_dispatch = REG_DISPATCH,
                 .reg_status = REG_STATUS,
                 .reg_fast_path = REG_FAST,
                 .fast_path_open = FAST_OPEN,
                 .fast_path_close = FAST_CLOSE},
        .reg_write = fake_write,
        .reg_read = fake_read,
        .publish = fake_publish,
        .acquire = fake_acquire,
        .ticks = fake_ticks,
        .dispatch_page = (uint64_t)(uintptr_t)fake.page,
    };
    current = job_create();
    current->kernels[JOB_KERNEL_COUNT_UP].entry = (uint64_t)(uintptr_t)fake_kernel;
    job_rewind(current, 1);
}

/* Starts a run with one control thread and so many blocks; forgets the events so far. */
static void begin_run(uint32_t blocks)
{
    slipi_dispatcher_init(&dispatcher, &services, &current->launch, 0, 1, blocks);
    fake.event_count = 0;
}

/* Frees what set_up made. */
static void tear_down(void)
{
    job_destroy(current);
    current = NULL;
}

/* Offers task `index`. */
static bool offer(uint32_t index)
{
    return slipi_dispatcher_offer(&dispatcher, job_slot(current, index), job_ref(index));
}

/* One step of a core. */
static int32_t step(uint32_t core)
{
    return slipi_core_step(&services, (uint64_t)(uintptr_t)&current->launch, core);
}

/* Polls; returns how many tasks finished, the first in *out. */
static uint32_t poll(slipi_finished *out)
{
    slipi_finished done[FAKE_CORES];
    uint32_t count = slipi_dispatcher_poll(&dispatcher, done, FAKE_CORES);
    if (count != 0 && out != NULL) {
        *out = done[0];
    }
    return count;
}

/* Index of the first event of a kind from `from` on; the register or address matters if not 0. */
static uint32_t find(uint32_t from, enum fake_kind kind, uint32_t offset, const void *address)
{
    for (uint32_t i = from; i < fake.event_count; i++) {
        const fake_event *e = &fake.events[i];
        if (e->kind == kind && (offset == 0 || e->offset == offset) &&
            (address == NULL || e->address == address)) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* What describes a run is published before its first command, and each core acquires it once. */
static void run_crosses_once(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
    (void)job_add(current, SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
    fake.event_count = 0;
    slipi_dispatcher_init(&dispatcher, &services, &current->launch, 0, 1, 0);
    const void *block = &current->launch;
    const void *rows = (const void *)(uintptr_t)current->launch.kernels;
    const void *table = (const void *)(uintptr_t)current->launch.bindings;
    CHECK(find(0, FAKE_PUBLISH, 0, block) != UINT32_MAX);
    CHECK(find(0, FAKE_PUBLISH, 0, rows) != UINT32_MAX);
    CHECK(find(0, FAKE_PUBLISH, 0, table) != UINT32_MAX);
    uint32_t core = FAKE_BLOCKS;
    for (uint32_t task = 0; task < 2; task++) {
        fake.event_count = 0;
        CHECK(offer(task));
        CHECK_EQ(step(core), 1);
        CHECK_EQ(poll(NULL), 1);
        CHECK_EQ(find(0, FAKE_ACQUIRE, 0, block) != UINT32_MAX, task == 0);
        CHECK_EQ(find(0, FAKE_ACQUIRE, 0, rows) != UINT32_MAX, task == 0);
        CHECK_EQ(find(0, FAKE_ACQUIRE, 0, table) != UINT32_MAX, task == 0);
    }
    CHECK(find(0, FAKE_ACQUIRE, 0, block) == UINT32_MAX);
    job_rewind(current, 2); /* the next run */
    (void)job_add(current, SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
    slipi_dispatcher_init(&dispatcher, &services, &current->launch, 0, 1, 0);
    fake.event_count = 0;
    CHECK(offer(0));
    CHECK_EQ(step(core), 1);
    CHECK(find(0, FAKE_ACQUIRE, 0, block) < find(0, FAKE_KERNEL, 0, NULL));
    tear_down();
}

/* Publish before the command, acquire before ACK, ACK before the kernel, FIN after everything. */
static void one_task_in_order(void)
{
    set_up();
    slipi_slot *slot = job_add(current, SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
    begin_run(0);
    CHECK(offer(0));
    uint32_t core = FAKE_BLOCKS;
    uint32_t command = find(0, FAKE_WRITE, REG_DISPATCH, NULL);
    CHECK(find(0, FAKE_PUBLISH, 0, slot) < command);
    CHECK(find(0, FAKE_PUBLISH, 0, &fake.page[core].mailbox) < command);
    CHECK_EQ(fake.events[command].core, core);
    CHECK_EQ(fake.events[command].value, SLIPI_COMMAND_RUN | 1u);
    CHECK_EQ(slipi_dispatcher_busy(&dispatcher), 1);
    CHECK_EQ(poll(NULL), 0);

    CHECK_EQ(step(core), 1);
    uint32_t ack = find(command, FAKE_WRITE, REG_STATUS, NULL);
    uint32_t ran = find(command, FAKE_KERNEL, 0, NULL);
    uint32_t fin = find(ack + 1u, FAKE_WRITE, REG_STATUS, NULL);
    CHECK(find(command, FAKE_ACQUIRE, 0, &fake.page[core].mailbox) < ack);
    CHECK(find(command, FAKE_ACQUIRE, 0, slot) < ack);
    CHECK(ack < ran && ran < fin);
    CHECK(find(ran, FAKE_PUBLISH, 0, &fake.page[core].line) < fin);
    CHECK_EQ(fin, fake.event_count - 1u);
    CHECK_EQ(fake.events[ack].value, SLIPI_COND_ACK | 1u);
    CHECK_EQ(fake.events[fin].value, SLIPI_COND_FIN | 1u);
    CHECK_EQ(step(core), 0);

    slipi_finished done = {0};
    CHECK_EQ(poll(&done), 1);
    CHECK(find(fin, FAKE_ACQUIRE, 0, &fake.page[core].line) != UINT32_MAX);
    CHECK_EQ(done.slot_ref, job_ref(0));
    CHECK_EQ(done.code, 0);
    CHECK_EQ(done.core, core);
    CHECK_EQ(slipi_dispatcher_busy(&dispatcher), 0);
    tear_down();
}

/* Polls in the middle of a kernel. */
static void poll_inside_kernel(void)
{
    slipi_busy_core busy = {0};
    CHECK_EQ(poll(NULL), 0);
    CHECK(slipi_dispatcher_find_busy(&dispatcher, &busy));
    CHECK_EQ(busy.core, 1);
    CHECK_EQ(busy.acknowledged, 1);
    CHECK_EQ(busy.slot_ref, job_ref(1));
}

/* An acknowledged task is not finished; a hang message names the core that is inside a kernel. */
static void acknowledged_is_not_finished(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    begin_run(0);
    slipi_busy_core busy = {0};
    CHECK(!slipi_dispatcher_find_busy(&dispatcher, &busy));
    CHECK(offer(0) && offer(1));
    CHECK(slipi_dispatcher_find_busy(&dispatcher, &busy));
    CHECK_EQ(busy.core, 0);
    CHECK_EQ(busy.acknowledged, 0);
    inside_kernel = poll_inside_kernel;
    CHECK_EQ(step(1), 1);
    CHECK(inside_kernel == NULL);
    CHECK_EQ(poll(NULL), 1);
    tear_down();
}

/* What a kernel returns comes back with its task. */
static void kernel_errors_come_back(void)
{
    set_up();
    slipi_slot *slot = job_add(current, SLIP_TASK_AIC, JOB_KERNEL_FAIL, 0, 0);
    slot->scalar_count = 1;
    slot->scalars[0] = 77;
    begin_run(0);
    CHECK(offer(0));
    CHECK_EQ(step(0), 1);
    CHECK_EQ(fake.status[0], SLIPI_COND_FIN | SLIPI_COND_ERROR | 1u);
    slipi_finished done = {0};
    CHECK_EQ(poll(&done), 1);
    CHECK_EQ(done.code, 77);
    CHECK_EQ(done.kernel, JOB_KERNEL_FAIL);
    tear_down();
}

/* In a run that failed, kernels are skipped and their tasks complete normally. */
static void fatal_latch_skips_kernels(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    slipi_sm *sm = (slipi_sm *)current->sm;
    slipi_store_release(&sm->fatal, 2u);
    begin_run(0);
    CHECK(offer(0));
    CHECK_EQ(step(0), 1);
    CHECK_EQ(find(0, FAKE_KERNEL, 0, NULL), UINT32_MAX);
    slipi_finished done = {.code = 1};
    CHECK_EQ(poll(&done), 1);
    CHECK_EQ(done.code, 0);
    tear_down();
}

/* Starts one task, lets `damage` spoil the mailbox, and wants a device error without a kernel. */
static void check_damage(void (*damage)(struct slip_dispatch *))
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    begin_run(0);
    CHECK(offer(0));
    damage(&fake.page[0].mailbox);
    CHECK_EQ(step(0), 1);
    CHECK_EQ(find(0, FAKE_KERNEL, 0, NULL), UINT32_MAX);
    slipi_finished done = {0};
    CHECK_EQ(poll(&done), 1);
    CHECK_EQ(done.code, SLIP_E_DEVICE);
    tear_down();
}

/* Another command than the register's. */
static void damage_command(struct slip_dispatch *box)
{
    box->command++;
}

/* A kernel outside the table. */
static void damage_kernel(struct slip_dispatch *box)
{
    box->kernel = JOB_KERNELS;
}

/* Another run's. */
static void damage_serial(struct slip_dispatch *box)
{
    box->run_serial++;
}

/* A mailbox that does not belong to the command is refused by name, not run. */
static void wrong_mailbox_is_refused(void)
{
    check_damage(damage_command);
    check_damage(damage_kernel);
    check_damage(damage_serial);
}

/* Sequences go 65535, 1, 2 and a finish of the command before is not this one's. */
static void sequence_wraps(void)
{
    set_up();
    for (uint32_t i = 0; i < 4u; i++) {
        (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    }
    fake.page[0].control.command = SLIPI_COMMAND_RUN | 65533u;
    fake.page[0].line.seen = SLIPI_COMMAND_RUN | 65533u;
    begin_run(1);
    static const uint32_t wanted[4] = {65534u, 65535u, 1u, 2u};
    for (uint32_t i = 0; i < 4u; i++) {
        CHECK(offer(i));
        CHECK_EQ(fake.dispatch[0], SLIPI_COMMAND_RUN | wanted[i]);
        CHECK_EQ(poll(NULL), 0);
        CHECK_EQ(step(0), 1);
        CHECK_EQ(fake.status[0], SLIPI_COND_FIN | wanted[i]);
        CHECK_EQ(poll(NULL), 1);
    }
    CHECK_EQ(slipi_next_sequence(0), 1);
    tear_down();
}

/* A mixed task needs a whole block, is complete after its third kernel, and tells its first error.
 */
static void mixed_whole_block_or_nothing(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    slipi_slot *mixed = job_add(current, SLIP_TASK_MIXED, JOB_KERNEL_COUNT_UP, JOB_KERNEL_FAIL,
                                JOB_KERNEL_COUNT_UP);
    mixed->scalar_count = 1;
    mixed->scalars[0] = 5;
    begin_run(1);
    CHECK(offer(0));
    fake.event_count = 0;
    CHECK(!offer(1));
    CHECK_EQ(fake.event_count, 0);
    CHECK_EQ(slipi_dispatcher_idle(&dispatcher, SLIP_TASK_MIXED), 0);
    CHECK_EQ(step(0), 1);
    CHECK_EQ(poll(NULL), 1);
    CHECK_EQ(slipi_dispatcher_idle(&dispatcher, SLIP_TASK_MIXED), 1);
    CHECK(offer(1));
    CHECK_EQ(slipi_dispatcher_busy(&dispatcher), 3);
    CHECK_EQ(fake.page[FAKE_BLOCKS + 1u].mailbox.lane, 1);
    CHECK_EQ(fake.page[FAKE_BLOCKS].mailbox.lane, 0);
    CHECK_EQ(step(FAKE_BLOCKS), 1);
    CHECK_EQ(poll(NULL), 0);
    CHECK_EQ(step(0), 1);
    CHECK_EQ(poll(NULL), 0);
    CHECK_EQ(step(FAKE_BLOCKS + 1u), 1);
    slipi_finished done = {0};
    CHECK_EQ(poll(&done), 1);
    CHECK_EQ(done.slot_ref, job_ref(1));
    CHECK_EQ(done.code, 5);
    CHECK_EQ(done.kernel, JOB_KERNEL_FAIL);
    tear_down();
}

/* A part that a mixed task has finished with takes other work, and that does not count for it. */
static void freed_part_of_mixed_is_used(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_MIXED, JOB_KERNEL_COUNT_UP, JOB_KERNEL_COUNT_UP,
                  JOB_KERNEL_COUNT_UP);
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    begin_run(1);
    CHECK(offer(0));
    CHECK_EQ(step(0), 1);
    CHECK_EQ(poll(NULL), 0);
    CHECK(offer(1));
    CHECK_EQ(step(FAKE_BLOCKS), 1);
    CHECK_EQ(step(FAKE_BLOCKS + 1u), 1);
    slipi_finished done = {0};
    CHECK_EQ(poll(&done), 1);
    CHECK_EQ(done.slot_ref, job_ref(0));
    CHECK_EQ(slipi_dispatcher_busy(&dispatcher), 1);
    CHECK_EQ(step(0), 1);
    CHECK_EQ(poll(&done), 1);
    CHECK_EQ(done.slot_ref, job_ref(1));
    tear_down();
}

/* Single tasks cannot keep a mixed task out for ever: the block that drains gets no new ones. */
static void singles_leave_a_block_to_drain(void)
{
    set_up();
    for (uint32_t i = 0; i < 6u; i++) {
        (void)job_add(current, SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
    }
    (void)job_add(current, SLIP_TASK_MIXED, 0, 0, 0);
    begin_run(2);
    CHECK(offer(0) && offer(1) && offer(2) && offer(3));
    CHECK(!offer(4));
    CHECK(!offer(6));
    CHECK_EQ(step(FAKE_BLOCKS), 1);
    CHECK_EQ(poll(NULL), 1);
    CHECK_EQ(slipi_dispatcher_idle(&dispatcher, SLIP_TASK_AIV), 0);
    CHECK(!offer(4));
    CHECK_EQ(step(FAKE_BLOCKS + 1u), 1);
    CHECK_EQ(poll(NULL), 1);
    CHECK(offer(6));
    CHECK_EQ(fake.page[0].mailbox.slot, job_ref(6));
    tear_down();
}

/* A drained block whose mixed task went elsewhere is open to single tasks again. */
static void drained_block_is_not_lost(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    (void)job_add(current, SLIP_TASK_MIXED, 0, 0, 0);
    (void)job_add(current, SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
    begin_run(1);
    CHECK(offer(0));
    CHECK(!offer(1));
    CHECK(!offer(2));
    CHECK_EQ(step(0), 1);
    CHECK_EQ(poll(NULL), 1);
    CHECK(offer(2));
    CHECK(offer(0));
    tear_down();
}

/* The threads of a run own every core once: together they can fill the device. */
static void threads_share_the_cores(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    (void)job_add(current, SLIP_TASK_AIV, JOB_KERNEL_COUNT_UP, 0, 0);
    for (uint32_t threads = 1; threads <= 7; threads++) {
        uint32_t given[FAKE_CORES] = {0};
        for (uint32_t t = 0; t < threads; t++) {
            slipi_dispatcher_init(&dispatcher, &services, &current->launch, t, threads, 0);
            fake.event_count = 0;
            while (offer(0) || offer(1)) {
            }
            CHECK_EQ(slipi_dispatcher_idle(&dispatcher, SLIP_TASK_AIC), 0);
            CHECK_EQ(slipi_dispatcher_idle(&dispatcher, SLIP_TASK_AIV), 0);
            for (uint32_t i = 0; i < fake.event_count; i++) {
                given[fake.events[i].core] += fake.events[i].offset == REG_DISPATCH;
            }
        }
        for (uint32_t core = 0; core < FAKE_CORES; core++) {
            CHECK_EQ(given[core], 1);
        }
    }
    tear_down();
}

/* Little room in the list of finished tasks: every core gets its turn. */
static void little_room_passes_nobody_over(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    begin_run(0);
    uint32_t seen[FAKE_BLOCKS] = {0};
    for (uint32_t round = 0; round < 3u * FAKE_BLOCKS; round++) {
        while (offer(0)) {
        }
        for (uint32_t core = 0; core < FAKE_BLOCKS; core++) {
            (void)step(core);
        }
        slipi_finished done[SLIPI_PARTS];
        uint32_t count = slipi_dispatcher_poll(&dispatcher, done, SLIPI_PARTS);
        for (uint32_t i = 0; i < count; i++) {
            seen[done[i].core]++;
        }
        fake.event_count = 0;
    }
    for (uint32_t core = 0; core < FAKE_BLOCKS; core++) {
        CHECK(seen[core] >= 2u);
    }
    tear_down();
}

/* Fast path open before the first command; stop for every core, used or not; then closed. */
static void stop_ends_every_core(void)
{
    set_up();
    fake.event_count = 0;
    slipi_dispatcher_init(&dispatcher, &services, &current->launch, 0, 1, 3);
    enum { TABLES = 3 }; /* published behind the writes: block, bindings, kernels */
    CHECK_EQ(fake.event_count, FAKE_CORES + TABLES);
    for (uint32_t i = 0; i < FAKE_CORES; i++) {
        CHECK_EQ(fake.events[i].offset, REG_FAST);
        CHECK_EQ(fake.events[i].value, FAST_OPEN);
    }
    slipi_dispatcher_stop(&dispatcher);
    for (uint32_t core = 0; core < FAKE_CORES; core++) {
        CHECK_EQ(fake.dispatch[core], SLIPI_COMMAND_STOP | 1u);
        CHECK_EQ(step(core), -1);
        CHECK_EQ(fake.status[core], SLIPI_COND_STOPPED | 1u);
        CHECK_EQ(step(core), 0);
    }
    uint32_t closed = find(FAKE_CORES, FAKE_WRITE, REG_FAST, NULL);
    CHECK_EQ(closed, 2u * FAKE_CORES + TABLES);
    CHECK_EQ(fake.events[closed].value, FAST_CLOSE);
    /* The next run goes on with the next sequence. */
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    begin_run(0);
    CHECK_EQ(step(0), 0);
    CHECK(offer(0));
    CHECK_EQ(fake.dispatch[0], SLIPI_COMMAND_RUN | 2u);
    CHECK_EQ(step(0), 1);
    CHECK_EQ(poll(NULL), 1);
    tear_down();
}

/* Giving a run up: a busy core's mailbox stays as it is, and the core stops after its kernel. */
static void stop_leaves_the_mailbox_alone(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    begin_run(0);
    CHECK(offer(0));
    struct slip_dispatch before = fake.page[0].mailbox;
    slipi_dispatcher_stop(&dispatcher);
    CHECK_EQ(memcmp(&before, &fake.page[0].mailbox, sizeof(before)), 0);
    CHECK_EQ(step(0), -1);
    tear_down();
}

/* Without a launch block, as after failed set-up, the cores can still be stopped. */
static void cores_stop_without_a_launch(void)
{
    set_up();
    slipi_dispatcher_init(&dispatcher, &services, NULL, 0, 1, 0);
    CHECK_EQ(slipi_dispatcher_idle(&dispatcher, SLIP_TASK_AIC), 0);
    slipi_dispatcher_stop(&dispatcher);
    for (uint32_t core = 0; core < FAKE_CORES; core++) {
        CHECK_EQ(step(core), -1);
    }
    tear_down();
}

/* With task records wanted, the core notes begin and end; otherwise it does not look at the clock.
 */
static void stamps_only_when_wanted(void)
{
    set_up();
    (void)job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COUNT_UP, 0, 0);
    slipi_finished done = {0};
    begin_run(1);
    CHECK(offer(0));
    CHECK_EQ(step(0), 1);
    CHECK_EQ(poll(&done), 1);
    CHECK_EQ(fake.now, 0);
    CHECK_EQ(done.end_ticks, 0);
    current->bindings[SLIPI_BIND_TASK_TRACE].address = 4096;
    begin_run(1);
    CHECK(offer(0));
    CHECK_EQ(step(0), 1);
    CHECK_EQ(poll(&done), 1);
    CHECK(done.begin_ticks != 0 && done.begin_ticks < done.end_ticks);
    tear_down();
}

/* Every tensor is acquired before the kernel, written ones are published after it, whole spans. */
static void tensors_cross_whole(void)
{
    set_up();
    uint32_t data[64] = {0};
    data[0] = 40;
    current->bindings[SLIPI_BIND_ARGS] = (slip_binding){(uint64_t)(uintptr_t)data, sizeof(data)};
    slipi_slot *slot = job_add(current, SLIP_TASK_AIC, JOB_KERNEL_COPY, 0, 0);
    slot->tensor_count = 2;
    slot->scalar_count = 1;
    slot->scalars[0] = 2;
    slot->tensors[0] = (slip_task_tensor){.binding = SLIPI_BIND_ARGS,
                                          .dtype = SLIP_U32,
                                          .ndim = 2,
                                          .access = SLIP_ACCESS_IN,
                                          .shape = {2, 3},
                                          .stride = {8, 1}};
    slot->tensors[1] = (slip_task_tensor){.offset = 32u * 4u,
                                          .binding = SLIPI_BIND_ARGS,
                                          .dtype = SLIP_U32,
                                          .ndim = 1,
                                          .access = SLIP_ACCESS_OUT,
                                          .shape = {4},
                                          .stride = {-2}};
    begin_run(0);
    CHECK(offer(0));
    CHECK_EQ(step(0), 1);
    CHECK_EQ(data[32], 42);
    uint32_t read = find(0, FAKE_ACQUIRE, 0, data);
    uint32_t written = find(0, FAKE_PUBLISH, 0, &data[26]);
    CHECK(read != UINT32_MAX && written != UINT32_MAX);
    CHECK_EQ(fake.events[read].bytes, 11u * 4u);
    CHECK_EQ(fake.events[written].bytes, 7u * 4u);
    CHECK(find(0, FAKE_ACQUIRE, 0, &data[26]) != UINT32_MAX);
    CHECK_EQ(find(0, FAKE_PUBLISH, 0, data), UINT32_MAX);
    tear_down();
}

int main(void)
{
    CHECK_CASE(run_crosses_once);
    CHECK_CASE(one_task_in_order);
    CHECK_CASE(acknowledged_is_not_finished);
    CHECK_CASE(kernel_errors_come_back);
    CHECK_CASE(fatal_latch_skips_kernels);
    CHECK_CASE(wrong_mailbox_is_refused);
    CHECK_CASE(sequence_wraps);
    CHECK_CASE(mixed_whole_block_or_nothing);
    CHECK_CASE(freed_part_of_mixed_is_used);
    CHECK_CASE(singles_leave_a_block_to_drain);
    CHECK_CASE(drained_block_is_not_lost);
    CHECK_CASE(threads_share_the_cores);
    CHECK_CASE(little_room_passes_nobody_over);
    CHECK_CASE(stop_ends_every_core);
    CHECK_CASE(stop_leaves_the_mailbox_alone);
    CHECK_CASE(cores_stop_without_a_launch);
    CHECK_CASE(stamps_only_when_wanted);
    CHECK_CASE(tensors_cross_whole);
    return check_report();
}
