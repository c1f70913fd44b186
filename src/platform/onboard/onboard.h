/*
 * onboard.h - platforms a2a3 and a5: accelerators behind CANN's runtime.
 *
 * For slip_platform_find and tests. One source; the two differ in their row of data and in how the
 * driver gives the registers of the cores.
 */
#ifndef SLIPI_PLATFORM_ONBOARD_H
#define SLIPI_PLATFORM_ONBOARD_H

#include <slipway/platform.h>

extern const slip_platform_ops slipi_platform_a2a3;
extern const slip_platform_ops slipi_platform_a5;

/* What an onboard device was asked for since it was opened. */
typedef struct slipi_onboard_counters {
    uint64_t uploads; /* copies to the device */
    uint64_t upload_bytes;
    uint64_t unaligned_uploads; /* whose place on the device is no multiple of 64 */
    uint64_t downloads;
    uint64_t download_bytes;
    uint64_t memsets;
    uint64_t memset_bytes;
    uint64_t launches; /* of the control program */
    uint64_t launch_bytes;
    uint64_t resets; /* recoveries that were tried */
} slipi_onboard_counters;

/* Reads the counters; the thread that uses the device. */
void slipi_onboard_read_counters(const slip_platform_device *device, slipi_onboard_counters *out);

#endif
