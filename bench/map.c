/*
 * map.c - the tensor map alone: what an access costs while 64 to 1 Mi tiles of one buffer are live.
 *
 * Usage: map [--check] [--json] [--repetitions N]. No task runs; accesses are given to the map as a
 * submission gives them, by tasks that all stay live. The map's sources are compiled into this
 * program so that it can count the cells and nodes that an access looks at. Beside it: a hash table
 * that is keyed by base address alone, which knows no region but a whole tile, and a chain of
 * dependent loads over as many lines, which is what one cache miss costs. --check compares the
 * counts and no times: they must not depend on how many tiles there are. One thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdint.h>

static uint64_t probes; /* since the last look */

#define SLIPI_COUNT_PROBE (probes++)

#include "../src/orch/cell.c"
#include "../src/orch/tensormap.c"
#define pool_of lattice_pool_of
#include "../src/orch/lattice.c"
#undef pool_of
#include "../src/orch/irregular.c"

#include "base/clock.h"
#include "regions.h"

enum {
    COLUMNS = 64,    /* tiles of a row of the matrix; a tile is one element */
    HALO_LIVE = 16,  /* irregular accesses that stay live at a time */
    LEAST = 1 << 18, /* accesses of one measurement */
    MAX_REPETITIONS = 99
};

/* What is asked. */
enum shape {
    WRITE,
    READ_WRITE,
    BESIDE_PANEL,
    PANEL,
    HALO,
    HASH_WRITE,
    HASH_READ_WRITE,
    LOAD,
    SHAPES
};
static const char *const shape_names[SHAPES] = {
    "tile: write",      "tile: read, write",   "tile: write; panels too",   "panel of 64: write",
    "3 x 3 halo: read", "hash by base: write", "hash by base: read, write", "dependent load"};

static const uint32_t tile_counts[] = {64, 1024, 16384, 262144, 1048576};
enum { COUNTS = sizeof(tile_counts) / sizeof(tile_counts[0]) };

/* An entry of the table that is compared with: one line. */
typedef struct hash_entry {
    uint64_t base; /* 0: free */
    uint64_t writer;
    uint64_t write_seq;
    uint64_t read_seq;
    uint64_t readers[SLIPI_CELL_READERS];
} hash_entry;
_Static_assert(sizeof(hash_entry) == 64, "one line");

/* One size of matrix and all that is asked of it. */
typedef struct world {
    regions r;
    slip_tensor matrix;
    slip_tensor tile;  /* the first one: others are made of it */
    slip_tensor panel; /* the first row */
    slip_tensor halo;  /* of tile (1, 1) */
    uint32_t tiles;
    uint32_t *order; /* in which tiles are asked for; owned, like the two below */
    hash_entry *entries;
    uint64_t *lines; /* a cycle through all: the next one's number */
    uint64_t seq;    /* of the last access; also the last task's number */
    uint64_t producers;
    uint64_t least; /* accesses of one measurement */
} world;

/* One figure. */
typedef struct figure {
    double ns;     /* an access, median */
    double probes; /* cells and nodes an access */
} figure;

/* Allocates, or ends the program. */
static void *need(void *memory)
{
    if (memory == NULL) {
        (void)fprintf(stderr, "map: out of memory\n");
        exit(1);
    }
    return memory;
}

/* Takes what the map reports. */
static void take(void *user, uint64_t task)
{
    *(uint64_t *)user += task != 0 ? 1u : 0u;
}

/* Asks for one region as the next task. */
static inline void ask(world *w, const slip_tensor *t, bool writes)
{
    w->seq++;
    slipi_access access = {.tensor = t,
                           .task = slipi_task_ref(0, w->seq),
                           .seq = w->seq,
                           .kind = SLIPI_ACCESS_AUTO,
                           .writes = writes};
    slipi_tensormap_access(&w->r.o, &access, take, &w->producers);
}

/* Starts a run in which nothing is known of the matrix. */
static void start(world *w, bool first)
{
    regions_options options = {.window = w->tiles > 64 ? w->tiles / 8u : 16,
                               .arg_count = 1,
                               .arg_dims = 2,
                               .arg_shape = {w->tiles / COLUMNS, COLUMNS}};
    if (first) {
        options.arg_shape[0] = options.arg_shape[0] < 3 ? 3 : options.arg_shape[0];
        regions_begin(&w->r, &options);
    } else {
        slipi_runtime *rt = w->r.worker.at.rt;
        slipi_ring_state *ring = &rt->ring[0];
        ring->head = ring->done = ring->tail = w->seq + 1; /* every task so far has completed */
        rt->sequence = w->seq;
        rt->node_tail = rt->node_head;
        regions_again(&w->r);
    }
    slip_status status = slip_orch_tensor(&w->r.o.base, 0, &w->matrix);
    SLIPI_ASSERT(status == SLIP_OK);
    w->tile = regions_box(&w->r, &w->matrix, 0, 1, 0, 1);
    w->panel = regions_box(&w->r, &w->matrix, 0, 1, 0, COLUMNS);
    w->halo = regions_box(&w->r, &w->matrix, 0, 3, 0, 3);
    uint64_t begin = w->r.worker.at.rt->ring[0].head;
    w->seq = w->seq > begin ? w->seq : begin;
    w->r.worker.at.rt->ring[0].done = w->seq; /* whatever comes is live */
    w->r.o.rings.quiet = 0;
}

/* Puts 0 .. count - 1 into an order: as they are, or shuffled. */
static void shuffle(uint32_t *order, uint32_t count, bool random)
{
    uint64_t state = 1;
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (uint32_t i = count; random && i-- > 1;) {
        uint32_t j = (uint32_t)(regions_random(&state) % (i + 1u));
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

/* The view of one tile. */
static inline void move_tile(slip_tensor *t, uint32_t tile)
{
    t->box_lo[0] = tile / COLUMNS;
    t->box_lo[1] = tile % COLUMNS;
    t->tile = tile;
    t->offset = 4u * (uint64_t)tile;
}

/* Asks for every tile once: reads it first if `reads`. */
static void ask_tiles(world *w, bool reads)
{
    slip_tensor t = w->tile;
    for (uint32_t i = 0; i < w->tiles; i++) {
        move_tile(&t, w->order[i]);
        if (reads) {
            ask(w, &t, false);
        }
        ask(w, &t, true);
    }
}

/* Asks for rows: each is written as one panel. */
static void ask_panels(world *w)
{
    slip_tensor t = w->panel;
    for (uint32_t i = 0; i < w->tiles; i += COLUMNS) {
        t.box_lo[0] = w->order[i] / COLUMNS;
        t.tile = t.box_lo[0];
        t.offset = 4u * (uint64_t)t.box_lo[0] * COLUMNS;
        ask(w, &t, true);
    }
}

/* Asks for tiles with their neighbours; an older task completes each time. */
static void ask_halos(world *w)
{
    slip_tensor t = w->halo;
    slipi_runtime *rt = w->r.worker.at.rt;
    uint32_t rows = w->matrix.shape[0];
    for (uint32_t i = 0; i < w->tiles; i++) {
        uint32_t row = w->order[i] / COLUMNS;
        uint32_t column = w->order[i] % COLUMNS;
        t.box_lo[0] = row < rows - 2u ? row : rows - 3u;
        t.box_lo[1] = column < COLUMNS - 2u ? column : COLUMNS - 3u;
        ask(w, &t, false);
        if (rt->node_head - rt->node_tail > HALO_LIVE) {
            rt->node_tail = rt->node_head - HALO_LIVE;
            rt->ring[0].done = w->seq - HALO_LIVE;
        }
    }
}

/* The entry of a base address, made if it is not there. */
static inline hash_entry *find_entry(const world *w, uint64_t base)
{
    uint64_t mask = 2u * (uint64_t)w->tiles - 1u;
    uint64_t at = (base * UINT64_C(0x9E3779B97F4A7C15)) >> 20 & mask;
    while (w->entries[at].base != base && w->entries[at].base != 0) {
        at = (at + 1u) & mask;
    }
    w->entries[at].base = base;
    return &w->entries[at];
}

/* The same question put to the table by base address: readers after the last write, or its writer.
 */
static inline void ask_hash(world *w, uint64_t base, bool writes)
{
    hash_entry *e = find_entry(w, base);
    w->seq++;
    uint64_t done = w->r.worker.at.rt->ring[0].done;
    if (!writes) {
        w->producers += e->writer >= done ? 1u : 0u;
        if (e->read_seq < e->write_seq) {
            memset(e->readers, 0, sizeof(e->readers));
        }
        e->readers[w->seq % SLIPI_CELL_READERS] = w->seq;
        e->read_seq = w->seq;
        return;
    }
    bool any = false;
    for (uint32_t i = 0; e->read_seq > e->write_seq && i < SLIPI_CELL_READERS; i++) {
        any = any || e->readers[i] >= done;
        w->producers += e->readers[i] >= done ? 1u : 0u;
    }
    w->producers += !any && e->writer >= done ? 1u : 0u;
    e->writer = w->seq;
    e->write_seq = w->seq;
}

/* Asks the table for every tile once. */
static void ask_hash_tiles(world *w, bool reads)
{
    uint64_t base = (uint64_t)(uintptr_t)w->r.arg[0];
    for (uint32_t i = 0; i < w->tiles; i++) {
        if (reads) {
            ask_hash(w, base + 4u * (uint64_t)w->order[i], false);
        }
        ask_hash(w, base + 4u * (uint64_t)w->order[i], true);
    }
}

/* Lines in a cycle: in the order of w->order. */
static void link_lines(world *w)
{
    for (uint32_t i = 0; i < w->tiles; i++) {
        w->lines[8u * (uint64_t)w->order[i]] = w->order[(i + 1u) % w->tiles];
    }
}

/* Follows the cycle once. */
static void follow_lines(world *w)
{
    uint64_t at = w->order[0];
    for (uint32_t i = 0; i < w->tiles; i++) {
        at = w->lines[8u * at];
    }
    w->producers += at;
}

/* Everything once; the number of accesses. */
static uint64_t pass(world *w, enum shape shape)
{
    switch (shape) {
    case PANEL:
        ask_panels(w);
        return w->tiles / COLUMNS;
    case HALO:
        ask_halos(w);
        return w->tiles;
    case HASH_WRITE:
    case HASH_READ_WRITE:
        ask_hash_tiles(w, shape == HASH_READ_WRITE);
        return shape == HASH_READ_WRITE ? 2u * (uint64_t)w->tiles : w->tiles;
    case LOAD:
        follow_lines(w);
        return w->tiles;
    default:
        ask_tiles(w, shape == READ_WRITE);
        return shape == READ_WRITE ? 2u * (uint64_t)w->tiles : w->tiles;
    }
}

/* Makes what the shape meets: every tile written, and rows written as panels where it says so. */
static void prepare(world *w, enum shape shape, bool random)
{
    start(w, false);
    shuffle(w->order, w->tiles, false);
    if (shape == HASH_WRITE || shape == HASH_READ_WRITE) {
        memset(w->entries, 0, 2u * (size_t)w->tiles * sizeof(*w->entries));
    } else if (shape != LOAD) {
        ask_tiles(w, false);
    }
    if (shape == BESIDE_PANEL) {
        ask_panels(w);
    }
    shuffle(w->order, w->tiles, random);
    if (shape == LOAD) {
        link_lines(w);
    }
    (void)pass(w, shape); /* warm */
}

/* Order of two times. */
static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Measures one shape in one order. */
static figure measure(world *w, enum shape shape, bool random, uint32_t repetitions)
{
    double times[MAX_REPETITIONS];
    figure f = {0};
    uint64_t accesses = 0;
    prepare(w, shape, random);
    probes = 0;
    for (uint32_t k = 0; k < repetitions; k++) {
        uint64_t count = 0;
        uint64_t begin = slipi_now_ns();
        while (count < w->least) {
            count += pass(w, shape);
        }
        times[k] = (double)(slipi_now_ns() - begin) / (double)count;
        accesses += count;
    }
    f.probes = (double)probes / (double)accesses;
    qsort(times, repetitions, sizeof(times[0]), by_time);
    f.ns = times[repetitions / 2];
    return f;
}

/* Measures everything for one number of tiles. */
static void measure_count(uint32_t tiles, uint32_t repetitions, bool check, figure out[SHAPES][2])
{
    static world w;
    memset(&w, 0, sizeof(w));
    w.tiles = tiles;
    w.least = check ? 1 : LEAST;
    w.order = need(calloc(tiles, sizeof(*w.order)));
    w.entries = need(calloc(2u * (size_t)tiles, sizeof(*w.entries)));
    w.lines = need(calloc(8u * (size_t)tiles, sizeof(*w.lines)));
    start(&w, true);
    for (uint32_t s = 0; s < (check ? HASH_WRITE : SHAPES); s++) {
        for (uint32_t random = 0; random < 2; random++) {
            out[s][random] = measure(&w, (enum shape)s, random != 0, repetitions);
        }
    }
    regions_fini(&w.r);
    free(w.order);
    free(w.entries);
    free(w.lines);
}

/* Prints the figures as a table. */
static void print_table(figure f[COUNTS][SHAPES][2])
{
    printf("ns an access, in order / at random; then the cells and nodes it looks at\n%-26s",
           "live tiles");
    for (uint32_t c = 0; c < COUNTS; c++) {
        printf(" %15u", tile_counts[c]);
    }
    printf("   looks\n");
    for (uint32_t s = 0; s < SHAPES; s++) {
        printf("%-26s", shape_names[s]);
        for (uint32_t c = 0; c < COUNTS; c++) {
            printf(" %6.1f / %6.1f", f[c][s][0].ns, f[c][s][1].ns);
        }
        if (s < HASH_WRITE) {
            printf(" %7.2f", f[COUNTS - 1][s][0].probes);
        }
        printf("\n");
    }
}

/* Prints the figures as JSON. */
static void print_json(figure f[COUNTS][SHAPES][2])
{
    printf("{\"rows\": [");
    for (uint32_t c = 0; c < COUNTS; c++) {
        for (uint32_t s = 0; s < SHAPES; s++) {
            for (uint32_t k = 0; k < 2; k++) {
                printf("%s\n  {\"shape\": \"%s\", \"order\": \"%s\", \"tiles\": %u, \"ns\": %.2f, "
                       "\"looks\": %.3f}",
                       c + s + k == 0 ? "" : ",", shape_names[s], k == 0 ? "in order" : "random",
                       tile_counts[c], f[c][s][k].ns, f[c][s][k].probes);
            }
        }
    }
    printf("\n]}\n");
}

/* Whether the counts are the same for every number of tiles; says where not. */
static bool counts_are_equal(figure f[COUNTS][SHAPES][2])
{
    bool equal = true;
    for (uint32_t s = 0; s < HASH_WRITE; s++) {
        for (uint32_t c = 0; c < COUNTS; c++) {
            for (uint32_t k = 0; k < 2; k++) {
                double wanted = f[0][s][0].probes;
                if (f[c][s][k].probes != wanted || wanted == 0) {
                    printf(
                        "%s, %u tiles, %s: looks at %.3f cells and nodes an access, wanted %.3f\n",
                        shape_names[s], tile_counts[c], k == 0 ? "in order" : "random",
                        f[c][s][k].probes, wanted);
                    equal = false;
                }
            }
        }
    }
    return equal;
}

/* Runs what the command line says. */
int main(int argc, char **argv)
{
    static figure f[COUNTS][SHAPES][2];
    uint32_t repetitions = 7;
    bool check = false;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        check = check || strcmp(argv[i], "--check") == 0;
        json = json || strcmp(argv[i], "--json") == 0;
        if (strcmp(argv[i], "--repetitions") == 0 && i + 1 < argc) {
            repetitions = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--check") != 0 && strcmp(argv[i], "--json") != 0) {
            (void)fprintf(stderr, "usage: map [--check] [--json] [--repetitions N]\n");
            return 2;
        }
    }
    if (repetitions == 0 || repetitions > MAX_REPETITIONS) {
        (void)fprintf(stderr, "map: --repetitions: wanted 1 to %d\n", MAX_REPETITIONS);
        return 2;
    }
    for (uint32_t c = 0; c < COUNTS; c++) {
        measure_count(tile_counts[c], check ? 1 : repetitions, check, f[c]);
    }
    if (json) {
        print_json(f);
    } else if (!check) {
        print_table(f);
    }
    return counts_are_equal(f) ? 0 : 1;
}
