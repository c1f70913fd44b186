/*
 * fixture.h - keys, states and a counted cache for the tests of the prebuilt cache.
 */
#ifndef SLIPWAY_TESTS_IMAGE_FIXTURE_H
#define SLIPWAY_TESTS_IMAGE_FIXTURE_H

#include "image/prebuilt_cache.h"

/* A cache and what it released. */
typedef struct fixture {
    slipi_prebuilt_cache cache;
    uint32_t released;
    uint64_t released_sm[64]; /* their SM bases, in order */
} fixture;

/* Starts a fixture. */
void fixture_init(fixture *f, uint32_t max_entries, uint64_t max_bytes);

/* Ends it. */
void fixture_fini(fixture *f);

/* A key that no other number gives. */
slipi_prebuilt_key fixture_key(uint64_t number);

/* Publishes the state of fixture_key(number): 100 bytes of SM and 50 of arena on heap 4096. */
slipi_prebuilt_entry *fixture_publish(fixture *f, uint64_t number);

/* Looks fixture_key(number) up. */
enum slipi_prebuilt_found fixture_lookup(fixture *f, uint64_t number);

#endif
