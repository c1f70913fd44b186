/*
 * measure.h - clock, samples and output of the micro-benchmarks of the scaling model.
 *
 * For the programs of this folder, one thread. Every measurement is one line of JSON,
 *   {"name": "submit.none", "count": 3, "unit": "ns", "samples": [ ... ]}
 * where `count` is what the name says is counted (arguments, edges, ...). params.py reads it.
 */
#ifndef MODEL_MEASURE_H
#define MODEL_MEASURE_H

#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"

#define MEASURE_MAX_SAMPLES 64u

/* Samples of one measurement. */
typedef struct measure {
    const char *name;
    uint32_t count;
    uint32_t samples;
    double ns[MEASURE_MAX_SAMPLES];
} measure;

/* Adds a sample. */
static inline void measure_add(measure *m, double ns)
{
    if (m->samples < MEASURE_MAX_SAMPLES) {
        m->ns[m->samples++] = ns;
    }
}

/* Prints a measurement. */
static inline void measure_print(const measure *m)
{
    printf("{\"name\": \"%s\", \"count\": %u, \"unit\": \"ns\", \"samples\": [", m->name, m->count);
    for (uint32_t i = 0; i < m->samples; i++) {
        printf("%s%.3f", i == 0 ? "" : ", ", m->ns[i]);
    }
    printf("]}\n");
    (void)fflush(stdout);
}

#endif
