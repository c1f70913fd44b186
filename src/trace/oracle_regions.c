/*
 * oracle_regions.c - from a record to accesses, distinct regions, and which regions meet.
 *
 * Called by oracle.c on the host.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/oracle_int.h"

/* Orders by buffer, then place, then byte set, then task. */
static int compare_places(const void *left, const void *right)
{
    const slipi_oracle_access *a = *(slipi_oracle_access *const *)left;
    const slipi_oracle_access *b = *(slipi_oracle_access *const *)right;
    if (a->arg->tensor.buffer != b->arg->tensor.buffer) {
        return a->arg->tensor.buffer < b->arg->tensor.buffer ? -1 : 1;
    }
    if (a->arg->tensor.binding != b->arg->tensor.binding) {
        return a->arg->tensor.binding < b->arg->tensor.binding ? -1 : 1;
    }
    int order = memcmp(&a->set, &b->set, sizeof(a->set));
    if (order != 0) {
        return order;
    }
    return a < b ? -1 : a > b; /* position in the record */
}

/* True if two accesses touch the same bytes of the same buffer. */
static bool same_region(const slipi_oracle_access *a, const slipi_oracle_access *b)
{
    return a->arg->tensor.buffer == b->arg->tensor.buffer &&
           a->arg->tensor.binding == b->arg->tensor.binding &&
           slipi_byteset_equal(&a->set, &b->set);
}

/* Takes the memory for accesses and regions. */
static slip_status allocate(slipi_oracle *oracle)
{
    uint64_t count = 0;
    for (uint32_t t = 0; t < oracle->index.entry_count; t++) {
        count += oracle->index.entries[t].task->arg_count;
    }
    if (count > SLIPI_ORACLE_MAX_ACCESSES) {
        return SLIP_E_LIMIT;
    }
    oracle->access_count = (uint32_t)count;
    size_t room = (size_t)count + 1u;
    oracle->accesses = calloc(room, sizeof(*oracle->accesses));
    oracle->access_first =
        calloc((size_t)oracle->index.entry_count + 1u, sizeof(*oracle->access_first));
    oracle->by_place = calloc(room, sizeof(slipi_oracle_access *));
    oracle->regions = calloc(room, sizeof(*oracle->regions));
    if (oracle->accesses == NULL || oracle->access_first == NULL || oracle->by_place == NULL ||
        oracle->regions == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    return SLIP_OK;
}

/* Lists the accesses of all tasks with their byte sets. */
static slip_status list_accesses(slipi_oracle *oracle)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < oracle->index.entry_count; t++) {
        const slipi_audit_entry *entry = &oracle->index.entries[t];
        oracle->access_first[t] = n;
        for (uint32_t i = 0; i < entry->task->arg_count; i++) {
            slipi_oracle_access *access = &oracle->accesses[n];
            access->arg = &entry->args[i];
            access->task = t;
            if (!slipi_byteset_make(&entry->args[i].tensor, &access->set)) {
                (void)snprintf(oracle->index.problem, sizeof(oracle->index.problem),
                               "argument %u of task %" PRIu64 " has no exact byte set", i,
                               entry->task->submission);
                return SLIP_E_FORMAT;
            }
            oracle->by_place[n] = access;
            n++;
        }
    }
    oracle->access_first[oracle->index.entry_count] = n;
    return SLIP_OK;
}

/* Gives every distinct byte set of a buffer a region. */
static void list_regions(slipi_oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->access_count; i++) {
        slipi_oracle_access *access = oracle->by_place[i];
        if (i == 0 || !same_region(oracle->by_place[i - 1], access)) {
            oracle->regions[oracle->region_count].sample = access;
            oracle->region_count++;
        }
        access->region = oracle->region_count - 1u;
    }
}

/* Appends one meeting. */
static slip_status add_meeting(slipi_oracle *oracle, uint32_t region)
{
    if (oracle->meeting_count == SLIPI_ORACLE_MAX_MEETINGS) {
        return SLIP_E_LIMIT;
    }
    if (oracle->meeting_count == oracle->meeting_room) {
        uint32_t room = oracle->meeting_room == 0 ? 256u : oracle->meeting_room * 2u;
        uint32_t *grown = realloc(oracle->meetings, room * sizeof(*grown));
        if (grown == NULL) {
            return SLIP_E_OUT_OF_MEMORY;
        }
        oracle->meetings = grown;
        oracle->meeting_room = room;
    }
    oracle->meetings[oracle->meeting_count] = region;
    oracle->meeting_count++;
    return SLIP_OK;
}

/* Compares all pairs of regions of one buffer, [first, last). */
static slip_status meet_in_buffer(slipi_oracle *oracle, uint32_t first, uint32_t last)
{
    for (uint32_t r = first; r < last; r++) {
        const slipi_oracle_access *a = oracle->regions[r].sample;
        oracle->regions[r].meet_first = oracle->meeting_count;
        for (uint32_t s = first; s < last; s++) {
            const slipi_oracle_access *b = oracle->regions[s].sample;
            bool meet = false;
            slip_status status = SLIP_OK;
            if (a->arg->tensor.binding == b->arg->tensor.binding) {
                status = slipi_byteset_meet(&a->set, &b->set, &meet);
            }
            if (status == SLIP_OK && meet) {
                status = add_meeting(oracle, s);
            }
            if (status != SLIP_OK) {
                return status;
            }
        }
        oracle->regions[r].meet_count = oracle->meeting_count - oracle->regions[r].meet_first;
    }
    return SLIP_OK;
}

/* Fills accesses, regions and meetings; see the header. */
slip_status slipi_oracle_collect(slipi_oracle *oracle)
{
    slip_status status = allocate(oracle);
    if (status != SLIP_OK) {
        return status;
    }
    status = list_accesses(oracle);
    if (status != SLIP_OK) {
        return status;
    }
    qsort(oracle->by_place, oracle->access_count, sizeof(slipi_oracle_access *), compare_places);
    list_regions(oracle);
    uint32_t first = 0;
    while (first < oracle->region_count && status == SLIP_OK) {
        uint64_t buffer = oracle->regions[first].sample->arg->tensor.buffer;
        uint32_t last = first + 1u;
        while (last < oracle->region_count &&
               oracle->regions[last].sample->arg->tensor.buffer == buffer) {
            last++;
        }
        status = meet_in_buffer(oracle, first, last);
        first = last;
    }
    return status;
}
