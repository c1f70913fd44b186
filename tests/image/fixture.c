/* fixture.c - see fixture.h. */
#include "fixture.h"

#include <string.h>

/* Notes a released state. */
static void release(void *user, const slipi_prebuilt_state *state)
{
    fixture *f = user;
    f->released_sm[f->released++ % 64] = state->sm_base;
}

/* Starts a fixture. */
void fixture_init(fixture *f, uint32_t max_entries, uint64_t max_bytes)
{
    memset(f, 0, sizeof(*f));
    slipi_prebuilt_cache_init(&f->cache, max_entries, max_bytes, release, f);
}

/* Ends it. */
void fixture_fini(fixture *f)
{
    slipi_prebuilt_cache_fini(&f->cache);
}

/* A key that no other number gives. */
slipi_prebuilt_key fixture_key(uint64_t number)
{
    slipi_prebuilt_key key;
    memset(&key, 0, sizeof(key));
    for (uint32_t ring = 0; ring < SLIP_RING_COUNT; ring++) {
        key.sizing.ring[ring] = (slip_ring_sizing){16384, 1 << 20, 1024};
    }
    key.sizing.ring[0].heap_bytes += number;
    key.fingerprint = UINT64_C(0x1234);
    key.mode = 0;
    key.control_capacity = 4;
    memcpy(key.arch, "a2a3", 4);
    memcpy(key.platform, "a2a3sim", 7);
    return key;
}

/* Publishes the state of a key. */
slipi_prebuilt_entry *fixture_publish(fixture *f, uint64_t number)
{
    static slipi_prebuilt_state state;
    slipi_prebuilt_key key = fixture_key(number);
    memset(&state, 0, sizeof(state));
    state.gm_heap_base = 4096;
    state.gm_heap_bytes = 1;
    state.sm_base = 1000 + number;
    state.sm_bytes = 100;
    state.arena_base = 2000 + number;
    state.arena_bytes = 50;
    return slipi_prebuilt_cache_publish(&f->cache, &key, &state);
}

/* Looks a key up. */
enum slipi_prebuilt_found fixture_lookup(fixture *f, uint64_t number)
{
    slipi_prebuilt_entry *entry;
    slipi_prebuilt_key key = fixture_key(number);
    return slipi_prebuilt_cache_lookup(&f->cache, &key, &entry);
}
