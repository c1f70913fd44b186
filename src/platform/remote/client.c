/* client.c - the host's side of a device in another process; see client.h. */
#include "platform/remote/client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

extern char **environ;

/* Defaults of the bounds: chosen, far above what a helper needs on a loaded machine. */
static const uint64_t default_start_ns = 10u * SLIPI_NS_PER_S;
static const uint64_t default_call_ns = 10u * SLIPI_NS_PER_S;
static const uint64_t default_close_ns = SLIPI_NS_PER_S;

struct slipi_remote_client {
    int fd;
    pid_t pid;
    uint32_t machine;
    bool usable;
    bool reaped;
    int wait_status; /* when reaped by us; else -1 */
    uint64_t serial;
    uint64_t call_ns;
    uint64_t close_ns;
    char why[256];
};

/* A helper's command cut into words. */
typedef struct command {
    char text[SLIPI_REMOTE_COMMAND_BYTES];
    char *words[SLIPI_REMOTE_WORDS + 1u];
} command;

/* Cuts a command at its spaces; false if it has no word or too many. */
static bool split_command(const char *text, command *out)
{
    if (text == NULL || strlen(text) >= sizeof(out->text)) {
        return false;
    }
    memcpy(out->text, text, strlen(text) + 1u);
    uint32_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(out->text, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        if (count == SLIPI_REMOTE_WORDS) {
            return false;
        }
        out->words[count++] = word;
    }
    out->words[count] = NULL;
    return count != 0;
}

/* Fills what the helper starts with: its end of the socket, no other descriptor, plain signals. */
static int prepare_start(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                         int helper_fd)
{
    sigset_t none;
    sigset_t usual;
    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    (void)sigaddset(&usual, SIGCHLD);
    int error = posix_spawn_file_actions_adddup2(actions, helper_fd, SLIPI_REMOTE_FD);
    error =
        error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(actions, SLIPI_REMOTE_FD + 1);
    error = error != 0 ? error : posix_spawnattr_setsigmask(attributes, &none);
    error = error != 0 ? error : posix_spawnattr_setsigdefault(attributes, &usual);
    return error != 0 ? error
                      : posix_spawnattr_setflags(attributes,
                                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* Starts the helper; 0 or an error number. */
static int start_helper(command *words, int helper_fd, pid_t *out_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    error = prepare_start(&actions, &attributes, helper_fd);
    if (error == 0) {
        error =
            posix_spawnp(out_pid, words->words[0], &actions, &attributes, words->words, environ);
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Takes the client out of use and says why, once. */
static slip_status fail(slipi_remote_client *client, slip_status status, const char *why)
{
    if (client->usable) {
        client->usable = false;
        (void)snprintf(client->why, sizeof(client->why), "%s", why);
    }
    return status;
}

/* The same for a status of send or receive. */
static slip_status fail_transport(slipi_remote_client *client, slip_status status)
{
    return fail(client, status,
                status == SLIP_E_HANG ? "the helper did not answer in time"
                                      : "the helper has ended");
}

/* Sends a request. */
static slip_status send_request(slipi_remote_client *client, const slipi_remote_request *request,
                                uint64_t deadline)
{
    slipi_remote_message message = {
        .magic = SLIPI_REMOTE_MAGIC,
        .version = SLIPI_REMOTE_VERSION,
        .serial = ++client->serial,
        .op = request->op,
        .payload_bytes = request->payload_bytes,
    };
    memcpy(message.args, request->args, sizeof(message.args));
    slip_status status = slipi_remote_send(client->fd, &message, sizeof(message), deadline);
    if (status == SLIP_OK && request->payload_bytes != 0) {
        status = slipi_remote_send(client->fd, request->payload, request->payload_bytes, deadline);
    }
    return status;
}

slip_status slipi_remote_call(slipi_remote_client *client, slipi_remote_request *request)
{
    if (!client->usable) {
        return SLIP_E_DEVICE;
    }
    if (request->payload_bytes > SLIPI_REMOTE_PIECE_BYTES) {
        return SLIP_E_LIMIT;
    }
    uint64_t deadline =
        slipi_now_ns() + (request->call_ns != 0 ? request->call_ns : client->call_ns);
    slipi_remote_message answer;
    slip_status status = send_request(client, request, deadline);
    if (status == SLIP_OK) {
        status = slipi_remote_receive(client->fd, &answer, sizeof(answer), deadline);
    }
    if (status != SLIP_OK) {
        return fail_transport(client, status);
    }
    if (!slipi_remote_message_valid(&answer) || answer.op != request->op ||
        answer.serial != client->serial) {
        return fail(client, SLIP_E_FORMAT, "the helper's answer is not one to this request");
    }
    if (answer.payload_bytes > request->answer_room) {
        return fail(client, SLIP_E_LIMIT, "the helper's answer is larger than what was asked for");
    }
    if (answer.payload_bytes != 0) {
        status = slipi_remote_receive(client->fd, request->answer, answer.payload_bytes, deadline);
        if (status != SLIP_OK) {
            return fail_transport(client, status);
        }
    }
    request->status = answer.status;
    request->answer_bytes = answer.payload_bytes;
    memcpy(request->args, answer.args, sizeof(answer.args));
    return SLIP_OK;
}

/* Bytes of the next piece. */
static uint64_t piece_of(uint64_t bytes)
{
    return bytes < SLIPI_REMOTE_PIECE_BYTES ? bytes : SLIPI_REMOTE_PIECE_BYTES;
}

slip_status slipi_remote_write(slipi_remote_client *client, uint32_t op, uint64_t dst,
                               const void *src, uint64_t bytes, int32_t *out_status)
{
    *out_status = 0;
    for (uint64_t done = 0; done < bytes;) {
        uint64_t piece = piece_of(bytes - done);
        slipi_remote_request request = {
            .op = op,
            .args = {dst + done, piece},
            .payload = (const char *)src + done,
            .payload_bytes = piece,
        };
        slip_status status = slipi_remote_call(client, &request);
        *out_status = request.status;
        if (status != SLIP_OK || request.status != 0) {
            return status;
        }
        done += piece;
    }
    return SLIP_OK;
}

slip_status slipi_remote_read(slipi_remote_client *client, uint32_t op, void *dst, uint64_t src,
                              uint64_t bytes, int32_t *out_status)
{
    *out_status = 0;
    for (uint64_t done = 0; done < bytes;) {
        uint64_t piece = piece_of(bytes - done);
        slipi_remote_request request = {
            .op = op,
            .args = {src + done, piece},
            .answer = (char *)dst + done,
            .answer_room = piece,
        };
        slip_status status = slipi_remote_call(client, &request);
        *out_status = request.status;
        if (status != SLIP_OK || request.status != 0) {
            return status;
        }
        if (request.answer_bytes != piece) {
            return fail(client, SLIP_E_FORMAT, "the helper's answer is shorter than the piece");
        }
        done += piece;
    }
    return SLIP_OK;
}

/* Exchanges hellos; `why` gets a sentence on failure. */
static slip_status exchange_hellos(slipi_remote_client *client, const slipi_remote_options *options,
                                   char *why, size_t why_bytes)
{
    uint64_t wanted = slipi_remote_fingerprint(options->requests);
    slipi_remote_request hello = {
        .op = SLIPI_REMOTE_HELLO,
        .args = {wanted},
        .call_ns = options->start_ns != 0 ? options->start_ns : default_start_ns,
    };
    slip_status status = slipi_remote_call(client, &hello);
    if (status == SLIP_E_FORMAT || (status == SLIP_OK && hello.args[0] != wanted)) {
        (void)snprintf(why, why_bytes,
                       "the helper '%s' was built for other messages than this library; build both "
                       "from one source",
                       options->command);
        return SLIP_E_MISMATCH;
    }
    if (status != SLIP_OK) {
        (void)snprintf(why, why_bytes, "the helper '%s' %s", options->command,
                       status == SLIP_E_HANG ? "did not say hello in time"
                                             : "ended before it said hello");
        return SLIP_E_PLATFORM_UNAVAILABLE;
    }
    client->machine = (uint32_t)hello.args[2];
    return SLIP_OK;
}

/* Makes the client with its socket and its helper; `why` gets a sentence on failure. */
static slipi_remote_client *create_client(const slipi_remote_options *options, char *why,
                                          size_t why_bytes)
{
    command words;
    if (!split_command(options->command, &words)) {
        (void)snprintf(why, why_bytes,
                       "the helper's command is empty, has more than %u words or more than %u "
                       "characters",
                       SLIPI_REMOTE_WORDS, SLIPI_REMOTE_COMMAND_BYTES - 1u);
        return NULL;
    }
    slipi_remote_client *client = calloc(1, sizeof(*client));
    int ends[2] = {-1, -1};
    if (client == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)snprintf(why, why_bytes, "no socket for the helper: %s", strerror(errno));
        free(client);
        return NULL;
    }
    client->fd = ends[0];
    client->usable = true;
    client->call_ns = options->call_ns != 0 ? options->call_ns : default_call_ns;
    client->close_ns = options->close_ns != 0 ? options->close_ns : default_close_ns;
    int error = start_helper(&words, ends[1], &client->pid);
    /* The helper alone holds its end, so that its end is seen here at once. */
    (void)close(ends[1]);
    if (error != 0) {
        (void)snprintf(why, why_bytes, "the helper '%s' cannot be started: %s", words.words[0],
                       strerror(error));
        (void)close(client->fd);
        free(client);
        return NULL;
    }
    return client;
}

slip_status slipi_remote_open(const slipi_remote_options *options, slipi_remote_client **out,
                              char *why, size_t why_bytes)
{
    *out = NULL;
    slipi_remote_client *client = create_client(options, why, why_bytes);
    if (client == NULL) {
        return SLIP_E_PLATFORM_UNAVAILABLE;
    }
    slip_status status = exchange_hellos(client, options, why, why_bytes);
    if (status != SLIP_OK) {
        slipi_remote_kill(client);
        (void)slipi_remote_close(client);
        return status;
    }
    *out = client;
    return SLIP_OK;
}

bool slipi_remote_usable(const slipi_remote_client *client)
{
    return client->usable;
}

const char *slipi_remote_failure(const slipi_remote_client *client)
{
    return client->why;
}

int32_t slipi_remote_pid(const slipi_remote_client *client)
{
    return (int32_t)client->pid;
}

uint32_t slipi_remote_machine(const slipi_remote_client *client)
{
    return client->machine;
}

void slipi_remote_kill(slipi_remote_client *client)
{
    /* The number is the helper's until it is reaped, and only close does that. */
    if (!client->reaped) {
        (void)kill(client->pid, SIGKILL);
    }
}

/* Reaps the helper if it ends before the deadline. */
static bool reap_until(slipi_remote_client *client, uint64_t deadline)
{
    const struct timespec pause = {.tv_nsec = 500000};
    for (;;) {
        int status = -1;
        pid_t found = waitpid(client->pid, &status, WNOHANG);
        /* No such child: someone else has reaped it. */
        if (found == client->pid || (found < 0 && errno == ECHILD)) {
            client->reaped = true;
            client->wait_status = found == client->pid ? status : -1;
            return true;
        }
        if (slipi_now_ns() >= deadline) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
}

/* How a helper that was reaped has ended. */
static int32_t ended_how(const slipi_remote_client *client)
{
    int status = client->wait_status;
    if (!client->reaped || status == -1) {
        return INT32_MIN;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int32_t slipi_remote_close(slipi_remote_client *client)
{
    if (client == NULL) {
        return INT32_MIN;
    }
    uint64_t deadline = slipi_now_ns() + client->close_ns;
    if (client->usable) {
        slipi_remote_request bye = {.op = SLIPI_REMOTE_BYE, .call_ns = client->close_ns};
        if (slipi_remote_call(client, &bye) != SLIP_OK) {
            deadline = slipi_now_ns(); /* it will not end by itself */
        }
    }
    (void)close(client->fd);
    if (!reap_until(client, deadline)) {
        slipi_remote_kill(client);
        /* A killed process ends; the bound is for one that the kernel cannot end yet. */
        (void)reap_until(client, slipi_now_ns() + 5u * SLIPI_NS_PER_S);
    }
    int32_t how = ended_how(client);
    free(client);
    return how;
}
