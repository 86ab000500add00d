/* Stories: acquiring and releasing, and recording, which happens here and in libchrono_native and nowhere else. */
#include <stddef.h>

#include "chrono_ring.h"
#include "failure.h"
#include "gateway.h"

_Static_assert(sizeof(chronolog_record) == sizeof(chrono_span), "a record is a span");
_Static_assert(offsetof(chronolog_record, length) == offsetof(chrono_span, length), "a record is a span");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half of a length is a span's");
_Static_assert(CHRONOLOG_RECORD_BYTES_MAX == CHRONO_RECORD_BYTES_MAX, "one limit");

int32_t chronolog_acquire(chronolog_client client, const char *chronicle, const char *story,
                          const chronolog_attribute *attributes, uint64_t count, uint32_t flags,
                          chronolog_story *handle)
{
    struct abi_call call = {.operation = ABI_ACQUIRE};
    call_text(&call, 0, chronicle, "the chronicle's name");
    call_text(&call, 1, story, "the story's name");
    call_attributes(&call, attributes, count);
    call.numbers[0] = flags;
    if ((flags & ~CHRONOLOG_CREATE_CHRONICLE) != 0) {
        call_invalid(&call, "there are unknown flags");
    }
    if (handle == NULL) {
        call_invalid(&call, "there is no place for the story's handle");
    }
    int32_t status = gateway_run_on(&call, client, KIND_CLIENT);
    if (status != CHRONOLOG_OK) {
        return status;
    }
    struct handle_content content = {
        .object = call.results[0],
        .writer = (chrono_story_writer *)(uintptr_t)call.results[1],
        .number = call.results[2],
        .parent = (uint64_t)(uintptr_t)client,
    };
    uint64_t made = handle_add_child(KIND_STORY, &content);
    if (made == 0) {
        return gateway_no_handle(content.object);
    }
    *handle = (chronolog_story)(uintptr_t)made;
    return CHRONOLOG_OK;
}

int32_t chronolog_release(chronolog_story story, int32_t level)
{
    struct abi_call call = {.operation = ABI_RELEASE};
    call.numbers[0] = (uint64_t)(int64_t)level;
    if (level < CHRONOLOG_LEVEL_OF_CHRONICLE || level > CHRONOLOG_ARCHIVED) {
        call_invalid(&call, "the level is none of chronolog_level");
    }
    int32_t status = gateway_run_on(&call, story, KIND_STORY);
    struct handle_content content;
    if (status != CHRONOLOG_OK) {
        return status;
    }
    if (!handle_remove((uint64_t)(uintptr_t)story, &content)) {
        return handle_refusal((uint64_t)(uintptr_t)story, KIND_STORY);
    }
    struct abi_call forget = {.operation = ABI_FORGET, .object = content.object};
    return gateway_run(&forget);
}

/* The recorder's status as this interface has it. */
static __attribute__((noinline, cold)) int32_t explain(int status, uint64_t length)
{
    switch (status) {
    case CHRONO_E_FORKED:
        return gateway_refusal();
    case CHRONO_E_INVALID:
        return failure(CHRONOLOG_ERR_INVALID_ARG, "the record is NULL and its length is not 0");
    case CHRONO_E_CLOSED:
        return failure(CHRONOLOG_ERR_NOT_ACQUIRED, "the story was released, or its client disconnected");
    case CHRONO_E_NO_KEEPER:
        return failure(CHRONOLOG_ERR_NO_KEEPERS, "no keeper takes the event; see chronolog status");
    case CHRONO_E_TIMED_OUT:
        return failure(CHRONOLOG_ERR_TIMED_OUT,
                       "the ring stayed full: the keeper takes events too slowly, or not at all because its journal "
                       "is full and the grapher does not archive; see chronolog status and chronolog doctor");
    case CHRONO_E_TOO_LONG:
        return failure(CHRONOLOG_ERR_LIMIT_EXCEEDED,
                       "a record of %llu bytes is longer than the ring takes: connect with a larger ring_bytes",
                       (unsigned long long)length);
    case CHRONO_E_TOO_OLD:
        return failure(CHRONOLOG_ERR_LIMIT_EXCEEDED,
                       "the tick lies further back than the keepers take (late-bound); chronolog import takes it");
    case CHRONO_E_TOO_NEW:
        return failure(CHRONOLOG_ERR_LIMIT_EXCEEDED,
                       "the tick lies further ahead of now than the keepers take (future-bound)");
    case CHRONO_E_UNKNOWN:
        return failure(CHRONOLOG_ERR_UNKNOWN, "the event is with fewer keepers than the chronicle has replicas, or "
                                              "its keeper went away in this moment: stored at most once");
    case CHRONO_E_FENCED:
        return failure(CHRONOLOG_ERR_FENCED, "the keeper has closed the ring, and no other one takes the event");
    case CHRONO_E_CORRUPT:
        return failure(CHRONOLOG_ERR_CORRUPT, "the memory shared with the keeper is damaged: something else has written into "
                                              "it, and no other keeper takes the event");
    case CHRONO_E_NO_SPACE:
        return failure(CHRONOLOG_ERR_NO_SPACE, "memory is exhausted");
    default:
        return failure(CHRONOLOG_ERR_INTERNAL, "recording failed with status %d", status);
    }
}

static __attribute__((noinline, cold)) int32_t refuse(uint64_t handle)
{
    int32_t status = gateway_refusal();
    return status != CHRONOLOG_OK ? status : handle_refusal(handle, KIND_STORY);
}

int32_t chronolog_log(chronolog_story story, const void *bytes, uint64_t length, uint64_t *tick)
{
    uint64_t handle = (uint64_t)(uintptr_t)story;
    struct passage *mine = passage_mine();
    if (__builtin_expect(mine == NULL || length > CHRONO_RECORD_BYTES_MAX, 0)) {
        return mine == NULL ? failure(CHRONOLOG_ERR_NO_SPACE, "memory is exhausted") : explain(CHRONO_E_TOO_LONG, length);
    }
    uint64_t before = passage_enter(mine, handle);
    struct handle_slot *slot = handle_find(handle, KIND_STORY);
    if (__builtin_expect(slot == NULL, 0)) {
        passage_leave(mine, before);
        return refuse(handle);
    }
    int status = chrono_log(slot->writer, bytes, (uint32_t)length, tick, NULL);
    passage_leave(mine, before);
    return __builtin_expect(status == CHRONO_OK, 1) ? CHRONOLOG_OK : explain(status, length);
}

static int32_t try_log_at(chronolog_story story, uint64_t tick, const void *bytes, uint64_t length, int *undeclared)
{
    uint64_t handle = (uint64_t)(uintptr_t)story;
    struct passage *mine = passage_mine();
    if (mine == NULL || length > CHRONO_RECORD_BYTES_MAX) {
        return mine == NULL ? failure(CHRONOLOG_ERR_NO_SPACE, "memory is exhausted") : explain(CHRONO_E_TOO_LONG, length);
    }
    uint64_t before = passage_enter(mine, handle);
    struct handle_slot *slot = handle_find(handle, KIND_STORY);
    if (slot == NULL) {
        passage_leave(mine, before);
        return refuse(handle);
    }
    int status = chrono_log_at(slot->writer, tick, bytes, (uint32_t)length, NULL);
    passage_leave(mine, before);
    *undeclared = status == CHRONO_E_NOT_DECLARED;
    return status == CHRONO_OK ? CHRONOLOG_OK : explain(status, length);
}

int32_t chronolog_log_at(chronolog_story story, uint64_t tick, const void *bytes, uint64_t length)
{
    int undeclared = 0;
    int32_t status = try_log_at(story, tick, bytes, length, &undeclared);
    if (!undeclared) {
        return status;
    }
    struct abi_call call = {.operation = ABI_OWN_TIMES};
    status = gateway_run_on(&call, story, KIND_STORY);
    return status == CHRONOLOG_OK ? try_log_at(story, tick, bytes, length, &undeclared) : status;
}

/* How many records from the first on are no longer than a record may be. */
static uint64_t records_that_fit(const chronolog_record *records, uint64_t count)
{
    uint64_t fit = 0;
    while (fit < count && records[fit].length <= CHRONO_RECORD_BYTES_MAX) {
        fit++;
    }
    return fit;
}

static int log_records(chrono_story_writer *writer, const chronolog_record *records, uint64_t count, uint64_t *ticks,
                       uint64_t *logged)
{
    int status = CHRONO_OK;
    uint64_t done = 0;
    while (status == CHRONO_OK && done < count) {
        uint32_t part = count - done < 65536 ? (uint32_t)(count - done) : 65536;
        uint32_t taken = 0;
        status = chrono_log_batch(writer, (const chrono_span *)(const void *)(records + done), part,
                                  ticks == NULL ? NULL : ticks + done, NULL, &taken);
        done += taken;
    }
    *logged = done;
    return status;
}

int32_t chronolog_log_batch(chronolog_story story, const chronolog_record *records, uint64_t count, uint64_t *ticks,
                            uint64_t *logged)
{
    uint64_t handle = (uint64_t)(uintptr_t)story;
    uint64_t done = 0;
    if (logged != NULL) {
        *logged = 0;
    }
    if (records == NULL && count != 0) {
        return failure(CHRONOLOG_ERR_INVALID_ARG, "records are NULL and their count is not 0");
    }
    struct passage *mine = passage_mine();
    if (mine == NULL) {
        return failure(CHRONOLOG_ERR_NO_SPACE, "memory is exhausted");
    }
    uint64_t before = passage_enter(mine, handle);
    struct handle_slot *slot = handle_find(handle, KIND_STORY);
    if (slot == NULL) {
        passage_leave(mine, before);
        return refuse(handle);
    }
    uint64_t fit = records_that_fit(records, count);
    int status = log_records(slot->writer, records, fit, ticks, &done);
    passage_leave(mine, before);
    if (logged != NULL) {
        *logged = done;
    }
    status = status == CHRONO_OK && fit < count ? CHRONO_E_TOO_LONG : status;
    return status == CHRONO_OK ? CHRONOLOG_OK : explain(status, done < count ? records[done].length : 0);
}

/* Whether the level is reached now, without a call into the managed part. */
static int is_reached(chronolog_story story, int32_t level)
{
    uint64_t handle = (uint64_t)(uintptr_t)story;
    struct passage *mine = passage_mine();
    if (mine == NULL || level > CHRONOLOG_SYNCED || level < CHRONOLOG_ACCEPTED || gateway_refusal() != CHRONOLOG_OK) {
        return 0;
    }
    uint64_t before = passage_enter(mine, handle);
    struct handle_slot *slot = handle_find(handle, KIND_STORY);
    int reached = slot != NULL && chrono_flush(slot->writer, level, 0) == CHRONO_OK;
    passage_leave(mine, before);
    return reached;
}

int32_t chronolog_flush(chronolog_story story, int32_t level, uint64_t timeout_ms)
{
    if (is_reached(story, level)) {
        return CHRONOLOG_OK;
    }
    struct abi_call call = {.operation = ABI_FLUSH};
    call.numbers[0] = (uint64_t)(int64_t)level;
    call.numbers[1] = timeout_ms;
    if (level < CHRONOLOG_LEVEL_OF_CHRONICLE || level > CHRONOLOG_ARCHIVED) {
        call_invalid(&call, "the level is none of chronolog_level");
    }
    return gateway_run_on(&call, story, KIND_STORY);
}

int32_t chronolog_story_id(chronolog_story story, uint64_t *story_id)
{
    uint64_t handle = (uint64_t)(uintptr_t)story;
    struct passage *mine = passage_mine();
    if (story_id == NULL || mine == NULL) {
        return failure(CHRONOLOG_ERR_INVALID_ARG, "there is no place for the id");
    }
    uint64_t before = passage_enter(mine, handle);
    struct handle_slot *slot = handle_find(handle, KIND_STORY);
    int is_valid = slot != NULL && gateway_refusal() == CHRONOLOG_OK;
    if (is_valid) {
        *story_id = slot->number;
    }
    passage_leave(mine, before);
    return is_valid ? CHRONOLOG_OK : refuse(handle);
}
