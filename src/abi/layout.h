/*
 * layout.h - every structure that lies in a device region, with its offsets asserted.
 *
 * For the host's image builder and the device's program. Only fixed-width fields; a reference is
 * an index, an offset, or (binding, offset); no address is ever stored in a region. All zeros is a
 * valid empty state of everything but the two headers. docs/prebuilt-arena-cache.md has the byte
 * tables; the drawing:
 *
 *   arena  | ring 0: buffers, cells | .. | run arguments: buffers, cells | nodes | header page |
 *   SM     | header page | ring 0: slots, edges, spill | ring 1 .. 3 | ready queues |
 *   heap   | ring 0 | ring 1 | ring 2 | ring 3 |
 */
#ifndef SLIPI_LAYOUT_H
#define SLIPI_LAYOUT_H

#include <slipway/orch.h>

#include "base/atomic.h"
#include "base/event.h"

#define SLIPI_LINE 64u
#define SLIPI_PAGE 4096u
#define SLIPI_RINGS SLIP_RING_COUNT

#define SLIPI_SM_MAGIC UINT64_C(0x314D534C50494C53)    /* "SLIPLSM1" */
#define SLIPI_ARENA_MAGIC UINT64_C(0x31455241504C5331) /* "1SLPARE1" */
#define SLIPI_LAYOUT_VERSION 1u

/* Buffer records of a ring for each slot of its window; small windows have more. */
#define SLIPI_BUFFERS_PER_SLOT 4u

/* A task is named by its ring (top two bits) and its id on that ring; 0 is never a task. */
#define SLIPI_TASK_RING_SHIFT 62u
#define SLIPI_TASK_ID_MASK ((UINT64_C(1) << SLIPI_TASK_RING_SHIFT) - 1u)

static inline uint64_t slipi_task_ref(uint32_t ring, uint64_t id)
{
    return ((uint64_t)ring << SLIPI_TASK_RING_SHIFT) | id;
}
static inline uint32_t slipi_task_ring(uint64_t ref)
{
    return (uint32_t)(ref >> SLIPI_TASK_RING_SHIFT);
}
static inline uint64_t slipi_task_id(uint64_t ref)
{
    return ref & SLIPI_TASK_ID_MASK;
}

/* ---- edges ---------------------------------------------------------------------------------- */

/*
 * One out-edge, stored with its consumer. `next` and a producer's `fanout` name an edge by its
 * offset in SM, in units of 8 bytes; 0 is none. `consumer` is a slot's offset in units of 512.
 */
typedef struct slipi_edge {
    uint32_t next;
    uint32_t consumer;
} slipi_edge;
_Static_assert(sizeof(slipi_edge) == 8, "edge size");
#define SLIPI_SM_UNIT 8u /* of a 32-bit reference to anything in SM but slots */
#define SLIPI_SM_MAX_BYTES (UINT64_C(8) << 32) /* what such a reference reaches */

/* ---- slots ---------------------------------------------------------------------------------- */

#define SLIPI_SLOT_BYTES 512u
#define SLIPI_INLINE_EDGES 8u
#define SLIPI_INLINE_SCALARS 4u
#define SLIPI_INLINE_TENSORS 4u
#define SLIPI_FANOUT_CLOSED UINT32_MAX /* the task is COMPLETED */

/* Flags of a slot, for the orchestrator: which lines besides line 0 its watermarks need. */
#define SLIPI_SLOT_KEEPS 1u /* line 2: the task made buffers, or cells were cut after it */
#define SLIPI_SLOT_TOOK 2u  /* the ends in line 3: the task took argument bytes or pool edges */

/*
 * One task. Lines 0 and 1 are shared with the schedulers, line 2 and the ends in line 3 belong to
 * the orchestrator alone; the rest is written before the task is published and then read-only. Only
 * line 0 is written for every task; the others hold what an earlier task left unless they are used.
 *
 *   line 0  sync: fan-out list head, fan-in, kernels, argument places, duplicate mark
 *   line 1  the first eight in-edges of this task (cells in its producers' lists): beside line 0,
 *           because who walks a list goes from an edge to its consumer's fan-in
 *   line 2  lifetime (KEEPS): last use per ring, ends of what tail gives back
 *   line 3  four scalars; (TOOK) ends of what done gives back
 *   4 .. 7  four tensors
 */
typedef struct slipi_slot {
    slipi_au32 fanout; /* edge reference, or CLOSED. Orchestrator pushes, completer closes */
    slipi_ai32 fanin;  /* producers still running, plus a guard during submission */
    uint64_t task;     /* ring and id */
    uint16_t kernel[3];
    uint8_t shape; /* enum slip_task_shape */
    uint8_t flags; /* SLIPI_SLOT_* */
    uint16_t tensor_count;
    uint16_t scalar_count;
    uint32_t ready_next;  /* slot reference of the next in a chain of ready tasks; 0 ends it */
    uint32_t tensors_ref; /* in SM, units of 8 bytes: line 4 of this slot, or the ring's spill */
    uint32_t scalars_ref; /* ... line 3 of this slot, or the ring's spill */
    uint64_t submission;  /* index within the run, from 1 */
    uint64_t mark;        /* submission serial that already has an edge from here; graphs: its
                             producers in all, what fan-in starts from in every run */
    uint32_t chain_count; /* first of a shared chain: tasks in it */
    slipi_au32 lap;       /* graphs: low bits of the run in which it completed last. Its completer
                             writes; read when a run hangs [relaxed: only reported] */

    slipi_edge edges[SLIPI_INLINE_EDGES];

    uint64_t last_use[SLIPI_RINGS]; /* youngest task of each ring that touches a buffer made here */
    uint64_t heap_end;              /* ring positions after this task's allocations; 0 = none */
    uint64_t buffers_end;
    uint64_t cells_end;
    uint64_t reserved1;

    uint64_t scalars[SLIPI_INLINE_SCALARS];
    uint64_t spill_end;
    uint64_t pool_end;
    uint64_t reserved2[2];

    slip_task_tensor tensors[SLIPI_INLINE_TENSORS];
} slipi_slot;
_Static_assert(sizeof(slip_task_tensor) == SLIPI_LINE, "tensor size");
_Static_assert(offsetof(slipi_slot, edges) == 64, "line 1");
_Static_assert(offsetof(slipi_slot, last_use) == 128, "line 2");
_Static_assert(offsetof(slipi_slot, scalars) == 192, "line 3");
_Static_assert(offsetof(slipi_slot, tensors) == 256, "line 4");
_Static_assert(sizeof(slipi_slot) == SLIPI_SLOT_BYTES, "slot size");

/* ---- ready queues --------------------------------------------------------------------------- */

#define SLIPI_QUEUES 3u /* AIC, AIV, mixed; self-executing platforms use the first only */

/*
 * Cell of a ready queue: a chain of ready tasks. `turn` counts laps relative to the cell's index,
 * so a zero cell is an empty cell of lap 0: 2 k = free for lap k, 2 k + 1 = holds lap k's chain.
 */
typedef struct slipi_queue_cell {
    slipi_au64 turn;
    uint32_t chain; /* slot reference of the first task */
    uint32_t last;  /* ... and of the last: who takes the chain need not walk it */
} slipi_queue_cell;
_Static_assert(sizeof(slipi_queue_cell) == 16, "queue cell size");

/* Positions of one ready queue; monotonic, each on a line of its own. */
typedef struct slipi_queue {
    slipi_au64 push_pos;
    uint8_t pad0[SLIPI_LINE - 8];
    slipi_au64 pop_pos;
    uint8_t pad1[SLIPI_LINE - 8];
} slipi_queue;
_Static_assert(sizeof(slipi_queue) == 2 * SLIPI_LINE, "queue size");

/* ---- shared memory (SM) --------------------------------------------------------------------- */

/* Where the parts of one ring lie in SM, and how many there are. */
typedef struct slipi_ring_extent {
    uint64_t slots_off;
    uint64_t window; /* slots; a power of two */
    uint64_t edges_off;
    uint64_t edge_count; /* dependency-pool entries */
    uint64_t spill_off;
    uint64_t spill_bytes; /* argument bytes beyond a slot's own; a power of two */
    uint64_t heap_off;    /* in the GM heap */
    uint64_t heap_bytes;
} slipi_ring_extent;
_Static_assert(sizeof(slipi_ring_extent) == SLIPI_LINE, "ring extent size");

/* First fault of a run, as the device saw it; the host makes the sentence. */
typedef struct slipi_fault {
    int32_t status;      /* slip_status; 0 = none */
    int32_t ring;        /* -1 = none */
    int32_t scope;       /* depth; -1 = none */
    int32_t kernel;      /* -1 = none */
    int32_t code;        /* of the kernel or the program */
    uint32_t resource;   /* enum slipi_resource */
    uint64_t submission; /* 0 = none */
    uint64_t wanted;
    uint64_t available;
    uint64_t capacity;
    uint64_t remedy;  /* smallest value that would have passed; 0 = none */
    char detail[128]; /* what was wanted and found; NUL-terminated */
} slipi_fault;
_Static_assert(sizeof(slipi_fault) == 192, "fault size");

enum slipi_resource {
    SLIPI_RESOURCE_NONE = 0,
    SLIPI_RESOURCE_TASK_WINDOW = 1,
    SLIPI_RESOURCE_HEAP = 2,
    SLIPI_RESOURCE_BUFFERS = 3,
    SLIPI_RESOURCE_KERNEL = 4,
    SLIPI_RESOURCE_IMAGE = 5
};

/* How many lanes of a graph's tasks run a kernel. */
typedef struct slipi_graph_use {
    uint32_t kernel;
    uint32_t uses;
} slipi_graph_use;
_Static_assert(sizeof(slipi_graph_use) == 8, "graph use size");

/*
 * Header page of SM. The first part is the image: written by a build, never afterwards. What
 * follows is run state, zero at first; every shared word says who writes it.
 */
typedef struct slipi_sm {
    uint64_t magic; /* SLIPI_SM_MAGIC */
    uint32_t version;
    uint32_t ring_count;
    uint64_t fingerprint;
    uint64_t sm_bytes;
    uint64_t queue_cells_off[SLIPI_QUEUES];
    uint64_t queue_capacity; /* cells of each; a power of two >= all windows together */
    uint8_t pad0[0x80 - 0x40];

    slipi_ring_extent ring[SLIPI_RINGS]; /* 0x080 */

    slipi_queue queue[SLIPI_QUEUES]; /* 0x180 */

    /* 0x300: a graph that lies in ring 0 (sched/replay.c); zero in any other SM. */
    slipi_au64 graph_done;   /* tasks of this run that are complete; any worker adds */
    uint64_t graph_uses_off; /* slipi_graph_use[graph_uses]: kernels and how often */
    uint32_t graph_uses;     /* 0: not known */
    uint32_t graph_roots;    /* edge reference: who waits for nothing, linked like a fan-out */
    uint64_t graph_depth;    /* tasks on the longest path; 0: not known */
    uint64_t graph_edges;
    uint8_t pad1[0x18];

    /* 0x340: fatal latch. 0 free, 1 being written, 2 set. Claimed by any thread. */
    slipi_au32 fatal;
    slipi_au32 fatal_status;
    uint32_t pad2[14];

    /* 0x380: who is idle. Written by control threads. */
    slipi_au32 hungry; /* control threads in the run that look for work */
    slipi_au32 inside; /* control threads in the run besides thread 0 */
    uint32_t pad3[2];
    slipi_event progress; /* thread 0 sleeps here; completers wake it */
    uint32_t pad4[10];

    slipi_fault fault; /* 0x3c0 .. 0x480 */
    uint8_t pad5[SLIPI_PAGE - 0x480];
} slipi_sm;
_Static_assert(offsetof(slipi_sm, ring) == 0x80, "sm.ring");
_Static_assert(offsetof(slipi_sm, queue) == 0x180, "sm.queue");
_Static_assert(offsetof(slipi_sm, graph_done) == 0x300, "sm.graph_done");
_Static_assert(offsetof(slipi_sm, fatal) == 0x340, "sm.fatal");
_Static_assert(offsetof(slipi_sm, hungry) == 0x380, "sm.hungry");
_Static_assert(offsetof(slipi_sm, fault) == 0x3c0, "sm.fault");
_Static_assert(sizeof(slipi_sm) == SLIPI_PAGE, "sm header size");

enum slipi_phase {
    SLIPI_PHASE_NONE = 0,
    SLIPI_PHASE_OPEN = 1,   /* attached: threads may work */
    SLIPI_PHASE_FAILED = 2, /* "init: failed": threads leave */
    SLIPI_PHASE_ENDED = 3   /* the run is over: threads leave */
};

/* ---- runtime arena -------------------------------------------------------------------------- */

/*
 * One access cell: the last writer of a region and its readers since. Stale by comparison: a
 * reference is live iff its id >= done of its ring. Sequences are global, across runs (R3).
 */
#define SLIPI_CELL_READERS 4u
typedef struct slipi_cell {
    uint64_t writer;    /* task reference; 0 = none */
    uint64_t write_seq; /* sequence of that write */
    uint64_t read_seq;  /* sequence of the last read in the list; the list is void if older than a
                           write that covers the region */
    uint64_t readers[SLIPI_CELL_READERS];
    uint64_t overflow; /* node position + 1 of further readers; 0 = none */
} slipi_cell;
_Static_assert(sizeof(slipi_cell) == SLIPI_LINE, "cell size");

/*
 * A buffer: where it lies, the cell of accesses to all of it, and how it is cut into tiles.
 * `birth` is the sequence at which the record was (re)born; older cell contents are void.
 */
typedef struct slipi_buffer {
    uint64_t offset; /* in its binding, bytes */
    uint64_t bytes;
    uint64_t creator; /* task reference; 0 = run argument */
    uint64_t birth;
    uint64_t lattice;   /* cell position + 1 of the lattice header; 0 = none yet */
    uint64_t irregular; /* node position + 1 of the newest irregular access; 0 = none */
    uint32_t binding;
    uint32_t untracked; /* 1: nothing may write it in this run, so nothing is recorded */
    uint64_t reserved;
    slipi_cell whole;
} slipi_buffer;
_Static_assert(sizeof(slipi_buffer) == 128, "buffer size");

/*
 * Header of a lattice: three cells' room in front of its tables. A table per mask of spanned
 * dimensions; table 0 has mask 0, the single tiles. A cell older than its table's birth is void.
 * Because the room may become cells in a later life, the words where a cell keeps its sequences are
 * zero here: a header that is read as a cell is a void cell.
 */
#define SLIPI_LATTICE_TABLES 4u
typedef struct slipi_lattice {
    uint64_t root_offset; /* of the geometry's first element, bytes in the buffer */
    uint64_t void0[2];    /* zero */
    uint32_t root_shape[SLIP_MAX_DIMS];
    uint32_t tile[SLIP_MAX_DIMS];

    uint16_t ndim;
    uint16_t table_count;
    uint8_t mask[SLIPI_LATTICE_TABLES];
    uint64_t void1[2];                    /* zero */
    uint32_t count[SLIP_MAX_DIMS];        /* tiles along each dimension */
    uint32_t table[SLIPI_LATTICE_TABLES]; /* first cell, relative to this header */
    uint32_t elem_bytes;                  /* part of the geometry: run arguments may share memory */

    uint32_t dtype; /* of the views it was cut from */
    uint32_t reserved1;
    uint64_t void2[2];                    /* zero */
    uint64_t birth[SLIPI_LATTICE_TABLES]; /* sequence at which the table was made */
    uint64_t reserved2;
} slipi_lattice;
_Static_assert(sizeof(slipi_lattice) == 3 * sizeof(slipi_cell) && SLIPI_LATTICE_TABLES == 4,
               "lattice header size");
_Static_assert(offsetof(slipi_lattice, void0) == offsetof(slipi_cell, write_seq) &&
                   offsetof(slipi_lattice, void1) == 64 + offsetof(slipi_cell, write_seq) &&
                   offsetof(slipi_lattice, void2) == 128 + offsetof(slipi_cell, write_seq),
               "a header is void as a cell");

/* One access of an irregular region, or one reader beyond a cell's four. */
typedef struct slipi_node {
    uint64_t task; /* reference */
    uint64_t seq;
    uint64_t next;        /* older node's position + 1; void if below the pool's tail */
    uint64_t root_offset; /* geometry, as in slip_tensor */
    uint64_t byte_lo;     /* interval in the buffer */
    uint64_t byte_hi;
    uint32_t ndim; /* 0 = interval only */
    uint32_t writes;
    uint32_t root_shape[SLIP_MAX_DIMS];
    uint32_t lo[SLIP_MAX_DIMS];
    uint32_t len[SLIP_MAX_DIMS];
    uint32_t elem_bytes;
    uint32_t reserved[2];
} slipi_node;
_Static_assert(sizeof(slipi_node) == 128, "node size");

/* The orchestrator's own state of one ring. Positions are monotonic across runs (R3). */
typedef struct slipi_ring_state {
    uint64_t head; /* next task id; the first is one window */
    uint64_t done; /* below: COMPLETED */
    uint64_t tail; /* below: slot and heap bytes may be reused */
    uint64_t heap_head;
    uint64_t heap_tail;
    uint64_t buffers_head;
    uint64_t buffers_tail;
    uint64_t cells_head;
    uint64_t cells_tail;
    uint64_t spill_head;
    uint64_t spill_done;
    uint64_t pool_head;
    uint64_t pool_done;
    uint64_t window_high;
    uint64_t heap_high;
    uint64_t pool_high;
} slipi_ring_state;
_Static_assert(sizeof(slipi_ring_state) == 128, "ring state size");

/* Where the orchestrator's parts of one ring lie in the arena; row SLIPI_RINGS: run arguments. */
typedef struct slipi_map_extent {
    uint64_t buffers_off;
    uint64_t buffer_count; /* a power of two */
    uint64_t cells_off;
    uint64_t cell_count; /* a power of two */
} slipi_map_extent;
_Static_assert(sizeof(slipi_map_extent) == 32, "map extent size");

/* Header page of the arena: the runtime. The image part first, then the orchestrator's state. */
typedef struct slipi_runtime {
    uint64_t magic; /* SLIPI_ARENA_MAGIC */
    uint32_t version;
    uint32_t ring_count;
    uint64_t fingerprint;
    uint64_t arena_bytes;
    uint64_t sm_bytes;
    uint64_t heap_bytes;
    uint64_t nodes_off;
    uint64_t node_count;                   /* a power of two */
    slipi_map_extent map[SLIPI_RINGS + 1]; /* 0x040 */
    uint8_t pad0[0x100 - 0x40 - 32 * (SLIPI_RINGS + 1)];

    slipi_ring_state ring[SLIPI_RINGS]; /* 0x100; head = done = tail = window in the image */
    uint64_t sequence;                  /* 0x300: submissions ever; also the map's clock */
    uint64_t node_head;
    uint64_t node_tail;
    uint64_t scope_serial;
    uint64_t args_cells_head; /* bump of the run-argument cells */
    uint64_t last_run_serial;
    uint8_t pad1[SLIPI_PAGE - 0x330];
} slipi_runtime;
_Static_assert(offsetof(slipi_runtime, map) == 0x40, "runtime.map");
_Static_assert(offsetof(slipi_runtime, ring) == 0x100, "runtime.ring");
_Static_assert(offsetof(slipi_runtime, sequence) == 0x300, "runtime.sequence");
_Static_assert(sizeof(slipi_runtime) == SLIPI_PAGE, "runtime size");

/* Changes whenever a layout above changes: two builds that disagree refuse each other. */
uint64_t slipi_layout_fingerprint(void);

#endif
