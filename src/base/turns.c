/* turns.c - the waiting side of a first come, first served lock; see turns.h. */
#include "base/turns.h"

#include <sched.h>

/* Chosen, not measured: some microseconds of spinning cover a short run of somebody else's; some
 * yields let it go on where there are more threads than processors. */
enum { SPINS = 128, YIELDS = 32 };

/* One step of a wait; see the header. */
bool slipi_wait_briefly(uint32_t *rounds)
{
    if (*rounds >= SPINS + YIELDS) {
        return false;
    }
    if ((*rounds)++ < SPINS) {
        slipi_cpu_relax();
    } else {
        (void)sched_yield();
    }
    return true;
}

/* Waits out of line until a ticket is served; see the header. */
void slipi_turns_wait(slipi_turns *turns, uint32_t ticket)
{
    slipi_event *asleep = &turns->asleep[ticket % SLIPI_TURNS_EVENTS];
    uint32_t rounds = 0;
    while (slipi_load_acquire(&turns->serving) != ticket) { /* [W2] */
        if (slipi_wait_briefly(&rounds)) {
            continue;
        }
        uint32_t seen = slipi_event_prepare(asleep);
        if (slipi_load_acquire(&turns->serving) == ticket) { /* [W2] */
            slipi_event_cancel(asleep);
            return;
        }
        slipi_event_wait(asleep, seen, 0);
    }
}
