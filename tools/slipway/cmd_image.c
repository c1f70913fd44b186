/*
 * cmd_image.c - `slipway image show`: the prebuilt runtime-arena image of a sizing.
 *
 * For main.c; one thread. The image is made resident by prewarm, so what is shown is what a run of
 * this sizing would use.
 */
#include <cjson/cJSON.h>
#include <string.h>

#include "json.h"
#include "session.h"

/* Parts that an image may have; the library says if there are more. */
#define MAX_PARTS 256u

static const char *const region_names[] = {"heap", "sm", "arena"};

/* What is shown. */
typedef struct image_view {
    slip_runner_info info;
    slip_cache_entry_info entry;
    slip_residency memory;
    slip_footprint footprint;
    slip_image_part parts[MAX_PARTS];
    uint32_t part_count;
} image_view;

/* Name of a part's region. */
static const char *region_name(uint32_t region)
{
    return region < 3 ? region_names[region] : "?";
}

/* Makes the image resident and asks for everything that is shown. */
static slip_status look(slipi_session *session, image_view *view)
{
    uint32_t entries = 1;
    memset(view, 0, sizeof(*view));
    view->info.struct_size = (uint32_t)sizeof(view->info);
    view->memory.struct_size = (uint32_t)sizeof(view->memory);
    view->footprint.struct_size = (uint32_t)sizeof(view->footprint);
    view->part_count = MAX_PARTS;
    slip_status status = slip_prewarm(session->runner, &session->config);
    if (status == SLIP_OK) {
        status = slip_runner_describe(session->runner, &view->info);
    }
    if (status == SLIP_OK) {
        status = slip_cache_info(session->runner, &view->entry, &entries);
    }
    if (status == SLIP_OK) {
        status = slip_runner_residency(session->runner, &view->memory);
    }
    if (status == SLIP_OK) {
        status = slip_footprint_of(session->runner, &session->config, &view->footprint);
    }
    if (status == SLIP_OK) {
        status =
            slip_image_parts(session->runner, &session->config, view->parts, &view->part_count);
    }
    return status;
}

/* Prints the key and the bases. */
static void print_entry(const image_view *view)
{
    const slip_cache_entry_info *e = &view->entry;
    printf("key\n  hash                0x%016llx\n  platform            %s\n"
           "  architecture        %s\n  mode                %s\n"
           "  layout fingerprint  0x%016llx\n",
           (unsigned long long)e->key_hash, view->info.platform, view->info.arch,
           e->mode == SLIP_MODE_HOST_GRAPH ? "host-graph" : "device",
           (unsigned long long)e->layout_fingerprint);
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        const slip_ring_sizing *ring = &e->sizing.ring[r];
        char heap[32];
        slipi_cli_bytes_text(ring->heap_bytes, heap, sizeof(heap));
        printf("  ring %u              window %llu, heap %s, dependency pool %llu\n", r,
               (unsigned long long)ring->task_window, heap, (unsigned long long)ring->dep_pool);
    }
    printf("\n%-7s %18s %16s %16s\n", "region", "base", "committed", "memory taken");
    printf("%-7s 0x%016llx %16llu %16llu\n", "heap", (unsigned long long)e->gm_heap_base,
           (unsigned long long)view->footprint.gm_heap_bytes,
           (unsigned long long)view->memory.gm_heap_bytes);
    printf("%-7s 0x%016llx %16llu %16llu\n", "sm", (unsigned long long)e->sm_base,
           (unsigned long long)e->sm_bytes, (unsigned long long)e->sm_resident_bytes);
    printf("%-7s 0x%016llx %16llu %16llu\n", "arena", (unsigned long long)e->arena_base,
           (unsigned long long)e->arena_bytes, (unsigned long long)e->arena_resident_bytes);
    printf("image   %llu bytes, runtime at arena + %llu\n",
           (unsigned long long)view->footprint.image_bytes, (unsigned long long)e->runtime_offset);
}

/* Prints the table of parts. */
static void print_parts(const image_view *view)
{
    printf("\n%-7s %-28s %16s %16s %12s %8s %s\n", "region", "part", "offset", "bytes", "count",
           "element", "image");
    for (uint32_t i = 0; i < view->part_count; i++) {
        const slip_image_part *p = &view->parts[i];
        printf("%-7s %-28.48s %16llu %16llu %12llu %8u %s\n", region_name(p->region), p->name,
               (unsigned long long)p->offset, (unsigned long long)p->bytes,
               (unsigned long long)p->count, p->elem_bytes, p->in_image != 0 ? "written" : "zeros");
    }
}

/* Adds the key. */
static void add_key(cJSON *root, const image_view *view)
{
    const slip_cache_entry_info *e = &view->entry;
    cJSON *key = cJSON_AddObjectToObject(root, "key");
    slipi_json_hex(key, "hash", e->key_hash);
    cJSON_AddStringToObject(key, "platform", view->info.platform);
    cJSON_AddStringToObject(key, "arch", view->info.arch);
    cJSON_AddStringToObject(key, "mode", e->mode == SLIP_MODE_HOST_GRAPH ? "host-graph" : "device");
    slipi_json_hex(key, "layout_fingerprint", e->layout_fingerprint);
    cJSON *rings = cJSON_AddArrayToObject(key, "rings");
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        cJSON *ring = cJSON_CreateObject();
        slipi_json_count(ring, "task_window", e->sizing.ring[r].task_window);
        slipi_json_count(ring, "heap_bytes", e->sizing.ring[r].heap_bytes);
        slipi_json_count(ring, "dep_pool", e->sizing.ring[r].dep_pool);
        cJSON_AddItemToArray(rings, ring);
    }
}

/* Prints everything as JSON. */
static int print_json(const image_view *view)
{
    cJSON *root = cJSON_CreateObject();
    add_key(root, view);
    cJSON *regions = cJSON_AddObjectToObject(root, "regions");
    const uint64_t bases[] = {view->entry.gm_heap_base, view->entry.sm_base,
                              view->entry.arena_base};
    const uint64_t bytes[] = {view->footprint.gm_heap_bytes, view->entry.sm_bytes,
                              view->entry.arena_bytes};
    const uint64_t taken[] = {view->memory.gm_heap_bytes, view->entry.sm_resident_bytes,
                              view->entry.arena_resident_bytes};
    for (uint32_t i = 0; i < 3; i++) {
        cJSON *region = cJSON_AddObjectToObject(regions, region_names[i]);
        slipi_json_hex(region, "base", bases[i]);
        slipi_json_count(region, "bytes", bytes[i]);
        slipi_json_count(region, "resident_bytes", taken[i]);
    }
    slipi_json_count(root, "image_bytes", view->footprint.image_bytes);
    slipi_json_count(root, "runtime_offset", view->entry.runtime_offset);
    cJSON *parts = cJSON_AddArrayToObject(root, "parts");
    for (uint32_t i = 0; i < view->part_count; i++) {
        const slip_image_part *p = &view->parts[i];
        cJSON *part = cJSON_CreateObject();
        cJSON_AddStringToObject(part, "region", region_name(p->region));
        cJSON_AddStringToObject(part, "name", p->name);
        slipi_json_count(part, "offset", p->offset);
        slipi_json_count(part, "bytes", p->bytes);
        slipi_json_count(part, "count", p->count);
        slipi_json_count(part, "element_bytes", p->elem_bytes);
        cJSON_AddBoolToObject(part, "in_image", p->in_image != 0);
        cJSON_AddItemToArray(parts, part);
    }
    return slipi_json_print("image", root);
}

/* Makes the image resident and shows it. */
static int show(slipi_session *session, bool json)
{
    static image_view view; /* too large for the stack */
    slip_status status = look(session, &view);
    if (status != SLIP_OK) {
        return slipi_cli_fail_status("image", session->runner, status);
    }
    if (json) {
        return print_json(&view);
    }
    print_entry(&view);
    print_parts(&view);
    return SLIPI_EXIT_OK;
}

/* `slipway image`. */
int slipi_cmd_image(int argc, char **argv)
{
    static slipi_session_options o; /* holds a list of 256 values */
    static slipi_session session;   /* too large for the stack */
    const char *verb = NULL;
    bool json = false;
    const slipi_cli_option options[] = {
        SLIPI_DEVICE_OPTIONS(o),
        SLIPI_CONFIG_OPTIONS(o),
        {"json", NULL, "print JSON", SLIPI_CLI_FLAG, &json},
        {NULL, NULL, NULL, 0, NULL},
    };
    const slipi_cli_command command = {
        "image",
        "show [options]",
        "Shows the prebuilt runtime-arena image of a sizing: key, regions, bases, parts.",
        NULL,
        options,
        &verb,
        "show",
        1};
    slipi_cli_parsed parsed = slipi_cli_parse(&command, argc, argv);
    if (parsed.leave) {
        return parsed.code;
    }
    if (strcmp(verb, "show") != 0) {
        return slipi_cli_usage("image", "unknown action '%s'; there is 'show'", verb);
    }
    int code = slipi_session_configure(&session, "image", &o);
    code = code != 0 ? code : slipi_session_open(&session, &o);
    code = code != 0 ? code : show(&session, json);
    slipi_session_close(&session);
    return code;
}
