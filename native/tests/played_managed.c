/*
 * A played managed part: clients with a real recorder and a ring that a thread consumes, stories that come and go, and
 * answers that are simple enough to be right. So the C of libchronolog runs under the sanitizers without a runtime.
 */
#include "../abi/managed.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "played_managed.h"
#include "recorder_fixture.h"

enum { CLIENTS = 32, STORIES = 64, FIRST_STORY = 1000, FIRST_REPLAY = 1000000 };

struct played_client {
    struct bench bench;
    pthread_t consumer;
    uint32_t ending;
    uint32_t is_open;
};

struct played_story {
    char name[64];
    chrono_story_writer *writer;
    uint64_t client;
    int is_held;
};

uint64_t played_calls; /* that have come here */

static managed_complete complete;
static struct played_client clients[CLIENTS];
static struct played_story stories[STORIES];
static uint64_t client_count, story_count, replay_count;

static void *consume(void *argument)
{
    static const struct timespec moment = {0, 50000};
    struct played_client *client = argument;
    while (load_acquire(&client->ending) == 0) {
        consume_all(&client->bench.consumers[0]);
        nanosleep(&moment, NULL);
    }
    consume_all(&client->bench.consumers[0]);
    return NULL;
}

static void refuse(struct abi_call *call, int32_t status, const char *why)
{
    call->status = status;
    snprintf(call->message, sizeof call->message, "played: %s", why);
}

static void give(struct abi_call *call, const void *bytes, uint64_t length)
{
    call->memory = malloc(length + 1);
    CHECK(call->memory != NULL);
    memcpy(call->memory, bytes, length);
    call->memory_bytes = length;
}

static void connect_client(struct abi_call *call)
{
    if (strstr(call->texts[0].bytes, "127.0.0.1:1") == call->texts[0].bytes + 6
        && call->texts[0].length == strlen("tcp://127.0.0.1:1")) {
        refuse(call, CHRONOLOG_ERR_NO_CONNECTION, call->texts[0].bytes);
        return;
    }
    CHECK(client_count < CLIENTS);
    struct played_client *client = &clients[client_count++];
    open_bench(&client->bench, 1, CHRONO_PLACE_FIRST);
    client->is_open = 1;
    CHECK(pthread_create(&client->consumer, NULL, consume, client) == 0);
    call->results[0] = client_count;
    call->results[1] = CLIENT;
}

static uint64_t held_by(uint64_t client)
{
    uint64_t held = 0;
    for (uint64_t i = 0; i < story_count; i++) {
        held += stories[i].is_held && stories[i].client == client;
    }
    return held;
}

static void acquire(struct abi_call *call)
{
    for (uint64_t i = 0; i < story_count; i++) {
        if (stories[i].is_held && stories[i].client == call->object && strcmp(stories[i].name, call->texts[1].bytes) == 0) {
            call->results[0] = FIRST_STORY + i;
            call->results[1] = (uint64_t)(uintptr_t)stories[i].writer;
            return;
        }
    }
    CHECK(story_count < STORIES);
    struct played_client *client = &clients[call->object - 1];
    struct played_story *story = &stories[story_count++];
    snprintf(story->name, sizeof story->name, "%s", call->texts[1].bytes);
    story->client = call->object;
    story->is_held = 1;
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_open(client->bench.recorder, 9, CHRONO_PLACE_FIRST, &story->writer));
    CHECK_EQUAL(CHRONO_OK, chrono_story_writer_set_rings(story->writer, client->bench.slots, 1));
    call->results[0] = FIRST_STORY + story_count - 1;
    call->results[1] = (uint64_t)(uintptr_t)story->writer;
    call->results[2] = 9;
}

static void release(struct abi_call *call)
{
    struct played_story *story = &stories[call->object - FIRST_STORY];
    if (!story->is_held) {
        refuse(call, CHRONOLOG_ERR_NOT_ACQUIRED, "not held");
        return;
    }
    story->is_held = 0;
    chrono_story_writer_close(story->writer);
}

static void end_client(struct abi_call *call)
{
    if (call->operation == ABI_DISCONNECT && held_by(call->object) != 0) {
        refuse(call, CHRONOLOG_ERR_ACQUIRED, "stories are held");
        return;
    }
    chrono_recorder_close(clients[call->object - 1].bench.recorder);
}

/* The memory goes: whoever is still in a call with it is found by the sanitizer. */
static void forget(const struct abi_call *call)
{
    if (call->object == 0 || call->object > client_count || !clients[call->object - 1].is_open) {
        return;
    }
    struct played_client *client = &clients[call->object - 1];
    store_release(&client->ending, 1);
    pthread_join(client->consumer, NULL);
    client->is_open = 0;
    close_bench(&client->bench);
}

static void list_names(struct abi_call *call)
{
    struct {
        uint64_t count;
        uint64_t offset;
        char text[8];
    } block = {1, 16, "story"};
    give(call, &block, sizeof block);
}

static void run(struct abi_call *call)
{
    switch ((enum abi_operation)call->operation) {
    case ABI_CONNECT: connect_client(call); break;
    case ABI_DISCONNECT:
    case ABI_ABANDON: end_client(call); break;
    case ABI_ACQUIRE: acquire(call); break;
    case ABI_RELEASE: release(call); break;
    case ABI_FORGET: forget(call); break;
    case ABI_OWN_TIMES: chrono_story_writer_allow_given(stories[call->object - FIRST_STORY].writer); break;
    case ABI_GET_ATTRIBUTE: give(call, "12345", 5); break;
    case ABI_LIST_ATTRIBUTES:
    case ABI_LIST_CHRONICLES:
    case ABI_LIST_STORIES: list_names(call); break;
    case ABI_REPLAY_OPEN:
    case ABI_PLAYBACK_OPEN: call->results[0] = FIRST_REPLAY + replay_count++; break;
    case ABI_REPLAY_GAP: refuse(call, CHRONOLOG_ERR_NOT_EXIST, "no gap"); break;
    default: break;
    }
}

int32_t managed_start(managed_complete done)
{
    complete = done;
    return CHRONOLOG_OK;
}

void managed_submit(struct abi_call *call)
{
    __atomic_add_fetch(&played_calls, 1, __ATOMIC_RELAXED);
    run(call);
    complete(call);
}
