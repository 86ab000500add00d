/* Records from several threads into one story, then replays and checks every event: all there, in order, unchanged. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

enum { THREADS = 4, EVENTS = 20000, BATCH = 64, TOTAL = THREADS * EVENTS };

struct payload {
    uint32_t thread;
    uint32_t number;
    char filling[40];
};

static chronolog_story story;
static uint64_t ticks[THREADS][EVENTS];

static struct payload payload_of(uint32_t thread, uint32_t number)
{
    struct payload payload = {thread, number, ""};
    memset(payload.filling, (int)('a' + number % 26), sizeof payload.filling);
    return payload;
}

static uint64_t length_of(uint32_t number)
{
    return 8 + number % sizeof ((struct payload *)0)->filling;
}

/* The even threads one by one, the odd ones in batches. */
static void *record(void *argument)
{
    uint32_t thread = (uint32_t)(uintptr_t)argument;
    struct payload payloads[BATCH];
    chronolog_record records[BATCH];
    for (uint32_t number = 0; number < EVENTS; number += 1) {
        payloads[number % BATCH] = payload_of(thread, number);
        records[number % BATCH].bytes = &payloads[number % BATCH];
        records[number % BATCH].length = length_of(number);
        if (thread % 2 == 0) {
            CHECK_OK(chronolog_log(story, records[number % BATCH].bytes, length_of(number), &ticks[thread][number]));
        } else if (number % BATCH == BATCH - 1 || number == EVENTS - 1) {
            uint64_t logged, count = number % BATCH + 1;
            CHECK_OK(chronolog_log_batch(story, records, count, &ticks[thread][number + 1 - count], &logged));
            CHECK(logged == count);
        }
    }
    return NULL;
}

static void check_batch(const chronolog_batch *batch, uint32_t *next, uint64_t *last, uint64_t client)
{
    for (uint64_t i = 0; i < batch->count; i++) {
        const chronolog_event *event = &batch->events[i];
        struct payload payload;
        CHECK(event->tick > *last);
        *last = event->tick;
        CHECK(event->client_id == client && event->length >= 8 && event->length <= sizeof payload);
        memcpy(&payload, event->record, 8);
        CHECK(payload.thread < THREADS && payload.number == next[payload.thread]++);
        struct payload expected = payload_of(payload.thread, payload.number);
        CHECK(event->length == length_of(payload.number));
        CHECK(memcmp(event->record, &expected, event->length) == 0);
        CHECK(event->tick == ticks[payload.thread][payload.number]);
        CHECK(batch->ticks[i] == event->tick && batch->client_ids[i] == event->client_id);
        CHECK(batch->indexes[i] == event->index && batch->offsets[i + 1] - batch->offsets[i] == event->length);
        CHECK(batch->records + batch->offsets[i] == event->record);
    }
}

static void check_replay(chronolog_client client, const char *chronicle, uint64_t events_expected)
{
    uint32_t next[THREADS] = {0};
    uint64_t last = 0, count = 0, id;
    chronolog_batch batch;
    chronolog_replay replay;
    CHECK_OK(chronolog_client_id(client, &id));
    CHECK_OK(chronolog_replay_open(client, chronicle, "story", 0, UINT64_MAX, 0, &replay));
    for (;;) {
        CHECK_OK(chronolog_replay_next(replay, 60000, &batch));
        if (batch.count == 0) {
            break;
        }
        check_batch(&batch, next, &last, id);
        count += batch.count;
    }
    CHECK(count == events_expected);
    CHECK_OK(chronolog_replay_gap_count(replay, &count));
    CHECK(count == 0);
    CHECK_OK(chronolog_replay_close(replay));
}

static void check_playback(chronolog_client client, int32_t mode)
{
    chronolog_playback playback;
    chronolog_batch batch;
    uint64_t tick, seen = 0;
    uint32_t late;
    CHECK_OK(chronolog_playback_open(client, "abi record", "story", 0, mode, &playback));
    while (seen < TOTAL) {
        CHECK_OK(chronolog_playback_next(playback, 60000, &batch, &late));
        CHECK(batch.count > 0 && batch.events[0].tick == batch.ticks[0] && late == 0);
        seen += batch.count;
    }
    CHECK(seen == TOTAL);
    CHECK_STATUS(CHRONOLOG_ERR_TIMED_OUT, chronolog_playback_next(playback, 50, &batch, &late));
    CHECK_OK(chronolog_log(story, "live", 4, &tick));
    CHECK_OK(chronolog_playback_next(playback, 60000, &batch, NULL));
    CHECK(batch.count == 1 && batch.ticks[0] == tick && memcmp(batch.events[0].record, "live", 4) == 0);
    CHECK(batch.offsets[1] - batch.offsets[0] == 4 && memcmp(batch.records + batch.offsets[0], "live", 4) == 0);
    CHECK_OK(chronolog_playback_cancel(playback));
    CHECK_STATUS(CHRONOLOG_ERR_CANCELLED, chronolog_playback_next(playback, 60000, &batch, &late));
    CHECK_OK(chronolog_playback_close(playback));
}

static int32_t count_live(const chronolog_batch *batch, uint32_t late, void *user)
{
    uint64_t *left = user;
    CHECK(batch->count > 0 && batch->count <= *left && late == 0);
    *left -= batch->count;
    return *left == 0;
}

static int32_t count_up(const chronolog_batch *batch, uint32_t late, void *user)
{
    (void)late;
    atomic_fetch_add((_Atomic uint64_t *)user, batch->count);
    return 0;
}

static _Atomic uint64_t called_back;

static void *run_playback(void *playback)
{
    CHECK_STATUS(CHRONOLOG_ERR_CANCELLED, chronolog_playback_run(playback, count_up, &called_back));
    return NULL;
}

/* Three events from the tick on: called back with all of them, until it has enough, and until somebody cancels it. */
static void check_callback(chronolog_client client)
{
    chronolog_playback playback;
    pthread_t thread;
    chronolog_batch batch;
    uint64_t first, left = 3;
    CHECK_OK(chronolog_log(story, "one", 3, &first));
    CHECK_OK(chronolog_log(story, "two", 3, NULL));
    CHECK_OK(chronolog_log(story, "three", 5, NULL));
    CHECK_OK(chronolog_playback_open(client, "abi record", "story", first, CHRONOLOG_ORDERED, &playback));
    CHECK_STATUS(CHRONOLOG_ERR_INVALID_ARG, chronolog_playback_run(playback, NULL, NULL));
    CHECK_OK(chronolog_playback_run(playback, count_live, &left));
    CHECK(left == 0);
    CHECK_OK(chronolog_playback_close(playback));

    CHECK_OK(chronolog_playback_open(client, "abi record", "story", first, CHRONOLOG_IMMEDIATE, &playback));
    CHECK(pthread_create(&thread, NULL, run_playback, playback) == 0);
    while (atomic_load(&called_back) < 3) {
        usleep(1000);
    }
    CHECK_OK(chronolog_playback_cancel(playback));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_OK(chronolog_playback_close(playback));
    CHECK(called_back == 3);

    CHECK_STATUS(CHRONOLOG_ERR_INVALID_ARG, chronolog_playback_open(client, "abi record", "story", 0, 2, &playback));
    CHECK_OK(chronolog_playback_open(client, "abi record", "no story", 0, CHRONOLOG_ORDERED, &playback));
    CHECK_STATUS(CHRONOLOG_ERR_NOT_EXIST, chronolog_playback_next(playback, 60000, &batch, NULL));
    CHECK_OK(chronolog_playback_close(playback));
}

int main(void)
{
    chronolog_client client;
    pthread_t threads[THREADS];
    chronolog_statistics statistics = {.struct_bytes = sizeof statistics};
    uint64_t now, uncertainty;
    CHECK_OK(chronolog_connect(NULL, NULL, &client));
    CHECK_OK(chronolog_acquire(client, "abi record", "story", NULL, 0, CHRONOLOG_CREATE_CHRONICLE, &story));
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, record, (void *)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_OK(chronolog_now(client, &now, &uncertainty));
    CHECK_OK(chronolog_client_statistics(client, &statistics));
    CHECK(statistics.events_recorded == TOTAL && statistics.stories_held == 1 && statistics.last_tick <= now);
    check_replay(client, "abi record", TOTAL);
    check_playback(client, CHRONOLOG_ORDERED);
    check_callback(client);
    CHECK_OK(chronolog_flush(story, CHRONOLOG_JOURNALED, 30000));
    CHECK_OK(chronolog_flush(story, CHRONOLOG_SYNCED, 30000));
    CHECK_OK(chronolog_flush(story, CHRONOLOG_LEVEL_OF_CHRONICLE, CHRONOLOG_FOREVER));
    CHECK_OK(chronolog_flush(story, CHRONOLOG_ARCHIVED, 30000));
    CHECK_OK(chronolog_release(story, CHRONOLOG_LEVEL_OF_CHRONICLE));
    CHECK_OK(chronolog_disconnect(client));
    puts("ok");
    return 0;
}
