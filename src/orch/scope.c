/* scope.c - nested scopes; see task/ring.h for what they keep. Orchestrator thread only. */
#include <stddef.h>

#include "orch/orchestrator.h"

/* Pushes a scope; the caller has checked the depth. */
static void push_scope(slipi_orchestrator *o, uint32_t kind)
{
    uint32_t ring = o->depth < SLIPI_RINGS - 1 ? o->depth : SLIPI_RINGS - 1;
    slipi_runtime *rt = o->worker->at.rt;
    const slipi_ring_state *s = &rt->ring[ring];
    slipi_scope *scope = &o->scopes[o->depth++];
    scope->serial = ++rt->scope_serial;
    scope->first = s->head;
    scope->heap_start = s->heap_head;
    scope->buffers_start = s->buffers_head;
    scope->kind = kind;
    scope->ring = ring;
    if (o->rings.outermost[ring] == NULL) {
        o->rings.outermost[ring] = scope;
    }
}

slip_status slipi_scope_begin(slip_orch *base, uint32_t kind)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    slip_status status = o->depth == 0 ? SLIP_OK : slipi_orch_state(o);
    if (status != SLIP_OK) {
        return status;
    }
    if (kind > SLIP_SCOPE_MANUAL) {
        return slipi_orch_error(o, SLIP_E_INVALID_ARGUMENT,
                                "scope kind %u is none of enum slip_scope_kind", kind);
    }
    if (o->depth == SLIP_MAX_SCOPE_DEPTH) {
        return slipi_orch_error(o, SLIP_E_SCOPE, "more than %u nested scopes",
                                SLIP_MAX_SCOPE_DEPTH);
    }
    if (o->depth > 0 && kind == SLIP_SCOPE_AUTO && slipi_scope_now(o)->kind == SLIP_SCOPE_MANUAL) {
        return slipi_orch_error(o, SLIP_E_SCOPE,
                                "an automatic scope inside a manual one: end the manual one first");
    }
    push_scope(o, kind);
    return SLIP_OK;
}

slip_status slipi_scope_end(slip_orch *base)
{
    slipi_orchestrator *o = slipi_orchestrator_of(base);
    if (o->depth <= 1) {
        return slipi_orch_error(o, SLIP_E_SCOPE, "a scope end without a begin");
    }
    slipi_scope *scope = slipi_scope_now(o);
    if (o->rings.outermost[scope->ring] == scope) {
        o->rings.outermost[scope->ring] = NULL;
    }
    o->depth--;
    return SLIP_OK;
}
