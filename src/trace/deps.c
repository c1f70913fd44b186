/*
 * deps.c - the recorded graph of a run as JSON and DOT; see deps.h.
 *
 * Called by the runner and the command line on the host; no state.
 */
#include "trace/deps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/audit_read.h"

/* Name of a task shape; all names here are plain letters, so nothing needs escaping. */
static const char *shape_name(uint8_t shape)
{
    static const char *const names[] = {"aic", "aiv", "mixed", "dummy"};
    return shape < sizeof(names) / sizeof(names[0]) ? names[shape] : "unknown";
}

/* Name of an access. */
static const char *access_name(uint8_t access)
{
    static const char *const names[] = {"nodep", "in", "out", "inout", "out_existing"};
    return access < sizeof(names) / sizeof(names[0]) ? names[access] : "unknown";
}

/* Name of a type. */
static const char *dtype_name(uint8_t dtype)
{
    switch (dtype) {
#define DTYPE_CASE(symbol, value, bytes, name) \
    case value:                                \
        return name;
        SLIP_DTYPE_TABLE(DTYPE_CASE)
#undef DTYPE_CASE
    default:
        return "unknown";
    }
}

/* Kernels that a task of a shape names. */
static uint32_t kernel_count(uint8_t shape)
{
    return shape == SLIP_TASK_MIXED ? 3u : shape == SLIP_TASK_DUMMY ? 0u : 1u;
}

/* Writes the kernels of a task, separated by `between`. */
static void put_kernels(FILE *file, const slipi_audit_task *task, const char *between)
{
    for (uint32_t k = 0; k < kernel_count(task->shape); k++) {
        (void)fprintf(file, "%s%u", k == 0 ? "" : between, task->kernel[k]);
    }
}

/* Writes one argument as a JSON object. */
static void json_arg(FILE *file, const slipi_audit_arg *arg)
{
    const slip_task_tensor *t = &arg->tensor;
    uint32_t ndim = t->ndim < SLIP_MAX_DIMS ? t->ndim : SLIP_MAX_DIMS;
    (void)fprintf(file,
                  "{\"access\":\"%s\",\"dtype\":\"%s\",\"buffer\":\"%" PRIx64
                  "\",\"binding\":%" PRIu32 ",\"offset\":%" PRIu64 ",\"shape\":[",
                  access_name(t->access), dtype_name(t->dtype), t->buffer, t->binding, t->offset);
    for (uint32_t d = 0; d < ndim; d++) {
        (void)fprintf(file, "%s%" PRIu32, d == 0 ? "" : ",", t->shape[d]);
    }
    (void)fprintf(file, "],\"stride\":[");
    for (uint32_t d = 0; d < ndim; d++) {
        (void)fprintf(file, "%s%" PRId32, d == 0 ? "" : ",", t->stride[d]);
    }
    (void)fprintf(file, "]}");
}

/* Writes one task as a JSON object. */
static void json_task(FILE *file, const slipi_audit_entry *entry)
{
    const slipi_audit_task *task = entry->task;
    (void)fprintf(file, "{\"id\":%" PRIu64 ",\"ring\":%" PRIu32 ",\"kernel\":[", task->submission,
                  slipi_task_ring(task->task));
    put_kernels(file, task, ",");
    (void)fprintf(file, "],\"shape\":\"%s\",\"depth\":%" PRIu32 ",\"manual\":%s,\"args\":[",
                  shape_name(task->shape), task->depth, task->manual != 0 ? "true" : "false");
    for (uint32_t i = 0; i < task->arg_count; i++) {
        (void)fputs(i == 0 ? "" : ",", file);
        json_arg(file, &entry->args[i]);
    }
    (void)fputs("]}", file);
}

/* Submissions and flags of an edge, read once for both formats. */
typedef struct edge_text {
    uint64_t from;
    uint64_t to;
    bool skipped;
    bool is_explicit;
} edge_text;

/* Reads an edge event. */
static edge_text read_edge(const slipi_audit_index *index, const slipi_audit_event *event)
{
    edge_text edge = {index->entries[event->producer].task->submission,
                      index->entries[event->task].task->submission,
                      (event->flags & SLIPI_AUDIT_EDGE_SKIPPED) != 0,
                      (event->flags & SLIPI_AUDIT_EDGE_EXPLICIT) != 0};
    return edge;
}

/* Writes the graph as JSON, one task or edge a line. */
static void write_json(FILE *file, const slipi_audit_index *index)
{
    (void)fputs("{\"tasks\":[", file);
    for (uint32_t t = 0; t < index->entry_count; t++) {
        (void)fputs(t == 0 ? "\n" : ",\n", file);
        json_task(file, &index->entries[t]);
    }
    (void)fputs("\n],\"edges\":[", file);
    bool first = true;
    for (uint32_t i = 0; i < index->event_count; i++) {
        if (index->events[i].kind != SLIPI_AUDIT_EDGE) {
            continue;
        }
        edge_text edge = read_edge(index, &index->events[i]);
        (void)fprintf(
            file, "%s\n{\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"skipped\":%s,\"explicit\":%s}",
            first ? "" : ",", edge.from, edge.to, edge.skipped ? "true" : "false",
            edge.is_explicit ? "true" : "false");
        first = false;
    }
    (void)fputs("\n]}\n", file);
}

/* Writes the graph as DOT. */
static void write_dot(FILE *file, const slipi_audit_index *index)
{
    (void)fputs("digraph slipway {\n    node [shape=box];\n", file);
    for (uint32_t t = 0; t < index->entry_count; t++) {
        const slipi_audit_task *task = index->entries[t].task;
        (void)fprintf(file, "    t%" PRIu64 " [label=\"%" PRIu64 " %s", task->submission,
                      task->submission, shape_name(task->shape));
        if (kernel_count(task->shape) != 0) {
            (void)fputs(" k", file);
            put_kernels(file, task, "+");
        }
        (void)fputs("\"];\n", file);
    }
    for (uint32_t i = 0; i < index->event_count; i++) {
        if (index->events[i].kind != SLIPI_AUDIT_EDGE) {
            continue;
        }
        edge_text edge = read_edge(index, &index->events[i]);
        const char *style = edge.skipped && edge.is_explicit ? " [style=\"dashed,bold\"]"
                            : edge.skipped                   ? " [style=dashed]"
                            : edge.is_explicit               ? " [style=bold]"
                                                             : "";
        (void)fprintf(file, "    t%" PRIu64 " -> t%" PRIu64 "%s;\n", edge.from, edge.to, style);
    }
    (void)fputs("}\n", file);
}

/* Writes to a temporary name beside `path` and renames it; nothing is left behind on failure. */
static slip_status write_whole(const slipi_audit_index *index, bool json, const char *path)
{
    size_t room = strlen(path) + 32u;
    char *name = malloc(room);
    if (name == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    (void)snprintf(name, room, "%s.%ld.tmp", path, (long)getpid());
    slip_status status = SLIP_E_FILE;
    int descriptor = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (file == NULL) {
        goto out;
    }
    descriptor = -1;
    if (json) {
        write_json(file, index);
    } else {
        write_dot(file, index);
    }
    bool good = fflush(file) == 0 && ferror(file) == 0;
    good = fclose(file) == 0 && good;
    if (good && rename(name, path) == 0) {
        status = SLIP_OK;
    } else {
        (void)unlink(name);
    }
out:
    if (descriptor >= 0) {
        (void)close(descriptor);
        (void)unlink(name);
    }
    free(name);
    return status;
}

/* Writes the graph; see the header. */
slip_status slipi_deps_write(const slipi_audit_header *record, const char *format, const char *path)
{
    if (record == NULL || format == NULL || path == NULL || path[0] == '\0') {
        return SLIP_E_INVALID_ARGUMENT;
    }
    bool json = strcmp(format, "json") == 0;
    if (!json && strcmp(format, "dot") != 0) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_audit_index index;
    slip_status status = slipi_audit_index_init(&index, record);
    if (status == SLIP_OK) {
        status = write_whole(&index, json, path);
    }
    slipi_audit_index_fini(&index);
    return status;
}
