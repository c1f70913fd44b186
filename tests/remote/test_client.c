/*
 * test_client.c - a helper program that is a device: requests and copies; one that is not there,
 * says nothing, speaks otherwise, dies, or does not end.
 * ctest-labels: unit
 *
 * The helper is this program, started with a word that says how it behaves.
 */
#include "platform/remote/client.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "platform/remote/server.h"
#include "support/check.h"

enum {
    REQUESTS = 77,
    OP_ADD = SLIPI_REMOTE_FIRST, /* a, b -> a + b; status 5 */
    OP_WRITE,
    OP_READ,
    OP_DIE,
    OP_SLEEP,
    OP_DESCRIPTORS, /* -> open descriptors */
    OP_LONG,        /* answers with a byte more than was asked for */
    MEMORY_BYTES = 5 << 20
};

static char memory[MEMORY_BYTES];

/* ---- the helper --------------------------------------------------------------------------------
 */

static int32_t add(void *device, slipi_remote_served *r)
{
    (void)device;
    r->args[0] += r->args[1];
    return 5;
}

static int32_t write_bytes(void *device, slipi_remote_served *r)
{
    (void)device;
    if (r->args[0] > MEMORY_BYTES || r->args[1] > MEMORY_BYTES - r->args[0]) {
        return 8;
    }
    memcpy(memory + r->args[0], r->payload, r->payload_bytes);
    return 0;
}

static int32_t read_bytes(void *device, slipi_remote_served *r)
{
    (void)device;
    r->answer = memory + r->args[0];
    r->answer_bytes = r->args[1];
    return 0;
}

static int32_t die(void *device, slipi_remote_served *r)
{
    (void)device;
    (void)r;
    _exit(4);
}

static int32_t sleep_long(void *device, slipi_remote_served *r)
{
    (void)device;
    (void)r;
    (void)sleep(1000);
    return 0;
}

static int32_t count_descriptors(void *device, slipi_remote_served *r)
{
    (void)device;
    DIR *folder = opendir("/proc/self/fd");
    for (r->args[0] = 0; folder != NULL && readdir(folder) != NULL; r->args[0]++) {
    }
    r->args[0] -= 3u; /* the folder itself, and . and .. */
    return 0;
}

static int32_t answer_long(void *device, slipi_remote_served *r)
{
    (void)device;
    r->answer = memory;
    r->answer_bytes = r->args[1] + 1u;
    return 0;
}

/* What the helper does, by its word. */
static int help(const char *how)
{
    static const slipi_remote_fn table[] = {add,        write_bytes,       read_bytes, die,
                                            sleep_long, count_descriptors, answer_long};
    const slipi_remote_server server = {.requests = strcmp(how, "other") == 0 ? 78u : REQUESTS,
                                        .table = table,
                                        .count = sizeof(table) / sizeof(table[0]),
                                        .fd = SLIPI_REMOTE_FD};
    if (strcmp(how, "dead") == 0) {
        return 1;
    }
    if (strcmp(how, "silent") == 0) {
        (void)sleep(1000);
    }
    if (strcmp(how, "noise") == 0) {
        char noise[256];
        memset(noise, 0x5C, sizeof(noise));
        ssize_t sent = send(SLIPI_REMOTE_FD, noise, sizeof(noise), 0);
        (void)sleep(sent > 0 ? 1000u : 0u);
    }
    if (strcmp(how, "late") == 0) {
        /* A good answer, but to another request. */
        slipi_remote_message m;
        slip_status got = slipi_remote_receive(SLIPI_REMOTE_FD, &m, sizeof(m), 0);
        m.serial += 5u;
        got = got == SLIP_OK ? slipi_remote_send(SLIPI_REMOTE_FD, &m, sizeof(m), 0) : got;
        (void)sleep(got == SLIP_OK ? 1000u : 0u);
    }
    slip_status status = slipi_remote_serve(&server);
    if (strcmp(how, "stays") == 0) {
        (void)sleep(1000);
    }
    return status == SLIP_OK ? 0 : 2;
}

/* ---- the host ----------------------------------------------------------------------------------
 */

static char self[512];

/* Opens a helper that behaves as `how` says. */
static slip_status open_helper(const char *how, slipi_remote_client **out, char *why, size_t bytes)
{
    char command[600];
    (void)snprintf(command, sizeof(command), "%s help %s", self, how);
    const slipi_remote_options options = {
        .command = command,
        .requests = REQUESTS,
        .start_ns = strcmp(how, "silent") == 0 ? UINT64_C(100000000) : 60u * SLIPI_NS_PER_S,
        .call_ns = 60u * SLIPI_NS_PER_S,
        .close_ns = 20u * SLIPI_NS_PER_S};
    return slipi_remote_open(&options, out, why, bytes);
}

/* Opens a good one. */
static slipi_remote_client *open_good(const char *how)
{
    char why[512] = "";
    slipi_remote_client *client = NULL;
    CHECK_STATUS(SLIP_OK, open_helper(how, &client, why, sizeof(why)));
    CHECK_STR(why, "");
    return client;
}

/* No child of this process is left, dead or alive. */
static void no_child_is_left(void)
{
    CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_EQ(errno, ECHILD);
}

static void requests_are_answered(void)
{
    slipi_remote_client *client = open_good("well");
    for (uint64_t i = 0; i < 100; i++) {
        slipi_remote_request r = {.op = OP_ADD, .args = {i, 1000}};
        CHECK_STATUS(SLIP_OK, slipi_remote_call(client, &r));
        CHECK_EQ(r.status, 5);
        CHECK_EQ(r.args[0], i + 1000u);
    }
    CHECK(slipi_remote_machine(client) != 0);
    CHECK_EQ(slipi_remote_close(client), 0);
    no_child_is_left();
}

static void copies_go_in_pieces(void)
{
    slipi_remote_client *client = open_good("well");
    const uint64_t bytes = 3u * SLIPI_REMOTE_PIECE_BYTES + 5u;
    unsigned char *out = malloc(bytes);
    unsigned char *back = calloc(1, bytes);
    for (uint64_t i = 0; i < bytes; i++) {
        out[i] = (unsigned char)(i % 251u);
    }
    int32_t status = 1;
    CHECK_STATUS(SLIP_OK, slipi_remote_write(client, OP_WRITE, 11, out, bytes, &status));
    CHECK_EQ(status, 0);
    CHECK_STATUS(SLIP_OK, slipi_remote_read(client, OP_READ, back, 11, bytes, &status));
    CHECK_EQ(memcmp(out, back, bytes), 0);
    /* The device's own refusal is its status, and the client goes on. */
    CHECK_STATUS(SLIP_OK, slipi_remote_write(client, OP_WRITE, MEMORY_BYTES - 4, out, 5, &status));
    CHECK_EQ(status, 8);
    CHECK(slipi_remote_usable(client));
    free(out);
    free(back);
    (void)slipi_remote_close(client);
}

static void the_helper_has_no_descriptor_of_ours(void)
{
    int leak = dup(1);
    slipi_remote_client *client = open_good("well");
    slipi_remote_client *second = open_good("well");
    slipi_remote_request r = {.op = OP_DESCRIPTORS};
    CHECK_STATUS(SLIP_OK, slipi_remote_call(second, &r));
    CHECK_EQ(r.args[0], 4); /* three standard ones and the socket */
    (void)close(leak);
    (void)slipi_remote_close(client);
    (void)slipi_remote_close(second);
}

static void a_payload_that_is_too_large_is_refused(void)
{
    slipi_remote_client *client = open_good("well");
    slipi_remote_request r = {
        .op = OP_WRITE, .payload = memory, .payload_bytes = SLIPI_REMOTE_PIECE_BYTES + 1u};
    CHECK_STATUS(SLIP_E_LIMIT, slipi_remote_call(client, &r));
    CHECK(slipi_remote_usable(client));
    /* An answer that is larger than its room ends the talk. */
    char room[16];
    slipi_remote_request more = {
        .op = OP_LONG, .args = {0, sizeof(room)}, .answer = room, .answer_room = sizeof(room)};
    CHECK_STATUS(SLIP_E_LIMIT, slipi_remote_call(client, &more));
    CHECK(!slipi_remote_usable(client));
    (void)slipi_remote_close(client);
    no_child_is_left();
}

static void what_cannot_be_started_says_so(void)
{
    const struct {
        const char *command;
        const char *words;
    } bad[] = {
        {"/no/such/program", "No such file"},
        {"/dev/null", "Permission denied"},
        {"   ", "is empty"},
        {"a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g", "more than 32 words"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char why[512] = "";
        const slipi_remote_options options = {.command = bad[i].command, .requests = REQUESTS};
        slipi_remote_client *client = NULL;
        CHECK_STATUS(SLIP_E_PLATFORM_UNAVAILABLE,
                     slipi_remote_open(&options, &client, why, sizeof(why)));
        CHECK(client == NULL);
        CHECK_CONTAINS(why, bad[i].words);
    }
    no_child_is_left();
}

static void helpers_that_do_not_say_hello(void)
{
    const struct {
        const char *how;
        slip_status status;
        const char *words;
    } bad[] = {
        {"dead", SLIP_E_PLATFORM_UNAVAILABLE, "ended before it said hello"},
        {"silent", SLIP_E_PLATFORM_UNAVAILABLE, "did not say hello in time"},
        {"noise", SLIP_E_MISMATCH, "built for other messages"},
        {"other", SLIP_E_MISMATCH, "built for other messages"},
        {"late", SLIP_E_MISMATCH, "built for other messages"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char why[1024] = "";
        slipi_remote_client *client = NULL;
        CHECK_STATUS(bad[i].status, open_helper(bad[i].how, &client, why, sizeof(why)));
        CHECK(client == NULL);
        CHECK_CONTAINS(why, bad[i].words);
        no_child_is_left();
    }
}

static void a_helper_that_dies_is_noticed(void)
{
    slipi_remote_client *client = open_good("well");
    slipi_remote_request r = {.op = OP_DIE};
    CHECK_STATUS(SLIP_E_DEVICE, slipi_remote_call(client, &r));
    CHECK(!slipi_remote_usable(client));
    CHECK_CONTAINS(slipi_remote_failure(client), "has ended");
    CHECK_STATUS(SLIP_E_DEVICE, slipi_remote_call(client, &r));
    CHECK_EQ(slipi_remote_close(client), 4);
    no_child_is_left();
}

static void a_request_that_the_device_does_not_know_ends_it(void)
{
    slipi_remote_client *client = open_good("well");
    slipi_remote_request r = {.op = 1000};
    CHECK_STATUS(SLIP_E_DEVICE, slipi_remote_call(client, &r));
    (void)slipi_remote_close(client);
    no_child_is_left();
}

static void a_request_has_a_bound(void)
{
    slipi_remote_client *client = open_good("well");
    slipi_remote_request r = {.op = OP_SLEEP, .call_ns = 20000000u};
    CHECK_STATUS(SLIP_E_HANG, slipi_remote_call(client, &r));
    CHECK_CONTAINS(slipi_remote_failure(client), "in time");
    /* A late answer would be taken for another's: no further request. */
    CHECK_STATUS(SLIP_E_DEVICE, slipi_remote_call(client, &r));
    slipi_remote_kill(client);
    (void)slipi_remote_close(client);
    no_child_is_left();
}

/* Kills a helper soon. */
static void *kill_soon(void *argument)
{
    const struct timespec pause = {.tv_nsec = 30000000};
    (void)nanosleep(&pause, NULL);
    slipi_remote_kill(argument);
    return NULL;
}

static void a_kill_from_another_thread_ends_a_request(void)
{
    slipi_remote_client *client = open_good("well");
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, kill_soon, client), 0);
    slipi_remote_request r = {.op = OP_SLEEP};
    CHECK_STATUS(SLIP_E_DEVICE, slipi_remote_call(client, &r));
    (void)pthread_join(thread, NULL);
    (void)slipi_remote_close(client);
    no_child_is_left();
}

static void a_helper_that_stays_is_killed(void)
{
    char command[600];
    char why[512] = "";
    (void)snprintf(command, sizeof(command), "%s help stays", self);
    const slipi_remote_options options = {
        .command = command, .requests = REQUESTS, .close_ns = 20000000u};
    slipi_remote_client *client = NULL;
    CHECK_STATUS(SLIP_OK, slipi_remote_open(&options, &client, why, sizeof(why)));
    CHECK_EQ(slipi_remote_close(client), -SIGKILL);
    no_child_is_left();
    CHECK_EQ(slipi_remote_close(NULL), INT32_MIN);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "help") == 0) {
        return help(argv[2]);
    }
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1u);
    CHECK(length > 0);
    CHECK_CASE(requests_are_answered);
    CHECK_CASE(copies_go_in_pieces);
    CHECK_CASE(the_helper_has_no_descriptor_of_ours);
    CHECK_CASE(a_payload_that_is_too_large_is_refused);
    CHECK_CASE(what_cannot_be_started_says_so);
    CHECK_CASE(helpers_that_do_not_say_hello);
    CHECK_CASE(a_helper_that_dies_is_noticed);
    CHECK_CASE(a_request_that_the_device_does_not_know_ends_it);
    CHECK_CASE(a_request_has_a_bound);
    CHECK_CASE(a_kill_from_another_thread_ends_a_request);
    CHECK_CASE(a_helper_that_stays_is_killed);
    return check_report();
}
