/*
 * calls.h - a device's own thread, on which every call of the runtime is made.
 *
 * The runtime's current device belongs to a thread, and any of its calls may never come back. So an
 * open device has one thread that makes them; the caller hands a call over and waits until it is
 * answered or its bound has passed. A thread whose call did not come back is abandoned: it is never
 * used again and, if it does come back, ends alone and frees what is its own.
 *
 * One caller at a time. Nothing that a late call can still write is the caller's, except the
 * destination of a copy to the host, which the caller names itself.
 */
#ifndef SLIPI_ONBOARD_CALLS_H
#define SLIPI_ONBOARD_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include <slipway/platform.h>

/* A call: what runs on the thread, what it is given and what it leaves. */
typedef struct slipi_call {
    void (*run)(struct slipi_call *call);
    const void *library; /* what `run` calls into: the thread's copy, set by slipi_calls_make */
    uint64_t bound_ns;   /* not 0 */
    uint64_t in[8];      /* numbers, or addresses that outlive the call */
    uint64_t out[3];
    void *owned; /* memory that `in` points to; freed on the thread after the call. May be null */
    uint32_t entry; /* enum slipi_acl_entry */
    int32_t code;
    char name[64]; /* text that `run` may need; copied with the call */
    char text[192];
} slipi_call;

/* The thread; opaque, since a late one shares it. */
typedef struct slipi_calls slipi_calls;

/* Starts a thread, with a copy of `library` for its calls. SLIP_E_OUT_OF_MEMORY if it cannot be
 * had.
 */
slip_status slipi_calls_open(const void *library, size_t library_bytes, slipi_calls **out);

/* Makes a call and waits for it. False: it did not come back within its bound; the thread is
 * abandoned and *calls is null from now on. */
bool slipi_calls_make(slipi_calls **calls, slipi_call *call);

/* Memory for arguments that a call may go on using after its bound: at least `bytes`, the same in
 * every call, kept until the thread ends. Null: there is none. */
void *slipi_calls_room(slipi_calls *calls, uint64_t bytes);

/* Ends the thread, which is in no call. Null is fine. */
void slipi_calls_close(slipi_calls *calls);

#endif
