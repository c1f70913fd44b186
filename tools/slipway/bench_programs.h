/*
 * bench_programs.h - the programs that `slipway bench` measures, registered in process.
 *
 * For the two bench subcommands. Kernels are empty: what is measured is the runtime.
 */
#ifndef SLIPI_BENCH_PROGRAMS_H
#define SLIPI_BENCH_PROGRAMS_H

#include <slipway/slipway.h>

/* Submits nothing and has no arguments. */
extern const slip_program slipi_bench_empty;

/* Submits one empty task and has no arguments. */
extern const slip_program slipi_bench_one;

/* Submits nothing and takes `count` IN tensors of f32, 1 to SLIP_MAX_RUN_ARGS. Valid until it is
 * asked for another count. */
const slip_program *slipi_bench_args_program(uint32_t count);

/* As many tasks as its scalar says, each with an output of 4 KiB in the ring heap, of which one
 * line is written; notes when the first kernel ends. */
extern const slip_program slipi_bench_first;

/* Forgets the time of the first kernel; that time on the host's clock, 0 if none has run. */
void slipi_bench_first_begin(void);
uint64_t slipi_bench_first_ns(void);

/* Shapes of task graphs. */
enum slipi_bench_pattern {
    SLIPI_BENCH_INDEPENDENT = 0,      /* every task writes a tile that no live task touches */
    SLIPI_BENCH_INDEPENDENT_BARE = 1, /* tasks without tensors */
    SLIPI_BENCH_CHAIN = 2,            /* every task updates the same tile */
    SLIPI_BENCH_STENCIL = 3,          /* 3-point, periodic, over two rows of 64 reused cells */
    SLIPI_BENCH_TREE = 4,             /* binary reduction of 64 cells, again and again */
    SLIPI_BENCH_RANDOM_NEAREST = 5,   /* up to five random near cells of the other row */
    SLIPI_BENCH_PATTERNS = 6
};

/* Names of the patterns, in the order above. */
extern const char *const slipi_bench_pattern_names[SLIPI_BENCH_PATTERNS];

/* Cells of a row of the patterns that reuse cells, and floats of a cell: one line. */
#define SLIPI_BENCH_CELLS 64u
#define SLIPI_BENCH_CELL_FLOATS 16u

/* Tiles of the independent pattern: as many as the default window, so that the task that used a
 * tile before has completed when the tile comes round again. */
#define SLIPI_BENCH_TILES 16384u

/*
 * The pattern program. Arguments: `data`, INOUT f32 [tiles, SLIPI_BENCH_CELL_FLOATS]; `pattern`;
 * `tasks`; `scope`, the tasks of one inner scope (their slots come back when it has ended).
 */
extern const slip_program slipi_bench_graph_program;

#endif
