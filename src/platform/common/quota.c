/* quota.c - processor time that control groups grant; see quota.h. Any thread. */
#include "platform/common/quota.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest path that is looked at; a longer one bounds nothing. */
#define PATH_BYTES 4096u
/* Lines of the membership file: one a hierarchy, of which the kernel has about a dozen. */
#define MAX_LINES 64u
/* Groups around each other that are looked at: chosen, not measured. */
#define MAX_DEPTH 64u

/* Where the groups of one hierarchy lie. */
typedef struct hierarchy {
    const char *folder;
    bool version_2;
} hierarchy;

/* Reads the first line of a file; false if there is none. */
static bool read_line(const char *folder, const char *group, const char *name, char line[64])
{
    char path[PATH_BYTES];
    int length = snprintf(path, sizeof(path), "%s%s/%s", folder, group, name);
    if (length <= 0 || length >= (int)sizeof(path)) {
        return false;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool got = fgets(line, 64, file) != NULL;
    (void)fclose(file);
    return got;
}

/* Reads a positive number at *text and moves past it; 0 if there is none ("max", "-1"). */
static uint64_t take_number(const char **text)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(*text, &end, 10);
    bool good = end != *text && errno == 0 && value > 0;
    *text = end;
    return good ? (uint64_t)value : 0;
}

/* Processors that one group grants; 0 = no bound. */
static uint32_t granted_by(const hierarchy *h, const char *group)
{
    char line[64];
    uint64_t quota = 0;
    uint64_t period = 0;
    if (h->version_2) {
        if (!read_line(h->folder, group, "cpu.max", line)) {
            return 0;
        }
        const char *at = line;
        quota = take_number(&at);
        period = take_number(&at);
    } else {
        char other[64];
        if (!read_line(h->folder, group, "cpu.cfs_quota_us", line) ||
            !read_line(h->folder, group, "cpu.cfs_period_us", other)) {
            return 0;
        }
        const char *at = line;
        quota = take_number(&at);
        at = other;
        period = take_number(&at);
    }
    if (quota == 0 || period == 0) {
        return 0;
    }
    uint64_t whole = quota / period + (quota % period != 0 ? 1u : 0u);
    return whole < UINT32_MAX ? (uint32_t)whole : 0;
}

/* The smaller of two bounds, where 0 is none. */
static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The least of a group and those around it. Inside a container the names of the outer ones lead
 * nowhere, and the folder itself is the container's group. */
static uint32_t granted_to(const hierarchy *h, char *group)
{
    uint32_t least = 0;
    for (uint32_t depth = 0; depth < MAX_DEPTH; depth++) {
        least = smaller(least, granted_by(h, group));
        char *slash = strrchr(group, '/');
        if (slash == NULL) {
            break;
        }
        *slash = '\0';
    }
    return least;
}

/* Whether "cpu" is one of the words between commas. */
static bool names_cpu(const char *controllers)
{
    while (*controllers != '\0') {
        size_t length = strcspn(controllers, ",");
        if (length == 3 && strncmp(controllers, "cpu", 3) == 0) {
            return true;
        }
        controllers += length + (controllers[length] == ',' ? 1u : 0u);
    }
    return false;
}

/* What one line of the membership file, "id:controllers:group", bounds. */
static uint32_t granted_on(char *line, const char *mount)
{
    char folder[PATH_BYTES];
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (group == NULL) {
        return 0;
    }
    controllers++;
    *group++ = '\0';
    if (controllers[0] == '\0') {
        const hierarchy second = {mount, true};
        return granted_to(&second, group);
    }
    if (!names_cpu(controllers) ||
        snprintf(folder, sizeof(folder), "%s/cpu", mount) >= (int)sizeof(folder)) {
        return 0;
    }
    /* "cpu" is a link to "cpu,cpuacct" where the two are mounted together. */
    const hierarchy first = {folder, false};
    return granted_to(&first, group);
}

uint32_t slipi_quota_processors(const char *membership, const char *mount)
{
    char line[PATH_BYTES];
    uint32_t least = 0;
    FILE *file = fopen(membership, "re");
    if (file == NULL) {
        return 0;
    }
    for (uint32_t i = 0; i < MAX_LINES && fgets(line, sizeof(line), file) != NULL; i++) {
        least = smaller(least, granted_on(line, mount));
    }
    (void)fclose(file);
    return least;
}
