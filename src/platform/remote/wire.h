/*
 * wire.h - what passes between a host and a helper program that is its device: messages of a fixed
 * size, each with up to one piece of bytes behind it, over one stream socket.
 *
 * For client.c and server.c, and for the definitions of a device's own requests. The two sides may
 * be built for different processors, so every field has a fixed width; both are little-endian, and
 * the magic of one that is not would be refused. The socket has one owner on each side.
 *
 *     client                                  server
 *     message: op, args | payload    ----->   looks op up in its table, calls the function
 *                                    <-----   message: same op and serial, status, args | payload
 *
 * The first request is SLIPI_REMOTE_HELLO: its first argument is a fingerprint of this header and
 * of the device's own requests, and a server that has another one refuses. There is one request at
 * a time. A side that sees anything else than it expects stops talking.
 */
#ifndef SLIPI_REMOTE_WIRE_H
#define SLIPI_REMOTE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include <slipway/status.h>

#define SLIPI_REMOTE_MAGIC 0x314D5253u /* "SRM1" */
#define SLIPI_REMOTE_VERSION 1u

/* Arguments of a request and of an answer. Chosen with room: the largest request takes six. */
#define SLIPI_REMOTE_ARGS 12u

/* Bytes behind a message at most. Larger copies are cut; chosen so that a piece fits a second-level
 * cache and its round trip is small beside its copy. */
#define SLIPI_REMOTE_PIECE_BYTES 1048576u

/* The helper's end of the socket. */
#define SLIPI_REMOTE_FD 3

enum slipi_remote_op {
    SLIPI_REMOTE_HELLO = 0, /* args: fingerprint; answer: fingerprint, process id, e_machine */
    SLIPI_REMOTE_BYE = 1,   /* answered, then the server ends */
    SLIPI_REMOTE_FIRST = 2  /* the device's own requests from here on */
};

typedef struct slipi_remote_message {
    uint32_t magic;
    uint32_t version;
    uint64_t serial; /* of the request, from 1; an answer repeats it */
    uint32_t op;
    int32_t status; /* of an answer: the device's own meaning; a request has 0 */
    uint64_t payload_bytes;
    uint64_t args[SLIPI_REMOTE_ARGS];
} slipi_remote_message;
_Static_assert(offsetof(slipi_remote_message, serial) == 8, "message.serial");
_Static_assert(offsetof(slipi_remote_message, payload_bytes) == 24, "message.payload_bytes");
_Static_assert(sizeof(slipi_remote_message) == 128, "two lines");

/* Fingerprint of the messages above and of what the device's own requests mean, a number that
 * changes when they do. */
uint64_t slipi_remote_fingerprint(uint64_t requests);

/* Whether a message may be looked at: magic, version, and a payload that is not too large. */
int slipi_remote_message_valid(const slipi_remote_message *message);

/*
 * Sends or receives exactly `bytes`. deadline_ns is of base/clock.h, 0 = none. SLIP_E_DEVICE: the
 * other side is gone; SLIP_E_HANG: the deadline has passed. After either the socket is of no use.
 */
SLIP_MUST_USE slip_status slipi_remote_send(int fd, const void *data, uint64_t bytes,
                                            uint64_t deadline_ns);
SLIP_MUST_USE slip_status slipi_remote_receive(int fd, void *data, uint64_t bytes,
                                               uint64_t deadline_ns);

#endif
