/* wire.c - messages of a remote device, sent and received whole; see wire.h. One thread a socket.
 */
#include "platform/remote/wire.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

/* Continues an FNV-1a hash by a number. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        hash = (hash ^ ((value >> (8u * i)) & 0xFFu)) * UINT64_C(0x100000001B3);
    }
    return hash;
}

uint64_t slipi_remote_fingerprint(uint64_t requests)
{
    const uint64_t facts[] = {
        SLIPI_REMOTE_VERSION,
        sizeof(slipi_remote_message),
        offsetof(slipi_remote_message, op),
        offsetof(slipi_remote_message, status),
        offsetof(slipi_remote_message, args),
        SLIPI_REMOTE_ARGS,
        SLIPI_REMOTE_PIECE_BYTES,
        requests,
    };
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        hash = mix(hash, facts[i]);
    }
    return hash;
}

int slipi_remote_message_valid(const slipi_remote_message *message)
{
    return message->magic == SLIPI_REMOTE_MAGIC && message->version == SLIPI_REMOTE_VERSION &&
           message->payload_bytes <= SLIPI_REMOTE_PIECE_BYTES;
}

/* Waits until the socket is ready for `events` or has ended. */
static slip_status wait_ready(int fd, short events, uint64_t deadline_ns)
{
    for (;;) {
        int wait_ms = -1;
        if (deadline_ns != 0) {
            uint64_t now = slipi_now_ns();
            if (now >= deadline_ns) {
                return SLIP_E_HANG;
            }
            uint64_t left_ms = (deadline_ns - now) / 1000000u + 1u;
            wait_ms = left_ms < INT_MAX ? (int)left_ms : INT_MAX;
        }
        struct pollfd entry = {.fd = fd, .events = events};
        int ready = poll(&entry, 1, wait_ms);
        if (ready > 0) {
            return SLIP_OK; /* an end or an error too: the next call tells */
        }
        if (ready < 0 && errno != EINTR) {
            return SLIP_E_DEVICE;
        }
    }
}

/* Whether a failed call only has to be repeated when the socket is ready. */
static int would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

slip_status slipi_remote_send(int fd, const void *data, uint64_t bytes, uint64_t deadline_ns)
{
    const char *at = data;
    while (bytes != 0) {
        ssize_t sent = send(fd, at, (size_t)bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            at += sent;
            bytes -= (uint64_t)sent;
            continue;
        }
        if (sent < 0 && !would_block()) {
            return SLIP_E_DEVICE;
        }
        slip_status status = wait_ready(fd, POLLOUT, deadline_ns);
        if (status != SLIP_OK) {
            return status;
        }
    }
    return SLIP_OK;
}

slip_status slipi_remote_receive(int fd, void *data, uint64_t bytes, uint64_t deadline_ns)
{
    char *at = data;
    while (bytes != 0) {
        ssize_t received = recv(fd, at, (size_t)bytes, MSG_DONTWAIT);
        if (received > 0) {
            at += received;
            bytes -= (uint64_t)received;
            continue;
        }
        if (received == 0 || !would_block()) {
            return SLIP_E_DEVICE;
        }
        slip_status status = wait_ready(fd, POLLIN, deadline_ns);
        if (status != SLIP_OK) {
            return status;
        }
    }
    return SLIP_OK;
}
