/*
 * trace_summary.c - mean and percentiles of the spans and task records of a trace.
 *
 * For cmd_trace.c; one thread. Spans are grouped by name; a span that says cache=hit, miss or dirty
 * is grouped by that as well, because the three are different work; so is a phase that was skipped.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "trace_views.h"

/* One event's time under the name of its group. */
typedef struct sample {
    const char *group;
    uint64_t dur_ns;
} sample;

/* Times of one group, sorted. */
typedef struct group_view {
    const char *name;
    uint64_t *sorted;
    size_t count;
    double mean;
} group_view;

/* Order by group name, then time, for qsort. */
static int compare_samples(const void *a, const void *b)
{
    const sample *x = a;
    const sample *y = b;
    int order = x->group == y->group ? 0 : strcmp(x->group, y->group);
    if (order != 0) {
        return order;
    }
    return x->dur_ns < y->dur_ns ? -1 : x->dur_ns > y->dur_ns ? 1 : 0;
}

/* Name of an event's group, owned by the log; null if memory is not to be had. */
static const char *group_name(slipi_trace_log *log, const slipi_trace_event *event)
{
    char name[256];
    const char *cache = event->is_task ? NULL : strstr(event->extra, "cache=");
    const char *clock = event->device_clock && !event->is_task ? " (device)" : "";
    const char *skipped = strstr(event->extra, "skipped=1") != NULL ? " [skipped]" : "";
    if (cache != NULL) {
        size_t length = strcspn(cache, " ");
        snprintf(name, sizeof(name), "%.120s [%.*s]%s", event->name, (int)length, cache, clock);
    } else {
        snprintf(name, sizeof(name), "%s%.120s%s%s", event->is_task ? "task " : "", event->name,
                 skipped, clock);
    }
    return slipi_trace_log_text(log, name);
}

/* The sorted samples of all events; null if memory is not to be had. */
static sample *collect(slipi_trace_log *log)
{
    sample *samples = calloc(log->count + 1, sizeof(samples[0]));
    for (size_t i = 0; i < log->count && samples != NULL; i++) {
        samples[i].group = group_name(log, &log->events[i]);
        samples[i].dur_ns = log->events[i].dur_ns;
        if (samples[i].group == NULL) {
            free(samples);
            samples = NULL;
        }
    }
    if (samples != NULL) {
        qsort(samples, log->count, sizeof(samples[0]), compare_samples);
    }
    return samples;
}

/* Prints one line of the table. */
static void print_group(const group_view *g)
{
    static const double percents[] = {50.0, 90.0, 99.0, 100.0};
    char text[32];
    slipi_cli_time_text((uint64_t)g->mean, text, sizeof(text));
    printf("%-56s %9zu %11s", g->name, g->count, text);
    for (size_t i = 0; i < 4; i++) {
        slipi_cli_time_text(slipi_cli_percentile(g->sorted, g->count, percents[i]), text,
                            sizeof(text));
        printf(" %11s", text);
    }
    printf("\n");
}

/* Adds one group to the JSON list. */
static void add_group(cJSON *list, const group_view *g)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "name", g->name);
    slipi_json_count(row, "count", g->count);
    cJSON_AddNumberToObject(row, "mean_ns", g->mean);
    slipi_json_count(row, "p50_ns", slipi_cli_percentile(g->sorted, g->count, 50.0));
    slipi_json_count(row, "p90_ns", slipi_cli_percentile(g->sorted, g->count, 90.0));
    slipi_json_count(row, "p99_ns", slipi_cli_percentile(g->sorted, g->count, 99.0));
    slipi_json_count(row, "max_ns", slipi_cli_percentile(g->sorted, g->count, 100.0));
    cJSON_AddItemToArray(list, row);
}

/* Visits the groups: into `list`, or as text if that is null. */
static void visit_groups(const sample *samples, size_t count, uint64_t *scratch, cJSON *list)
{
    size_t first = 0;
    while (first < count) {
        double sum = 0.0;
        size_t end = first;
        while (end < count && samples[end].group == samples[first].group) {
            scratch[end - first] = samples[end].dur_ns;
            sum += (double)samples[end].dur_ns;
            end++;
        }
        group_view g = {samples[first].group, scratch, end - first, sum / (double)(end - first)};
        if (list != NULL) {
            add_group(list, &g);
        } else {
            print_group(&g);
        }
        first = end;
    }
}

/* Prints count, mean and percentiles of every span name and kernel; returns the exit code. */
int slipi_trace_summary(slipi_trace_log *log, bool json)
{
    int code = SLIPI_EXIT_OK;
    sample *samples = collect(log);
    uint64_t *scratch = calloc(log->count + 1, sizeof(scratch[0]));
    if (samples == NULL || scratch == NULL) {
        code = slipi_cli_fail("trace", "memory for %zu records is not to be had", log->count);
    } else if (json) {
        cJSON *root = cJSON_CreateObject();
        slipi_json_count(root, "lines", log->lines);
        slipi_json_count(root, "records", log->count);
        slipi_json_count(root, "skipped", log->skipped);
        visit_groups(samples, log->count, scratch, cJSON_AddArrayToObject(root, "spans"));
        code = slipi_json_print("trace", root);
    } else {
        printf("%-56s %9s %11s %11s %11s %11s %11s\n", "span", "count", "mean", "p50", "p90", "p99",
               "max");
        visit_groups(samples, log->count, scratch, NULL);
        printf("%zu records in %llu lines, %llu lines of another form skipped\n", log->count,
               (unsigned long long)log->lines, (unsigned long long)log->skipped);
    }
    free(scratch);
    free(samples);
    return code;
}
