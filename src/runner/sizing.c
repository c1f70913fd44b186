/*
 * sizing.c - per-run value > environment > default, per ring and resource; see sizing.h.
 *
 * For src/runner. Reads the environment when a runner is opened and never afterwards.
 */
#include "runner/sizing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "runner/errors.h"

/* The three resources of a ring. */
enum resource { TASK_WINDOW, HEAP, DEP_POOL, RESOURCES };

/* How a resource is called and what its values must be. */
typedef struct resource_rule {
    const char *variable;
    const char *field;
    const char *name;
    const char *rule; /* what is wanted, for messages */
    uint64_t fallback;
    uint64_t least;
    uint64_t most;
    bool power_of_two;
    bool suffixes; /* K, M and G are accepted in the environment */
} resource_rule;

/* Rules of the three resources. */
static const resource_rule rules[RESOURCES] = {
    {"SLIPWAY_RING_TASK_WINDOW", "task_window", "task window",
     "a power of two, at least 4 and at most 1073741824", SLIPI_DEFAULT_TASK_WINDOW,
     SLIPI_MIN_TASK_WINDOW, INT32_MAX, true, false},
    {"SLIPWAY_RING_HEAP", "heap_bytes", "heap", "at least 1024 bytes", SLIPI_DEFAULT_HEAP_BYTES,
     SLIPI_MIN_HEAP_BYTES, UINT64_MAX, false, true},
    {"SLIPWAY_RING_DEP_POOL", "dep_pool", "dependency pool", "at least 4 and at most 2147483647",
     SLIPI_DEFAULT_DEP_POOL, SLIPI_MIN_DEP_POOL, INT32_MAX, false, false},
};

/* Where a resource of a ring is stored. */
static uint64_t *value_of(slip_sizing *sizing, uint32_t ring, enum resource resource)
{
    slip_ring_sizing *values = &sizing->ring[ring];
    switch (resource) {
    case TASK_WINDOW:
        return &values->task_window;
    case HEAP:
        return &values->heap_bytes;
    default:
        return &values->dep_pool;
    }
}

/* True if a value obeys its rule. */
static bool obeys(const resource_rule *rule, uint64_t value)
{
    return value >= rule->least && value <= rule->most &&
           (!rule->power_of_two || slipi_is_pow2_u64(value));
}

/* The defaults, without the environment. */
void slipi_sizing_defaults(slip_sizing *out)
{
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        for (uint32_t i = 0; i < RESOURCES; i++) {
            *value_of(out, ring, (enum resource)i) = rules[i].fallback;
        }
    }
}

/* Bytes of a suffix letter; 1 if it is none. */
static uint64_t suffix_factor(char letter)
{
    switch (letter) {
    case 'K':
    case 'k':
        return UINT64_C(1) << 10;
    case 'M':
    case 'm':
        return UINT64_C(1) << 20;
    case 'G':
    case 'g':
        return UINT64_C(1) << 30;
    default:
        return 1;
    }
}

/* Reads one value at *text and moves past it; false if there is none or it breaks the rule. */
static bool parse_value(const char **text, const resource_rule *rule, uint64_t *out)
{
    const char *at = *text;
    while (*at == ' ') {
        at++;
    }
    if (*at < '0' || *at > '9') {
        return false;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(at, &end, 10);
    if (errno != 0) {
        return false;
    }
    uint64_t factor = rule->suffixes ? suffix_factor(*end) : 1;
    end += factor > 1 ? 1 : 0;
    while (*end == ' ') {
        end++;
    }
    *text = end;
    return slipi_mul_u64(number, factor, out) && obeys(rule, *out);
}

/* Reads one value, or exactly four separated by commas; false if anything is wrong. */
static bool parse_variable(const char *text, const resource_rule *rule, uint64_t *values)
{
    uint32_t count = 0;
    for (;;) {
        if (count == SLIP_RING_COUNT || !parse_value(&text, rule, &values[count])) {
            return false;
        }
        count++;
        if (*text != ',') {
            break;
        }
        text++;
    }
    if (*text != '\0' || (count != 1 && count != SLIP_RING_COUNT)) {
        return false;
    }
    for (uint32_t ring = count; ring < SLIP_RING_COUNT; ring++) {
        values[ring] = values[0];
    }
    return true;
}

/* The defaults with the environment over them; see the header. */
void slipi_sizing_from_environment(slip_sizing *out)
{
    slipi_sizing_defaults(out);
    for (uint32_t i = 0; i < RESOURCES; i++) {
        const resource_rule *rule = &rules[i];
        const char *text = getenv(rule->variable);
        if (text == NULL || text[0] == '\0') {
            continue;
        }
        uint64_t values[SLIP_RING_COUNT] = {0};
        if (!parse_variable(text, rule, values)) {
            slipi_log(SLIP_LOG_WARN,
                      "%s=\"%.80s\" is ignored: wanted one value or exactly %u separated by "
                      "commas, each %s%s; the default %" PRIu64 " is used",
                      rule->variable, text, SLIP_RING_COUNT, rule->rule,
                      rule->suffixes ? " (suffixes K, M, G)" : "", rule->fallback);
            continue;
        }
        for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
            *value_of(out, ring, (enum resource)i) = values[ring];
        }
    }
}

/* The value that is asked for, or else the one to fall back on. */
static uint64_t either(uint64_t asked, uint64_t base)
{
    return asked != 0 ? asked : base;
}

/* Takes `asked` where it is set, else `base`. Straight lines: every run comes through here. */
void slipi_sizing_resolve(const slip_sizing *asked, const slip_sizing *base, slip_sizing *out)
{
    if (asked == NULL) {
        *out = *base;
        return;
    }
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        const slip_ring_sizing *a = &asked->ring[ring];
        const slip_ring_sizing *b = &base->ring[ring];
        out->ring[ring].task_window = either(a->task_window, b->task_window);
        out->ring[ring].heap_bytes = either(a->heap_bytes, b->heap_bytes);
        out->ring[ring].dep_pool = either(a->dep_pool, b->dep_pool);
    }
}

/* Checks every value of a resolved sizing. */
slip_status slipi_sizing_check(const slip_sizing *sizing, slip_error *error)
{
    slip_sizing copy = *sizing;
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        for (uint32_t i = 0; i < RESOURCES; i++) {
            const resource_rule *rule = &rules[i];
            uint64_t value = *value_of(&copy, ring, (enum resource)i);
            if (obeys(rule, value)) {
                continue;
            }
            slipi_error_begin(error, SLIP_E_SIZING);
            slipi_error_resource(error, value, 0, rule->most, "ring %u %s", ring, rule->name);
            error->ring = (int32_t)ring;
            return slipi_error_end(error,
                                   "sizing.ring[%u].%s is %" PRIu64 ": it must be %s; 0 takes the "
                                   "value of %s or the default %" PRIu64,
                                   ring, rule->field, value, rule->rule, rule->variable,
                                   rule->fallback);
        }
    }
    return SLIP_OK;
}
