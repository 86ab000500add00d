/*
 * Whether the time stamp counter may be the local clock, and how long a count is.
 *
 * It may where the processor says that it runs at one rate in every state of power (CPUID 80000007h, EDX bit 8), where
 * the kernel lists it as a clock source (it takes it from the list when the cores' counters disagree), and where two
 * measurements against CLOCK_MONOTONIC, one after the other, agree. CHRONOLOG_TSC=0 in the environment refuses it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "chrono_clock.h"
#include "tsc.h"

/* Two halves of 5 ms: a reading is good to some 50 ns, so each half to 20 ppm, and drift is measured later anyhow. */
#define HALF_NS INT64_C(5000000)

/* Of the two halves; on a machine that takes the processor away in the middle of every reading nothing is gained. */
#define DISAGREEMENT_PPM_MAX 200

/* Readings of which the one with the least time between the two looks at CLOCK_MONOTONIC counts. */
enum { READINGS = 16 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct tsc_scale calibrated;
static uint64_t hertz;
static const char *refusal = "not examined";

struct moment {
    uint64_t count;
    uint64_t ns;
};

static struct moment look(void)
{
    struct moment best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < READINGS; i++) {
        uint64_t before = chrono_monotonic_ns();
        uint64_t count = tsc_read();
        uint64_t after = chrono_monotonic_ns();
        if (after - before < least) {
            least = after - before;
            best = (struct moment){count, before + (after - before) / 2};
        }
    }
    return best;
}

static int is_invariant(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0;
#else
    return 0;
#endif
}

static int is_listed(void)
{
    char text[256] = "";
    FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/available_clocksource", "re");
    if (file == NULL) {
        return 0;
    }
    const char *line = fgets(text, sizeof text, file);
    fclose(file);
    return line != NULL && strstr(text, "tsc") != NULL;
}

static double counts_per_ns(struct moment from, struct moment to)
{
    return to.ns > from.ns ? (double)(to.count - from.count) / (double)(to.ns - from.ns) : 0;
}

static const char *calibrate(void)
{
    const char *wish = getenv("CHRONOLOG_TSC");
    if (wish != NULL && strcmp(wish, "0") == 0) {
        return "CHRONOLOG_TSC=0";
    }
    if (!is_invariant()) {
        return "the processor's counter is not invariant";
    }
    if (!is_listed()) {
        return "the kernel does not list the counter as a clock source";
    }
    const struct timespec half = {0, HALF_NS};
    struct moment begin = look();
    clock_nanosleep(CLOCK_MONOTONIC, 0, &half, NULL);
    struct moment middle = look();
    clock_nanosleep(CLOCK_MONOTONIC, 0, &half, NULL);
    struct moment end = look();
    double first = counts_per_ns(begin, middle), second = counts_per_ns(middle, end);
    double whole = counts_per_ns(begin, end);
    double apart = first > second ? first - second : second - first;
    /* Between 0.1 and 16 GHz: else the fixed point would not hold it. */
    if (whole < 0.1 || whole > 16 || apart * 1e6 > whole * DISAGREEMENT_PPM_MAX) {
        return "the counter and CLOCK_MONOTONIC disagree";
    }
    calibrated = (struct tsc_scale){end.count, end.ns, (uint64_t)((double)CHRONO_RATE_ONE / whole)};
    hertz = (uint64_t)(whole * 1e9);
    return "";
}

static void examine(void)
{
    refusal = calibrate();
}

const struct tsc_scale *tsc_scale(void)
{
    pthread_once(&once, examine);
    return &calibrated;
}

const char *chrono_tsc_refusal(void)
{
    tsc_scale();
    return refusal;
}

uint64_t chrono_tsc_hertz(void)
{
    tsc_scale();
    return hertz;
}
