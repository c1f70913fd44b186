/*
 * tbb_flow.cc - oneTBB flow graph: a continue_node for each task, every edge given.
 *
 * A program of its own; nodes run on any thread of the arena. Mode `build` makes the graph, runs it
 * once and destroys it, which is what the peers that find dependencies do; mode `relaunch` runs a
 * graph that was made before the clock started.
 */
#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/version.h>

#include <deque>
#include <memory>

#include "harness.h"

namespace
{
using node = tbb::flow::continue_node<tbb::flow::continue_msg>;

/* A graph with its nodes; the nodes go first. */
struct built {
    tbb::flow::graph graph;
    std::deque<node> nodes;
};

std::unique_ptr<tbb::global_control> control;
std::unique_ptr<tbb::task_arena> arena;
std::unique_ptr<built> kept;
peers_edge_plan edges;

/* Limits the threads, the caller included. */
bool flow_open(uint32_t threads)
{
    control = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                    threads);
    arena = std::make_unique<tbb::task_arena>(static_cast<int>(threads));
    return true;
}

/* Makes nodes and edges. */
void build(built *b)
{
    const peers_plan *p = &peers_now_plan;
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t id = p->id[i];
        b->nodes.emplace_back(b->graph, [id](const tbb::flow::continue_msg &) { peers_task(id); });
    }
    for (uint32_t i = 0; i < p->count; i++) {
        for (uint32_t k = edges.first[i]; k < edges.first[i + 1]; k++) {
            tbb::flow::make_edge(b->nodes[i], b->nodes[edges.next[k]]);
        }
    }
}

/* Starts the nodes that wait for nothing and waits for all. */
void launch(built *b)
{
    for (uint32_t i = 0; i < peers_now_plan.count; i++) {
        if (edges.waits[i] == 0) {
            b->nodes[i].try_put(tbb::flow::continue_msg());
        }
    }
    b->graph.wait_for_all();
}

/* Writes the edges out; mode 1 builds the graph. */
bool flow_prepare(uint32_t mode)
{
    bool good = peers_edge_plan_init(&edges, &peers_now_plan, &peers_now.graph);
    if (good && mode == 1) {
        arena->execute([] {
            kept = std::make_unique<built>();
            build(kept.get());
        });
    }
    return good;
}

/* One run. */
bool flow_run(uint32_t mode)
{
    arena->execute([mode] {
        if (mode == 1) {
            launch(kept.get());
            return;
        }
        auto b = std::make_unique<built>();
        build(b.get());
        launch(b.get());
    });
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
    arena.reset();
    control.reset();
}

const char *const flow_modes[] = {"build", "relaunch", nullptr};
const peers_peer flow_peer = {
    "tbb_flow", TBB_VERSION_STRING, "every edge given, WAR and WAW included",
    flow_modes, flow_open,          flow_prepare,
    flow_run,   flow_finish,        flow_close};
} // namespace

/* See harness.h. */
int main(int argc, char **argv)
{
    return peers_main(argc, argv, &flow_peer);
}
