/* Lists of names: one block of memory each, that came from the managed part: count, then the texts with their zeros. */
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "gateway.h"

/* What is at the beginning of a list's memory; count + 1 offsets into the whole follow, then the texts. */
struct list_head {
    uint64_t count;
    uint64_t offsets[];
};

static int32_t list(struct abi_call *call, chronolog_client client, chronolog_list *list)
{
    if (list == NULL) {
        call_invalid(call, "there is no place for the list's handle");
    }
    int32_t status = gateway_run_on(call, client, KIND_CLIENT);
    if (status != CHRONOLOG_OK) {
        return status;
    }
    struct handle_content content = {.memory = call->memory, .parent = 0};
    uint64_t handle = handle_add(KIND_LIST, &content);
    if (handle == 0) {
        free(call->memory);
        return failure(CHRONOLOG_ERR_LIMIT_EXCEEDED, "too many handles are open");
    }
    *list = (chronolog_list)(uintptr_t)handle;
    return CHRONOLOG_OK;
}

int32_t chronolog_list_attributes(chronolog_client client, const char *chronicle, chronolog_list *result)
{
    struct abi_call call = {.operation = ABI_LIST_ATTRIBUTES};
    call_text(&call, 0, chronicle, "the chronicle's name");
    return list(&call, client, result);
}

int32_t chronolog_list_chronicles(chronolog_client client, chronolog_list *result)
{
    struct abi_call call = {.operation = ABI_LIST_CHRONICLES};
    return list(&call, client, result);
}

int32_t chronolog_list_stories(chronolog_client client, const char *chronicle, chronolog_list *result)
{
    struct abi_call call = {.operation = ABI_LIST_STORIES};
    call_text(&call, 0, chronicle, "the chronicle's name");
    return list(&call, client, result);
}

/* The memory lives until the list is freed, which by its contract nobody does while it is read. */
static const struct list_head *head_of(chronolog_list list)
{
    uint64_t handle = (uint64_t)(uintptr_t)list;
    struct passage *mine = passage_mine();
    if (mine == NULL) {
        return NULL;
    }
    uint64_t before = passage_enter(mine, handle);
    const struct handle_slot *slot = handle_find(handle, KIND_LIST);
    const struct list_head *head = slot == NULL ? NULL : slot->memory;
    passage_leave(mine, before);
    return head;
}

uint64_t chronolog_list_count(chronolog_list list)
{
    const struct list_head *head = head_of(list);
    return head == NULL ? 0 : head->count;
}

const char *chronolog_list_at(chronolog_list list, uint64_t index)
{
    const struct list_head *head = head_of(list);
    return head == NULL || index >= head->count ? NULL : (const char *)head + head->offsets[index];
}

int32_t chronolog_list_free(chronolog_list list)
{
    uint64_t handle = (uint64_t)(uintptr_t)list;
    struct handle_content content;
    int32_t status = gateway_refusal();
    if (status != CHRONOLOG_OK) {
        return status;
    }
    if (((handle >> HANDLE_PLACE_BITS) & 15) != KIND_LIST || !handle_remove(handle, &content)) {
        return handle_refusal(handle, KIND_LIST);
    }
    free(content.memory);
    return CHRONOLOG_OK;
}
