/*
 * blas_lock.h - makes the serial flavour of OpenBLAS safe to call from several threads.
 *
 * For the kernels and the sequential version; any thread.
 *
 * Every product takes a work buffer from a table inside OpenBLAS. The serial flavour, as Debian 12
 * builds it, has no lock around that table: two threads that take a buffer at the same moment get
 * the same one, and both results are wrong. The flavours with threads have the lock, but bring
 * threads of their own. So the two functions that take and return a buffer are defined here again,
 * with a lock around the original ones; the dynamic linker finds these first.
 */
#ifndef MINILM_BLAS_LOCK_H
#define MINILM_BLAS_LOCK_H

#include <stdbool.h>

/*
 * Whether OpenBLAS calls the functions with the lock. False where the executable was linked with
 * OpenBLAS and does not define them itself.
 */
bool blas_lock_works(void);

#endif
