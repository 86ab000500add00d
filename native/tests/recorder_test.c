/* The recorder: one order of ticks and indexes over all threads, rings that come and go, batches, flush, fork. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "recorder_fixture.h"

/* ---- one order -------------------------------------------------------------------------------------------------- */

enum { THREADS = 4, EVENTS = 50000 };

struct recording {
    struct bench *bench;
    uint64_t *tick_of;          /* by index, over all threads */
    int batches;
};

static void *record_many(void *argument)
{
    struct recording *recording = argument;
    uint64_t last = 0;
    for (int i = 0; i < EVENTS; i++) {
        uint64_t ticks[5];
        uint32_t indexes[5];
        int count = 1;
        if (recording->batches && i % 10 == 0) {
            chrono_span spans[5] = {{"a", 1, 0}, {NULL, 0, 0}, {"bcd", 3, 0}, {"efgh", 4, 0}, {"ijklmnopq", 9, 0}};
            uint32_t logged = 0;
            count = 5;
            i += 4;
            CHECK_EQUAL(CHRONO_OK, chrono_log_batch(recording->bench->writer, spans, 5, ticks, indexes, &logged));
            CHECK_EQUAL(5, logged);
        } else {
            CHECK_EQUAL(CHRONO_OK, chrono_log(recording->bench->writer, &i, sizeof i, ticks, indexes));
        }
        for (int j = 0; j < count; j++) {
            CHECK(ticks[j] > last);
            last = ticks[j];
            CHECK(indexes[j] < THREADS * EVENTS);
            CHECK_EQUAL(0, recording->tick_of[indexes[j]]);
            recording->tick_of[indexes[j]] = ticks[j];
        }
    }
    return NULL;
}

static void check_arrival(void *context, uint64_t story, uint64_t tick, uint32_t index, const uint8_t *record,
                          uint32_t length)
{
    uint64_t *arrived = context;
    (void)record, (void)length;
    CHECK_EQUAL(9, story);
    CHECK_EQUAL(0, arrived[index]);
    arrived[index] = tick;
}

static void ticks_and_indexes_have_one_order(int placement, int rings, int batches)
{
    struct bench bench;
    open_bench(&bench, rings, placement);
    chrono_story_writer_set_timeout(bench.writer, 60 * SECOND);
    uint64_t *tick_of = calloc(THREADS * EVENTS, sizeof *tick_of);
    uint64_t *arrived = calloc(THREADS * EVENTS, sizeof *arrived);
    struct recording recording = {&bench, tick_of, batches};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, record_many, &recording);
    }
    uint64_t events = 0;
    while (events < THREADS * EVENTS) {
        events = 0;
        for (int i = 0; i < rings; i++) {
            bench.consumers[i].on_event = check_arrival;
            bench.consumers[i].context = arrived;
            consume_all(&bench.consumers[i]);
            events += bench.consumers[i].events;
        }
        sched_yield();
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS * EVENTS; i++) {
        CHECK_EQUAL(tick_of[i], arrived[i]);
        CHECK(tick_of[i] >= EPOCH);
        CHECK(i == 0 || tick_of[i] > tick_of[i - 1]);
    }
    for (int i = 0; i < rings; i++) {
        CHECK(bench.consumers[i].events > 0);
        check_all_zero(bench.consumers[i].ring);
    }
    free(tick_of);
    free(arrived);
    close_bench(&bench);
}

/* A clock that stands still, because its base lies in the future: ticks go on one by one. */
static void ticks_go_on_when_the_clock_does_not(void)
{
    struct bench bench;
    uint64_t tick, ticks[2];
    const chrono_span spans[2] = {{"a", 1, 0}, {"b", 1, 0}};
    open_bench(&bench, 1, CHRONO_PLACE_FIRST);
    uint64_t standing = EPOCH + 3600 * SECOND;
    CHECK_EQUAL(0, chrono_clock_set(bench.clock, chrono_clock_local(bench.clock) + 3600 * SECOND, standing, CHRONO_RATE_ONE, 0));
    for (uint64_t i = 0; i < 10; i += 3) {
        CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, &tick, NULL));
        CHECK_EQUAL(standing + i, tick);
        CHECK_EQUAL(CHRONO_OK, chrono_log_batch(bench.writer, spans, 2, ticks, NULL, NULL));
        CHECK_EQUAL(standing + i + 1, ticks[0]);
        CHECK_EQUAL(standing + i + 2, ticks[1]);
    }
    close_bench(&bench);
}

/* ---- ticks of the caller's own ------------------------------------------------------------------------------------ */

/* A tick beyond the bounds takes neither an index nor a byte of the ring. */
static void given_ticks_have_bounds(void)
{
    struct bench bench;
    const uint64_t hour = 3600 * SECOND, uncertain = 7 * SECOND;
    uint64_t tick, tail, consumed, durable;
    uint32_t index = 99;
    open_bench(&bench, 1, CHRONO_PLACE_FIRST);
    chrono_story_writer_allow_given(bench.writer);
    CHECK_EQUAL(0, chrono_clock_set(bench.clock, chrono_clock_local(bench.clock) + hour, EPOCH + hour, CHRONO_RATE_ONE,
                                    uncertain)); /* it stands */
    const uint64_t now = EPOCH + hour;
    const uint64_t old[] = {0, 1, now - CHRONO_LATE_BOUND_NS - 1};
    const uint64_t new[] = {now + CHRONO_FUTURE_BOUND_NS + uncertain + 1, UINT64_C(1) << 63, UINT64_MAX};
    const uint64_t good[] = {now - CHRONO_LATE_BOUND_NS, now - 1, now, now + CHRONO_FUTURE_BOUND_NS + uncertain};
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQUAL(CHRONO_E_TOO_OLD, chrono_log_at(bench.writer, old[i], "x", 1, &index));
        CHECK_EQUAL(CHRONO_E_TOO_NEW, chrono_log_at(bench.writer, new[i], "x", 1, &index));
    }
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_ring_positions(bench.recorder, bench.slots[0], &tail, &consumed, &durable));
    CHECK_EQUAL(0, tail);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQUAL(CHRONO_OK, chrono_log_at(bench.writer, good[i], "x", 1, &index));
        CHECK_EQUAL(i, index);
    }
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, &tick, NULL)); /* given ones do not lead the others */
    CHECK_EQUAL(now, tick);
    chrono_recorder_set_bounds(bench.recorder, SECOND, UINT64_MAX);
    CHECK_EQUAL(CHRONO_E_TOO_OLD, chrono_log_at(bench.writer, now - SECOND - 1, "x", 1, &index));
    CHECK_EQUAL(CHRONO_OK, chrono_log_at(bench.writer, UINT64_MAX, "x", 1, &index));
    close_bench(&bench);
}

/* ---- arguments and ends ------------------------------------------------------------------------------------------ */

static void bad_calls_use_no_index(void)
{
    struct bench bench;
    uint64_t tick = 0;
    uint32_t index = 99, logged = 9;
    open_bench(&bench, 1, CHRONO_PLACE_FIRST);
    chrono_span bad[3] = {{"a", 1, 0}, {NULL, 5, 0}, {"b", 1, 0}};
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_log(NULL, "x", 1, &tick, &index));
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_log(bench.writer, NULL, 1, &tick, &index));
    CHECK_EQUAL(CHRONO_E_TOO_LONG, chrono_log(bench.writer, "x", CHRONO_RECORD_BYTES_MAX + 1, &tick, &index));
    CHECK_EQUAL(CHRONO_E_TOO_LONG, chrono_try_log(bench.writer, "x", CAPACITY / 8 + 1, &tick, &index));
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, NULL, 0, &tick, &index));
    CHECK_EQUAL(0, index);
    CHECK(tick >= EPOCH);
    CHECK_EQUAL(CHRONO_E_TOO_OLD, chrono_log_at(bench.writer, 5, "x", 1, &index));
    CHECK_EQUAL(CHRONO_E_NOT_DECLARED, chrono_log_at(bench.writer, EPOCH, "x", 1, &index));
    chrono_story_writer_allow_given(bench.writer);
    CHECK_EQUAL(CHRONO_OK, chrono_log_at(bench.writer, EPOCH, "x", 1, &index));
    CHECK_EQUAL(1, index);
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_log_batch(bench.writer, bad, 3, NULL, NULL, &logged));
    CHECK_EQUAL(1, logged);
    uint64_t later;
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "y", 1, &later, &index));
    CHECK(later > tick);
    CHECK_EQUAL(3, index);
    consume_all(&bench.consumers[0]);
    CHECK_EQUAL(4, bench.consumers[0].events);
    chrono_story_writer_close(bench.writer);
    CHECK_EQUAL(CHRONO_E_CLOSED, chrono_log(bench.writer, "y", 1, &later, &index));
    chrono_recorder_close(bench.recorder);
    CHECK_EQUAL(CHRONO_E_CLOSED, chrono_story_writer_open(bench.recorder, 1, 0, &bench.writer));
    CHECK_EQUAL(CHRONO_E_CLOSED, chrono_recorder_add_ring(bench.recorder, bench.paths[0], RING, 0, NULL));
    CHECK_EQUAL(CHRONO_E_CLOSED, chrono_ring_try_append(bench.consumers[0].ring, 1, 1, 1, "x", 1));
    close_bench(&bench);
}

static void *flush_for_ever(void *bench)
{
    static int status;
    status = chrono_flush(((struct bench *)bench)->writer, CHRONO_SYNCED, UINT64_MAX);
    return &status;
}

/* Nobody consumes the ring: who waits for that is told when the recorder is closed, and so is who comes later. */
static void closing_ends_a_flush(void)
{
    struct bench bench;
    pthread_t thread;
    void *status;
    open_bench(&bench, 1, CHRONO_PLACE_FIRST);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, NULL, NULL));
    CHECK(pthread_create(&thread, NULL, flush_for_ever, &bench) == 0);
    while (load_acquire(&bench.consumers[0].ring->header->waiters) == 0) {
        sched_yield();
    }
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    chrono_recorder_close(bench.recorder);
    CHECK(pthread_join(thread, &status) == 0);
    CHECK_EQUAL(CHRONO_E_CLOSED, *(int *)status);
    CHECK_EQUAL(CHRONO_E_CLOSED, chrono_flush(bench.writer, CHRONO_JOURNALED, UINT64_MAX));
    consume_all(&bench.consumers[0]);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_JOURNALED, 0)); /* reached is reached */
    close_bench(&bench);
}

static void child_is_refused(void)
{
    struct bench bench;
    open_bench(&bench, 1, CHRONO_PLACE_FIRST);
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(CHRONO_E_FORKED, chrono_log(bench.writer, "x", 1, NULL, NULL));
        CHECK_EQUAL(CHRONO_E_FORKED, chrono_flush(bench.writer, CHRONO_SYNCED, SECOND));
        chrono_recorder_close(bench.recorder);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, NULL, NULL));
    close_bench(&bench);
}

/* ---- several rings ------------------------------------------------------------------------------------------------ */

static int log_until_full(struct bench *bench)
{
    static uint8_t record[1000];
    int events = 0;
    while (chrono_try_log(bench->writer, record, sizeof record, NULL, NULL) == CHRONO_OK) {
        events++;
    }
    return events;
}

static void full_rings_are_passed_over(void)
{
    struct bench bench;
    open_bench(&bench, 2, CHRONO_PLACE_ROUND_ROBIN);
    CHECK_EQUAL(2 * (CAPACITY / 1024), log_until_full(&bench));
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(CAPACITY / 1024, log_until_full(&bench));
    chrono_story_writer_set_timeout(bench.writer, SECOND / 100);
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_log(bench.writer, "x", 1, NULL, NULL));
    /* local-first waits for its own full ring, and leaves only a closed one */
    chrono_story_writer *near;
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_open(bench.recorder, 8, CHRONO_PLACE_FIRST, &near));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(near, bench.slots, 2));
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(CHRONO_E_WOULD_BLOCK, chrono_try_log(near, "x", 1, NULL, NULL));
    chrono_ring_fence(bench.consumers[0].ring);
    CHECK_EQUAL(CHRONO_OK, chrono_try_log(near, "x", 1, NULL, NULL));
    CHECK_EQUAL(1, consume_one(&bench.consumers[1]));
    chrono_ring_fence(bench.consumers[1].ring);
    CHECK_EQUAL(CHRONO_E_FENCED, chrono_log(near, "x", 1, NULL, NULL));
    close_bench(&bench);
}

static void flush_compares_positions(void)
{
    struct bench bench;
    open_bench(&bench, 2, CHRONO_PLACE_FIRST);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, NULL, NULL));
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_ACCEPTED, 0));
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    consume_all(&bench.consumers[0]);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_SYNCED, SECOND / 100));
    store_release(&bench.consumers[0].ring->header->durable, bench.consumers[0].position);
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_flush(bench.recorder, CHRONO_SYNCED, 0));
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_recorder_flush(bench.recorder, 3, 0));
    /* a ring that the writer has left still counts for it, and for the recorder */
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "y", 1, NULL, NULL));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(bench.writer, bench.slots + 1, 1));
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    CHECK_EQUAL(CHRONO_E_WOULD_BLOCK, chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 0));
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 1));
    CHECK_EQUAL(CHRONO_E_NO_KEEPER, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    close_bench(&bench);
}

static void *flush_recorder(void *argument)
{
    return (void *)(intptr_t)chrono_recorder_flush(argument, CHRONO_JOURNALED, 60 * SECOND);
}

static void flush_is_woken(int by_retirement)
{
    struct bench bench;
    open_bench(&bench, 1, CHRONO_PLACE_FIRST);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "x", 1, NULL, NULL));
    pthread_t sleeper;
    void *status;
    pthread_create(&sleeper, NULL, flush_recorder, bench.recorder);
    while (load_acquire(&bench.consumers[0].ring->header->waiters) == 0) {
        sched_yield();
    }
    if (by_retirement) {
        CHECK_EQUAL(CHRONO_OK, chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 1));
    } else {
        consume_all(&bench.consumers[0]);
    }
    pthread_join(sleeper, &status);
    CHECK_EQUAL(by_retirement ? CHRONO_E_NO_KEEPER : CHRONO_OK, (intptr_t)status);
    close_bench(&bench);
}

/* ---- a batch appears at once or not at all ------------------------------------------------------------------------ */

static int frames_written;

static void die_in_the_batch(enum chrono_step step)
{
    if (step == CHRONO_STEP_WRITTEN && ++frames_written == 3) {
        raise(SIGKILL);
    }
}

static void half_a_batch_is_no_batch(void)
{
    struct bench bench;
    open_bench(&bench, 1, CHRONO_PLACE_FIRST);
    pid_t child = fork();
    if (child == 0) {
        const chrono_span spans[4] = {{"a", 1, 0}, {"b", 1, 0}, {"c", 1, 0}, {"d", 1, 0}};
        chrono_recorder *own;
        chrono_story_writer *writer;
        CHECK_EQUAL(CHRONO_OK, chrono_recorder_create(CLIENT, bench.clock, &own));
        int32_t slot = chrono_recorder_add_ring(own, bench.paths[0], RING, 0, NULL);
        CHECK_EQUAL(CHRONO_OK, chrono_story_writer_open(own, 9, CHRONO_PLACE_FIRST, &writer));
        CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(writer, &slot, 1));
        chrono_step_hook = die_in_the_batch;
        chrono_log_batch(writer, spans, 4, NULL, NULL, NULL);
        _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_EQUAL(CHRONO_OK, chrono_log(bench.writer, "e", 1, NULL, NULL));
    consume_all(&bench.consumers[0]);
    CHECK_EQUAL(0, bench.consumers[0].events);
    CHECK_EQUAL(4 * 32, consumer_skip_abandoned(&bench.consumers[0]));
    consume_all(&bench.consumers[0]);
    CHECK_EQUAL(1, bench.consumers[0].events);
    check_all_zero(bench.consumers[0].ring);
    close_bench(&bench);
}

/* ---- rings that come and go while threads record ------------------------------------------------------------------ */

static int stop;
static uint64_t recorded;

static void *record_until_stopped(void *argument)
{
    struct bench *bench = argument;
    while (!load_acquire(&stop)) {
        int status = chrono_log(bench->writer, "0123456789", 10, NULL, NULL);
        if (status == CHRONO_OK) {
            __atomic_add_fetch(&recorded, 1, __ATOMIC_RELAXED);
        } else {
            CHECK(status == CHRONO_E_NO_KEEPER || status == CHRONO_E_CLOSED);
            sched_yield();
        }
    }
    return NULL;
}

static void rings_come_and_go(void)
{
    struct bench bench;
    struct consumer *consumer = &bench.consumers[0];
    pthread_t threads[3];
    uint64_t consumed = 0;
    open_bench(&bench, 1, CHRONO_PLACE_ROUND_ROBIN);
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, record_until_stopped, &bench);
    }
    for (int round = 0; round < 300; round++) {
        for (int i = 0; i < 50; i++) {
            consume_all(consumer);
            sched_yield();
        }
        /* the old ring is emptied, retired and deleted; a new one takes its slot */
        while (chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 0) == CHRONO_E_WOULD_BLOCK) {
            consume_all(consumer);
        }
        consume_all(consumer);
        CHECK_EQUAL(consumer_tail(consumer), consumer->position);
        consumed += consumer->events;
        drop_ring(consumer, bench.paths[0]);
        bench.rings = 0;
        CHECK_EQUAL(0, add_ring(&bench));
        CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(bench.writer, bench.slots, 1));
    }
    store_release(&stop, 1);
    while (load_acquire(&consumer->ring->header->waiters) != 0) {
        consume_all(consumer);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    consume_all(consumer);
    CHECK_EQUAL(recorded, consumed + consumer->events);
    close_bench(&bench);
}

static void has_a_limit_of_rings(void)
{
    struct bench bench;
    chrono_error error = {0, 0, ""};
    open_bench(&bench, 1, CHRONO_PLACE_FIRST);
    for (int i = 1; i < CHRONO_RECORDER_RINGS_MAX; i++) {
        CHECK_EQUAL(i, chrono_recorder_add_ring(bench.recorder, bench.paths[0], RING, 0, NULL));
    }
    CHECK_EQUAL(CHRONO_E_TOO_LONG, chrono_recorder_add_ring(bench.recorder, bench.paths[0], RING, 0, &error));
    CHECK(error.text[0] != '\0');
    const int32_t bad[] = {0, CHRONO_RECORDER_RINGS_MAX};
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_story_writer_set_rings(bench.writer, bad, 2));
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_recorder_retire_ring(bench.recorder, -1, 1));
    close_bench(&bench);
}

int main(void)
{
    ticks_and_indexes_have_one_order(CHRONO_PLACE_FIRST, 1, 0);
    ticks_and_indexes_have_one_order(CHRONO_PLACE_ROUND_ROBIN, 3, 1);
    ticks_go_on_when_the_clock_does_not();
    given_ticks_have_bounds();
    bad_calls_use_no_index();
    closing_ends_a_flush();
    child_is_refused();
    full_rings_are_passed_over();
    flush_compares_positions();
    flush_is_woken(0);
    flush_is_woken(1);
    half_a_batch_is_no_batch();
    if (!ONE_MAPPING) { /* a ring that goes would take the consumer's memory with it */
        rings_come_and_go();
    }
    has_a_limit_of_rings();
    return 0;
}
