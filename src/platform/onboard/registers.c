/*
 * registers.c - where the registers of the cores are and which control processors there are, as the
 * driver tells; see onboard_int.h.
 *
 * The table goes by a core's physical number, which only the core itself knows:
 *
 *     a2a3   one mapping; cluster i is at 8 MiB * i; AIC of cluster i has number i, its AIVs have
 *            25 + 2 i and 26 + 2 i and lie 1 and 2 MiB behind
 *     a5     one mapping a cluster; on die d AIC of cluster i has number 54 d + i, its AIVs have
 *            54 d + 18 + 2 i and one more, and lie 1 and 2 MiB behind
 *
 * Figures are from public sources that drive these devices (docs/onboard.md); they have not been
 * seen on silicon here.
 */
#include <string.h>

#include "base/check.h"
#include "platform/onboard/onboard_int.h"

#define MEBIBYTE (UINT64_C(1) << 20)

enum {
    A2A3_CLUSTERS = 25,
    A2A3_CLUSTER_MIB = 8,
    A2A3_CPUS = 8, /* of one die */
    CPU_CLUSTER = 4,
    A5_DIES = 2,
    A5_DIE_CLUSTERS = 18
};
_Static_assert(3 * A2A3_CLUSTERS <= SLIPI_BOOT_CORES, "a2a3's table fits");
_Static_assert(3 * A5_DIES * A5_DIE_CLUSTERS <= SLIPI_BOOT_CORES, "a5's table fits");

/* The driver's number of this device. */
static slip_status driver_number(slip_platform_device *device, uint32_t *out)
{
    *out = device->id;
    if (device->runtime.aclrtGetPhyDevIdByLogicDevId == NULL) {
        return SLIP_OK;
    }
    slipi_call call = {.in = {device->id}};
    slip_status status =
        slipi_onboard_set_up_call(device, SLIPI_ENTRY_aclrtGetPhyDevIdByLogicDevId, &call);
    *out = status == SLIP_OK ? (uint32_t)call.out[0] : device->id;
    return status;
}

/* Fills a2a3's table. */
static slip_status map_a2a3(slip_platform_device *device, uint32_t number, uint64_t *table)
{
    slipi_call call = {.in = {number}};
    slip_status status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_halMemCtl, &call);
    if (status != SLIP_OK) {
        return status;
    }
    uint64_t needed = (uint64_t)A2A3_CLUSTERS * A2A3_CLUSTER_MIB * MEBIBYTE;
    if (call.out[0] == 0 || call.out[1] < needed) {
        return slipi_onboard_fail(device, SLIP_E_DEVICE,
                                  "the driver maps %llu bytes of registers, %llu are needed",
                                  (unsigned long long)call.out[1], (unsigned long long)needed);
    }
    for (uint32_t i = 0; i < A2A3_CLUSTERS; i++) {
        uint64_t base = call.out[0] + (uint64_t)i * A2A3_CLUSTER_MIB * MEBIBYTE;
        table[i] = base;
        table[A2A3_CLUSTERS + 2u * i] = base + MEBIBYTE;
        table[A2A3_CLUSTERS + 2u * i + 1u] = base + 2u * MEBIBYTE;
    }
    device->state.register_count = 3u * A2A3_CLUSTERS;
    return SLIP_OK;
}

/* Fills a5's table. */
static slip_status map_a5(slip_platform_device *device, uint32_t number, uint64_t *table)
{
    for (uint32_t i = 0; i < A5_DIES * A5_DIE_CLUSTERS; i++) {
        slipi_call call = {.in = {number, i}};
        slip_status status = slipi_onboard_set_up_call(device, SLIPI_ENTRY_halResMap, &call);
        if (status != SLIP_OK) {
            return status;
        }
        if (call.out[0] == 0 || call.out[1] < 3u * MEBIBYTE) {
            return slipi_onboard_fail(device, SLIP_E_DEVICE,
                                      "the driver maps %llu bytes of registers of core %u, %llu "
                                      "are needed",
                                      (unsigned long long)call.out[1], i,
                                      (unsigned long long)(3u * MEBIBYTE));
        }
        uint64_t *die = table + i / A5_DIE_CLUSTERS * 3u * A5_DIE_CLUSTERS;
        uint32_t k = i % A5_DIE_CLUSTERS;
        die[k] = call.out[0];
        die[A5_DIE_CLUSTERS + 2u * k] = call.out[0] + MEBIBYTE;
        die[A5_DIE_CLUSTERS + 2u * k + 1u] = call.out[0] + 2u * MEBIBYTE;
    }
    device->state.register_count = 3u * A5_DIES * A5_DIE_CLUSTERS;
    return SLIP_OK;
}

/* Asks the driver; false if it does not tell, which some drivers do not. */
static bool ask(slip_platform_device *device, uint32_t number, uint64_t module, uint64_t info,
                uint64_t *out)
{
    slipi_call call = {.in = {number, module, info}};
    if (device->runtime.halGetDeviceInfo == NULL ||
        slipi_onboard_set_up_call(device, SLIPI_ENTRY_halGetDeviceInfo, &call) != SLIP_OK) {
        return false;
    }
    *out = call.out[0];
    return true;
}

/* a2a3: the highest four neighbours of a die that are all the device's; else all it has. */
static uint64_t choose_cpus(uint64_t cpus, uint32_t wanted)
{
    for (uint32_t first = A2A3_CPUS; first >= CPU_CLUSTER; first -= CPU_CLUSTER) {
        uint64_t cluster = cpus & (UINT64_C(0xF) << (first - CPU_CLUSTER));
        if ((uint32_t)__builtin_popcountll(cluster) >= wanted) {
            return cluster;
        }
    }
    return cpus;
}

/* How many control threads are launched and where they may run. */
static void find_cpus(slip_platform_device *device, uint32_t number)
{
    onboard_state *state = &device->state;
    uint64_t cpus = 0;
    uint64_t die = 0;
    state->launched = device->arch->control_launch_max;
    state->allowed_cpus = UINT64_MAX;
    if (!ask(device, number, SLIPI_HAL_MODULE_AICPU, SLIPI_HAL_INFO_OCCUPY, &cpus) || cpus == 0) {
        return;
    }
    uint32_t count = (uint32_t)__builtin_popcountll(cpus);
    state->launched = count < state->launched ? count : state->launched;
    state->allowed_cpus = cpus;
    if (device->arch->device_ids > 1) { /* a2a3: the driver's mask is of one die */
        uint64_t chosen = choose_cpus(cpus, device->arch->control_active_max);
        bool known = ask(device, number, SLIPI_HAL_MODULE_SYSTEM, SLIPI_HAL_INFO_PHY_DIE_ID, &die);
        state->allowed_cpus = known && die < 8u ? chosen << (die * A2A3_CPUS) : chosen;
    }
}

slip_status slipi_onboard_find_registers(slip_platform_device *device,
                                         uint64_t table[SLIPI_BOOT_CORES])
{
    uint32_t number = 0;
    memset(table, 0, SLIPI_BOOT_CORES * sizeof(*table));
    slip_status status = driver_number(device, &number);
    if (status == SLIP_OK) {
        status = strcmp(device->arch->name, "a2a3") == 0 ? map_a2a3(device, number, table)
                                                         : map_a5(device, number, table);
    }
    if (status == SLIP_OK) {
        uint32_t lost = device->failure.lost;
        find_cpus(device, number);
        /* A driver that does not tell is no failure; a call that never came back is one. */
        device->failure.lost = device->calls != NULL ? lost : 1u;
        status = device->calls != NULL ? SLIP_OK : SLIP_E_DEVICE;
    }
    return status;
}
