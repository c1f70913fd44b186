/*
 * cmd_info.c - `slipway info`: what is here: version, platforms, defaults, environment, memory.
 *
 * For main.c; one thread. Every built-in platform is opened once; the one of --platform (cpu by
 * default) also says what its default sizing resolves to.
 */
#include <cjson/cJSON.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "session.h"
#include "topology.h"

/* Platforms that are listed. */
#define MAX_PLATFORMS 16u

/* One platform, as it was found. */
typedef struct platform_view {
    const char *name;
    bool available;
    slip_runner_info info;
    char missing[512]; /* if not available */
} platform_view;

/* The machine. */
typedef struct machine_view {
    long processors; /* online */
    long usable;     /* that this process may use */
    long page_bytes;
    uint64_t huge_page_bytes;
    uint64_t huge_pages;
    char transparent[64]; /* transparent huge pages: the kernel's choice */
} machine_view;

/* Everything that is shown. */
typedef struct info_view {
    platform_view platforms[MAX_PLATFORMS];
    uint32_t platform_count;
    const char *sizing_platform;
    slip_cache_entry_info sizing; /* valid = 0: it could not be had, because ... */
    char sizing_missing[512];
    machine_view machine;
    const char *placement;               /* --placement, for cpu */
    slip_place places[SLIP_MAX_THREADS]; /* of the threads of cpu; none: nobody is bound */
    uint32_t place_count;
} info_view;

/* Environment variables that this version reads. */
static const char *const variables[] = {"SLIPWAY_RING_TASK_WINDOW",
                                        "SLIPWAY_RING_HEAP",
                                        "SLIPWAY_RING_DEP_POOL",
                                        "SLIPWAY_PLACEMENT",
                                        "SLIPWAY_TRACE",
                                        "SLIPWAY_LOG",
                                        "SLIPWAY_ACL_LIBRARY",
                                        "SLIPWAY_DEVICE_PATH",
                                        "SLIPWAY_ONBOARD_SCHEDULER_TIMEOUT_MS",
                                        "SLIPWAY_ONBOARD_OPERATION_TIMEOUT_MS",
                                        "SLIPWAY_ONBOARD_SYNCHRONISE_TIMEOUT_MS",
                                        NULL};

/* Whether this version reads an environment variable. */
static bool is_known_variable(const char *name)
{
    for (size_t i = 0; variables[i] != NULL; i++) {
        if (strcmp(variables[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads a number after `key` in a file of "key: number kB" lines; 0 if it is not there. */
static uint64_t meminfo_value(const char *key)
{
    char line[256];
    unsigned long long value = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t length = strlen(key);
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            value = strtoull(line + length + 1, NULL, 10);
            break;
        }
    }
    fclose(file);
    return value;
}

/* The bracketed word of the kernel's setting of transparent huge pages. */
static void read_transparent(char *out, size_t out_bytes)
{
    char line[256] = "";
    FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
    snprintf(out, out_bytes, "unknown");
    if (file == NULL) {
        return;
    }
    if (fgets(line, sizeof(line), file) != NULL) {
        char *open = strchr(line, '[');
        char *close = open != NULL ? strchr(open, ']') : NULL;
        if (close != NULL) {
            snprintf(out, out_bytes, "%.*s", (int)(close - open - 1), open + 1);
        }
    }
    fclose(file);
}

/* Looks at the machine. */
static void look_at_machine(machine_view *machine)
{
    cpu_set_t set;
    machine->processors = sysconf(_SC_NPROCESSORS_ONLN);
    machine->usable = machine->processors;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        machine->usable = CPU_COUNT(&set);
    }
    machine->page_bytes = sysconf(_SC_PAGESIZE);
    machine->huge_page_bytes = meminfo_value("Hugepagesize") * 1024;
    machine->huge_pages = meminfo_value("HugePages_Total");
    read_transparent(machine->transparent, sizeof(machine->transparent));
}

/* Asks an open runner what an unset sizing becomes. */
static void look_at_sizing(slip_runner *runner, const char *name, info_view *view)
{
    uint32_t entries = 1;
    slip_run_config config;
    memset(&config, 0, sizeof(config));
    config.struct_size = (uint32_t)sizeof(config);
    view->sizing_platform = name;
    if (slip_prewarm(runner, &config) != SLIP_OK ||
        slip_cache_info(runner, &view->sizing, &entries) != SLIP_OK || entries == 0) {
        slip_error error;
        memset(&error, 0, sizeof(error));
        error.struct_size = (uint32_t)sizeof(error);
        slip_status status = slip_last_error(runner, &error);
        memset(&view->sizing, 0, sizeof(view->sizing));
        snprintf(view->sizing_missing, sizeof(view->sizing_missing), "%s",
                 status == SLIP_OK ? error.message : slip_status_message(status));
    }
}

/* Opens a platform and describes it. */
static void look_at_platform(const char *name, bool sizing, info_view *view)
{
    platform_view *platform = &view->platforms[view->platform_count++];
    slip_runner_options options;
    slip_runner *runner = NULL;
    slip_error error;
    memset(&options, 0, sizeof(options));
    options.struct_size = (uint32_t)sizeof(options);
    options.platform = name;
    bool is_cpu = strcmp(name, "cpu") == 0;
    options.placement = is_cpu ? view->placement : NULL;
    platform->name = name;
    platform->info.struct_size = (uint32_t)sizeof(platform->info);
    slip_status status = slip_runner_open(&options, &runner);
    if (status == SLIP_OK) {
        status = slip_runner_describe(runner, &platform->info);
    }
    if (status == SLIP_OK && is_cpu) {
        view->place_count = SLIP_MAX_THREADS;
        status = slip_runner_places(runner, view->places, &view->place_count);
    }
    platform->available = status == SLIP_OK;
    memset(&error, 0, sizeof(error));
    error.struct_size = (uint32_t)sizeof(error);
    if (!platform->available) {
        const char *message = slip_open_error(&error) == SLIP_OK && error.message[0] != '\0'
                                  ? error.message
                                  : slip_status_message(status);
        snprintf(platform->missing, sizeof(platform->missing), "%s", message);
        if (sizing) {
            snprintf(view->sizing_missing, sizeof(view->sizing_missing), "%s", message);
        }
    } else if (sizing) {
        look_at_sizing(runner, name, view);
    }
    slip_runner_close(runner);
}

/* Looks at everything. */
static void look(const char *chosen, const char *placement, info_view *view)
{
    const char *const *names = slip_platform_names();
    memset(view, 0, sizeof(*view));
    view->placement = placement;
    for (size_t i = 0; names[i] != NULL && view->platform_count < MAX_PLATFORMS; i++) {
        look_at_platform(names[i], strcmp(names[i], chosen) == 0, view);
    }
    look_at_machine(&view->machine);
}

/* Prints the platforms. */
static void print_platforms(const info_view *view)
{
    printf("\nplatforms\n");
    for (uint32_t i = 0; i < view->platform_count; i++) {
        const platform_view *p = &view->platforms[i];
        if (!p->available) {
            printf("  %-8s %s\n", p->name, p->missing);
            continue;
        }
        printf("  %-8s %u blocks (%u AIC, %u AIV), ", p->name, p->info.blocks, p->info.aic_count,
               p->info.aiv_count);
        if (p->info.threads != 0) {
            printf("%u threads, ", p->info.threads);
        }
        printf("control threads %u active of %u, counter %llu Hz, host buffers %s\n",
               p->info.control_active_max, p->info.control_launch_max,
               (unsigned long long)p->info.counter_hz,
               p->info.host_in_place != 0 ? "in place" : "copied");
        if (p->info.stand_in[0] != '\0') {
            printf("           %s\n", p->info.stand_in);
        }
    }
}

/* Prints the sizing that a run gets when nothing is said. */
static void print_sizing(const info_view *view)
{
    if (view->sizing.valid == 0) {
        printf("\ndefault sizing: not to be had: %s\n", view->sizing_missing);
        return;
    }
    printf("\ndefault sizing (%s, environment applied)\n", view->sizing_platform);
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        const slip_ring_sizing *ring = &view->sizing.sizing.ring[r];
        char heap[32];
        slipi_cli_bytes_text(ring->heap_bytes, heap, sizeof(heap));
        printf("  ring %u   window %llu, heap %s, dependency pool %llu\n", r,
               (unsigned long long)ring->task_window, heap, (unsigned long long)ring->dep_pool);
    }
}

/* Prints the environment variables of this project. */
static void print_environment(void)
{
    bool any = false;
    printf("\nenvironment\n");
    for (char **entry = environ; *entry != NULL; entry++) {
        char name[64];
        size_t length = strcspn(*entry, "=");
        if (strncmp(*entry, "SLIPWAY_", 8) != 0 || length >= sizeof(name)) {
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)length, *entry);
        printf("  %s%s\n", *entry, is_known_variable(name) ? "" : "   (not read by the library)");
        any = true;
    }
    printf("%s", any ? "" : "  none of SLIPWAY_* is set\n");
}

/* Prints where the threads of a cpu runner run. */
static void print_placement(const info_view *view)
{
    char text[SLIPI_CPU_LIST_BYTES];
    for (uint32_t i = 0; i < view->platform_count; i++) {
        if (strcmp(view->platforms[i].name, "cpu") == 0 && !view->platforms[i].available) {
            printf("\nplacement: not to be had: %s\n", view->platforms[i].missing);
            return;
        }
    }
    slipi_places_text(view->places, view->place_count, text, sizeof(text));
    printf("\nplacement (cpu, environment applied)\n  %s%s\n",
           view->place_count != 0 ? "CPUs of the threads, thread 0 first: " : "no thread is bound",
           text);
}

/* Prints everything as text. */
static int print_text(const info_view *view, const char *machine)
{
    const machine_view *m = &view->machine;
    char huge[32];
    slipi_cli_bytes_text(m->huge_page_bytes, huge, sizeof(huge));
    printf("slipway %s\n", slip_version());
    print_platforms(view);
    print_sizing(view);
    print_environment();
    printf("\nmachine\n  processors          %ld online, %ld usable\n"
           "  page size           %ld bytes\n"
           "  huge pages          %llu of %s reserved; transparent: %s\n",
           m->processors, m->usable, m->page_bytes, (unsigned long long)m->huge_pages, huge,
           m->transparent);
    print_placement(view);
    return slipi_topology_print(machine);
}

/* Adds the platforms. */
static void add_platforms(cJSON *root, const info_view *view)
{
    cJSON *list = cJSON_AddArrayToObject(root, "platforms");
    for (uint32_t i = 0; i < view->platform_count; i++) {
        const platform_view *p = &view->platforms[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", p->name);
        cJSON_AddBoolToObject(row, "available", p->available);
        if (p->available) {
            cJSON_AddStringToObject(row, "arch", p->info.arch);
            slipi_json_count(row, "blocks", p->info.blocks);
            slipi_json_count(row, "aic", p->info.aic_count);
            slipi_json_count(row, "aiv", p->info.aiv_count);
            slipi_json_count(row, "threads", p->info.threads);
            slipi_json_count(row, "control_active_max", p->info.control_active_max);
            slipi_json_count(row, "control_launch_max", p->info.control_launch_max);
            slipi_json_count(row, "counter_hz", p->info.counter_hz);
            cJSON_AddBoolToObject(row, "host_in_place", p->info.host_in_place != 0);
            if (p->info.stand_in[0] != '\0') {
                cJSON_AddStringToObject(row, "stand_in", p->info.stand_in);
            }
        } else {
            cJSON_AddStringToObject(row, "missing", p->missing);
        }
        cJSON_AddItemToArray(list, row);
    }
}

/* Adds the sizing that a run gets when nothing is said. */
static void add_sizing(cJSON *root, const info_view *view)
{
    cJSON *list = cJSON_AddArrayToObject(root, "default_sizing");
    for (uint32_t r = 0; r < SLIP_RING_COUNT && view->sizing.valid != 0; r++) {
        const slip_ring_sizing *ring = &view->sizing.sizing.ring[r];
        cJSON *row = cJSON_CreateObject();
        slipi_json_count(row, "task_window", ring->task_window);
        slipi_json_count(row, "heap_bytes", ring->heap_bytes);
        slipi_json_count(row, "dep_pool", ring->dep_pool);
        cJSON_AddItemToArray(list, row);
    }
}

/* Adds the environment variables of this project. */
static void add_environment(cJSON *root)
{
    cJSON *object = cJSON_AddObjectToObject(root, "environment");
    for (char **entry = environ; *entry != NULL; entry++) {
        char name[64];
        size_t length = strcspn(*entry, "=");
        if (strncmp(*entry, "SLIPWAY_", 8) == 0 && length < sizeof(name) &&
            (*entry)[length] == '=') {
            snprintf(name, sizeof(name), "%.*s", (int)length, *entry);
            cJSON_AddStringToObject(object, name, *entry + length + 1);
        }
    }
}

/* Prints everything as JSON. */
static int print_json(const info_view *view, const char *other)
{
    const machine_view *m = &view->machine;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "version", slip_version());
    add_platforms(root, view);
    add_sizing(root, view);
    add_environment(root);
    cJSON *machine = cJSON_AddObjectToObject(root, "machine");
    cJSON_AddNumberToObject(machine, "processors", (double)m->processors);
    cJSON_AddNumberToObject(machine, "usable", (double)m->usable);
    cJSON_AddNumberToObject(machine, "page_bytes", (double)m->page_bytes);
    slipi_json_count(machine, "huge_page_bytes", m->huge_page_bytes);
    slipi_json_count(machine, "huge_pages", m->huge_pages);
    cJSON_AddStringToObject(machine, "transparent_huge_pages", m->transparent);
    cJSON *placement = cJSON_AddObjectToObject(root, "placement");
    slipi_places_json(placement, "cpu", view->places, view->place_count);
    int code = slipi_topology_json(root, placement, other);
    if (code != SLIPI_EXIT_OK) {
        cJSON_Delete(root);
        return code;
    }
    return slipi_json_print("info", root);
}

/* `slipway info`. */
int slipi_cmd_info(int argc, char **argv)
{
    static info_view view; /* too large for the stack */
    static slipi_session session;
    slipi_session_options o;
    const char *machine = NULL;
    bool json = false;
    memset(&o, 0, sizeof(o));
    const slipi_cli_option options[] = {
        {"platform", "P", "whose default sizing is shown (default cpu)", SLIPI_CLI_TEXT,
         &o.platform},
        SLIPI_PLACEMENT_OPTION(o.placement),
        {"machine", "M", "topology of another machine, in hwloc's words (\"pack:2 core:8 pu:2\")",
         SLIPI_CLI_TEXT, &machine},
        {"json", NULL, "print JSON", SLIPI_CLI_FLAG, &json},
        {NULL, NULL, NULL, 0, NULL},
    };
    const slipi_cli_command command = {
        "info",
        "[options]",
        "Shows version, platforms, default sizing, environment variables, the machine and\n"
        "where threads run on it.",
        NULL,
        options,
        NULL,
        NULL,
        0};
    slipi_cli_parsed parsed = slipi_cli_parse(&command, argc, argv);
    if (parsed.leave) {
        return parsed.code;
    }
    int code = slipi_session_configure(&session, "info", &o);
    if (code != 0) {
        return code;
    }
    look(o.platform != NULL ? o.platform : "cpu", o.placement, &view);
    return json ? print_json(&view, machine) : print_text(&view, machine);
}
