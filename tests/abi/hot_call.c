/*
 * hot_call [EVENTS]: what chronolog_log of 100 bytes costs while the ring has room. Prints the median and the 99th
 * percentile over blocks of 64 calls, in nanoseconds per call. Between bursts, which fit into the ring, it waits outside of
 * the measured time until the Keeper has taken them.
 *
 * hot_call syscalls: the same loop once, between two marks on standard error, for strace: no system call lies between them.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { RECORD_BYTES = 100, BLOCK = 64, BURST_BLOCKS = 512, BURST = BLOCK * BURST_BLOCKS };

static const uint64_t ring_bytes = 16 << 20; /* a burst takes less than half of it */
static char record[RECORD_BYTES];

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void mark(const char *text)
{
    CHECK(write(STDERR_FILENO, text, strlen(text)) == (ssize_t)strlen(text));
}

static void without_system_calls(chronolog_story story)
{
    CHECK_OK(chronolog_log(story, record, sizeof record, NULL)); /* the thread's first call gets it a passage */
    mark("begin of the hot calls\n");
    for (int i = 0; i < BURST; i++) {
        CHECK_OK(chronolog_log(story, record, sizeof record, NULL));
    }
    mark("end of the hot calls\n");
}

static void measure(chronolog_story story, uint64_t events)
{
    uint64_t blocks = events / BURST * BURST_BLOCKS, done = 0, tick;
    double *costs = malloc(blocks * sizeof *costs);
    CHECK(costs != NULL && blocks > 0);
    while (done < blocks) {
        for (int i = 0; i < BURST_BLOCKS; i++) {
            uint64_t begin = now_ns();
            for (int call = 0; call < BLOCK; call++) {
                CHECK_OK(chronolog_log(story, record, sizeof record, &tick));
            }
            costs[done++] = (double)(now_ns() - begin) / BLOCK;
        }
        CHECK_OK(chronolog_flush(story, CHRONOLOG_JOURNALED, 60000));
    }
    qsort(costs, blocks, sizeof *costs, compare);
    printf("median %.1f ns, 99th percentile %.1f ns, of %llu calls\n", costs[blocks / 2], costs[blocks / 100 * 99],
           (unsigned long long)blocks * BLOCK);
    free(costs);
}

int main(int count, char **arguments)
{
    chronolog_client client;
    chronolog_story story;
    chronolog_options options = CHRONOLOG_OPTIONS_INIT;
    options.ring_bytes = ring_bytes;
    memset(record, 'x', sizeof record);
    CHECK_OK(chronolog_connect(NULL, &options, &client));
    CHECK_OK(chronolog_acquire(client, "abi hot call", "story", NULL, 0, CHRONOLOG_CREATE_CHRONICLE, &story));
    if (count > 1 && strcmp(arguments[1], "syscalls") == 0) {
        without_system_calls(story);
    } else {
        measure(story, count > 1 ? strtoull(arguments[1], NULL, 10) : 10000000);
    }
    CHECK_OK(chronolog_release(story, CHRONOLOG_ACCEPTED));
    CHECK_OK(chronolog_disconnect(client));
    puts("ok");
    return 0;
}
