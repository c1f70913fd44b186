/* faults.c - faults that the stand-in's device plays, and its counters; see device.h. Any thread.
 */
#include "device.h"

device_counters counters;

/* What is to fail; 0 = nothing. `core` is a number plus 1. */
static slipi_au64 control_at;
static slipi_au64 core_at;
static slipi_au64 kernel_at;
static slipi_au64 control_seen;
static slipi_au64 kernel_seen;

/* All orders are relaxed or stronger than needed: a fault is set before the launch that it is for,
 * and the locks of the streams order that. */
void device_fault_set(uint32_t kind, uint64_t n)
{
    switch (kind) {
    case STANDIN_FAULT_CONTROL:
        slipi_store_release(&control_seen, 0);
        slipi_store_release(&control_at, n);
        break;
    case STANDIN_FAULT_CORE:
        slipi_store_release(&core_at, n + 1u);
        break;
    case STANDIN_FAULT_KERNEL:
        slipi_store_release(&kernel_seen, 0);
        slipi_store_release(&kernel_at, n);
        break;
    default:
        slipi_store_release(&control_at, 0);
        slipi_store_release(&core_at, 0);
        slipi_store_release(&kernel_at, 0);
        break;
    }
}

bool device_fault_control(void)
{
    uint64_t seen = slipi_add_acq_rel(&control_seen, 1u) + 1u;
    return slipi_load_acquire(&control_at) == seen;
}

bool device_fault_core(uint32_t core)
{
    return slipi_load_acquire(&core_at) == core + 1u;
}

bool device_fault_kernel(void)
{
    uint64_t seen = slipi_add_acq_rel(&kernel_seen, 1u) + 1u;
    return slipi_load_acquire(&kernel_at) == seen;
}
