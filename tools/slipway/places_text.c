/* places_text.c - CPUs of places as text and as JSON; see topology.h. One thread. */
#include <cjson/cJSON.h>
#include <string.h>

#include "topology.h"

/* Last place of the run of equal steps that begins at `first`. */
static uint32_t end_of_run(const slip_place *places, uint32_t count, uint32_t first)
{
    uint32_t last = first;
    if (first + 1u >= count || places[first].cpu < 0) {
        return first;
    }
    int32_t step = places[first + 1u].cpu - places[first].cpu;
    while (step > 0 && last + 1u < count && places[last + 1u].cpu - places[last].cpu == step) {
        last++;
    }
    return last > first + 1u ? last : first; /* two are no shorter as a range */
}

/* The CPUs of places as --placement takes them. */
void slipi_places_text(const slip_place *places, uint32_t count, char *out, size_t out_bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < count && used < out_bytes; i++) {
        char one[64];
        int32_t cpu = places[i].cpu;
        uint32_t last = end_of_run(places, count, i);
        if (cpu < 0) {
            snprintf(one, sizeof(one), "-");
        } else if (last == i) {
            snprintf(one, sizeof(one), "%d", cpu);
        } else if (places[i + 1u].cpu == cpu + 1) {
            snprintf(one, sizeof(one), "%d-%d", cpu, places[last].cpu);
        } else {
            snprintf(one, sizeof(one), "%d-%d:%d", cpu, places[last].cpu, places[i + 1u].cpu - cpu);
        }
        int more = snprintf(out + used, out_bytes - used, "%s%s", i > 0 ? "," : "", one);
        used += more > 0 ? (size_t)more : 0;
        i = last;
    }
    if (used >= out_bytes && out_bytes > 4u) {
        memcpy(out + out_bytes - 4u, "...", 4u);
    }
}

/* Adds the CPUs of places to an object as an array. */
void slipi_places_json(cJSON *object, const char *name, const slip_place *places, uint32_t count)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (uint32_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(list, cJSON_CreateNumber(places[i].cpu));
    }
}
