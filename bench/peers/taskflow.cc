/*
 * taskflow.cc - Taskflow: a node for each task, every edge given.
 *
 * A program of its own; nodes run on the executor's threads, `threads` of them beside the initial
 * thread, which only waits. Mode `build` makes the graph, runs it once and destroys it; mode
 * `relaunch` runs a graph that was made before the clock started.
 */
#include <taskflow/taskflow.hpp>

#include <memory>
#include <vector>

#include "harness.h"

namespace
{
std::unique_ptr<tf::Executor> executor;
std::unique_ptr<tf::Taskflow> kept;
peers_edge_plan edges;

/* Starts the threads. */
bool flow_open(uint32_t threads)
{
    executor = std::make_unique<tf::Executor>(threads);
    return true;
}

/* Makes nodes and edges. */
void build(tf::Taskflow *flow)
{
    const peers_plan *p = &peers_now_plan;
    std::vector<tf::Task> nodes(p->count);
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t id = p->id[i];
        nodes[i] = flow->emplace([id] { peers_task(id); });
    }
    for (uint32_t i = 0; i < p->count; i++) {
        for (uint32_t k = edges.first[i]; k < edges.first[i + 1]; k++) {
            nodes[i].precede(nodes[edges.next[k]]);
        }
    }
}

/* Writes the edges out; mode 1 builds the graph. */
bool flow_prepare(uint32_t mode)
{
    bool good = peers_edge_plan_init(&edges, &peers_now_plan, &peers_now.graph);
    if (good && mode == 1) {
        kept = std::make_unique<tf::Taskflow>();
        build(kept.get());
    }
    return good;
}

/* One run. */
bool flow_run(uint32_t mode)
{
    if (mode == 1) {
        executor->run(*kept).wait();
        return true;
    }
    auto flow = std::make_unique<tf::Taskflow>();
    build(flow.get());
    executor->run(*flow).wait();
    return true;
}

/* Undoes prepare. */
void flow_finish(uint32_t)
{
    kept.reset();
    peers_edge_plan_fini(&edges);
}

/* The threads end. */
void flow_close()
{
    executor.reset();
}

const char *const flow_modes[] = {"build", "relaunch", nullptr};
const peers_peer flow_peer = {"taskflow",
                              tf::version(),
                              "every edge given, WAR and WAW included; threads are workers beside "
                              "the thread that waits",
                              flow_modes,
                              flow_open,
                              flow_prepare,
                              flow_run,
                              flow_finish,
                              flow_close};
} // namespace

/* See harness.h. */
int main(int argc, char **argv)
{
    return peers_main(argc, argv, &flow_peer);
}
