/* A recorder with rings, each with a consumer in this process. */
#ifndef CHRONO_RECORDER_FIXTURE_H
#define CHRONO_RECORDER_FIXTURE_H

#include "chrono_recorder.h"
#include "ring_fixture.h"

enum { CAPACITY = 65536 };

static const uint64_t EPOCH = UINT64_C(1700000000000000000);

/* Recorder, clock, and some rings with a consumer each. */
struct bench {
    chrono_clock *clock;
    chrono_recorder *recorder;
    chrono_story_writer *writer;
    char paths[4][64];
    struct consumer consumers[4];
    int32_t slots[4];
    int rings;
};

static inline int add_ring(struct bench *bench)
{
    int i = bench->rings++;
    strcpy(bench->paths[i], ring_path());
    bench->consumers[i] = make_ring(bench->paths[i], CAPACITY);
    bench->slots[i] = chrono_recorder_add_ring(bench->recorder, bench->paths[i], RING, 0, NULL);
    CHECK(bench->slots[i] >= 0);
    return i;
}

static inline void open_bench(struct bench *bench, int rings, int placement)
{
    memset(bench, 0, sizeof *bench);
    bench->clock = chrono_clock_create();
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_create(CLIENT, bench->clock, &bench->recorder));
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_story_writer_open(bench->recorder, 9, placement, &bench->writer));
    CHECK_EQUAL(0, chrono_clock_set(bench->clock, chrono_clock_local(bench->clock), EPOCH, CHRONO_RATE_ONE, 0));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_open(bench->recorder, 9, placement, &bench->writer));
    CHECK_EQUAL(CHRONO_E_NO_KEEPER, chrono_log(bench->writer, "x", 1, NULL, NULL));
    for (int i = 0; i < rings; i++) {
        add_ring(bench);
    }
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(bench->writer, bench->slots, (uint32_t)rings));
}

static inline void close_bench(struct bench *bench)
{
    chrono_recorder_destroy(bench->recorder);
    chrono_clock_destroy(bench->clock);
    for (int i = 0; i < bench->rings; i++) {
        drop_ring(&bench->consumers[i], bench->paths[i]);
    }
}

#endif
