/* Every function with everything that it must refuse. Run against a deployment, and against a played one under ASan. */
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define INVALID CHRONOLOG_ERR_INVALID_ARG

enum { RECORDERS = 4, ROUNDS = 10, ABANDONED = 20 };

static void refuse_client(chronolog_client client, int32_t status)
{
    uint64_t number;
    char text[8];
    chronolog_list list;
    chronolog_story story;
    chronolog_replay replay;
    chronolog_statistics statistics = {.struct_bytes = sizeof statistics};
    CHECK_STATUS(status, chronolog_disconnect(client));
    CHECK_STATUS(status, chronolog_abandon(client));
    CHECK_STATUS(status, chronolog_client_id(client, &number));
    CHECK_STATUS(status, chronolog_now(client, &number, NULL));
    CHECK_STATUS(status, chronolog_client_statistics(client, &statistics));
    CHECK_STATUS(status, chronolog_create_chronicle(client, "c", NULL, 0));
    CHECK_STATUS(status, chronolog_destroy_chronicle(client, "c"));
    CHECK_STATUS(status, chronolog_destroy_story(client, "c", "s"));
    CHECK_STATUS(status, chronolog_get_attribute(client, "c", "k", text, sizeof text, &number));
    CHECK_STATUS(status, chronolog_set_attribute(client, "c", "k", "v"));
    CHECK_STATUS(status, chronolog_list_attributes(client, "c", &list));
    CHECK_STATUS(status, chronolog_list_chronicles(client, &list));
    CHECK_STATUS(status, chronolog_list_stories(client, "c", &list));
    CHECK_STATUS(status, chronolog_acquire(client, "c", "s", NULL, 0, 0, &story));
    CHECK_STATUS(status, chronolog_replay_open(client, "c", "s", 0, 1, 0, &replay));
    CHECK_STATUS(status, chronolog_playback_open(client, "c", "s", 0, CHRONOLOG_ORDERED, &replay));
    CHECK(strlen(chronolog_last_error()) > 10);
}

static void refuse_story(chronolog_story story, int32_t status)
{
    uint64_t number = 7;
    chronolog_record record = {"x", 1};
    CHECK_STATUS(status, chronolog_log(story, "x", 1, &number));
    CHECK_STATUS(status, chronolog_log_at(story, UINT64_C(1) << 60, "x", 1));
    CHECK_STATUS(status, chronolog_log_batch(story, &record, 1, NULL, &number));
    CHECK(number == 0);
    CHECK_STATUS(status, chronolog_flush(story, CHRONOLOG_JOURNALED, 0));
    CHECK_STATUS(status, chronolog_release(story, CHRONOLOG_ACCEPTED));
    CHECK_STATUS(status, chronolog_story_id(story, &number));
    CHECK(strlen(chronolog_last_error()) > 10);
}

static int32_t never_called(const chronolog_batch *batch, uint32_t late, void *user)
{
    (void)batch;
    (void)late;
    (void)user;
    CHECK(0);
    return 1;
}

static void refuse_replay(chronolog_replay replay, int32_t status)
{
    chronolog_batch batch;
    chronolog_gap gap;
    uint64_t number;
    uint32_t late;
    CHECK_STATUS(status, chronolog_replay_next(replay, 0, &batch));
    CHECK_STATUS(status, chronolog_replay_cancel(replay));
    CHECK_STATUS(status, chronolog_playback_next(replay, 0, &batch, &late));
    CHECK_STATUS(status, chronolog_playback_run(replay, never_called, NULL));
    CHECK_STATUS(status, chronolog_playback_cancel(replay));
    CHECK_STATUS(status, chronolog_playback_close(replay));
    CHECK_STATUS(status, chronolog_replay_watermark(replay, &number));
    CHECK_STATUS(status, chronolog_replay_gap_count(replay, &number));
    CHECK_STATUS(status, chronolog_replay_gap(replay, 0, &gap));
    CHECK_STATUS(status, chronolog_replay_close(replay));
    CHECK(strlen(chronolog_last_error()) > 10);
}

static void refuse_list(chronolog_list list, int32_t status)
{
    CHECK(chronolog_list_count(list) == 0);
    CHECK(chronolog_list_at(list, 0) == NULL);
    CHECK_STATUS(status, chronolog_list_free(list));
}

static void refuse_garbage(void)
{
    static const uintptr_t garbage[] = {0, 1, 0xfffff, 0x100001, 0x200001, 0x300001, 0x400001, 0xdeadbeef, UINTPTR_MAX};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        uint64_t kind = (garbage[i] >> 20) & 15;
        refuse_client((chronolog_client)garbage[i], kind == 1 ? CHRONOLOG_ERR_NO_CONNECTION : INVALID);
        refuse_story((chronolog_story)garbage[i], kind == 2 ? CHRONOLOG_ERR_NOT_ACQUIRED : INVALID);
        refuse_replay((chronolog_replay)garbage[i], INVALID);
        refuse_list((chronolog_list)garbage[i], INVALID);
    }
}

static void before_connect(void)
{
    chronolog_client client = NULL;
    chronolog_options options = CHRONOLOG_OPTIONS_INIT;
    CHECK(strcmp(chronolog_last_error(), "") == 0);
    CHECK(chronolog_abi_version() == CHRONOLOG_ABI_VERSION && strlen(chronolog_version()) > 0);
    CHECK(strcmp(chronolog_status_name(-12), "CHRONOLOG_ERR_TIMED_OUT") == 0);
    CHECK(strcmp(chronolog_status_name(-23), "CHRONOLOG_ERR_NO_LIBRARY") == 0);
    CHECK(strcmp(chronolog_status_name(1), "CHRONOLOG_ERR_?") == 0 && chronolog_status_name(INT32_MIN) != NULL);
    refuse_garbage();
    CHECK_STATUS(INVALID, chronolog_connect(NULL, NULL, NULL));
    options.struct_bytes = 0;
    CHECK_STATUS(INVALID, chronolog_connect(NULL, &options, &client));
    options.struct_bytes = sizeof options;
    options.placement = 9;
    CHECK_STATUS(INVALID, chronolog_connect(NULL, &options, &client));
    options.placement = 0;
    options.attribute_count = 1;
    CHECK_STATUS(INVALID, chronolog_connect(NULL, &options, &client));
    options.attribute_count = 0;
    options.call_timeout_ms = 300;
    int32_t status = chronolog_connect("tcp://127.0.0.1:1", &options, &client);
    CHECK(status == CHRONOLOG_ERR_NO_CONNECTION || status == CHRONOLOG_ERR_TIMED_OUT);
    CHECK(client == NULL && strstr(chronolog_last_error(), "127.0.0.1:1") != NULL);
}

static void null_arguments(chronolog_client client, chronolog_story story)
{
    char text[8];
    chronolog_story other;
    chronolog_replay replay;
    chronolog_attribute attribute = {"key", NULL};
    CHECK_STATUS(INVALID, chronolog_client_id(client, NULL));
    CHECK_STATUS(INVALID, chronolog_now(client, NULL, NULL));
    CHECK_STATUS(INVALID, chronolog_client_statistics(client, NULL));
    CHECK_STATUS(INVALID, chronolog_create_chronicle(client, NULL, NULL, 0));
    CHECK_STATUS(INVALID, chronolog_create_chronicle(client, "c", NULL, 1));
    CHECK_STATUS(INVALID, chronolog_create_chronicle(client, "c", &attribute, 1));
    CHECK_STATUS(INVALID, chronolog_destroy_chronicle(client, NULL));
    CHECK_STATUS(INVALID, chronolog_destroy_story(client, "c", NULL));
    CHECK_STATUS(INVALID, chronolog_get_attribute(client, "c", NULL, text, 1, NULL));
    CHECK_STATUS(INVALID, chronolog_get_attribute(client, "c", "k", NULL, 1, NULL));
    CHECK_STATUS(INVALID, chronolog_set_attribute(client, "c", "k", NULL));
    CHECK_STATUS(INVALID, chronolog_list_attributes(client, NULL, NULL));
    CHECK_STATUS(INVALID, chronolog_list_chronicles(client, NULL));
    CHECK_STATUS(INVALID, chronolog_list_stories(client, "c", NULL));
    CHECK_STATUS(INVALID, chronolog_acquire(client, NULL, "s", NULL, 0, 0, &other));
    CHECK_STATUS(INVALID, chronolog_acquire(client, "c", "s", NULL, 0, 0, NULL));
    CHECK_STATUS(INVALID, chronolog_acquire(client, "c", "s", NULL, 0, 2, &other));
    CHECK_STATUS(INVALID, chronolog_replay_open(client, "c", "s", 2, 1, 0, &replay));
    CHECK_STATUS(INVALID, chronolog_replay_open(client, "c", "s", 0, 1, 0, NULL));
    CHECK_STATUS(INVALID, chronolog_log(story, NULL, 1, NULL));
    CHECK_OK(chronolog_log(story, NULL, 0, NULL));
    CHECK_STATUS(CHRONOLOG_ERR_LIMIT_EXCEEDED, chronolog_log(story, "x", CHRONOLOG_RECORD_BYTES_MAX + 1, NULL));
    CHECK_STATUS(CHRONOLOG_ERR_LIMIT_EXCEEDED, chronolog_log(story, "x", UINT64_MAX, NULL));
    CHECK_STATUS(INVALID, chronolog_log_batch(story, NULL, 1, NULL, NULL));
    CHECK_OK(chronolog_log_batch(story, NULL, 0, NULL, NULL));
    CHECK_STATUS(INVALID, chronolog_flush(story, -2, 0));
    CHECK_STATUS(INVALID, chronolog_flush(story, 5, 0));
    CHECK_STATUS(INVALID, chronolog_release(story, 5));
    CHECK_STATUS(INVALID, chronolog_story_id(story, NULL));
}

/* Refused at the call, with what to do about it; a good one goes through. */
static void given_times(chronolog_client client, chronolog_story story)
{
    const uint64_t day = UINT64_C(86400000000000);
    uint64_t now = 0, uncertain = 0;
    CHECK_OK(chronolog_now(client, &now, &uncertain));
    if (now < 40 * day) {
        now = UINT64_C(1700000000) * 1000000000; /* the played one tells no time, and its recorders' begins there */
    }
    const uint64_t absurd[] = {0, 1, now - 31 * day, now + day, UINT64_C(1) << 63, UINT64_MAX};
    for (unsigned i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        CHECK_STATUS(CHRONOLOG_ERR_LIMIT_EXCEEDED, chronolog_log_at(story, absurd[i], "x", 1));
        CHECK(strstr(chronolog_last_error(), "-bound") != NULL);
    }
    CHECK_OK(chronolog_log_at(story, now - 8 * day, "x", 1));
    CHECK_OK(chronolog_log_at(story, now - 8 * day, NULL, 0));
    CHECK_STATUS(INVALID, chronolog_log_at(story, now, NULL, 1));
    CHECK_STATUS(CHRONOLOG_ERR_LIMIT_EXCEEDED, chronolog_log_at(story, now, "x", CHRONOLOG_RECORD_BYTES_MAX + 1));
    CHECK_STATUS(CHRONOLOG_ERR_LIMIT_EXCEEDED, chronolog_log_at(story, now, "x", UINT64_MAX));
}

static void half_a_batch(chronolog_story story)
{
    chronolog_record records[3] = {{"a", 1}, {"b", 1}, {"c", UINT64_C(1) << 32}};
    uint64_t logged = 9, ticks[3] = {0};
    CHECK_STATUS(CHRONOLOG_ERR_LIMIT_EXCEEDED, chronolog_log_batch(story, records, 3, ticks, &logged));
    CHECK(logged == 2 && ticks[1] > ticks[0] && ticks[0] != 0 && ticks[2] == 0);
}

static void directory(chronolog_client client)
{
    chronolog_list list;
    char value[16];
    uint64_t length = 0;
    CHECK_OK(chronolog_set_attribute(client, "abi misuse", "note", "12345"));
    CHECK_OK(chronolog_get_attribute(client, "abi misuse", "note", value, sizeof value, &length));
    CHECK(length == 5 && strcmp(value, "12345") == 0);
    CHECK_STATUS(CHRONOLOG_ERR_LIMIT_EXCEEDED, chronolog_get_attribute(client, "abi misuse", "note", value, 5, &length));
    CHECK_STATUS(CHRONOLOG_ERR_LIMIT_EXCEEDED, chronolog_get_attribute(client, "abi misuse", "note", NULL, 0, &length));
    CHECK(length == 5);
    CHECK_OK(chronolog_list_stories(client, "abi misuse", &list));
    CHECK(chronolog_list_count(list) == 1 && strcmp(chronolog_list_at(list, 0), "story") == 0);
    CHECK(chronolog_list_at(list, 1) == NULL && chronolog_list_at(list, UINT64_MAX) == NULL);
    refuse_client((chronolog_client)(void *)list, INVALID);
    refuse_replay((chronolog_replay)(void *)list, INVALID);
    CHECK_OK(chronolog_list_free(list));
    refuse_list(list, INVALID);
}

static void replays(chronolog_client client)
{
    chronolog_replay replay;
    chronolog_gap gap;
    chronolog_batch batch;
    CHECK_OK(chronolog_replay_open(client, "abi misuse", "story", 0, 0, 0, &replay));
    CHECK_OK(chronolog_replay_next(replay, 30000, &batch));
    CHECK(batch.count == 0);
    CHECK_OK(chronolog_replay_next(replay, 0, &batch));
    CHECK_STATUS(INVALID, chronolog_replay_next(replay, 0, NULL));
    CHECK_STATUS(INVALID, chronolog_playback_next(replay, 0, NULL, NULL));
    CHECK_STATUS(INVALID, chronolog_playback_run(replay, NULL, NULL));
    CHECK_STATUS(CHRONOLOG_ERR_NOT_EXIST, chronolog_replay_gap(replay, 0, &gap));
    CHECK_OK(chronolog_replay_close(replay));
    refuse_replay(replay, INVALID);
}

static void *record_until_refused(void *argument)
{
    chronolog_story story = argument;
    uint64_t last = 0, tick;
    int32_t status;
    while ((status = chronolog_log(story, &last, sizeof last, &tick)) == CHRONOLOG_OK) {
        CHECK(tick > last);
        last = tick;
    }
    CHECK_STATUS(CHRONOLOG_ERR_NOT_ACQUIRED, status);
    return NULL;
}

/* Stories that are released while others record into them. */
static void release_under_recorders(chronolog_client client)
{
    chronolog_story before = NULL;
    for (int round = 0; round < ROUNDS; round++) {
        chronolog_story story, same;
        pthread_t threads[RECORDERS];
        CHECK_OK(chronolog_acquire(client, "abi misuse", "released", NULL, 0, 0, &story));
        CHECK_OK(chronolog_acquire(client, "abi misuse", "released", NULL, 0, 0, &same));
        CHECK(same == story && story != before);
        for (int i = 0; i < RECORDERS; i++) {
            CHECK(pthread_create(&threads[i], NULL, record_until_refused, story) == 0);
        }
        CHECK_OK(chronolog_log(story, "x", 1, NULL));
        CHECK_OK(chronolog_release(story, CHRONOLOG_ACCEPTED));
        refuse_story(story, CHRONOLOG_ERR_NOT_ACQUIRED);
        for (int i = 0; i < RECORDERS; i++) {
            pthread_join(threads[i], NULL);
        }
        before = story;
    }
}

/* A client that ends while others record through it: what they use goes only when the last one has left. */
static void abandon_under_recorders(void)
{
    for (int round = 0; round < ABANDONED; round++) {
        chronolog_client client;
        chronolog_story story;
        pthread_t threads[RECORDERS];
        CHECK_OK(chronolog_connect(NULL, NULL, &client));
        CHECK_OK(chronolog_acquire(client, "abi misuse", "abandoned", NULL, 0, 0, &story));
        for (int i = 0; i < RECORDERS; i++) {
            CHECK(pthread_create(&threads[i], NULL, record_until_refused, story) == 0);
        }
        CHECK_OK(chronolog_log(story, "x", 1, NULL));
        CHECK_OK(chronolog_abandon(client));
        for (int i = 0; i < RECORDERS; i++) {
            pthread_join(threads[i], NULL);
        }
    }
}

static void *fail_otherwise(void *argument)
{
    (void)argument;
    CHECK(strcmp(chronolog_last_error(), "") == 0); /* whatever other threads have met */
    CHECK_STATUS(CHRONOLOG_ERR_INVALID_ARG, chronolog_list_free(NULL));
    CHECK(strstr(chronolog_last_error(), "list") != NULL);
    return NULL;
}

static void messages_are_each_threads_own(void)
{
    pthread_t thread;
    char mine[256];
    CHECK_STATUS(CHRONOLOG_ERR_INVALID_ARG, chronolog_story_id(NULL, NULL));
    snprintf(mine, sizeof mine, "%s", chronolog_last_error());
    CHECK(pthread_create(&thread, NULL, fail_otherwise, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(strcmp(chronolog_last_error(), mine) == 0 && strlen(mine) > 10);
}

static void in_child(chronolog_client client, chronolog_story story, int how)
{
    pid_t child = fork();
    int status = 0;
    CHECK(child >= 0);
    if (child == 0) {
        chronolog_client other;
        refuse_client(client, CHRONOLOG_ERR_FORKED);
        refuse_story(story, CHRONOLOG_ERR_FORKED);
        refuse_story(NULL, CHRONOLOG_ERR_FORKED);
        refuse_replay(NULL, CHRONOLOG_ERR_FORKED);
        CHECK_STATUS(CHRONOLOG_ERR_FORKED, chronolog_list_free(NULL));
        CHECK_STATUS(CHRONOLOG_ERR_FORKED, chronolog_connect(NULL, NULL, &other));
        if (how == 0) {
            exit(0);
        }
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    chronolog_client client, second;
    chronolog_story story;
    before_connect();
    CHECK_OK(chronolog_connect(NULL, NULL, &client));
    refuse_garbage();
    CHECK_OK(chronolog_acquire(client, "abi misuse", "story", NULL, 0, CHRONOLOG_CREATE_CHRONICLE, &story));
    null_arguments(client, story);
    given_times(client, story);
    half_a_batch(story);
    directory(client);
    replays(client);
    release_under_recorders(client);
    abandon_under_recorders();
    messages_are_each_threads_own();
    in_child(client, story, 0);
    in_child(client, story, 1);
    CHECK_OK(chronolog_log(story, "after the forks", 15, NULL));
    CHECK_STATUS(CHRONOLOG_ERR_ACQUIRED, chronolog_disconnect(client));
    CHECK_OK(chronolog_log(story, "still held", 10, NULL));
    CHECK_OK(chronolog_release(story, CHRONOLOG_LEVEL_OF_CHRONICLE));
    CHECK_OK(chronolog_disconnect(client));
    refuse_client(client, CHRONOLOG_ERR_NO_CONNECTION);
    refuse_story(story, CHRONOLOG_ERR_NOT_ACQUIRED);
    CHECK_OK(chronolog_connect(NULL, NULL, &second));
    CHECK(second != client);
    CHECK_OK(chronolog_acquire(second, "abi misuse", "story", NULL, 0, 0, &story));
    CHECK_OK(chronolog_abandon(second));
    refuse_story(story, CHRONOLOG_ERR_NOT_ACQUIRED);
    refuse_client(second, CHRONOLOG_ERR_NO_CONNECTION);
    puts("ok");
    return 0;
}
