/*
 * test_handles.c - handles of tensors and tasks used where they are not valid: never set, after
 * their scope, in another run, on another runner. Each is refused by name, whatever the handle
 * holds, and the next run is good.
 *
 * ctest-labels: errors unit
 * ctest-run: cpu --platform cpu
 * ctest-run: a2a3sim --platform a2a3sim
 * ctest-run: a5sim --platform a5sim
 */
#include "lab.h"

static const char *platform;
static slip_tensor kept_tensor;    /* of an earlier run */
static slip_tensor kept_argument;  /* a run argument of an earlier run */
static slip_task_handle kept_task; /* of an earlier run */

/* Submits one task with one argument. */
static slip_status use(slip_orch *o, slip_arg arg)
{
    return slip_spawn(o, SLIP_TASK_AIV, LAB_NOTHING, 1, &arg);
}

/* Submits one task after another one. */
static slip_status follow(slip_orch *o, const slip_task_handle *dep, slip_task_handle *out)
{
    slip_task task = {
        (uint32_t)sizeof(slip_task), SLIP_TASK_AIV, {LAB_NOTHING, 0, 0}, 0, 1, NULL, dep};
    task.dep_count = dep != NULL ? 1 : 0;
    return slip_submit_task(o, &task, out);
}

/* Bad: a handle that nothing has set. */
static slip_status unset_tensor(slip_orch *o)
{
    slip_tensor t;
    memset(&t, 0, sizeof t);
    return use(o, slip_in(&t));
}

/* Bad: a view of a handle that nothing has set. */
static slip_status unset_view(slip_orch *o)
{
    const uint32_t zero = 0;
    slip_tensor t;
    memset(&t, 0, sizeof t);
    return slip_slice(o, &t, &zero, &zero, &t);
}

/* Bad: a view of no handle. */
static slip_status null_view(slip_orch *o)
{
    const uint32_t zero = 0;
    slip_tensor t;
    return slip_slice(o, NULL, &zero, &zero, &t);
}

/* Bad: an element of a handle that nothing has set. */
static slip_status unset_element(slip_orch *o)
{
    const uint32_t zero = 0;
    uint64_t bits;
    slip_tensor t;
    memset(&t, 0, sizeof t);
    return slip_get(o, &t, &zero, &bits);
}

/* Makes a tensor in a scope of its own and ends the scope. */
static slip_status make_and_leave(slip_orch *o, slip_tensor *out)
{
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    status = status == SLIP_OK ? lab_make(o, out, 64) : status;
    return status == SLIP_OK ? slip_scope_end(o) : status;
}

/* Bad: an output after its scope. */
static slip_status after_scope(slip_orch *o)
{
    slip_tensor t;
    slip_status status = make_and_leave(o, &t);
    return status == SLIP_OK ? use(o, slip_in(&t)) : status;
}

/* Bad: an output after its scope, in another scope of the same depth. */
static slip_status in_next_scope(slip_orch *o)
{
    slip_tensor t;
    slip_status status = make_and_leave(o, &t);
    status = status == SLIP_OK ? slip_scope_begin(o, SLIP_SCOPE_AUTO) : status;
    return status == SLIP_OK ? use(o, slip_nodep(&t)) : status;
}

/* Bad: a view that was made in time, used after the scope of its buffer. */
static slip_status view_after_scope(slip_orch *o)
{
    const uint32_t lo = 1;
    const uint32_t len = 2;
    slip_tensor t;
    slip_tensor view;
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
    status = status == SLIP_OK ? lab_make(o, &t, 64) : status;
    status = status == SLIP_OK ? slip_slice(o, &t, &lo, &len, &view) : status;
    status = status == SLIP_OK ? slip_scope_end(o) : status;
    return status == SLIP_OK ? use(o, slip_inout(&view)) : status;
}

/* Bad: an element of an output after its scope. */
static slip_status element_after_scope(slip_orch *o)
{
    const uint32_t zero = 0;
    slip_tensor t;
    slip_status status = make_and_leave(o, &t);
    return status == SLIP_OK ? slip_set(o, &t, &zero, 1) : status;
}

/* Bad: an edge to a task of a scope that has ended. */
static slip_status edge_after_scope(slip_orch *o)
{
    slip_task_handle task;
    slip_status status = slip_scope_begin(o, SLIP_SCOPE_MANUAL);
    status = status == SLIP_OK ? follow(o, NULL, &task) : status;
    status = status == SLIP_OK ? slip_scope_end(o) : status;
    return status == SLIP_OK ? follow(o, &task, NULL) : status;
}

/* Bad: an edge to no task. */
static slip_status edge_to_none(slip_orch *o)
{
    const slip_task_handle none = {0, 0, 0, 0, 0};
    return follow(o, &none, NULL);
}

static const lab_case within_a_run[] = {
    {"unset tensor", unset_tensor, SLIP_E_BAD_HANDLE, "never set", NULL},
    {"unset view", unset_view, SLIP_E_BAD_HANDLE, "never set", NULL},
    {"null view", null_view, SLIP_E_BAD_HANDLE, "never set", NULL},
    {"unset element", unset_element, SLIP_E_BAD_HANDLE, "never set", NULL},
    {"after scope", after_scope, SLIP_E_BAD_HANDLE, "whose scope (depth 1) has ended",
     "in an outer scope"},
    {"in next scope", in_next_scope, SLIP_E_BAD_HANDLE, "depth 1", NULL},
    {"view after scope", view_after_scope, SLIP_E_BAD_HANDLE, "depth 1", NULL},
    {"element after scope", element_after_scope, SLIP_E_BAD_HANDLE, "depth 1", NULL},
    {"edge after scope", edge_after_scope, SLIP_E_BAD_HANDLE, "explicit edge 0", "open scope"},
    {"edge to none", edge_to_none, SLIP_E_BAD_HANDLE, "explicit edge 0", NULL},
};

/* Good: keeps its handles beyond the run. */
static slip_status keep(slip_orch *o)
{
    slip_status status = slip_orch_tensor(o, 0, &kept_argument);
    status = status == SLIP_OK ? lab_make(o, &kept_tensor, 64) : status;
    return status == SLIP_OK ? follow(o, NULL, &kept_task) : status;
}

/* Bad: an output of an earlier run. */
static slip_status use_kept_tensor(slip_orch *o)
{
    return use(o, slip_in(&kept_tensor));
}

/* Bad: a run argument of an earlier run. */
static slip_status use_kept_argument(slip_orch *o)
{
    return use(o, slip_in(&kept_argument));
}

/* Bad: a view of an output of an earlier run. */
static slip_status view_kept_tensor(slip_orch *o)
{
    static const uint32_t shape[2] = {8, 8};
    slip_tensor t;
    return slip_reshape(o, &kept_tensor, 2, shape, &t);
}

/* Bad: an edge to a task of an earlier run. */
static slip_status use_kept_task(slip_orch *o)
{
    return follow(o, &kept_task, NULL);
}

static const lab_case across_runs[] = {
    {"kept tensor", use_kept_tensor, SLIP_E_BAD_HANDLE, "tensor handle of", NULL},
    {"kept argument", use_kept_argument, SLIP_E_BAD_HANDLE, "tensor handle of", NULL},
    {"view of a kept tensor", view_kept_tensor, SLIP_E_BAD_HANDLE, "tensor handle of", NULL},
    {"kept task", use_kept_task, SLIP_E_BAD_HANDLE, "explicit edge 0", NULL},
};

/* Mistakes within one run. */
static void invalid_handles(void)
{
    lab l;
    CHECK(lab_open(&l, platform, NULL));
    lab_check_all(&l, within_a_run, sizeof(within_a_run) / sizeof(within_a_run[0]));
    lab_close(&l);
}

/* Handles of an earlier run of the same runner. */
static void stale_handles(void)
{
    lab l;
    CHECK(lab_open(&l, platform, NULL));
    for (size_t i = 0; i < sizeof(across_runs) / sizeof(across_runs[0]); i++) {
        CHECK_STATUS(SLIP_OK, lab_run(&l, keep, NULL));
        lab_check(&l, &across_runs[i], NULL);
    }
    lab_close(&l);
}

/* Handles of the same run, scope and task of another runner, open or closed. */
static void foreign_handles(void)
{
    for (size_t i = 0; i < sizeof(across_runs) / sizeof(across_runs[0]); i++) {
        for (int closed = 0; closed < 2; closed++) {
            lab first;
            lab second;
            CHECK(lab_open(&first, platform, NULL));
            CHECK_STATUS(SLIP_OK, lab_run(&first, keep, NULL));
            if (closed != 0) {
                lab_close(&first);
            }
            CHECK(lab_open(&second, platform, NULL));
            lab_check(&second, &across_runs[i], NULL);
            lab_close(&second);
            lab_close(&first);
        }
    }
}

/* A handle stays valid in inner scopes and beside others, up to the end of its own scope. */
static slip_status use_in_time(slip_orch *o)
{
    slip_tensor t;
    slip_task_handle task;
    slip_status status = lab_make(o, &t, 64);
    status = status == SLIP_OK ? follow(o, NULL, &task) : status;
    for (uint32_t depth = 1; depth < SLIP_MAX_SCOPE_DEPTH && status == SLIP_OK; depth++) {
        status = slip_scope_begin(o, SLIP_SCOPE_AUTO);
        status = status == SLIP_OK ? use(o, slip_inout(&t)) : status;
        status = status == SLIP_OK ? follow(o, &task, NULL) : status;
    }
    for (uint32_t depth = 1; depth < SLIP_MAX_SCOPE_DEPTH && status == SLIP_OK; depth++) {
        status = slip_scope_end(o);
    }
    return status == SLIP_OK ? use(o, slip_in(&t)) : status;
}

/* What is allowed stays allowed. */
static void valid_handles(void)
{
    lab l;
    CHECK(lab_open(&l, platform, NULL));
    CHECK_STATUS(SLIP_OK, lab_run(&l, use_in_time, NULL));
    CHECK(lab_good(&l));
    lab_close(&l);
}

/* Runs every case. */
int main(int argc, char **argv)
{
    platform = lab_platform(argc, argv);
    CHECK_CASE(invalid_handles);
    CHECK_CASE(stale_handles);
    CHECK_CASE(foreign_handles);
    CHECK_CASE(valid_handles);
    return check_report();
}
