/*
 * cmd_bench.c - `slipway bench`: finds the measurement and gives it its arguments.
 *
 * For main.c; one thread.
 */
#include <string.h>

#include "cli.h"

/* Prints the help. */
static void print_help(void)
{
    printf("usage: slipway bench bind|graph [options]\n\n"
           "Measures this machine. Nothing is compared with a limit.\n\n"
           "  bind       what a run costs besides its tasks: binds, calls, first runs\n"
           "  graph      graphs of empty tasks, in ns a task\n\n"
           "'slipway bench bind --help' and 'slipway bench graph --help' tell more.\n"
           "exit codes: 0 success, 1 failure, 2 wrong usage\n");
}

/* `slipway bench`. */
int slipi_cmd_bench(int argc, char **argv)
{
    static const char *const words[] = {"bind", "graph", NULL};
    if (argc < 1) {
        return slipi_cli_usage("bench", "wanted 'bind' or 'graph'");
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        print_help();
        return SLIPI_EXIT_OK;
    }
    if (strcmp(argv[0], "bind") == 0) {
        return slipi_bench_bind(argc - 1, argv + 1);
    }
    if (strcmp(argv[0], "graph") == 0) {
        return slipi_bench_graph(argc - 1, argv + 1);
    }
    const char *near = slipi_cli_nearest(argv[0], words);
    return slipi_cli_usage("bench", "unknown measurement '%s'; %s", argv[0],
                           near != NULL ? near : "there are bind and graph");
}
