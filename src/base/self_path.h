/*
 * self_path.h - the folder of the library or executable that this code is linked into.
 *
 * For what lies beside it: device programs, the companion library. Any thread.
 */
#ifndef SLIPI_SELF_PATH_H
#define SLIPI_SELF_PATH_H

#include <stdbool.h>

/* Longest path, its end included. */
#define SLIPI_SELF_PATH_BYTES 1024u

/* Writes the folder, without a slash at its end; false if it cannot be found. */
bool slipi_self_folder(char out[SLIPI_SELF_PATH_BYTES]);

#endif
