/*
 * boot.h - how a device's program starts where the device is not the host's process: from launch
 * arguments to the entry, on control processors and on compute cores.
 *
 * For the files in src/device/program, which export these functions under the names that the
 * device's loader looks for. All state is in the device memory that the arguments name; nothing is
 * kept between launches but there.
 */
#ifndef SLIPI_BOOT_DEVICE_H
#define SLIPI_BOOT_DEVICE_H

#include "abi/boot.h"

/*
 * One control thread of a launch. Returns 0 if the launch was answered, in the report of the boot
 * state and, for a run, in the launch block; another value if the arguments are not of this build.
 */
uint32_t slipi_boot_control(const slip_device_entry *entry, const void *args);

/*
 * One step of compute core `core`, whose registers are those of physical core `physical`; the first
 * one of a launch says hello. Returns what slip_device_entry.core_step returns.
 */
int32_t slipi_boot_core(const slip_device_entry *entry, const void *args, uint32_t core,
                        uint32_t physical);

#endif
