/*
 * starpu.c - StarPU: a data handle for each cell, dependencies from the access modes.
 *
 * A program of its own; tasks run on StarPU's workers, the rest on the initial thread, which only
 * submits: `threads` workers work beside it. Handles are registered before the clock starts.
 */
#include <starpu.h>

#include "harness.h"

static starpu_data_handle_t *handles; /* one a cell */

/* Runs one task; its id is the argument itself. */
static void run_task(void *buffers[], void *arg)
{
    (void)buffers;
    peers_task((uint32_t)(uintptr_t)arg);
}

static struct starpu_codelet codelet = {
    .cpu_funcs = {run_task}, .nbuffers = STARPU_VARIABLE_NBUFFERS, .name = "task"};

/* Starts the workers, without asking for accelerators. */
static bool peer_open(uint32_t threads)
{
    struct starpu_conf conf;
    setenv("STARPU_SILENT", "1", 0);
    starpu_conf_init(&conf);
    conf.ncpus = (int)threads;
    conf.ncuda = 0;
    conf.nopencl = 0;
    conf.sched_policy_name = "lws";
    return starpu_init(&conf) == 0;
}

/* Registers the cells. */
static bool peer_prepare(uint32_t mode)
{
    (void)mode;
    uint32_t count = peers_cells(&peers_now.graph);
    handles = calloc(count, sizeof(handles[0]));
    for (uint32_t i = 0; i < count && handles != NULL; i++) {
        starpu_variable_data_register(&handles[i], STARPU_MAIN_RAM, (uintptr_t)&peers_now.cells[i],
                                      sizeof(peers_cell_data));
    }
    return handles != NULL;
}

/* Submits one task; more data than the structure holds go to arrays that StarPU frees. */
static bool submit(const peers_plan *p, uint32_t i)
{
    struct starpu_task *task = starpu_task_create();
    uint32_t count = p->first[i + 1] - p->first[i];
    starpu_data_handle_t *data = task->handles;
    enum starpu_data_access_mode *modes = task->modes;
    if (count + 1 > STARPU_NMAXBUFS) {
        data = task->dyn_handles = malloc((count + 1) * sizeof(data[0]));
        modes = task->dyn_modes = malloc((count + 1) * sizeof(modes[0]));
    }
    for (uint32_t k = 0; k < count; k++) {
        data[k] = handles[p->input[p->first[i] + k]];
        modes[k] = STARPU_R;
    }
    data[count] = handles[p->cell[i]];
    modes[count] = p->in_place ? STARPU_RW : STARPU_W;
    task->cl = &codelet;
    task->nbuffers = (int)count + 1;
    task->cl_arg = (void *)(uintptr_t)p->id[i];
    return starpu_task_submit(task) == 0;
}

/* Submits the plan and waits. */
static bool peer_run(uint32_t mode)
{
    (void)mode;
    bool good = true;
    for (uint32_t i = 0; i < peers_now_plan.count && good; i++) {
        good = submit(&peers_now_plan, i);
    }
    return starpu_task_wait_for_all() == 0 && good;
}

/* Unregisters the cells. */
static void peer_finish(uint32_t mode)
{
    (void)mode;
    uint32_t count = handles == NULL ? 0 : peers_cells(&peers_now.graph);
    for (uint32_t i = 0; i < count; i++) {
        starpu_data_unregister(handles[i]);
    }
    free(handles);
    handles = NULL;
}

static const char *const starpu_modes[] = {"lws", NULL};
static const peers_peer peer = {"starpu",
                                PEERS_VERSION,
                                "data handles with access modes, RAW, WAR and WAW; threads are "
                                "workers beside the thread that submits",
                                starpu_modes,
                                peer_open,
                                peer_prepare,
                                peer_run,
                                peer_finish,
                                starpu_shutdown};

/* See harness.h. */
int main(int argc, char **argv)
{
    return peers_main(argc, argv, &peer);
}
