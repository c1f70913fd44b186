/*
 * test_cache_key.c - every field of the key makes a miss; equality is the full key, not its hash.
 *
 * ctest-labels: unit S2
 */
#include <stddef.h>

#include "fixture.h"
#include "support/check.h"

/* Looks up a key that differs in one byte. */
static enum slipi_prebuilt_found lookup_flipped(fixture *f, size_t byte, unsigned mask)
{
    slipi_prebuilt_key key = fixture_key(0);
    slipi_prebuilt_entry *entry;
    ((unsigned char *)&key)[byte] ^= (unsigned char)mask;
    return slipi_prebuilt_cache_lookup(&f->cache, &key, &entry);
}

/* The key as it was published is a hit, from wherever it was copied. */
static void equal_key_is_a_hit(void)
{
    fixture f;
    fixture_init(&f, 8, 0);
    CHECK(fixture_publish(&f, 0) != NULL);
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, 0));
    fixture_fini(&f);
}

/* Every named field, changed, is a miss. */
static void every_field_counts(void)
{
    const struct {
        const char *name;
        size_t offset;
    } fields[] = {
        {"window 0", offsetof(slipi_prebuilt_key, sizing.ring[0].task_window)},
        {"heap 0", offsetof(slipi_prebuilt_key, sizing.ring[0].heap_bytes)},
        {"pool 0", offsetof(slipi_prebuilt_key, sizing.ring[0].dep_pool)},
        {"window 1", offsetof(slipi_prebuilt_key, sizing.ring[1].task_window)},
        {"heap 1", offsetof(slipi_prebuilt_key, sizing.ring[1].heap_bytes)},
        {"pool 1", offsetof(slipi_prebuilt_key, sizing.ring[1].dep_pool)},
        {"window 2", offsetof(slipi_prebuilt_key, sizing.ring[2].task_window)},
        {"heap 2", offsetof(slipi_prebuilt_key, sizing.ring[2].heap_bytes)},
        {"pool 2", offsetof(slipi_prebuilt_key, sizing.ring[2].dep_pool)},
        {"window 3", offsetof(slipi_prebuilt_key, sizing.ring[3].task_window)},
        {"heap 3", offsetof(slipi_prebuilt_key, sizing.ring[3].heap_bytes)},
        {"pool 3", offsetof(slipi_prebuilt_key, sizing.ring[3].dep_pool)},
        {"run mode", offsetof(slipi_prebuilt_key, mode)},
        {"control capacity", offsetof(slipi_prebuilt_key, control_capacity)},
        {"fingerprint", offsetof(slipi_prebuilt_key, fingerprint)},
        {"architecture", offsetof(slipi_prebuilt_key, arch)},
        {"platform", offsetof(slipi_prebuilt_key, platform)},
    };
    fixture f;
    fixture_init(&f, 8, 0);
    CHECK(fixture_publish(&f, 0) != NULL);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!CHECK_EQ(SLIPI_PREBUILT_MISS, lookup_flipped(&f, fields[i].offset, 1))) {
            fprintf(stderr, "the field is: %s\n", fields[i].name);
        }
    }
    fixture_fini(&f);
}

/* So is every bit of it, whichever entry was used last. */
static void every_bit_counts(void)
{
    fixture f;
    fixture_init(&f, 8, 0);
    CHECK(fixture_publish(&f, 0) != NULL);
    for (size_t byte = 0; byte < sizeof(slipi_prebuilt_key); byte++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            CHECK_EQ(SLIPI_PREBUILT_MISS, lookup_flipped(&f, byte, 1u << bit));
        }
    }
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, 0));
    fixture_fini(&f);
}

/* Two keys with one hash are two keys. */
static void equal_hash_is_not_enough(void)
{
    fixture f;
    fixture_init(&f, 8, 0);
    slipi_prebuilt_entry *entry = fixture_publish(&f, 0);
    CHECK(entry != NULL);
    slipi_prebuilt_key other = fixture_key(1);
    entry->key_hash = slipi_prebuilt_key_hash(&other);
    slipi_prebuilt_entry *found;
    CHECK_EQ(SLIPI_PREBUILT_MISS, slipi_prebuilt_cache_lookup(&f.cache, &other, &found));
    fixture_fini(&f);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(equal_key_is_a_hit);
    CHECK_CASE(every_field_counts);
    CHECK_CASE(every_bit_counts);
    CHECK_CASE(equal_hash_is_not_enough);
    return check_report();
}
