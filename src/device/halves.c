/* halves.c - half of the tasks on another thread; see halves.h. */
#include "device/halves.h"

#include <stddef.h>

#include "device/exec_self.h"

/* Hands the other half's ready tasks over, as soon as there are `enough`. */
static void hand_over(slipi_worker *w, uint32_t queue, uint32_t enough)
{
    if (w->ready[queue].count < enough) {
        return;
    }
    slipi_ready_share_rest(w, queue, 0);
    if (w->thread != 0) {
        slipi_event_notify(&w->at.sm->progress, 1);
    } else {
        slipi_ready_call(w, 1);
    }
}

void slipi_submit_halves(slipi_worker *w, slipi_slot *slot)
{
    enum { BATCH = 16 };
    slipi_ready_back(w, slot);
    hand_over(w, SLIPI_HALF_OTHERS, BATCH);
}

bool slipi_step_halves(slipi_worker *w)
{
    enum { BATCH = 16, ALONE_ROUNDS = 128 };
    uint32_t mine = w->thread == 0 ? SLIPI_HALF_FIRST : SLIPI_HALF_OTHERS;
    slipi_slot *slot = slipi_ready_take(w, mine);
    hand_over(w, mine == SLIPI_HALF_FIRST ? SLIPI_HALF_OTHERS : SLIPI_HALF_FIRST,
              slot != NULL ? BATCH : 1);
    if (slot == NULL && w->thread == 0 && w->idle_rounds > ALONE_ROUNDS) {
        /* Nobody has come for the others' half, or whoever did could not start: the run must end.
         */
        slipi_ready_call(w, 1);
        slot = slipi_ready_take(w, SLIPI_HALF_OTHERS);
    }
    if (slot == NULL) {
        return false;
    }
    slipi_run_task(w, slot);
    return true;
}
