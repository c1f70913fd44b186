/*
 * errors.h - what the runtime's codes mean here.
 *
 * For this folder and tests. Constant data; any thread. The codes and their names are from CANN's
 * public headers acl_base_rt.h and rt_error_codes.h, the meanings in our words.
 */
#ifndef SLIPI_ONBOARD_ERRORS_H
#define SLIPI_ONBOARD_ERRORS_H

#include <slipway/platform.h>

#define SLIPI_ACL_REPEAT_INITIALIZE 100002
#define SLIPI_ACL_FAILURE 500001 /* also for calls that have no code of their own */
#define SLIPI_ACL_SYNC_TIMEOUT 507046

/* One code. */
typedef struct slipi_acl_error {
    int32_t code;
    slip_status status;
    uint32_t lost; /* 1: nothing works on the device before it is reset */
    const char *meaning;
} slipi_acl_error;

/* What a code means; unknown ones are told by their range. Never null, static. */
const slipi_acl_error *slipi_acl_error_of(int32_t code);

/* Row i of the table, from 0; null behind the last. For docs and tests. */
const slipi_acl_error *slipi_acl_error_at(uint32_t i);

#endif
