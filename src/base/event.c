/* event.c - sleep and wake over a futex; see event.h. */
#include "base/event.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Calls futex on the event's ticket word. */
static void futex(slipi_event *event, int op, uint32_t value, const struct timespec *timeout)
{
    /* Every outcome (woken, changed, timed out, interrupted) means: look again. */
    (void)syscall(SYS_futex, (void *)&event->ticket, op | FUTEX_PRIVATE_FLAG, value, timeout, NULL,
                  0);
}

uint32_t slipi_event_prepare(slipi_event *event)
{
    uint32_t ticket = slipi_load_acquire(&event->ticket);
    /* [E1] pairs with [E2]; the caller's look at its condition comes after this. */
    slipi_add_seq_cst(&event->sleepers, 1u);
    return ticket;
}

void slipi_event_cancel(slipi_event *event)
{
    slipi_sub_seq_cst(&event->sleepers, 1u);
}

void slipi_event_wait(slipi_event *event, uint32_t ticket, uint64_t timeout_ns)
{
    struct timespec ts = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};
    if (slipi_load_acquire(&event->ticket) == ticket) {
        futex(event, FUTEX_WAIT, ticket, timeout_ns != 0 ? &ts : NULL);
    }
    slipi_sub_seq_cst(&event->sleepers, 1u);
}

void slipi_event_notify(slipi_event *event, uint32_t count)
{
    /* [E2] pairs with [E1]; the caller's condition was stored before this. */
    if (slipi_add_seq_cst(&event->sleepers, 0u) == 0) {
        return;
    }
    slipi_add_acq_rel(&event->ticket, 1u);
    futex(event, FUTEX_WAKE, count < INT_MAX ? count : INT_MAX, NULL);
}
