/*
 * elements.c - elements of arrays as numbers, for every element type.
 *
 * For the subcommands; one thread. Elements are moved by memcpy, so data needs no alignment.
 */
#include "elements.h"

#include <math.h>
#include <string.h>

#include "cli.h"

/* A 16-bit float of `exponent_bits` exponent bits as a double. */
static double small_float_load(uint32_t bits, uint32_t exponent_bits)
{
    uint32_t fraction_bits = 15u - exponent_bits;
    uint32_t fraction = bits & ((1u << fraction_bits) - 1u);
    uint32_t exponent = (bits >> fraction_bits) & ((1u << exponent_bits) - 1u);
    int32_t bias = (1 << (exponent_bits - 1u)) - 1;
    double sign = (bits & 0x8000u) != 0 ? -1.0 : 1.0;
    if (exponent == (1u << exponent_bits) - 1u) {
        return fraction == 0 ? sign * (double)INFINITY : (double)NAN;
    }
    if (exponent == 0) {
        return sign * ldexp((double)fraction, 1 - bias - (int32_t)fraction_bits);
    }
    return sign * ldexp((double)(fraction | 1u << fraction_bits),
                        (int32_t)exponent - bias - (int32_t)fraction_bits);
}

/* A finite double as a 16-bit float, rounded to nearest even. */
static uint16_t small_float_store(double value, uint32_t exponent_bits)
{
    uint32_t fraction_bits = 15u - exponent_bits;
    int32_t bias = (1 << (exponent_bits - 1u)) - 1;
    uint32_t sign = signbit(value) ? 0x8000u : 0u;
    uint32_t infinity = ((1u << exponent_bits) - 1u) << fraction_bits;
    if (value == 0.0) {
        return (uint16_t)sign;
    }
    int exponent = 0;
    frexp(value, &exponent);
    exponent -= 1;
    int32_t unit = exponent < 1 - bias ? 1 - bias : exponent;
    double scaled = nearbyint(ldexp(fabs(value), (int32_t)fraction_bits - unit));
    uint32_t bits = (uint32_t)scaled;
    if (exponent >= 1 - bias) {
        bits += (uint32_t)(unit + bias - 1) << fraction_bits;
    }
    return (uint16_t)(sign | (bits > infinity ? infinity : bits));
}

/* Little-endian bits of element `index`. */
static uint64_t load_bits(const slipi_array *array, uint64_t index)
{
    uint32_t bytes = slip_dtype_bytes(array->dtype);
    uint64_t bits = 0;
    memcpy(&bits, (const unsigned char *)array->data + index * bytes, bytes);
    return bits;
}

/* Stores the low bytes of `bits` as element `index`. */
static void store_bits(slipi_array *array, uint64_t index, uint64_t bits)
{
    uint32_t bytes = slip_dtype_bytes(array->dtype);
    memcpy((unsigned char *)array->data + index * bytes, &bits, bytes);
}

/* Bits of a double. */
static uint64_t double_bits(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Bits of a double as a float. */
static uint64_t float_bits(double value)
{
    float narrow = (float)value;
    uint32_t bits = 0;
    memcpy(&bits, &narrow, sizeof(bits));
    return bits;
}

/* Element `index` of an array as a double. */
double slipi_element_load(const slipi_array *array, uint64_t index)
{
    uint64_t bits = load_bits(array, index);
    float single = 0.0f;
    double value = 0.0;
    switch (array->dtype) {
    case SLIP_F32:
        memcpy(&single, &bits, sizeof(single));
        return (double)single;
    case SLIP_F64:
        memcpy(&value, &bits, sizeof(value));
        return value;
    case SLIP_F16:
        return small_float_load((uint32_t)bits, 5);
    case SLIP_BF16:
        return small_float_load((uint32_t)bits, 8);
    case SLIP_I8:
        return (double)(int8_t)bits;
    case SLIP_I16:
        return (double)(int16_t)bits;
    case SLIP_I32:
        return (double)(int32_t)bits;
    case SLIP_I64:
        return (double)(int64_t)bits;
    default:
        return (double)bits;
    }
}

/* Whether a type is one of the floats. */
static bool is_float(uint8_t dtype)
{
    return dtype == SLIP_F32 || dtype == SLIP_F64 || dtype == SLIP_F16 || dtype == SLIP_BF16;
}

/* Stores a number as element `index`; integers keep their low bits. */
static void store_number(slipi_array *array, uint64_t index, uint64_t whole, double real)
{
    switch (array->dtype) {
    case SLIP_F32:
        store_bits(array, index, float_bits(real));
        break;
    case SLIP_F64:
        store_bits(array, index, double_bits(real));
        break;
    case SLIP_F16:
        store_bits(array, index, small_float_store(real, 5));
        break;
    case SLIP_BF16:
        store_bits(array, index, small_float_store(real, 8));
        break;
    default:
        store_bits(array, index, whole);
        break;
    }
}

/* Next value of a random sequence (a counter through a mixing function). */
static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t x = *state;
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* Fills an array with random numbers. */
static void fill_random(slipi_array *array, uint64_t count, uint64_t seed)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t bits = next_random(&seed);
        store_number(array, i, bits % 100, ldexp((double)(bits >> 11), -52) - 1.0);
    }
}

/* Fills an array as `how` says; false if it is no known way. */
bool slipi_array_fill(slipi_array *array, const char *how)
{
    uint64_t count = array->bytes / slip_dtype_bytes(array->dtype);
    uint64_t seed = 1;
    if (strcmp(how, "zeros") == 0) {
        memset(array->data, 0, array->bytes);
        return true;
    }
    if (strcmp(how, "ones") == 0 || strcmp(how, "range") == 0) {
        bool ones = how[0] == 'o';
        for (uint64_t i = 0; i < count; i++) {
            uint64_t value = ones ? 1 : i;
            store_number(array, i, value, (double)value);
        }
        return true;
    }
    if (strcmp(how, "rand") != 0 && !slipi_cli_u64(how, &seed)) {
        return false;
    }
    fill_random(array, count, seed);
    return true;
}

/* Difference of two elements; 0 if they are the same bits or both not numbers. */
static double element_difference(const slipi_array *found, const slipi_array *expected, uint64_t i)
{
    if (load_bits(found, i) == load_bits(expected, i)) {
        return 0.0;
    }
    double a = slipi_element_load(found, i);
    double b = slipi_element_load(expected, i);
    if (isnan(a) || isnan(b)) {
        return isnan(a) && isnan(b) ? 0.0 : (double)INFINITY;
    }
    if (!is_float(found->dtype) && a == b) {
        return 1.0; /* 64-bit integers that differ below the precision of a double */
    }
    return isinf(a) || isinf(b) ? (a == b ? 0.0 : (double)INFINITY) : fabs(a - b);
}

/* Compares two arrays of the same type and shape. */
void slipi_array_compare(const slipi_array *found, const slipi_array *expected, double tolerance,
                         slipi_difference *out)
{
    uint64_t count = found->bytes / slip_dtype_bytes(found->dtype);
    memset(out, 0, sizeof(*out));
    for (uint64_t i = 0; i < count; i++) {
        double difference = element_difference(found, expected, i);
        double size = fabs(slipi_element_load(expected, i));
        double relative = size > 1.0 && !isinf(size) ? difference / size : difference;
        out->max_abs = difference > out->max_abs ? difference : out->max_abs;
        out->outside += relative > tolerance ? 1 : 0;
        if (relative > out->max_rel || i == 0) {
            out->max_rel = relative;
            out->index = i;
            out->found = slipi_element_load(found, i);
            out->expected = slipi_element_load(expected, i);
        }
    }
}
