/*
 * execute.c - a random program one operation after the other on plain arrays, and as text.
 *
 * One thread; no state beyond the program.
 */
#include <string.h>

#include "model.h"

/* Scalars of a task. */
uint32_t rp_task_scalars(const rp_program *p, const rp_op *op, uint64_t value, uint64_t *scalar)
{
    uint64_t reads = 0;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        reads |= (uint64_t)p->pool[op->first_arg + i].reads << i;
    }
    scalar[RP_SCALAR_SEED] = op->seed;
    scalar[RP_SCALAR_SPIN] = op->spin;
    scalar[RP_SCALAR_READS] = reads;
    scalar[RP_SCALAR_VALUE] = value;
    for (uint32_t i = 0; i < op->fillers; i++) {
        scalar[RP_SCALARS + i] = rp_mix64(op->seed + i);
    }
    return RP_SCALARS + op->fillers;
}

/* Value that a task takes from an earlier get. */
static uint64_t taken_value(const rp_program *p, const rp_op *op)
{
    return op->value_from == RP_NONE || p->op[op->value_from].off ? 0 : p->op[op->value_from].bits;
}

/* Runs one task: initial values, then its kernels. */
static void execute_task(rp_program *p, const rp_op *op)
{
    rp_operand operand[RP_MAX_ARGS];
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const rp_arg *arg = &p->pool[op->first_arg + i];
        const rp_view *v = &arg->view;
        rp_memory *memory = &p->memory[p->tensor[v->tensor].memory];
        if (arg->has_init) {
            for (uint32_t k = 0; k < memory->elements; k++) {
                memory->cells[k] = arg->init;
            }
        }
        rp_operand o = {
            &memory->cells[v->offset], v->ndim, arg->access, v->shape, v->stride, arg->reads};
        operand[i] = o;
    }
    if (op->shape == SLIP_TASK_DUMMY) {
        return;
    }
    uint64_t scalar[RP_SCALARS + RP_MAX_ARGS];
    uint32_t scalars = rp_task_scalars(p, op, taken_value(p, op), scalar);
    uint64_t seed = rp_kernel_seed(scalar, scalars);
    uint32_t lanes = op->shape == SLIP_TASK_MIXED ? 3u : 1u;
    for (uint32_t lane = 0; lane < lanes; lane++) {
        rp_kernel(operand, op->arg_count, seed, lane, lanes);
    }
}

/* Runs the program in order. */
void rp_execute(rp_program *p)
{
    for (uint32_t t = 0; t < p->run_tensors; t++) {
        rp_memory *memory = &p->memory[p->tensor[t].memory];
        memcpy(memory->cells, memory->start, sizeof(memory->cells));
    }
    for (uint32_t i = 0; i < p->op_count; i++) {
        rp_op *op = &p->op[i];
        if (op->off) {
            continue;
        }
        const rp_view *v = &p->pool[op->first_arg].view;
        if (op->kind == RP_TASK) {
            execute_task(p, op);
        } else if (op->kind == RP_GET) {
            op->bits = p->memory[p->tensor[v->tensor].memory].cells[rp_view_at(v, op->index)];
        } else if (op->kind == RP_SET) {
            p->memory[p->tensor[v->tensor].memory].cells[rp_view_at(v, op->index)] = op->bits;
        }
    }
}

/* Prints numbers in brackets. */
static void print_list(FILE *file, const uint32_t *value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(file, "%s%u", i == 0 ? "[" : ",", value[i]);
    }
    (void)fputs("]", file);
}

/* Prints one argument. */
static void print_arg(FILE *file, const rp_arg *arg)
{
    static const char *const access[] = {"nodep", "in", "out", "inout", "out_existing"};
    static const char *const step[] = {".slice", ".reshape", ".transpose"};
    (void)fprintf(file, "\n        %s%s t%u", access[arg->access], arg->has_init ? " init" : "",
                  arg->view.tensor);
    for (uint32_t s = 0; s < arg->view.steps; s++) {
        const rp_step *one = &arg->view.step[s];
        (void)fputs(step[one->kind], file);
        print_list(file, one->a, one->ndim);
        if (one->kind == RP_SLICE) {
            print_list(file, one->b, one->ndim);
        }
    }
}

/* Prints one operation. */
static void print_op(const rp_program *p, uint32_t i, FILE *file)
{
    static const char *const kinds[] = {"task", "scope", "end", "get", "set"};
    static const char *const shapes[] = {"aic", "aiv", "mixed", "dummy"};
    const rp_op *op = &p->op[i];
    (void)fprintf(file, "%4u %*s%s", i, (int)op->depth * 2, "", kinds[op->kind]);
    if (op->kind == RP_SCOPE_BEGIN) {
        (void)fputs(op->scope == SLIP_SCOPE_MANUAL ? " manual" : " auto", file);
    }
    if (op->kind == RP_TASK) {
        (void)fprintf(file, " %s%s spin %u", shapes[op->shape], op->manual ? " manual" : "",
                      op->spin);
        for (uint32_t k = 0; k < op->dep_count; k++) {
            if (!p->op[op->dep[k]].off) {
                (void)fprintf(file, " after %u", op->dep[k]);
            }
        }
    }
    for (uint32_t a = 0; a < op->arg_count; a++) {
        print_arg(file, &p->pool[op->first_arg + a]);
    }
    if (op->kind == RP_GET || op->kind == RP_SET) {
        (void)fputs(" at ", file);
        print_list(file, op->index, p->pool[op->first_arg].view.ndim);
    }
    (void)fputs("\n", file);
}

/* Prints the program without what was left out. */
void rp_print(const rp_program *p, FILE *file)
{
    (void)fprintf(file, "program of seed %llu: %u threads, dispatch %u\n",
                  (unsigned long long)p->seed, p->threads, p->dispatch);
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        const slip_ring_sizing *s = &p->sizing.ring[r];
        (void)fprintf(file, "  ring %u: window %llu, heap %llu, pool %llu\n", r,
                      (unsigned long long)s->task_window, (unsigned long long)s->heap_bytes,
                      (unsigned long long)s->dep_pool);
    }
    for (uint32_t t = 0; t < p->run_tensors; t++) {
        (void)fprintf(file, "  t%u: run argument in memory %u at %u, shape ", t,
                      p->tensor[t].memory, p->tensor[t].offset);
        print_list(file, p->tensor[t].shape, p->tensor[t].ndim);
        (void)fputs("\n", file);
    }
    for (uint32_t i = 0; i < p->op_count; i++) {
        if (!p->op[i].off) {
            print_op(p, i, file);
        }
    }
}
