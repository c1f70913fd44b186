/*
 * plan_check.c - whether a block is a plan: header, checksum, sections; see plan.h. Any thread.
 *
 * From the outside in: nothing is read before it is known to lie inside the block. What the
 * sections hold is checked in plan_check_tables.c and plan_check_tasks.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"
#include "graph/plan_check_int.h"

/* Describes a problem; see the header. */
bool slipi_plan_wrong(const slipi_plan_checker *c, const void *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    c->out->at = (uint64_t)((const uint8_t *)at - (const uint8_t *)c->plan);
    (void)vsnprintf(c->out->detail, sizeof c->out->detail, format, args);
    va_end(args);
    return false;
}

/* True if bytes are zero; see the header. */
bool slipi_plan_zero(const slipi_plan_checker *c, const void *at, uint64_t bytes, const char *what)
{
    for (uint64_t i = 0; i < bytes; i++) {
        const uint8_t *byte = (const uint8_t *)at + i;
        if (*byte != 0) {
            return slipi_plan_wrong(c, byte, "%s: byte 0x%02x, wanted zero", what, *byte);
        }
    }
    return true;
}

uint64_t slipi_plan_checksum(const slipi_plan *plan)
{
    static const uint64_t no_checksum = 0;
    const size_t at = offsetof(slipi_plan, checksum);
    const size_t behind = at + sizeof no_checksum;
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    (void)XXH3_64bits_reset(&state);
    (void)XXH3_64bits_update(&state, plan, at);
    (void)XXH3_64bits_update(&state, &no_checksum, sizeof no_checksum);
    (void)XXH3_64bits_update(&state, (const uint8_t *)plan + behind, plan->bytes - behind);
    uint64_t sum = XXH3_64bits_digest(&state);
    return sum != 0 ? sum : 1;
}

/* Checks whether this is a plan at all, of this build and of this length. */
static bool check_identity(const slipi_plan_checker *c, uint64_t bytes)
{
    const slipi_plan *plan = c->plan;
    if ((uintptr_t)plan % 8 != 0) {
        return slipi_plan_wrong(c, plan, "the block is not aligned to 8 bytes");
    }
    if (bytes < sizeof *plan) {
        return slipi_plan_wrong(c, plan, "%llu bytes, wanted a header of %zu",
                                (unsigned long long)bytes, sizeof *plan);
    }
    if (plan->magic != SLIPI_PLAN_MAGIC) {
        return slipi_plan_wrong(c, &plan->magic, "no graph: it starts with %016llx, wanted %016llx",
                                (unsigned long long)plan->magic,
                                (unsigned long long)SLIPI_PLAN_MAGIC);
    }
    if (plan->version != SLIPI_PLAN_VERSION) {
        return slipi_plan_wrong(c, &plan->version, "version %u, wanted %u: record the graph again",
                                plan->version, SLIPI_PLAN_VERSION);
    }
    if (plan->header_bytes != sizeof *plan) {
        return slipi_plan_wrong(c, &plan->header_bytes, "a header of %u bytes, wanted %zu",
                                plan->header_bytes, sizeof *plan);
    }
    if (plan->fingerprint != slipi_layout_fingerprint()) {
        return slipi_plan_wrong(c, &plan->fingerprint,
                                "written by another build (layout fingerprint %016llx, wanted "
                                "%016llx): record the graph again",
                                (unsigned long long)plan->fingerprint,
                                (unsigned long long)slipi_layout_fingerprint());
    }
    if (plan->bytes != bytes || bytes > SLIPI_PLAN_MAX_BYTES || bytes % 8 != 0) {
        return slipi_plan_wrong(c, &plan->bytes,
                                "%llu bytes, and its header says %llu: %s, or no multiple of 8",
                                (unsigned long long)bytes, (unsigned long long)plan->bytes,
                                bytes < plan->bytes ? "truncated" : "too long");
    }
    return true;
}

/* Checks what else the header says without the sections. */
static bool check_header(const slipi_plan_checker *c)
{
    const slipi_plan *plan = c->plan;
    uint64_t sum = slipi_plan_checksum(plan);
    if (plan->checksum != sum) {
        return slipi_plan_wrong(c, &plan->checksum, "checksum %016llx, wanted %016llx: %s",
                                (unsigned long long)plan->checksum, (unsigned long long)sum,
                                plan->checksum == 0 ? "the graph is not sealed"
                                                    : "altered since it was written");
    }
    if ((plan->flags & ~(uint32_t)SLIPI_PLAN_BUILT) != 0) {
        return slipi_plan_wrong(c, &plan->flags, "flags 0x%x, known is 0x%x", plan->flags,
                                SLIPI_PLAN_BUILT);
    }
    if (plan->heap_bytes % SLIPI_LINE != 0) {
        return slipi_plan_wrong(c, &plan->heap_bytes,
                                "a heap of %llu bytes, wanted a multiple of %u",
                                (unsigned long long)plan->heap_bytes, SLIPI_LINE);
    }
    return slipi_plan_zero(c, plan->reserved, sizeof plan->reserved, "reserved");
}

/* Checks how many elements the sections have. */
static bool check_counts(const slipi_plan_checker *c)
{
    static const uint64_t most[SLIPI_PLAN_SECTIONS] = {[SLIPI_PLAN_TASKS] = SLIPI_PLAN_MAX_TASKS,
                                                       [SLIPI_PLAN_EDGES] = UINT32_MAX,
                                                       [SLIPI_PLAN_ARGS] = UINT32_MAX,
                                                       [SLIPI_PLAN_GEOMETRIES] = UINT32_MAX,
                                                       [SLIPI_PLAN_SCALARS] = UINT32_MAX,
                                                       [SLIPI_PLAN_PATCHES] = UINT32_MAX,
                                                       [SLIPI_PLAN_PARAMS] = SLIP_MAX_RUN_ARGS,
                                                       [SLIPI_PLAN_BINDINGS] = SLIP_MAX_RUN_ARGS,
                                                       [SLIPI_PLAN_KERNELS] = SLIP_MAX_KERNELS,
                                                       [SLIPI_PLAN_BUFFERS] = UINT32_MAX,
                                                       [SLIPI_PLAN_NAMES] = SLIPI_PLAN_MAX_BYTES};
    const slipi_plan_section *sections = c->plan->section;
    for (uint32_t s = 0; s < SLIPI_PLAN_SECTIONS; s++) {
        if (sections[s].count > most[s]) {
            return slipi_plan_wrong(c, &sections[s].count,
                                    "section %u has %llu elements, at most "
                                    "%llu are allowed",
                                    s, (unsigned long long)sections[s].count,
                                    (unsigned long long)most[s]);
        }
    }
    if (sections[SLIPI_PLAN_BINDINGS].count != sections[SLIPI_PLAN_PARAMS].count) {
        return slipi_plan_wrong(c, &sections[SLIPI_PLAN_BINDINGS].count,
                                "%llu bindings for %llu parameters",
                                (unsigned long long)sections[SLIPI_PLAN_BINDINGS].count,
                                (unsigned long long)sections[SLIPI_PLAN_PARAMS].count);
    }
    return true;
}

/* Checks where the sections lie, and that nothing lies between them. */
static bool check_sections(const slipi_plan_checker *c)
{
    static const uint64_t element[SLIPI_PLAN_SECTIONS] = SLIPI_PLAN_ELEMENT_BYTES;
    const slipi_plan *plan = c->plan;
    const uint8_t *block = (const uint8_t *)plan;
    uint64_t behind = sizeof *plan;
    for (uint32_t s = 0; s < SLIPI_PLAN_SECTIONS; s++) {
        const slipi_plan_section *section = &plan->section[s];
        uint64_t bytes;
        uint64_t end;
        if (section->offset % 8 != 0 || section->offset < behind ||
            !slipi_mul_u64(section->count, element[s], &bytes) ||
            !slipi_add_u64(section->offset, bytes, &end) || end > plan->bytes) {
            return slipi_plan_wrong(c, section,
                                    "section %u: %llu elements from byte %llu on, wanted inside "
                                    "bytes %llu to %llu, on a multiple of 8",
                                    s, (unsigned long long)section->count,
                                    (unsigned long long)section->offset, (unsigned long long)behind,
                                    (unsigned long long)plan->bytes);
        }
        if (!slipi_plan_zero(c, block + behind, section->offset - behind, "between two sections")) {
            return false;
        }
        behind = end;
    }
    return slipi_plan_zero(c, block + behind, plan->bytes - behind, "behind the last section");
}

/* Checks that names end, and the program's. */
static bool check_names(const slipi_plan_checker *c)
{
    const slipi_plan_section *section = &c->plan->section[SLIPI_PLAN_NAMES];
    if (section->count == 0 || slipi_plan_names(c->plan)[section->count - 1] != '\0') {
        return slipi_plan_wrong(c, section, "the names do not end with a zero byte");
    }
    return slipi_plan_name(c, &c->plan->program, "the program's name");
}

/* True if a name is inside; see the header. */
bool slipi_plan_name(const slipi_plan_checker *c, const uint32_t *name, const char *what)
{
    uint64_t bytes = slipi_plan_count(c->plan, SLIPI_PLAN_NAMES);
    return *name < bytes || slipi_plan_wrong(c, name, "%s begins at byte %u of %llu", what, *name,
                                             (unsigned long long)bytes);
}

slip_status slipi_plan_check(const void *block, uint64_t bytes, slipi_plan_problem *out)
{
    slipi_plan_checker c = {.plan = block, .out = out};
    memset(out, 0, sizeof *out);
    if (!check_identity(&c, bytes) || !check_header(&c) || !check_counts(&c) ||
        !check_sections(&c) || !check_names(&c)) {
        return SLIP_E_FORMAT;
    }
    uint64_t kernels = slipi_plan_count(c.plan, SLIPI_PLAN_KERNELS);
    c.longest = calloc(slipi_plan_count(c.plan, SLIPI_PLAN_TASKS) + 1, sizeof *c.longest);
    c.uses = calloc(kernels + 1, sizeof *c.uses);
    c.names = calloc(kernels + 1, sizeof *c.names);
    slip_status status = SLIP_E_OUT_OF_MEMORY;
    if (c.longest != NULL && c.uses != NULL && c.names != NULL) {
        bool good = slipi_plan_check_tables(&c) && slipi_plan_check_tasks(&c);
        status = good ? SLIP_OK : SLIP_E_FORMAT;
    } else {
        (void)slipi_plan_wrong(&c, block, "no memory to check a graph of %llu tasks",
                               (unsigned long long)slipi_plan_count(c.plan, SLIPI_PLAN_TASKS));
    }
    free(c.names);
    free(c.uses);
    free(c.longest);
    return status;
}
