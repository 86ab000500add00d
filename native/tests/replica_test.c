/* Replicas: each event in two rings with one identity, or in none, or the caller is told that nobody knows. */
#include <pthread.h>
#include <string.h>

#include "recorder_fixture.h"

enum { THREADS = 4, EVENTS = 20000 };

/* What a consumer got, by index. */
struct log {
    uint64_t tick[THREADS * EVENTS + 100];
    uint64_t events;
};

static struct log logs[3];

static void note(void *context, uint64_t story, uint64_t tick, uint32_t index, const uint8_t *record, uint32_t length)
{
    struct log *log = context;
    (void)story, (void)record, (void)length;
    CHECK(log->tick[index] == 0 || log->tick[index] == tick);
    log->events += log->tick[index] == 0;
    log->tick[index] = tick;
}

/* `rings` rings, of which the writer uses the first two. */
static void open_pair(struct bench *bench, int rings)
{
    memset(logs, 0, sizeof logs);
    open_bench(bench, 0, CHRONO_PLACE_FIRST); /* no set had more than the two: for a flush, such rings are copies */
    for (int i = 0; i < rings; i++) {
        add_ring(bench);
    }
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_story_writer_set_replicas(bench->writer, 0));
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_story_writer_set_replicas(bench->writer, CHRONO_REPLICAS_MAX + 1));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_replicas(bench->writer, 2));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(bench->writer, bench->slots, rings > 1 ? 2 : 1));
    for (int i = 0; i < rings; i++) {
        bench->consumers[i].on_event = note;
        bench->consumers[i].context = &logs[i];
    }
}

static void check_equal_logs(const struct log *one, const struct log *other)
{
    CHECK_EQUAL(0, memcmp(one->tick, other->tick, sizeof one->tick));
}

static void publish_durable(struct bench *bench, int ring)
{
    store_release(&bench->consumers[ring].ring->header->durable, bench->consumers[ring].position);
}

/* ---- under load --------------------------------------------------------------------------------------------------- */

static void *record_many(void *argument)
{
    struct bench *bench = argument;
    for (int i = 0; i < EVENTS; i++) {
        if (i % 10 != 0) {
            CHECK_EQUAL(CHRONO_OK, chrono_log(bench->writer, "0123456789", 10, NULL, NULL));
            continue;
        }
        const chrono_span spans[3] = {{"a", 1, 0}, {NULL, 0, 0}, {"bcd", 3, 0}};
        uint32_t logged = 0;
        CHECK_EQUAL(CHRONO_OK, chrono_log_batch(bench->writer, spans, 3, NULL, NULL, &logged));
        CHECK_EQUAL(3, logged);
        i += 2;
    }
    return NULL;
}

/* `leave`: in the middle the first ring is left for a third one. */
static void every_event_is_in_two_rings(int leave)
{
    struct bench bench;
    pthread_t threads[THREADS];
    int running = THREADS, left = 0;
    open_pair(&bench, 3);
    chrono_story_writer_set_timeout(bench.writer, 60 * SECOND);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, record_many, &bench);
    }
    while (running > 0) {
        consume_all(&bench.consumers[1]);
        consume_all(&bench.consumers[2]);
        if (!leave || logs[0].events < EVENTS / 2) {
            consume_all(&bench.consumers[0]);
        } else if (!left) {
            int status = chrono_recorder_move_ring(bench.recorder, bench.slots[0], bench.slots[2], SECOND / 1000, NULL);
            left = status == CHRONO_OK;
            CHECK(left || status == CHRONO_E_TIMED_OUT);
        }
        running -= pthread_tryjoin_np(threads[running - 1], NULL) == 0;
    }
    for (int i = 0; i < 3; i++) {
        consume_all(&bench.consumers[i]);
    }
    CHECK_EQUAL(leave, left);
    if (leave) {
        /* what the first Keeper had, and what the third one got instead of it, make one copy */
        for (int i = 0; i < THREADS * EVENTS; i++) {
            CHECK(logs[0].tick[i] == 0 || logs[2].tick[i] == 0 || logs[0].tick[i] == logs[2].tick[i]);
            logs[0].tick[i] = logs[0].tick[i] != 0 ? logs[0].tick[i] : logs[2].tick[i];
        }
        CHECK(logs[2].events > 0);
    }
    CHECK_EQUAL(THREADS * EVENTS, logs[1].events);
    check_equal_logs(&logs[0], &logs[1]);
    close_bench(&bench);
}

/* ---- full rings ---------------------------------------------------------------------------------------------------- */

static uint64_t fill_ring(struct bench *bench, int ring)
{
    static uint8_t record[1000];
    uint64_t events = 0;
    chrono_story_writer *other;
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_open(bench->recorder, 8, CHRONO_PLACE_FIRST, &other));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(other, bench->slots + ring, 1));
    while (chrono_try_log(other, record, sizeof record, NULL, NULL) == CHRONO_OK) {
        events++;
    }
    return events;
}

static void a_full_second_ring_leaves_nothing_in_the_first(void)
{
    struct bench bench;
    open_pair(&bench, 2);
    uint64_t events = fill_ring(&bench, 1);
    chrono_story_writer_set_timeout(bench.writer, SECOND / 100);
    CHECK_EQUAL(CHRONO_E_WOULD_BLOCK, chrono_try_log(bench.writer, "x", 1, NULL, NULL));
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_log(bench.writer, "x", 1, NULL, NULL));
    CHECK_EQUAL(0, consume_one(&bench.consumers[0]));
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(CHRONO_OK, chrono_try_log(bench.writer, "x", 1, NULL, NULL));
    consume_all(&bench.consumers[0]);
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(1, logs[0].events);
    CHECK_EQUAL(events + 1, logs[1].events);
    close_bench(&bench);
}

static struct bench *filling;

static void fill_the_second(enum chrono_step step)
{
    if (step == CHRONO_STEP_WRITTEN && filling != NULL) {
        struct bench *bench = filling;
        filling = NULL;
        fill_ring(bench, 1);
    }
}

static void an_event_in_one_of_two_rings_is_unknown(void)
{
    struct bench bench;
    uint64_t tick = 0;
    uint32_t index = 77;
    open_pair(&bench, 2);
    chrono_story_writer_set_timeout(bench.writer, SECOND / 100);
    filling = &bench;
    chrono_step_hook = fill_the_second;
    CHECK_EQUAL(CHRONO_E_UNKNOWN, chrono_log(bench.writer, "x", 1, &tick, &index));
    CHECK_EQUAL(77, index);
    consume_all(&bench.consumers[1]);
    filling = &bench;
    CHECK_EQUAL(CHRONO_E_UNKNOWN, chrono_try_log(bench.writer, "y", 1, &tick, &index));
    chrono_step_hook = NULL;
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "z", 1, &tick, &index));
    consume_all(&bench.consumers[0]);
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(3, logs[0].events);
    CHECK_EQUAL(tick, logs[0].tick[index]);
    CHECK_EQUAL(tick, logs[1].tick[index]);
    close_bench(&bench);
}

static void too_long_for_one_is_too_long(void)
{
    struct bench bench;
    static uint8_t record[CAPACITY / 8 + 1];
    open_pair(&bench, 2);
    CHECK_EQUAL(CHRONO_E_TOO_LONG, chrono_log(bench.writer, record, sizeof record, NULL, NULL));
    CHECK_EQUAL(0, consume_one(&bench.consumers[0]));
    close_bench(&bench);
}

/* ---- fewer rings than copies ----------------------------------------------------------------------------------------- */

static void *record_one(void *argument)
{
    struct bench *bench = argument;
    return (void *)(intptr_t)chrono_log(bench->writer, "x", 1, NULL, NULL);
}

static void one_ring_takes_nothing_until_there_are_two(void)
{
    struct bench bench;
    pthread_t thread;
    void *result;
    open_pair(&bench, 1);
    chrono_story_writer_set_timeout(bench.writer, SECOND / 100);
    CHECK_EQUAL(CHRONO_E_NO_KEEPER, chrono_try_log(bench.writer, "x", 1, NULL, NULL));
    CHECK_EQUAL(CHRONO_E_NO_KEEPER, chrono_log(bench.writer, "x", 1, NULL, NULL));
    CHECK_EQUAL(0, consume_one(&bench.consumers[0]));
    chrono_story_writer_set_timeout(bench.writer, 60 * SECOND);
    pthread_create(&thread, NULL, record_one, &bench);
    add_ring(&bench);
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(bench.writer, bench.slots, 2));
    pthread_join(thread, &result);
    CHECK_EQUAL(CHRONO_OK, (intptr_t)result);
    CHECK(consume_one(&bench.consumers[0]) && consume_one(&bench.consumers[1]));
    close_bench(&bench);
}

/* ---- flush ----------------------------------------------------------------------------------------------------------- */

static void replicated_is_synced_on_both(void)
{
    struct bench bench;
    open_pair(&bench, 2);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, NULL, NULL));
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_recorder_flush(bench.recorder, CHRONO_REPLICATED, 0));
    for (int i = 0; i < 2; i++) {
        consume_all(&bench.consumers[i]);
        CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_REPLICATED, 0));
        publish_durable(&bench, i);
    }
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_REPLICATED, 0));
    close_bench(&bench);
}

static void a_third_keeper_makes_up_for_a_lost_one(void)
{
    struct bench bench;
    open_pair(&bench, 3);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, NULL, NULL));
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_move_ring(bench.recorder, bench.slots[0], bench.slots[2], SECOND, NULL));
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "y", 1, NULL, NULL));
    consume_all(&bench.consumers[1]);
    publish_durable(&bench, 1);
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_REPLICATED, 0));
    consume_all(&bench.consumers[2]);
    publish_durable(&bench, 2);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_REPLICATED, 0));
    CHECK_EQUAL(2, logs[1].events);
    CHECK_EQUAL(2, logs[2].events);
    close_bench(&bench);
}

static void two_copies_on_one_keeper_are_one(void)
{
    struct bench bench;
    open_pair(&bench, 2);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, NULL, NULL));
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_move_ring(bench.recorder, bench.slots[0], bench.slots[1], SECOND, NULL));
    consume_all(&bench.consumers[1]);
    publish_durable(&bench, 1);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_SYNCED, 0));
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_REPLICATED, SECOND / 100));
    CHECK_EQUAL(CHRONO_E_NO_KEEPER, chrono_try_log(bench.writer, "y", 1, NULL, NULL));
    /* the first Keeper comes back and takes what its ring holds */
    consume_all(&bench.consumers[0]);
    publish_durable(&bench, 0);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_REPLICATED, 0));
    close_bench(&bench);
}

/* ---- a ring is left between the two copies ----------------------------------------------------------------------------- */

static struct bench *leaving;

static void leave_the_first(enum chrono_step step)
{
    if (step == CHRONO_STEP_RESERVED && leaving != NULL) {
        struct bench *bench = leaving;
        leaving = NULL;
        CHECK_EQUAL(CHRONO_E_TIMED_OUT,
                    chrono_recorder_move_ring(bench->recorder, bench->slots[0], bench->slots[2], 0, NULL));
    }
}

static void the_second_copy_goes_where_the_first_will_not_be(void)
{
    struct bench bench;
    open_pair(&bench, 3);
    leaving = &bench;
    chrono_step_hook = leave_the_first;
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, NULL, NULL));
    chrono_step_hook = NULL;
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_move_ring(bench.recorder, bench.slots[0], bench.slots[2], SECOND, NULL));
    consume_all(&bench.consumers[1]);
    consume_all(&bench.consumers[2]);
    CHECK_EQUAL(1, logs[1].events);
    CHECK_EQUAL(1, logs[2].events);
    close_bench(&bench);
}

int main(void)
{
    every_event_is_in_two_rings(0);
    every_event_is_in_two_rings(1);
    a_full_second_ring_leaves_nothing_in_the_first();
    an_event_in_one_of_two_rings_is_unknown();
    too_long_for_one_is_too_long();
    one_ring_takes_nothing_until_there_are_two();
    replicated_is_synced_on_both();
    a_third_keeper_makes_up_for_a_lost_one();
    two_copies_on_one_keeper_are_one();
    the_second_copy_goes_where_the_first_will_not_be();
    return 0;
}
