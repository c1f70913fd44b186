/*
 * test_end.c - the stand-in's device process ends in the middle: killed, crashed, stopped, not
 * there; every call returns, the host goes on after a reset, and nothing is left. And what the
 * environment asks for.
 * ctest-labels: unit standin
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"

#include "support/check.h"

enum { SYNC_MS = 60000, TO_DEVICE = 1, BIG = 64 << 20 };

extern char **environ;

/* No child of this process is left. */
static void no_child_is_left(void)
{
    CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_EQ(errno, ECHILD);
}

/* After the device was lost: calls fail at once, and a reset makes it good. */
static void lost_and_found(lab *l, int32_t code)
{
    void *address = NULL;
    char byte = 0;
    CHECK_EQ(aclrtMalloc(&address, 64, 0), code);
    CHECK_EQ(aclrtMemcpy(l->memory, 1, &byte, 1, TO_DEVICE), code);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), code);
    CHECK_EQ(aclrtDestroyStreamForce(l->control_stream), code);
    CHECK_EQ(aclrtFree(l->memory), code);
    CHECK_CONTAINS(aclGetRecentErrMsg(), "lost");
    CHECK_EQ(aclrtResetDeviceForce(l->device), 0);
    no_child_is_left();
    CHECK(lab_open(l, l->device, "a2a3"));
    standin_test_args args = lab_args(l, STANDIN_TEST_SLEEP, 1);
    CHECK_EQ(lab_control(l, &args), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l->control_stream, SYNC_MS), 0);
    lab_close(l);
    lab_end();
    no_child_is_left();
}

/* Sends a signal to the device of a lab soon. */
typedef struct soon {
    int32_t device;
    int signal;
} soon;

static void *signal_soon(void *argument)
{
    const soon *s = argument;
    const struct timespec pause = {.tv_nsec = 30000000};
    (void)nanosleep(&pause, NULL);
    CHECK_EQ(kill(slipway_standin_device_pid(s->device), s->signal), 0);
    return NULL;
}

static void killed_while_the_host_waits(void)
{
    lab l;
    pthread_t thread;
    soon s = {.signal = SIGKILL};
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    standin_test_args args = lab_args(&l, STANDIN_TEST_WAIT, 4);
    CHECK_EQ(lab_control(&l, &args), 0);
    CHECK_EQ(pthread_create(&thread, NULL, signal_soon, &s), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, -1), STANDIN_RT_SOCKET_CLOSE);
    (void)pthread_join(thread, NULL);
    lost_and_found(&l, STANDIN_RT_SOCKET_CLOSE);
}

static void killed_while_the_host_copies(void)
{
    lab l;
    pthread_t thread;
    soon s = {.signal = SIGKILL};
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    char *bytes = calloc(1, BIG);
    void *address = NULL;
    CHECK_EQ(aclrtMalloc(&address, BIG, 0), 0);
    CHECK_EQ(pthread_create(&thread, NULL, signal_soon, &s), 0);
    int32_t code = 0;
    for (int i = 0; i < 1000 && code == 0; i++) {
        code = aclrtMemcpy(address, BIG, bytes, BIG, TO_DEVICE);
    }
    CHECK_EQ(code, STANDIN_RT_SOCKET_CLOSE);
    (void)pthread_join(thread, NULL);
    free(bytes);
    lost_and_found(&l, STANDIN_RT_SOCKET_CLOSE);
}

static void a_program_crashes_its_device(void)
{
    lab l;
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    standin_test_args args = lab_args(&l, STANDIN_TEST_CRASH, 1);
    CHECK_EQ(lab_control(&l, &args), 0);
    CHECK_EQ(aclrtSynchronizeStreamWithTimeout(l.control_stream, SYNC_MS), STANDIN_RT_SOCKET_CLOSE);
    lost_and_found(&l, STANDIN_RT_SOCKET_CLOSE);
}

/* A process that is there and does not answer. */
static void stopped(void)
{
    lab l;
    CHECK_EQ(setenv("SLIPWAY_STANDIN_CALL_MS", "100", 1), 0);
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    CHECK_EQ(unsetenv("SLIPWAY_STANDIN_CALL_MS"), 0);
    CHECK_EQ(kill(slipway_standin_device_pid(0), SIGSTOP), 0);
    void *address = NULL;
    CHECK_EQ(aclrtMalloc(&address, 64, 0), STANDIN_RT_LOST_HEARTBEAT);
    lost_and_found(&l, STANDIN_RT_LOST_HEARTBEAT);
}

/* Programs that never return do not keep the process, nor the end of its host. */
static void a_hanging_program_does_not_keep_it(void)
{
    lab l;
    lab_begin("a2a3");
    CHECK(lab_open(&l, 0, "a2a3"));
    standin_test_args args = lab_args(&l, STANDIN_TEST_WAIT, 3);
    CHECK_EQ(lab_control(&l, &args), 0);
    args = lab_args(&l, STANDIN_TEST_DRIVE, 1);
    CHECK_EQ(lab_core(&l, &args), 0);
    /* Code that runs is not unloaded under it. */
    CHECK_EQ(aclrtBinaryUnLoad(l.control_binary), 0);
    CHECK_EQ(aclrtBinaryUnLoad(l.core_binary), 0);
    CHECK_EQ(aclrtDestroyStreamForce(l.control_stream), 0);
    CHECK_EQ(aclrtDestroyStreamForce(l.core_stream), 0);
    lab_end(); /* with the device still set, and the memory that they use */
    no_child_is_left();
}

static void a_device_process_that_is_not_there(void)
{
    CHECK_EQ(setenv("SLIPWAY_STANDIN_DEVICE", "/no/such/device --with words", 1), 0);
    lab_begin("a2a3");
    CHECK_EQ(aclrtSetDevice(0), STANDIN_RT_DEVICE_SETUP);
    CHECK_CONTAINS(aclGetRecentErrMsg(), "'/no/such/device' cannot be started");
    CHECK_EQ(setenv("SLIPWAY_STANDIN_DEVICE", "/bin/true", 1), 0);
    CHECK_EQ(aclrtSetDevice(0), STANDIN_RT_DEVICE_SETUP);
    CHECK_CONTAINS(aclGetRecentErrMsg(), "ended before it said hello");
    CHECK_EQ(unsetenv("SLIPWAY_STANDIN_DEVICE"), 0);
    CHECK_EQ(aclrtSetDevice(0), 0);
    CHECK_EQ(aclrtResetDeviceForce(0), 0);
    lab_end();
}

/* ---- the environment: this program again, as a child -------------------------------------------
 */

/* Calls a few entry points; the code of the first that fails, as far as an exit code can tell. */
static int child(void)
{
    void *address = NULL;
    int32_t code = aclInit(NULL);
    code = code != 0 ? code : aclrtSetDevice(0);
    for (int i = 0; i < 3 && code == 0; i++) {
        code = aclrtMalloc(&address, 64, 0);
    }
    return code == 0 ? 0 : code == STANDIN_INVALID_PARAM ? 3 : code == 207001 ? 2 : 4;
}

/* Runs a child with a variable set; its exit code. */
static int run_child(const char *name, const char *value)
{
    char *words[] = {(char[]){"/proc/self/exe"}, (char[]){"child"}, NULL};
    char path[512];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1u);
    CHECK(length > 0);
    path[length > 0 ? length : 0] = '\0';
    CHECK_EQ(setenv(name, value, 1), 0);
    pid_t pid = 0;
    int status = 0;
    CHECK_EQ(posix_spawn(&pid, path, NULL, NULL, words, environ), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(unsetenv(name), 0);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_environment_sets_faults(void)
{
    CHECK_EQ(run_child("SLIPWAY_STANDIN_FAULT", ""), 0);
    CHECK_EQ(run_child("SLIPWAY_STANDIN_FAULT", "aclrtMalloc:3:fail=207001,aclInit:9:hang"), 2);
    CHECK_EQ(run_child("SLIPWAY_STANDIN_FAULT", "aclrtMalloc:4:fail=207001"), 0);
    CHECK_EQ(run_child("SLIPWAY_STANDIN_FAULT", "aclrtMalloc:1:burn"), 3);
    CHECK_EQ(run_child("SLIPWAY_STANDIN_LATENCY", "*=1000"), 0);
    CHECK_EQ(run_child("SLIPWAY_STANDIN_LATENCY", "*"), 3);
}

static void the_books_are_written_at_the_end(void)
{
    char path[64];
    char text[4096] = "";
    (void)snprintf(path, sizeof(path), "/tmp/slipway-standin-books-%d", (int)getpid());
    CHECK_EQ(run_child("SLIPWAY_STANDIN_BOOKS", path), 0);
    FILE *file = fopen(path, "re");
    CHECK(file != NULL);
    if (file != NULL) {
        CHECK(fread(text, 1, sizeof(text) - 1u, file) != 0);
        (void)fclose(file);
    }
    CHECK_CONTAINS(text, "live_allocations 3\n");
    CHECK_CONTAINS(text, "live_devices 1\n");
    CHECK_CONTAINS(text, "aclrtMalloc 3\n");
    CHECK_CONTAINS(text, "aclrtFree 0\n");
    (void)unlink(path);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "child") == 0) {
        return child();
    }
    CHECK_CASE(killed_while_the_host_waits);
    CHECK_CASE(killed_while_the_host_copies);
    CHECK_CASE(a_program_crashes_its_device);
    CHECK_CASE(stopped);
    CHECK_CASE(a_hanging_program_does_not_keep_it);
    CHECK_CASE(a_device_process_that_is_not_there);
    CHECK_CASE(the_environment_sets_faults);
    CHECK_CASE(the_books_are_written_at_the_end);
    return check_report();
}
