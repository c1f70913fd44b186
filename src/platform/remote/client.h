/*
 * client.h - the host's side of a device in another process: starts the helper program, asks it,
 * and ends it.
 *
 * For platforms, and for test programs that play one. The helper is started by exec with one end
 * of a socket pair as descriptor SLIPI_REMOTE_FD and no other above it; nothing of this process is
 * continued in it. Every wait here ends: by the answer, by the end of the helper (noticed at once),
 * or by a deadline. Calls on one client come from one thread at a time; slipi_remote_kill and
 * slipi_remote_pid may be called from any thread while the client is open.
 */
#ifndef SLIPI_REMOTE_CLIENT_H
#define SLIPI_REMOTE_CLIENT_H

#include <stdbool.h>

#include "platform/remote/wire.h"

/* Words of a helper's command at most, and characters. */
#define SLIPI_REMOTE_WORDS 32u
#define SLIPI_REMOTE_COMMAND_BYTES 4096u

typedef struct slipi_remote_client slipi_remote_client;

typedef struct slipi_remote_options {
    const char *command; /* program (with its path, or found in PATH) and arguments, by spaces */
    uint64_t requests;   /* of slipi_remote_fingerprint: both sides must agree */
    uint64_t start_ns;   /* bound for the helper's hello; 0 = 10 s */
    uint64_t call_ns;    /* bound of a request; 0 = 10 s */
    uint64_t close_ns;   /* bound for its end by itself, before it is killed; 0 = 1 s */
} slipi_remote_options;

/* One request. */
typedef struct slipi_remote_request {
    uint32_t op;
    int32_t status;                   /* out: what the device's function returned */
    uint64_t args[SLIPI_REMOTE_ARGS]; /* in and out */
    const void *payload;
    uint64_t payload_bytes; /* at most SLIPI_REMOTE_PIECE_BYTES */
    void *answer;           /* room for the answer's bytes; may be null */
    uint64_t answer_room;
    uint64_t answer_bytes; /* out */
    uint64_t call_ns;      /* bound of this request; 0 = the client's */
} slipi_remote_request;

/*
 * Starts the helper and exchanges hellos. SLIP_E_PLATFORM_UNAVAILABLE: it cannot be started, died
 * or did not say hello in time; SLIP_E_MISMATCH: it was built for other messages. `why` gets a
 * sentence, and nothing is left behind.
 */
SLIP_MUST_USE slip_status slipi_remote_open(const slipi_remote_options *options,
                                            slipi_remote_client **out, char *why, size_t why_bytes);

/*
 * Asks and waits for the answer. SLIP_OK: request->status holds the function's value.
 * SLIP_E_DEVICE: the helper is gone; SLIP_E_HANG: it did not answer in time; SLIP_E_FORMAT: its
 * answer is none; SLIP_E_LIMIT: the payload is too large or the answer larger than the room. After
 * any of them but a payload that is too large the client only remains to be closed, and every later
 * request returns SLIP_E_DEVICE at once.
 */
SLIP_MUST_USE slip_status slipi_remote_call(slipi_remote_client *client,
                                            slipi_remote_request *request);

/*
 * Copies in pieces by requests whose arguments are (device address, bytes); a function's value
 * other than 0 ends the copy and is left in *out_status.
 */
SLIP_MUST_USE slip_status slipi_remote_write(slipi_remote_client *client, uint32_t op, uint64_t dst,
                                             const void *src, uint64_t bytes, int32_t *out_status);
SLIP_MUST_USE slip_status slipi_remote_read(slipi_remote_client *client, uint32_t op, void *dst,
                                            uint64_t src, uint64_t bytes, int32_t *out_status);

/* Whether requests are still possible. Does not ask. */
bool slipi_remote_usable(const slipi_remote_client *client);

/* Why they are not; empty if they are. Valid until the client is closed. */
const char *slipi_remote_failure(const slipi_remote_client *client);

/* Process id of the helper. */
int32_t slipi_remote_pid(const slipi_remote_client *client);

/* e_machine of the helper's program, as it says itself. */
uint32_t slipi_remote_machine(const slipi_remote_client *client);

/* Ends the helper by force; a request in another thread returns SLIP_E_DEVICE. */
void slipi_remote_kill(slipi_remote_client *client);

/*
 * Says goodbye, waits a bounded time, kills what is left and reaps it. Null is fine. Returns how it
 * ended: its exit code, a signal's negative number, or INT32_MIN if that is not known.
 */
int32_t slipi_remote_close(slipi_remote_client *client);

#endif
