/*
 * The base clock as this process knows it: ChronoTicks (nanoseconds on the Visor's clock since the Unix epoch) computed
 * as a distance from the last synchronisation point, measured on the local clock. The wall clock is never read.
 *
 *   elapsed = local - base_local_ns
 *   now     = base_tick + elapsed * rate / 2^32                                     while elapsed <= slew_ns
 *   now     = base_tick + (slew_ns * rate + (elapsed - slew_ns) * rate_after) / 2^32      from then on
 *
 * The local clock is the processor's invariant time stamp counter where it has one that CLOCK_MONOTONIC agrees with,
 * else CLOCK_MONOTONIC: chrono_clock_create() decides. Both count nanoseconds and are alike when the process starts;
 * the counter is not corrected after NTP, and drifts from CLOCK_MONOTONIC by some millionths.
 *
 * Protocol (a seqlock; one writer at a time, any number of readers):
 *   the writer makes `sequence` odd, takes the time, stores the parameters, makes `sequence` even;
 *   a reader takes an even `sequence`, the parameters and the time, and starts again when `sequence` has changed.
 * So a reading is always of one set of parameters, and a reading of the old ones precedes every reading of the new
 * ones.
 */
#ifndef CHRONO_CLOCK_H
#define CHRONO_CLOCK_H

#include <stdint.h>

#include "chrono_export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the distance is measured. */
enum chrono_clock_source {
    CHRONO_CLOCK_UNSET = 0,     /* no clock */
    CHRONO_CLOCK_MONOTONIC = 1,
    CHRONO_CLOCK_TSC = 2
};

/* A rate of exactly 1, and the bounds of what is accepted: nothing real drifts by more than one percent. */
#define CHRONO_RATE_ONE (UINT64_C(1) << 32)
#define CHRONO_RATE_MIN (CHRONO_RATE_ONE - CHRONO_RATE_ONE / 100)
#define CHRONO_RATE_MAX (CHRONO_RATE_ONE + CHRONO_RATE_ONE / 100)

/* What leads the clock from one correction to the next; the managed side's ClockLine. */
typedef struct chrono_clock_line {
    uint64_t base_local_ns;
    uint64_t base_tick;
    uint64_t rate;              /* 32.32 fixed point */
    uint64_t slew_ns;           /* local nanoseconds for which rate holds */
    uint64_t rate_after;
    uint64_t uncertainty_ns;    /* half width, at base_local_ns, of the interval around now that holds the base time */
    uint64_t growth;            /* of it, in billionths of the elapsed time */
    uint64_t correction_ns;     /* what is slewed away; uncertain until it is */
} chrono_clock_line;

/* 128 bytes, alone on a pair of cache lines: read by every event, written a few times a minute. */
typedef struct chrono_clock {
    uint32_t sequence;          /* odd while being written */
    uint32_t source;            /* enum chrono_clock_source */
    uint32_t is_set;            /* chrono_clock_now() reads 0 before */
    uint32_t reserved0;
    uint64_t tsc_base;          /* the counter when tsc_local_ns was */
    uint64_t tsc_local_ns;
    uint64_t tsc_rate;          /* nanoseconds per count, 32.32 fixed point */
    chrono_clock_line line;
    uint64_t verified_local_ns; /* the writer's: both clocks at the last look at them */
    uint64_t verified_monotonic_ns;
    uint8_t reserved[8];
} chrono_clock;

/* A new clock, unset; NULL when memory is exhausted. The first one of a process calibrates the counter: 10 ms. */
CHRONO_EXPORT chrono_clock *chrono_clock_create(void);

/* The same with a given source; NULL where the machine does not have it. */
CHRONO_EXPORT chrono_clock *chrono_clock_create_on(uint32_t source);

CHRONO_EXPORT void chrono_clock_destroy(chrono_clock *clock);

/*
 * Publishes a line. A clock that was set before never goes back: when the new line reads less than the old one does at
 * this moment, the clock goes on from the old reading along the new line, and the difference is returned.
 * Returns 0 or that difference in nanoseconds; -1 when a rate is out of bounds (nothing was changed).
 * Not to be called from two threads at once.
 */
CHRONO_EXPORT int64_t chrono_clock_steer(chrono_clock *clock, const chrono_clock_line *line);

/* The same with one rate, and an uncertainty that stays. */
CHRONO_EXPORT int64_t chrono_clock_set(chrono_clock *clock, uint64_t base_local_ns, uint64_t base_tick,
                                       uint64_t rate, uint64_t uncertainty_ns);

/* Now, as a ChronoTick; 0 before the clock is set. No system call (counter, or vDSO). */
CHRONO_EXPORT uint64_t chrono_clock_now(const chrono_clock *clock);

/* The uncertainty of now, in nanoseconds. */
CHRONO_EXPORT uint64_t chrono_clock_uncertainty(const chrono_clock *clock);

/* The local clock in nanoseconds: the scale of base_local_ns. */
CHRONO_EXPORT uint64_t chrono_clock_local(const chrono_clock *clock);

/* enum chrono_clock_source */
CHRONO_EXPORT uint32_t chrono_clock_source_of(const chrono_clock *clock);

/*
 * Compares the counter with CLOCK_MONOTONIC over the time since the last call. Where they disagree by more
 * than any correction after NTP explains (a suspended or migrated machine, a counter that stands still in deep sleep),
 * the clock goes over to CLOCK_MONOTONIC and goes on where it was. By the writer only.
 * Returns 1 when the local clock is still the one it was, 0 when it is another one now.
 */
CHRONO_EXPORT int32_t chrono_clock_verify(chrono_clock *clock);

/* Why the counter is not used: a text for people that stays valid; "" when it is. */
CHRONO_EXPORT const char *chrono_tsc_refusal(void);

/* Counts per second as calibrated; 0 when the counter is not used. */
CHRONO_EXPORT uint64_t chrono_tsc_hertz(void);

/* CLOCK_MONOTONIC in nanoseconds. */
CHRONO_EXPORT uint64_t chrono_monotonic_ns(void);

#ifdef __cplusplus
}
#endif

#endif
