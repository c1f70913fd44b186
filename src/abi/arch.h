/*
 * arch.h - the architectures as rows of data.
 *
 * For the platforms, which describe themselves by a row, and for the command line. Constant; any
 * thread. The architectures share one source; what differs between them is here and nowhere else.
 */
#ifndef SLIPI_ARCH_H
#define SLIPI_ARCH_H

#include <stdint.h>

/* One architecture. A block is 1 AIC and 2 AIV. */
struct slipi_arch_row {
    const char *name;            /* "a2a3", "a5", "cpu" */
    uint32_t blocks;             /* 0: as many as the device has threads */
    uint32_t control_active_max; /* AICPU threads that may schedule; 0 as above */
    uint32_t control_launch_max; /* AICPU threads that are launched; 0 as above */
    uint64_t counter_hz;         /* system counter */
    uint32_t reg_dispatch;       /* DATA_MAIN_BASE, offset; 0 = no registers */
    uint32_t reg_status;         /* COND, offset */
    uint32_t reg_fast_path;      /* enable register of the fast path, offset; 0 = none */
    uint32_t fast_path_open;     /* its value when open */
    uint32_t fast_path_close;    /* its value when closed */
    uint32_t dies;
    uint32_t device_ids; /* device ids of one AICPU operating system */
};

/* The row of an architecture by name; null if there is none. Static. */
const struct slipi_arch_row *slipi_arch_find(const char *arch);

#endif
