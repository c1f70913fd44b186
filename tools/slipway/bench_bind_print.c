/*
 * bench_bind_print.c - the report of `slipway bench bind`: a table for people, JSON for scripts.
 *
 * For bench_bind.c; one thread.
 */
#include <cjson/cJSON.h>

#include "bench_bind.h"
#include "json.h"

/* Name of the platform that was measured. */
static const char *platform_of(const slipi_bind_options *options)
{
    return options->session.platform != NULL ? options->session.platform : "cpu";
}

/* Prints one line of figures. */
static void print_times(const char *name, const slipi_bind_times_ns *times)
{
    printf("  %-44s %10llu %10llu %10llu\n", name, (unsigned long long)times->p50,
           (unsigned long long)times->p99, (unsigned long long)times->p999);
}

/* Prints the windows. */
static void print_windows(const slipi_bind_report *report)
{
    printf("%9s %10s %10s %10s %10s %9s %9s %9s %10s %10s %12s\n", "window", "miss p50", "miss p99",
           "relaid p50", "p99", "hit p50", "p99", "p99.9", "miss image", "hit image", "resident");
    for (size_t i = 0; i < SLIPI_BIND_WINDOWS; i++) {
        const slipi_bind_window *w = &report->windows[i];
        printf("%9llu %10llu %10llu %10llu %10llu %9llu %9llu %9llu %10llu %10llu %12llu\n",
               (unsigned long long)w->window, (unsigned long long)w->miss.p50,
               (unsigned long long)w->miss.p99, (unsigned long long)w->relaid.p50,
               (unsigned long long)w->relaid.p99, (unsigned long long)w->hit.p50,
               (unsigned long long)w->hit.p99, (unsigned long long)w->hit.p999,
               (unsigned long long)w->miss_image_bytes, (unsigned long long)w->hit_image_bytes,
               (unsigned long long)w->resident_bytes);
    }
}

/* Prints a first run. */
static void print_first(const char *name, const slipi_bind_first *first)
{
    printf("  %-12s %12llu %18llu %12llu\n", name, (unsigned long long)first->bind.p50,
           (unsigned long long)first->first.p50, (unsigned long long)first->run.p50);
}

/* Prints the report as a table. */
int slipi_bind_print_table(const slipi_bind_report *report, const slipi_bind_options *o)
{
    printf("%s, ns: binds (%u missed on fresh runners, %u relaid, %u hits a window)\n",
           platform_of(o), o->misses, o->misses, o->hits);
    if (report->stand_in[0] != '\0') {
        printf("%s\n", report->stand_in);
    }
    print_windows(report);
    printf("\n  %-44s %10s %10s %10s\n", "", "p50", "p99", "p99.9");
    printf("hits of %u sizings in turn\n", o->sizings);
    print_times("slip_run", &report->in_turn_hit);
    print_times("a prepared call each", &report->in_turn_calls);
    if (!report->from_files) {
        printf("%u tensors of which %u change (a call delivers %llu bytes)\n", o->args, o->changed,
               (unsigned long long)report->call_launch_bytes);
        print_times("bind of slip_run", &report->args_bind);
        print_times("bind of a prepared call", &report->call_bind);
        print_times("prepared call, changing and running", &report->call_set_run);
    }
    printf("whole runs, one read of the clock included\n");
    print_times("empty graph", &report->empty);
    print_times("empty graph, untimed", &report->empty_untimed);
    print_times("empty graph, untimed prepared call", &report->empty_call);
    print_times("one task", &report->one);
    print_times("one task, untimed", &report->one_untimed);
    print_times("one task, untimed prepared call", &report->one_call);
    printf("hits of two runners\n");
    print_times("one of them alone", &report->alone);
    print_times("both, on a thread each", &report->together);
    if (report->from_files) {
        printf("many arguments, first runs: left out, their programs are of this process\n");
        return SLIPI_EXIT_OK;
    }
    printf("first runs of %u tasks with outputs, p50 (prewarming itself: %llu)\n"
           "  %-12s %12s %18s %12s\n",
           SLIPI_BIND_FIRST_TASKS, (unsigned long long)report->prewarm.p50, "", "bind",
           "first completion", "run");
    print_first("cold", &report->cold);
    print_first("prewarmed", &report->prewarmed);
    print_first("warm", &report->warm);
    return SLIPI_EXIT_OK;
}

/* Adds percentiles. */
static void add_times(cJSON *object, const char *name, const slipi_bind_times_ns *times)
{
    cJSON *row = cJSON_AddObjectToObject(object, name);
    slipi_json_count(row, "p50", times->p50);
    slipi_json_count(row, "p99", times->p99);
    slipi_json_count(row, "p999", times->p999);
}

/* Adds a first run. */
static void add_first(cJSON *object, const char *name, const slipi_bind_first *first)
{
    cJSON *row = cJSON_AddObjectToObject(object, name);
    add_times(row, "bind_ns", &first->bind);
    add_times(row, "first_completion_ns", &first->first);
    add_times(row, "run_ns", &first->run);
}

/* Adds the windows. */
static void add_windows(cJSON *root, const slipi_bind_report *report)
{
    cJSON *rows = cJSON_AddArrayToObject(root, "rows");
    for (size_t i = 0; i < SLIPI_BIND_WINDOWS; i++) {
        const slipi_bind_window *w = &report->windows[i];
        cJSON *row = cJSON_CreateObject();
        slipi_json_count(row, "task_window", w->window);
        add_times(row, "miss_ns", &w->miss);
        add_times(row, "relaid_ns", &w->relaid);
        add_times(row, "hit_ns", &w->hit);
        slipi_json_count(row, "miss_image_bytes", w->miss_image_bytes);
        slipi_json_count(row, "relaid_image_bytes", w->relaid_image_bytes);
        slipi_json_count(row, "hit_image_bytes", w->hit_image_bytes);
        slipi_json_count(row, "resident_bytes", w->resident_bytes);
        cJSON_AddItemToArray(rows, row);
    }
}

/* Adds the whole runs. */
static void add_runs(cJSON *root, const slipi_bind_report *report)
{
    cJSON *runs = cJSON_AddObjectToObject(root, "runs");
    add_times(runs, "empty_ns", &report->empty);
    add_times(runs, "empty_untimed_ns", &report->empty_untimed);
    add_times(runs, "empty_call_ns", &report->empty_call);
    add_times(runs, "one_task_ns", &report->one);
    add_times(runs, "one_task_untimed_ns", &report->one_untimed);
    add_times(runs, "one_task_call_ns", &report->one_call);
}

/* Adds what needs programs of this process. */
static void add_in_process(cJSON *root, const slipi_bind_report *report,
                           const slipi_bind_options *o)
{
    cJSON *args = cJSON_AddObjectToObject(root, "arguments");
    slipi_json_count(args, "tensors", o->args);
    slipi_json_count(args, "changed", o->changed);
    slipi_json_count(args, "call_launch_bytes", report->call_launch_bytes);
    add_times(args, "run_bind_ns", &report->args_bind);
    add_times(args, "call_bind_ns", &report->call_bind);
    add_times(args, "call_set_and_run_ns", &report->call_set_run);
    cJSON *first = cJSON_AddObjectToObject(root, "first_run");
    slipi_json_count(first, "tasks", SLIPI_BIND_FIRST_TASKS);
    add_times(first, "prewarm_ns", &report->prewarm);
    add_first(first, "cold", &report->cold);
    add_first(first, "prewarmed", &report->prewarmed);
    add_first(first, "warm", &report->warm);
}

/* Prints the report as JSON. */
int slipi_bind_print_json(const slipi_bind_report *report, const slipi_bind_options *o)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "platform", platform_of(o));
    if (report->stand_in[0] != '\0') {
        cJSON_AddStringToObject(root, "stand_in", report->stand_in);
    }
    slipi_json_count(root, "hits", o->hits);
    slipi_json_count(root, "misses", o->misses);
    add_windows(root, report);
    cJSON *turn = cJSON_AddObjectToObject(root, "in_turn");
    slipi_json_count(turn, "sizings", o->sizings);
    add_times(turn, "run_bind_ns", &report->in_turn_hit);
    add_times(turn, "call_bind_ns", &report->in_turn_calls);
    add_runs(root, report);
    if (!report->from_files) {
        add_in_process(root, report, o);
    }
    cJSON *threads = cJSON_AddObjectToObject(root, "two_runners");
    add_times(threads, "alone_hit_ns", &report->alone);
    add_times(threads, "together_hit_ns", &report->together);
    return slipi_json_print("bench bind", root);
}
