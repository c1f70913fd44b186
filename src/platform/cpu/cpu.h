/*
 * cpu.h - the platform "cpu": this machine's processors, for production.
 *
 * For the table of built-in platforms. Control threads run kernels themselves; the thread that
 * waits is control thread 0; host buffers are used where they are.
 */
#ifndef SLIPI_PLATFORM_CPU_H
#define SLIPI_PLATFORM_CPU_H

#include <slipway/platform.h>

extern const slip_platform_ops slipi_platform_cpu;

#endif
