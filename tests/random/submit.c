/*
 * submit.c - a random program as an orchestration function on a runner, and the comparison with
 * its sequential execution; see model.h.
 *
 * One program at a time; the orchestration function runs while rp_run waits.
 */
#include <string.h>

#include "model.h"

/* A program while it runs; its address is the run's scalar argument. */
typedef struct running {
    const rp_program *p;
    uint32_t op; /* being submitted */
    slip_tensor tensor[RP_MAX_TENSORS];
    slip_task_handle handle[RP_MAX_OPS];
    uint64_t value[RP_MAX_OPS]; /* of gets */
} running;

/* Makes a view through the runtime. */
static slip_status make_view(slip_orch *o, const running *r, const rp_view *v, slip_tensor *out)
{
    *out = r->tensor[v->tensor];
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < v->steps && status == SLIP_OK; i++) {
        const rp_step *step = &v->step[i];
        slip_tensor from = *out;
        if (step->kind == RP_SLICE) {
            status = slip_slice(o, &from, step->a, step->b, out);
        } else if (step->kind == RP_RESHAPE) {
            status = slip_reshape(o, &from, step->ndim, step->a, out);
        } else {
            status = slip_transpose(o, &from, step->a, out);
        }
    }
    return status;
}

/* Fills the arguments of a task; `view` has room for its tensors. */
static slip_status make_args(slip_orch *o, running *r, const rp_op *op, slip_tensor *view,
                             slip_arg *arg, uint32_t *out_count)
{
    uint64_t scalar[RP_SCALARS + RP_MAX_ARGS];
    uint64_t value = op->value_from == RP_NONE ? 0 : r->value[op->value_from];
    uint32_t scalars = rp_task_scalars(r->p, op, value, scalar);
    uint32_t n = 0;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const rp_arg *from = &r->p->pool[op->first_arg + i];
        slip_tensor *made = &r->tensor[from->view.tensor];
        if (from->access == SLIP_ACCESS_OUT) {
            uint8_t ndim = (uint8_t)from->view.ndim;
            arg[n] = from->has_init
                         ? slip_out_init(made, SLIP_U32, ndim, from->view.shape, from->init)
                         : slip_out(made, SLIP_U32, ndim, from->view.shape);
            n++;
            continue;
        }
        slip_status status = make_view(o, r, &from->view, &view[i]);
        if (status != SLIP_OK) {
            return status;
        }
        arg[n] = slip_in(&view[i]);
        arg[n].kind = from->access;
        n++;
    }
    for (uint32_t i = 0; i < scalars; i++) {
        arg[n] = slip_scalar(scalar[i]);
        n++;
    }
    *out_count = n;
    return SLIP_OK;
}

/* Submits one task. */
static slip_status submit_task(slip_orch *o, running *r, uint32_t index)
{
    const rp_op *op = &r->p->op[index];
    slip_tensor view[RP_MAX_ARGS];
    slip_arg arg[2u * RP_MAX_ARGS + RP_SCALARS];
    slip_task_handle dep[RP_MAX_DEPS];
    slip_task task;
    memset(&task, 0, sizeof(task));
    task.struct_size = sizeof(task);
    task.shape = (uint16_t)op->shape;
    task.args = arg;
    task.deps = dep;
    slip_status status = make_args(o, r, op, view, arg, &task.arg_count);
    if (status != SLIP_OK) {
        return status;
    }
    for (uint32_t i = 0; i < op->dep_count; i++) {
        if (!r->p->op[op->dep[i]].off) {
            dep[task.dep_count] = r->handle[op->dep[i]];
            task.dep_count++;
        }
    }
    task.kernel[0] = op->shape == SLIP_TASK_AIV ? RP_KERNEL_AIV : RP_KERNEL_AIC;
    if (op->shape == SLIP_TASK_MIXED) {
        for (uint32_t k = 0; k < 3; k++) {
            task.kernel[k] = (uint16_t)(RP_KERNEL_MIXED + k);
        }
    }
    return slip_submit_task(o, &task, &r->handle[index]);
}

/* Does one operation. */
static slip_status submit_op(slip_orch *o, running *r, uint32_t index)
{
    const rp_op *op = &r->p->op[index];
    slip_tensor view;
    slip_status status = SLIP_OK;
    switch (op->kind) {
    case RP_TASK:
        return submit_task(o, r, index);
    case RP_SCOPE_BEGIN:
        return slip_scope_begin(o, (enum slip_scope_kind)op->scope);
    case RP_SCOPE_END:
        return slip_scope_end(o);
    default:
        status = make_view(o, r, &r->p->pool[op->first_arg].view, &view);
        if (status != SLIP_OK) {
            return status;
        }
        return op->kind == RP_GET ? slip_get(o, &view, op->index, &r->value[index])
                                  : slip_set(o, &view, op->index, op->bits);
    }
}

/* The orchestration function of all variants. */
static slip_status orchestrate(slip_orch *o)
{
    running *r = (running *)(uintptr_t)slip_orch_scalar(o, 0);
    slip_status status = SLIP_OK;
    for (uint32_t t = 0; t < r->p->run_tensors && status == SLIP_OK; t++) {
        status = slip_orch_tensor(o, t + 1u, &r->tensor[t]);
    }
    for (uint32_t i = 0; i < r->p->op_count && status == SLIP_OK; i++) {
        r->op = i;
        if (!r->p->op[i].off) {
            status = submit_op(o, r, i);
        }
    }
    return status;
}

#define TENSOR(access)                                     \
    {                                                      \
        "tensor", SLIP_PARAM_TENSOR, (access), SLIP_U32, 0 \
    }
#define POINTER                               \
    {                                         \
        "program", SLIP_PARAM_SCALAR, 0, 0, 0 \
    }

/* Signatures: the last tensor is INOUT, IN or OUT; fewer tensors start further behind. */
static const slip_param params[3][RP_MAX_RUN_TENSORS + 1u][RP_MAX_RUN_TENSORS + 1u] = {
#define ROWS(last)                                                              \
    {                                                                           \
        {POINTER}, {POINTER, TENSOR(last)}, {POINTER, TENSOR(3), TENSOR(last)}, \
            {POINTER, TENSOR(3), TENSOR(3), TENSOR(last)},                      \
        {                                                                       \
            POINTER, TENSOR(3), TENSOR(3), TENSOR(3), TENSOR(last)              \
        }                                                                       \
    }
    ROWS(SLIP_ACCESS_INOUT), ROWS(SLIP_ACCESS_IN), ROWS(SLIP_ACCESS_OUT)
#undef ROWS
};

/* The program of a variant. */
const slip_program *rp_variant_program(uint32_t variant)
{
    static slip_program programs[RP_VARIANTS];
    uint32_t tensors = variant / 3u + 1u;
    slip_program program = {SLIP_PROGRAM_MAGIC,
                            SLIP_PROGRAM_ABI,
                            (uint32_t)sizeof(slip_program),
                            "random",
                            orchestrate,
                            NULL,
                            rp_kernels,
                            RP_KERNELS,
                            tensors + 1u,
                            params[variant % 3u][tensors]};
    programs[variant] = program;
    return &programs[variant];
}

/* Index of the variant of a program. */
uint32_t rp_variant(const rp_program *p)
{
    uint32_t last = p->last_access == SLIP_ACCESS_INOUT ? 0u
                    : p->last_access == SLIP_ACCESS_IN  ? 1u
                                                        : 2u;
    return (p->run_tensors - 1u) * 3u + last;
}

/* Compares memory and element values with the sequential execution. */
static bool compare(const rp_program *p, const running *r, char *why, size_t why_bytes)
{
    for (uint32_t t = 0; t < p->run_tensors; t++) {
        const rp_memory *memory = &p->memory[p->tensor[t].memory];
        for (uint32_t i = 0; i < memory->elements; i++) {
            bool known = (memory->defined.word[i / 64u] >> (i % 64u) & 1u) != 0;
            if (known && memory->host[i] != memory->cells[i]) {
                (void)snprintf(why, why_bytes,
                               "memory %u of tensor t%u, element %u is %08x, wanted %08x",
                               p->tensor[t].memory, t, i, memory->host[i], memory->cells[i]);
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < p->op_count; i++) {
        if (p->op[i].kind == RP_GET && !p->op[i].off && r->value[i] != p->op[i].bits) {
            (void)snprintf(why, why_bytes, "get %u read %llx, wanted %x", i,
                           (unsigned long long)r->value[i], p->op[i].bits);
            return false;
        }
    }
    return true;
}

/* Arguments of a run over the program's host memory. */
static void make_run_args(rp_program *p, const running *r, slip_run_arg *arg)
{
    arg[0] = slip_scalar_arg((uint64_t)(uintptr_t)r);
    for (uint32_t t = 0; t < p->run_tensors; t++) {
        const rp_tensor *tensor = &p->tensor[t];
        rp_memory *memory = &p->memory[tensor->memory];
        memcpy(memory->host, memory->start, sizeof(memory->host));
        uint32_t access = t + 1u == p->run_tensors ? p->last_access : SLIP_ACCESS_INOUT;
        arg[t + 1u] = slip_host_tensor(&memory->host[tensor->offset], SLIP_U32, (uint8_t)access,
                                       tensor->ndim, tensor->shape);
    }
}

/* Runs and compares. */
bool rp_run(rp_program *p, slip_runner *runner, slip_callable callable, bool audit, char *why,
            size_t why_bytes)
{
    static running r;
    slip_run_arg arg[RP_MAX_RUN_TENSORS + 1u];
    slip_run_config config;
    memset(&r.value, 0, sizeof(r.value));
    memset(&config, 0, sizeof(config));
    config.struct_size = sizeof(config);
    config.dispatch = p->dispatch;
    config.control_threads = p->threads;
    config.audit = audit ? 1u : 0u;
    config.sizing = p->sizing;
    r.p = p;
    why[0] = '\0';
    rp_execute(p);
    make_run_args(p, &r, arg);
    slip_status status = slip_run(runner, callable, arg, p->run_tensors + 1u, &config);
    if (status != SLIP_OK) {
        slip_error error = {.struct_size = sizeof(error)};
        slip_status known = slip_last_error(runner, &error);
        (void)snprintf(why, why_bytes, "run: %s at operation %u: %.300s", slip_status_name(status),
                       r.op, known == SLIP_OK ? error.message : "");
        return false;
    }
    if (!compare(p, &r, why, why_bytes)) {
        return false;
    }
    slip_audit_report report = {.struct_size = sizeof(report)};
    status = audit ? slip_audit(runner, &report) : SLIP_OK;
    if (status != SLIP_OK) {
        (void)snprintf(why, why_bytes, "audit: %s: %s", slip_status_name(status),
                       report.first_problem);
    }
    return status == SLIP_OK;
}

/* True if an operation that a graph cannot hold is left. */
static bool touches_elements(const rp_program *p)
{
    for (uint32_t i = 0; i < p->op_count; i++) {
        if (!p->op[i].off && (p->op[i].kind == RP_GET || p->op[i].kind == RP_SET)) {
            return true;
        }
    }
    return false;
}

/* Other contents for the run arguments, and what becomes of them. */
static void change_contents(rp_program *p, uint32_t round)
{
    for (uint32_t t = 0; t < p->run_tensors; t++) {
        rp_memory *memory = &p->memory[p->tensor[t].memory];
        for (uint32_t i = 0; i < memory->elements; i++) {
            memory->start[i] = (uint32_t)rp_mix64(p->seed + round * 4096u + i);
        }
    }
    rp_execute(p);
}

/* Replays once with the run arguments' memories in `at`, and compares. */
static bool replay_once(rp_program *p, const running *r, slip_recording *graph,
                        uint32_t at[][RP_ELEMENTS], char *why, size_t why_bytes)
{
    for (uint32_t t = 0; t < p->run_tensors; t++) {
        uint32_t m = p->tensor[t].memory;
        memcpy(at[m], p->memory[m].start, sizeof(at[m]));
    }
    slip_status status = slip_graph_replay(graph);
    if (status != SLIP_OK) {
        (void)snprintf(why, why_bytes, "replay: %s", slip_status_name(status));
        return false;
    }
    for (uint32_t t = 0; t < p->run_tensors; t++) {
        uint32_t m = p->tensor[t].memory;
        memcpy(p->memory[m].host, at[m], sizeof(at[m]));
    }
    return compare(p, r, why, why_bytes);
}

/* Three replays with other contents, the last one elsewhere in memory, then checked mode. */
static bool replay_all(rp_program *p, const running *r, slip_recording *graph, char *why,
                       size_t why_bytes)
{
    static uint32_t at[2][RP_MAX_TENSORS][RP_ELEMENTS];
    slip_run_arg arg[RP_MAX_RUN_TENSORS + 1u];
    for (uint32_t round = 0; round < 4; round++) {
        change_contents(p, round);
        make_run_args(p, r, arg);
        for (uint32_t t = 0; t < p->run_tensors; t++) {
            const rp_tensor *tensor = &p->tensor[t];
            arg[t + 1u].host = &at[round / 2u][tensor->memory][tensor->offset];
            slip_status status = slip_graph_set(graph, t + 1u, &arg[t + 1u]);
            if (status != SLIP_OK) {
                (void)snprintf(why, why_bytes, "set: %s", slip_status_name(status));
                return false;
            }
        }
        if (!replay_once(p, r, graph, at[round / 2u], why, why_bytes)) {
            return false;
        }
    }
    slip_status status = slip_graph_check(graph);
    (void)snprintf(why, why_bytes, "check: %s", slip_status_name(status));
    return status == SLIP_OK;
}

/* Records, replays, compares. */
bool rp_replay(rp_program *p, slip_runner *runner, slip_callable callable, bool audit, char *why,
               size_t why_bytes)
{
    static running r;
    slip_run_arg arg[RP_MAX_RUN_TENSORS + 1u];
    slip_run_config config = {.struct_size = sizeof(config)};
    slip_recording *graph = NULL;
    config.dispatch = p->dispatch;
    config.control_threads = p->threads;
    config.audit = audit ? 1u : 0u;
    memset(&r.value, 0, sizeof(r.value));
    r.p = p;
    make_run_args(p, &r, arg);
    bool refused = touches_elements(p);
    slip_log_set_level(refused ? SLIP_LOG_ERROR - 1 : SLIP_LOG_WARN);
    slip_status status =
        slip_graph_record(runner, callable, arg, p->run_tensors + 1u, &config, &graph);
    slip_log_set_level(SLIP_LOG_WARN);
    (void)snprintf(why, why_bytes, "record: %s", slip_status_name(status));
    if (refused || status != SLIP_OK) {
        return refused && status == SLIP_E_NOT_RECORDABLE;
    }
    bool good = replay_all(p, &r, graph, why, why_bytes);
    slip_audit_report report = {.struct_size = sizeof(report)};
    if (good && audit && slip_audit(runner, &report) != SLIP_OK) {
        (void)snprintf(why, why_bytes, "audit of a replay: %s", report.first_problem);
        good = false;
    }
    slip_graph_destroy(graph);
    return good;
}
