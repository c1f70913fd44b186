/*
 * test_check.c - checked sums, products and alignment at their edges; assertions abort.
 * ctest-labels: unit S4
 */
#include "base/check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/check.h"

#define BIG UINT64_MAX

/* A sum fits or leaves the result alone. */
static void sums(void)
{
    uint64_t out = 7;
    CHECK(slipi_add_u64(1, 2, &out));
    CHECK_EQ(out, 3);
    CHECK(slipi_add_u64(BIG - 1u, 1, &out));
    CHECK(out == BIG);
    out = 7;
    CHECK(!slipi_add_u64(BIG, 1, &out));
    CHECK(!slipi_add_u64(BIG / 2u + 1u, BIG / 2u + 1u, &out));
    CHECK_EQ(out, 7);
}

/* A product fits or leaves the result alone. */
static void products(void)
{
    uint64_t out = 7;
    CHECK(slipi_mul_u64(UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1u, &out));
    CHECK(out == BIG - UINT32_MAX);
    CHECK(slipi_mul_u64(BIG, 0, &out));
    CHECK_EQ(out, 0);
    out = 7;
    CHECK(!slipi_mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &out));
    CHECK(!slipi_mul_u64(BIG, 2, &out));
    CHECK_EQ(out, 7);
}

/* Rounding up to a power of two, and nothing else. */
static void alignment(void)
{
    uint64_t out = 7;
    CHECK(slipi_align_u64(0, 64, &out));
    CHECK_EQ(out, 0);
    CHECK(slipi_align_u64(1, 64, &out));
    CHECK_EQ(out, 64);
    CHECK(slipi_align_u64(4096, 4096, &out));
    CHECK_EQ(out, 4096);
    CHECK(slipi_align_u64(BIG - 4095u, 4096, &out));
    CHECK(out == BIG - 4095u);
    out = 7;
    CHECK(!slipi_align_u64(BIG, 64, &out));
    CHECK(!slipi_align_u64(1, 0, &out));
    CHECK(!slipi_align_u64(1, 48, &out));
    CHECK_EQ(out, 7);
}

/* Powers of two; 0 is none. */
static void powers(void)
{
    CHECK(!slipi_is_pow2_u64(0));
    CHECK(!slipi_is_pow2_u64(12));
    CHECK(!slipi_is_pow2_u64(BIG));
    for (uint32_t bit = 0; bit < 64u; bit++) {
        CHECK(slipi_is_pow2_u64(UINT64_C(1) << bit));
    }
}

/* A true assertion costs nothing; a false one names itself and aborts. */
static void assertions(void)
{
    SLIPI_ASSERT(1 + 1 == 2);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        SLIPI_ASSERT(ends[0] < 0);
        _exit(0);
    }
    (void)close(ends[1]);
    char text[256] = {0};
    ssize_t n = read(ends[0], text, sizeof(text) - 1u);
    (void)close(ends[0]);
    int how = 0;
    CHECK(waitpid(child, &how, 0) == child);
    CHECK(n > 0);
    CHECK_CONTAINS(text, "slipway: fatal: ");
    CHECK_CONTAINS(text, "assertion failed: ends[0] < 0");
    CHECK(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
}

/* The clock does not go back. */
static void clock_is_monotonic(void)
{
    uint64_t last = slipi_now_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = slipi_now_ns();
        CHECK(now >= last);
        last = now;
    }
}

/* Runs the cases. */
int main(void)
{
    CHECK_CASE(sums);
    CHECK_CASE(products);
    CHECK_CASE(alignment);
    CHECK_CASE(powers);
    CHECK_CASE(assertions);
    CHECK_CASE(clock_is_monotonic);
    return check_report();
}
