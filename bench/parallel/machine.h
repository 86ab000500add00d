/* The machine that a run was on. */
#ifndef CHRONOLOG_BENCH_MACHINE_H
#define CHRONOLOG_BENCH_MACHINE_H

#include <stdint.h>

typedef struct machine_record {
    char host[128], kernel[256], processor[128], mpi[128], date[32];
    uint64_t processors, memory_bytes, nodes;
} machine_record;

/* Collective: of rank 0, but the number of nodes is of all. */
machine_record machine_read(void);

#endif
