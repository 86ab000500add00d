/* The base clock of this process; see chrono_clock.h for the protocol. */
#include "chrono_clock.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "atomics.h"
#include "tsc.h"

_Static_assert(sizeof(chrono_clock) == 128, "the clock fills one pair of cache lines");

/* A writer holds the lock for some 100 ns; a reader that waits longer shares the CPU with a preempted writer. */
enum { SPINS_BEFORE_YIELD = 64 };

/*
 * Most that counter and CLOCK_MONOTONIC may drift apart (500 ppm of NTP, 100 ppm of calibration and crystal, and a
 * margin), and what a reading may be wrong by when the processor is taken away in the middle of it.
 */
#define VERIFY_PPM_MAX 2000
#define VERIFY_NS_MIN INT64_C(1000000)

uint64_t chrono_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static inline uint64_t scale(uint64_t ns, uint64_t rate)
{
    return (uint64_t)(((chrono_u128)ns * rate) >> 32);
}

static inline uint64_t elapsed_at(uint64_t base_local_ns, uint64_t local_ns)
{
    /* Modular: a base from before the node's boot is as good as any. */
    uint64_t elapsed = local_ns - base_local_ns;
    return (int64_t)elapsed < 0 ? 0 : elapsed;
}

static inline uint64_t tick_at(const chrono_clock_line *line, uint64_t local_ns)
{
    uint64_t elapsed = elapsed_at(line->base_local_ns, local_ns);
    if (elapsed <= line->slew_ns) {
        return line->base_tick + scale(elapsed, line->rate);
    }
    return line->base_tick + scale(line->slew_ns, line->rate) + scale(elapsed - line->slew_ns, line->rate_after);
}

static inline uint64_t local_now(const chrono_clock *clock)
{
    if (load_relaxed(&clock->source) == CHRONO_CLOCK_TSC) {
        return tsc_to_ns(tsc_read(), clock->tsc_base, clock->tsc_local_ns, clock->tsc_rate);
    }
    return chrono_monotonic_ns();
}

chrono_clock *chrono_clock_create_on(uint32_t source)
{
    const struct tsc_scale *tsc = tsc_scale();
    void *memory = NULL;
    if ((source != CHRONO_CLOCK_MONOTONIC && (source != CHRONO_CLOCK_TSC || tsc->rate == 0))
        || posix_memalign(&memory, sizeof(chrono_clock), sizeof(chrono_clock)) != 0) {
        return NULL;
    }
    memset(memory, 0, sizeof(chrono_clock));
    chrono_clock *clock = memory;
    clock->source = source;
    clock->tsc_base = tsc->base;
    clock->tsc_local_ns = tsc->local_ns;
    clock->tsc_rate = tsc->rate;
    clock->verified_local_ns = clock->verified_monotonic_ns = tsc->local_ns;
    return clock;
}

chrono_clock *chrono_clock_create(void)
{
    return chrono_clock_create_on(tsc_scale()->rate != 0 ? CHRONO_CLOCK_TSC : CHRONO_CLOCK_MONOTONIC);
}

void chrono_clock_destroy(chrono_clock *clock)
{
    free(clock);
}

static void begin_write(chrono_clock *clock)
{
    store_relaxed(&clock->sequence, load_relaxed(&clock->sequence) + 1);
    fence_release();
}

static void publish(chrono_clock *clock, const chrono_clock_line *line)
{
    store_relaxed(&clock->line.base_local_ns, line->base_local_ns);
    store_relaxed(&clock->line.base_tick, line->base_tick);
    store_relaxed(&clock->line.rate, line->rate);
    store_relaxed(&clock->line.slew_ns, line->slew_ns);
    store_relaxed(&clock->line.rate_after, line->rate_after);
    store_relaxed(&clock->line.uncertainty_ns, line->uncertainty_ns);
    store_relaxed(&clock->line.growth, line->growth);
    store_relaxed(&clock->line.correction_ns, line->correction_ns);
    store_release(&clock->sequence, load_relaxed(&clock->sequence) + 1);
}

static int is_rate(uint64_t rate)
{
    return rate >= CHRONO_RATE_MIN && rate <= CHRONO_RATE_MAX;
}

int64_t chrono_clock_steer(chrono_clock *clock, const chrono_clock_line *line)
{
    if (!is_rate(line->rate) || !is_rate(line->rate_after)) {
        return -1;
    }
    chrono_clock_line given = *line;
    const chrono_clock_line before = clock->line;
    int64_t ahead = 0;
    begin_write(clock);
    /* Only now is the time taken: whoever read the old parameters did so before it. */
    uint64_t now = local_now(clock);
    if (clock->is_set) {
        uint64_t old_tick = tick_at(&before, now);
        uint64_t new_tick = tick_at(&given, now);
        if (new_tick < old_tick) {
            ahead = (int64_t)(old_tick - new_tick);
            uint64_t elapsed = elapsed_at(given.base_local_ns, now);
            given.slew_ns = elapsed < given.slew_ns ? given.slew_ns - elapsed : 0;
            given.base_local_ns = now;
            given.base_tick = old_tick;
        }
    }
    store_relaxed(&clock->is_set, 1u);
    publish(clock, &given);
    return ahead;
}

int64_t chrono_clock_set(chrono_clock *clock, uint64_t base_local_ns, uint64_t base_tick, uint64_t rate,
                         uint64_t uncertainty_ns)
{
    const chrono_clock_line line = {base_local_ns, base_tick, rate, 0, rate, uncertainty_ns, 0, 0};
    return chrono_clock_steer(clock, &line);
}

static inline void wait_for_writer(unsigned spins)
{
    if (spins >= SPINS_BEFORE_YIELD) {
        sched_yield();
    } else {
        cpu_relax();
    }
}

uint64_t chrono_clock_now(const chrono_clock *clock)
{
    for (unsigned spins = 0;; spins++) {
        uint32_t sequence = load_acquire(&clock->sequence);
        if ((sequence & 1) == 0) {
            chrono_clock_line line = {
                .base_local_ns = load_relaxed(&clock->line.base_local_ns),
                .base_tick = load_relaxed(&clock->line.base_tick),
                .rate = load_relaxed(&clock->line.rate),
                .slew_ns = load_relaxed(&clock->line.slew_ns),
                .rate_after = load_relaxed(&clock->line.rate_after),
            };
            uint64_t now = local_now(clock);
            fence_acquire();
            if (load_relaxed(&clock->sequence) == sequence) {
                return tick_at(&line, now);
            }
        }
        wait_for_writer(spins);
    }
}

uint64_t chrono_clock_uncertainty(const chrono_clock *clock)
{
    for (unsigned spins = 0;; spins++) {
        uint32_t sequence = load_acquire(&clock->sequence);
        if ((sequence & 1) == 0) {
            uint64_t uncertainty = load_relaxed(&clock->line.uncertainty_ns);
            uint64_t growth = load_relaxed(&clock->line.growth);
            uint64_t correction = load_relaxed(&clock->line.correction_ns);
            uint64_t slew = load_relaxed(&clock->line.slew_ns);
            uint64_t elapsed = elapsed_at(load_relaxed(&clock->line.base_local_ns), local_now(clock));
            fence_acquire();
            if (load_relaxed(&clock->sequence) == sequence) {
                uint64_t grown = (uint64_t)((chrono_u128)elapsed * growth / 1000000000u);
                return uncertainty + grown + (elapsed < slew ? correction : 0);
            }
        }
        wait_for_writer(spins);
    }
}

uint64_t chrono_clock_local(const chrono_clock *clock)
{
    return local_now(clock);
}

uint32_t chrono_clock_source_of(const chrono_clock *clock)
{
    return load_relaxed(&clock->source);
}

int32_t chrono_clock_verify(chrono_clock *clock)
{
    if (clock->source != CHRONO_CLOCK_TSC) {
        return 1;
    }
    uint64_t monotonic = chrono_monotonic_ns();
    uint64_t counted = local_now(clock);
    uint64_t again = chrono_monotonic_ns();
    uint64_t middle = monotonic + (again - monotonic) / 2;
    int64_t passed = (int64_t)(middle - clock->verified_monotonic_ns);
    int64_t apart = (int64_t)(counted - clock->verified_local_ns) - passed;
    int64_t allowed = VERIFY_NS_MIN + (int64_t)(again - monotonic) + passed / (1000000 / VERIFY_PPM_MAX);
    clock->verified_local_ns = counted;
    clock->verified_monotonic_ns = middle;
    if ((apart < 0 ? -apart : apart) <= allowed) {
        return 1;
    }
    chrono_clock_line line = clock->line;
    begin_write(clock);
    uint64_t tick = tick_at(&line, local_now(clock));
    store_relaxed(&clock->source, (uint32_t)CHRONO_CLOCK_MONOTONIC);
    line.base_tick = tick;
    line.base_local_ns = chrono_monotonic_ns();
    line.rate = line.rate_after;
    line.slew_ns = 0;
    /* What the counter did since the last exchange is not known. */
    line.uncertainty_ns += line.correction_ns + (uint64_t)(apart < 0 ? -apart : apart);
    publish(clock, &line);
    return 0;
}
