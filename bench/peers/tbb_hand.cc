/*
 * tbb_hand.cc - oneTBB task_group with hand-written dependency counters: the expert's floor.
 *
 * A program of its own; tasks run on any thread of the arena. Successors and numbers of
 * predecessors are known before the clock starts; a run sets the counters, starts the tasks that
 * wait for nothing, and each task counts its successors down, continues with one that became ready
 * and gives the others to the group.
 */
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tbb/version.h>

#include <atomic>
#include <memory>

#include "harness.h"

namespace
{
std::unique_ptr<tbb::global_control> control;
std::unique_ptr<tbb::task_arena> arena;
std::unique_ptr<tbb::task_group> group;
std::unique_ptr<std::atomic<uint32_t>[]> left; /* predecessors that have not ended */
peers_edge_plan edges;
constexpr uint32_t NONE = UINT32_MAX;

/* Limits the threads, the caller included. */
bool hand_open(uint32_t threads)
{
    control = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                    threads);
    arena = std::make_unique<tbb::task_arena>(static_cast<int>(threads));
    return true;
}

/* Runs a task, then one that it made ready, and so on. */
void run_from(uint32_t i)
{
    while (i != NONE) {
        uint32_t ready = NONE;
        peers_task(peers_now_plan.id[i]);
        for (uint32_t k = edges.first[i]; k < edges.first[i + 1]; k++) {
            uint32_t next = edges.next[k];
            /* A single predecessor needs no counter. */
            if (edges.waits[next] != 1 && left[next].fetch_sub(1, std::memory_order_acq_rel) != 1) {
                continue;
            }
            if (ready != NONE) {
                group->run([ready] { run_from(ready); });
            }
            ready = next;
        }
        i = ready;
    }
}

/* Writes the edges out. */
bool hand_prepare(uint32_t)
{
    left = std::make_unique<std::atomic<uint32_t>[]>(peers_now_plan.count);
    return peers_edge_plan_init(&edges, &peers_now_plan, &peers_now.graph);
}

/* One run. */
bool hand_run(uint32_t)
{
    arena->execute([] {
        group = std::make_unique<tbb::task_group>();
        for (uint32_t i = 0; i < peers_now_plan.count; i++) {
            left[i].store(edges.waits[i], std::memory_order_relaxed);
        }
        for (uint32_t i = 0; i < peers_now_plan.count; i++) {
            if (edges.waits[i] == 0) {
                group->run([i] { run_from(i); });
            }
        }
        group->wait();
        group.reset();
    });
    return true;
}

/* Undoes prepare. */
void hand_finish(uint32_t)
{
    left.reset();
    peers_edge_plan_fini(&edges);
}

/* The threads end. */
void hand_close()
{
    arena.reset();
    control.reset();
}

const char *const hand_modes[] = {"counters", nullptr};
const peers_peer hand_peer = {"tbb_hand",
                              TBB_VERSION_STRING,
                              "counters written by hand, WAR and WAW included, edges worked out "
                              "before the clock starts",
                              hand_modes,
                              hand_open,
                              hand_prepare,
                              hand_run,
                              hand_finish,
                              hand_close};
} // namespace

/* See harness.h. */
int main(int argc, char **argv)
{
    return peers_main(argc, argv, &hand_peer);
}
