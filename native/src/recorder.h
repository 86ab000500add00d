/* The recorder's inside, shared by recorder.c (the hot path) and recorder_rings.c (rings that come and go). */
#ifndef CHRONO_RECORDER_INTERNAL_H
#define CHRONO_RECORDER_INTERNAL_H

#include <pthread.h>

#include "chrono_recorder.h"
#include "ring_producer.h"
#include "sequence.h"

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

#endif
