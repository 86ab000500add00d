/*
 * The base clock as this process knows it: ChronoTicks (nanoseconds on the Visor's clock since the Unix epoch) computed
 * as a distance from the last synchronisation point, measured on CLOCK_MONOTONIC. The wall clock is never read.
 *
 *   now = base_tick + (monotonic - base_monotonic_ns) * rate / 2^32
 *
 * Protocol (a seqlock; one writer at a time, any number of readers):
 *   the writer makes `sequence` odd, takes the time, stores the parameters, makes `sequence` even;
 *   a reader takes an even `sequence`, the parameters and the time, and starts again when `sequence` has changed.
 * So a reading is always of one set of parameters, and a reading of the old ones precedes every reading of the new ones.
 */
#ifndef CHRONO_CLOCK_H
#define CHRONO_CLOCK_H

#include <stdint.h>

#include "chrono_export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the distance is measured. Later: the invariant TSC, calibrated against CLOCK_MONOTONIC. */
enum chrono_clock_source {
    CHRONO_CLOCK_UNSET = 0,     /* never set: chrono_clock_now() reads 0 */
    CHRONO_CLOCK_MONOTONIC = 1,
    CHRONO_CLOCK_TSC = 2        /* reserved */
};

/* A rate of exactly 1, and the bounds of what is accepted: nothing real drifts by more than one percent. */
#define CHRONO_RATE_ONE (UINT64_C(1) << 32)
#define CHRONO_RATE_MIN (CHRONO_RATE_ONE - CHRONO_RATE_ONE / 100)
#define CHRONO_RATE_MAX (CHRONO_RATE_ONE + CHRONO_RATE_ONE / 100)

/* 128 bytes, alone on a pair of cache lines: read by every event, written a few times a minute. */
typedef struct chrono_clock {
    uint32_t sequence;          /* odd while being written */
    uint32_t source;            /* enum chrono_clock_source */
    uint64_t base_monotonic_ns;
    uint64_t base_tick;
    uint64_t rate;              /* 32.32 fixed point */
    uint64_t uncertainty_ns;    /* half width of the interval around now that holds the true base time */
    uint8_t reserved[88];
} chrono_clock;

/* A new clock, unset; NULL when memory is exhausted. */
CHRONO_EXPORT chrono_clock *chrono_clock_create(void);

CHRONO_EXPORT void chrono_clock_destroy(chrono_clock *clock);

/*
 * Publishes new parameters. A clock that was set before never goes back: when the new parameters read less than the old
 * ones do at this moment, the clock goes on from the old reading at the new rate, and the difference is returned, for the
 * caller to slew away.
 * Returns 0 or that difference in nanoseconds; -1 when the rate is out of bounds (nothing was changed).
 * Not to be called from two threads at once.
 */
CHRONO_EXPORT int64_t chrono_clock_set(chrono_clock *clock, uint64_t base_monotonic_ns, uint64_t base_tick,
                                       uint64_t rate, uint64_t uncertainty_ns);

/* Now, as a ChronoTick; 0 before the clock is set. No system call (vDSO). */
CHRONO_EXPORT uint64_t chrono_clock_now(const chrono_clock *clock);

/* The uncertainty given with the parameters in force. */
CHRONO_EXPORT uint64_t chrono_clock_uncertainty(const chrono_clock *clock);

/* CLOCK_MONOTONIC in nanoseconds: the scale of base_monotonic_ns. */
CHRONO_EXPORT uint64_t chrono_monotonic_ns(void);

#ifdef __cplusplus
}
#endif

#endif
