/*
 * blas_lock.c - the lock around the work buffers of OpenBLAS, for the host.
 *
 * The host calls OpenBLAS itself (bert_ref.c), so its functions come first for the dynamic linker,
 * before those of the program: both have the lock.
 */
#include "minilm_kernels_lock.c"
