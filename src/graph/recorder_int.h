/*
 * recorder_int.h - what recorder.c notes and plan_make.c makes a plan of; for these two only.
 *
 * One recording belongs to one thread.
 */
#ifndef SLIPI_GRAPH_RECORDER_INT_H
#define SLIPI_GRAPH_RECORDER_INT_H

#include "abi/audit.h"
#include "graph/build_int.h"
#include "graph/recorder.h"

/* A scalar of a task that follows a parameter. */
typedef struct slipi_note_follow {
    uint64_t submission;
    uint32_t index;
    uint32_t param;
} slipi_note_follow;

/* A buffer with an initial value. */
typedef struct slipi_note_fill {
    uint64_t buffer; /* the orchestrator's name of it */
    uint64_t bits;
} slipi_note_fill;

/* What a recording notes beside the audit record; both lists are in order of submission. */
typedef struct slipi_notes {
    slipi_note_follow *follows;
    slipi_note_fill *fills;
    uint64_t follow_count;
    uint64_t follow_room;
    uint64_t fill_count;
    uint64_t fill_room;
    bool out_of_memory;
    uint8_t read[SLIP_MAX_RUN_ARGS]; /* 1: the program read this scalar */
} slipi_notes;

/* Makes the plan of what the builder has recorded. */
slip_status slipi_plan_make(const slipi_builder *b, const slipi_graph_spec *spec,
                            const slipi_notes *notes, slipi_plan **out);

#endif
