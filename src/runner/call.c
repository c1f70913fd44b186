/*
 * call.c - prepared calls: what slip_run would find out anew at every run, found out once.
 *
 * Public functions of slipway.h, under the runner's lock. A call owns its plan of arguments, its
 * launch block (host's and device's), its staging and its key, and shares nothing with other calls
 * or with slip_run; so that one may be bound while another one is on the device. It keeps no
 * reference to a cache entry but a hint: where in the cache its entry was. The look-up compares the
 * full key either way, so an entry that was evicted, dropped or replaced is found out exactly.
 */
#include <stdlib.h>
#include <string.h>

#include "runner/runner_int.h"
#include "runner/sizing.h"

struct slip_call {
    slip_runner *runner;
    slip_call *next; /* of the runner's list */
    slip_callable callable;
    uint32_t arg_count;
    uint32_t entry_index;              /* where `entry` was in the cache's array */
    const slipi_prebuilt_entry *entry; /* of the last run; compared, never looked into */
    slip_run_config config;
    slipi_prebuilt_key key;
    slipi_launch_place launch; /* address 0: the device has lost it */
    slipi_staging staging;
    slipi_args_plan plan;
};

/* Takes a call out of its runner's list. */
static void unlink_call(slip_call *call)
{
    slip_call **at = &call->runner->calls;
    while (*at != call) { /* as many steps as there are calls */
        at = &(*at)->next;
    }
    *at = call->next;
}

/* Frees a call that is in no list; what it has on the device only if `device`. */
static void free_call(slip_call *call, bool device)
{
    slip_runner *runner = call->runner;
    if (device && call->launch.address != 0) {
        runner->ops->free(runner->device, call->launch.address,
                          SLIPI_LAUNCH_BYTES_OF(call->arg_count));
    }
    if (device && call->staging.base != 0) {
        runner->ops->free(runner->device, call->staging.base, call->staging.bytes);
    }
    if (runner->info.host_in_place == 0) {
        free(call->launch.block);
    }
    free(call);
}

/* Forgets what prepared calls had on a device that has lost it. Their arguments are placed again
 * because the device's memory has changed. */
void slipi_calls_forget(slip_runner *runner)
{
    for (slip_call *call = runner->calls; call != NULL; call = call->next) {
        call->launch.address = 0;
        call->staging = (slipi_staging){0, 0};
    }
}

/* Adds what prepared calls have on the device. */
void slipi_calls_count(const slip_runner *runner, slip_residency *out)
{
    for (const slip_call *call = runner->calls; call != NULL; call = call->next) {
        bool there = call->launch.address != 0;
        out->launch_bytes += there ? SLIPI_LAUNCH_BYTES_OF(call->arg_count) : 0;
        out->staging_bytes += call->staging.bytes;
    }
}

/* Destroys the calls that are left, at close. */
void slipi_calls_fini(slip_runner *runner, bool device)
{
    while (runner->calls != NULL) {
        slip_call *call = runner->calls;
        runner->calls = call->next;
        free_call(call, device);
    }
}

/* Gives a call its launch block on the device, at first and after the device lost it. */
static slip_status obtain_block(slip_call *call)
{
    slip_runner *runner = call->runner;
    uint64_t bytes = SLIPI_LAUNCH_BYTES_OF(call->arg_count);
    slip_status status = runner->ops->alloc(runner->device, bytes, &call->launch.address);
    if (status != SLIP_OK) {
        call->launch.address = 0;
        return slipi_platform_fail(runner, status, "alloc", bytes, "launch block of a call");
    }
    if (runner->info.host_in_place != 0) {
        call->launch.block = (slipi_launch *)(uintptr_t)call->launch.address;
    } else if (call->launch.block == NULL) {
        call->launch.block = calloc(1, bytes);
        if (call->launch.block == NULL) {
            runner->ops->free(runner->device, call->launch.address, bytes);
            call->launch.address = 0;
            return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                              "no memory for a launch block of %llu bytes",
                              (unsigned long long)bytes);
        }
    }
    slipi_bind_init_block(call->launch.block);
    return SLIP_OK;
}

/* Checks and places all arguments. */
static slip_status place_args(slip_call *call, const slipi_signature *signature)
{
    const slip_host_api *api = &call->runner->api;
    slipi_launch *block = call->launch.block;
    call->plan.args = call->plan.placed;
    call->plan.count = call->arg_count;
    return slipi_args_place(api, signature, &call->plan, slipi_launch_rows(block, call->arg_count),
                            slipi_launch_bindings(block));
}

/* Checks what a caller wants to prepare; *run has its program and configuration afterwards. */
static slip_status check_prepare(slipi_run *run, slip_callable callable, const slip_run_arg *args,
                                 uint32_t arg_count, const slip_run_config *config)
{
    slip_runner *runner = run->runner;
    slip_status status = slipi_run_find(runner, callable, "slip_call_prepare", &run->callable);
    run->config = config != NULL ? config : &slipi_config_defaults;
    if (status == SLIP_OK) {
        status = slipi_config_check(runner, run->config);
    }
    if (status == SLIP_OK) {
        status = slipi_run_check_mode(runner, run->callable->program, run->config->mode);
    }
    if (status != SLIP_OK) {
        return status;
    }
    const slipi_signature *signature = &run->callable->signature;
    if (arg_count != signature->count || (arg_count != 0 && args == NULL)) {
        return slipi_fail(
            &runner->error,
            arg_count != signature->count ? SLIP_E_SIGNATURE : SLIP_E_INVALID_ARGUMENT,
            "program '%s' takes %u arguments; the call gives %u%s", signature->program,
            signature->count, arg_count, args == NULL ? ", the array is null" : "");
    }
    return SLIP_OK;
}

/* Fills a fresh call; on failure it can be freed. */
static slip_status fill(slip_call *call, const slipi_run *run, const slip_run_arg *args)
{
    slip_runner *runner = call->runner;
    call->config = *run->config;
    call->config.struct_size = (uint32_t)sizeof(call->config);
    call->key = runner->key;
    call->key.mode = run->config->mode;
    slipi_sizing_resolve(&run->config->sizing, &runner->defaults, &call->key.sizing);
    slip_status status = slipi_sizing_check(&call->key.sizing, &runner->error);
    if (status != SLIP_OK) {
        return status;
    }
    status = obtain_block(call);
    if (status != SLIP_OK) {
        return status;
    }
    for (uint32_t i = 0; i < call->arg_count; i++) {
        call->plan.placed[i] = args[i];
    }
    call->plan.prepared = 1;
    call->plan.staging = &call->staging;
    return place_args(call, &run->callable->signature);
}

/* Prepares a call, under the lock. */
static slip_status prepare(slipi_run *run, slip_callable callable, const slip_run_arg *args,
                           uint32_t arg_count, slip_call **out)
{
    slip_runner *runner = run->runner;
    slip_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        return slipi_fail(&runner->error, SLIP_E_OUT_OF_MEMORY,
                          "slip_call_prepare: no memory for a call of %zu bytes", sizeof(*call));
    }
    call->runner = runner;
    call->callable = callable;
    call->arg_count = arg_count;
    slip_status status = fill(call, run, args);
    if (status != SLIP_OK) {
        free_call(call, runner->broken == 0);
        return status;
    }
    call->next = runner->calls;
    runner->calls = call;
    *out = call;
    return SLIP_OK;
}

/* Prepares a call. */
slip_status slip_call_prepare(slip_runner *runner, slip_callable callable, const slip_run_arg *args,
                              uint32_t arg_count, const slip_run_config *config, slip_call **out)
{
    if (out != NULL) {
        *out = NULL;
    }
    if (runner == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(runner);
    slipi_run run = {.runner = runner};
    slip_status status = SLIP_OK;
    if (out == NULL) {
        status =
            slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT, "slip_call_prepare: out is null");
    }
    if (status == SLIP_OK) {
        status = check_prepare(&run, callable, args, arg_count, config);
    }
    if (status == SLIP_OK) {
        status = prepare(&run, callable, args, arg_count, out);
    }
    slipi_runner_leave(runner);
    return status;
}

/* Changes one argument, under the lock. */
static slip_status set(slip_call *call, uint32_t index, const slip_run_arg *arg)
{
    slip_runner *runner = call->runner;
    slipi_callable *callable;
    slip_status status = slipi_run_find(runner, call->callable, "slip_call_set", &callable);
    if (status != SLIP_OK) {
        return status;
    }
    if (arg == NULL || index >= call->arg_count) {
        return slipi_fail(&runner->error, SLIP_E_INVALID_ARGUMENT,
                          "slip_call_set, program '%s', argument %u: %s; the call has %u arguments",
                          callable->program->name, index,
                          arg == NULL ? "it is null" : "there is none", call->arg_count);
    }
    const slipi_args_change change = {index, arg};
    return slipi_args_set(&runner->api, &callable->signature, &call->plan,
                          slipi_launch_rows(call->launch.block, call->arg_count), &change);
}

/* Changes one argument of a call. */
slip_status slip_call_set(slip_call *call, uint32_t index, const slip_run_arg *arg)
{
    if (call == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slipi_runner_enter(call->runner);
    slip_status status = set(call, index, arg);
    slipi_runner_leave(call->runner);
    return status;
}

/* Lets the look-up begin at the entry of the last run, if that is still in the cache. What is there
 * now may be another entry at the same place: the look-up compares the key. */
static void hint_entry(slipi_prebuilt_cache *cache, const slip_call *call)
{
    if (call->entry != NULL && call->entry_index < cache->count &&
        cache->entries[call->entry_index] == call->entry) {
        cache->latest = cache->entries[call->entry_index];
    }
}

/* Remembers where the entry of this run is. */
static void note_entry(const slipi_prebuilt_cache *cache, slip_call *call,
                       const slipi_prebuilt_entry *entry)
{
    if (entry == NULL || (entry == call->entry && call->entry_index < cache->count &&
                          cache->entries[call->entry_index] == entry)) {
        return;
    }
    for (uint32_t i = 0; i < cache->count; i++) {
        if (cache->entries[i] == entry) {
            call->entry = entry;
            call->entry_index = i;
            return;
        }
    }
}

/* A run of a call, under the lock. */
static slip_status run_call(slipi_run *run, slip_call *call)
{
    slip_runner *runner = run->runner;
    slipi_bind_request *request = &run->request;
    slip_status status = slipi_run_find(runner, call->callable, "slip_call_run", &run->callable);
    if (status == SLIP_OK && call->launch.address == 0) {
        status = obtain_block(call);
    }
    if (status != SLIP_OK) {
        return status;
    }
    run->config = &call->config;
    request->key = &call->key;
    request->args = call->plan.placed;
    request->arg_count = call->arg_count;
    request->launch = call->launch;
    request->plan = &call->plan;
    slipi_run_request(run);
    hint_entry(&runner->cache, call);
    status = slipi_run_perform(run);
    note_entry(&runner->cache, call, run->bound.entry);
    return status;
}

/* What a call would run now. */
slipi_order slipi_call_order(const slip_call *call, const char *what)
{
    return (slipi_order){what,          call->callable, call->plan.placed, call->arg_count,
                         &call->config, &call->key};
}

/* The runner of a call. */
slip_runner *slipi_call_runner(const slip_call *call)
{
    return call->runner;
}

/* Runs a call once and waits for it. */
slip_status slip_call_run(slip_call *call)
{
    if (call == NULL) {
        return SLIP_E_INVALID_ARGUMENT;
    }
    slip_runner *runner = call->runner;
    slip_status status;
    /* [S4] pairs with [S3]. */
    if (slipi_load_acquire(&runner->submits) == 0) {
        slipi_runner_enter(runner);
    } else {
        const slipi_order order = slipi_call_order(call, "slip_call_run");
        if (slipi_submit_or_enter(runner, &order, &status)) {
            return status;
        }
    }
    slipi_run run;
    slipi_run_begin(&run, runner, &call->config);
    status = run_call(&run, call);
    if (status != SLIP_OK && runner->wants_idle != 0) {
        slipi_runner_idle(runner);
        slipi_run_begin(&run, runner, &call->config);
        status = run_call(&run, call);
    }
    slipi_run_finish(&run, status);
    slipi_runner_leave(runner);
    return status;
}

/* Destroys a call; null is fine. */
void slip_call_destroy(slip_call *call)
{
    if (call == NULL) {
        return;
    }
    slip_runner *runner = call->runner;
    slipi_runner_enter(runner);
    if (runner->broken != 0) {
        slipi_runner_recover(runner, NULL); /* its memory may be gone, or must be left alone */
    }
    unlink_call(call);
    free_call(call, runner->refuses == 0);
    slipi_runner_leave(runner);
}
