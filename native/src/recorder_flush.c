/* Flush: comparing positions. The tails are those at the call; what is recorded meanwhile is not waited for. */
#include <stdlib.h>

#include "recorder.h"

/* A ring and how far it must get. */
struct target {
    chrono_ring *ring;
    uint64_t tail;
};

static uint64_t tail_of(const chrono_ring *ring)
{
    uint64_t tail = load_acquire(&ring->header->tail) & ~CHRONO_TAIL_CLOSED;
    /* Retired before or while the tail was read: where it stood was kept. */
    return load_acquire(&ring->retired) != 0 ? ring->final_tail : tail;
}

/* Whether a set of the writer had both rings: then each of their events has, or had, a copy in both. */
static int are_copies(chrono_recorder *recorder, const chrono_story_writer *writer, const chrono_ring *one,
                      const chrono_ring *other)
{
    int found = 0;
    pthread_mutex_lock(&recorder->lock);
    for (const struct ring_set *set = writer->set; set != NULL && !found; set = set->older) {
        int members = 0;
        for (uint32_t i = 0; i < set->count; i++) {
            members += set->rings[i] == one || set->rings[i] == other;
        }
        found = members == 2;
    }
    pthread_mutex_unlock(&recorder->lock);
    return found;
}

/* Whether the writer has ever written to the ring; NULL: any writer. Under the recorder's lock. */
static int uses(const chrono_story_writer *writer, const chrono_ring *ring)
{
    if (writer == NULL) {
        return 1;
    }
    for (const struct ring_set *set = writer->set; set != NULL; set = set->older) {
        for (uint32_t i = 0; i < set->count; i++) {
            if (set->rings[i] == ring) {
                return 1;
            }
        }
    }
    return 0;
}

static struct target *collect(chrono_recorder *recorder, const chrono_story_writer *writer, uint32_t *count)
{
    uint32_t rings = 0;
    *count = 0;
    pthread_mutex_lock(&recorder->lock);
    for (const chrono_ring *ring = recorder->rings; ring != NULL; ring = ring->next) {
        rings++;
    }
    struct target *targets = calloc(rings + 1, sizeof *targets);
    for (chrono_ring *ring = recorder->rings; ring != NULL && targets != NULL; ring = ring->next) {
        if (uses(writer, ring)) {
            targets[*count].ring = ring;
            targets[*count].tail = tail_of(ring);
            (*count)++;
        }
    }
    pthread_mutex_unlock(&recorder->lock);
    return targets;
}

/* Who waits, for which level, and how long. */
struct wait {
    chrono_recorder *recorder;
    const chrono_story_writer *writer;
    int level;
    uint64_t deadline_ns;
};

/*
 * One ring, and wherever its events have gone. What its Keeper had consumed before they went must reach the level in its
 * journal: "consumed" is in there already; "durable" only a Keeper that has come back can say. A copy that has gone to
 * where its twin is, is no second one: for `replicated` it counts when the first Keeper has it all, and only then.
 */
static int await_target(const struct wait *wait, struct target target)
{
    int durable = wait->level >= CHRONO_SYNCED;
    for (;;) {
        struct awaited awaited = {target.ring, durable, target.tail, wait->deadline_ns, &wait->recorder->closed};
        int status = ring_await_position(&awaited, 0);
        if (status != CHRONO_MOVED) {
            return status;
        }
        chrono_ring *ring = target.ring;
        uint64_t own = ring->kept < target.tail ? ring->kept : target.tail;
        if (wait->level == CHRONO_REPLICATED && target.tail > ring->moved_from
            && are_copies(wait->recorder, wait->writer, ring, ring->forward)) {
            own = target.tail;
        }
        if (durable) {
            awaited.position = own;
            status = ring_await_position(&awaited, 1);
        }
        if (durable && (status != CHRONO_OK || own == target.tail)) {
            return status;
        }
        if (target.tail <= ring->moved_from) {
            return CHRONO_OK;
        }
        target.ring = ring->forward;
        target.tail = ring->moved_end;
    }
}

static int flush(chrono_recorder *recorder, const chrono_story_writer *writer, int level, uint64_t timeout_ns)
{
    int highest = writer != NULL && writer->replicas > 1 ? CHRONO_REPLICATED : CHRONO_SYNCED;
    if (level < CHRONO_ACCEPTED || level > highest) {
        return CHRONO_E_INVALID;
    }
    if (recorder->fork_generation != load_relaxed(&chrono_fork_generation)) {
        return CHRONO_E_FORKED;
    }
    if (level == CHRONO_ACCEPTED) {
        return CHRONO_OK; /* what was recorded is in its ring */
    }
    uint32_t count = 0;
    struct target *targets = collect(recorder, writer, &count);
    if (targets == NULL) {
        return CHRONO_E_NO_SPACE;
    }
    struct wait wait = {recorder, writer, level, deadline_after(timeout_ns)};
    int status = CHRONO_OK;
    for (uint32_t i = 0; i < count; i++) {
        int one = await_target(&wait, targets[i]);
        status = status == CHRONO_OK ? one : status;
    }
    free(targets);
    return status;
}

int chrono_flush(chrono_story_writer *writer, int level, uint64_t timeout_ns)
{
    return writer == NULL ? CHRONO_E_INVALID : flush(writer->recorder, writer, level, timeout_ns);
}

int chrono_recorder_flush(chrono_recorder *recorder, int level, uint64_t timeout_ns)
{
    return recorder == NULL ? CHRONO_E_INVALID : flush(recorder, NULL, level, timeout_ns);
}
