/*
 * test_processors.c - how many processors a process may use: its CPU set, whatever its size, and
 * the processor time of its control groups, versions 1 and 2.
 *
 * One thread. Control groups are folders that the test makes.
 *
 * ctest-labels: unit
 * ctest-link: -Wl,--wrap=slipi_quota_processors
 */
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "platform/common/processors.h"
#include "platform/common/quota.h"

static char root[64];
static uint32_t pretended; /* what the control group grants; 0 = as it is */

uint32_t __real_slipi_quota_processors(const char *membership, const char *mount);
uint32_t __wrap_slipi_quota_processors(const char *membership, const char *mount);

/* Grants what a case wants. */
uint32_t __wrap_slipi_quota_processors(const char *membership, const char *mount)
{
    CHECK_STR("/proc/self/cgroup", membership);
    CHECK_STR("/sys/fs/cgroup", mount);
    return pretended != 0 ? pretended : __real_slipi_quota_processors(membership, mount);
}

/* Path below the test's folder. */
static const char *path(const char *name)
{
    static char text[256];
    snprintf(text, sizeof(text), "%s%s", root, name);
    return text;
}

/* Writes a small file. */
static void put(const char *name, const char *text)
{
    FILE *file = fopen(path(name), "w");
    if (!CHECK(file != NULL)) {
        return;
    }
    fputs(text, file);
    fclose(file);
}

/* Makes a folder. */
static void folder(const char *name)
{
    CHECK(mkdir(path(name), 0700) == 0);
}

/* What the control groups of a membership text grant. */
static uint32_t granted(const char *membership, const char *mount)
{
    char list[256];
    put("/membership", membership);
    snprintf(list, sizeof(list), "%s", path("/membership"));
    return __real_slipi_quota_processors(list, path(mount));
}

/* Version 2: the group's own bound, a tighter one around it, none, and rounding up. */
static void version_2(void)
{
    folder("/two");
    folder("/two/a");
    folder("/two/a/b");
    CHECK_EQ(0, granted("0::/a/b\n", "/two"));
    put("/two/a/b/cpu.max", "max 100000\n");
    CHECK_EQ(0, granted("0::/a/b\n", "/two"));
    put("/two/a/b/cpu.max", "350000 100000\n");
    CHECK_EQ(4, granted("0::/a/b\n", "/two"));
    put("/two/a/cpu.max", "100000 100000\n");
    CHECK_EQ(1, granted("0::/a/b\n", "/two"));
    CHECK_EQ(0, granted("0::/\n", "/two"));
    put("/two/cpu.max", "1 100000\n");
    CHECK_EQ(1, granted("0::/\n", "/two"));
    /* In a container the outer names lead nowhere: the folder itself counts. */
    put("/two/cpu.max", "200000 100000\n");
    CHECK_EQ(2, granted("0::/docker/1234\n", "/two"));
}

/* Version 1, with the other hierarchies beside it. */
static void version_1(void)
{
    static const char lines[] =
        "4:memory:/a\n3:cpuset:/\n2:cpu,cpuacct:/a\n1:name=systemd:/\n0::/\n";
    folder("/one");
    folder("/one/cpu");
    folder("/one/cpu/a");
    put("/one/cpu/a/cpu.cfs_quota_us", "-1\n");
    put("/one/cpu/a/cpu.cfs_period_us", "100000\n");
    CHECK_EQ(0, granted(lines, "/one"));
    put("/one/cpu/a/cpu.cfs_quota_us", "150000\n");
    CHECK_EQ(2, granted(lines, "/one"));
    put("/one/cpu/cpu.cfs_quota_us", "100000\n");
    put("/one/cpu/cpu.cfs_period_us", "100000\n");
    CHECK_EQ(1, granted(lines, "/one"));
    CHECK_EQ(0, granted("3:cpuset:/a\n4:cpuacct:/a\n", "/one"));
}

/* What cannot be read, or makes no sense, bounds nothing. */
static void nonsense(void)
{
    CHECK_EQ(0, __real_slipi_quota_processors("/nonexistent", "/nonexistent"));
    folder("/bad");
    static const char *const texts[] = {"",        "\n",      "max\n",
                                        "12",      "-5 10\n", "99999999999999999999999 1\n",
                                        "100 0\n", "x y\n",   "9000000000000000000 1\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        put("/bad/cpu.max", texts[i]);
        CHECK_EQ(0, granted("0::/\n", "/bad"));
    }
    put("/bad/cpu.max", "100000 100000\n");
    CHECK_EQ(0, granted("", "/bad"));
    CHECK_EQ(0, granted("0\n", "/bad"));
    CHECK_EQ(0, granted("0:\n:\n", "/bad"));
    CHECK_EQ(1, granted("0::\n", "/bad"));
}

/* Sets print as lists, at both ends of what they hold. */
static void sets(void)
{
    slipi_cpus set = {{0}};
    char text[64];
    slipi_cpus_text(&set, text, sizeof(text));
    CHECK_STR("", text);
    const uint32_t cpus[] = {0, 1, 2, 63, 64, 1500, SLIPI_MAX_CPUS - 1u, SLIPI_MAX_CPUS};
    for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
        slipi_cpus_add(&set, cpus[i]);
    }
    slipi_cpus_text(&set, text, sizeof(text));
    CHECK_STR("0-2,63-64,1500,8191", text);
    CHECK_EQ(7, slipi_cpus_count(&set));
    CHECK(slipi_cpus_has(&set, 1500) && !slipi_cpus_has(&set, 1501));
    CHECK(!slipi_cpus_has(&set, SLIPI_MAX_CPUS));
    slipi_cpus_text(&set, text, 8);
    CHECK_STR("0-2,63-", text);
}

/* The thread's own CPUs are found, and bound the number of processors. */
static void this_thread(void)
{
    slipi_cpus all;
    CHECK(slipi_cpus_allowed(&all));
    uint32_t count = slipi_cpus_count(&all);
    CHECK(count >= 1);
    CHECK(slipi_processors(1024) <= count);
    CHECK_EQ(1, slipi_processors(1));
    pretended = 1; /* a container with one processor's time on a larger machine */
    CHECK_EQ(1, slipi_processors(1024));
    pretended = count + 1u;
    CHECK_EQ(count, slipi_processors(1024));
    pretended = 0;
    uint32_t last = SLIPI_MAX_CPUS;
    for (uint32_t cpu = 0; cpu < SLIPI_MAX_CPUS; cpu++) {
        last = slipi_cpus_has(&all, cpu) ? cpu : last;
    }
    slipi_cpus one = {{0}};
    slipi_cpus_add(&one, last);
    CHECK_EQ(0, slipi_cpus_bind(&one));
    CHECK_EQ(1, slipi_processors(1024));
    CHECK_EQ((int)last, sched_getcpu());
    CHECK_EQ(0, slipi_cpus_bind(&all));
    slipi_cpus none = {{0}};
    CHECK(slipi_cpus_bind(&none) != 0);
}

/* All cases. */
int main(void)
{
    snprintf(root, sizeof(root), "/tmp/slipway-processors-XXXXXX");
    if (mkdtemp(root) == NULL) {
        perror("mkdtemp");
        return 1;
    }
    CHECK_CASE(version_2);
    CHECK_CASE(version_1);
    CHECK_CASE(nonsense);
    CHECK_CASE(sets);
    CHECK_CASE(this_thread);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    CHECK_EQ(0, system(command));
    return check_report();
}
