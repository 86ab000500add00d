/* The recorder's inside, shared by recorder.c (the hot path) and recorder_rings.c (rings that come and go). */
#ifndef CHRONO_RECORDER_INTERNAL_H
#define CHRONO_RECORDER_INTERNAL_H

#include <pthread.h>

#include "chrono_recorder.h"
#include "ring_producer.h"
#include "sequence.h"

/* What an event, or a part of a batch, still needs when a ring has room for it. */
struct entry {
    const chrono_span *events;
    uint32_t count;
    uint32_t bytes;             /* of all frames */
    int given;                  /* the tick is the caller's */
    uint64_t tick;              /* of the first event */
    uint32_t index;
    int taken;                  /* tick and index are final: whatever ring comes next gets the same ones */
    uint64_t end;               /* the ring's position behind it, once it is there */
};

/*
 * An immutable set of rings. A writer's set is replaced as a whole; old ones live as long as the recorder, because a
 * thread may still be in one, and a flush wants to know which rings the writer has used.
 */
struct ring_set {
    struct ring_set *older;
    uint32_t count;
    chrono_ring *rings[];
};

struct chrono_story_writer {
    /* read at every event */
    _Alignas(64) chrono_recorder *recorder;
    struct ring_set *set;
    uint64_t story_id;
    uint64_t full_timeout_ns;
    uint32_t placement;
    uint32_t closed;
    uint32_t replicas;          /* rings that get each event; constant once it is recorded into */
    uint32_t takes_given;       /* ticks of the caller's own; only ever set */
    /* written at every event of a round-robin writer */
    _Alignas(64) uint32_t turn;
    chrono_story_writer *next;
};

struct chrono_recorder {
    /* written at every event: a pair of cache lines of its own */
    _Alignas(128) struct sequence sequence;
    /* read at every event */
    _Alignas(128) const chrono_clock *clock;
    uint64_t client_id;
    uint32_t closed;
    uint32_t fork_generation;
    uint32_t expects_rings;     /* somebody replaces rings that are closed: wait for that */
    uint64_t late_bound_ns;     /* of given ticks; written seldom, by whoever opens rings */
    uint64_t future_bound_ns;
    /* under the lock */
    _Alignas(128) pthread_mutex_t lock;
    chrono_ring *slots[CHRONO_RECORDER_RINGS_MAX];
    chrono_ring *rings;         /* every ring it ever had: their memory outlives whoever may still look at them */
    chrono_story_writer *writers;
};

/* Counts forks, in the child: a recorder of another generation is the parent's. */
extern uint32_t chrono_fork_generation;

/* Why a writer refuses every call, or 0. */
static inline int recorder_refusal(const chrono_recorder *recorder)
{
    if (unlikely(load_relaxed(&recorder->closed) != 0)) {
        return CHRONO_E_CLOSED;
    }
    return unlikely(recorder->fork_generation != load_relaxed(&chrono_fork_generation)) ? CHRONO_E_FORKED : CHRONO_OK;
}

/* One ring's answer; see recorder.c. */
int recorder_put(chrono_story_writer *writer, chrono_ring *ring, struct entry *entry);

/* The whole call for a writer with replicas; see recorder_replicas.c. */
int recorder_put_replicated(chrono_story_writer *writer, struct entry *entry, uint64_t timeout_ns);

/* Sleeps for a moment, or until the writer's set is another one; the status to end with, or 0. */
int recorder_await_set(const chrono_story_writer *writer, const struct ring_set *set, uint64_t deadline_ns);

/* Gives a ring's memory back; see recorder_rings.c. Under the lock. */
void recorder_bury(chrono_recorder *recorder, int slot, uint64_t tail, uint64_t consumed);

/* The ring in a slot, or NULL. Under the lock. */
static inline chrono_ring *ring_at(chrono_recorder *recorder, int slot)
{
    return slot < 0 || slot >= CHRONO_RECORDER_RINGS_MAX ? NULL : recorder->slots[slot];
}

#endif
