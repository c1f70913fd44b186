/*
 * test_minilm_blas.c - products of OpenBLAS are right while several threads make them.
 *
 * ctest-labels: example
 *
 * Fails now and then without the lock of blas_lock.h, and never with it. Several threads.
 */
#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>

#include "../../examples/minilm/minilm_kernels_lock.c"
#include "check.h"

enum { THREADS = 4, CALLS = 500, ROWS = 56, COLUMNS = 56, INNER = 32 };

static float x[ROWS * INNER];
static float w[COLUMNS * INNER];
static float wanted[ROWS * COLUMNS];

/* y = x * transpose(w). The sizes are such that OpenBLAS needs a work buffer. */
static void product(float *y)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, ROWS, COLUMNS, INNER, 1.0f, x, INNER, w,
                INNER, 0.0f, y, COLUMNS);
}

/* Makes the product many times. */
static void *multiply(void *unused)
{
    float *y = malloc(sizeof(wanted));
    if (!CHECK(y != NULL)) {
        return unused;
    }
    for (uint32_t call = 0; call < CALLS; call++) {
        memset(y, 0, sizeof(wanted));
        product(y);
        /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): bit for bit is what is wanted */
        CHECK(memcmp(y, wanted, sizeof(wanted)) == 0);
    }
    free(y);
    return unused;
}

/* OpenBLAS calls the functions that have the lock. */
static void lock_is_in_place(void)
{
    CHECK(blas_lock_works());
    product(wanted);
    CHECK(original.alloc != NULL);
    CHECK(original.alloc != blas_memory_alloc);
}

/* All threads get what one thread gets. */
static void products_are_right(void)
{
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i < ROWS * INNER; i++) {
        x[i] = (float)(i % 97) * 0.01f;
    }
    for (uint32_t i = 0; i < COLUMNS * INNER; i++) {
        w[i] = (float)(i % 89) * 0.01f;
    }
    product(wanted);
    for (uint32_t i = 0; i < THREADS; i++) {
        if (!CHECK(pthread_create(&threads[i], NULL, multiply, NULL) == 0)) {
            exit(1);
        }
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

/* Runs all cases. */
int main(void)
{
    CHECK_CASE(lock_is_in_place);
    CHECK_CASE(products_are_right);
    return check_report();
}
