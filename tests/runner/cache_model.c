/* cache_model.c - see cache_model.h. */
#include "cache_model.h"

#include <string.h>

#define PAGE UINT64_C(4096)
#define IMAGE_BYTES UINT64_C(8192)
#define STAGING_BYTES UINT64_C(65536)
#define AUDIT_BYTES (UINT64_C(1) << 30)
#define HEAP_RESERVE (UINT64_C(64) << 30)
#define VECTOR_BYTES UINT64_C(256) /* of one argument of the program: 64 floats */

/* Whole pages. */
static uint64_t pages(uint64_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

/* One call of the platform: good, or why not. */
static slip_status call(model *m, const char *name, slip_status failure)
{
    bool fails = false;
    if (m->fault.call != NULL && strcmp(m->fault.call, name) == 0 && --m->fault.nth == 0) {
        m->fault.call = NULL;
        fails = true;
        m->lost |= m->fault.loses;
    }
    if (m->lost) {
        m->broken = true;
        return SLIP_E_DEVICE;
    }
    return fails ? failure : SLIP_OK;
}

/* Takes entry `at` out. */
static void take_out(model *m, uint32_t at)
{
    m->count--;
    memmove(&m->entries[at], &m->entries[at + 1], (m->count - at) * sizeof(m->entries[0]));
}

/* Puts an entry in front. */
static void put_first(model *m, model_entry entry)
{
    memmove(&m->entries[1], &m->entries[0], m->count * sizeof(m->entries[0]));
    m->entries[0] = entry;
    m->count++;
}

/* Drops the entry that was not used for the longest time. */
static bool evict(model *m)
{
    if (m->count == 0) {
        return false;
    }
    m->count--;
    m->stats.evictions++;
    return true;
}

/* SM and arena of all entries. */
static uint64_t cached_bytes(const model *m)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        bytes +=
            m->sizes[m->entries[i].sizing].sm_bytes + m->sizes[m->entries[i].sizing].arena_bytes;
    }
    return bytes;
}

/* What a runner needs on its device again: launch block, program, kernel table. */
static slip_status put_back(model *m)
{
    static const char *const calls[] = {"alloc", "load_program", "alloc", "copy_to"};
    slip_status status = SLIP_OK;
    for (uint32_t i = 0; i < 4 && status == SLIP_OK; i++) {
        status = call(m, calls[i], SLIP_E_DEVICE);
    }
    return status;
}

/* Everything on the device is gone, and the runner's own things are there again. */
static void recover(model *m)
{
    m->broken = false;
    if (m->refuses || m->recovery_fails) {
        m->refuses = true;
        return;
    }
    m->lost = false;
    m->stats.invalidations += m->count;
    m->count = 0;
    m->heap_committed = 0;
    m->heap_reserved = 0;
    m->pair_sm = 0;
    m->pair_arena = 0;
    m->staging_bytes = 0;
    m->record_bytes = 0;
    m->allocations = 0;
    m->stats.device_resets++;
    if (put_back(m) != SLIP_OK) {
        m->refuses = true;
        m->empty = true;
    }
    m->broken = false;
}

/* What every operation on the device begins with. */
static slip_status usable(model *m)
{
    if (m->broken) {
        recover(m);
    }
    return m->refuses ? SLIP_E_REFUSED : SLIP_OK;
}

/* A reservation that is committed. */
static slip_status obtain(model *m)
{
    slip_status status = call(m, "reserve", SLIP_E_OUT_OF_MEMORY);
    if (status == SLIP_OK) {
        status = call(m, "commit", SLIP_E_OUT_OF_MEMORY);
    }
    m->stats.region_allocs += status == SLIP_OK ? 1 : 0;
    return status;
}

/* SM and arena outside the cache, zero. */
static slip_status make_pair(model *m, const model_size *size)
{
    if (m->pair_sm == pages(size->sm_bytes) && m->pair_arena == pages(size->arena_bytes)) {
        return call(m, "relay", SLIP_E_DEVICE);
    }
    m->pair_sm = 0;
    m->pair_arena = 0;
    slip_status status = obtain(m);
    while (status == SLIP_E_OUT_OF_MEMORY && evict(m)) {
        status = obtain(m);
    }
    if (status == SLIP_OK) {
        m->pair_sm = pages(size->sm_bytes);
        m->pair_arena = pages(size->arena_bytes);
    }
    return status;
}

/* A heap elsewhere; whatever named the old one goes. */
static slip_status move_heap(model *m, uint64_t bytes)
{
    const uint64_t reserve[3] = {HEAP_RESERVE, 4 * bytes, bytes};
    slip_status status = SLIP_E_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < 3 && status == SLIP_E_OUT_OF_MEMORY; i++) {
        status = obtain(m);
        if (status == SLIP_OK) {
            m->stats.invalidations += m->heap_committed != 0 ? m->count : 0;
            m->count = m->heap_committed != 0 ? 0 : m->count;
            m->heap_committed = bytes;
            m->heap_reserved = reserve[i];
        }
    }
    return status;
}

/* A heap that is large enough. */
static slip_status make_heap(model *m, uint64_t bytes)
{
    if (bytes <= m->heap_committed) {
        return SLIP_OK;
    }
    if (bytes > m->heap_reserved) {
        return move_heap(m, bytes);
    }
    slip_status status = call(m, "commit", SLIP_E_OUT_OF_MEMORY);
    while (status == SLIP_E_OUT_OF_MEMORY && evict(m)) {
        status = call(m, "commit", SLIP_E_OUT_OF_MEMORY);
    }
    m->heap_committed = status == SLIP_OK ? bytes : m->heap_committed;
    return status;
}

/* Nothing of a set-up that failed stays, but a heap that entries use. */
static void roll_back(model *m)
{
    m->pair_sm = 0;
    m->pair_arena = 0;
    if (m->count == 0) {
        m->heap_committed = 0;
        m->heap_reserved = 0;
    }
}

/* Takes the pair into the cache, if it may stay there. */
static void publish(model *m, uint32_t sizing)
{
    const model_size *size = &m->sizes[sizing];
    uint64_t bytes = size->sm_bytes + size->arena_bytes;
    if (m->cache_off || (m->max_bytes != 0 && bytes > m->max_bytes) || m->fault.no_entry) {
        return;
    }
    while (m->count >= m->max_entries ||
           (m->max_bytes != 0 && cached_bytes(m) + bytes > m->max_bytes)) {
        (void)evict(m);
    }
    put_first(m, (model_entry){sizing, true, false, 0, 0});
    m->pair_sm = 0;
    m->pair_arena = 0;
}

/* The two header pages. */
static slip_status write_image(model *m)
{
    slip_status status = call(m, "copy_to", SLIP_E_DEVICE);
    m->stats.last_image_bytes = status == SLIP_OK ? IMAGE_BYTES : 0;
    m->stats.image_bytes += m->stats.last_image_bytes;
    return status;
}

/* A miss. */
static slip_status build(model *m, uint32_t sizing)
{
    const model_size *size = &m->sizes[sizing];
    m->stats.misses++;
    m->stats.sizes_derived++;
    slip_status status = make_pair(m, size);
    if (status == SLIP_OK) {
        status = make_heap(m, pages(size->heap_bytes));
    }
    if (status == SLIP_OK) {
        status = write_image(m);
    }
    if (status != SLIP_OK) {
        roll_back(m);
        return status;
    }
    publish(m, sizing);
    return SLIP_OK;
}

/* The state of a sizing, as a bind finds it or makes it. */
static slip_status bind_state(model *m, uint32_t sizing)
{
    m->stats.last_image_bytes = 0;
    uint32_t at = 0;
    while (at < m->count && m->entries[at].sizing != sizing) {
        at++;
    }
    if (at == m->count) {
        return build(m, sizing);
    }
    model_entry entry = m->entries[at];
    take_out(m, at);
    put_first(m, entry);
    if (entry.valid && !entry.dirty) {
        m->entries[0].hits++;
        m->stats.hits++;
        return SLIP_OK;
    }
    m->entries[0].valid = false;
    m->stats.dirty++;
    slip_status status = call(m, "relay", SLIP_E_DEVICE);
    if (status == SLIP_OK) {
        status = write_image(m);
    }
    m->entries[0].valid = status == SLIP_OK;
    m->entries[0].relays += status == SLIP_OK ? 1 : 0;
    m->entries[0].dirty = status == SLIP_OK ? false : m->entries[0].dirty;
    return status;
}

/* Room for host arguments, and the one that goes in. */
static slip_status copy_in(model *m)
{
    if (m->in_place) {
        return SLIP_OK;
    }
    if (m->staging_bytes == 0) {
        slip_status status = call(m, "alloc", SLIP_E_OUT_OF_MEMORY);
        if (status != SLIP_OK) {
            return status;
        }
        m->staging_bytes = STAGING_BYTES;
    }
    slip_status status = call(m, "copy_to", SLIP_E_DEVICE);
    m->stats.copy_in_bytes += status == SLIP_OK ? VECTOR_BYTES : 0;
    return status;
}

/* The run's entry, if it has one, must be laid anew. */
static void spoil(model *m, bool cached)
{
    if (cached) {
        m->entries[0].dirty = true;
    }
}

/* Launch, wait, result, outputs. */
static slip_status launch(model *m, bool cached)
{
    slip_status status = call(m, "launch", SLIP_E_DEVICE);
    if (status != SLIP_OK) {
        spoil(m, cached);
        return status;
    }
    m->stats.runs++;
    status = call(m, "wait", m->fault.hangs ? SLIP_E_HANG : SLIP_E_DEVICE);
    if (status == SLIP_E_HANG) {
        m->broken = true;
        return status;
    }
    slip_status fetched = m->in_place ? SLIP_OK : call(m, "copy_from", SLIP_E_DEVICE);
    if (status != SLIP_OK || fetched != SLIP_OK) {
        spoil(m, cached);
        return SLIP_E_DEVICE;
    }
    m->stats.last_tasks = 2;
    m->ring_tasks += 2;
    if (m->fault.kernel != 0) {
        return SLIP_E_KERNEL_FAILED;
    }
    if (m->in_place) {
        return SLIP_OK;
    }
    status = call(m, "copy_from", SLIP_E_DEVICE);
    m->stats.copy_out_bytes += status == SLIP_OK ? VECTOR_BYTES : 0;
    return status;
}

/* Arguments, state, launch block; then the launch. */
static slip_status bind_and_launch(model *m, uint32_t sizing)
{
    m->stats.last_launch_bytes = 0;
    m->stats.last_image_bytes = 0;
    slip_status status = copy_in(m);
    if (status == SLIP_OK) {
        status = bind_state(m, sizing);
    }
    if (status != SLIP_OK) {
        return status;
    }
    m->stats.last_launch_bytes = m->launch_block_bytes;
    m->stats.launch_bytes += m->launch_block_bytes;
    return launch(m, m->count != 0 && m->entries[0].sizing == sizing);
}

/* One run; see the header. */
slip_status model_run(model *m, uint32_t sizing, bool audit)
{
    slip_status status = usable(m);
    if (status == SLIP_OK) {
        m->record_bytes = audit ? AUDIT_BYTES : m->record_bytes;
        status = bind_and_launch(m, sizing);
    }
    if (status != SLIP_OK) {
        m->stats.run_failures++;
        if (m->broken) {
            recover(m);
        }
    }
    return status;
}

/* Makes a sizing resident; see the header. */
slip_status model_prewarm(model *m, uint32_t sizing)
{
    slip_status status = usable(m);
    return status == SLIP_OK ? bind_state(m, sizing) : status;
}

/* Bytes of the heap that entries use. */
static uint64_t heap_in_use(const model *m)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        uint64_t bytes = pages(m->sizes[m->entries[i].sizing].heap_bytes);
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* The heap of a trim: its end, then the pages behind the rest. */
static slip_status trim_heap(model *m, const slip_trim_target *target, slip_trimmed *out)
{
    uint64_t needed = heap_in_use(m);
    if (needed == 0) {
        out->gm_heap_bytes = m->heap_committed;
        m->heap_committed = 0;
        m->heap_reserved = 0;
        return SLIP_OK;
    }
    if (needed < m->heap_committed) {
        slip_status status = call(m, "decommit", SLIP_E_DEVICE);
        if (status != SLIP_OK) {
            return status;
        }
        out->gm_heap_bytes = m->heap_committed - needed;
        m->heap_committed = needed;
    }
    return target->keep_pages != 0 ? SLIP_OK : call(m, "relay", SLIP_E_DEVICE);
}

/* Gives memory back; see the header. */
slip_status model_trim(model *m, const slip_trim_target *target, slip_trimmed *out)
{
    *out = (slip_trimmed){.struct_size = sizeof(*out)};
    slip_status status = usable(m);
    if (status != SLIP_OK) {
        return status;
    }
    while (m->count > target->keep_entries ||
           (target->keep_bytes != 0 && cached_bytes(m) > target->keep_bytes)) {
        const model_size *size = &m->sizes[m->entries[m->count - 1].sizing];
        out->entries++;
        out->sm_bytes += size->sm_bytes;
        out->arena_bytes += size->arena_bytes;
        (void)evict(m);
    }
    out->sm_bytes += m->pair_sm;
    out->arena_bytes += m->pair_arena;
    out->staging_bytes = m->staging_bytes;
    out->record_bytes = m->record_bytes;
    m->pair_sm = 0;
    m->pair_arena = 0;
    m->staging_bytes = 0;
    m->record_bytes = 0;
    status = trim_heap(m, target, out);
    m->stats.trims += status == SLIP_OK ? 1 : 0;
    m->stats.trimmed_bytes += out->gm_heap_bytes + out->sm_bytes + out->arena_bytes +
                              out->staging_bytes + out->record_bytes;
    return status;
}

/* An allocation; see the header. */
slip_status model_malloc(model *m)
{
    slip_status status = usable(m);
    if (status == SLIP_OK) {
        status = call(m, "alloc", SLIP_E_OUT_OF_MEMORY);
    }
    m->allocations += status == SLIP_OK ? 1 : 0;
    return status;
}

/* Gives an allocation back; see the header. */
slip_status model_free(model *m)
{
    slip_status status = usable(m);
    if (status == SLIP_OK && m->allocations == 0) {
        return SLIP_E_INVALID_ARGUMENT; /* it was lost with the device */
    }
    m->allocations -= status == SLIP_OK ? 1 : 0;
    return status;
}

/* Gives back what the device has lost; see the header. */
slip_status model_free_lost(model *m)
{
    slip_status status = usable(m);
    return status == SLIP_OK ? SLIP_E_INVALID_ARGUMENT : status;
}

/* Entries that are hits; see the header. */
uint32_t model_valid(const model *m)
{
    uint32_t valid = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        valid += m->entries[i].valid && !m->entries[i].dirty ? 1u : 0u;
    }
    return valid;
}

/* Committed bytes of SM; see the header. */
uint64_t model_sm(const model *m)
{
    uint64_t bytes = m->pair_sm;
    for (uint32_t i = 0; i < m->count; i++) {
        bytes += m->sizes[m->entries[i].sizing].sm_bytes;
    }
    return bytes;
}

/* Committed bytes of the arena; see the header. */
uint64_t model_arena(const model *m)
{
    uint64_t bytes = m->pair_arena;
    for (uint32_t i = 0; i < m->count; i++) {
        bytes += m->sizes[m->entries[i].sizing].arena_bytes;
    }
    return bytes;
}

/* Things on the platform; see the header. */
uint64_t model_things(const model *m)
{
    uint64_t own = m->empty ? 1 : 4; /* device, launch block, program, kernel table */
    own += m->heap_committed != 0 ? 1 : 0;
    own += m->pair_sm != 0 ? 1 : 0;
    own += m->staging_bytes != 0 ? 1 : 0;
    own += m->record_bytes != 0 ? 1 : 0;
    return own + m->count + m->allocations;
}
