/*
 * Latencies as a histogram: 32 buckets for each power of two, so that a percentile is at most 1/32 too large.
 *
 *   nanoseconds 0..31   one bucket each
 *   2^e .. 2^(e+1)      32 buckets of 2^(e-5)      e = 5 .. 63
 */
#ifndef CHRONOLOG_BENCH_LATENCY_H
#define CHRONOLOG_BENCH_LATENCY_H

#include <stdint.h>

enum { LATENCY_BUCKETS = 60 * 32 };

typedef struct latencies {
    uint64_t counts[LATENCY_BUCKETS];
    uint64_t greatest; /* exact */
} latencies;

static inline unsigned latency_bucket(uint64_t nanoseconds)
{
    if (nanoseconds < 32)
        return (unsigned)nanoseconds;
    unsigned exponent = 63u - (unsigned)__builtin_clzll(nanoseconds);
    return (exponent - 4) * 32 + (unsigned)((nanoseconds >> (exponent - 5)) & 31);
}

static inline void latency_add(latencies *all, uint64_t nanoseconds)
{
    all->counts[latency_bucket(nanoseconds)]++;
    if (nanoseconds > all->greatest)
        all->greatest = nanoseconds;
}

/* The least number that at least this share of all latencies does not exceed, by its bucket's end; 0 when there is none. */
uint64_t latency_percentile(const latencies *all, double share);

#endif
