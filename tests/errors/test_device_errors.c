/*
 * test_device_errors.c - what a device or its platform can do wrong, through whole runs on a table
 * that damages what passes: a record of an audit, a prebuilt image; and what a device cannot do:
 * memory that is not there, a device that is not there, a mode or sizing that is none.
 *
 * ctest-labels: errors unit
 */
#include "abi/audit.h"
#include "lab.h"
#include "support/launch.h"
#include "support/platforms.h"

/* How the record of an audited run is damaged on its way to the host. */
enum damage { DAMAGE_NONE, DAMAGE_EDGE, DAMAGE_HEAD, DAMAGE_OVERFLOW, DAMAGE_IMAGE };

static slip_platform_ops ops; /* a2a3sim, damaging */
static enum damage damage;

/* True if the bytes are a whole audit record with something in it. */
static bool is_record(const void *bytes, uint64_t count)
{
    const slipi_audit_header *header = bytes;
    return count > sizeof(*header) && header->used == count - sizeof(*header) &&
           header->capacity >= header->used;
}

/* Lets the last edge of a record begin at the second task. */
static void damage_edge(slipi_audit_header *header)
{
    slipi_audit_edge *found = NULL;
    unsigned char *bytes = (unsigned char *)(header + 1);
    for (uint64_t at = 0; at < header->used;) {
        slipi_audit_head *head = (slipi_audit_head *)(void *)(bytes + at);
        found = head->kind == SLIPI_AUDIT_EDGE ? (slipi_audit_edge *)(void *)head : found;
        at += head->bytes;
    }
    if (CHECK(found != NULL)) {
        CHECK_EQ(1, found->producer);
        found->producer = 2;
    }
}

/* slip_platform_ops.copy_from, damaging. */
static slip_status copy_from(slip_platform_device *device, void *dst, uint64_t src, uint64_t bytes)
{
    slip_status status = slip_platform_find("a2a3sim")->copy_from(device, dst, src, bytes);
    if (status != SLIP_OK || !is_record(dst, bytes)) {
        return status;
    }
    slipi_audit_header *header = dst;
    switch (damage) {
    case DAMAGE_EDGE:
        damage_edge(header);
        break;
    case DAMAGE_HEAD:
        ((slipi_audit_head *)(void *)(header + 1))->bytes = 12;
        break;
    case DAMAGE_OVERFLOW:
        header->overflow = 1;
        break;
    default:
        break;
    }
    return status;
}

/* slip_platform_ops.copy_to, damaging. */
static slip_status copy_to(slip_platform_device *device, uint64_t dst, const void *src,
                           uint64_t bytes)
{
    const slip_platform_ops *inner = slip_platform_find("a2a3sim");
    uint64_t magic = 0;
    if (bytes >= sizeof(slipi_runtime)) {
        memcpy(&magic, src, sizeof(magic));
    }
    slip_status status = inner->copy_to(device, dst, src, bytes);
    if (status == SLIP_OK && magic == SLIPI_ARENA_MAGIC && damage == DAMAGE_IMAGE) {
        const uint32_t version = SLIPI_LAYOUT_VERSION + 1;
        status = inner->copy_to(device, dst + offsetof(slipi_runtime, version), &version,
                                sizeof(version));
    }
    return status;
}

/* Opens a lab on the damaging table. */
static void open_damaging(lab *l)
{
    ops = *slip_platform_find("a2a3sim");
    ops.copy_from = copy_from;
    ops.copy_to = copy_to;
    damage = DAMAGE_NONE;
    slip_runner_options options = {.struct_size = (uint32_t)sizeof(options), .ops = &ops};
    CHECK(lab_open(l, "a2a3sim", &options));
}

/* Three tasks: the third one reads what the first one made. */
static slip_status three_tasks(slip_orch *o)
{
    slip_tensor first;
    slip_tensor second;
    slip_status status = lab_make(o, &first, 16);
    status = status == SLIP_OK ? lab_make(o, &second, 16) : status;
    const slip_arg arg = slip_in(&first);
    return status == SLIP_OK ? slip_spawn(o, SLIP_TASK_AIV, LAB_NOTHING, 1, &arg) : status;
}

/* Runs with an audit and returns its verdict. */
static slip_status audited(lab *l, enum damage how, slip_audit_report *report)
{
    slip_run_config config = lab_config(64, 65536, 64);
    config.audit = 1;
    config.dispatch = SLIP_DISPATCH_SERIAL; /* nothing completes before the third submission */
    damage = how;
    slip_status status = lab_run(l, three_tasks, &config);
    damage = DAMAGE_NONE;
    report->struct_size = (uint32_t)sizeof(*report);
    return status == SLIP_OK ? slip_audit(l->runner, report) : status;
}

/* An audit that finds a lost and a false edge, and records that are none. */
static void damaged_records(void)
{
    lab l;
    slip_audit_report report;
    open_damaging(&l);
    CHECK_STATUS(SLIP_OK, audited(&l, DAMAGE_NONE, &report));
    CHECK_EQ(1, report.edges);
    CHECK_STATUS(SLIP_E_AUDIT, audited(&l, DAMAGE_EDGE, &report));
    CHECK_EQ(1, report.lost);
    CHECK(report.first_problem[0] != '\0');
    CHECK_STATUS(SLIP_E_AUDIT, lab_error(&l).status);
    CHECK_STATUS(SLIP_E_FORMAT, audited(&l, DAMAGE_HEAD, &report));
    CHECK_CONTAINS(lab_error(&l).message, "no record begins at byte 0");
    CHECK_STATUS(SLIP_E_LIMIT, audited(&l, DAMAGE_OVERFLOW, &report));
    CHECK_CONTAINS(lab_error(&l).message, "incomplete");
    CHECK_STATUS(SLIP_OK, audited(&l, DAMAGE_NONE, &report));
    CHECK(lab_good(&l));
    lab_close(&l);
}

/* An image of another version: the device does not attach it, and the next one is good. */
static void damaged_image(void)
{
    lab l;
    slip_run_config config = lab_config(64, 65536, 64);
    open_damaging(&l);
    for (int round = 0; round < 2; round++) {
        damage = DAMAGE_IMAGE;
        config.sizing.ring[0].task_window *= 2; /* another entry, so that an image is sent */
        CHECK_STATUS(SLIP_E_INIT_FAILED, lab_run(&l, three_tasks, &config));
        CHECK_CONTAINS(lab_error(&l).message, "version");
        CHECK_STR("prebuilt image", lab_error(&l).resource);
        damage = DAMAGE_NONE;
        CHECK_STATUS(SLIP_OK, lab_run(&l, three_tasks, &config));
        CHECK(lab_good(&l));
    }
    lab_close(&l);
}

/* Memory that cannot be had is named, and nothing of it stays. */
static void no_memory(void)
{
    for (const char *const *name = slip_platform_names(); *name != NULL; name++) {
        if (!platform_in_process(*name)) {
            continue;
        }
        lab l;
        slip_device_ptr memory;
        CHECK(lab_open(&l, *name, NULL));
        slip_run_config config = lab_config(64, UINT64_C(1) << 58, 64);
        CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, lab_run(&l, three_tasks, &config));
        CHECK_CONTAINS(lab_error(&l).message, "GM heap");
        CHECK(lab_good(&l));
        CHECK_STATUS(SLIP_E_OUT_OF_MEMORY,
                     slip_device_malloc(l.runner, UINT64_C(1) << 58, &memory));
        CHECK(lab_good(&l));
        lab_close(&l);
    }
}

/* Sizings that are none, on every platform: the message names ring, value and bound. */
static void bad_sizings(void)
{
    for (const char *const *name = slip_platform_names(); *name != NULL; name++) {
        if (!platform_in_process(*name)) {
            continue;
        }
        lab l;
        CHECK(lab_open(&l, *name, NULL));
        const slip_run_config bad[] = {lab_config(48, 65536, 64),
                                       lab_config(2, 65536, 64),
                                       lab_config(64, 1000, 64),
                                       lab_config(64, 65536, 3),
                                       lab_config(64, 65536, UINT64_C(1) << 31),
                                       lab_config(UINT64_C(1) << 32, 65536, 64)};
        static const char *const said[] = {"48",   "is 2",       "1000",
                                           "is 3", "2147483648", "4294967296"};
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            CHECK_STATUS(SLIP_E_SIZING, lab_run(&l, three_tasks, &bad[i]));
            CHECK_CONTAINS(lab_error(&l).message, said[i]);
            CHECK_CONTAINS(lab_error(&l).message, "ring");
            CHECK_STATUS(SLIP_E_SIZING, slip_prewarm(l.runner, &bad[i]));
            CHECK(lab_good(&l));
        }
        lab_close(&l);
    }
}

/* Opens a runner that cannot be opened; the message names what was wanted. */
static void check_open(const char *platform, uint32_t device_id, slip_status wanted,
                       const char *said)
{
    slip_runner *runner = NULL;
    slip_error error = {.struct_size = (uint32_t)sizeof(error)};
    slip_runner_options options = {
        .struct_size = (uint32_t)sizeof(options), .platform = platform, .device_id = device_id};
    CHECK_STATUS(wanted, slip_runner_open(&options, &runner));
    CHECK(runner == NULL);
    CHECK_STATUS(SLIP_OK, slip_open_error(&error));
    CHECK_EQ(wanted, error.status);
    CHECK_CONTAINS(error.message, said);
}

/* Devices that are not there. */
static void no_device(void)
{
    lab l;
    check_open("abacus", 0, SLIP_E_UNKNOWN_PLATFORM, "'abacus'");
    check_open("a2a3sim", 9999, SLIP_E_PLATFORM_UNAVAILABLE, "9999");
    check_open("a5sim", 9999, SLIP_E_PLATFORM_UNAVAILABLE, "9999");
    check_open("cpu", 9999, SLIP_E_PLATFORM_UNAVAILABLE, "9999");
    CHECK(lab_open(&l, "cpu", NULL));
    CHECK(lab_good(&l));
    lab_close(&l);
}

static slipi_au32 leave; /* lets the control threads below leave [relaxed: a flag] */

/* slip_device_entry.control: stays until it is told to leave. */
static slip_status stay(const slip_device_services *services, uint64_t launch, uint32_t thread)
{
    (void)launch;
    for (uint32_t rounds = 0; slipi_load_relaxed(&leave) == 0; rounds++) {
        services->idle(services->device, thread, rounds);
    }
    return SLIP_OK;
}

/* slip_device_entry.core_step: never anything to do. */
static int32_t rest(const slip_device_services *services, uint64_t launch, uint32_t core)
{
    (void)services;
    (void)launch;
    (void)core;
    return -1;
}

/* A device that runs takes no second launch; after the wait it does. */
static void busy_device(void)
{
    const slip_device_entry entry = {
        .struct_size = (uint32_t)sizeof(entry), .control = stay, .core_step = rest};
    for (const char *const *name = slip_platform_names(); *name != NULL; name++) {
        if (!platform_in_process(*name)) {
            continue;
        }
        const slip_platform_ops *table = slip_platform_find(*name);
        const slip_platform_open options = {.struct_size = (uint32_t)sizeof(options), .threads = 2};
        slip_platform_device *device = NULL;
        char why[128] = "";
        CHECK_STATUS(SLIP_OK, table->open(&options, &device, why, sizeof(why)));
        for (int round = 0; round < 2; round++) {
            slipi_store_relaxed(&leave, 0u);
            CHECK_STATUS(SLIP_OK, launch_at((launch_on){table, device}, &entry, 0, 1));
            CHECK_STATUS(SLIP_E_BUSY, launch_at((launch_on){table, device}, &entry, 0, 1));
            slipi_store_relaxed(&leave, 1u);
            CHECK_STATUS(SLIP_OK, table->wait(device, 0));
        }
        table->close(device);
    }
}

/* Runs every case. */
int main(void)
{
    CHECK_CASE(damaged_records);
    CHECK_CASE(damaged_image);
    CHECK_CASE(no_memory);
    CHECK_CASE(bad_sizings);
    CHECK_CASE(no_device);
    CHECK_CASE(busy_device);
    return check_report();
}
