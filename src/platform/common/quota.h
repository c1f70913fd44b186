/*
 * quota.h - how much processor time the control groups of this process grant it.
 *
 * For processors.c, when a device is opened. Any thread. A container that is given one processor's
 * time on a machine of 128 may run on all of them, but not on all of them at once.
 */
#ifndef SLIPI_PLATFORM_QUOTA_H
#define SLIPI_PLATFORM_QUOTA_H

#include <stdint.h>

/*
 * Processors whose time is granted, rounded up; 0 if there is no bound. `membership` is a file like
 * /proc/self/cgroup, `mount` the folder of the control groups; version 2 (cpu.max) and version 1
 * (cpu.cfs_quota_us) are read, of the process's group and of every group around it. What cannot be
 * read bounds nothing.
 */
uint32_t slipi_quota_processors(const char *membership, const char *mount);

#endif
