/*
 * log.h - log lines of the library.
 *
 * For every layer and any thread. Lines below the level cost one load and no formatting. The
 * level comes from slip_log_set_level, else from SLIPWAY_LOG, else it is SLIP_LOG_WARN.
 */
#ifndef SLIPI_LOG_H
#define SLIPI_LOG_H

#include <slipway/slipway.h>

#include <stdbool.h>

/* Longest line, its end included; a longer message is cut and ends in "...". */
#define SLIPI_LOG_LINE_BYTES 1024u

/* True iff a line of this level would be written. */
bool slipi_log_enabled(uint32_t level);

/* Writes one line at a level of enum slip_log_level; format as in printf, without newline. */
void slipi_log(uint32_t level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
