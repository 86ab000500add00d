#include "handles.h"

#include <pthread.h>
#include <stdlib.h>

#include "chronolog.h"
#include "failure.h"

enum { PART_SLOTS = 1 << HANDLE_PART_BITS, PLACES = 1 << HANDLE_PLACE_BITS, NAMED_BUCKETS = 4096 };

struct handle_slot *handle_parts[HANDLE_PARTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t free_places;            /* place + 1 of the first free one; 0: none */
static uint32_t places;                 /* that were ever used */
static uint32_t named[NAMED_BUCKETS];   /* stories by their object: acquiring again finds the first handle */

static struct handle_slot *at(uint32_t place)
{
    return handle_parts[place >> HANDLE_PART_BITS] + (place & (PART_SLOTS - 1));
}

static uint32_t place_of(uint64_t handle)
{
    return ((uint32_t)handle & (PLACES - 1)) - 1;
}

static uint32_t *bucket_of(uint64_t object)
{
    return &named[object % NAMED_BUCKETS];
}

/* place + 1, or 0: full. */
static uint32_t take_place(void)
{
    if (free_places != 0) {
        uint32_t taken = free_places;
        free_places = at(taken - 1)->next_free;
        return taken;
    }
    if (places == PLACES - 1) {
        return 0;
    }
    if ((places & (PART_SLOTS - 1)) == 0) {
        struct handle_slot *part = calloc(PART_SLOTS, sizeof *part);
        if (part == NULL) {
            return 0;
        }
        store_release(&handle_parts[places >> HANDLE_PART_BITS], part);
    }
    return ++places;
}

static uint64_t named_handle(uint64_t object)
{
    for (uint32_t place = *bucket_of(object); place != 0; place = at(place - 1)->next_named) {
        if (at(place - 1)->object == object) {
            return at(place - 1)->handle;
        }
    }
    return 0;
}

static uint64_t add(enum handle_kind kind, const struct handle_content *content)
{
    uint64_t before = kind == KIND_STORY ? named_handle(content->object) : 0;
    uint32_t place = before != 0 ? 0 : take_place();
    if (place == 0) {
        return before;
    }
    struct handle_slot *slot = at(place - 1);
    slot->writer = content->writer;
    slot->object = content->object;
    slot->parent = content->parent;
    slot->memory = content->memory;
    slot->number = content->number;
    slot->generation++;
    if (kind == KIND_STORY) {
        slot->next_named = *bucket_of(content->object);
        *bucket_of(content->object) = place;
    }
    uint64_t handle = slot->generation << 24 | (uint64_t)kind << HANDLE_PLACE_BITS | place;
    store_release(&slot->handle, handle);
    return handle;
}

uint64_t handle_add(enum handle_kind kind, const struct handle_content *content)
{
    pthread_mutex_lock(&lock);
    uint64_t handle = add(kind, content);
    pthread_mutex_unlock(&lock);
    return handle;
}

uint64_t handle_add_child(enum handle_kind kind, const struct handle_content *content)
{
    struct handle_content removed;
    uint64_t handle = handle_add(kind, content);
    /* Who closes the client makes its handle invalid first, and then removes the children that are there. */
    if (handle != 0 && handle_find(content->parent, KIND_CLIENT) == NULL) {
        handle_remove(handle, &removed);
        return 0;
    }
    return handle;
}

static void unname(const struct handle_slot *slot, uint32_t place)
{
    for (uint32_t *link = bucket_of(slot->object); *link != 0; link = &at(*link - 1)->next_named) {
        if (*link == place) {
            *link = slot->next_named;
            return;
        }
    }
}

int handle_remove(uint64_t handle, struct handle_content *content)
{
    enum handle_kind kind = (enum handle_kind)((handle >> HANDLE_PLACE_BITS) & 15);
    pthread_mutex_lock(&lock);
    struct handle_slot *slot = handle == 0 ? NULL : handle_find(handle, kind);
    if (slot != NULL) {
        store_release(&slot->handle, UINT64_C(0));
        if (kind == KIND_STORY) {
            unname(slot, place_of(handle) + 1);
        }
    }
    pthread_mutex_unlock(&lock);
    if (slot == NULL) {
        return 0;
    }
    passage_await(handle);
    content->writer = slot->writer;
    content->object = slot->object;
    content->parent = slot->parent;
    content->memory = slot->memory;
    content->number = slot->number;
    pthread_mutex_lock(&lock);
    slot->next_free = free_places;
    free_places = place_of(handle) + 1;
    pthread_mutex_unlock(&lock);
    return 1;
}

static uint64_t next_child(uint64_t parent, uint32_t *place)
{
    uint64_t found = 0;
    pthread_mutex_lock(&lock);
    for (; *place < places && found == 0; (*place)++) {
        const struct handle_slot *slot = at(*place);
        found = slot->handle != 0 && slot->parent == parent ? slot->handle : 0;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void handle_remove_children(uint64_t parent, void (*removed)(const struct handle_content *content))
{
    uint32_t place = 0;
    uint64_t child;
    while ((child = next_child(parent, &place)) != 0) {
        struct handle_content content;
        if (handle_remove(child, &content)) {
            removed(&content);
        }
    }
}

uint64_t handle_count(enum handle_kind kind, uint64_t parent)
{
    uint64_t count = 0;
    pthread_mutex_lock(&lock);
    for (uint32_t place = 0; place < places; place++) {
        const struct handle_slot *slot = at(place);
        count += slot->handle != 0 && slot->parent == parent && ((slot->handle >> HANDLE_PLACE_BITS) & 15) == kind;
    }
    pthread_mutex_unlock(&lock);
    return count;
}

int32_t handle_refusal(uint64_t handle, enum handle_kind kind)
{
    static const char *const kinds[] = {"", "client", "story", "replay", "list"};
    static const char *const makers[] = {"", "chronolog_connect", "chronolog_acquire", "chronolog_replay_open",
                                         "a function that lists"};
    if (handle == 0) {
        return failure(CHRONOLOG_ERR_INVALID_ARG, "the %s handle is NULL: get one from %s first", kinds[kind],
                       makers[kind]);
    }
    if (((handle >> HANDLE_PLACE_BITS) & 15) != (uint64_t)kind) {
        return failure(CHRONOLOG_ERR_INVALID_ARG, "%#llx is no %s handle", (unsigned long long)handle, kinds[kind]);
    }
    switch (kind) {
    case KIND_CLIENT:
        return failure(CHRONOLOG_ERR_NO_CONNECTION, "the client was disconnected: connect again");
    case KIND_STORY:
        return failure(CHRONOLOG_ERR_NOT_ACQUIRED, "the story was released, or its client disconnected: acquire it again");
    default:
        return failure(CHRONOLOG_ERR_INVALID_ARG, "the %s was closed", kinds[kind]);
    }
}
