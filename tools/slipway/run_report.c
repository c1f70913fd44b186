/*
 * run_report.c - what `slipway run` found out, as text or as JSON.
 *
 * For cmd_run.c; one thread.
 */
#include "run_report.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "topology.h"

/* Makes room for the samples of `runs` runs. */
bool slipi_run_report_init(slipi_run_report *report, uint32_t runs)
{
    memset(report, 0, sizeof(*report));
    report->runs = runs;
    report->hit_ns = calloc(runs, sizeof(uint64_t));
    report->miss_ns = calloc(runs, sizeof(uint64_t));
    report->run_ns = calloc(runs, sizeof(uint64_t));
    return report->hit_ns != NULL && report->miss_ns != NULL && report->run_ns != NULL;
}

/* Frees the samples and the expected arrays. */
void slipi_run_report_fini(slipi_run_report *report)
{
    free(report->hit_ns);
    free(report->miss_ns);
    free(report->run_ns);
    for (uint32_t i = 0; i < report->golden_count; i++) {
        slipi_array_fini(&report->golden[i].expected);
    }
}

/* Prints "p50 .., p99 .." of sorted samples after a label. */
static void print_times(const char *label, const uint64_t *sorted, size_t count)
{
    char p50[32];
    char p99[32];
    if (count == 0) {
        printf("%snone", label);
        return;
    }
    slipi_cli_time_text(slipi_cli_percentile(sorted, count, 50.0), p50, sizeof(p50));
    slipi_cli_time_text(slipi_cli_percentile(sorted, count, 99.0), p99, sizeof(p99));
    printf("%sp50 %s, p99 %s", label, p50, p99);
}

/* Prints what was compared and audited. */
static void print_checks(const slipi_run_report *report, const slipi_session *session)
{
    for (uint32_t i = 0; i < report->golden_count; i++) {
        const slipi_golden *g = &report->golden[i];
        printf("golden    %s: largest difference %.3g (relative %.3g, tolerance %.3g): %s\n",
               session->program->params[g->param].name, g->difference.max_abs,
               g->difference.max_rel, report->tolerance, g->good ? "ok" : "different");
    }
    if (report->audited) {
        const slip_audit_report *a = &report->audit;
        printf("audit     %llu tasks, %llu edges, %llu skipped, %llu conflicts, %llu lost, %llu "
               "false: %s\n",
               (unsigned long long)a->tasks, (unsigned long long)a->edges,
               (unsigned long long)a->edges_skipped, (unsigned long long)a->conflicts,
               (unsigned long long)a->lost, (unsigned long long)a->false_edges,
               report->audit_status == SLIP_OK ? "ok" : "wrong");
    }
}

/* Prints what was made before the first run. */
static void print_prewarmed(const slipi_run_report *report)
{
    const slip_prewarmed *p = &report->prewarmed;
    char text[5][32];
    const uint64_t bytes[5] = {p->state_resident_bytes, p->state_bytes, p->heap_resident_bytes,
                               p->heap_bytes, p->huge_bytes};
    if (!report->prewarmed_before) {
        return;
    }
    printf("prewarm   built in %llu ns", (unsigned long long)p->lock_ns);
    for (int i = 0; i < 5 && report->faulted; i++) {
        slipi_cli_bytes_text(bytes[i], text[i], sizeof(text[i]));
    }
    if (report->faulted) {
        printf("; memory: state %s of %s, heap %s of %s; in large pages %s", text[0], text[1],
               text[2], text[3], text[4]);
    }
    printf("\n");
}

/* Adds it. */
static void add_prewarmed(cJSON *root, const slipi_run_report *report)
{
    const slip_prewarmed *p = &report->prewarmed;
    if (!report->prewarmed_before) {
        return;
    }
    cJSON *prewarm = cJSON_AddObjectToObject(root, "prewarm");
    slipi_json_count(prewarm, "lock_ns", p->lock_ns);
    slipi_json_count(prewarm, "state_bytes", p->state_bytes);
    slipi_json_count(prewarm, "state_resident_bytes", p->state_resident_bytes);
    slipi_json_count(prewarm, "heap_bytes", p->heap_bytes);
    slipi_json_count(prewarm, "heap_resident_bytes", p->heap_resident_bytes);
    slipi_json_count(prewarm, "huge_bytes", p->huge_bytes);
}

/* The places of a runner's threads; none if nobody is bound. */
static uint32_t read_places(const slipi_session *session, slip_place places[SLIP_MAX_THREADS])
{
    uint32_t count = SLIP_MAX_THREADS;
    return slip_runner_places(session->runner, places, &count) == SLIP_OK ? count : 0;
}

/* Prints where the threads run, if that was said. */
static void print_placement(const slipi_session *session)
{
    slip_place places[SLIP_MAX_THREADS];
    char text[SLIPI_CPU_LIST_BYTES];
    uint32_t count = read_places(session, places);
    if (count != 0) {
        slipi_places_text(places, count, text, sizeof(text));
        printf("placement CPUs of the threads, thread 0 first: %s\n", text);
    }
}

/* Prints how many runs there were, and what one took in the middle of others. */
static void print_runs(const slipi_run_report *report)
{
    char text[32];
    printf("runs      %u", report->runs);
    if (report->in_flight != 0) {
        slipi_cli_time_text(report->all_ns / report->runs, text, sizeof(text));
        printf(", %u in flight: one every %s", report->in_flight, text);
    }
    printf("\n");
}

/* Prints the report as text. */
static void print_text(const slipi_run_report *report, const slipi_session *session,
                       const slip_runner_info *info)
{
    const slip_stats *s = &report->stats;
    char resident[32];
    uint64_t bytes = s->resident_gm_heap_bytes + s->resident_sm_bytes + s->resident_arena_bytes;
    slipi_cli_bytes_text(bytes, resident, sizeof(resident));
    printf("program   %s: %u kernels, %u arguments\n", session->program->name,
           session->program->kernel_count, session->program->param_count);
    printf("platform  %s, device %u, %u AIC, %u AIV", info->platform, info->device_id,
           info->aic_count, info->aiv_count);
    if (info->threads != 0) {
        printf(", %u threads", info->threads);
    }
    printf("\n");
    print_placement(session);
    print_runs(report);
    print_prewarmed(report);
    printf("tasks     %llu a run\n", (unsigned long long)s->last_tasks);
    printf("edges     %llu a run\n", (unsigned long long)s->last_edges);
    if (report->in_flight == 0) { /* else a bind lies beside a run, and is nobody's time */
        printf("bind      ");
        print_times("miss ", report->miss_ns, report->miss_count);
        print_times("; hit ", report->hit_ns, report->hit_count);
        printf("\n");
    }
    printf("run       ");
    print_times("", report->run_ns, report->run_count);
    printf("\ncache     hits %llu, misses %llu, dirty %llu; %s committed\n",
           (unsigned long long)s->hits, (unsigned long long)s->misses, (unsigned long long)s->dirty,
           resident);
    for (uint32_t i = 0; i < report->outputs->count; i++) {
        printf("output    %s\n", report->outputs->value[i]);
    }
    print_checks(report, session);
}

/* Adds what was compared and audited. */
static void add_checks(cJSON *root, const slipi_run_report *report, const slipi_session *session)
{
    cJSON *golden = cJSON_AddArrayToObject(root, "golden");
    for (uint32_t i = 0; i < report->golden_count; i++) {
        const slipi_golden *g = &report->golden[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", session->program->params[g->param].name);
        cJSON_AddNumberToObject(row, "max_abs", g->difference.max_abs);
        cJSON_AddNumberToObject(row, "max_rel", g->difference.max_rel);
        cJSON_AddNumberToObject(row, "tolerance", report->tolerance);
        slipi_json_count(row, "outside", g->difference.outside);
        cJSON_AddBoolToObject(row, "ok", g->good);
        cJSON_AddItemToArray(golden, row);
    }
    if (report->audited) {
        const slip_audit_report *a = &report->audit;
        cJSON *audit = cJSON_AddObjectToObject(root, "audit");
        slipi_json_count(audit, "tasks", a->tasks);
        slipi_json_count(audit, "edges", a->edges);
        slipi_json_count(audit, "edges_skipped", a->edges_skipped);
        slipi_json_count(audit, "conflicts", a->conflicts);
        slipi_json_count(audit, "lost", a->lost);
        slipi_json_count(audit, "false_edges", a->false_edges);
        cJSON_AddBoolToObject(audit, "ok", report->audit_status == SLIP_OK);
    }
}

/* Adds the counters. */
static void add_counters(cJSON *root, const slip_stats *s)
{
    slipi_json_count(root, "tasks", s->last_tasks);
    slipi_json_count(root, "edges", s->last_edges);
    slipi_json_count(root, "hits", s->hits);
    slipi_json_count(root, "misses", s->misses);
    slipi_json_count(root, "dirty", s->dirty);
    slipi_json_count(root, "evictions", s->evictions);
    slipi_json_count(root, "invalidations", s->invalidations);
    slipi_json_count(root, "image_bytes", s->image_bytes);
    slipi_json_count(root, "relaid_bytes", s->relaid_bytes);
    slipi_json_count(root, "launch_bytes", s->launch_bytes);
    slipi_json_count(root, "copy_in_bytes", s->copy_in_bytes);
    slipi_json_count(root, "copy_out_bytes", s->copy_out_bytes);
    cJSON *resident = cJSON_AddObjectToObject(root, "resident_bytes");
    slipi_json_count(resident, "gm_heap", s->resident_gm_heap_bytes);
    slipi_json_count(resident, "sm", s->resident_sm_bytes);
    slipi_json_count(resident, "arena", s->resident_arena_bytes);
    cJSON *rings = cJSON_AddArrayToObject(root, "rings");
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        cJSON *ring = cJSON_CreateObject();
        slipi_json_count(ring, "tasks", s->ring[r].tasks);
        slipi_json_count(ring, "window_high", s->ring[r].window_high);
        slipi_json_count(ring, "heap_high_bytes", s->ring[r].heap_high_bytes);
        slipi_json_count(ring, "pool_high", s->ring[r].pool_high);
        cJSON_AddItemToArray(rings, ring);
    }
}

/* Prints the report as JSON. */
static int print_json(const slipi_run_report *report, const slipi_session *session,
                      const slip_runner_info *info)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "program", session->program->name);
    cJSON_AddStringToObject(root, "platform", info->platform);
    slipi_json_count(root, "device", info->device_id);
    slipi_json_count(root, "threads", info->threads);
    slip_place places[SLIP_MAX_THREADS];
    slipi_places_json(root, "placement", places, read_places(session, places));
    slipi_json_count(root, "runs", report->runs);
    if (report->in_flight != 0) {
        slipi_json_count(root, "in_flight", report->in_flight);
        slipi_json_count(root, "ns_per_run", report->all_ns / report->runs);
    }
    slipi_json_percentiles(root, "miss_ns", report->miss_ns, report->miss_count);
    slipi_json_percentiles(root, "hit_ns", report->hit_ns, report->hit_count);
    slipi_json_percentiles(root, "run_ns", report->run_ns, report->run_count);
    add_prewarmed(root, report);
    add_counters(root, &report->stats);
    cJSON *outputs = cJSON_AddArrayToObject(root, "outputs");
    for (uint32_t i = 0; i < report->outputs->count; i++) {
        cJSON_AddItemToArray(outputs, cJSON_CreateString(report->outputs->value[i]));
    }
    add_checks(root, report, session);
    return slipi_json_print(session->command, root);
}

/* Prints the report as text, or as JSON; returns the exit code of the printing. */
int slipi_run_report_print(slipi_run_report *report, const slipi_session *session, bool json)
{
    slip_runner_info info;
    memset(&info, 0, sizeof(info));
    info.struct_size = (uint32_t)sizeof(info);
    slip_status status = slip_runner_describe(session->runner, &info);
    if (status != SLIP_OK) {
        return slipi_cli_fail_status(session->command, session->runner, status);
    }
    slipi_cli_sort(report->hit_ns, report->hit_count);
    slipi_cli_sort(report->miss_ns, report->miss_count);
    slipi_cli_sort(report->run_ns, report->run_count);
    if (json) {
        return print_json(report, session, &info);
    }
    print_text(report, session, &info);
    return SLIPI_EXIT_OK;
}
