/*
 * event.h - sleep and wake: the one named seq_cst place of Slipway.
 *
 * For any thread. A sleeper registers, looks once more at what it waits for, and sleeps; a waker
 * makes the thing true, then looks for sleepers. Both do a read-modify-write of the same word
 * (`sleepers`), so one of the two comes first: if it is the waker's, the sleeper's second look sees
 * the condition; if it is the sleeper's, the waker sees a sleeper. No fence is needed.
 *
 *     sleeper                                   waker
 *     ticket = slipi_event_prepare(e)  [E1]     make the condition true
 *     if (condition) slipi_event_cancel(e)      slipi_event_notify(e, n)   [E2]
 *     else slipi_event_wait(e, ticket, ns)
 *
 * All zeros is an event with no sleepers.
 */
#ifndef SLIPI_EVENT_H
#define SLIPI_EVENT_H

#include "base/atomic.h"

typedef struct slipi_event {
    slipi_au32 ticket;   /* counts wake-ups; sleepers wait for it to change */
    slipi_au32 sleepers; /* threads between prepare and the end of wait */
} slipi_event;

/* Registers the caller as a sleeper. Follow it by cancel or wait. */
uint32_t slipi_event_prepare(slipi_event *event);

/* Takes the registration back. */
void slipi_event_cancel(slipi_event *event);

/* Sleeps until a notify after prepare, or for timeout_ns (0 = no bound); may wake spuriously. */
void slipi_event_wait(slipi_event *event, uint32_t ticket, uint64_t timeout_ns);

/* Wakes up to `count` sleepers, if there are any. One read-modify-write when there are none. */
void slipi_event_notify(slipi_event *event, uint32_t count);

#endif
