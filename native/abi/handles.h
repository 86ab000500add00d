/*
 * The table of handles. A handle is a number in a pointer's clothes, never followed:
 *
 *   63            24 23  20 19        0
 *   +---------------+------+-----------+
 *   | generation    | kind | place + 1 |
 *   +---------------+------+-----------+
 *
 * A place's generation grows with every handle that it gets, so that a closed handle is told from its successor. Reading
 * takes no lock (see passage.h); adding and removing do.
 */
#ifndef CHRONOLOG_HANDLES_H
#define CHRONOLOG_HANDLES_H

#include <stdint.h>

#include "chrono_recorder.h"
#include "passage.h"

enum handle_kind { KIND_CLIENT = 1, KIND_STORY = 2, KIND_REPLAY = 3, KIND_LIST = 4 };

/* Handles at once: a million, in parts that are made when they are needed. */
enum { HANDLE_PLACE_BITS = 20, HANDLE_PART_BITS = 10, HANDLE_PARTS = 1 << (HANDLE_PLACE_BITS - HANDLE_PART_BITS) };

struct handle_slot {
    uint64_t handle;                /* 0: free. Everything below is constant while it is not */
    chrono_story_writer *writer;    /* of a story */
    uint64_t object;                /* the managed twin; 0: none */
    uint64_t parent;                /* the client's handle */
    void *memory;                   /* of a list, freed with it */
    uint64_t number;                /* story id, or client id */
    uint64_t generation;            /* of its last handle */
    uint32_t next_free;
    uint32_t next_named;            /* place + 1 of the next one with the same hash of its object */
};

extern struct handle_slot *handle_parts[HANDLE_PARTS];

/* What a handle is to name. */
struct handle_content {
    chrono_story_writer *writer;
    uint64_t object;
    uint64_t parent;
    void *memory;
    uint64_t number;
};

/* A new handle; 0: no room. For a story whose object has a handle already, that one. */
uint64_t handle_add(enum handle_kind kind, const struct handle_content *content);

/*
 * The same for a child of the client that its content names; 0 also when the client was closed meanwhile: then nobody
 * else would ever remove the child.
 */
uint64_t handle_add_child(enum handle_kind kind, const struct handle_content *content);

/*
 * Makes the handle invalid and waits until nobody uses it; `content` gets what it named. 0: it was not valid any more.
 * Not from within a passage with it.
 */
int handle_remove(uint64_t handle, struct handle_content *content);

/* Removes every handle whose parent is the given one. */
void handle_remove_children(uint64_t parent, void (*removed)(const struct handle_content *content));

/* Number of handles of a kind with this parent. */
uint64_t handle_count(enum handle_kind kind, uint64_t parent);

/* Why the handle is refused: the status, with the thread's message set. */
int32_t handle_refusal(uint64_t handle, enum handle_kind kind);

/* The slot while the caller is in a passage with the handle; NULL: not valid. */
static inline struct handle_slot *handle_find(uint64_t handle, enum handle_kind kind)
{
    uint32_t place = ((uint32_t)handle & ((1u << HANDLE_PLACE_BITS) - 1)) - 1;
    if (__builtin_expect(((handle >> HANDLE_PLACE_BITS) & 15) != (uint64_t)kind || place >= 1u << HANDLE_PLACE_BITS, 0)) {
        return 0;
    }
    struct handle_slot *part = load_acquire(&handle_parts[place >> HANDLE_PART_BITS]);
    if (__builtin_expect(part == 0, 0)) {
        return 0;
    }
    struct handle_slot *slot = part + (place & ((1u << HANDLE_PART_BITS) - 1));
    return __builtin_expect(load_acquire(&slot->handle) == handle, 1) ? slot : 0;
}

#endif
