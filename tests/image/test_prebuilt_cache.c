/*
 * test_prebuilt_cache.c - entries: valid last, dirty, evicted by age, dropped with the heap.
 *
 * ctest-labels: unit S1 S5
 */
#include "fixture.h"
#include "support/check.h"

/* Nothing is found in an empty cache. */
static void empty_is_a_miss(void)
{
    fixture f;
    fixture_init(&f, 1, 0);
    CHECK_EQ(SLIPI_PREBUILT_MISS, fixture_lookup(&f, 0));
    CHECK_EQ(0, slipi_prebuilt_cache_valid(&f.cache));
    CHECK(!slipi_prebuilt_cache_evict(&f.cache));
    fixture_fini(&f);
}

/* Two caches share nothing. */
static void caches_are_apart(void)
{
    fixture a;
    fixture b;
    fixture_init(&a, 8, 0);
    fixture_init(&b, 8, 0);
    CHECK(fixture_publish(&a, 1) != NULL);
    CHECK_EQ(SLIPI_PREBUILT_MISS, fixture_lookup(&b, 1));
    CHECK(fixture_publish(&b, 1) != NULL);
    fixture_fini(&a);
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&b, 1));
    fixture_fini(&b);
}

/* The least recently used entry goes first. */
static void oldest_is_evicted(void)
{
    fixture f;
    fixture_init(&f, 3, 0);
    for (uint64_t n = 0; n < 3; n++) {
        CHECK(fixture_publish(&f, n) != NULL);
    }
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, 0)); /* 1 is the oldest now */
    CHECK(fixture_publish(&f, 3) != NULL);
    CHECK_EQ(1, f.released);
    CHECK_EQ(1001, f.released_sm[0]);
    CHECK_EQ(1, f.cache.evictions);
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, 0));
    CHECK_EQ(SLIPI_PREBUILT_MISS, fixture_lookup(&f, 1));
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, 2));
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, 3));
    fixture_fini(&f);
    CHECK_EQ(4, f.released);
}

/* The byte budget counts SM and arena; an entry beyond all of it is not kept. */
static void budget_is_kept(void)
{
    fixture f;
    fixture_init(&f, 8, 320); /* an entry has 150 bytes */
    CHECK(fixture_publish(&f, 0) != NULL);
    CHECK(fixture_publish(&f, 1) != NULL);
    CHECK_EQ(300, f.cache.bytes);
    CHECK(fixture_publish(&f, 2) != NULL);
    CHECK_EQ(300, f.cache.bytes);
    CHECK_EQ(1, f.released);
    CHECK_EQ(1000, f.released_sm[0]);
    fixture_fini(&f);

    fixture_init(&f, 8, 149);
    CHECK(fixture_publish(&f, 0) == NULL);
    CHECK_EQ(0, f.cache.count);
    CHECK_EQ(0, f.released); /* it stays the caller's */
    fixture_fini(&f);
}

/* A dirty entry is found as such, and is no hit until it was published again. */
static void dirty_until_published(void)
{
    fixture f;
    fixture_init(&f, 8, 0);
    slipi_prebuilt_entry *entry = fixture_publish(&f, 0);
    slipi_prebuilt_cache_mark_dirty(entry);
    CHECK_EQ(0, slipi_prebuilt_cache_valid(&f.cache));
    CHECK_EQ(SLIPI_PREBUILT_DIRTY, fixture_lookup(&f, 0));
    CHECK_EQ(0, entry->valid);                             /* taken back before the relay */
    CHECK_EQ(SLIPI_PREBUILT_DIRTY, fixture_lookup(&f, 0)); /* the relay failed in the middle */
    CHECK(fixture_publish(&f, 0) == entry);
    CHECK_EQ(1, f.cache.count);
    CHECK_EQ(0, f.released);
    CHECK_EQ(150, f.cache.bytes);
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, 0));
    fixture_fini(&f);
}

/* A heap that moves takes every entry with it that names it, and no other. */
static void heap_takes_its_entries(void)
{
    fixture f;
    fixture_init(&f, 8, 0);
    CHECK(fixture_publish(&f, 0) != NULL);
    CHECK(fixture_publish(&f, 1) != NULL);
    fixture_publish(&f, 2)->state.gm_heap_base = 8192;
    slipi_prebuilt_cache_drop_heap(&f.cache, 4096);
    CHECK_EQ(2, f.cache.invalidations);
    CHECK_EQ(2, f.released);
    CHECK_EQ(0, f.cache.evictions);
    CHECK_EQ(SLIPI_PREBUILT_MISS, fixture_lookup(&f, 0));
    CHECK_EQ(SLIPI_PREBUILT_MISS, fixture_lookup(&f, 1));
    CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, 2));
    fixture_fini(&f);
}

/* Hits are counted; the entry used last is found like any other. */
static void hits_are_counted(void)
{
    fixture f;
    fixture_init(&f, SLIPI_PREBUILT_MAX_ENTRIES, 0);
    for (uint64_t n = 0; n < 40; n++) {
        CHECK(fixture_publish(&f, n) != NULL);
    }
    for (uint64_t n = 0; n < 40; n++) {
        CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, n));
        CHECK_EQ(SLIPI_PREBUILT_HIT, fixture_lookup(&f, n));
        CHECK_EQ(2, f.cache.latest->hits);
        CHECK_EQ(1000 + n, f.cache.latest->state.sm_base);
    }
    CHECK_EQ(40, slipi_prebuilt_cache_valid(&f.cache));
    fixture_fini(&f);
    CHECK_EQ(40, f.released);
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(empty_is_a_miss);
    CHECK_CASE(caches_are_apart);
    CHECK_CASE(oldest_is_evicted);
    CHECK_CASE(budget_is_kept);
    CHECK_CASE(dirty_until_published);
    CHECK_CASE(heap_takes_its_entries);
    CHECK_CASE(hits_are_counted);
    return check_report();
}
