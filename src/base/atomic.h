/*
 * atomic.h - the only place that touches C11 atomics; the name of an operation holds its order.
 *
 * For every layer. Shared words are declared with the slipi_a* types, so that a plain access does
 * not compile by accident. Relaxed and seq_cst uses give their reason where they stand. There is no
 * stand-alone fence here: the one full ordering point of Slipway is in event.h.
 */
#ifndef SLIPI_ATOMIC_H
#define SLIPI_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
/* The program of compute cores alone is C++. It shares no word with another writer but registers;
 * its port (device/program/core_main.cce) moves lines and knows no atomic operation. */
typedef uint32_t slipi_au32;
typedef int32_t slipi_ai32;
typedef uint64_t slipi_au64;
#else
#include <stdatomic.h>

typedef _Atomic uint32_t slipi_au32;
typedef _Atomic int32_t slipi_ai32;
typedef _Atomic uint64_t slipi_au64;
#endif

_Static_assert(sizeof(slipi_au32) == 4 && sizeof(slipi_au64) == 8, "atomics have no hidden lock");

/*
 * The hook of tests that count read-modify-writes: they define this expression before they include
 * this header, and compile the code that they count.
 */
#ifndef SLIPI_COUNT_RMW
#define SLIPI_COUNT_RMW ((void)0)
#endif

#define slipi_load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define slipi_load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define slipi_load_seq_cst(p) atomic_load_explicit((p), memory_order_seq_cst)
#define slipi_store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define slipi_store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define slipi_store_seq_cst(p, v) atomic_store_explicit((p), (v), memory_order_seq_cst)
#define slipi_exchange_acq_rel(p, v) \
    (SLIPI_COUNT_RMW, atomic_exchange_explicit((p), (v), memory_order_acq_rel))
#define slipi_add_relaxed(p, v) \
    (SLIPI_COUNT_RMW, atomic_fetch_add_explicit((p), (v), memory_order_relaxed))
#define slipi_add_acq_rel(p, v) \
    (SLIPI_COUNT_RMW, atomic_fetch_add_explicit((p), (v), memory_order_acq_rel))
#define slipi_add_seq_cst(p, v) \
    (SLIPI_COUNT_RMW, atomic_fetch_add_explicit((p), (v), memory_order_seq_cst))
#define slipi_sub_seq_cst(p, v) \
    (SLIPI_COUNT_RMW, atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst))
#define slipi_sub_acq_rel(p, v) \
    (SLIPI_COUNT_RMW, atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel))

/* Replaces *expected by desired: release on success, relaxed on failure (*expected is updated). */
#define slipi_cas_release(p, expected, desired)                \
    (SLIPI_COUNT_RMW, atomic_compare_exchange_strong_explicit( \
                          (p), (expected), (desired), memory_order_release, memory_order_relaxed))

/* As above with acquire on both outcomes and release on success. */
#define slipi_cas_acq_rel(p, expected, desired)                \
    (SLIPI_COUNT_RMW, atomic_compare_exchange_strong_explicit( \
                          (p), (expected), (desired), memory_order_acq_rel, memory_order_acquire))

/* As above, relaxed: for counters and tickets that order nothing. */
#define slipi_cas_relaxed(p, expected, desired)              \
    (SLIPI_COUNT_RMW, atomic_compare_exchange_weak_explicit( \
                          (p), (expected), (desired), memory_order_relaxed, memory_order_relaxed))

/* As above, seq_cst on both outcomes: for the gate of a run, which orders several words. */
#define slipi_cas_seq_cst(p, expected, desired)                \
    (SLIPI_COUNT_RMW, atomic_compare_exchange_strong_explicit( \
                          (p), (expected), (desired), memory_order_seq_cst, memory_order_seq_cst))

/* Tells the processor that this is a spin loop. */
static inline void slipi_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

#endif
