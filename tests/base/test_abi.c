/*
 * test_abi.c - the rows of the architectures, and a layout fingerprint that is there and stays.
 * ctest-labels: unit S2
 */
#include <pthread.h>

#include "abi/arch.h"
#include "abi/layout.h"
#include "support/check.h"

/* The figures of both accelerators, spelled a second time. */
static void accelerators(void)
{
    const struct slipi_arch_row *a = slipi_arch_find("a2a3");
    const struct slipi_arch_row *b = slipi_arch_find("a5");
    CHECK(a != NULL && b != NULL && a != b);
    CHECK_EQ(a->blocks, 24);
    CHECK_EQ(b->blocks, 36);
    CHECK_EQ(a->control_active_max, 4);
    CHECK_EQ(a->control_launch_max, 6);
    CHECK_EQ(b->control_active_max, 7);
    CHECK_EQ(b->control_launch_max, 14);
    CHECK_EQ(a->counter_hz, 50000000);
    CHECK_EQ(b->counter_hz, 1000000000);
    CHECK_EQ(a->reg_dispatch, 0xA0);
    CHECK_EQ(a->reg_status, 0x4C8);
    CHECK_EQ(b->reg_dispatch, 0xD0);
    CHECK_EQ(b->reg_status, 0x5108);
    CHECK_EQ(a->reg_fast_path, 0x18);
    CHECK_EQ(a->fast_path_open, 0xE);
    CHECK_EQ(a->fast_path_close, 0xF);
    CHECK_EQ(b->reg_fast_path, 0);
    CHECK_EQ(a->dies, 2);
    CHECK_EQ(a->device_ids, 2);
    CHECK_EQ(b->dies, 2);
    CHECK_EQ(b->device_ids, 1);
}

/* The row "cpu" has no registers; a name that is none gives null. */
static void others(void)
{
    const struct slipi_arch_row *cpu = slipi_arch_find("cpu");
    CHECK(cpu != NULL);
    CHECK_EQ(cpu->reg_dispatch, 0);
    CHECK_EQ(cpu->counter_hz, 1000000000);
    CHECK(slipi_arch_find("a4") == NULL);
    CHECK(slipi_arch_find("") == NULL);
    CHECK(slipi_arch_find(NULL) == NULL);
}

/* Body of a thread that asks for the fingerprint. */
static void *ask(void *argument)
{
    *(uint64_t *)argument = slipi_layout_fingerprint();
    return NULL;
}

/* One value, not zero, whoever asks first. */
static void fingerprint(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    uint64_t values[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, ask, &values[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
        CHECK(values[i] != 0 && values[i] == slipi_layout_fingerprint());
    }
}

/* Runs the cases. */
int main(void)
{
    CHECK_CASE(accelerators);
    CHECK_CASE(others);
    CHECK_CASE(fingerprint);
    return check_report();
}
