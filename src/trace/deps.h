/*
 * deps.h - writes the recorded graph of a run as JSON or DOT.
 *
 * For the runner (slip_write_deps) and the command line; host only, any thread.
 */
#ifndef SLIPI_TRACE_DEPS_H
#define SLIPI_TRACE_DEPS_H

#include "abi/audit.h"

/*
 * Writes the tasks and edges of a record to `path`; `format` is "json" or "dot". The file appears
 * whole or not at all: it is written under a temporary name in the same directory and then renamed.
 *
 *   json  {"tasks":[{"id":1,"ring":0,"kernel":[0],"shape":"aic","manual":false,"args":[...]}],
 *          "edges":[{"from":1,"to":2,"skipped":false,"explicit":false}]}
 *   dot   a directed graph; skipped edges are dashed, explicit ones bold
 *
 * SLIP_E_INVALID_ARGUMENT for another format, SLIP_E_FILE if the file cannot be written; else as
 * slipi_audit_index_init.
 */
slip_status slipi_deps_write(const slipi_audit_header *record, const char *format,
                             const char *path);

#endif
