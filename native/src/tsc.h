/* The processor's time stamp counter as a clock of nanoseconds. */
#ifndef CHRONO_TSC_H
#define CHRONO_TSC_H

#include <stdint.h>

#include "atomics.h"

struct tsc_scale {
    uint64_t base;          /* the counter ... */
    uint64_t local_ns;      /* ... when CLOCK_MONOTONIC was this */
    uint64_t rate;          /* nanoseconds per count, 32.32 fixed point; 0: not usable */
};

/* Calibrated once per process, by the first caller. */
const struct tsc_scale *tsc_scale(void);

#if defined(__x86_64__)
/*
 * Not before what the program did before it: the sequence of the clock, the message that an event answers. Loads that
 * follow may run some 20 ns earlier than the reading; another fence behind it would cost 5 ns of each event, and all
 * that it would keep apart is two lines of the clock that differ by less than a nanosecond there.
 */
static inline uint64_t tsc_read(void)
{
    __builtin_ia32_lfence();
    uint64_t count = __builtin_ia32_rdtsc();
    __asm__ __volatile__("" ::: "memory");
    return count;
}
#else
static inline uint64_t tsc_read(void)
{
    return 0;
}
#endif

static inline uint64_t tsc_to_ns(uint64_t count, uint64_t base, uint64_t local_ns, uint64_t rate)
{
    /* Another core's counter may be some counts behind the one that calibrated. */
    int64_t counts = (int64_t)(count - base);
    return counts < 0 ? local_ns : local_ns + (uint64_t)(((chrono_u128)(uint64_t)counts * rate) >> 32);
}

#endif
