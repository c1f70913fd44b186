/*
 * test_wire.c - messages of a remote device over a socket: whole or not at all, by a deadline, and
 * what is no message is not looked at.
 * ctest-labels: unit
 */
#include "platform/remote/wire.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/check.h"

enum { BIG = 8 << 20 };

/* A pair of sockets. */
static void make_pair(int ends[2])
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

/* Sends BIG bytes, more than a socket holds. */
static void *send_big(void *argument)
{
    char *bytes = malloc(BIG);
    for (int i = 0; bytes != NULL && i < BIG; i++) {
        bytes[i] = (char)(i * 7);
    }
    CHECK(bytes != NULL);
    CHECK_STATUS(SLIP_OK, slipi_remote_send(*(int *)argument, bytes, BIG, 0));
    free(bytes);
    return NULL;
}

static void more_than_a_socket_holds_arrives_whole(void)
{
    int ends[2];
    make_pair(ends);
    pthread_t thread;
    char *bytes = malloc(BIG);
    CHECK_EQ(pthread_create(&thread, NULL, send_big, &ends[0]), 0);
    CHECK_STATUS(SLIP_OK, slipi_remote_receive(ends[1], bytes, BIG, 0));
    (void)pthread_join(thread, NULL);
    int wrong = 0;
    for (int i = 0; i < BIG; i++) {
        wrong += bytes[i] != (char)(i * 7);
    }
    CHECK_EQ(wrong, 0);
    free(bytes);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_deadline_ends_a_wait(void)
{
    int ends[2];
    make_pair(ends);
    char byte = 0;
    uint64_t begin = slipi_now_ns();
    CHECK_STATUS(SLIP_E_HANG, slipi_remote_receive(ends[0], &byte, 1, begin + 20000000u));
    CHECK(slipi_now_ns() - begin >= 20000000u);
    /* Nobody receives: the socket is full at some point. */
    char *bytes = calloc(1, BIG);
    CHECK_STATUS(SLIP_E_HANG, slipi_remote_send(ends[0], bytes, BIG, slipi_now_ns() + 20000000u));
    free(bytes);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void the_end_of_the_other_side_is_seen(void)
{
    int ends[2];
    make_pair(ends);
    char bytes[2] = {1, 2};
    CHECK_STATUS(SLIP_OK, slipi_remote_send(ends[1], bytes, 1, 0));
    (void)close(ends[1]);
    /* One byte of two: not a message. */
    CHECK_STATUS(SLIP_E_DEVICE, slipi_remote_receive(ends[0], bytes, 2, 0));
    CHECK_STATUS(SLIP_E_DEVICE, slipi_remote_send(ends[0], bytes, 2, 0));
    (void)close(ends[0]);
}

static void what_is_no_message_is_refused(void)
{
    slipi_remote_message good = {.magic = SLIPI_REMOTE_MAGIC,
                                 .version = SLIPI_REMOTE_VERSION,
                                 .payload_bytes = SLIPI_REMOTE_PIECE_BYTES};
    CHECK(slipi_remote_message_valid(&good));
    slipi_remote_message bad = good;
    bad.magic ^= 1u;
    CHECK(!slipi_remote_message_valid(&bad));
    bad = good;
    bad.version++;
    CHECK(!slipi_remote_message_valid(&bad));
    bad = good;
    bad.payload_bytes++;
    CHECK(!slipi_remote_message_valid(&bad));
    CHECK(slipi_remote_fingerprint(1) != slipi_remote_fingerprint(2));
    CHECK(slipi_remote_fingerprint(1) == slipi_remote_fingerprint(1));
}

int main(void)
{
    CHECK_CASE(more_than_a_socket_holds_arrives_whole);
    CHECK_CASE(a_deadline_ends_a_wait);
    CHECK_CASE(the_end_of_the_other_side_is_seen);
    CHECK_CASE(what_is_no_message_is_refused);
    return check_report();
}
