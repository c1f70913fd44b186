/*
 * test_deadlocks.c - rings that can never hold what a program asks for: the failure is proved, not
 * timed. It names ring, scope, wanted, available, capacity and a remedy; it is the same submission
 * and the same sentence on every platform and thread count; with the remedy the same program runs.
 *
 * ctest-labels: errors unit
 */
#include <stdlib.h>

#include "lab.h"

enum { WINDOW = 8, HEAP = 4096, POOL = 16, ROUNDS = 64 };

/* One kind of platform and thread count. */
typedef struct place {
    const char *platform;
    uint32_t threads;
} place;

static const place places[] = {
    {"cpu", 1},     {"cpu", 2},     {"cpu", 3},   {"cpu", 4},   {"a2a3sim", 1}, {"a2a3sim", 2},
    {"a2a3sim", 3}, {"a2a3sim", 4}, {"a5sim", 1}, {"a5sim", 2}, {"a5sim", 3},   {"a5sim", 4},
};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

/* What a deadlock must say. */
typedef struct deadlock {
    const char *name;
    slip_orch_fn fn;
    slip_status status;
    int32_t ring;
    int32_t scope;
    uint64_t task;
    uint64_t wanted;
    uint64_t available;
    uint64_t capacity;
    const char *resource;
    uint32_t remedies; /* steps until the program runs: each moves the failure further */
} deadlock;

/* Opens scopes until the depth is `depth`. */
static slip_status go_down(slip_orch *o, uint32_t depth)
{
    slip_status status = SLIP_OK;
    for (uint32_t d = 0; d < depth && status == SLIP_OK; d++) {
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    }
    return status;
}

/* Ends `depth` scopes. */
static slip_status go_up(slip_orch *o, uint32_t depth)
{
    slip_status status = SLIP_OK;
    for (uint32_t d = 0; d < depth && status == SLIP_OK; d++) {
        status = slip_scope_end(o);
    }
    return status;
}

/* Submits `count` tasks that make nothing. */
static slip_status spawn_many(slip_orch *o, uint32_t count)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < count && status == SLIP_OK; i++) {
        status = slip_spawn(o, SLIP_TASK_AIV, LAB_NOTHING, 0, NULL);
    }
    return status;
}

/* Submits `count` tasks that make one tensor of `elements` floats each. */
static slip_status make_many(slip_orch *o, uint32_t count, uint32_t elements)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < count && status == SLIP_OK; i++) {
        slip_tensor t;
        status = lab_make(o, &t, elements);
    }
    return status;
}

/* The program's own scope keeps more tasks than ring 0 has slots. */
static slip_status window_of_program(slip_orch *o)
{
    return spawn_many(o, WINDOW + 1);
}

/* A scope of depth 2, after some that came and went. */
static slip_status window_of_scope(slip_orch *o)
{
    slip_status status = go_down(o, 1);
    for (uint32_t i = 0; i < 5 && status == SLIP_OK; i++) {
        status = go_down(o, 1);
        status = status == SLIP_OK ? spawn_many(o, 3) : status;
        status = status == SLIP_OK ? go_up(o, 1) : status;
    }
    status = status == SLIP_OK ? go_down(o, 1) : status;
    status = status == SLIP_OK ? spawn_many(o, 3 * WINDOW) : status;
    return status == SLIP_OK ? go_up(o, 2) : status;
}

/* Two scopes that share ring 3: the outer one keeps what the inner one needs. */
static slip_status window_of_two_scopes(slip_orch *o)
{
    slip_status status = go_down(o, 3);
    status = status == SLIP_OK ? spawn_many(o, 5) : status;
    status = status == SLIP_OK ? go_down(o, 1) : status;
    status = status == SLIP_OK ? spawn_many(o, 4) : status;
    return status == SLIP_OK ? go_up(o, 4) : status;
}

/* One output larger than the heap. */
static slip_status heap_of_one(slip_orch *o)
{
    return make_many(o, 1, 3 * HEAP / 4);
}

/* Outputs that are too large together. */
static slip_status heap_of_many(slip_orch *o)
{
    return make_many(o, 6, HEAP / 4 / 4);
}

/* Outputs that leave a gap at the end of the heap. */
static slip_status heap_with_gap(slip_orch *o)
{
    slip_status status = go_down(o, 1);
    status = status == SLIP_OK ? make_many(o, 1, 3 * HEAP / 4 / 4) : status;
    status = status == SLIP_OK ? go_up(o, 1) : status;
    status = status == SLIP_OK ? go_down(o, 1) : status;
    status = status == SLIP_OK ? make_many(o, 1, HEAP / 2 / 4) : status;
    status = status == SLIP_OK ? make_many(o, 1, HEAP / 2 / 4) : status;
    status = status == SLIP_OK ? make_many(o, 1, HEAP / 8 / 4) : status;
    return status == SLIP_OK ? go_up(o, 1) : status;
}

/* More tensors at once than there are buffer records; few tasks, little heap. */
static slip_status buffers_of_program(slip_orch *o)
{
    enum { EACH = 128, TASKS = 6 };
    static slip_tensor t[EACH];
    static const uint32_t one[1] = {1};
    slip_arg args[EACH];
    slip_status status = go_down(o, 1);
    for (uint32_t i = 0; i < TASKS && status == SLIP_OK; i++) {
        for (uint32_t k = 0; k < EACH; k++) {
            args[k] = slip_out(&t[k], SLIP_U8, 1, one);
        }
        status = slip_spawn(o, SLIP_TASK_AIV, LAB_NOTHING, EACH, args);
    }
    return status == SLIP_OK ? go_up(o, 1) : status;
}

static const deadlock deadlocks[] = {
    {"window of the program", window_of_program, SLIP_E_RING_DEADLOCK, 0, 0, WINDOW + 1, 1, 0,
     WINDOW, "ring 0 task window", 1},
    {"window of a scope", window_of_scope, SLIP_E_RING_DEADLOCK, 2, 2, 15 + WINDOW + 1, 1, 0,
     WINDOW, "ring 2 task window", 2},
    {"window of two scopes", window_of_two_scopes, SLIP_E_RING_DEADLOCK, 3, 3, WINDOW + 1, 1, 0,
     WINDOW, "ring 3 task window", 1},
    {"heap of one", heap_of_one, SLIP_E_HEAP_DEADLOCK, 0, 0, 1, 3 * HEAP, HEAP, HEAP, "ring 0 heap",
     1},
    {"heap of many", heap_of_many, SLIP_E_HEAP_DEADLOCK, 0, 0, 5, HEAP / 4, 0, HEAP, "ring 0 heap",
     2},
    {"heap with a gap", heap_with_gap, SLIP_E_HEAP_DEADLOCK, 1, 1, 3, HEAP / 2, HEAP / 4, HEAP,
     "ring 1 heap", 1},
    {"buffers", buffers_of_program, SLIP_E_RING_DEADLOCK, 1, 1, 5, 128, 0, 512,
     "ring 1 buffer records", 1},
};
enum { DEADLOCKS = sizeof(deadlocks) / sizeof(deadlocks[0]) };

/* The small sizing that the deadlocks are about. */
static slip_run_config small_config(const place *p)
{
    slip_run_config config = lab_config(WINDOW, HEAP, POOL);
    if (strcmp(p->platform, "cpu") != 0) {
        config.control_threads = p->threads;
    }
    return config;
}

/* Buffers need room in the heap. */
static slip_run_config config_for(const place *p, const deadlock *d)
{
    slip_run_config config = small_config(p);
    if (d->fn == buffers_of_program) {
        config.sizing.ring[1].heap_bytes = 1 << 20;
    }
    return config;
}

/* Opens a lab with the threads of a place. */
static bool open_place(lab *l, const place *p)
{
    slip_runner_options options = {.struct_size = (uint32_t)sizeof(options)};
    options.threads = strcmp(p->platform, "cpu") == 0 ? p->threads : 0;
    return lab_open(l, p->platform, &options);
}

/* Applies the remedy that an error names; false if it names none. */
static bool apply_remedy(slip_run_config *config, const slip_error *error)
{
    const char *text = strstr(error->message, "to at least ");
    if (text == NULL || error->ring < 0) {
        return false;
    }
    uint64_t value = strtoull(text + strlen("to at least "), NULL, 10);
    slip_ring_sizing *ring = &config->sizing.ring[error->ring];
    uint64_t *field =
        error->status == SLIP_E_HEAP_DEADLOCK ? &ring->heap_bytes : &ring->task_window;
    bool grows = value > *field;
    *field = value;
    return grows;
}

/* Checks the numbers of a deadlock. */
static void check_numbers(const deadlock *d, const slip_error *error)
{
    CHECK_EQ(d->status, error->status);
    CHECK_EQ(d->ring, error->ring);
    CHECK_EQ(d->scope, error->scope);
    CHECK_EQ(d->task, error->task);
    CHECK_EQ(d->wanted, error->wanted);
    CHECK_EQ(d->available, error->available);
    CHECK_EQ(d->capacity, error->capacity);
    CHECK_STR(d->resource, error->resource);
}

/* One deadlock at one place: the same with and without history, then the remedies. */
static void check_place(const deadlock *d, const place *p, char *sentence, size_t room)
{
    lab l;
    CHECK(open_place(&l, p));
    slip_run_config config = config_for(p, d);
    uint64_t last = 0;
    for (int round = 0; round < 3; round++) {
        CHECK_STATUS(d->status, lab_run(&l, d->fn, &config));
        slip_error error = lab_error(&l);
        check_numbers(d, &error);
        if (sentence[0] == '\0') {
            (void)snprintf(sentence, room, "%s", error.message);
            printf("  %s\n", sentence);
        }
        CHECK_STR(sentence, error.message);
        last = error.task;
        CHECK(lab_good(&l));
    }
    for (uint32_t step = 1; step <= d->remedies; step++) {
        slip_error error = lab_error(&l);
        CHECK(apply_remedy(&config, &error));
        slip_status status = lab_run(&l, d->fn, &config);
        CHECK_STATUS(step == d->remedies ? SLIP_OK : d->status, status);
        if (status != SLIP_OK) {
            error = lab_error(&l);
            CHECK(error.task > last);
            last = error.task;
        }
    }
    CHECK(lab_good(&l));
    lab_close(&l);
}

/* Every deadlock everywhere. */
static void same_everywhere(void)
{
    for (int i = 0; i < DEADLOCKS; i++) {
        char sentence[sizeof(((slip_error *)0)->message)] = "";
        printf("  %s\n", deadlocks[i].name);
        for (int k = 0; k < PLACES; k++) {
            check_place(&deadlocks[i], &places[k], sentence, sizeof(sentence));
        }
        CHECK_CONTAINS(sentence, "scope depth");
        CHECK_CONTAINS(sentence, "wanted");
        CHECK_CONTAINS(sentence, "SLIPWAY_RING_");
    }
}

static uint64_t seed; /* of the random program below */

/* The next pseudo-random number below `bound`. */
static uint32_t draw(uint64_t *state, uint32_t bound)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % bound;
}

/* Scopes and outputs of random depth and size. */
static slip_status random_program(slip_orch *o)
{
    uint64_t state = seed;
    uint32_t depth = 0;
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < 120 && status == SLIP_OK; i++) {
        uint32_t what = draw(&state, 8);
        slip_tensor t;
        if (what == 0 && depth < 6) {
            depth++;
            status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        } else if (what == 1 && depth > 0) {
            depth--;
            status = slip_scope_end(o);
        } else {
            status = lab_make(o, &t, 1 + draw(&state, 700));
        }
    }
    return status == SLIP_OK ? go_up(o, depth) : status;
}

/* Any program can be helped: every remedy lets the submission pass that failed. */
static void remedies_help(void)
{
    static const place one = {"cpu", 1};
    lab l;
    CHECK(open_place(&l, &one));
    for (seed = 1; seed <= ROUNDS; seed++) {
        slip_run_config config = small_config(&one);
        slip_error last = {.task = 0};
        slip_status status = lab_run(&l, random_program, &config);
        while (status != SLIP_OK) {
            slip_error error = lab_error(&l);
            /* Another heap moves gaps, so an earlier one may fail now; the same one does not. */
            bool other = strcmp(error.resource, last.resource) != 0;
            bool helped = CHECK(error.task != last.task || other);
            helped = CHECK(apply_remedy(&config, &error)) && helped;
            if (!helped) {
                fprintf(stderr, "  seed %llu: %s\n", (unsigned long long)seed, error.message);
                break;
            }
            last = error;
            status = lab_run(&l, random_program, &config);
        }
        CHECK_STATUS(SLIP_OK, status);
    }
    lab_close(&l);
}

/* Runs every case. */
int main(void)
{
    slip_log_set_level(0);
    CHECK_CASE(same_everywhere);
    CHECK_CASE(remedies_help);
    return check_report();
}
