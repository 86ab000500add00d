/* The base clock of this process; see chrono_clock.h for the protocol. */
#include "chrono_clock.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "atomics.h"

_Static_assert(sizeof(chrono_clock) == 128, "the clock fills one pair of cache lines");

/* A writer holds the lock for some 100 ns; a reader that waits longer shares the CPU with a preempted writer. */
enum { SPINS_BEFORE_YIELD = 64 };

struct parameters {
    uint64_t base_monotonic_ns;
    uint64_t base_tick;
    uint64_t rate;
};

uint64_t chrono_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static uint64_t tick_at(const struct parameters *parameters, uint64_t monotonic_ns)
{
    /* Modular: a base from before the node's boot is as good as any. */
    uint64_t elapsed = monotonic_ns - parameters->base_monotonic_ns;
    if ((int64_t)elapsed < 0) {
        return parameters->base_tick;
    }
    return parameters->base_tick + (uint64_t)(((chrono_u128)elapsed * parameters->rate) >> 32);
}

chrono_clock *chrono_clock_create(void)
{
    void *memory = NULL;
    if (posix_memalign(&memory, sizeof(chrono_clock), sizeof(chrono_clock)) != 0) {
        return NULL;
    }
    memset(memory, 0, sizeof(chrono_clock));
    return memory;
}

void chrono_clock_destroy(chrono_clock *clock)
{
    free(clock);
}

int64_t chrono_clock_set(chrono_clock *clock, uint64_t base_monotonic_ns, uint64_t base_tick, uint64_t rate,
                         uint64_t uncertainty_ns)
{
    if (rate < CHRONO_RATE_MIN || rate > CHRONO_RATE_MAX) {
        return -1;
    }
    struct parameters given = {base_monotonic_ns, base_tick, rate};
    struct parameters before = {clock->base_monotonic_ns, clock->base_tick, clock->rate};
    uint32_t sequence = load_relaxed(&clock->sequence);
    store_relaxed(&clock->sequence, sequence + 1);
    fence_release();
    /* Only now is the time taken: whoever read the old parameters did so before it. */
    uint64_t now = chrono_monotonic_ns();
    int64_t ahead = 0;
    if (clock->source != CHRONO_CLOCK_UNSET) {
        uint64_t old_tick = tick_at(&before, now);
        uint64_t new_tick = tick_at(&given, now);
        if (new_tick < old_tick) {
            ahead = (int64_t)(old_tick - new_tick);
            given.base_monotonic_ns = now;
            given.base_tick = old_tick;
        }
    }
    store_relaxed(&clock->base_monotonic_ns, given.base_monotonic_ns);
    store_relaxed(&clock->base_tick, given.base_tick);
    store_relaxed(&clock->rate, given.rate);
    store_relaxed(&clock->uncertainty_ns, uncertainty_ns);
    store_relaxed(&clock->source, (uint32_t)CHRONO_CLOCK_MONOTONIC);
    store_release(&clock->sequence, sequence + 2);
    return ahead;
}

uint64_t chrono_clock_now(const chrono_clock *clock)
{
    for (unsigned spins = 0;; spins++) {
        uint32_t sequence = load_acquire(&clock->sequence);
        if ((sequence & 1) == 0) {
            struct parameters current = {
                load_relaxed(&clock->base_monotonic_ns),
                load_relaxed(&clock->base_tick),
                load_relaxed(&clock->rate),
            };
            uint64_t now = chrono_monotonic_ns();
            fence_acquire();
            if (load_relaxed(&clock->sequence) == sequence) {
                return tick_at(&current, now);
            }
        }
        if (spins >= SPINS_BEFORE_YIELD) {
            sched_yield();
        } else {
            cpu_relax();
        }
    }
}

uint64_t chrono_clock_uncertainty(const chrono_clock *clock)
{
    return load_relaxed(&clock->uncertainty_ns);
}
