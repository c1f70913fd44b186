/*
 * args_set.c - changes arguments of a prepared call one by one; see args.h.
 *
 * For call.c and args.c, under the runner's lock. What was placed stays as it is but for what was
 * set: these tensors are all taken out of the order by address, then put in where they belong, so
 * that two that change places do not meet. Each must lie between two neighbours that it does not
 * touch. Where that is not so, everything is placed again.
 */
#include <string.h>

#include "runner/args_int.h"

/* A prepared call's plan with its rows and bindings. */
typedef struct placement {
    const slip_host_api *api;
    slipi_args_plan *plan;
    slipi_launch_arg *rows;
    slip_binding *bindings;
} placement;

/* Notes that a row (and its binding) must be delivered. */
static void note_changed(slipi_args_plan *plan, uint32_t index)
{
    uint32_t known = plan->changed_count < SLIPI_MAX_PATCHES ? plan->changed_count : 0;
    for (uint32_t i = 0; i < known; i++) {
        if (plan->changed[i] == index) {
            return;
        }
    }
    if (plan->changed_count < SLIPI_MAX_PATCHES) {
        plan->changed[plan->changed_count] = (uint16_t)index;
    }
    if (plan->changed_count <= SLIPI_MAX_PATCHES) {
        plan->changed_count++; /* one more than fits: too many */
    }
}

/* Notes that the contents of a staged tensor that is copied once are to be copied again. */
static void note_once(slipi_args_plan *plan, uint32_t index)
{
    for (uint32_t i = 0; i < plan->once_count; i++) {
        if (plan->once_order[i] == index) {
            return;
        }
    }
    plan->once_order[plan->once_count++] = (uint16_t)index;
}

/* The list that a tensor is in. */
static uint16_t *list_of(const placement *p, uint32_t index, uint32_t **out_count)
{
    bool staged = slipi_arg_staged(p->api, &p->plan->placed[index]);
    *out_count = staged ? &p->plan->staged_count : &p->plan->device_count;
    return staged ? p->plan->staged_order : p->plan->device_order;
}

/* First position of a list whose tensor lies at or above an address. */
static uint32_t position_of(const slipi_args_plan *plan, const uint16_t *order, uint32_t count,
                            uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (plan->address[order[middle]] < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Takes a tensor out of its list; false if it shares its buffer with another one. */
static bool take_out(const placement *p, uint32_t index)
{
    uint32_t *count;
    uint16_t *order = list_of(p, index, &count);
    uint32_t at = position_of(p->plan, order, *count, p->plan->address[index]);
    if (at >= *count || order[at] != index) {
        return false; /* another one lies at the same address */
    }
    uint32_t binding = p->rows[index].binding;
    if ((at > 0 && p->rows[order[at - 1]].binding == binding) ||
        (at + 1 < *count && p->rows[order[at + 1]].binding == binding)) {
        return false;
    }
    (*count)--;
    memmove(&order[at], &order[at + 1], (*count - at) * sizeof(*order));
    return true;
}

/* Puts a tensor into its list at its new address; false if it touches another one's buffer. */
static bool put_in(const placement *p, uint32_t index)
{
    slipi_args_plan *plan = p->plan;
    uint32_t *count;
    uint16_t *order = list_of(p, index, &count);
    uint64_t address = plan->next_address[index];
    uint32_t at = position_of(plan, order, *count, address);
    if (at > 0) {
        uint32_t before = order[at - 1];
        const slipi_launch_arg *row = &p->rows[before];
        uint64_t begin =
            plan->address[before] - row->offset; /* of its buffer, as the host sees it */
        if (address - begin < p->bindings[row->binding].bytes) {
            return false;
        }
    }
    if (at < *count && plan->address[order[at]] - address < plan->next_bytes[index]) {
        return false;
    }
    memmove(&order[at + 1], &order[at], (*count - at) * sizeof(*order));
    order[at] = (uint16_t)index;
    (*count)++;
    plan->address[index] = address;
    plan->bytes[index] = plan->next_bytes[index];
    return true;
}

/* Writes row and binding of a tensor that has its new place; notes what is new about them. */
static void write_place(const placement *p, uint32_t index)
{
    slipi_args_plan *plan = p->plan;
    const slip_run_arg *arg = &plan->placed[index];
    slipi_launch_arg row = p->rows[index];
    slip_binding binding = p->bindings[row.binding];
    bool staged = slipi_arg_staged(p->api, arg);
    slipi_arg_write_row(arg, &row);
    binding.address = staged ? binding.address : plan->address[index];
    binding.bytes = plan->bytes[index];
    if (memcmp(&row, &p->rows[index], sizeof(row)) != 0 ||
        memcmp(&binding, &p->bindings[row.binding], sizeof(binding)) != 0) {
        p->rows[index] = row;
        p->bindings[row.binding] = binding;
        note_changed(plan, index);
    }
    if (staged && (arg->flags & SLIP_ARG_CONST) != 0) {
        note_once(plan, index);
    }
}

/* Gives the tensors that were set their new places; see the header. */
bool slipi_args_move(const slip_host_api *api, slipi_args_plan *plan, slipi_launch_arg *rows,
                     slip_binding *bindings)
{
    const placement p = {api, plan, rows, bindings};
    for (uint32_t i = 0; i < plan->pending_count; i++) {
        uint32_t index = plan->pending[i];
        bool same_size =
            slipi_staged_size(plan->bytes[index]) == slipi_staged_size(plan->next_bytes[index]);
        if (!same_size && slipi_arg_staged(api, &plan->placed[index])) {
            return false;
        }
        if (!take_out(&p, index)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < plan->pending_count; i++) {
        if (!put_in(&p, plan->pending[i])) {
            return false;
        }
        write_place(&p, plan->pending[i]); /* the next one may become its neighbour */
        plan->is_pending[plan->pending[i]] = 0;
    }
    plan->pending_count = 0;
    return true;
}

/* Changes one argument of a prepared call; see the header. */
slip_status slipi_args_set(const slip_host_api *api, const slipi_signature *signature,
                           slipi_args_plan *plan, slipi_launch_arg *rows,
                           const slipi_args_change *change)
{
    uint32_t index = change->index;
    const slip_run_arg *arg = change->arg;
    const slipi_arg_place at = {api, signature, index};
    slip_run_arg *placed = &plan->placed[index];
    uint64_t bytes;
    uint64_t address;
    slip_status status = slipi_arg_check(&at, arg, &bytes, &address);
    if (status != SLIP_OK) {
        return status;
    }
    if (arg->kind == SLIP_PARAM_SCALAR) {
        rows[index].scalar = arg->scalar;
        note_changed(plan, index);
    } else {
        if (arg->flags != placed->flags ||
            slipi_arg_staged(api, arg) != slipi_arg_staged(api, placed)) {
            plan->placed_id = 0; /* it belongs in other lists: all are placed again */
        }
        plan->next_address[index] = address;
        plan->next_bytes[index] = bytes;
        if (plan->is_pending[index] == 0) {
            plan->is_pending[index] = 1;
            plan->pending[plan->pending_count++] = (uint16_t)index;
        }
    }
    *placed = *arg;
    return SLIP_OK;
}
