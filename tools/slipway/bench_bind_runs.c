/*
 * bench_bind_runs.c - whole runs of next to nothing, and calls with many arguments.
 *
 * For bench_bind.c; one thread. A sample of a whole run is the time between two reads of the clock
 * around it, so it includes one of them.
 */
#include <string.h>

#include "bench_bind.h"
#include "bench_programs.h"

/* Bytes between the tensors of the many arguments; each has two places that it lies at in turn. */
#define PLACE_BYTES 256u

/* A run, or a prepared call. */
typedef struct subject {
    slip_call *call; /* null: slip_run */
    slip_run_config config;
} subject;

/* Runs once. */
static slip_status run_once(const slipi_bind_bench *bench, const subject *s)
{
    return s->call != NULL ? slip_call_run(s->call)
                           : slip_run(bench->runner, bench->callable, NULL, 0, &s->config);
}

/* Times whole warm runs. */
static int time_runs(slipi_bind_bench *bench, const subject *s, slipi_bind_times_ns *out)
{
    uint32_t hits = bench->options->hits;
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < SLIPI_BIND_WARM_UP && status == SLIP_OK; i++) {
        status = run_once(bench, s);
    }
    for (uint32_t i = 0; i < hits && status == SLIP_OK; i++) {
        uint64_t begin_ns = slipi_cli_now_ns();
        status = run_once(bench, s);
        bench->samples[i] = slipi_cli_now_ns() - begin_ns;
    }
    *out = slipi_bind_percentiles(bench, hits);
    return status == SLIP_OK ? SLIPI_EXIT_OK : slipi_bind_fail(bench, status);
}

/* Times a program three ways: slip_run with and without the clock, a prepared call without. */
static int time_program(slipi_bind_bench *bench, const slip_program *program,
                        slipi_bind_times_ns *const out[3])
{
    subject s = {NULL, slipi_bind_config(64)}; /* the window is walked round in the warm-up */
    int code = slipi_bind_open(bench, NULL, program);
    code = code != 0 ? code : time_runs(bench, &s, out[0]);
    s.config.untimed = 1;
    code = code != 0 ? code : time_runs(bench, &s, out[1]);
    if (code == 0) {
        slip_status status =
            slip_call_prepare(bench->runner, bench->callable, NULL, 0, &s.config, &s.call);
        code = status == SLIP_OK ? time_runs(bench, &s, out[2]) : slipi_bind_fail(bench, status);
    }
    return code;
}

/* Empty graph and one task. */
int slipi_bind_measure_runs(slipi_bind_bench *bench, slipi_bind_report *out)
{
    slipi_bind_times_ns *const empty[3] = {&out->empty, &out->empty_untimed, &out->empty_call};
    slipi_bind_times_ns *const one[3] = {&out->one, &out->one_untimed, &out->one_call};
    int code = time_program(bench, &slipi_bench_empty, empty);
    return code != 0 ? code : time_program(bench, &slipi_bench_one, one);
}

/* Arguments in device memory, of which some move between their two places. */
typedef struct many_args {
    slip_run_arg args[SLIP_MAX_RUN_ARGS];
    uint64_t base;
    uint32_t next; /* that moves */
} many_args;

/* Tensor `index` at its first or second place. */
static slip_run_arg tensor_at(const many_args *m, uint32_t index, bool second)
{
    const uint32_t shape[1] = {PLACE_BYTES / sizeof(float)};
    const slip_device_ptr at = {m->base + (2u * index + (second ? 1u : 0u)) * PLACE_BYTES};
    return slip_device_tensor(at, SLIP_F32, SLIP_ACCESS_IN, 1, shape);
}

/* Moves the next tensors to their other places; `call` gets them too, if there is one. */
static slip_status move_some(const slipi_bind_options *o, many_args *m, slip_call *call)
{
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < o->changed && status == SLIP_OK; i++) {
        uint32_t index = m->next;
        bool at_first = m->args[index].device.address == tensor_at(m, index, false).device.address;
        m->next = index + 1 == o->args ? 0 : index + 1;
        m->args[index] = tensor_at(m, index, at_first);
        if (call != NULL) {
            status = slip_call_set(call, index, &m->args[index]);
        }
    }
    return status;
}

/* Binds by slip_run, or by a prepared call: then `whole` has the time of changing and running. */
static int time_args(slipi_bind_bench *bench, many_args *m, slip_call *call,
                     slipi_bind_times_ns *bind, slipi_bind_times_ns *whole)
{
    uint32_t hits = bench->options->hits;
    const slip_run_config config = slipi_bind_config(0);
    for (uint32_t pass = 0; pass < (whole != NULL ? 2u : 1u); pass++) {
        for (uint32_t i = 0; i < SLIPI_BIND_WARM_UP + hits; i++) {
            uint64_t begin_ns = slipi_cli_now_ns();
            slip_status status = move_some(bench->options, m, call);
            if (status == SLIP_OK) {
                status = call != NULL ? slip_call_run(call)
                                      : slip_run(bench->runner, bench->callable, m->args,
                                                 bench->options->args, &config);
            }
            uint64_t end_ns = slipi_cli_now_ns();
            if (status != SLIP_OK || slipi_bind_stats(bench) != 0) {
                return slipi_bind_fail(bench, status);
            }
            bench->samples[i < SLIPI_BIND_WARM_UP ? 0 : i - SLIPI_BIND_WARM_UP] =
                pass == 0 ? bench->stats.last_bind_ns : end_ns - begin_ns;
        }
        *(pass == 0 ? bind : whole) = slipi_bind_percentiles(bench, hits);
    }
    return SLIPI_EXIT_OK;
}

/* Many arguments of which some change. */
int slipi_bind_measure_args(slipi_bind_bench *bench, slipi_bind_report *out)
{
    static many_args m;
    uint32_t count = bench->options->args;
    slip_call *call = NULL;
    slip_device_ptr memory = {0};
    int code = slipi_bind_open(bench, NULL, slipi_bench_args_program(count));
    if (code != 0) {
        return code;
    }
    slip_status status = slip_device_malloc(bench->runner, 2u * PLACE_BYTES * count, &memory);
    m.base = memory.address;
    m.next = 0;
    for (uint32_t i = 0; i < count; i++) {
        m.args[i] = tensor_at(&m, i, false);
    }
    code = status == SLIP_OK ? time_args(bench, &m, NULL, &out->args_bind, NULL)
                             : slipi_bind_fail(bench, status);
    if (code == 0) {
        const slip_run_config config = slipi_bind_config(0);
        status = slip_call_prepare(bench->runner, bench->callable, m.args, count, &config, &call);
        code = status == SLIP_OK ? time_args(bench, &m, call, &out->call_bind, &out->call_set_run)
                                 : slipi_bind_fail(bench, status);
        out->call_launch_bytes = bench->stats.last_launch_bytes;
    }
    return code;
}
