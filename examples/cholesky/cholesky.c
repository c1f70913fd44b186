/*
 * cholesky.c - host of the Cholesky example: factors random matrices and compares the factors with
 * a plain double-precision factorisation.
 *
 * A command line program of one thread; `cholesky --help` lists its options.
 */
#include "common/example.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char intro[] =
    "Factors a random symmetric positive definite matrix in place, tile by tile, and compares the\n"
    "factor with a plain double-precision factorisation.";

/* Sizes of the example. */
typedef struct sizes {
    uint64_t n;
    uint64_t tile;
    uint64_t indefinite; /* 1: a matrix without a factor first */
} sizes;

/*
 * Fills a symmetric matrix with entries in [-1, 1) and a diagonal that makes it definite. The
 * spectral norm of the random part is close to 2 sqrt(n / 3), so 2 sqrt(n) + 4 on the diagonal is
 * enough and still small: a lost update of one tile changes the factor visibly.
 */
static void fill_matrix(float *a, uint64_t n, uint64_t seed)
{
    float diagonal = 2.0F * sqrtf((float)n) + 4.0F;
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t j = 0; j <= i; j++) {
            float value = example_random_float(&seed);
            a[i * n + j] = value;
            a[j * n + i] = value;
        }
        a[i * n + i] += diagonal;
    }
}

/* The factor of a in double precision, row by row, lower triangle. */
static void reference(const float *a, double *l, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t j = 0; j <= i; j++) {
            double sum = (double)a[i * n + j];
            for (uint64_t p = 0; p < j; p++) {
                sum -= l[i * n + p] * l[j * n + p];
            }
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
    }
}

/* Largest difference of the lower triangles, relative to the largest entry of the reference. */
static double compare(const float *got, const double *want, uint64_t n)
{
    double worst = 0.0;
    double largest = 0.0;
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t j = 0; j <= i; j++) {
            double difference = fabs(want[i * n + j] - (double)got[i * n + j]);
            largest = fmax(largest, fabs(want[i * n + j]));
            if (!(difference <= worst)) {
                worst = isnan(difference) ? INFINITY : difference;
            }
        }
    }
    return worst / largest;
}

/* True if the part above the diagonal still is what it was. */
static bool upper_untouched(const float *got, const float *before, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t j = i + 1; j < n; j++) {
            if (got[i * n + j] != before[i * n + j]) {
                return false;
            }
        }
    }
    return true;
}

/*
 * Runs once on a matrix without a factor: the run must fail in potrf, which returns the row, within
 * its tile, whose pivot is not positive. `a` holds a good matrix; one entry is made negative.
 */
static bool run_indefinite(example_session *session, float *a, const sizes *size,
                           const slip_run_arg *args)
{
    uint64_t row = size->n / 2;
    a[row * size->n + row] = -1.0F;
    slip_status status = slip_run(session->runner, session->callable, args, 2, &session->config);
    slip_error error = {.struct_size = sizeof(error)};
    slip_status got = slip_last_error(session->runner, &error);
    int32_t want = (int32_t)(row % size->tile) + 1;
    printf("indefinite: %s: %s\n", slip_status_name(status), error.message);
    if (status != SLIP_E_KERNEL_FAILED || got != SLIP_OK || error.code != want) {
        (void)fprintf(stderr, "wanted a kernel that fails with %d, found %d\n", want, error.code);
        return false;
    }
    return true;
}

/* Factors one matrix options->runs times; returns the worst difference, or -1. */
static double run_all(example_session *session, const example_options *options, const sizes *size)
{
    uint64_t n = size->n;
    float *original = example_alloc(n * n, sizeof(float));
    float *a = example_alloc(n * n, sizeof(float));
    double *want = example_alloc(n * n, sizeof(double));
    fill_matrix(original, n, options->seed);
    reference(original, want, n);
    const uint32_t shape[2] = {(uint32_t)n, (uint32_t)n};
    const slip_run_arg args[2] = {slip_host_tensor(a, SLIP_F32, SLIP_ACCESS_INOUT, 2, shape),
                                  slip_scalar_arg(size->tile)};
    memcpy(a, original, n * n * sizeof(float));
    bool good = size->indefinite == 0 || run_indefinite(session, a, size, args);
    double worst = good ? 0.0 : -1.0;
    for (uint64_t run = 0; run < options->runs && worst >= 0.0; run++) {
        memcpy(a, original, n * n * sizeof(float));
        worst = example_run(session, args, 2) ? fmax(worst, compare(a, want, n)) : -1.0;
        if (worst >= 0.0 && !upper_untouched(a, original, n)) {
            (void)fprintf(stderr, "the part above the diagonal was overwritten\n");
            worst = -1.0;
        }
    }
    free(original);
    free(a);
    free(want);
    return worst;
}

/* Parses the options, runs, compares, reports. */
int main(int argc, char **argv)
{
    example_options options = {.platform = "cpu", .runs = 10, .seed = 1};
    sizes size = {.n = 256, .tile = 32};
    const example_number numbers[] = {{"--n", &size.n, 1, 8192, "rows and columns"},
                                      {"--tile", &size.tile, 1, 8192, "rows of a tile"},
                                      {"--indefinite", &size.indefinite, 0, 1,
                                       "1: first a matrix without a factor, which must fail"}};
    int exit_code = EXAMPLE_FAILURE;
    if (!example_parse(argc, argv, intro, &options, numbers, 3, &exit_code)) {
        return exit_code;
    }
    if (size.tile > size.n) {
        (void)fprintf(stderr,
                      "--tile: wanted at most --n, which is %" PRIu64 ", found %" PRIu64 "\n",
                      size.n, size.tile);
        return EXAMPLE_USAGE;
    }
    /* The bound of the factorisation's backward error, (n + 1) roundings; the matrix is well
     * conditioned, and what is measured stays below a fifth of it. */
    double tolerance = (double)(size.n + 1) * (double)FLT_EPSILON / 2.0;
    printf("cholesky on %s: %" PRIu64 " runs, n %" PRIu64 ", tile %" PRIu64 ", seed %" PRIu64 "\n",
           options.platform, options.runs, size.n, size.tile, options.seed);
    example_session session;
    double worst = -1.0;
    if (example_open("cholesky", &options, false, &session)) {
        worst = run_all(&session, &options, &size);
    }
    if (worst >= 0.0 && example_audit(&session)) {
        example_print_times(&session, NULL);
        exit_code = worst <= tolerance ? EXAMPLE_OK : EXAMPLE_FAILURE;
        printf("largest difference from the reference: %.3g relative (allowed %.3g): %s\n", worst,
               tolerance, exit_code == EXAMPLE_OK ? "right" : "WRONG");
    }
    example_close(&session);
    return exit_code;
}
