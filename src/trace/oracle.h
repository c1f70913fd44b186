/*
 * oracle.h - the independent judge of a recorded run: is every conflict ordered, is every edge
 * needed?
 *
 * For the runner (slip_audit), the command line and tests; host only, any thread. It shares no code
 * with the tensor map: it compares all pairs of accesses by their exact bytes, and orders tasks by
 * reachability over the recorded edges.
 */
#ifndef SLIPI_TRACE_ORACLE_H
#define SLIPI_TRACE_ORACLE_H

#include <slipway/slipway.h>

#include "abi/audit.h"

/* Accesses, and pairs of distinct regions that meet, in one audit at most. Chosen, not measured. */
#define SLIPI_ORACLE_MAX_ACCESSES (UINT32_C(1) << 20)
#define SLIPI_ORACLE_MAX_MEETINGS (UINT32_C(1) << 25)

/*
 * Checks a record. The rules:
 *
 *  - Two tasks that touch a common byte of one buffer, at least one writing, are a conflict. The
 *    later one must be reachable from the earlier one over edges (skipped and explicit ones
 *    included), over waits of the orchestrator, or lie behind a watermark that says the earlier one
 *    was complete. Otherwise the pair is lost. Tasks of manual scopes owe no such order themselves.
 *    Arguments with SLIP_ACCESS_NONE do not count.
 *  - An edge that is not explicit must join two tasks with a conflict: of exact bytes if the views
 *    have one geometry, of byte intervals otherwise. Otherwise it is false.
 *  - A heap buffer may take bytes of an older one only when every task that touches the older one
 *    lies behind the watermark of the newer one's creation. Otherwise that pair of tasks is lost.
 *
 * Fills *out and returns SLIP_OK, or SLIP_E_AUDIT if anything is lost or false. SLIP_E_FORMAT,
 * SLIP_E_LIMIT (see the limits above and in audit_read.h) and SLIP_E_OUT_OF_MEMORY mean that there
 * is no verdict; first_problem says why.
 */
slip_status slipi_oracle_check(const slipi_audit_header *record, slip_audit_report *out);

#endif
