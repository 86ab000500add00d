/* Leaving a ring for another one while threads record: nothing lost, nothing with a second identity, at any step. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "recorder_fixture.h"

enum { THREADS = 4, EVENTS_MAX = 400000 };

/* Where each index has arrived, and with which tick: the simplest model of "once, whatever the copies". */
struct arrivals {
    uint64_t tick[EVENTS_MAX];
    uint64_t distinct;
    uint64_t copies;
};

static struct arrivals arrivals;

static void note(void *context, uint64_t story, uint64_t tick, uint32_t index, const uint8_t *record, uint32_t length)
{
    struct arrivals *to = context;
    uint64_t said;
    CHECK_EQUAL(9, story);
    CHECK(index < EVENTS_MAX);
    CHECK(to->tick[index] == 0 || to->tick[index] == tick);
    to->distinct += to->tick[index] == 0;
    to->copies++;
    to->tick[index] = tick;
    CHECK(length >= sizeof said);
    memcpy(&said, record, sizeof said);
    for (uint32_t i = sizeof said; i < length; i++) {
        CHECK_EQUAL((uint8_t)said, record[i]);
    }
}

static void open_noted(struct bench *bench, int rings)
{
    memset(&arrivals, 0, sizeof arrivals);
    open_bench(bench, rings, CHRONO_PLACE_FIRST);
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(bench->writer, bench->slots, 1));
    for (int i = 0; i < rings; i++) {
        bench->consumers[i].on_event = note;
        bench->consumers[i].context = &arrivals;
    }
}

static int log_number(struct bench *bench, uint64_t number)
{
    uint8_t record[72];
    uint32_t length = (uint32_t)(sizeof number + number % 64);
    memset(record, (uint8_t)number, sizeof record);
    memcpy(record, &number, sizeof number);
    return chrono_log(bench->writer, record, length, NULL, NULL);
}

static int move(struct bench *bench, int from, int to, uint64_t timeout_ns)
{
    return chrono_recorder_move_ring(bench->recorder, bench->slots[from], bench->slots[to], timeout_ns, NULL);
}

static void what_was_not_consumed_moves(void)
{
    struct bench bench;
    uint64_t events = 0;
    open_noted(&bench, 2);
    for (uint64_t i = 0; i < 100; i++) {
        CHECK_EQUAL(CHRONO_OK, log_number(&bench, i));
    }
    for (int i = 0; i < 30; i++) {
        CHECK(consume_one(&bench.consumers[0]));
    }
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_move_ring(bench.recorder, bench.slots[0], bench.slots[1], SECOND, &events));
    CHECK_EQUAL(70, events);
    CHECK_EQUAL(CHRONO_OK, log_number(&bench, 100));
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(71, bench.consumers[1].events);
    CHECK_EQUAL(101, arrivals.distinct);
    CHECK_EQUAL(101, arrivals.copies);
    CHECK_EQUAL(CHRONO_E_CLOSED, chrono_ring_try_append(bench.consumers[0].ring, 9, 1, 1, "x", 1));
    CHECK_EQUAL(CHRONO_OK, move(&bench, 0, 1, 0)); /* it is done */
    CHECK_EQUAL(CHRONO_E_INVALID, move(&bench, 1, 0, 0)); /* and not undone */
    CHECK_EQUAL(CHRONO_E_INVALID, move(&bench, 0, 0, 0));
    /* the first Keeper comes back: the same events again, and no others */
    consume_all(&bench.consumers[0]);
    CHECK_EQUAL(101, arrivals.distinct);
    CHECK_EQUAL(171, arrivals.copies);
    close_bench(&bench);
}

/* ---- under load --------------------------------------------------------------------------------------------------- */

static uint64_t recorded;
static int stop;

static void *record_on(void *argument)
{
    struct bench *bench = argument;
    while (!load_acquire(&stop)) {
        CHECK_EQUAL(CHRONO_OK, log_number(bench, 7));
        __atomic_add_fetch(&recorded, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* `returns`: the first Keeper consumes on while its ring is left. */
static void nothing_is_lost_under_load(int returns)
{
    struct bench bench;
    pthread_t threads[THREADS];
    for (int round = 0; round < 40; round++) {
        open_noted(&bench, 2);
        recorded = 0;
        store_release(&stop, 0);
        chrono_story_writer_set_timeout(bench.writer, 60 * SECOND);
        for (int i = 0; i < THREADS; i++) {
            pthread_create(&threads[i], NULL, record_on, &bench);
        }
        for (int i = 0; i < 20 * round; i++) {
            consume_one(&bench.consumers[0]);
        }
        int status = CHRONO_E_TIMED_OUT;
        while (status == CHRONO_E_TIMED_OUT) {
            status = move(&bench, 0, 1, SECOND / 1000);
            consume_all(&bench.consumers[1]);
            if (returns) {
                consume_one(&bench.consumers[0]);
            }
        }
        CHECK_EQUAL(CHRONO_OK, status);
        store_release(&stop, 1);
        for (int i = 0; i < THREADS; i++) {
            while (pthread_tryjoin_np(threads[i], NULL) != 0) {
                consume_all(&bench.consumers[1]);
                sched_yield();
            }
        }
        consume_all(&bench.consumers[1]);
        CHECK_EQUAL(recorded, arrivals.distinct);
        consume_all(&bench.consumers[0]);
        CHECK_EQUAL(recorded, arrivals.distinct);
        CHECK_EQUAL(consumer_tail(&bench.consumers[0]), bench.consumers[0].position);
        check_all_zero(bench.consumers[0].ring);
        close_bench(&bench);
    }
}

static struct consumer *interloper;

static enum chrono_step taken_at;
static uint64_t walked_frames;

static void consume_now(enum chrono_step step)
{
    static unsigned calls;
    if (step != taken_at) {
        return;
    }
    if (++calls % 3 == 0) {
        while (interloper->events < walked_frames + 2) { /* the one in the mover's hands, and one more */
            consume_one(interloper);
        }
        walked_frames++;
    }
    walked_frames++;
}

/* The Keeper zeroes a frame after it was found, or after it was copied. */
static void a_frame_that_is_taken_under_the_walk_is_not_moved(enum chrono_step step)
{
    struct bench bench;
    taken_at = step;
    walked_frames = 0;
    open_noted(&bench, 2);
    for (uint64_t i = 0; i < 300; i++) {
        CHECK_EQUAL(CHRONO_OK, log_number(&bench, i));
    }
    interloper = &bench.consumers[0];
    chrono_step_hook = consume_now;
    CHECK_EQUAL(CHRONO_OK, move(&bench, 0, 1, SECOND));
    chrono_step_hook = NULL;
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(300, arrivals.distinct);
    consume_all(&bench.consumers[0]);
    CHECK_EQUAL(300, arrivals.distinct);
    CHECK(bench.consumers[0].events > 0 && bench.consumers[1].events > 0);
    close_bench(&bench);
}

/* ---- who waits goes on -------------------------------------------------------------------------------------------- */

static void *record_one(void *argument)
{
    struct bench *bench = argument;
    return (void *)(intptr_t)log_number(bench, 5);
}

static uint64_t fill(struct bench *bench)
{
    static uint8_t record[1000];
    uint64_t events = 0;
    while (chrono_try_log(bench->writer, record, sizeof record, NULL, NULL) == CHRONO_OK) {
        events++;
    }
    return events;
}

static void await_waiters(const struct bench *bench, int ring, uint32_t count)
{
    while (load_acquire(&bench->consumers[ring].ring->header->waiters) < count) {
        sched_yield();
    }
}

static void waiting_producers_go_on_in_the_other_ring(void)
{
    struct bench bench;
    pthread_t threads[THREADS];
    open_noted(&bench, 2);
    uint64_t events = fill(&bench);
    chrono_story_writer_set_timeout(bench.writer, 60 * SECOND);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, record_one, &bench);
    }
    await_waiters(&bench, 0, THREADS);
    int status = CHRONO_E_TIMED_OUT;
    while (status == CHRONO_E_TIMED_OUT) {
        status = move(&bench, 0, 1, SECOND / 1000);
        consume_all(&bench.consumers[1]);
    }
    CHECK_EQUAL(CHRONO_OK, status);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        CHECK_EQUAL(CHRONO_OK, (intptr_t)result);
    }
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(events + THREADS, arrivals.distinct);
    CHECK_EQUAL(events + THREADS, arrivals.copies);
    close_bench(&bench);
}

static void a_closed_ring_is_waited_for_where_rings_are_replaced(void)
{
    struct bench bench;
    pthread_t thread;
    void *result;
    open_noted(&bench, 2);
    chrono_ring_fence(bench.consumers[0].ring);
    CHECK_EQUAL(CHRONO_E_FENCED, log_number(&bench, 1));
    chrono_recorder_expect_rings(bench.recorder, 1);
    chrono_story_writer_set_timeout(bench.writer, SECOND / 100);
    CHECK_EQUAL(CHRONO_E_FENCED, log_number(&bench, 1));
    uint64_t silence;
    CHECK_EQUAL(CHRONO_E_FENCED, chrono_recorder_ring_silence(bench.recorder, bench.slots[0], &silence));
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_ring_silence(bench.recorder, bench.slots[1], &silence));
    CHECK(silence < 10 * SECOND);
    chrono_story_writer_set_timeout(bench.writer, 60 * SECOND);
    pthread_create(&thread, NULL, record_one, &bench);
    CHECK_EQUAL(CHRONO_OK, move(&bench, 0, 1, SECOND));
    pthread_join(thread, &result);
    CHECK_EQUAL(CHRONO_OK, (intptr_t)result);
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(1, arrivals.copies);
    close_bench(&bench);
}

static int held_at_mark;

static void hold_at_mark(enum chrono_step step)
{
    if (step == CHRONO_STEP_MARKED && __atomic_exchange_n(&held_at_mark, 1, __ATOMIC_SEQ_CST) == 0) {
        while (load_acquire(&held_at_mark) != 2) {
            sched_yield();
        }
    }
}

static void an_event_that_is_being_written_is_waited_for(void)
{
    struct bench bench;
    pthread_t thread;
    void *result;
    open_noted(&bench, 2);
    chrono_step_hook = hold_at_mark;
    pthread_create(&thread, NULL, record_one, &bench);
    while (load_acquire(&held_at_mark) != 1) {
        sched_yield();
    }
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, move(&bench, 0, 1, SECOND / 100));
    CHECK_EQUAL(CHRONO_OK, log_number(&bench, 6)); /* the others do not wait for it */
    store_release(&held_at_mark, 2);
    pthread_join(thread, &result);
    chrono_step_hook = NULL;
    CHECK_EQUAL(CHRONO_OK, (intptr_t)result);
    CHECK_EQUAL(CHRONO_OK, move(&bench, 0, 1, SECOND));
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(2, arrivals.copies);
    close_bench(&bench);
}

static void a_full_target_is_gone_on_with_or_replaced(void)
{
    struct bench bench;
    open_noted(&bench, 3);
    uint64_t events = fill(&bench);
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(bench.writer, bench.slots + 1, 1));
    for (uint64_t i = 0; i < 20; i++) {
        CHECK_EQUAL(CHRONO_OK, log_number(&bench, i));
    }
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, move(&bench, 0, 1, SECOND / 100));
    /* the second Keeper dies, too: its ring is left, and the first one's goes to the third, from the beginning */
    int status[2] = {CHRONO_E_TIMED_OUT, CHRONO_E_TIMED_OUT};
    while (status[0] != CHRONO_OK || status[1] != CHRONO_OK) {
        status[1] = status[1] == CHRONO_OK ? CHRONO_OK : move(&bench, 1, 2, SECOND / 1000);
        consume_all(&bench.consumers[2]);
        status[0] = status[0] == CHRONO_OK ? CHRONO_OK : move(&bench, 0, 2, SECOND / 1000);
        consume_all(&bench.consumers[2]);
        CHECK(status[0] == CHRONO_OK || status[0] == CHRONO_E_TIMED_OUT);
        CHECK(status[1] == CHRONO_OK || status[1] == CHRONO_E_TIMED_OUT);
    }
    CHECK_EQUAL(events + 20, arrivals.distinct);
    CHECK(arrivals.copies > arrivals.distinct);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    close_bench(&bench);
}

/* ---- flush -------------------------------------------------------------------------------------------------------- */

static int flush_level;

static void *flush_long(void *argument)
{
    return (void *)(intptr_t)chrono_recorder_flush(argument, flush_level, 60 * SECOND);
}

static void publish_durable(struct bench *bench, int ring)
{
    store_release(&bench->consumers[ring].ring->header->durable, bench->consumers[ring].position);
    chrono_ring_wake(bench->consumers[ring].ring);
}

static void a_flush_follows_the_events(void)
{
    struct bench bench;
    pthread_t thread;
    void *result;
    open_noted(&bench, 2);
    for (uint64_t i = 0; i < 10; i++) {
        CHECK_EQUAL(CHRONO_OK, log_number(&bench, i));
    }
    CHECK(consume_one(&bench.consumers[0]) && consume_one(&bench.consumers[0]));
    flush_level = CHRONO_JOURNALED;
    pthread_create(&thread, NULL, flush_long, bench.recorder);
    await_waiters(&bench, 0, 1);
    CHECK_EQUAL(CHRONO_OK, move(&bench, 0, 1, SECOND));
    await_waiters(&bench, 1, 1);
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    consume_all(&bench.consumers[1]);
    pthread_join(thread, &result);
    CHECK_EQUAL(CHRONO_OK, (intptr_t)result);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    /* two events are in the first Keeper's journal only, and nobody has said that they were synced */
    publish_durable(&bench, 1);
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_SYNCED, SECOND / 100));
    CHECK_EQUAL(CHRONO_E_WOULD_BLOCK, chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 0));
    publish_durable(&bench, 0);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_SYNCED, 0));
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 0));
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_SYNCED, 0));
    CHECK_EQUAL(CHRONO_OK, log_number(&bench, 10));
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_SYNCED, 0));
    close_bench(&bench);
}

/* Retired, a left ring no longer speaks for what its Keeper never took, and the writer does not use the other one. */
static void a_flush_follows_the_events_of_a_retired_ring(void)
{
    struct bench bench;
    open_noted(&bench, 1);
    for (uint64_t i = 0; i < 10; i++) {
        CHECK_EQUAL(CHRONO_OK, log_number(&bench, i));
    }
    CHECK_EQUAL(1, add_ring(&bench));
    CHECK_EQUAL(2, add_ring(&bench));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(bench.writer, bench.slots + 2, 1));
    CHECK(consume_one(&bench.consumers[0]) && consume_one(&bench.consumers[0]));
    publish_durable(&bench, 0);
    CHECK_EQUAL(CHRONO_OK, move(&bench, 0, 1, SECOND));
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 0));
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    consume_all(&bench.consumers[1]);
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_JOURNALED, 0));
    close_bench(&bench);
}

static void an_empty_ring_is_left_at_once(void)
{
    struct bench bench;
    open_noted(&bench, 2);
    CHECK_EQUAL(CHRONO_OK, log_number(&bench, 1));
    consume_all(&bench.consumers[0]);
    publish_durable(&bench, 0);
    CHECK_EQUAL(CHRONO_OK, move(&bench, 0, 1, 0));
    CHECK_EQUAL(CHRONO_OK, chrono_flush(bench.writer, CHRONO_SYNCED, 0));
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 0));
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_recorder_retire_ring(bench.recorder, bench.slots[0], 0));
    CHECK_EQUAL(CHRONO_OK, log_number(&bench, 2));
    CHECK_EQUAL(1, consume_one(&bench.consumers[1]));
    close_bench(&bench);
}

/* ---- the client dies at each step ---------------------------------------------------------------------------------- */

static enum chrono_step deadly_step;
static int steps_left;

static void die_at_the_step(enum chrono_step step)
{
    if (step == deadly_step && --steps_left == 0) {
        raise(SIGKILL);
    }
}

static void move_and_die(struct bench *bench, enum chrono_step step, int count)
{
    chrono_recorder *own;
    chrono_story_writer *writer;
    int32_t slots[2];
    CHECK_EQUAL(CHRONO_OK, chrono_recorder_create(CLIENT, bench->clock, &own));
    for (int i = 0; i < 2; i++) {
        slots[i] = chrono_recorder_add_ring(own, bench->paths[i], RING, 0, NULL);
    }
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_open(own, 9, CHRONO_PLACE_FIRST, &writer));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(writer, slots, 1));
    struct bench childs = *bench;
    childs.writer = writer;
    for (uint64_t i = 0; i < 20; i++) {
        CHECK_EQUAL(CHRONO_OK, log_number(&childs, i));
    }
    deadly_step = step;
    steps_left = count;
    chrono_step_hook = die_at_the_step;
    chrono_recorder_move_ring(own, slots[0], slots[1], SECOND, NULL);
    _exit(1);
}

static void a_client_that_dies_in_a_move_has_lost_nothing(enum chrono_step step, int count)
{
    struct bench bench;
    open_noted(&bench, 2);
    pid_t child = fork();
    if (child == 0) {
        move_and_die(&bench, step, count);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    for (int i = 1; i >= 0; i--) {
        consume_all(&bench.consumers[i]);
        consumer_skip_abandoned(&bench.consumers[i]);
        consume_all(&bench.consumers[i]);
        CHECK_EQUAL(consumer_tail(&bench.consumers[i]), bench.consumers[i].position);
        check_all_zero(bench.consumers[i].ring);
    }
    CHECK_EQUAL(20, arrivals.distinct);
    close_bench(&bench);
}

int main(void)
{
    what_was_not_consumed_moves();
    nothing_is_lost_under_load(0);
    nothing_is_lost_under_load(1);
    a_frame_that_is_taken_under_the_walk_is_not_moved(CHRONO_STEP_FOUND);
    a_frame_that_is_taken_under_the_walk_is_not_moved(CHRONO_STEP_COPIED);
    waiting_producers_go_on_in_the_other_ring();
    a_closed_ring_is_waited_for_where_rings_are_replaced();
    an_event_that_is_being_written_is_waited_for();
    a_full_target_is_gone_on_with_or_replaced();
    a_flush_follows_the_events();
    a_flush_follows_the_events_of_a_retired_ring();
    an_empty_ring_is_left_at_once();
    const enum chrono_step steps[] = {
        CHRONO_STEP_FORWARDED, CHRONO_STEP_SWITCHED, CHRONO_STEP_CLOSED, CHRONO_STEP_COPIED, CHRONO_STEP_MARKED,
        CHRONO_STEP_APPENDED, CHRONO_STEP_MOVED
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        a_client_that_dies_in_a_move_has_lost_nothing(steps[i], 1);
    }
    a_client_that_dies_in_a_move_has_lost_nothing(CHRONO_STEP_COPIED, 10);
    a_client_that_dies_in_a_move_has_lost_nothing(CHRONO_STEP_MARKED, 10);
    a_client_that_dies_in_a_move_has_lost_nothing(CHRONO_STEP_APPENDED, 20);
    return 0;
}
