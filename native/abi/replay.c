/* Replays and playbacks: cursors whose batches lie in the memory that the managed part pulled from the Player. */
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "gateway.h"

static int32_t open_cursor(struct abi_call *call, chronolog_client client, const char *chronicle, const char *story,
                           chronolog_replay *replay)
{
    call_text(call, 0, chronicle, "the chronicle's name");
    call_text(call, 1, story, "the story's name");
    if (replay == NULL) {
        call_invalid(call, "there is no place for the replay's handle");
    }
    int32_t status = gateway_run_on(call, client, KIND_CLIENT);
    if (status != CHRONOLOG_OK) {
        return status;
    }
    struct handle_content content = {.object = call->results[0], .parent = (uint64_t)(uintptr_t)client};
    uint64_t handle = handle_add_child(KIND_REPLAY, &content);
    if (handle == 0) {
        return gateway_no_handle(content.object);
    }
    *replay = (chronolog_replay)(uintptr_t)handle;
    return CHRONOLOG_OK;
}

int32_t chronolog_replay_open(chronolog_client client, const char *chronicle, const char *story, uint64_t start,
                              uint64_t end, uint64_t event_limit, chronolog_replay *replay)
{
    struct abi_call call = {.operation = ABI_REPLAY_OPEN, .numbers = {start, end, event_limit}};
    if (start > end) {
        call_invalid(&call, "the range starts after its end");
    }
    return open_cursor(&call, client, chronicle, story, replay);
}

int32_t chronolog_playback_open(chronolog_client client, const char *chronicle, const char *story, uint64_t from,
                                int32_t mode, chronolog_playback *playback)
{
    struct abi_call call = {.operation = ABI_PLAYBACK_OPEN, .numbers = {from, (uint64_t)mode}};
    if (mode != CHRONOLOG_ORDERED && mode != CHRONOLOG_IMMEDIATE) {
        call_invalid(&call, "the mode is none of chronolog_playback_mode");
    }
    return open_cursor(&call, client, chronicle, story, playback);
}

static const void *place(uint64_t address)
{
    return (const void *)(uintptr_t)address;
}

static int32_t next(chronolog_replay replay, uint64_t timeout_ms, chronolog_batch *batch, uint32_t *late)
{
    struct abi_call call = {.operation = ABI_REPLAY_NEXT, .numbers = {timeout_ms}};
    if (batch == NULL) {
        call_invalid(&call, "there is no place for the batch");
    } else {
        memset(batch, 0, sizeof *batch);
    }
    int32_t status = gateway_run_on(&call, replay, KIND_REPLAY);
    if (status == CHRONOLOG_OK) {
        batch->count = call.results[0];
        batch->ticks = place(call.results[1]);
        batch->client_ids = place(call.results[2]);
        batch->indexes = place(call.results[3]);
        batch->offsets = place(call.results[4]);
        batch->records = place(call.results[5]);
        batch->events = place(call.results[6]);
    }
    if (late != NULL) {
        *late = status == CHRONOLOG_OK && call.results[7] != 0;
    }
    return status;
}

int32_t chronolog_replay_next(chronolog_replay replay, uint64_t timeout_ms, chronolog_batch *batch)
{
    return next(replay, timeout_ms, batch, NULL);
}

int32_t chronolog_playback_next(chronolog_playback playback, uint64_t timeout_ms, chronolog_batch *batch, uint32_t *late)
{
    return next(playback, timeout_ms, batch, late);
}

int32_t chronolog_playback_run(chronolog_playback playback, chronolog_playback_callback callback, void *user)
{
    chronolog_batch batch;
    uint32_t late;
    int32_t status;
    if (callback == NULL) {
        return failure(CHRONOLOG_ERR_INVALID_ARG, "there is no function to call");
    }
    do {
        status = next(playback, CHRONOLOG_FOREVER, &batch, &late);
        if (status != CHRONOLOG_OK && status != CHRONOLOG_ERR_PARTIAL) {
            return status;
        }
    } while (callback(&batch, late, user) == 0);
    return CHRONOLOG_OK;
}

int32_t chronolog_replay_cancel(chronolog_replay replay)
{
    struct abi_call call = {.operation = ABI_REPLAY_CANCEL};
    return gateway_run_on(&call, replay, KIND_REPLAY);
}

int32_t chronolog_playback_cancel(chronolog_playback playback)
{
    return chronolog_replay_cancel(playback);
}

static int32_t state(chronolog_replay replay, int result, uint64_t *value)
{
    struct abi_call call = {.operation = ABI_REPLAY_STATE};
    if (value == NULL) {
        call_invalid(&call, "there is no place for the result");
    }
    int32_t status = gateway_run_on(&call, replay, KIND_REPLAY);
    if (status == CHRONOLOG_OK) {
        *value = call.results[result];
    }
    return status;
}

int32_t chronolog_replay_watermark(chronolog_replay replay, uint64_t *tick)
{
    return state(replay, 0, tick);
}

int32_t chronolog_replay_gap_count(chronolog_replay replay, uint64_t *count)
{
    return state(replay, 1, count);
}

int32_t chronolog_replay_gap(chronolog_replay replay, uint64_t index, chronolog_gap *gap)
{
    struct abi_call call = {.operation = ABI_REPLAY_GAP, .numbers = {index}};
    if (gap == NULL) {
        call_invalid(&call, "there is no place for the gap");
    }
    int32_t status = gateway_run_on(&call, replay, KIND_REPLAY);
    if (status == CHRONOLOG_OK) {
        uint64_t bytes = call.memory_bytes < sizeof gap->reason - 1 ? call.memory_bytes : sizeof gap->reason - 1;
        gap->start = call.results[0];
        gap->end = call.results[1];
        memcpy(gap->reason, call.memory, bytes);
        gap->reason[bytes] = 0;
        free(call.memory);
    }
    return status;
}

int32_t chronolog_replay_close(chronolog_replay replay)
{
    int32_t status = chronolog_replay_cancel(replay);
    struct handle_content content;
    if (status != CHRONOLOG_OK) {
        return status;
    }
    if (!handle_remove((uint64_t)(uintptr_t)replay, &content)) {
        return handle_refusal((uint64_t)(uintptr_t)replay, KIND_REPLAY);
    }
    struct abi_call call = {.operation = ABI_REPLAY_CLOSE, .object = content.object};
    return gateway_run(&call);
}

int32_t chronolog_playback_close(chronolog_playback playback)
{
    return chronolog_replay_close(playback);
}
