/*
 * dispatch.c - starts ready tasks on compute cores and collects the finished ones.
 *
 * For the executor on platforms with cores; see dispatch.h for who calls it and abi/dispatch.h for
 * the protocol. The three crossings, each named at both ends:
 *
 *   [D0] launch block, binding table and kernel table published, before the first command of a run:
 *        pairs with [C0] in core_loop.c
 *   [D1] mailbox and slot published, then DATA_MAIN_BASE written: pairs with [C1] in core_loop.c
 *   [D2] COND read, then the core line acquired: pairs with [C2] in core_loop.c
 */
#include "device/dispatch.h"

#include <string.h>

#include "base/check.h"

/* Number of the lowest bit of a set that is not empty. */
static uint32_t lowest(uint64_t set)
{
    return (uint32_t)__builtin_ctzll(set);
}

/* Set of the first `count` blocks. */
static uint64_t first_blocks(uint32_t count)
{
    return count >= 64u ? UINT64_MAX : (UINT64_C(1) << count) - 1u;
}

/* Core number of a part of the i-th owned block. */
static uint32_t core_of(const slipi_dispatcher *d, uint32_t i, uint32_t part)
{
    uint32_t block = d->thread + i * d->thread_count;
    return part == SLIPI_PART_AIC ? block : d->services->info.blocks + 2u * block + (part - 1u);
}

/* Blocks of which every part is idle. */
static uint64_t whole_blocks(const slipi_dispatcher *d)
{
    return d->idle[SLIPI_PART_AIC] & d->idle[SLIPI_PART_AIV0] & d->idle[SLIPI_PART_AIV1];
}

/* How many of the blocks 0 .. limit - 1 this thread owns. */
static uint32_t owned_of(uint32_t limit, uint32_t thread, uint32_t thread_count)
{
    return thread >= limit ? 0 : (limit - thread + thread_count - 1u) / thread_count;
}

/* Writes the fast-path register of every owned core, where there is one. */
static void write_fast_path(const slipi_dispatcher *d, uint32_t value)
{
    const slip_device_services *s = d->services;
    if (s->info.reg_fast_path == 0) {
        return;
    }
    for (uint32_t i = 0; i < d->owned_count; i++) {
        for (uint32_t part = 0; part < SLIPI_PARTS; part++) {
            s->reg_write(s->device, core_of(d, i, part), s->info.reg_fast_path, value);
        }
    }
}

/* Publishes what describes the run. */
static void publish_run(const slip_device_services *s, const slipi_launch *launch)
{
    /* [D0] */
    s->publish(s->device, launch, sizeof(*launch));
    s->publish(s->device, (const void *)(uintptr_t)launch->bindings,
               launch->binding_count * sizeof(slip_binding));
    s->publish(s->device, (const void *)(uintptr_t)launch->kernels,
               launch->kernel_count * sizeof(slipi_kernel_row));
}

void slipi_dispatcher_init(slipi_dispatcher *d, const slip_device_services *services,
                           const slipi_launch *launch, uint32_t thread, uint32_t thread_count,
                           uint32_t blocks)
{
    SLIPI_ASSERT(services->info.blocks <= SLIPI_MAX_BLOCKS);
    SLIPI_ASSERT(thread < thread_count && services->dispatch_page != 0);
    memset(d, 0, sizeof(*d));
    d->services = services;
    d->launch = launch;
    d->page = (slipi_core_page *)(uintptr_t)services->dispatch_page;
    d->thread = thread;
    d->thread_count = thread_count;
    d->owned_count = owned_of(services->info.blocks, thread, thread_count);
    write_fast_path(d, services->info.fast_path_open);
    if (launch == NULL) {
        return;
    }
    publish_run(services, launch);
    const slip_binding *bindings = (const slip_binding *)(uintptr_t)launch->bindings;
    d->sm = (uint8_t *)(uintptr_t)bindings[SLIPI_BIND_SM].address;
    d->flags = bindings[SLIPI_BIND_TASK_TRACE].address != 0 ? SLIPI_DISPATCH_STAMP : 0;
    uint32_t limit = blocks == 0 || blocks > services->info.blocks ? services->info.blocks : blocks;
    d->used = first_blocks(owned_of(limit, thread, thread_count));
    for (uint32_t part = 0; part < SLIPI_PARTS; part++) {
        d->idle[part] = d->used;
    }
}

/* Gives core `part` of block i a kernel of the task. */
static void start(slipi_dispatcher *d, uint32_t i, uint32_t part, uint32_t slot_ref,
                  uint32_t kernel)
{
    const slip_device_services *s = d->services;
    uint32_t core = core_of(d, i, part);
    slipi_core_page *page = &d->page[core];
    struct slip_dispatch *box = &page->mailbox;
    uint32_t command = SLIPI_COMMAND_RUN | slipi_next_sequence(page->control.command);
    page->control.command = command;
    box->command = command;
    box->slot = slot_ref;
    box->kernel = (uint16_t)kernel;
    box->core_type = part == SLIPI_PART_AIC ? SLIP_AIC : SLIP_AIV;
    box->lane = part == SLIPI_PART_AIV1;
    box->flags = d->flags;
    box->run_serial = d->launch->run_serial;
    s->publish(s->device, box, sizeof(*box));
    d->work[i][part] = (slipi_core_work){slot_ref, command};
    d->idle[part] &= ~(UINT64_C(1) << i);
    d->busy_count++;
    d->dispatched++;
    /* [D1] the core sees all that was published above when it sees this value. */
    s->reg_write(s->device, core, s->info.reg_dispatch, command);
}

/* Publishes what a core reads of a task: its slot, and arguments that lie outside the slot. */
static void publish_task(const slipi_dispatcher *d, const slipi_slot *slot)
{
    const slip_device_services *s = d->services;
    s->publish(s->device, slot, sizeof(*slot));
    if (slot->tensor_count > SLIPI_INLINE_TENSORS) {
        s->publish(s->device, d->sm + (uint64_t)slot->tensors_ref * SLIPI_SM_UNIT,
                   slot->tensor_count * sizeof(slip_task_tensor));
    }
    if (slot->scalar_count > SLIPI_INLINE_SCALARS) {
        s->publish(s->device, d->sm + (uint64_t)slot->scalars_ref * SLIPI_SM_UNIT,
                   slot->scalar_count * sizeof(uint64_t));
    }
}

/* The block that will be whole soonest as far as one can tell: one with two idle parts, if any. */
static uint64_t choose_draining(const slipi_dispatcher *d)
{
    uint64_t a = d->idle[SLIPI_PART_AIC];
    uint64_t b = d->idle[SLIPI_PART_AIV0];
    uint64_t c = d->idle[SLIPI_PART_AIV1];
    uint64_t two = (a & b) | (a & c) | (b & c);
    uint64_t candidates = two != 0 ? two : d->used;
    return candidates & (0u - candidates);
}

/* Starts a mixed task on a whole block, or remembers one to keep free for it. */
static bool offer_mixed(slipi_dispatcher *d, const slipi_slot *slot, uint32_t slot_ref)
{
    uint64_t whole = whole_blocks(d);
    if (whole == 0) {
        /* Without this, a stream of single tasks could keep every block partly busy for ever. */
        if (d->draining == 0) {
            d->draining = choose_draining(d);
        }
        return false;
    }
    uint32_t i = lowest(whole);
    publish_task(d, slot);
    d->draining = 0;
    d->mixed |= UINT64_C(1) << i;
    d->mixed_code[i] = 0;
    d->mixed_parts[i] = (1u << SLIPI_PARTS) - 1u;
    for (uint32_t part = 0; part < SLIPI_PARTS; part++) {
        start(d, i, part, slot_ref, slot->kernel[part]);
    }
    return true;
}

/*
 * Blocks whose `part` a single task may take. A block that drains for a mixed task is left alone
 * only until it is whole: then whoever comes first has it, so nothing waits for a task that went
 * to another thread.
 */
static uint64_t single_blocks(const slipi_dispatcher *d, uint32_t part)
{
    return d->idle[part] & (~d->draining | whole_blocks(d));
}

/* Starts a task of one kernel; partly busy blocks come first, so that whole ones stay whole. */
static bool offer_single(slipi_dispatcher *d, const slipi_slot *slot, uint32_t slot_ref,
                         uint32_t part)
{
    uint64_t candidates = single_blocks(d, part);
    if (part == SLIPI_PART_AIV0 && (candidates & ~whole_blocks(d)) == 0) {
        uint64_t second = single_blocks(d, SLIPI_PART_AIV1) & ~whole_blocks(d);
        if (second != 0 || candidates == 0) {
            candidates = second;
            part = SLIPI_PART_AIV1;
        }
    }
    if (candidates == 0) {
        return false;
    }
    uint64_t partly = candidates & ~whole_blocks(d);
    uint32_t i = lowest(partly != 0 ? partly : candidates);
    if ((d->draining >> i & 1u) != 0) {
        d->draining = 0;
    }
    publish_task(d, slot);
    start(d, i, part, slot_ref, slot->kernel[0]);
    return true;
}

bool slipi_dispatcher_offer(slipi_dispatcher *d, const slipi_slot *slot, uint32_t slot_ref)
{
    SLIPI_ASSERT(slot->shape != SLIP_TASK_DUMMY && slot_ref != 0);
    if (slot->shape == SLIP_TASK_MIXED) {
        return offer_mixed(d, slot, slot_ref);
    }
    uint32_t part = slot->shape == SLIP_TASK_AIC ? SLIPI_PART_AIC : SLIPI_PART_AIV0;
    return offer_single(d, slot, slot_ref, part);
}

/* Notes that a part of a mixed task is done; true with the first error after the last part. */
static bool collect_part(slipi_dispatcher *d, uint32_t i, uint32_t part, slipi_finished *out)
{
    if (out->code != 0 && d->mixed_code[i] == 0) {
        d->mixed_code[i] = out->code;
        d->mixed_kernel[i] = (uint16_t)out->kernel;
    }
    d->mixed_parts[i] &= ~(1u << part);
    if (d->mixed_parts[i] != 0) {
        return false;
    }
    d->mixed &= ~(UINT64_C(1) << i);
    if (d->mixed_code[i] != 0) {
        out->code = d->mixed_code[i];
        out->kernel = d->mixed_kernel[i];
    }
    return true;
}

/* Takes a core back that has finished `command`; true if its task is complete. */
static bool collect(slipi_dispatcher *d, uint32_t i, uint32_t part, uint32_t condition,
                    slipi_finished *out)
{
    const slip_device_services *s = d->services;
    uint32_t core = core_of(d, i, part);
    const slipi_core_page *page = &d->page[core];
    /* [D2] the core published its line before it wrote COND. */
    s->acquire(s->device, &page->line, sizeof(page->line));
    int32_t code = (condition & SLIPI_COND_ERROR) != 0 ? page->line.code : 0;
    *out = (slipi_finished){.slot_ref = d->work[i][part].slot_ref,
                            .code = code,
                            .kernel = page->mailbox.kernel,
                            .core = core,
                            .begin_ticks = page->line.begin_ticks,
                            .end_ticks = page->line.end_ticks};
    d->idle[part] |= UINT64_C(1) << i;
    d->busy_count--;
    return (d->mixed_parts[i] >> part & 1u) == 0 || collect_part(d, i, part, out);
}

/* Looks at the busy cores of block i; at most three tasks finish there. */
static uint32_t poll_block(slipi_dispatcher *d, uint32_t i, slipi_finished *out)
{
    const slip_device_services *s = d->services;
    uint32_t count = 0;
    for (uint32_t part = 0; part < SLIPI_PARTS; part++) {
        if ((d->idle[part] >> i & 1u) != 0) {
            continue;
        }
        uint32_t condition = s->reg_read(s->device, core_of(d, i, part), s->info.reg_status);
        uint32_t wanted = SLIPI_COND_FIN | (d->work[i][part].command & SLIPI_SEQUENCE_MASK);
        if ((condition & ~SLIPI_COND_ERROR) == wanted &&
            collect(d, i, part, condition, &out[count])) {
            count++;
        }
    }
    return count;
}

uint32_t slipi_dispatcher_poll(slipi_dispatcher *d, slipi_finished *out, uint32_t room)
{
    SLIPI_ASSERT(room >= SLIPI_PARTS);
    if (d->busy_count == 0) {
        return 0;
    }
    /* Starts behind the block where the last poll ran out of room, so that none is passed over. */
    uint64_t busy = d->used & ~whole_blocks(d);
    uint64_t below = first_blocks(d->poll_from);
    uint64_t order[2] = {busy & ~below, busy & below};
    uint32_t count = 0;
    for (uint32_t half = 0; half < 2u; half++) {
        for (uint64_t rest = order[half]; rest != 0; rest &= rest - 1u) {
            uint32_t i = lowest(rest);
            if (room - count < SLIPI_PARTS) {
                d->poll_from = i;
                return count;
            }
            count += poll_block(d, i, &out[count]);
        }
    }
    d->poll_from = 0;
    return count;
}

uint32_t slipi_dispatcher_idle(const slipi_dispatcher *d, uint32_t shape)
{
    switch (shape) {
    case SLIP_TASK_AIC:
        return (uint32_t)__builtin_popcountll(single_blocks(d, SLIPI_PART_AIC));
    case SLIP_TASK_AIV:
        return (uint32_t)(__builtin_popcountll(single_blocks(d, SLIPI_PART_AIV0)) +
                          __builtin_popcountll(single_blocks(d, SLIPI_PART_AIV1)));
    case SLIP_TASK_MIXED:
        return (uint32_t)__builtin_popcountll(whole_blocks(d));
    default:
        return 0;
    }
}

uint32_t slipi_dispatcher_busy(const slipi_dispatcher *d)
{
    return d->busy_count;
}

bool slipi_dispatcher_find_busy(const slipi_dispatcher *d, slipi_busy_core *out)
{
    const slip_device_services *s = d->services;
    bool found = false;
    for (uint32_t i = 0; i < d->owned_count; i++) {
        for (uint32_t part = 0; part < SLIPI_PARTS; part++) {
            if ((d->used >> i & 1u) == 0 || (d->idle[part] >> i & 1u) != 0) {
                continue;
            }
            uint32_t core = core_of(d, i, part);
            uint32_t sequence = d->work[i][part].command & SLIPI_SEQUENCE_MASK;
            uint32_t condition = s->reg_read(s->device, core, s->info.reg_status);
            uint32_t inside = condition == (SLIPI_COND_ACK | sequence);
            if (!found || inside != 0) {
                *out = (slipi_busy_core){core, d->work[i][part].slot_ref,
                                         d->page[core].mailbox.kernel, inside};
                found = true;
            }
            if (inside != 0) {
                return true;
            }
        }
    }
    return found;
}

void slipi_dispatcher_stop(slipi_dispatcher *d)
{
    const slip_device_services *s = d->services;
    for (uint32_t i = 0; i < d->owned_count; i++) {
        for (uint32_t part = 0; part < SLIPI_PARTS; part++) {
            uint32_t core = core_of(d, i, part);
            /* Not the mailbox: a core that is still busy may be reading it. */
            slipi_control_line *control = &d->page[core].control;
            uint32_t command = SLIPI_COMMAND_STOP | slipi_next_sequence(control->command);
            control->command = command;
            s->reg_write(s->device, core, s->info.reg_dispatch, command);
        }
    }
    write_fast_path(d, s->info.fast_path_close);
}
