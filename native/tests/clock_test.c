/* The clock: distance, rate, no way back, and one set of parameters per reading. */
#include <pthread.h>
#include <stdint.h>

#include "check.h"
#include "chrono_clock.h"

static chrono_clock *clock_under_test;
static int stop;

static void reads_zero_until_set(void)
{
    chrono_clock *clock = chrono_clock_create();
    CHECK(clock != NULL);
    CHECK_EQUAL(0, chrono_clock_now(clock));
    CHECK_EQUAL(-1, chrono_clock_set(clock, 0, 0, CHRONO_RATE_MAX + 1, 0));
    CHECK_EQUAL(-1, chrono_clock_set(clock, 0, 0, CHRONO_RATE_MIN - 1, 0));
    CHECK_EQUAL(0, chrono_clock_now(clock));
    chrono_clock_destroy(clock);
}

static void names_its_source(void)
{
    CHECK(chrono_clock_create_on(CHRONO_CLOCK_UNSET) == NULL);
    CHECK(chrono_clock_create_on(77) == NULL);
    chrono_clock *plain = chrono_clock_create_on(CHRONO_CLOCK_MONOTONIC);
    CHECK_EQUAL(CHRONO_CLOCK_MONOTONIC, chrono_clock_source_of(plain));
    CHECK_EQUAL(1, chrono_clock_verify(plain));
    chrono_clock_destroy(plain);

    int has_counter = chrono_tsc_refusal()[0] == '\0';
    CHECK_EQUAL(has_counter, chrono_tsc_hertz() > 0);
    chrono_clock *clock = chrono_clock_create();
    CHECK_EQUAL(has_counter ? CHRONO_CLOCK_TSC : CHRONO_CLOCK_MONOTONIC, chrono_clock_source_of(clock));
    uint64_t before = chrono_monotonic_ns();
    uint64_t local = chrono_clock_local(clock);
    uint64_t after = chrono_monotonic_ns();
    /* Calibrated a moment ago: alike within a millisecond. */
    CHECK(local + 1000000 > before && local < after + 1000000);
    CHECK_EQUAL(1, chrono_clock_verify(clock));
    chrono_clock_destroy(clock);
}

static void slews_and_then_runs_at_the_later_rate(void)
{
    chrono_clock *clock = chrono_clock_create();
    const uint64_t second = UINT64_C(1000000000), base = UINT64_C(1700000000) * second;
    uint64_t local = chrono_clock_local(clock);
    chrono_clock_line line = {local - 3 * second, base, CHRONO_RATE_ONE + (CHRONO_RATE_ONE >> 10), 2 * second,
                              CHRONO_RATE_ONE, 50, 1000, 7000};
    CHECK_EQUAL(0, chrono_clock_steer(clock, &line));
    uint64_t tick = chrono_clock_now(clock);
    uint64_t passed = chrono_clock_local(clock) - local;
    CHECK(tick >= base + 3 * second + (2 * second >> 10));
    CHECK(tick <= base + 3 * second + (2 * second >> 10) + passed + 1);
    /* 50 and a millionth of three seconds; what was slewed is not uncertain any more */
    CHECK(chrono_clock_uncertainty(clock) >= 3050 && chrono_clock_uncertainty(clock) <= 3051 + 2 * passed / 1000000);
    line.slew_ns = 4 * second;
    chrono_clock_steer(clock, &line);
    CHECK(chrono_clock_uncertainty(clock) >= 10050);
    line.rate_after = CHRONO_RATE_MAX + 1;
    CHECK_EQUAL(-1, chrono_clock_steer(clock, &line));
    chrono_clock_destroy(clock);
}

/* A counter that ran away from CLOCK_MONOTONIC, as over a suspension of the machine. */
static void leaves_a_counter_that_does_not_count_time(void)
{
    chrono_clock *clock = chrono_clock_create_on(CHRONO_CLOCK_TSC);
    if (clock == NULL) {
        return; /* this machine has none */
    }
    chrono_clock_set(clock, chrono_clock_local(clock), UINT64_C(5000000000), CHRONO_RATE_ONE, 10);
    clock->verified_local_ns -= UINT64_C(60000000000);
    uint64_t before = chrono_clock_now(clock);
    CHECK_EQUAL(0, chrono_clock_verify(clock));
    CHECK_EQUAL(CHRONO_CLOCK_MONOTONIC, chrono_clock_source_of(clock));
    uint64_t after = chrono_clock_now(clock);
    CHECK(after >= before && after < before + UINT64_C(1000000000));
    CHECK(chrono_clock_uncertainty(clock) > UINT64_C(50000000000));
    CHECK_EQUAL(1, chrono_clock_verify(clock));
    chrono_clock_destroy(clock);
}

static void measures_a_distance_at_the_rate(void)
{
    chrono_clock *clock = chrono_clock_create();
    const uint64_t base = UINT64_C(1700000000000000000);
    const uint64_t hour = UINT64_C(3600000000000);
    uint64_t before = chrono_clock_local(clock);
    CHECK_EQUAL(0, chrono_clock_set(clock, before - hour, base, CHRONO_RATE_ONE + (CHRONO_RATE_ONE >> 10), 77));
    uint64_t tick = chrono_clock_now(clock);
    uint64_t after = chrono_clock_local(clock);
    CHECK(tick >= base + hour + (hour >> 10));
    CHECK(tick <= base + (after - before + hour) + ((after - before + hour) >> 10) + 1);
    CHECK_EQUAL(77, chrono_clock_uncertainty(clock));
    chrono_clock_destroy(clock);
}

static void never_goes_back(void)
{
    chrono_clock *clock = chrono_clock_create();
    uint64_t now = chrono_clock_local(clock);
    chrono_clock_set(clock, now, UINT64_C(5000000000), CHRONO_RATE_ONE, 0);
    uint64_t before = chrono_clock_now(clock);
    int64_t ahead = chrono_clock_set(clock, now, UINT64_C(4000000000), CHRONO_RATE_ONE, 0);
    CHECK(ahead >= 999999999 && ahead <= 1000000001);
    CHECK(chrono_clock_now(clock) >= before);
    /* forward it may step */
    CHECK_EQUAL(0, chrono_clock_set(clock, now, UINT64_C(9000000000), CHRONO_RATE_ONE, 0));
    CHECK(chrono_clock_now(clock) >= UINT64_C(9000000000));
    chrono_clock_destroy(clock);
}

static void *read_all_the_time(void *unused)
{
    (void)unused;
    uint64_t last = 0;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        uint64_t now = chrono_clock_now(clock_under_test);
        CHECK(now >= last);
        last = now;
    }
    return NULL;
}

static void readings_stay_ordered_while_set(void)
{
    clock_under_test = chrono_clock_create();
    chrono_clock_set(clock_under_test, chrono_clock_local(clock_under_test), 1000, CHRONO_RATE_ONE, 0);
    pthread_t readers[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&readers[i], NULL, read_all_the_time, NULL);
    }
    for (int i = 0; i < 200000; i++) {
        uint64_t rate = (i & 1) ? CHRONO_RATE_MIN : CHRONO_RATE_MAX;
        uint64_t tick = chrono_clock_now(clock_under_test);
        chrono_clock_set(clock_under_test, chrono_clock_local(clock_under_test), tick - (uint64_t)(i % 7) * 50, rate, 0);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++) {
        pthread_join(readers[i], NULL);
    }
    chrono_clock_destroy(clock_under_test);
}

int main(void)
{
    reads_zero_until_set();
    names_its_source();
    slews_and_then_runs_at_the_later_rate();
    leaves_a_counter_that_does_not_count_time();
    measures_a_distance_at_the_rate();
    never_goes_back();
    readings_stay_ordered_while_set();
    return 0;
}
