/*
 * vector.c - host of the vector example: runs the program and compares it with double precision.
 *
 * A command line program of one thread; `vector --help` lists its options.
 */
#include "common/example.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char intro[] =
    "Computes f = (a + b + 1)(a + b + 2) + (a + b) on random vectors, five tasks in two nested\n"
    "scopes, and compares the result with a double-precision reference.";

/* Largest difference of f from the reference. */
static double compare(const float *a, const float *b, const float *f, uint64_t n)
{
    double worst = 0.0;
    for (uint64_t i = 0; i < n; i++) {
        double sum = (double)a[i] + (double)b[i];
        double difference = fabs((sum + 1.0) * (sum + 2.0) + sum - (double)f[i]);
        /* Written so that a result that is not a number counts as wrong. */
        if (!(difference <= worst)) {
            worst = isnan(difference) ? INFINITY : difference;
        }
    }
    return worst;
}

/* Runs the program on new random vectors each time; returns the worst difference, or -1. */
static double run_all(example_session *session, const example_options *options, uint64_t n)
{
    float *a = example_alloc(n, sizeof(float));
    float *b = example_alloc(n, sizeof(float));
    float *f = example_alloc(n, sizeof(float));
    const uint32_t shape[1] = {(uint32_t)n};
    const slip_run_arg args[3] = {slip_host_tensor(a, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                  slip_host_tensor(b, SLIP_F32, SLIP_ACCESS_IN, 1, shape),
                                  slip_host_tensor(f, SLIP_F32, SLIP_ACCESS_OUT, 1, shape)};
    uint64_t state = options->seed;
    double worst = 0.0;
    for (uint64_t run = 0; run < options->runs && worst >= 0.0; run++) {
        for (uint64_t i = 0; i < n; i++) {
            a[i] = example_random_float(&state);
            b[i] = example_random_float(&state);
            f[i] = NAN;
        }
        worst = example_run(session, args, 3) ? fmax(worst, compare(a, b, f, n)) : -1.0;
    }
    free(a);
    free(b);
    free(f);
    return worst;
}

/* Parses the options, runs, compares, reports. */
int main(int argc, char **argv)
{
    /* |f| < 14; eight roundings to float of values below 16 stay under this. */
    const double tolerance = 8.0e-6;
    example_options options = {.platform = "cpu", .runs = 100, .seed = 1};
    uint64_t n = 4096;
    const example_number numbers[] = {{"--n", &n, 1, 1u << 24, "elements of a vector"}};
    int exit_code = EXAMPLE_FAILURE;
    if (!example_parse(argc, argv, intro, &options, numbers, 1, &exit_code)) {
        return exit_code;
    }
    printf("vector on %s: %" PRIu64 " runs of %" PRIu64 " elements, seed %" PRIu64 "\n",
           options.platform, options.runs, n, options.seed);
    example_session session;
    double worst = -1.0;
    if (example_open("vector", &options, false, &session)) {
        worst = run_all(&session, &options, n);
    }
    if (worst >= 0.0 && example_audit(&session)) {
        example_print_times(&session, NULL);
        exit_code = worst <= tolerance ? EXAMPLE_OK : EXAMPLE_FAILURE;
        printf("largest difference from the reference: %.3g (allowed %.3g): %s\n", worst, tolerance,
               exit_code == EXAMPLE_OK ? "right" : "WRONG");
    }
    example_close(&session);
    return exit_code;
}
