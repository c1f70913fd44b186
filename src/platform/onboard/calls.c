/*
 * calls.c - a device's own thread; see calls.h.
 *
 *   [K1] a call written, then `asked` -> `asked` seen, then the call read
 *   [K2] the call's results written, then `answered` -> `answered` seen, then the results read
 *   [K3] `leave` set by the caller -> seen by the thread: nothing of the caller's is used after it
 *   [K4] a share given up by one -> all given up, seen by the other: who is last frees
 */
#include "platform/onboard/calls.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/event.h"

/* Looks before a sleep, on both sides: chosen, about the length of a short call. */
enum { SPIN_ROUNDS = 2000 };

struct slipi_calls {
    _Alignas(64) slipi_au64 asked; /* number of the last call. The caller writes [K1] */
    slipi_au32 leave;              /* the caller writes [K3] */
    slipi_event work;              /* the thread sleeps here */
    _Alignas(64)
        slipi_au64 answered;        /* number of the last call that ended. The thread writes [K2] */
    slipi_event done;               /* the caller sleeps here */
    _Alignas(64) slipi_au32 shares; /* caller and thread [K4] */
    slipi_call call;                /* the one that is made; passes by [K1] and [K2] */
    void *room;                     /* the caller's, between calls */
    uint64_t room_bytes;
    void *library; /* constant */
    pthread_t thread;
};

/* Gives up one share; the last one frees. */
static void give_up(slipi_calls *calls)
{
    if (slipi_sub_acq_rel(&calls->shares, 1u) == 1u) { /* [K4] */
        free(calls->library);
        free(calls->room);
        free(calls);
    }
}

/* Waits for call `number`; false: the thread is to end. */
static bool next_call(slipi_calls *calls, uint64_t number)
{
    for (uint32_t round = 0;; round++) {
        if (slipi_load_acquire(&calls->asked) == number) { /* [K1] */
            return true;
        }
        if (slipi_load_acquire(&calls->leave) != 0) { /* [K3] */
            return false;
        }
        if (round < SPIN_ROUNDS) {
            slipi_cpu_relax();
            continue;
        }
        uint32_t ticket = slipi_event_prepare(&calls->work);
        if (slipi_load_acquire(&calls->asked) == number || slipi_load_acquire(&calls->leave) != 0) {
            slipi_event_cancel(&calls->work);
        } else {
            slipi_event_wait(&calls->work, ticket, 0);
        }
    }
}

/* The thread. */
static void *thread_main(void *arg)
{
    slipi_calls *calls = arg;
    for (uint64_t number = 1; next_call(calls, number); number++) {
        calls->call.run(&calls->call);
        free(calls->call.owned);
        calls->call.owned = NULL;
        slipi_store_release(&calls->answered, number); /* [K2] */
        slipi_event_notify(&calls->done, 1u);
    }
    give_up(calls);
    return NULL;
}

slip_status slipi_calls_open(const void *library, size_t library_bytes, slipi_calls **out)
{
    sigset_t all;
    sigset_t old;
    *out = NULL;
    slipi_calls *calls = aligned_alloc(_Alignof(slipi_calls), sizeof(*calls));
    void *copy = malloc(library_bytes + 1u);
    if (calls == NULL || copy == NULL) {
        free(calls);
        free(copy);
        return SLIP_E_OUT_OF_MEMORY;
    }
    memset(calls, 0, sizeof(*calls));
    memcpy(copy, library, library_bytes);
    calls->library = copy;
    slipi_store_relaxed(&calls->shares, 2u); /* nobody else has it yet */
    /* Signals are the application's: none is taken on this thread. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&calls->thread, NULL, thread_main, calls);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed != 0) {
        free(copy);
        free(calls);
        return SLIP_E_OUT_OF_MEMORY;
    }
    *out = calls;
    return SLIP_OK;
}

/* Waits until call `number` has ended; false: the bound has passed. */
static bool wait_answer(slipi_calls *calls, uint64_t number, uint64_t bound_ns)
{
    for (uint32_t round = 0; round < SPIN_ROUNDS; round++) {
        if (slipi_load_acquire(&calls->answered) == number) { /* [K2] */
            return true;
        }
        slipi_cpu_relax();
    }
    uint64_t begin = slipi_now_ns();
    for (;;) {
        uint32_t ticket = slipi_event_prepare(&calls->done);
        uint64_t passed = slipi_now_ns() - begin;
        bool answered = slipi_load_acquire(&calls->answered) == number; /* [K2] */
        if (answered || passed >= bound_ns) {
            slipi_event_cancel(&calls->done);
            return answered;
        }
        slipi_event_wait(&calls->done, ticket, bound_ns - passed);
    }
}

bool slipi_calls_make(slipi_calls **calls, slipi_call *call)
{
    slipi_calls *c = *calls;
    SLIPI_ASSERT(c != NULL && call->run != NULL && call->bound_ns != 0);
    uint64_t number = slipi_load_relaxed(&c->asked) + 1u; /* this side wrote it */
    c->call = *call;
    c->call.library = c->library;
    call->owned = NULL;
    slipi_store_release(&c->asked, number); /* [K1] */
    slipi_event_notify(&c->work, 1u);
    if (wait_answer(c, number, call->bound_ns)) {
        *call = c->call;
        return true;
    }
    *calls = NULL;
    (void)pthread_detach(c->thread);
    slipi_store_release(&c->leave, 1u); /* [K3] */
    slipi_event_notify(&c->work, 1u);
    give_up(c);
    return false;
}

void *slipi_calls_room(slipi_calls *calls, uint64_t bytes)
{
    if (calls->room_bytes < bytes) {
        void *room = realloc(calls->room, (size_t)bytes);
        if (room == NULL) {
            return NULL;
        }
        calls->room = room;
        calls->room_bytes = bytes;
    }
    return calls->room;
}

void slipi_calls_close(slipi_calls *calls)
{
    if (calls == NULL) {
        return;
    }
    pthread_t thread = calls->thread;
    slipi_store_release(&calls->leave, 1u); /* [K3] */
    slipi_event_notify(&calls->work, 1u);
    (void)pthread_join(thread, NULL);
    give_up(calls);
}
