/*
 * test_modules.c - the modules of the command line that have no device: numbers, near misses,
 * element types, .npy files.
 *
 * ctest-labels: cli unit
 */
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

/* The modules are part of a program, not of the library: they are compiled into this test. */
#include "../../tools/slipway/elements.c"
#include "../../tools/slipway/messages.c"
#include "../../tools/slipway/npy.c"
#include "../../tools/slipway/npy_header.c"
#include "../../tools/slipway/numbers.c"
#include "../../tools/slipway/options.c"

/* Whole numbers, units, and what is none. */
static void numbers_are_whole_texts(void)
{
    uint64_t value = 0;
    CHECK(slipi_cli_u64("18446744073709551615", &value));
    CHECK(value == UINT64_MAX);
    CHECK(slipi_cli_u64("0x10", &value));
    CHECK_EQ(16, value);
    CHECK(!slipi_cli_u64("18446744073709551616", &value));
    CHECK(!slipi_cli_u64("", &value));
    CHECK(!slipi_cli_u64(" 1", &value));
    CHECK(!slipi_cli_u64("+1", &value));
    CHECK(!slipi_cli_u64("1 ", &value));
    CHECK(!slipi_cli_u64("0x", &value));
    CHECK(slipi_cli_bytes("3K", &value));
    CHECK_EQ(3072, value);
    CHECK(slipi_cli_bytes("2g", &value));
    CHECK_EQ(INT64_C(2) << 30, value);
    CHECK(!slipi_cli_bytes("16777216T", &value));
    CHECK(!slipi_cli_bytes("1KB", &value));
    CHECK(slipi_cli_duration("500ms", &value));
    CHECK_EQ(500000000, value);
    CHECK(slipi_cli_duration("2", &value));
    CHECK_EQ(2000000000, value);
    CHECK(!slipi_cli_duration("2h", &value));
    CHECK(!slipi_cli_duration("18446744073709551615s", &value));
}

/* One value or four. */
static void ring_values_are_one_or_four(void)
{
    uint64_t out[SLIP_RING_COUNT] = {9, 9, 9, 9};
    CHECK(slipi_cli_ring_values("64", out));
    CHECK_EQ(64, out[3]);
    CHECK(slipi_cli_ring_values("1,2K,0,4", out));
    CHECK_EQ(2048, out[1]);
    CHECK_EQ(0, out[2]);
    CHECK(!slipi_cli_ring_values("1,2,3", out));
    CHECK(!slipi_cli_ring_values("1,2,3,4,5", out));
    CHECK(!slipi_cli_ring_values("1,2,3,", out));
    CHECK(!slipi_cli_ring_values("1,,3,4", out));
    CHECK(!slipi_cli_ring_values("", out));
    CHECK_EQ(2048, out[1]);
}

/* Nearest rank: the smallest sample that at least so many percent are not above. */
static void percentiles_are_samples(void)
{
    uint64_t samples[100];
    for (uint64_t i = 0; i < 100; i++) {
        samples[i] = 100 - i;
    }
    slipi_cli_sort(samples, 100);
    CHECK_EQ(50, slipi_cli_percentile(samples, 100, 50.0));
    CHECK_EQ(99, slipi_cli_percentile(samples, 100, 99.0));
    CHECK_EQ(100, slipi_cli_percentile(samples, 100, 100.0));
    CHECK_EQ(1, slipi_cli_percentile(samples, 100, 0.0));
    CHECK_EQ(1, slipi_cli_percentile(samples, 1, 99.0));
    CHECK_EQ(0, slipi_cli_percentile(samples, 0, 50.0));
}

/* A typing error is near; another word is not. */
static void near_words_are_found(void)
{
    static const char *const words[] = {"platform", "window", "runs", "heap", NULL};
    const char *near = slipi_cli_nearest("platfrom", words);
    CHECK(near != NULL && strcmp(near, "platform") == 0);
    near = slipi_cli_nearest("plat", words);
    CHECK(near != NULL && strcmp(near, "platform") == 0);
    near = slipi_cli_nearest("run", words);
    CHECK(near != NULL && strcmp(near, "runs") == 0);
    CHECK(slipi_cli_nearest("zebra", words) == NULL);
    CHECK(slipi_cli_nearest("", words) == NULL);
    CHECK(slipi_cli_nearest("a word that is much longer than any that is compared", words) == NULL);
}

/* Every 16-bit float goes through a double and back unchanged. */
static void small_floats_round_trip(void)
{
    static const uint32_t exponent_bits[] = {5, 8};
    for (size_t kind = 0; kind < 2; kind++) {
        uint32_t wrong = 0;
        for (uint32_t bits = 0; bits < 65536; bits++) {
            double value = small_float_load(bits, exponent_bits[kind]);
            if (isfinite(value) && small_float_store(value, exponent_bits[kind]) != bits) {
                wrong++;
            }
        }
        CHECK_EQ(0, wrong);
    }
    CHECK_EQ(0x3c00, small_float_store(1.0, 5));
    CHECK_EQ(0x3f80, small_float_store(1.0, 8));
    CHECK_EQ(0x3c00, small_float_store(1.0 + 1.0 / 2048.0, 5)); /* half-way: to even */
    CHECK_EQ(0x3c02, small_float_store(1.0 + 3.0 / 2048.0, 5));
    CHECK_EQ(0x7c00, small_float_store(1e9, 5));
    CHECK_EQ(0x0001, small_float_store(ldexp(1.0, -24), 5));
}

/* Every type is written, read and compared. */
static void arrays_of_every_type_round_trip(void)
{
    const uint32_t shape[3] = {2, 3, 5};
    char path[] = "/tmp/slipway_npy_XXXXXX";
    char why[512] = "";
    int file = mkstemp(path);
    CHECK(file >= 0);
    close(file);
    for (uint8_t dtype = 1; slip_dtype_bytes(dtype) != 0; dtype++) {
        slipi_array made;
        slipi_array got;
        slipi_difference difference;
        CHECK(slipi_array_init(&made, dtype, 3, shape, why, sizeof(why)));
        CHECK(slipi_array_fill(&made, "range"));
        CHECK(slipi_npy_write(path, &made, why, sizeof(why)));
        CHECK(slipi_npy_read(path, &got, why, sizeof(why)));
        CHECK_EQ(dtype, got.dtype);
        CHECK_EQ(3, got.ndim);
        CHECK_EQ(5, got.shape[2]);
        CHECK_EQ(made.bytes, got.bytes);
        slipi_array_compare(&got, &made, 0.0, &difference);
        CHECK_EQ(0, difference.outside);
        CHECK(slipi_element_load(&got, 29) == 29.0);
        CHECK(slipi_array_fill(&got, "ones"));
        slipi_array_compare(&got, &made, 1e-3, &difference);
        CHECK_EQ(29, difference.outside);
        CHECK(difference.max_abs == 28.0);
        slipi_array_fini(&made);
        slipi_array_fini(&got);
    }
    CHECK_EQ(0, unlink(path));
}

/* The same seed gives the same numbers, in range. */
static void random_numbers_repeat(void)
{
    const uint32_t shape[1] = {1000};
    char why[128];
    slipi_array a;
    slipi_array b;
    slipi_difference difference;
    CHECK(slipi_array_init(&a, SLIP_F64, 1, shape, why, sizeof(why)));
    CHECK(slipi_array_init(&b, SLIP_F64, 1, shape, why, sizeof(why)));
    CHECK(slipi_array_fill(&a, "rand"));
    CHECK(slipi_array_fill(&b, "1"));
    slipi_array_compare(&a, &b, 0.0, &difference);
    CHECK_EQ(0, difference.outside);
    for (uint64_t i = 0; i < 1000; i++) {
        double value = slipi_element_load(&a, i);
        CHECK(value >= -1.0 && value < 1.0);
    }
    CHECK(slipi_array_fill(&b, "2"));
    slipi_array_compare(&a, &b, 0.0, &difference);
    CHECK_EQ(1000, difference.outside);
    CHECK(!slipi_array_fill(&b, "purple"));
    slipi_array_fini(&a);
    slipi_array_fini(&b);
}

/* Runs all cases. */
int main(void)
{
    CHECK_CASE(numbers_are_whole_texts);
    CHECK_CASE(ring_values_are_one_or_four);
    CHECK_CASE(percentiles_are_samples);
    CHECK_CASE(near_words_are_found);
    CHECK_CASE(small_floats_round_trip);
    CHECK_CASE(arrays_of_every_type_round_trip);
    CHECK_CASE(random_numbers_repeat);
    return check_report();
}
