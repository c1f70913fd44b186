/* element.c - get and set of one element by the orchestrator itself. Orchestrator thread only. */
#include <stddef.h>
#include <string.h>

#include "orch/orchestrator.h"
#include "orch/tensormap.h"

/* The youngest producers of one look; more are found by looking again. */
enum { MAX_WAITED = 32 };

typedef struct wait_list {
    slipi_orchestrator *o;
    uint32_t count;
    bool more;
    uint64_t task[MAX_WAITED];
} wait_list;

/* Collects a producer that is not COMPLETED yet. */
static void collect(void *user, uint64_t task)
{
    wait_list *list = user;
    const slipi_attached *at = &list->o->worker->at;
    if (!slipi_task_live(at->rt, task)) {
        return;
    }
    slipi_slot *slot = slipi_slot_of(at, task);
    slipi_record_edge(list->o, SLIPI_AUDIT_WAIT, slot->submission, list->o->submissions + 1, 0);
    /* acquire: as [F3], the producer's outputs. */
    if (slipi_load_acquire(&slot->fanout) == SLIPI_FANOUT_CLOSED) {
        return;
    }
    if (list->count == MAX_WAITED) {
        list->more = true;
        return;
    }
    list->task[list->count++] = task;
}

/* Waits (helping) until nobody writes the element, and for a write until nobody reads it. */
static slip_status wait_for_element(slipi_orchestrator *o, const slip_tensor *element, bool writes)
{
    wait_list list;
    list.o = o;
    do {
        slipi_access access = {.tensor = element, .kind = SLIPI_ACCESS_LOOK, .writes = writes};
        list.count = 0;
        list.more = false;
        slipi_tensormap_access(o, &access, collect, &list);
        for (uint32_t i = 0; i < list.count; i++) {
            const slipi_slot *slot = slipi_slot_of(&o->worker->at, list.task[i]);
            while (slipi_load_acquire(&slot->fanout) != SLIPI_FANOUT_CLOSED) {
                if (!slipi_step_or_idle(o->worker)) {
                    o->failed = SLIP_E_HANG;
                    return SLIP_E_HANG;
                }
            }
        }
    } while (list.more);
    return slipi_orch_state(
        o); /* a kernel may have failed meanwhile: the value would mean nothing */
}

/* Checks, waits, and finds the element's address. */
static slip_status begin(slipi_orchestrator *o, const slip_tensor *t, const uint32_t *index,
                         bool writes, uint8_t **out)
{
    slip_status status = slipi_orch_state(o);
    if (status == SLIP_OK) {
        status = slipi_check_tensor(o, t);
    }
    if (status != SLIP_OK) {
        return status;
    }
    if (o->recorder != NULL) {
        return slipi_orch_error(o, SLIP_E_NOT_RECORDABLE,
                                "the program %s an element of a tensor: a recorded graph does not "
                                "depend on contents; use a task, or run it without recording",
                                writes ? "sets" : "reads");
    }
    if (writes && (t->flags & SLIPI_TENSOR_READ_ONLY) != 0) {
        return slipi_orch_error(
            o, SLIP_E_SIGNATURE,
            "an element of run argument %u is set, which the signature declares "
            "IN",
            (uint32_t)t->reserved[0]);
    }
    static const uint32_t ones[SLIP_MAX_DIMS] = {1, 1, 1, 1, 1};
    slip_tensor element;
    status = slipi_view_slice(&o->base, t, index, ones, &element);
    if (status == SLIP_OK) {
        status = wait_for_element(o, &element, writes);
    }
    if (status == SLIP_OK) {
        const slip_binding *binding = &o->worker->at.bindings[element.binding];
        *out = (uint8_t *)(uintptr_t)(binding->address + element.offset);
    }
    return status;
}

slip_status slipi_element_get(slip_orch *base, const slip_tensor *t, const uint32_t *index,
                              uint64_t *out_bits)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    uint8_t *at = NULL;
    if (out_bits == NULL && slipi_orch_state(o) == SLIP_OK) {
        return slipi_orch_error(o, SLIP_E_INVALID_ARGUMENT,
                                "an element is read without a place for the result");
    }
    slip_status status = begin(o, t, index, false, &at);
    if (status != SLIP_OK) {
        return status;
    }
    const slip_device_services *sv = o->worker->services;
    uint32_t bytes = slip_dtype_bytes(t->dtype);
    sv->acquire(sv->device, at, bytes);
    *out_bits = 0;
    memcpy(out_bits, at, bytes);
    return SLIP_OK;
}

slip_status slipi_element_set(slip_orch *base, const slip_tensor *t, const uint32_t *index,
                              uint64_t bits)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    uint8_t *at = NULL;
    slip_status status = begin(o, t, index, true, &at);
    if (status != SLIP_OK) {
        return status;
    }
    const slip_device_services *sv = o->worker->services;
    uint32_t bytes = slip_dtype_bytes(t->dtype);
    memcpy(at, &bits, bytes);
    sv->publish(sv->device, at, bytes);
    return SLIP_OK;
}
