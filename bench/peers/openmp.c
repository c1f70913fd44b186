/*
 * openmp.c - OpenMP tasks with depend clauses: libgomp or LLVM libomp, by the compiler.
 *
 * A program of its own; tasks run on any thread of the team, the rest on the initial thread.
 * PEERS_NAME and PEERS_VERSION come from the build. Tasks with up to five inputs have a clause for
 * each, those with more an iterator. With one thread libgomp runs tasks at once, which is its
 * right.
 */
#include <omp.h>

#include "harness.h"

#define CELL(i) (*(char *)&cells[p->input[first + (i)]])

/* Sets the size of the team. */
static bool openmp_open(uint32_t threads)
{
    omp_set_dynamic(0);
    omp_set_num_threads((int)threads);
    return true;
}

/* Nothing to prepare: dependencies are found from addresses. */
static bool openmp_prepare(uint32_t mode)
{
    (void)mode;
    return true;
}

/* A task with more inputs than clauses are written out for. */
static void openmp_submit_many(uint32_t i)
{
    const peers_plan *p = &peers_now_plan;
    peers_cell_data *cells = peers_now.cells;
    char *own = (char *)&cells[p->cell[i]];
    uint32_t first = p->first[i];
    uint32_t count = p->first[i + 1] - first;
    uint32_t id = p->id[i];
    (void)own; /* gcc does not count a clause as a use */
    (void)count;
#pragma omp task depend(iterator(uint32_t k = 0 : count), in : CELL(k)) depend(out : own[0])
    {
        peers_task(id);
    }
}

/* One task with a clause for each input. */
static void openmp_submit(uint32_t i)
{
    const peers_plan *p = &peers_now_plan;
    peers_cell_data *cells = peers_now.cells;
    char *own = (char *)&cells[p->cell[i]];
    uint32_t first = p->first[i];
    uint32_t id = p->id[i];
    (void)own; /* gcc does not count a clause as a use */
    switch (p->first[i + 1] - first) {
    case 0:
#pragma omp task depend(inout : own[0])
    {
        peers_task(id);
    } break;
    case 1:
#pragma omp task depend(in : CELL(0)) depend(out : own[0])
    {
        peers_task(id);
    } break;
    case 2:
#pragma omp task depend(in : CELL(0), CELL(1)) depend(out : own[0])
    {
        peers_task(id);
    } break;
    case 3:
#pragma omp task depend(in : CELL(0), CELL(1), CELL(2)) depend(out : own[0])
    {
        peers_task(id);
    } break;
    case 4:
#pragma omp task depend(in : CELL(0), CELL(1), CELL(2), CELL(3)) depend(out : own[0])
    {
        peers_task(id);
    } break;
    case 5:
#pragma omp task depend(in : CELL(0), CELL(1), CELL(2), CELL(3), CELL(4)) depend(out : own[0])
    {
        peers_task(id);
    } break;
    default:
        openmp_submit_many(i);
    }
}

/* One thread submits; the end of the region waits for all. */
static bool openmp_run(uint32_t mode)
{
    (void)mode;
#pragma omp parallel
#pragma omp single
    {
        for (uint32_t i = 0; i < peers_now_plan.count; i++) {
            openmp_submit(i);
        }
    }
    return true;
}

/* Nothing to undo. */
static void openmp_finish(uint32_t mode)
{
    (void)mode;
}

/* The team ends with the process. */
static void openmp_close(void)
{
}

static const char *const openmp_modes[] = {"tasks", NULL};
static const peers_peer openmp_peer = {
    PEERS_NAME,   PEERS_VERSION, "depend clauses on cell addresses, RAW, WAR and WAW",
    openmp_modes, openmp_open,   openmp_prepare,
    openmp_run,   openmp_finish, openmp_close};

/* See harness.h. */
int main(int argc, char **argv)
{
    return peers_main(argc, argv, &openmp_peer);
}
