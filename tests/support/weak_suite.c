/* weak_suite.c - models whose orders are those of the source; see weak_suite.h. */
#include "weak_suite.h"

#include <stdlib.h>

/* A label's operation is looked for in this many lines from the label on. */
#define LABEL_REACH 12

static const char *const order_names[] = {"relaxed", "acquire", "release", "acq_rel", "seq_cst"};

/* Orders of the source, of the variant at hand, and whose they are. */
static enum weak_order source_orders[WEAK_MAX_LABELS];
static enum weak_order orders[WEAK_MAX_LABELS];
static const weak_suite *current;

enum weak_order weak_order_of(uint32_t label)
{
    return orders[label];
}

/* The order that an operation's name ends with, a publish being a release; false if it has none. */
static bool order_in_name(const char *operation, enum weak_order *out)
{
    const char *end = strchr(operation, '(');
    for (uint32_t i = 0; end != NULL && i < sizeof(order_names) / sizeof(order_names[0]); i++) {
        size_t length = strlen(order_names[i]);
        if ((size_t)(end - operation) > length &&
            memcmp(end - length, order_names[i], length) == 0) {
            *out = (enum weak_order)i;
            return true;
        }
    }
    *out = WEAK_RELEASE;
    if (strstr(operation, "publish(") != NULL) {
        return true;
    }
    fprintf(stderr, "no order in the name of %s\n", operation);
    return false;
}

/* Whether a label stands in a line, alone or with others as in [H1/H2]. */
static bool has_label(const char *line, const char *name)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "[%s]", name);
    return strstr(line, text) != NULL;
}

/* Whether the operation follows its label in the source. */
static bool in_source(const weak_label *label)
{
    char line[512];
    const char *root = getenv("SLIPWAY_SOURCE_DIR");
    (void)snprintf(line, sizeof(line), "%s/%s", root != NULL ? root : ".", label->file);
    FILE *file = fopen(line, "r");
    bool anywhere = strchr(label->name, ' ') != NULL;
    uint32_t reach = anywhere ? UINT32_MAX : 0;
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        reach = has_label(line, label->name) ? LABEL_REACH : reach;
        found = reach > 0 && strstr(line, label->operation) != NULL;
        reach -= reach > 0 && !anywhere;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!found) {
        fprintf(stderr, "%s: no [%s] followed by %s: the model has to follow the source\n",
                label->file, label->name, label->operation);
    }
    return found;
}

bool weak_suite_read_source(const weak_suite *suite)
{
    bool all = suite->label_count <= WEAK_MAX_LABELS;
    for (uint32_t i = 0; all && i < suite->label_count; i++) {
        const weak_label *label = &suite->labels[i];
        const weak_label *access = label->access != NULL ? label->access : label;
        all = in_source(label) && in_source(access) &&
              order_in_name(access->operation, &source_orders[i]);
    }
    return all;
}

/* One step of a thread, in explore.h's form. */
static enum explore_step step(void *state, uint32_t p, uint32_t choice)
{
    weak_memory *memory = state;
    enum explore_step result = current->step(state, (weak_actor){memory, p, choice});
    if (result == EXPLORE_MOVED) {
        weak_settle(memory);
    }
    return result;
}

/* The initial state; the variant is in `orders`. */
static void begin(void *state, uint32_t variant)
{
    (void)variant;
    weak_init(state, current->threads);
    current->begin(state);
}

/* Explores with the orders at hand. */
static bool explore_orders(const weak_suite *suite, explore_variant variant)
{
    current = suite;
    explore_suite whole = {
        .model = {suite->state_bytes, suite->threads, WEAK_CHOICES, step, suite->ended},
        .begin = begin,
        .variants = (const explore_variant[]){{variant.name, true}, variant},
        .variant_count = 2,
        .least_states = suite->least_states,
    };
    return explore_variant_agrees(&whole, variant.holds ? 0 : 1);
}

bool weak_suite_holds(const weak_suite *suite)
{
    memcpy(orders, source_orders, sizeof(orders));
    return explore_orders(suite, (explore_variant){"as it is", suite->outcome == WEAK_HOLDS});
}

bool weak_suite_row_agrees(const weak_suite *suite, uint32_t row)
{
    const weak_row *r = &suite->rows[row];
    const weak_label *label = &suite->labels[r->label];
    char name[96];
    (void)snprintf(name, sizeof(name), "[%s] %.48s: %s", label->name, label->operation,
                   order_names[r->order]);
    memcpy(orders, source_orders, sizeof(orders));
    orders[r->label] = r->order;
    return explore_orders(suite, (explore_variant){name, r->outcome == WEAK_HOLDS});
}

bool weak_suite_relaxes(const weak_suite *suite, uint32_t label)
{
    for (uint32_t row = 0; row < suite->row_count; row++) {
        if (suite->rows[row].label == label && suite->rows[row].order == WEAK_RELAXED) {
            return true;
        }
    }
    return false;
}
