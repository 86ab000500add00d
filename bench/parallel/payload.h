/*
 * Sizes and bytes of events: a function of seed, writer's rank, story and number, so that a reader in another run knows
 * every byte. Bytes are windows of one pool of noise, at no cost per event; or the lines of a file, in turn.
 */
#ifndef CHRONOLOG_BENCH_PAYLOAD_H
#define CHRONOLOG_BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

/* What a writer draws its events from. */
typedef struct payload_source {
    uint64_t seed;
    uint64_t size_min, size_average, size_max;
} payload_source;

typedef struct payload {
    const uint8_t *bytes;
    uint64_t length;
} payload;

/* Makes the pool, or reads the file (may be NULL). Returns 0, or -1 with a message printed. */
int payload_prepare(const char *file);

/* Changes with the file's bytes; 0 without a file. */
uint64_t payload_file_mark(void);

/* The ring that takes the longest event, which is the file's longest line or has the greatest size; 0: the Keeper's default. */
uint64_t payload_ring_bytes(uint64_t size_max);

/* Event `number` of a writer in the story with this index among the writer's own. The bytes stay. */
payload payload_of(const payload_source *source, uint64_t rank, uint64_t story, uint64_t number);

/* One step of a hash that depends on the order of its values. */
static inline uint64_t payload_mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* The hash of ticks with one more: for Fortran, which calls no inline function and has no unsigned numbers. */
uint64_t payload_step(uint64_t hash, uint64_t tick);

#endif
