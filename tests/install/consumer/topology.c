/*
 * topology.c - a program outside the tree that asks the companion library for places.
 *
 * Built by tests/install/test_install.sh against an installed Slipway. One thread.
 */
#include <stdio.h>

#include <slipway/topology.h>

/* Returns 0 if the installed companion knows this machine. */
int main(void)
{
    slip_place places[64];
    slip_topology_request request = {.struct_size = (uint32_t)sizeof(request),
                                     .place_bytes = (uint32_t)sizeof(slip_place),
                                     .policy = "compact",
                                     .places = places,
                                     .capacity = 64};
    if (slip_topology_place(NULL, &request) != SLIP_OK) {
        printf("no places: %s\n", request.why);
        return 1;
    }
    printf("%u places, the first on CPU %d\n", request.count, places[0].cpu);
    return request.count >= 1 && places[0].cpu >= 0 ? 0 : 1;
}
