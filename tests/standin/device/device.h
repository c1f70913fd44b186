/*
 * device.h - the parts of the stand-in's device process.
 *
 * One thread serves requests (main.c) and calls everything here unless it says otherwise; stream,
 * control and player threads are started by streams.c and cores.c. The process ends at once when
 * its host does, whatever its threads are doing.
 */
#ifndef STANDIN_DEVICE_H
#define STANDIN_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/arch.h"
#include "base/atomic.h"
#include "standin/codes.h"
#include "standin/wire.h"

/* Whether this is built for the thread sanitizer. */
#if defined(__SANITIZE_THREAD__)
#define DEVICE_SANITIZE_THREAD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define DEVICE_SANITIZE_THREAD 1
#endif
#endif

/* ---- memory.c: device memory at addresses that no host has -------------------------------------
 */

/* Address space behind the memory that the registers have. */
#define DEVICE_REGISTER_ROOM UINT64_C(0x40000000)

/* Range of a device's addresses. */
typedef struct device_range {
    uint64_t first;
    uint64_t end;
} device_range;

/* Prepares the memory of device `number`; false if its content cannot be had. */
bool device_memory_init(uint32_t number, uint64_t limit_bytes);

/* The range that this device's addresses are from. */
device_range device_memory_range(void);

/* Memory that holds anything but zeros; aligned to 64, and to no more than that. */
int32_t device_memory_alloc(uint64_t bytes, uint64_t *out_address);

/* Gives it back: later accesses to it end the process. */
int32_t device_memory_free(uint64_t address);

/* Whether a range lies in one allocation. */
bool device_memory_has(uint64_t address, uint64_t bytes);

/* Sets bytes. */
void device_memory_fill(uint64_t address, uint64_t bytes, uint8_t value);

/* Bytes that are allocated. */
uint64_t device_memory_free_bytes(void);
uint64_t device_memory_used(void);

/* ---- objects.c: binaries and their functions ---------------------------------------------------
 */

/* A function of the control processor, and a step of a core. */
typedef uint32_t (*device_control_fn)(void *args);
typedef int32_t (*device_step_fn)(const void *args, uint32_t core, uint32_t physical);

typedef struct device_function {
    device_control_fn control; /* null: it is a core program's */
    device_step_fn step;
} device_function;

/* Begins, continues and ends an upload. `why` gets the loader's words. */
int32_t device_object_begin(uint64_t bytes, uint64_t *out_binary);
int32_t device_object_piece(uint64_t binary, uint64_t offset, const void *data, uint64_t bytes);
int32_t device_object_end(uint64_t binary, bool control, char *why, uint64_t why_bytes);

/* Drops a binary; kept loaded while a launch has not ended. */
int32_t device_object_unload(uint64_t binary, bool in_use);

/* Number of a function; name_main of a core program is its function `name`. */
int32_t device_object_function(uint64_t binary, const char *name, uint64_t *out_function);

/* Function by number; false if there is none. */
bool device_object_find(uint64_t function, device_function *out);

/* Binaries that are loaded. */
uint32_t device_object_count(void);

/* ---- streams.c: launches in order --------------------------------------------------------------
 */

int32_t device_stream_create(uint64_t *out_stream);

/* Forgets a stream without waiting; what it runs goes on. */
int32_t device_stream_destroy(uint64_t stream);

/* Queues a launch; the arguments are copied. */
int32_t device_stream_launch(uint64_t stream, const device_function *function, uint32_t blocks,
                             const void *args, uint64_t bytes);

/* Waits until all launches of the stream have ended, or for wait_ns. */
int32_t device_stream_sync(uint64_t stream, uint64_t wait_ns, bool *out_done);

/* A launch that takes longer than this poisons the device; 0 = none. */
void device_stream_set_op_timeout(uint64_t op_ns);

/* Why the device takes no more requests; 0 = it does. */
int32_t device_poisoned(void);

/* Whether a launch has not ended. Streams that exist. */
bool device_streams_busy(void);
uint32_t device_stream_count(void);

/* ---- cores.c: the cores and their players ------------------------------------------------------
 */

/* Makes the registers of the row's cores and the players' threads; false if that fails. */
bool device_cores_init(const struct slipi_arch_row *row, uint32_t row_number, uint32_t players);

/* Where the registers are. */
device_range device_cores_registers(void);

/* Plays a core program on `blocks` blocks until every core has stopped. Called by stream threads;
 * one launch has the cores at a time. */
int32_t device_cores_run(device_step_fn step, const void *args, uint32_t blocks);

/* ---- faults.c, any thread ----------------------------------------------------------------------
 */

typedef struct device_counters {
    slipi_au64 control_launches;
    slipi_au64 core_launches;
    slipi_au64 steps;
    slipi_au64 tasks;
    slipi_au64 closed_tasks;
} device_counters;

extern device_counters counters;

/* Sets a fault of enum standin_device_fault. */
void device_fault_set(uint32_t kind, uint64_t n);

/* Whether this launch of a control program, this core, this task is the one that fails. The first
 * and the last count their calls. */
bool device_fault_control(void);
bool device_fault_core(uint32_t core);
bool device_fault_kernel(void);

#endif
