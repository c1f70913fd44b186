/*
 * records.c - the buffers that an audited or traced run writes: made at first use, kept until
 * close.
 *
 * For run.c, under the runner's lock. Much address space is reserved and committed; only what a
 * run writes costs memory. Where the host cannot look into the device's memory, the used part is
 * copied back after the run.
 */
#include <stdlib.h>

#include "base/log.h"
#include "runner/runner_int.h"

/* Most and least that is asked for; halved until the platform can give it. Chosen: 1 GiB holds
 * some four million tasks. */
#define AUDIT_MOST_BYTES (UINT64_C(1) << 30)
#define TASK_TRACE_MOST_BYTES (UINT64_C(256) << 20)
#define RECORD_LEAST_BYTES (UINT64_C(1) << 20)

/* Records that are copied back at once. */
enum { CHUNK_RECORDS = 256 };

/* Reserves and commits a record buffer, as large as can be had. */
static slip_status obtain(slip_runner *runner, slipi_record *record, uint64_t most,
                          const char *name)
{
    slip_status status = SLIP_OK;
    most /= runner->info.reserve_is_memory != 0 ? 16u : 1u;
    for (uint64_t bytes = most; bytes >= RECORD_LEAST_BYTES; bytes /= 2) {
        uint64_t base = 0;
        status = runner->ops->reserve(runner->device, bytes, &base);
        if (status != SLIP_OK) {
            continue;
        }
        status = runner->ops->commit(runner->device, base, 0, bytes);
        if (status == SLIP_OK) {
            record->region = (slipi_region){base, bytes, bytes};
            return SLIP_OK;
        }
        runner->ops->release(runner->device, base, bytes);
    }
    return slipi_platform_fail(runner, status, "reserve", RECORD_LEAST_BYTES, name);
}

/* Makes the audit record ready for a run and gives its binding. */
slip_status slipi_audit_begin(slip_runner *runner, slip_binding *out)
{
    slipi_record *record = &runner->audit;
    runner->audited = 0;
    if (record->region.base == 0) {
        slip_status status = obtain(runner, record, AUDIT_MOST_BYTES, "audit record");
        if (status != SLIP_OK) {
            return status;
        }
    }
    slipi_audit_header header = {0};
    header.capacity = record->region.committed - sizeof(header);
    out->address = record->region.base;
    out->bytes = record->region.committed;
    return runner->api.copy_to(runner, record->region.base, &header, sizeof(header));
}

/* Copies the used part of the audit record to host memory. */
static slip_status copy_record(slip_runner *runner)
{
    slipi_record *record = &runner->audit;
    slipi_audit_header header;
    slip_status status =
        runner->api.copy_from(runner, &header, record->region.base, sizeof(header));
    if (status != SLIP_OK) {
        return status;
    }
    uint64_t room = record->region.committed - sizeof(header);
    if (header.capacity > room) {
        return slipi_fail(&runner->error, SLIP_E_FORMAT,
                          "audit record: it claims room for %llu bytes, the buffer has %llu",
                          (unsigned long long)header.capacity, (unsigned long long)room);
    }
    uint64_t bytes =
        sizeof(header) + (header.used < header.capacity ? header.used : header.capacity);
    if (bytes > record->host_bytes) {
        void *host = realloc(record->host, bytes);
        if (host == NULL) {
            return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                              "audit record: no host memory for %llu bytes",
                              (unsigned long long)bytes);
        }
        record->host = host;
        record->host_bytes = bytes;
    }
    return runner->api.copy_from(runner, record->host, record->region.base, bytes);
}

/* Makes the record of the last run readable by the host. */
slip_status slipi_audit_fetch(slip_runner *runner)
{
    slip_status status = runner->info.host_in_place != 0 ? SLIP_OK : copy_record(runner);
    runner->audited = status == SLIP_OK ? 1 : 0;
    return status;
}

/* The audit record as the host reads it. */
const slipi_audit_header *slipi_audit_record(const slip_runner *runner)
{
    if (runner->info.host_in_place != 0) {
        return (const slipi_audit_header *)(uintptr_t)runner->audit.region.base;
    }
    return runner->audit.host;
}

/* Makes the task trace ready for a run and gives its binding. */
slip_status slipi_task_trace_begin(slip_runner *runner, slip_binding *out)
{
    slipi_record *record = &runner->task_trace;
    if (record->region.base == 0) {
        slip_status status = obtain(runner, record, TASK_TRACE_MOST_BYTES, "task trace");
        if (status != SLIP_OK) {
            return status;
        }
    }
    slipi_task_trace header = {0};
    header.capacity_records =
        (record->region.committed - sizeof(header)) / sizeof(slipi_task_record);
    out->address = record->region.base;
    out->bytes = record->region.committed;
    return runner->api.copy_to(runner, record->region.base, &header, sizeof(header));
}

/* Emits one record as a trace line. */
static void emit(slipi_run *run, const slipi_task_record *record)
{
    const slip_program *program = run->callable->program;
    uint64_t start = slipi_ticks_ns(run->runner, record->start_ticks);
    uint64_t end = slipi_ticks_ns(run->runner, record->end_ticks);
    slipi_trace_record line = {
        .ring = slipi_task_ring(record->task),
        .core = record->core,
        .task = slipi_task_id(record->task),
        .submission = record->submission,
        .kernel =
            record->kernel < program->kernel_count ? program->kernels[record->kernel].name : "?",
        .start_ns = start,
        .dur_ns = end > start ? end - start : 0,
        .aiv = record->core_type == SLIP_AIV ? 1u : 0u,
    };
    slipi_trace_task(run->runner->trace, &line);
}

/* Emits the records of the last run as trace lines. */
void slipi_task_trace_emit(slipi_run *run)
{
    slip_runner *runner = run->runner;
    const slipi_region *region = &runner->task_trace.region;
    slipi_task_trace header;
    slipi_task_record records[CHUNK_RECORDS];
    if (runner->api.copy_from(runner, &header, region->base, sizeof(header)) != SLIP_OK) {
        return;
    }
    uint64_t capacity = (region->committed - sizeof(header)) / sizeof(slipi_task_record);
    uint64_t used = slipi_load_relaxed(&header.used); /* the run has ended: nobody writes */
    if (used > capacity) {
        slipi_log(SLIP_LOG_WARN, "task trace: %llu of %llu records did not fit",
                  (unsigned long long)(used - capacity), (unsigned long long)used);
        used = capacity;
    }
    for (uint64_t at = 0; at < used; at += CHUNK_RECORDS) {
        uint64_t count = used - at < CHUNK_RECORDS ? used - at : CHUNK_RECORDS;
        uint64_t from = region->base + sizeof(header) + at * sizeof(slipi_task_record);
        if (runner->api.copy_from(runner, records, from, count * sizeof(slipi_task_record)) !=
            SLIP_OK) {
            return;
        }
        for (uint64_t i = 0; i < count; i++) {
            emit(run, &records[i]);
        }
    }
}

/* Gives both buffers back while the runner stays open. */
uint64_t slipi_records_trim(slip_runner *runner)
{
    uint64_t bytes = runner->audit.region.committed + runner->task_trace.region.committed;
    slipi_records_fini(runner, true);
    runner->audit.host_bytes = 0;
    runner->audited = 0;
    return bytes;
}

/* Gives both buffers back; the device's part only if nothing can write to it any more. */
void slipi_records_fini(slip_runner *runner, bool device)
{
    if (device) {
        slipi_region_release(runner, &runner->audit.region);
        slipi_region_release(runner, &runner->task_trace.region);
    }
    free(runner->audit.host);
    runner->audit.host = NULL;
}
