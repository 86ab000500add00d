/*
 * What an event costs: nanoseconds per chrono_log, one thread, the consumer on the same thread between rounds, so that
 * nothing is contended; beside it what the machine takes for its two raw parts, reading the clock and copying the bytes.
 * CPU time of the thread, so that other work on the machine disturbs caches only.
 * Not a test: prints, asserts nothing.   recorder_bench [RECORD_BYTES [ROUNDS]]
 */
#include <string.h>
#include <time.h>

#include "chrono_recorder.h"
#include "ring_fixture.h"

enum { CAPACITY = 1 << 20 };

static uint8_t record[65536], copy[CAPACITY + 65536];

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
    uint32_t length = argc > 1 ? (uint32_t)atoi(argv[1]) : 64;
    int rounds = argc > 2 ? atoi(argv[2]) : 1000;
    int events = (int)(CAPACITY / frame_bytes(length)) - 2;
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    chrono_clock *clock = chrono_clock_create();
    chrono_recorder *recorder;
    chrono_story_writer *writer;
    chrono_clock_set(clock, chrono_clock_local(clock), UINT64_C(1700000000000000000), CHRONO_RATE_ONE, 0);
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_create(CLIENT, clock, &recorder));
    int32_t slot = chrono_recorder_add_ring(recorder, path, RING, 0, NULL);
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_open(recorder, 9, CHRONO_PLACE_FIRST, &writer));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(writer, &slot, 1));
    uint64_t logging = 0, consuming = 0, copying = 0, reading = 0, tick = 0;
    for (int round = 0; round < rounds; round++) {
        uint64_t started = cpu_ns();
        for (int i = 0; i < events; i++) {
            CHECK(chrono_log(writer, record, length, &tick, NULL) == CHRONO_OK);
        }
        uint64_t logged = cpu_ns();
        consume_all(&consumer);
        uint64_t consumed = cpu_ns();
        for (int i = 0; i < events; i++) {
            memcpy(copy + (size_t)i * frame_bytes(length), record, length);
            __asm__ __volatile__("" ::: "memory");
        }
        uint64_t copied = cpu_ns();
        for (int i = 0; i < events; i++) {
            tick += chrono_clock_now(clock);
        }
        reading += cpu_ns() - copied;
        copying += copied - consumed;
        consuming += consumed - logged;
        logging += logged - started;
    }
    double count = (double)events * rounds;
    printf("record_bytes,events,log_ns,model_consumer_ns,memcpy_ns,clock_ns\n%u,%.0f,%.1f,%.1f,%.1f,%.1f\n", length, count,
           logging / count, consuming / count, copying / count, reading / count);
    chrono_recorder_destroy(recorder);
    chrono_clock_destroy(clock);
    drop_ring(&consumer, path);
    return tick == 0;
}
