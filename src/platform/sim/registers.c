/*
 * registers.c - the registers of the simulated cores, and who plays a core; see sim_int.h.
 *
 * Called by control threads and players at once. Orderings, each named at both ends:
 *
 *   [R1] status register written -> read: what a core published before FIN
 *   [R2] dispatch register written, bit set -> bit claimed: what was published before the command
 *   [R3] core given back -> next claim: the core's own memory passes from player to player
 *   [R4] bit set, searching looked at -> searching left, bits looked at: nobody sleeps on a bit
 */
#include "base/check.h"
#include "platform/sim/sim_int.h"

/* The bit of a core in its pending word. */
static uint64_t core_bit(uint32_t core)
{
    return UINT64_C(1) << (core % 64u);
}

/* Sets PENDING in the core's play word and returns what it held. */
static uint32_t mark_pending(sim_core *c)
{
    uint32_t old = slipi_load_acquire(&c->play);
    /* [R2] always a read-modify-write, also of a word that is PENDING: whoever claims the core
     * afterwards reads the register afterwards. */
    while (!slipi_cas_acq_rel(&c->play, &old, old | SIM_PLAY_PENDING)) {
    }
    return old;
}

/* Makes a core with a new command visible to the players and wakes one if all are asleep or busy.
 */
static void announce_core(slip_platform_device *device, uint32_t core)
{
    slipi_add_relaxed(&device->active, 1u); /* ordered by the bit's release below */
    /* [R2] the bit is clear: it is set only on the way from IDLE to PENDING. */
    slipi_add_acq_rel(&device->pending[core / 64u], core_bit(core));
    /* [R4] a read-modify-write of the word that a player changes before its last look: if that
     * change comes later the player sees the bit, if it came earlier this sees no searcher. */
    if (slipi_add_acq_rel(&device->searching, 0u) == 0) {
        slipi_event_notify(&device->work, 1u);
    }
}

/* Takes a write to the dispatch register. */
static void write_dispatch(slip_platform_device *device, sim_core *c, uint32_t core, uint32_t value)
{
    const struct slipi_arch_row *arch = device->arch;
    /* Relaxed: the thread that writes the dispatch register opened the fast path itself. */
    if (arch->reg_fast_path != 0 && slipi_load_relaxed(&c->fast_path) != arch->fast_path_open) {
        slipi_add_relaxed(&device->closed_writes, 1u); /* a counter, orders nothing */
        return;
    }
    if (slipi_load_acquire(&c->stopped) != 0) {
        slipi_add_relaxed(&device->stopped_writes, 1u); /* a counter */
        return;
    }
    slipi_add_relaxed(&device->dispatch_writes, 1u);          /* a counter */
    slipi_store_relaxed(&c->owner, slipi_sim_this_control()); /* ordered by the command */
    slipi_store_release(&c->dispatch, value);
    if (mark_pending(c) == SIM_PLAY_IDLE) {
        announce_core(device, core);
    }
}

void slipi_sim_reg_write(slip_platform_device *device, uint32_t core, uint32_t offset,
                         uint32_t value)
{
    const struct slipi_arch_row *arch = device->arch;
    if (core >= device->core_count) {
        slipi_add_relaxed(&device->unknown_accesses, 1u); /* a counter */
        return;
    }
    sim_core *c = &device->cores[core];
    if (offset == arch->reg_dispatch) {
        write_dispatch(device, c, core, value);
    } else if (offset == arch->reg_status) {
        slipi_store_release(&c->status, value); /* [R1] */
    } else if (offset == arch->reg_fast_path && offset != 0) {
        slipi_store_release(&c->fast_path, value);
    } else {
        slipi_add_relaxed(&device->unknown_accesses, 1u); /* a counter */
    }
}

uint32_t slipi_sim_reg_read(slip_platform_device *device, uint32_t core, uint32_t offset)
{
    const struct slipi_arch_row *arch = device->arch;
    if (core < device->core_count) {
        sim_core *c = &device->cores[core];
        if (offset == arch->reg_status) {
            return slipi_load_acquire(&c->status); /* [R1] */
        }
        if (offset == arch->reg_dispatch) {
            return slipi_load_acquire(&c->dispatch); /* [R2] */
        }
        if (offset == arch->reg_fast_path && offset != 0) {
            return slipi_load_acquire(&c->fast_path);
        }
    }
    slipi_add_relaxed(&device->unknown_accesses, 1u); /* a counter */
    return 0;
}

bool slipi_sim_any_pending(slip_platform_device *device)
{
    for (uint32_t w = 0; w < SIM_PENDING_WORDS; w++) {
        if (slipi_load_acquire(&device->pending[w]) != 0) {
            return true;
        }
    }
    return false;
}

/* Takes one of the bits of `mask` out of pending word w. */
static bool claim_bit(slip_platform_device *device, uint32_t w, uint64_t mask, uint32_t *out_core)
{
    uint64_t word = slipi_load_acquire(&device->pending[w]);
    while ((word & mask) != 0) {
        uint64_t found = word & mask;
        uint64_t bit = found & (0u - found);
        /* [R2] */
        if (slipi_cas_acq_rel(&device->pending[w], &word, word & ~bit)) {
            *out_core = w * 64u + (uint32_t)__builtin_ctzll(bit);
            return true;
        }
    }
    return false;
}

bool slipi_sim_claim_core(slip_platform_device *device, uint32_t from, uint32_t *out_core)
{
    uint32_t first = from / 64u % SIM_PENDING_WORDS;
    uint64_t below = core_bit(from) - 1u;
    if (claim_bit(device, first, ~below, out_core)) {
        return true;
    }
    for (uint32_t k = 1; k < SIM_PENDING_WORDS; k++) {
        if (claim_bit(device, (first + k) % SIM_PENDING_WORDS, UINT64_MAX, out_core)) {
            return true;
        }
    }
    return claim_bit(device, first, below, out_core);
}

/* Moves the play word of a core that this thread owns; false if it did not hold `from`. */
static bool move_play(sim_core *c, uint32_t from, uint32_t to)
{
    uint32_t expected = from;
    return slipi_cas_acq_rel(&c->play, &expected, to);
}

/* Tells the control thread that gave the core its command to look at the status register. Once a
 * step and not at every write: an acknowledgement is no reason to wake it. */
static void tell_owner(slip_platform_device *device, sim_core *c)
{
    /* Relaxed: written before the command that this answers, and [R2] ordered that. */
    sim_control *owner = &device->control[slipi_load_relaxed(&c->owner)];
    slipi_add_acq_rel(&owner->news, 1u);
    slipi_event_notify(&owner->wake, 1u);
}

/* One step of the core's own program; a core that has stopped takes no further one. */
static void step_core(slip_platform_device *device, sim_core *c, uint32_t core)
{
    if (slipi_load_acquire(&c->stopped) != 0) {
        slipi_add_relaxed(&device->stopped_writes, 1u); /* a counter */
        return;
    }
    int32_t outcome = device->entry->core_step(&device->services, device->launch_address, core);
    if (outcome > 0) {
        slipi_add_relaxed(&device->steps, 1u); /* a counter */
    } else if (outcome < 0) {
        slipi_add_relaxed(&device->stops, 1u); /* a counter */
        slipi_store_release(&c->stopped, 1u);
    }
    tell_owner(device, c);
}

void slipi_sim_play_core(slip_platform_device *device, uint32_t core)
{
    sim_core *c = &device->cores[core];
    uint32_t from = SIM_PLAY_PENDING;
    do {
        /* A writer leaves both pending states as they are, so only the owner moves them on. */
        bool owned = move_play(c, from, SIM_PLAY_PLAYED);
        SLIPI_ASSERT(owned);
        step_core(device, c, core);
        from = SIM_PLAY_PLAYED_PENDING;
        /* [R3] */
    } while (!move_play(c, SIM_PLAY_PLAYED, SIM_PLAY_IDLE));
    /* The control threads left before the last core did: then this thread ends the run. A
     * read-modify-write of `inside`, so that either this or the last of them sees the other. */
    if (slipi_sub_acq_rel(&device->active, 1u) == 1u &&
        slipi_add_acq_rel(&device->inside, 0u) == 0) {
        slipi_event_notify(&device->done, 1u);
    }
}
