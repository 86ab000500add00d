/* Clients, chronicles and lists: every function is a call into the managed part. */
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "gateway.h"

static uint64_t number_of(const void *handle)
{
    return (uint64_t)(uintptr_t)handle;
}

static void forget(const struct handle_content *content)
{
    if (content->object != 0) {
        struct abi_call call = {.operation = ABI_FORGET, .object = content->object};
        gateway_run(&call);
    }
    free(content->memory);
}

static void take_options(struct abi_call *call, const chronolog_options *options)
{
    chronolog_options mine = CHRONOLOG_OPTIONS_INIT;
    if (options != NULL) {
        if (options->struct_bytes < sizeof options->struct_bytes || options->struct_bytes > 4096) {
            call_invalid(call, "the options' struct_bytes is not set: initialise them with CHRONOLOG_OPTIONS_INIT");
            return;
        }
        /* Of an older header: its fields are the first ones. Of a newer one: those that are known here. */
        memcpy(&mine, options, options->struct_bytes < sizeof mine ? options->struct_bytes : sizeof mine);
    }
    if (mine.program != NULL) {
        call_text(call, 1, mine.program, "the program's name");
    }
    call_attributes(call, mine.attributes, mine.attribute_count);
    if (mine.placement > CHRONOLOG_ROUND_ROBIN) {
        call_invalid(call, "the placement is none of chronolog_placement");
    }
    call->numbers[0] = mine.placement;
    call->numbers[1] = mine.ring_bytes;
    call->numbers[2] = mine.full_timeout_ms;
    call->numbers[3] = mine.failover_after_ms;
    call->numbers[4] = mine.call_timeout_ms;
    call->numbers[5] = mine.release_timeout_ms;
    call->numbers[6] = mine.page_bytes;
    call->numbers[7] = mine.replay_timeout_ms;
    call->numbers[8] = mine.connect_patience_ms;
}

int32_t chronolog_connect(const char *endpoint, const chronolog_options *options, chronolog_client *client)
{
    struct abi_call call = {.operation = ABI_CONNECT};
    if (endpoint == NULL) {
        endpoint = getenv("CHRONOLOG_ENDPOINT");
    }
    call_text(&call, 0, endpoint == NULL ? "tcp://127.0.0.1:5555" : endpoint, "the endpoint");
    take_options(&call, options);
    if (client == NULL) {
        call_invalid(&call, "there is no place for the client's handle");
    }
    int32_t status = gateway_run(&call);
    if (status != CHRONOLOG_OK) {
        return status;
    }
    struct handle_content content = {.object = call.results[0], .number = call.results[1]};
    uint64_t handle = handle_add(KIND_CLIENT, &content);
    if (handle == 0) {
        struct abi_call end = {.operation = ABI_ABANDON, .object = content.object};
        gateway_run(&end);
        return gateway_no_handle(content.object);
    }
    *client = (chronolog_client)(uintptr_t)handle;
    return CHRONOLOG_OK;
}

static int32_t end(chronolog_client client, enum abi_operation operation)
{
    struct abi_call call = {.operation = operation};
    int32_t status = gateway_run_on(&call, client, KIND_CLIENT);
    struct handle_content content;
    if (status != CHRONOLOG_OK) {
        return status;
    }
    if (!handle_remove(number_of(client), &content)) {
        return handle_refusal(number_of(client), KIND_CLIENT); /* another thread was faster */
    }
    handle_remove_children(number_of(client), forget);
    forget(&content);
    return CHRONOLOG_OK;
}

int32_t chronolog_disconnect(chronolog_client client)
{
    return end(client, ABI_DISCONNECT);
}

int32_t chronolog_abandon(chronolog_client client)
{
    return end(client, ABI_ABANDON);
}

int32_t chronolog_client_id(chronolog_client client, uint64_t *client_id)
{
    struct abi_call call = {.operation = ABI_STATISTICS};
    if (client_id == NULL) {
        call_invalid(&call, "there is no place for the id");
    }
    int32_t status = gateway_run_on(&call, client, KIND_CLIENT);
    if (status == CHRONOLOG_OK) {
        *client_id = call.results[3];
    }
    return status;
}

int32_t chronolog_now(chronolog_client client, uint64_t *tick, uint64_t *uncertainty_ns)
{
    struct abi_call call = {.operation = ABI_CLOCK};
    if (tick == NULL) {
        call_invalid(&call, "there is no place for the tick");
    }
    int32_t status = gateway_run_on(&call, client, KIND_CLIENT);
    if (status == CHRONOLOG_OK) {
        *tick = call.results[0];
        if (uncertainty_ns != NULL) {
            *uncertainty_ns = call.results[1];
        }
    }
    return status;
}

int32_t chronolog_client_statistics(chronolog_client client, chronolog_statistics *statistics)
{
    struct abi_call call = {.operation = ABI_STATISTICS};
    if (statistics == NULL || statistics->struct_bytes < sizeof statistics->struct_bytes
        || statistics->struct_bytes > 4096) {
        call_invalid(&call, "the statistics are NULL, or their struct_bytes is not set");
    }
    int32_t status = gateway_run_on(&call, client, KIND_CLIENT);
    if (status == CHRONOLOG_OK) {
        chronolog_statistics mine = {0};
        uint64_t bytes = statistics->struct_bytes < sizeof mine ? statistics->struct_bytes : sizeof mine;
        mine.struct_bytes = bytes;
        mine.events_recorded = call.results[0];
        mine.last_tick = call.results[1];
        mine.clock_uncertainty_ns = call.results[2];
        mine.stories_held = handle_count(KIND_STORY, number_of(client));
        mine.replays_open = handle_count(KIND_REPLAY, number_of(client));
        memcpy(statistics, &mine, bytes);
    }
    return status;
}

int32_t chronolog_create_chronicle(chronolog_client client, const char *chronicle,
                                   const chronolog_attribute *attributes, uint64_t count)
{
    struct abi_call call = {.operation = ABI_CREATE_CHRONICLE};
    call_text(&call, 0, chronicle, "the chronicle's name");
    call_attributes(&call, attributes, count);
    return gateway_run_on(&call, client, KIND_CLIENT);
}

int32_t chronolog_destroy_chronicle(chronolog_client client, const char *chronicle)
{
    struct abi_call call = {.operation = ABI_DESTROY_CHRONICLE};
    call_text(&call, 0, chronicle, "the chronicle's name");
    return gateway_run_on(&call, client, KIND_CLIENT);
}

int32_t chronolog_destroy_story(chronolog_client client, const char *chronicle, const char *story)
{
    struct abi_call call = {.operation = ABI_DESTROY_STORY};
    call_text(&call, 0, chronicle, "the chronicle's name");
    call_text(&call, 1, story, "the story's name");
    return gateway_run_on(&call, client, KIND_CLIENT);
}

int32_t chronolog_get_attribute(chronolog_client client, const char *chronicle, const char *key, char *value,
                                uint64_t capacity, uint64_t *length)
{
    struct abi_call call = {.operation = ABI_GET_ATTRIBUTE};
    call_text(&call, 0, chronicle, "the chronicle's name");
    call_text(&call, 1, key, "the key");
    if (value == NULL && capacity != 0) {
        call_invalid(&call, "there is no place for the value");
    }
    int32_t status = gateway_run_on(&call, client, KIND_CLIENT);
    if (status != CHRONOLOG_OK) {
        return status;
    }
    if (length != NULL) {
        *length = call.memory_bytes;
    }
    if (call.memory_bytes >= capacity) {
        status = failure(CHRONOLOG_ERR_LIMIT_EXCEEDED, "the value of '%s' has %llu bytes, the place for it %llu", key,
                         (unsigned long long)call.memory_bytes + 1, (unsigned long long)capacity);
    } else {
        memcpy(value, call.memory, call.memory_bytes);
        value[call.memory_bytes] = 0;
    }
    free(call.memory);
    return status;
}

int32_t chronolog_set_attribute(chronolog_client client, const char *chronicle, const char *key, const char *value)
{
    struct abi_call call = {.operation = ABI_SET_ATTRIBUTE};
    call_text(&call, 0, chronicle, "the chronicle's name");
    call_text(&call, 1, key, "the key");
    call_text(&call, 2, value, "the value");
    return gateway_run_on(&call, client, KIND_CLIENT);
}
