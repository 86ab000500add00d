/* A run: its options, its client, and what its phases took. */
#ifndef CHRONOLOG_BENCH_RUN_H
#define CHRONOLOG_BENCH_RUN_H

#include "latency.h"
#include "options.h"

#include <chronolog.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum phase_number {
    PHASE_CONNECT, PHASE_CREATE, PHASE_ACQUIRE, PHASE_WARM_UP, PHASE_WRITE, PHASE_FLUSH, PHASE_RELEASE, PHASE_MANIFEST,
    PHASE_REPLAY, PHASE_DESTROY, PHASE_DISCONNECT, PHASE_END_TO_END, PHASE_COUNT
} phase_number;

/* Of this rank. */
typedef struct bench_phase {
    uint64_t operations; /* calls, or events */
    uint64_t bytes;      /* of records */
    uint64_t nanoseconds;
    bool is_run;
} bench_phase;

typedef struct verification {
    uint64_t stories, writers, events, bytes, errors;
} verification;

typedef struct bench_run {
    bench_options options;
    int rank, size;
    chronolog_client client;
    uint64_t client_id;
    bench_phase phases[PHASE_COUNT];
    latencies latency;
    verification verification;
} bench_run;

/* Monotonic. */
uint64_t run_nanoseconds(void);

/* A phase of this rank from here (behind a barrier if there are to be some) to run_end. */
void run_begin(bench_run *run, phase_number number);
void run_end(bench_run *run, phase_number number, uint64_t operations, uint64_t bytes);

/* A failed call ends all ranks, with what the library has to say about it. */
void run_check(const bench_run *run, int32_t status, const char *what);

/* "bench-3" into a buffer of RUN_NAME_BYTES. */
enum { RUN_NAME_BYTES = 160 };
void run_chronicle_name(const bench_run *run, uint64_t number, char *name);

/* Stories that hold no events of the workload. */
#define RUN_MANIFEST "manifest"
#define RUN_WARM_UP "warmup-"

void run_write(bench_run *run);
void run_read(bench_run *run);
void run_destroy(bench_run *run);

/* Collective: rank 0 prints. */
void run_report(bench_run *run);

#endif
