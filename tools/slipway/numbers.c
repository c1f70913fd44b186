/*
 * numbers.c - numbers of the command line and of reports: parsing, percentiles, units.
 *
 * For the subcommands; one thread. Parsers accept the whole text or nothing.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

/* Reads digits at *text and moves behind them; false if there are none or too many. */
static bool take_number(const char **text, uint64_t *out)
{
    if (!isdigit((unsigned char)(*text)[0])) {
        return false;
    }
    char *end = NULL;
    int base = (*text)[0] == '0' && ((*text)[1] == 'x' || (*text)[1] == 'X') ? 16 : 10;
    errno = 0;
    unsigned long long value = strtoull(*text, &end, base);
    if (errno != 0 || end == *text) {
        return false;
    }
    *text = end;
    *out = value;
    return true;
}

/* A whole decimal or 0x number with nothing after it. */
bool slipi_cli_u64(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    if (!take_number(&text, &value) || *text != '\0') {
        return false;
    }
    *out = value;
    return true;
}

/* A number with an optional K, M, G or T, at *text; moves behind it. */
static bool take_bytes(const char **text, uint64_t *out)
{
    static const char suffixes[] = "KMGT";
    uint64_t value = 0;
    if (!take_number(text, &value)) {
        return false;
    }
    const char *suffix = **text != '\0' ? strchr(suffixes, toupper((unsigned char)**text)) : NULL;
    if (suffix != NULL) {
        uint64_t unit = UINT64_C(1) << (10u * (uint64_t)(suffix - suffixes + 1));
        if (value > UINT64_MAX / unit) {
            return false;
        }
        value *= unit;
        *text += 1;
    }
    *out = value;
    return true;
}

/* As slipi_cli_u64 with an optional K, M, G or T (powers of 1024). */
bool slipi_cli_bytes(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    if (!take_bytes(&text, &value) || *text != '\0') {
        return false;
    }
    *out = value;
    return true;
}

/* A time with ns, us, ms or s; a bare number is seconds. In nanoseconds. */
bool slipi_cli_duration(const char *text, uint64_t *out_ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"", 1000000000}};
    uint64_t value = 0;
    if (!take_number(&text, &value)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(text, units[i].name) == 0 && value <= UINT64_MAX / units[i].ns) {
            *out_ns = value * units[i].ns;
            return true;
        }
    }
    return false;
}

/* One value for all rings, or one a ring, comma-separated. */
bool slipi_cli_ring_values(const char *text, uint64_t out[SLIP_RING_COUNT])
{
    uint64_t values[SLIP_RING_COUNT] = {0};
    uint32_t count = 0;
    bool more = true;
    while (more) {
        if (count == SLIP_RING_COUNT || !take_bytes(&text, &values[count])) {
            return false;
        }
        count++;
        more = *text == ',';
        text += more ? 1 : 0;
    }
    if (*text != '\0' || (count != 1 && count != SLIP_RING_COUNT)) {
        return false;
    }
    for (uint32_t r = 0; r < SLIP_RING_COUNT; r++) {
        out[r] = count == 1 ? values[0] : values[r];
    }
    return true;
}

/* Monotonic host clock. */
uint64_t slipi_cli_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Order of two samples, for qsort. */
static int compare_samples(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

/* Sorts the samples. */
void slipi_cli_sort(uint64_t *samples, size_t count)
{
    if (count > 1) {
        qsort(samples, count, sizeof(samples[0]), compare_samples);
    }
}

/* Nearest-rank percentile of sorted samples; 0 of none. */
uint64_t slipi_cli_percentile(const uint64_t *sorted, size_t count, double percent)
{
    if (count == 0) {
        return 0;
    }
    double rank = percent / 100.0 * (double)count;
    size_t index = (size_t)rank;
    if ((double)index < rank) {
        index++;
    }
    index = index == 0 ? 0 : index - 1;
    return sorted[index < count ? index : count - 1];
}

/* "417 ns", "12.4 us", "3.1 ms", "2.0 s". */
void slipi_cli_time_text(uint64_t ns, char *out, size_t out_bytes)
{
    if (ns < 1000) {
        snprintf(out, out_bytes, "%llu ns", (unsigned long long)ns);
    } else if (ns < 1000000) {
        snprintf(out, out_bytes, "%.2f us", (double)ns / 1e3);
    } else if (ns < 1000000000) {
        snprintf(out, out_bytes, "%.2f ms", (double)ns / 1e6);
    } else {
        snprintf(out, out_bytes, "%.2f s", (double)ns / 1e9);
    }
}

/* "512 B", "64.0 KiB", "1.0 GiB". */
void slipi_cli_bytes_text(uint64_t bytes, char *out, size_t out_bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        snprintf(out, out_bytes, "%llu B", (unsigned long long)bytes);
        return;
    }
    double value = (double)bytes / 1024.0;
    size_t unit = 0;
    while (value >= 1024.0 && unit < 3) {
        value /= 1024.0;
        unit++;
    }
    snprintf(out, out_bytes, "%.1f %s", value, units[unit]);
}
