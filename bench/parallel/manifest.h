/*
 * What each writer recorded into each story, as events of the story "manifest" in the first chronicle: so that a reader in
 * another run, of any number of ranks, knows what must be there.
 */
#ifndef CHRONOLOG_BENCH_MANIFEST_H
#define CHRONOLOG_BENCH_MANIFEST_H

#include "payload.h"
#include "run.h"

typedef struct manifest_row {
    uint64_t chronicle;          /* its number */
    char story[RUN_NAME_BYTES];
    uint64_t client_id, rank;
    uint64_t index;              /* of the story among the writer's */
    payload_source source;
    uint64_t file_mark;
    uint64_t events;
    uint64_t tick_hash;          /* over the ticks in order of recording */
} manifest_row;

typedef struct manifest {
    manifest_row *rows;          /* by chronicle, story, client */
    uint64_t count;
} manifest;

void manifest_write(bench_run *run, chronolog_story story, const manifest_row *row);

/* Empty when nothing was recorded under the prefix. */
manifest manifest_read(bench_run *run);

/* The rows of a story. */
manifest_row *manifest_find(const manifest *all, uint64_t chronicle, const char *story, uint64_t *count);

#endif
