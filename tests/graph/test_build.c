/*
 * test_build.c - a graph built on the host: what its image holds, and where its limits are.
 *
 * ctest-labels: unit S11 errors
 */
#include "check.h"
#include "graph/build.h"
#include "regions.h"

static regions r; /* lends its layout, arguments, bindings and platform information */

/* What the builder of a test is to do. */
static struct {
    uint32_t tasks;
    uint32_t scalars; /* of each task */
    uint32_t floats;  /* output of each task; 0 = none */
    uint32_t deps;    /* edges of the last task, to the first ones */
    bool init;        /* outputs have an initial value */
    slip_status result;
} plan;

/* The builder. */
static slip_status build(slip_graph *g)
{
    static slip_task_handle handles[256];
    static slip_tensor out[256];
    slip_arg args[SLIP_MAX_TASK_ARGS];
    for (uint32_t i = 0; i < plan.tasks; i++) {
        uint32_t count = 0;
        for (; count < plan.scalars; count++) {
            args[count] = slip_scalar(count);
        }
        if (plan.floats != 0) {
            args[count] = slip_out(&out[i], SLIP_F32, 1, &plan.floats);
            args[count++].has_init = plan.init ? 1 : 0;
        }
        slip_task task = {.struct_size = sizeof task,
                          .shape = SLIP_TASK_AIV,
                          .kernel = {REGIONS_NOTE},
                          .arg_count = count,
                          .args = args};
        if (i + 1 == plan.tasks) {
            task.dep_count = plan.deps;
            task.deps = handles;
        }
        slip_status status = g->ops->add(g, &task, &handles[i]);
        if (status != SLIP_OK) {
            return status;
        }
    }
    return plan.result;
}

/* A kernel that is never called here. */
static int32_t kernel(const slip_kernel_ctx *ctx)
{
    (void)ctx;
    return 0;
}

/* Builds the plan over rings of this sizing. */
static slip_status build_graph(const regions_options *options, slipi_graph_image *image)
{
    static const slip_kernel_entry kernels[1] = {{"note", kernel, SLIP_AIV, 0}};
    static const slip_program program = {.magic = SLIP_PROGRAM_MAGIC,
                                         .abi = SLIP_PROGRAM_ABI,
                                         .struct_size = sizeof program,
                                         .name = "graph",
                                         .build = build,
                                         .kernels = kernels,
                                         .kernel_count = 1};
    regions_init(&r, options);
    slipi_graph_spec spec = {.program = &program,
                             .info = &r.services.info,
                             .sm = &r.layout.sm,
                             .runtime = &r.layout.runtime,
                             .args = r.args,
                             .bindings = r.bindings,
                             .binding_count = SLIPI_BIND_ARGS,
                             .run_serial = 1};
    slip_status status = slipi_graph_build(&spec, image);
    regions_fini(&r);
    return status;
}

/* A slot of a built image. */
static const slipi_slot *slot_of(const slipi_graph_image *image, uint32_t index)
{
    return (const slipi_slot *)(const void *)(image->sm + image->piece[1].offset) + index;
}

/* The image holds the slots with their fan-ins and edges, and pieces that cover them. */
static void the_image_holds_the_graph(void)
{
    slipi_graph_image image;
    memset(&plan, 0, sizeof plan);
    plan.tasks = 13;
    plan.scalars = 6;
    plan.floats = 20;
    plan.deps = 12;
    CHECK_STATUS(SLIP_OK, build_graph(&(regions_options){.window = 16}, &image));
    CHECK_EQ(image.tasks, 13);
    CHECK_EQ(image.heap_bytes, 13 * 128);
    CHECK_EQ(image.piece[0].bytes, SLIPI_PAGE);
    CHECK_EQ(image.piece[1].bytes, 13 * SLIPI_SLOT_BYTES);
    CHECK_EQ(image.piece[2].bytes, 4 * sizeof(slipi_edge)); /* eight are in the slot */
    CHECK_EQ(image.piece[3].bytes, 13 * 64);
    for (uint32_t i = 0; i < 13; i++) {
        const slipi_slot *slot = slot_of(&image, i);
        CHECK_EQ(slot->task, 16 + i);
        CHECK_EQ(slot->submission, i + 1);
        CHECK_EQ(slipi_load_relaxed(&slot->fanin), i == 12 ? 12 : 0);
        uint32_t ref = slipi_load_relaxed(&slot->fanout);
        CHECK_EQ(ref != 0, i < 12);
        if (ref != 0) {
            const slipi_edge *edge = (const slipi_edge *)(const void *)(image.sm + ref * 8u);
            CHECK_EQ(edge->next, 0);
            CHECK_EQ(edge->consumer * 512u, image.piece[1].offset + 12 * 512u);
        }
    }
    slipi_graph_image_fini(&image);
    slipi_graph_image_fini(&image); /* twice is harmless */
}

/* An empty graph is a graph. */
static void an_empty_graph(void)
{
    slipi_graph_image image;
    memset(&plan, 0, sizeof plan);
    CHECK_STATUS(SLIP_OK, build_graph(&(regions_options){0}, &image));
    CHECK_EQ(image.tasks, 0);
    CHECK_EQ(image.piece[1].bytes, 0);
    slipi_graph_image_fini(&image);
}

/* A graph that must not be built, with its status and sentence. */
static slipi_fault refused(const regions_options *options, slip_status wanted, const char *part)
{
    slipi_graph_image image;
    CHECK_STATUS(wanted, build_graph(options, &image));
    CHECK_STATUS(wanted, image.fault.status);
    CHECK_CONTAINS(image.fault.detail, part);
    CHECK(image.sm == NULL);
    slipi_fault fault = image.fault;
    slipi_graph_image_fini(&image);
    return fault;
}

/* The window holds the whole graph. */
static void more_tasks_than_the_window(void)
{
    slipi_graph_image image;
    regions_options options = {.window = 16};
    memset(&plan, 0, sizeof plan);
    plan.tasks = 16;
    CHECK_STATUS(SLIP_OK, build_graph(&options, &image));
    slipi_graph_image_fini(&image);
    plan.tasks = 17;
    slipi_fault fault = refused(&options, SLIP_E_RING_DEADLOCK, "");
    CHECK_EQ(fault.submission, 17);
    CHECK_EQ(fault.remedy, 32);
    CHECK_EQ(fault.ring, 0);
}

/* The dependency pool holds all edges beyond eight a task. */
static void more_edges_than_the_pool(void)
{
    slipi_graph_image image;
    regions_options options = {.window = 64, .dep_pool = 10};
    memset(&plan, 0, sizeof plan);
    plan.tasks = 19;
    plan.deps = 18;
    CHECK_STATUS(SLIP_OK, build_graph(&options, &image));
    slipi_graph_image_fini(&image);
    plan.tasks = 20;
    plan.deps = 19;
    slipi_fault fault = refused(&options, SLIP_E_RING_DEADLOCK, "edges");
    CHECK_EQ(fault.submission, 20);
}

/* The spill holds all argument bytes beyond a slot's own. */
static void more_arguments_than_the_spill(void)
{
    slipi_graph_image image;
    regions_options options = {.window = 64};
    memset(&plan, 0, sizeof plan);
    plan.tasks = 32; /* 2 KiB each of 64 KiB */
    plan.scalars = 256;
    CHECK_STATUS(SLIP_OK, build_graph(&options, &image));
    CHECK_EQ(image.piece[3].bytes, 65536);
    slipi_graph_image_fini(&image);
    plan.tasks = 33;
    slipi_fault fault = refused(&options, SLIP_E_RING_DEADLOCK, "argument bytes");
    CHECK_EQ(fault.submission, 33);
}

/* The heap of ring 0 holds all buffers of the graph. */
static void more_outputs_than_the_heap(void)
{
    slipi_graph_image image;
    regions_options options = {.heap_bytes = 1024};
    memset(&plan, 0, sizeof plan);
    plan.tasks = 4;
    plan.floats = 64;
    CHECK_STATUS(SLIP_OK, build_graph(&options, &image));
    CHECK_EQ(image.heap_bytes, 1024);
    slipi_graph_image_fini(&image);
    plan.tasks = 5;
    slipi_fault fault = refused(&options, SLIP_E_HEAP_DEADLOCK, "");
    CHECK_EQ(fault.remedy, 1280);
}

/* Initial values would write device memory, which the host cannot. */
static void initial_values_are_refused(void)
{
    memset(&plan, 0, sizeof plan);
    plan.tasks = 1;
    plan.floats = 4;
    plan.scalars = 2;
    plan.init = true;
    (void)refused(&(regions_options){0}, SLIP_E_UNSUPPORTED, "argument 2 has an initial value");
}

/* A builder that returns an error of its own. */
static void a_builder_that_fails(void)
{
    memset(&plan, 0, sizeof plan);
    plan.tasks = 2;
    plan.result = SLIP_E_MISMATCH;
    (void)refused(&(regions_options){0}, SLIP_E_ORCH_FAILED, "the graph builder returned -31");
}

int main(void)
{
    CHECK_CASE(the_image_holds_the_graph);
    CHECK_CASE(an_empty_graph);
    CHECK_CASE(more_tasks_than_the_window);
    CHECK_CASE(more_edges_than_the_pool);
    CHECK_CASE(more_arguments_than_the_spill);
    CHECK_CASE(more_outputs_than_the_heap);
    CHECK_CASE(initial_values_are_refused);
    CHECK_CASE(a_builder_that_fails);
    return check_report();
}
