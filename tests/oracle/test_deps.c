/*
 * test_deps.c - the recorded graph as JSON and DOT: contents, bad formats, files that fail.
 *
 * ctest-labels: oracle unit
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"
#include "support/check.h"
#include "trace/deps.h"

static char folder[] = "/tmp/slipway-deps-XXXXXX";
static char path[128];

/* Two tasks, an ordinary and an explicit skipped edge. */
static record *small_graph(void)
{
    record *r = record_create();
    slipi_audit_arg arg = record_matrix(7, SLIP_ACCESS_INOUT, 8, 4);
    (void)record_task(r, 0, 0);
    record_arg(r, &arg);
    (void)record_task(r, 1, 1);
    record_arg(r, &arg);
    record_edge(r, 1, 0);
    (void)record_task(r, 0, 0);
    r->task->shape = SLIP_TASK_MIXED;
    r->task->kernel[1] = 1;
    r->task->kernel[2] = 2;
    record_edge(r, 2, SLIPI_AUDIT_EDGE_SKIPPED | SLIPI_AUDIT_EDGE_EXPLICIT);
    return r;
}

/* Writes the graph and reads the file back; the caller frees the text. */
static char *written(const char *format)
{
    record *r = small_graph();
    CHECK_STATUS(SLIP_OK, slipi_deps_write(&r->header, format, path));
    record_destroy(r);
    char *text = calloc(1, 8192);
    FILE *file = fopen(path, "r");
    if (CHECK(file != NULL) && CHECK(text != NULL)) {
        CHECK(fread(text, 1, 8191, file) > 0);
    }
    if (file != NULL) {
        fclose(file);
    }
    CHECK_EQ(unlink(path), 0);
    return text;
}

/* Every task, argument and edge is there. */
static void json_holds_the_graph(void)
{
    char *text = written("json");
    CHECK_CONTAINS(text, "{\"tasks\":[");
    CHECK_CONTAINS(text, "{\"id\":1,\"ring\":0,\"kernel\":[0],\"shape\":\"aiv\",\"depth\":0,"
                         "\"manual\":false,\"args\":[{\"access\":\"inout\",\"dtype\":\"u4\","
                         "\"buffer\":\"7\",\"binding\":8,\"offset\":0,\"shape\":[8,4],"
                         "\"stride\":[4,1]}]}");
    CHECK_CONTAINS(text, "\"id\":2,\"ring\":1,");
    CHECK_CONTAINS(text, "\"kernel\":[0,1,2],\"shape\":\"mixed\"");
    CHECK_CONTAINS(text, "{\"from\":1,\"to\":2,\"skipped\":false,\"explicit\":false}");
    CHECK_CONTAINS(text, "{\"from\":2,\"to\":3,\"skipped\":true,\"explicit\":true}");
    free(text);
}

/* The same as DOT. */
static void dot_holds_the_graph(void)
{
    char *text = written("dot");
    CHECK_CONTAINS(text, "digraph slipway {");
    CHECK_CONTAINS(text, "t3 [label=\"3 mixed k0+1+2\"];");
    CHECK_CONTAINS(text, "t1 -> t2;");
    CHECK_CONTAINS(text, "t2 -> t3 [style=\"dashed,bold\"];");
    free(text);
}

/* An empty record is an empty graph. */
static void empty_record_is_an_empty_graph(void)
{
    record *r = record_create();
    CHECK_STATUS(SLIP_OK, slipi_deps_write(&r->header, "json", path));
    struct stat info;
    CHECK_EQ(stat(path, &info), 0);
    CHECK_EQ(unlink(path), 0);
    record_destroy(r);
}

/* Another format, no path, a folder that is not there, a broken record: nothing is left behind. */
static void failures_leave_nothing_behind(void)
{
    record *r = small_graph();
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_deps_write(&r->header, "xml", path));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_deps_write(&r->header, "json", ""));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_deps_write(NULL, "json", path));
    CHECK_STATUS(SLIP_E_FILE, slipi_deps_write(&r->header, "json", "/nowhere/at/all.json"));
    CHECK_STATUS(SLIP_E_FILE, slipi_deps_write(&r->header, "json", folder));
    r->header.used -= 8;
    CHECK_STATUS(SLIP_E_FORMAT, slipi_deps_write(&r->header, "json", path));
    CHECK_EQ(access(path, F_OK), -1);
    record_destroy(r);
}

/* Runs all cases in a folder of their own; rmdir fails if anything is left in it. */
int main(void)
{
    if (!CHECK(mkdtemp(folder) != NULL)) {
        return check_report();
    }
    snprintf(path, sizeof(path), "%s/graph", folder);
    CHECK_CASE(json_holds_the_graph);
    CHECK_CASE(dot_holds_the_graph);
    CHECK_CASE(empty_record_is_an_empty_graph);
    CHECK_CASE(failures_leave_nothing_behind);
    CHECK_EQ(rmdir(folder), 0);
    return check_report();
}
