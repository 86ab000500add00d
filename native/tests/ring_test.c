/* Producers against the model consumer: many of them, wrapping, full, abandoned, closed. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "ring_fixture.h"

enum { CAPACITY = 65536, LONGEST = CAPACITY / 8 };

/* ---- many producers ------------------------------------------------------------------------------------------- */

enum { PRODUCERS_MAX = 8 };

struct load {
    const char *path;
    uint32_t producer;
    uint32_t events;
};

/* Lengths from 8 bytes up, some of them long, so that every kind of wrap occurs. */
static uint32_t length_of(uint32_t producer, uint32_t number)
{
    uint32_t mixed = (producer * 2654435761u) ^ (number * 40503u);
    return number % 97 == 0 ? LONGEST - mixed % 64 : 8 + mixed % 200;
}

static uint8_t byte_of(uint32_t producer, uint32_t number, uint32_t i)
{
    return (uint8_t)(producer * 31 + number * 7 + i);
}

static void *produce(void *argument)
{
    const struct load *load = argument;
    chrono_ring *ring = attach_ring(load->path);
    static _Thread_local uint8_t record[LONGEST];
    for (uint32_t number = 0; number < load->events; number++) {
        uint32_t length = length_of(load->producer, number);
        memcpy(record, &load->producer, 4);
        memcpy(record + 4, &number, 4);
        for (uint32_t i = 8; i < length; i++) {
            record[i] = byte_of(load->producer, number, i);
        }
        CHECK_EQUAL(CHRONO_OK, chrono_ring_append(ring, 9, number, load->producer, record, length, 60 * SECOND));
    }
    chrono_ring_detach(ring);
    return NULL;
}

static void check_event(void *context, uint64_t story, uint64_t tick, uint32_t index, const uint8_t *record,
                        uint32_t length)
{
    uint32_t *next = context;
    uint32_t producer, number;
    memcpy(&producer, record, 4);
    memcpy(&number, record + 4, 4);
    CHECK_EQUAL(9, story);
    CHECK(producer < PRODUCERS_MAX);
    CHECK_EQUAL(next[producer], number);
    CHECK_EQUAL(number, tick);
    CHECK_EQUAL(producer, index);
    CHECK_EQUAL(length_of(producer, number), length);
    for (uint32_t i = 8; i < length; i++) {
        CHECK(record[i] == byte_of(producer, number, i));
    }
    next[producer]++;
}

static void many_producers(int processes)
{
    enum { PRODUCERS = 6, EVENTS = 20000 };
    const char *path = ring_path();
    uint32_t next[PRODUCERS_MAX] = {0};
    struct consumer consumer = make_ring(path, CAPACITY);
    consumer.on_event = check_event;
    consumer.context = next;
    struct load loads[PRODUCERS];
    pthread_t threads[PRODUCERS];
    pid_t children[PRODUCERS];
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        loads[i] = (struct load){path, i, EVENTS};
        if (processes) {
            children[i] = fork();
            if (children[i] == 0) {
                produce(&loads[i]);
                _exit(0);
            }
        } else {
            pthread_create(&threads[i], NULL, produce, &loads[i]);
        }
    }
    while (consumer.events < (uint64_t)PRODUCERS * EVENTS) {
        consume_all(&consumer);
        sched_yield();
    }
    for (int i = 0; i < PRODUCERS; i++) {
        if (processes) {
            int status;
            waitpid(children[i], &status, 0);
            CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        } else {
            pthread_join(threads[i], NULL);
        }
    }
    consume_all(&consumer);
    CHECK_EQUAL((uint64_t)PRODUCERS * EVENTS, consumer.events);
    CHECK_EQUAL(consumer.position, consumer_tail(&consumer));
    CHECK(consumer.position > 10 * CAPACITY);
    CHECK_EQUAL(0, load_relaxed(&consumer.ring->header->waiters));
    check_all_zero(consumer.ring);
    drop_ring(&consumer, path);
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

static uint32_t last_length;

static void keep_length(void *context, uint64_t story, uint64_t tick, uint32_t index, const uint8_t *record,
                        uint32_t length)
{
    (void)context, (void)story, (void)tick, (void)index, (void)record;
    last_length = length;
}

static void empty_and_longest_records(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    consumer.on_event = keep_length;
    static uint8_t record[LONGEST + 1];
    for (int lap = 0; lap < 100; lap++) {
        CHECK_EQUAL(CHRONO_OK, chrono_ring_try_append(consumer.ring, 1, 1, 1, NULL, 0));
        consume_all(&consumer);
        CHECK_EQUAL(0, last_length);
        CHECK_EQUAL(CHRONO_OK, chrono_ring_try_append(consumer.ring, 1, 1, 1, record, LONGEST));
        consume_all(&consumer);
        CHECK_EQUAL(LONGEST, last_length);
    }
    uint64_t tail = consumer_tail(&consumer);
    CHECK_EQUAL(CHRONO_E_TOO_LONG, chrono_ring_try_append(consumer.ring, 1, 1, 1, record, LONGEST + 1));
    CHECK_EQUAL(CHRONO_E_TOO_LONG, chrono_ring_append(consumer.ring, 1, 1, 1, record, UINT32_MAX, SECOND));
    CHECK_EQUAL(tail, consumer_tail(&consumer));
    CHECK_EQUAL(200, consumer.events);
    drop_ring(&consumer, path);
}

/* 72-byte frames: the ring is exactly full after 910 of them and 16 bytes are left, which no frame fits. */
static int fill(struct consumer *consumer)
{
    static const uint8_t record[48];
    int events = 0;
    while (chrono_ring_try_append(consumer->ring, 1, 1, (uint32_t)events, record, sizeof record) == CHRONO_OK) {
        events++;
    }
    return events;
}

static void full_ring_times_out_and_loses_nothing(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    CHECK_EQUAL(CAPACITY / 72, fill(&consumer));
    uint64_t tail = consumer_tail(&consumer);
    uint64_t before = chrono_monotonic_ns();
    /* Nobody beats here: a consumer that has beaten ahead is not silent however long this process is kept waiting. */
    store_relaxed(&consumer.ring->header->heartbeat_ns, before + 600 * SECOND);
    CHECK_EQUAL(CHRONO_E_TIMED_OUT, chrono_ring_append(consumer.ring, 1, 1, 1, "x", 40, SECOND / 50));
    CHECK(chrono_monotonic_ns() - before >= SECOND / 50);
    CHECK_EQUAL(tail, consumer_tail(&consumer));
    consume_all(&consumer);
    CHECK_EQUAL(CAPACITY / 72, consumer.events);
    CHECK_EQUAL(CAPACITY / 72, fill(&consumer));
    consume_all(&consumer);
    check_all_zero(consumer.ring);
    drop_ring(&consumer, path);
}

static void beat_before(struct consumer *consumer, uint64_t silence_ns)
{
    store_relaxed(&consumer->ring->header->heartbeat_ns, chrono_monotonic_ns() - silence_ns);
}

static void silent_keeper_is_waited_for_and_told_from_a_slow_one(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    fill(&consumer);
    beat_before(&consumer, CHRONO_CONSUMER_SILENT_NS + 1);
    uint64_t before = chrono_monotonic_ns();
    CHECK_EQUAL(CHRONO_E_NO_KEEPER, chrono_ring_append(consumer.ring, 1, 1, 1, "x", 40, SECOND / 50));
    CHECK(chrono_monotonic_ns() - before >= SECOND / 50);
    /* With room nobody waits, whoever is silent. */
    consume_one(&consumer);
    beat_before(&consumer, CHRONO_CONSUMER_LOST_NS + 1);
    CHECK_EQUAL(CHRONO_OK, chrono_ring_append(consumer.ring, 1, 1, 1, "x", 1, 0));
    drop_ring(&consumer, path);
}

static void lost_keeper_ends_every_wait(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    fill(&consumer);
    beat_before(&consumer, CHRONO_CONSUMER_LOST_NS + 1);
    CHECK_EQUAL(CHRONO_E_NO_KEEPER, chrono_ring_append(consumer.ring, 1, 1, 1, "x", 40, 3600 * SECOND));
    drop_ring(&consumer, path);
}

static void *append_one(void *argument)
{
    chrono_ring *ring = argument;
    static uint8_t record[48];
    return (void *)(intptr_t)chrono_ring_append(ring, 1, 1, 1, record, sizeof record, 60 * SECOND);
}

static void await_sleeper(const chrono_ring *ring)
{
    while (load_acquire(&ring->header->waiters) == 0) {
        sched_yield();
    }
}

static void sleeper_is_woken(int by_fence)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    fill(&consumer);
    pthread_t sleeper;
    void *status;
    pthread_create(&sleeper, NULL, append_one, consumer.ring);
    await_sleeper(consumer.ring);
    uint64_t tail = consumer_tail(&consumer);
    if (by_fence) {
        CHECK_EQUAL(tail, chrono_ring_fence(consumer.ring));
    } else {
        consume_all(&consumer);
    }
    pthread_join(sleeper, &status);
    CHECK_EQUAL(by_fence ? CHRONO_E_FENCED : CHRONO_OK, (intptr_t)status);
    CHECK(load_relaxed(&consumer.ring->header->wake) > 0);
    CHECK(by_fence ? consumer_tail(&consumer) == tail : consumer_tail(&consumer) > tail);
    CHECK_EQUAL(0, load_relaxed(&consumer.ring->header->waiters));
    drop_ring(&consumer, path);
}

static void closing_is_exact(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    CHECK_EQUAL(CHRONO_OK, chrono_ring_try_append(consumer.ring, 1, 1, 1, "abc", 3));
    chrono_ring_close(consumer.ring);
    CHECK_EQUAL(CHRONO_E_CLOSED, chrono_ring_try_append(consumer.ring, 1, 1, 1, "abc", 3));
    CHECK_EQUAL(32, consumer_tail(&consumer));
    consume_all(&consumer);
    CHECK_EQUAL(1, consumer.events);
    chrono_ring_fence(consumer.ring);
    CHECK_EQUAL(CHRONO_E_FENCED, chrono_ring_append(consumer.ring, 1, 1, 1, "abc", 3, SECOND));
    drop_ring(&consumer, path);
}

static void hostile_positions_are_survived(void)
{
    static const uint64_t tails[] = {1, 7, 65535, UINT64_C(1) << 62, (UINT64_C(1) << 62) + 4, UINT64_MAX >> 1, 65536 * 2};
    static const uint64_t consumed[] = {0, 8, 65536, UINT64_C(1) << 62, UINT64_MAX, UINT64_MAX - 7};
    static uint8_t record[LONGEST];
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        for (size_t j = 0; j < sizeof consumed / sizeof consumed[0]; j++) {
            store_relaxed(&consumer.ring->header->tail, tails[i]);
            store_relaxed(&consumer.ring->header->consumed, consumed[j]);
            store_relaxed(&consumer.ring->header->consumed_seen, consumed[j]);
            for (uint32_t length = 0; length <= LONGEST; length += 1000) {
                int status = chrono_ring_append(consumer.ring, 1, 1, 1, record, length, 0);
                CHECK(status <= CHRONO_OK);
            }
        }
    }
    drop_ring(&consumer, path);
}

/* ---- a producer that dies in the middle ------------------------------------------------------------------------ */

static enum chrono_step die_at;

static void die(enum chrono_step step)
{
    if (step == die_at) {
        raise(SIGKILL);
    }
}

static void append_as(const char *path, enum chrono_step step, uint32_t length, int dies)
{
    static uint8_t record[LONGEST];
    pid_t child = fork();
    if (child == 0) {
        chrono_ring *ring = attach_ring(path);
        memset(record, 0x5a, sizeof record);
        die_at = step;
        chrono_step_hook = dies ? die : NULL;
        _exit(chrono_ring_try_append(ring, 1, 1, 1, record, length) == CHRONO_OK ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(dies ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* `before` bytes of the ring are used up first, so that the abandoned frame lies at any distance from the end. */
static void hole_is_passed_over(enum chrono_step step, uint32_t before, uint32_t length, int holes)
{
    static uint8_t record[LONGEST];
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CAPACITY);
    for (uint32_t used = 0; used < before; used += 8192) {
        uint32_t bytes = before - used < 8192 ? before - used : 8192;
        CHECK_EQUAL(CHRONO_OK, chrono_ring_try_append(consumer.ring, 1, 1, 1, record, bytes - 24));
    }
    consume_all(&consumer);
    uint64_t events = consumer.events;
    append_as(path, step, 100, 0);
    for (int i = 0; i < holes; i++) {
        append_as(path, step, length, 1);
    }
    append_as(path, step, 200, 0);
    append_as(path, step, 300, 0);
    consume_all(&consumer);
    CHECK_EQUAL(events + 1, consumer.events);
    CHECK(consumer_skip_abandoned(&consumer) > 0);
    consume_all(&consumer);
    /* Padding that was committed behind an abandoned frame may hide a further one. */
    consumer_skip_abandoned(&consumer);
    consume_all(&consumer);
    CHECK_EQUAL(events + 3, consumer.events);
    CHECK_EQUAL(consumer_tail(&consumer), consumer.position);
    check_all_zero(consumer.ring);
    drop_ring(&consumer, path);
}

static void holes_are_passed_over(void)
{
    const enum chrono_step steps[] = {CHRONO_STEP_RESERVED, CHRONO_STEP_MARKED, CHRONO_STEP_WRITTEN};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (int holes = 1; holes <= 2; holes++) {
            hole_is_passed_over(steps[i], 4096, 1000, holes);
            hole_is_passed_over(steps[i], 4096, 0, holes);
            /* at the end: with padding before the hole, without any, and ending exactly there */
            hole_is_passed_over(steps[i], CAPACITY - 512, 1000, holes);
            hole_is_passed_over(steps[i], CAPACITY - 128, 1000, holes);
            hole_is_passed_over(steps[i], CAPACITY - 128 - 1024, 1000, holes);
        }
    }
    hole_is_passed_over(CHRONO_STEP_PADDED, CAPACITY - 512, 1000, 1);
}

int main(void)
{
    empty_and_longest_records();
    full_ring_times_out_and_loses_nothing();
    silent_keeper_is_waited_for_and_told_from_a_slow_one();
    lost_keeper_ends_every_wait();
    sleeper_is_woken(0);
    sleeper_is_woken(1);
    closing_is_exact();
    hostile_positions_are_survived();
    holes_are_passed_over();
    many_producers(0);
    many_producers(1);
    return 0;
}
