/*
 * Replicas: one call puts an event into several Keepers' rings, with one tick and one index.
 *
 * The identity is taken with the first copy and never again: a second copy, in whatever ring, at whatever time, is a
 * retransmission, of which every later stage keeps one. Before the first copy all rings must have room, so that a call
 * that ends because of full rings has, as a rule, recorded nothing; when the room has gone in between, the second copy is
 * waited for, and then the outcome is CHRONO_E_UNKNOWN: the event is stored at most once, on fewer Keepers than asked for.
 *
 * A ring that is left for another one takes its copies along (recorder_move.c): what counts as "holds it already" is
 * where the copy is going to be, which `forward` says before any writer's set does.
 */
#include <stddef.h>

#include "recorder.h"

/* The longest wait for one ring before everything is looked at again. */
static const uint64_t TURN_NS = UINT64_C(20000000);

struct copies {
    chrono_ring *rings[CHRONO_REPLICAS_MAX];
    uint32_t count;
};

static const chrono_ring *whereabouts(const chrono_ring *ring)
{
    const chrono_ring *next = load_acquire(&ring->forward);
    while (next != NULL) {
        ring = next;
        next = load_acquire(&ring->forward);
    }
    return ring;
}

static int holds(const struct copies *copies, const chrono_ring *ring)
{
    for (uint32_t i = 0; i < copies->count; i++) {
        /* Of both: an older set may still have the ring that is being left. */
        if (whereabouts(copies->rings[i]) == whereabouts(ring)) {
            return 1;
        }
    }
    return 0;
}

/* The ring for the next copy; NULL: the set has not enough of them. */
static chrono_ring *next_ring(const struct ring_set *set, const struct copies *copies, uint32_t replicas)
{
    if (copies->count == 0 && set->count < replicas) {
        return NULL;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        if (!holds(copies, set->rings[i])) {
            return set->rings[i];
        }
    }
    return NULL;
}

/* Before the first copy: why one of the rings would refuse, and which; 0 when none would. */
static int look_ahead(const struct ring_set *set, uint32_t replicas, const struct entry *entry, chrono_ring **full)
{
    for (uint32_t i = 0; i < replicas; i++) {
        for (uint32_t j = 0; j < entry->count; j++) {
            if (entry->events[j].length > set->rings[i]->record_bytes_max) {
                return CHRONO_E_TOO_LONG;
            }
        }
        if (!ring_has_room(set->rings[i], entry->bytes)) {
            *full = set->rings[i];
            return CHRONO_E_WOULD_BLOCK;
        }
    }
    return CHRONO_OK;
}

/* One try for the next copy. */
static int put_copy(chrono_story_writer *writer, const struct ring_set *set, struct entry *entry,
                    struct copies *copies, chrono_ring **full)
{
    int status = load_relaxed(&writer->closed) != 0 ? CHRONO_E_CLOSED : recorder_refusal(writer->recorder);
    if (status != CHRONO_OK) {
        return status;
    }
    chrono_ring *ring = next_ring(set, copies, writer->replicas);
    if (ring == NULL) {
        return CHRONO_E_NO_KEEPER;
    }
    status = copies->count == 0 ? look_ahead(set, writer->replicas, entry, full) : CHRONO_OK;
    if (status != CHRONO_OK) {
        return status;
    }
    status = recorder_put(writer, ring, entry);
    if (status == CHRONO_OK) {
        copies->rings[copies->count++] = ring;
    } else if (status == CHRONO_E_WOULD_BLOCK) {
        *full = ring;
    }
    return status;
}

static int is_final(const chrono_story_writer *writer, int status)
{
    return status == CHRONO_E_TOO_LONG || load_relaxed(&writer->closed) != 0
        || recorder_refusal(writer->recorder) != CHRONO_OK;
}

/* Waits a little for room or for another set; what to end with, or 0. */
static int await_change(chrono_story_writer *writer, const struct ring_set *set, const struct entry *entry,
                        chrono_ring *full, int status, uint64_t deadline_ns)
{
    if (full == NULL) {
        return recorder_await_set(writer, set, deadline_ns) == CHRONO_OK ? CHRONO_OK : status;
    }
    uint64_t turn_ns = deadline_after(TURN_NS);
    int wait = ring_await_room(full, entry->bytes, turn_ns < deadline_ns ? turn_ns : deadline_ns);
    int is_over = turn_ns >= deadline_ns && (wait == CHRONO_E_TIMED_OUT || wait == CHRONO_E_NO_KEEPER);
    return is_over && load_acquire(&writer->set) == set ? wait : CHRONO_OK;
}

/* timeout_ns 0: only a try, unless the first copy is already there. */
int recorder_put_replicated(chrono_story_writer *writer, struct entry *entry, uint64_t timeout_ns)
{
    struct copies copies = {{NULL}, 0};
    uint64_t deadline_ns = 0;
    for (;;) {
        chrono_ring *full = NULL;
        const struct ring_set *set = load_acquire(&writer->set);
        int status = put_copy(writer, set, entry, &copies, &full);
        if (status == CHRONO_OK) {
            if (copies.count == writer->replicas) {
                return CHRONO_OK;
            }
            continue;
        }
        if (timeout_ns == 0 && !entry->taken) {
            return status;
        }
        if (deadline_ns == 0) {
            deadline_ns = deadline_after(timeout_ns != 0 ? timeout_ns : load_relaxed(&writer->full_timeout_ns));
        }
        if (!is_final(writer, status)) {
            status = await_change(writer, set, entry, full, status, deadline_ns);
        }
        if (status != CHRONO_OK) {
            return entry->taken ? CHRONO_E_UNKNOWN : status;
        }
    }
}
