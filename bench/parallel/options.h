/* What the program was asked for. */
#ifndef CHRONOLOG_BENCH_OPTIONS_H
#define CHRONOLOG_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct bench_options {
    const char *endpoint; /* NULL: the environment's */
    const char *prefix;   /* of the chronicles' names */
    const char *payload_file;
    bool write, read, verify, destroy;
    bool barrier, shared, report, json, csv, latency;
    uint64_t chronicles, stories, events, warmup;
    uint64_t size_min, size_average, size_max;
    uint64_t interval_us;
    uint64_t seed;
    int32_t level;
} bench_options;

/* Reads the command line. Returns 0; 2 after an error was printed (by rank 0 only); -1 when help was asked for and printed. */
int options_read(int count, char **arguments, bench_options *result);

/* The name of a chronolog_level. */
const char *options_level_name(int32_t level);

#endif
