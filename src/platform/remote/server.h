/*
 * server.h - the device's side of a device in another process: a loop that answers requests from a
 * table of functions.
 *
 * For helper programs; nothing of the host library is needed. One thread serves, and it calls the
 * functions one at a time.
 */
#ifndef SLIPI_REMOTE_SERVER_H
#define SLIPI_REMOTE_SERVER_H

#include "platform/remote/wire.h"

/* A request as its function sees it. */
typedef struct slipi_remote_served {
    uint32_t op;
    uint32_t reserved;
    uint64_t *args;      /* SLIPI_REMOTE_ARGS in, and out */
    const void *payload; /* valid during the call */
    uint64_t payload_bytes;
    const void *answer; /* out: bytes to send, valid until the next call */
    uint64_t answer_bytes;
} slipi_remote_served;

/* Answers a request; the value is the answer's status. */
typedef int32_t (*slipi_remote_fn)(void *device, slipi_remote_served *request);

typedef struct slipi_remote_server {
    uint64_t requests; /* of slipi_remote_fingerprint */
    void *device;      /* given to the functions */
    const slipi_remote_fn *table;
    uint32_t count; /* of the table; table[op - SLIPI_REMOTE_FIRST] */
    int fd;
} slipi_remote_server;

/*
 * Serves until the host says goodbye or is gone: SLIP_OK. SLIP_E_FORMAT: it sent what is no
 * request; SLIP_E_MISMATCH: it was built for other messages; SLIP_E_OUT_OF_MEMORY: there is no room
 * for a piece. Does not close the socket.
 */
SLIP_MUST_USE slip_status slipi_remote_serve(const slipi_remote_server *server);

#endif
