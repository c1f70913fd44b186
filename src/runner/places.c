/*
 * places.c - where a runner's threads run: options, SLIPWAY_PLACEMENT, and slip_runner_places.
 *
 * For device_runner.c. The environment is read when a runner is opened and never afterwards.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "platform/common/places.h"
#include "runner/runner_int.h"
#include "runner/topology_library.h"

#define VARIABLE "SLIPWAY_PLACEMENT"

/* What a text may say, for messages. */
#define WANTED                                                                               \
    "wanted none, compact, scatter or CPUs such as 0,2,4-7,8-14:2, and +caller behind them " \
    "to bind the caller"

/* A text while it is turned into places. */
typedef struct place_text {
    slip_placement placement; /* its places are `places` */
    slip_place *places;       /* room for SLIP_MAX_THREADS */
    char why[320];            /* what is wrong with it */
} place_text;

/* Says that a text is not understood. */
static slip_status not_understood(place_text *t, const char *at)
{
    (void)snprintf(t->why, sizeof(t->why), "'%.40s' is not understood: " WANTED, at);
    return SLIP_E_INVALID_ARGUMENT;
}

/* Reads a CPU number, or a stride, at *at and moves past it. */
static bool take_number(const char **at, uint32_t *out)
{
    char *end = NULL;
    if (**at < '0' || **at > '9') {
        return false;
    }
    errno = 0;
    unsigned long value = strtoul(*at, &end, 10);
    *at = end;
    *out = (uint32_t)value;
    return errno == 0 && value <= INT32_MAX;
}

/* Reads "2", "4-7" or "8-14:2" at *at, moves past it and adds its CPUs. */
static slip_status take_range(place_text *t, const char **at)
{
    const char *begin = *at;
    uint32_t first = 0;
    uint32_t stride = 1;
    bool good = take_number(at, &first);
    uint32_t last = first;
    if (good && **at == '-') {
        ++*at;
        good = take_number(at, &last) && last >= first;
        if (good && **at == ':') {
            ++*at;
            good = take_number(at, &stride) && stride != 0;
        }
    }
    if (!good || (**at != ',' && **at != '\0')) {
        return not_understood(t, begin);
    }
    uint64_t more = (uint64_t)(last - first) / stride + 1u;
    if (more > SLIP_MAX_THREADS - t->placement.count) {
        (void)snprintf(t->why, sizeof(t->why), "it names more than %u CPUs", SLIP_MAX_THREADS);
        return SLIP_E_INVALID_ARGUMENT;
    }
    for (uint32_t i = 0; i < more; i++) {
        t->places[t->placement.count++] = (slip_place){.cpu = (int32_t)(first + i * stride)};
    }
    return SLIP_OK;
}

/* Asks the companion library; a null policy fills in who is near whom. */
static slip_status ask_topology(place_text *t, const char *policy)
{
    slip_topology_request request = {.struct_size = (uint32_t)sizeof(request),
                                     .place_bytes = (uint32_t)sizeof(slip_place),
                                     .policy = policy,
                                     .places = t->places,
                                     .capacity = SLIP_MAX_THREADS,
                                     .count = t->placement.count};
    slip_status status = slipi_topology_library_place(&request);
    if (status == SLIP_OK) {
        t->placement.count = request.count;
    } else {
        (void)snprintf(t->why, sizeof(t->why), "%.16s: %s", policy != NULL ? policy : "list",
                       request.why);
    }
    return status;
}

/* Reads a list of CPUs. Without the companion its places have no neighbours, which is no failure.
 */
static slip_status read_list(place_text *t, const char *text)
{
    for (const char *at = text;;) {
        slip_status status = take_range(t, &at);
        if (status != SLIP_OK) {
            return status;
        }
        if (*at == '\0') {
            break;
        }
        at++;
    }
    if (ask_topology(t, NULL) != SLIP_OK) {
        slipi_log(SLIP_LOG_INFO, "placement: who is near whom is not known: %s", t->why);
        t->why[0] = '\0';
    }
    return SLIP_OK;
}

/* Turns a text into places and checks their CPUs. */
static slip_status read_text(place_text *t, const char *text)
{
    char policy[1024];
    static const char suffix[] = "+caller";
    size_t length = strlen(text);
    if (length >= sizeof(policy)) {
        (void)snprintf(t->why, sizeof(t->why), "it has %zu characters: at most %zu", length,
                       sizeof(policy) - 1u);
        return SLIP_E_INVALID_ARGUMENT;
    }
    if (length > sizeof(suffix) - 1u &&
        strcmp(text + length - (sizeof(suffix) - 1u), suffix) == 0) {
        length -= sizeof(suffix) - 1u;
        t->placement.bind_caller = 1;
    }
    memcpy(policy, text, length);
    policy[length] = '\0';
    slip_status status;
    if (strcmp(policy, "none") == 0) {
        return t->placement.bind_caller != 0 ? not_understood(t, text) : SLIP_OK;
    }
    if (strcmp(policy, "compact") == 0 || strcmp(policy, "scatter") == 0) {
        status = ask_topology(t, policy);
    } else {
        status = read_list(t, policy);
    }
    if (status != SLIP_OK) {
        return status;
    }
    slipi_cpus allowed;
    (void)slipi_cpus_allowed(&allowed);
    return slipi_places_check(&t->placement, &allowed, t->why, sizeof(t->why));
}

/* Copies places to the runner. */
static slip_status keep(slip_runner *runner, const slip_placement *from)
{
    size_t bytes = from->count * sizeof(slip_place);
    if (from->count == 0) {
        return SLIP_OK;
    }
    runner->places = malloc(bytes);
    if (runner->places == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY, "no memory for %u places",
                          from->count);
    }
    memcpy(runner->places, from->places, bytes);
    runner->placement = *from;
    runner->placement.places = runner->places;
    return SLIP_OK;
}

/* Keeps what a text says; one of the environment that is bad is set aside. */
static slip_status keep_text(slip_runner *runner, const char *text, bool environment)
{
    place_text t = {.placement = {.struct_size = (uint32_t)sizeof(slip_placement)}};
    t.places = calloc(SLIP_MAX_THREADS, sizeof(slip_place));
    if (t.places == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY, "no memory for a placement");
    }
    t.placement.places = t.places;
    slip_status status = read_text(&t, text);
    if (status == SLIP_OK) {
        status = keep(runner, &t.placement);
    } else if (environment) {
        slipi_log(SLIP_LOG_WARN, VARIABLE "=\"%.80s\" is ignored: %s; no thread is bound", text,
                  t.why);
        status = SLIP_OK;
    } else {
        status =
            slipi_fail(&runner->error, status, "options.placement is \"%.80s\": %s", text, t.why);
    }
    free(t.places);
    return status;
}

slip_status slipi_places_resolve(slip_runner *runner, const slipi_open_plan *plan)
{
    if (plan->places != NULL) {
        char why[256];
        slipi_cpus allowed;
        (void)slipi_cpus_allowed(&allowed);
        slip_status status = slipi_places_check(plan->places, &allowed, why, sizeof(why));
        return status == SLIP_OK ? keep(runner, plan->places)
                                 : slipi_fail(&runner->error, status, "options.places: %s", why);
    }
    if (plan->placement != NULL && plan->placement[0] != '\0') {
        return keep_text(runner, plan->placement, false);
    }
    /* The variable is for the platform that binds threads; the others have none to bind. */
    const char *text = getenv(VARIABLE);
    if (text == NULL || text[0] == '\0' || plan->ops != slip_platform_find("cpu")) {
        return SLIP_OK;
    }
    return keep_text(runner, text, true);
}

/* Where the threads run. */
slip_status slip_runner_places(slip_runner *runner, slip_place *places, uint32_t *inout_count)
{
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slip_status status = SLIP_OK;
    if (inout_count == NULL || (places == NULL && *inout_count != 0)) {
        status =
            slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT, "slip_runner_places: %s is null",
                       inout_count == NULL ? "inout_count" : "places");
    } else {
        const slip_placement *p = &runner->placement;
        uint32_t threads = p->count != 0 ? runner->info.control_active_max : 0;
        for (uint32_t t = 0; t < threads && t < *inout_count; t++) {
            places[t] = p->places[t % p->count];
        }
        *inout_count = threads;
    }
    slipi_runner_leave(runner);
    return status;
}
