/*
 * encoder.h - a device runner with the sentence encoder's program and its resident weights.
 *
 * For the host, one thread at a time.
 */
#ifndef MINILM_ENCODER_H
#define MINILM_ENCODER_H

#include "common/example.h"
#include "lines.h"
#include "weights.h"

/* Lines of at most so many tokens run with the small sizing, longer ones with the large one. */
#define ENCODER_SHORT_TOKENS 32u

typedef struct encoder {
    example_session session;
    slip_device_ptr weights; /* one allocation; 0 if there is none */
    slip_run_arg args[MINILM_ARGS];
} encoder;

/*
 * Opens the platform of the options, registers the program and puts the weights on the device,
 * once. Options.runs is how many runs are timed. On failure prints why and returns false; close the
 * encoder all the same.
 */
bool encoder_open(const example_options *options, bool cache_off, const minilm_weights *weights,
                  encoder *out);

/* Frees everything an encoder owns; a zeroed one is fine. */
void encoder_close(encoder *e);

/*
 * Encodes a line into line->embedding with the sizing of its length. On failure prints the last
 * error and returns false.
 */
bool encoder_run(encoder *e, minilm_line *line);

#endif
