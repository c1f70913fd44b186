/* server.c - the device's side of a device in another process; see server.h. */
#include "platform/remote/server.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* e_machine of this program, as in its ELF header. */
static uint32_t own_machine(void)
{
#if defined(__x86_64__)
    return 62; /* EM_X86_64 */
#elif defined(__aarch64__)
    return 183; /* EM_AARCH64 */
#else
    return 0;
#endif
}

/* Sends an answer and the bytes behind it. */
static slip_status answer(const slipi_remote_server *server, slipi_remote_message *message,
                          const slipi_remote_served *served)
{
    message->payload_bytes = served->answer_bytes;
    slip_status status = slipi_remote_send(server->fd, message, sizeof(*message), 0);
    if (status == SLIP_OK && served->answer_bytes != 0) {
        status = slipi_remote_send(server->fd, served->answer, served->answer_bytes, 0);
    }
    return status;
}

/* Answers a hello. One of another build is answered too, so that its sender can say what is wrong.
 */
static slip_status answer_hello(const slipi_remote_server *server, slipi_remote_message *message)
{
    uint64_t own = slipi_remote_fingerprint(server->requests);
    int same = message->args[0] == own;
    const slipi_remote_served nothing = {0};
    memset(message->args, 0, sizeof(message->args));
    message->args[0] = own;
    message->args[1] = (uint64_t)getpid();
    message->args[2] = own_machine();
    slip_status status = answer(server, message, &nothing);
    return status == SLIP_OK && !same ? SLIP_E_MISMATCH : status;
}

/* Answers one request that was received whole. */
static slip_status answer_request(const slipi_remote_server *server, slipi_remote_message *message,
                                  const void *payload)
{
    slipi_remote_served served = {
        .op = message->op,
        .args = message->args,
        .payload = payload,
        .payload_bytes = message->payload_bytes,
    };
    uint32_t index = message->op - SLIPI_REMOTE_FIRST;
    if (message->op < SLIPI_REMOTE_FIRST || index >= server->count ||
        server->table[index] == NULL) {
        return SLIP_E_FORMAT;
    }
    message->status = server->table[index](server->device, &served);
    if (served.answer_bytes > SLIPI_REMOTE_PIECE_BYTES) {
        return SLIP_E_LIMIT;
    }
    return answer(server, message, &served);
}

/* Receives and answers requests with `piece` as the room for their bytes. */
static slip_status serve(const slipi_remote_server *server, void *piece)
{
    int greeted = 0;
    for (;;) {
        slipi_remote_message message;
        slip_status status = slipi_remote_receive(server->fd, &message, sizeof(message), 0);
        if (status != SLIP_OK) {
            return status;
        }
        if (!slipi_remote_message_valid(&message)) {
            return SLIP_E_FORMAT;
        }
        status = slipi_remote_receive(server->fd, piece, message.payload_bytes, 0);
        if (status != SLIP_OK) {
            return status;
        }
        message.status = 0;
        if (message.op == SLIPI_REMOTE_HELLO) {
            greeted = 1;
            status = answer_hello(server, &message);
        } else if (!greeted) {
            return SLIP_E_FORMAT;
        } else if (message.op == SLIPI_REMOTE_BYE) {
            const slipi_remote_served nothing = {0};
            return answer(server, &message, &nothing);
        } else {
            status = answer_request(server, &message, piece);
        }
        if (status != SLIP_OK) {
            return status;
        }
    }
}

slip_status slipi_remote_serve(const slipi_remote_server *server)
{
    void *piece = malloc(SLIPI_REMOTE_PIECE_BYTES);
    if (piece == NULL) {
        return SLIP_E_OUT_OF_MEMORY;
    }
    slip_status status = serve(server, piece);
    free(piece);
    /* A host that is gone is an end like another. */
    return status == SLIP_E_DEVICE ? SLIP_OK : status;
}
