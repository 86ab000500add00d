#include "machine.h"

#include "parallel.h"
#include "payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void read_processor(char *name, size_t capacity)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(name, capacity, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            char *value = strchr(line, ':') + 1;
            value += strspn(value, " \t");
            value[strcspn(value, "\n")] = '\0';
            snprintf(name, capacity, "%.*s", (int)capacity - 1, value);
            break;
        }
    if (file != NULL)
        fclose(file);
}

static int ascending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Names of nodes, each at its rank's place: as many as differ. */
static uint64_t count_nodes(const char *host)
{
    int size = parallel_size();
    uint64_t *marks = calloc((size_t)size, sizeof *marks), mark = 1, nodes = 0;
    if (marks == NULL)
        parallel_abort(1);
    for (const char *at = host; *at != '\0'; at++)
        mark = payload_mix(mark ^ (unsigned char)*at);
    marks[parallel_rank()] = mark;
    parallel_sum(marks, size);
    qsort(marks, (size_t)size, sizeof *marks, ascending);
    for (int i = 0; i < size; i++)
        nodes += i == 0 || marks[i] != marks[i - 1];
    free(marks);
    return nodes;
}

machine_record machine_read(void)
{
    machine_record result = {0};
    struct utsname name;
    struct tm utc;
    time_t now = time(NULL);
    uname(&name);
    snprintf(result.host, sizeof result.host, "%.*s", (int)sizeof result.host - 1, name.nodename);
    snprintf(result.kernel, sizeof result.kernel, "%s %s", name.sysname, name.release);
    read_processor(result.processor, sizeof result.processor);
    parallel_library(result.mpi, sizeof result.mpi);
    strftime(result.date, sizeof result.date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    result.processors = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    result.memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    result.nodes = count_nodes(result.host);
    return result;
}
