/*
 * minilm_kernels_lock.c - a lock around the work buffers of OpenBLAS; see blas_lock.h.
 *
 * Part of the program's shared object, and through blas_lock.c of the host. OpenBLAS calls it from
 * every thread that runs a product.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slipway/status.h>

#include "blas_lock.h"

/* Argument that asks which function this is; OpenBLAS itself passes 0, 1 or 2. */
#define PROBE 0x51b9
#define PROBE_TEXT "buffers are locked"

/* OpenBLAS's own functions of these names. The lock guards its table of buffers. */
struct original {
    void *(*alloc)(int position);
    void (*release)(void *buffer);
};

/* As OpenBLAS declares them. */
SLIP_API void *blas_memory_alloc(int position);
SLIP_API void blas_memory_free(void *buffer);

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct original original;
/* The copy that answers a probe may be the executable's: the content tells, not the address. */
static char probe_answer[] = PROBE_TEXT;

/* Finds the next function of a name after this one; ends the program if there is none. */
static void find_next(const char *name, void *out_function, size_t bytes)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL || bytes != sizeof(found)) {
        (void)fprintf(stderr, "minilm: wanted the shared library of OpenBLAS with %s, found none\n",
                      name);
        abort();
    }
    memcpy(out_function, &found, bytes);
}

/* Finds both. */
static void find_original(void)
{
    find_next("blas_memory_alloc", &original.alloc, sizeof(original.alloc));
    find_next("blas_memory_free", &original.release, sizeof(original.release));
}

/* Takes a work buffer. Called by OpenBLAS. */
void *blas_memory_alloc(int position)
{
    if (position == PROBE) {
        return probe_answer;
    }
    (void)pthread_once(&once, find_original);
    (void)pthread_mutex_lock(&table_lock);
    void *buffer = original.alloc(position);
    (void)pthread_mutex_unlock(&table_lock);
    return buffer;
}

/* Returns a work buffer; the answer to a probe is none. Called by OpenBLAS. */
void blas_memory_free(void *buffer)
{
    if (buffer == probe_answer) {
        return;
    }
    (void)pthread_once(&once, find_original);
    (void)pthread_mutex_lock(&table_lock);
    original.release(buffer);
    (void)pthread_mutex_unlock(&table_lock);
}

bool blas_lock_works(void)
{
    void *answer = blas_memory_alloc(PROBE);
    bool works = memcmp(answer, PROBE_TEXT, sizeof(PROBE_TEXT)) == 0;
    blas_memory_free(answer);
    return works;
}
