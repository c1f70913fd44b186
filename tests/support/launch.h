/*
 * launch.h - launches an entry over a block that lies on the device already.
 *
 * For tests that speak to a platform's table themselves. Any thread, as slip_platform_ops.launch.
 */
#ifndef SLIPWAY_TESTS_LAUNCH_H
#define SLIPWAY_TESTS_LAUNCH_H

#include <slipway/platform.h>

/* A device and the table it belongs to. */
typedef struct launch_on {
    const slip_platform_ops *ops;
    slip_platform_device *device;
} launch_on;

/* Starts `threads` control threads of an entry over the block at `address`. */
static inline slip_status launch_at(launch_on on, const slip_device_entry *entry, uint64_t address,
                                    uint32_t threads)
{
    slip_platform_launch launch = {
        .struct_size = sizeof(launch), .threads = threads, .entry = entry, .address = address};
    return on.ops->launch(on.device, &launch);
}

#endif
