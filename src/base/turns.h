/*
 * turns.h - a lock that serves its waiters in the order in which they came.
 *
 * For any thread. Who comes takes a ticket, by one read-modify-write, and waits until it is served;
 * who leaves serves the next ticket. A waiter spins, yields, then sleeps (event.h). Sleepers are
 * spread by ticket, so that leaving wakes the one that is served and few others.
 *
 *     enter: ticket = next++; until serving == ticket: wait  [W2]
 *     leave: serving++  [W1], wake who sleeps for it
 *
 * All zeros is a free lock. Nothing is to be destroyed.
 */
#ifndef SLIPI_TURNS_H
#define SLIPI_TURNS_H

#include <stdbool.h>

#include "base/event.h"

/* Events that sleepers are spread over; a power of two. Chosen, not measured: they fill a line. */
#define SLIPI_TURNS_EVENTS 4u

typedef struct slipi_turns {
    slipi_au32 next;    /* ticket of who comes next; everybody adds */
    slipi_au32 serving; /* ticket that is served; written by who has it */
    slipi_event asleep[SLIPI_TURNS_EVENTS];
} slipi_turns;

/* Takes a ticket, which must be waited for. The caller's place is settled when it returns. */
static inline uint32_t slipi_turns_take(slipi_turns *turns)
{
    /* Relaxed: a ticket only counts; [W2] orders. */
    return slipi_add_relaxed(&turns->next, 1u);
}

/* Waits out of line until a ticket is served. */
void slipi_turns_wait(slipi_turns *turns, uint32_t ticket);

/* Waits until a ticket is served: the lock is the caller's. */
static inline void slipi_turns_await(slipi_turns *turns, uint32_t ticket)
{
    /* [W2] pairs with [W1]: what the one before did under the lock is seen. */
    if (slipi_load_acquire(&turns->serving) != ticket) {
        slipi_turns_wait(turns, ticket);
    }
}

/* Takes the lock. */
static inline void slipi_turns_enter(slipi_turns *turns)
{
    slipi_turns_await(turns, slipi_turns_take(turns));
}

/* Gives it to the next one. */
static inline void slipi_turns_leave(slipi_turns *turns)
{
    /* Relaxed: only who is served writes it. */
    uint32_t served = slipi_load_relaxed(&turns->serving) + 1u;
    /* [W1] pairs with [W2]: what was done under the lock comes first. */
    slipi_store_release(&turns->serving, served);
    slipi_event_notify(&turns->asleep[served % SLIPI_TURNS_EVENTS], UINT32_MAX);
}

/* One step of a wait that spins, then yields; false when it is time to sleep. *rounds starts at 0.
 */
bool slipi_wait_briefly(uint32_t *rounds);

#endif
