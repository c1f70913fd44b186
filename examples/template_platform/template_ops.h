/*
 * template_ops.h - the smallest platform: one thread, memory by malloc, no registers, no cache.
 *
 * Copy the two files to begin a platform of your own. A host hands the table to slip_runner_open
 * in slip_runner_options.ops.
 */
#ifndef TEMPLATE_OPS_H
#define TEMPLATE_OPS_H

#include <slipway/platform.h>

/* Device memory that a device of this platform has. */
#define TEMPLATE_MEMORY_BYTES (UINT64_C(256) << 20)

extern const slip_platform_ops template_platform;

#endif
