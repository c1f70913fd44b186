/* recorder.c - runs an orchestration function or a builder to record it; see recorder.h. */
#include <stdlib.h>
#include <string.h>

#include "graph/recorder_int.h"

/* Makes room for one more element of a list; false if there is no memory. */
static bool grow(void **list, uint64_t count, uint64_t *room, size_t bytes)
{
    if (count < *room) {
        return true;
    }
    uint64_t more = *room == 0 ? 64 : *room * 2;
    void *larger = realloc(*list, more * bytes);
    if (larger == NULL) {
        return false;
    }
    *list = larger;
    *room = more;
    return true;
}

/* slipi_recorder.read */
static void note_read(void *user, uint32_t index)
{
    slipi_notes *notes = user;
    notes->read[index] = 1;
}

/* slipi_recorder.follow */
static void note_follow(void *user, uint64_t submission, uint32_t index, uint32_t param)
{
    slipi_notes *notes = user;
    void *list = notes->follows;
    if (!grow(&list, notes->follow_count, &notes->follow_room, sizeof *notes->follows)) {
        notes->out_of_memory = true;
        return;
    }
    notes->follows = list;
    notes->follows[notes->follow_count++] = (slipi_note_follow){submission, index, param};
}

/* slipi_recorder.fill */
static void note_fill(void *user, uint64_t buffer, uint64_t bits)
{
    slipi_notes *notes = user;
    void *list = notes->fills;
    if (!grow(&list, notes->fill_count, &notes->fill_room, sizeof *notes->fills)) {
        notes->out_of_memory = true;
        return;
    }
    notes->fills = list;
    notes->fills[notes->fill_count++] = (slipi_note_fill){buffer, bits};
}

/* Runs the program and makes the plan; everything it needs is there. */
static slip_status record(slipi_builder *b, const slipi_graph_spec *spec, slipi_plan **out,
                          slipi_fault *fault)
{
    slipi_notes notes;
    memset(&notes, 0, sizeof notes);
    const slipi_recorder recorder = {&notes, note_read, note_follow, note_fill};
    slip_status status = slipi_builder_open(b, spec);
    if (status == SLIP_OK) {
        status = slipi_builder_run(b, spec, &recorder, fault);
    }
    if (status == SLIP_OK && b->o.audit->overflow != 0) {
        status = SLIP_E_RING_DEADLOCK; /* room of the record, not of a ring: more of both helps */
    }
    if (status == SLIP_OK) {
        status = notes.out_of_memory ? SLIP_E_OUT_OF_MEMORY : slipi_plan_make(b, spec, &notes, out);
    }
    free(notes.follows);
    free(notes.fills);
    return status;
}

slip_status slipi_graph_record(const slipi_graph_spec *spec, uint64_t audit_bytes, slipi_plan **out,
                               slipi_fault *fault)
{
    slip_status status = SLIP_E_OUT_OF_MEMORY;
    slipi_graph_spec with_audit = *spec;
    slipi_audit_header *audit = calloc(1, audit_bytes);
    slipi_builder *b = calloc(1, sizeof *b);
    *out = NULL;
    memset(fault, 0, sizeof *fault);
    fault->ring = fault->scope = fault->kernel = -1;
    if (audit != NULL && b != NULL) {
        audit->capacity = audit_bytes - sizeof *audit;
        with_audit.audit = (slip_binding){(uint64_t)(uintptr_t)audit, audit_bytes};
        status = record(b, &with_audit, out, fault);
    }
    slipi_builder_close(b);
    free(audit);
    fault->status = status;
    return status;
}
