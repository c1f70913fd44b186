/* bench.c - a runner over the stand-in runtime; see bench.h. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/standin.h"
#include "support/check.h"

enum { BYTES = BENCH_ELEMENTS * 4 };

static const char *platform;

void bench_choose(const char *name)
{
    platform = name;
    CHECK_EQ(setenv("SLIPWAY_ACL_LIBRARY", slipway_standin_path(), 1), 0);
    CHECK_EQ(setenv("SLIPWAY_STANDIN_SOC", name, 1), 0);
    char programs[4096];
    const char *build = getenv("SLIPWAY_BUILD_DIR");
    (void)snprintf(programs, sizeof(programs), "%s/device", build != NULL ? build : ".");
    CHECK_EQ(setenv("SLIPWAY_DEVICE_PATH", programs, 1), 0);
    CHECK_EQ(setenv("SLIPWAY_ONBOARD_SCHEDULER_TIMEOUT_MS", "2000", 0), 0);
    CHECK_EQ(setenv("SLIPWAY_ONBOARD_OPERATION_TIMEOUT_MS", "3000", 0), 0);
    CHECK_EQ(setenv("SLIPWAY_ONBOARD_SYNCHRONISE_TIMEOUT_MS", "4000", 0), 0);
    printf("%s: %s\n", name, slipway_standin_description());
}

const char *bench_platform(int argc, char **argv)
{
    const char *name = "a2a3";
    for (int i = 1; i + 1 < argc; i++) {
        name = strcmp(argv[i], "--platform") == 0 ? argv[i + 1] : name;
    }
    bench_choose(name);
    return name;
}

slip_status bench_open(bench *b, bool cache_off)
{
    const slip_runner_options options = {
        .struct_size = sizeof(options), .platform = platform, .cache_off = cache_off ? 1u : 0u};
    *b = (bench){0};
    return slip_runner_open(&options, &b->runner);
}

/* Fills a and b. */
static void make_inputs(float *a, float *b)
{
    for (uint32_t i = 0; i < BENCH_ELEMENTS; i++) {
        a[i] = (float)i;
        b[i] = 0.5F * (float)i;
    }
}

/* True if f is what it must be. */
static bool is_right(const float *f)
{
    float a[BENCH_ELEMENTS];
    float b[BENCH_ELEMENTS];
    bool right = true;
    make_inputs(a, b);
    for (uint32_t i = 0; i < BENCH_ELEMENTS; i++) {
        float sum = a[i] + b[i];
        right = right && f[i] == (sum + 1.0F) * (sum + 2.0F) + sum;
    }
    return right;
}

slip_status bench_load(bench *b)
{
    char path[4096];
    float inputs[2][BENCH_ELEMENTS];
    const char *build = getenv("SLIPWAY_BUILD_DIR");
    (void)snprintf(path, sizeof(path), "%s/examples/vector.so", build != NULL ? build : ".");
    make_inputs(inputs[0], inputs[1]);
    slip_status status = slip_register_file(b->runner, path, &b->vector);
    if (status == SLIP_OK) {
        status = slip_device_malloc(b->runner, 3u * BYTES, &b->memory);
    }
    if (status == SLIP_OK) {
        status = slip_copy_to_device(b->runner, b->memory, inputs, 2u * BYTES);
    }
    return status;
}

/* One sizing for all rings. */
static slip_run_config config_of(uint64_t window)
{
    slip_run_config config = {.struct_size = sizeof(config)};
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        config.sizing.ring[r] = (slip_ring_sizing){window, 65536, 64};
    }
    return config;
}

slip_status bench_run(bench *b, uint64_t window)
{
    static const uint32_t shape[1] = {BENCH_ELEMENTS};
    static const uint8_t access[3] = {SLIP_ACCESS_IN, SLIP_ACCESS_IN, SLIP_ACCESS_OUT};
    slip_run_config config = config_of(window);
    slip_run_arg args[3];
    for (uint32_t i = 0; i < 3; i++) {
        const slip_device_ptr at = {b->memory.address + i * BYTES};
        args[i] = slip_device_tensor(at, SLIP_F32, access[i], 1, shape);
    }
    return slip_run(b->runner, b->vector, args, 3, &config);
}

slip_status bench_read(bench *b, bool *right)
{
    float f[BENCH_ELEMENTS] = {0};
    const slip_device_ptr at = {b->memory.address + 2u * BYTES};
    slip_status status = slip_copy_from_device(b->runner, f, at, sizeof(f));
    *right = status == SLIP_OK && is_right(f);
    return status;
}

bool bench_right(bench *b)
{
    bool right;
    CHECK_STATUS(SLIP_OK, bench_read(b, &right));
    return right;
}

slip_status bench_run_host(bench *b, uint64_t window, bool *right)
{
    static const uint32_t shape[1] = {BENCH_ELEMENTS};
    float in[2][BENCH_ELEMENTS];
    float out[BENCH_ELEMENTS] = {0};
    slip_run_config config = config_of(window);
    make_inputs(in[0], in[1]);
    const slip_run_arg args[3] = {slip_host_tensor(in[0], SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                  slip_host_tensor(in[1], SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                  slip_host_tensor(out, SLIP_F32, SLIP_ACCESS_OUT, 1, shape)};
    slip_status status = slip_run(b->runner, b->vector, args, 3, &config);
    *right = is_right(out);
    return status;
}

slip_stats bench_stats(const bench *b)
{
    slip_stats stats = {.struct_size = sizeof(stats)};
    CHECK_STATUS(SLIP_OK, slip_runner_stats(b->runner, &stats));
    return stats;
}

slip_error bench_error(const bench *b)
{
    slip_error error = {.struct_size = sizeof(error)};
    CHECK_STATUS(SLIP_OK,
                 b->runner != NULL ? slip_last_error(b->runner, &error) : slip_open_error(&error));
    return error;
}

void bench_close(bench *b)
{
    slip_runner_close(b->runner);
    *b = (bench){0};
}

slipway_standin_books bench_books(void)
{
    slipway_standin_books books;
    slipway_standin_get_books(&books);
    return books;
}

void bench_check_clean(void)
{
    char why[256] = "";
    CHECK(slipway_standin_clean(why, sizeof(why)));
    CHECK_STR(why, "");
}
