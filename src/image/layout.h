/*
 * layout.h - sizing -> layout -> image: where every part of SM and the arena lies.
 *
 * Host only; pure functions of the sizing, no state. The derived sizes are overflow-checked.
 */
#ifndef SLIPI_IMAGE_LAYOUT_H
#define SLIPI_IMAGE_LAYOUT_H

#include <stddef.h>

#include <slipway/slipway.h>

#include "abi/layout.h"

/* Sizes of the three regions and the contents of the two header pages for one sizing. */
typedef struct slipi_image_layout {
    uint64_t heap_bytes;
    uint64_t sm_bytes;
    uint64_t arena_bytes;
    uint64_t runtime_offset; /* of the arena's header page, its last one */
    slipi_runtime runtime;   /* header page of the arena as built */
    slipi_sm sm;             /* header page of SM as built */
} slipi_image_layout;
/* The arena ends where SM begins, so that the image is one piece of memory, here and there. */
_Static_assert(offsetof(slipi_image_layout, sm) ==
                   offsetof(slipi_image_layout, runtime) + sizeof(slipi_runtime),
               "the two header pages are neighbours");

/* Bytes that a build writes: the two header pages. */
#define SLIPI_IMAGE_BYTES (sizeof(slipi_sm) + sizeof(slipi_runtime))

/*
 * Derives the layout of a resolved sizing (every value set). SLIP_E_SIZING if a value is out of
 * range or a region cannot be addressed; *why then names the ring, the value and the bound.
 */
slip_status slipi_layout_derive(const slip_sizing *sizing, slipi_image_layout *out, char *why,
                                size_t why_bytes);

/* Lists the parts for `slipway image show`; returns how many there are (writes at most `room`). */
uint32_t slipi_layout_parts(const slipi_image_layout *layout, slip_image_part *parts,
                            uint32_t room);

#endif
