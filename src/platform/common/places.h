/*
 * places.h - checks a placement, and turns it into who is near whom.
 *
 * For the platforms that bind threads, when a device is opened, and for the runner. Any thread.
 */
#ifndef SLIPI_PLATFORM_PLACES_H
#define SLIPI_PLATFORM_PLACES_H

#include <slipway/placement.h>
#include <slipway/slipway.h>

#include "platform/common/processors.h"

/* SLIP_E_INVALID_ARGUMENT, and a sentence in `why` that names the place and its CPU, if a placement
 * is malformed or names a CPU that is not in `allowed`. */
slip_status slipi_places_check(const slip_placement *placement, const slipi_cpus *allowed,
                               char *why, size_t why_bytes);

/* Nearest level that two places share; SLIP_PLACE_LEVELS if none. */
uint32_t slipi_places_level(const slip_place *a, const slip_place *b);

/* Whether anything is known of who is near whom. */
bool slipi_places_have_groups(const slip_placement *placement);

/*
 * Lists the threads 1 .. threads - 1 but `own`, nearest first; those that are equally near in the
 * order of their distance in the placement. `out` has room for threads - 1; returns how many.
 */
uint32_t slipi_places_order(const slip_placement *placement, uint32_t threads, uint32_t own,
                            uint16_t *out);

#endif
