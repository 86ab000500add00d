/*
 * Leaving a ring for another one: its Keeper stays away, and what it had not consumed goes to another Keeper, with the
 * ticks and indexes that it has. A copy that the first Keeper takes all the same, when it comes back, is a retransmission.
 *
 * Protocol. Order of steps, each visible before the next:
 *  1. source.forward := target. Who asks where a copy is going to be (recorder_replicas.c) sees the target before any
 *     writer uses it instead of the source.
 *  2. every writer's set has the target in the place of the source.
 *  3. the source is closed: who finds that, reads its set again. Waiting producers are woken. The tail is final.
 *  4. the frames between `consumed` and the tail are appended to the target, one by one. One that is being written is
 *     waited for: its producer is a thread of this process.
 *  5. kept, moved_from, moved_end; then source.moved := 1, release; and who waits in the source is woken.
 *
 * The Keeper may come back at any moment and consume under the walk. It writes `consuming` before it zeroes: a frame was
 * read whole when `consuming` still lay at or before it after the copy was made. What it has taken is in its journal, and
 * is not moved: then `kept` says up to where that journal is needed.
 *
 * A move that fails (target full or closed, a producer that does not get on) is gone on with by the next call, or begun
 * again towards another target: what the first target has got is there twice then, and dropped once.
 *
 * A flush of a moved ring is one of its own `kept` and of `moved_end` in the target (recorder_flush.c); so the ring stays
 * mapped until its Keeper has said that it synced up to `kept`.
 */
#include <stdlib.h>
#include <time.h>

#include "recorder.h"

/* A producer stores a few KiB between mark and commit; it takes longer only when it has lost the processor. */
static const struct timespec PRODUCER_PAUSE = {0, 50000};

/* What was done to a copy of a frame before it was certain that it is whole. */
struct walk {
    chrono_ring *source;
    chrono_ring *target;
    uint64_t tail;
    uint64_t deadline_ns;
    uint8_t *copy;              /* header and record of one frame */
    uint64_t copy_bytes;
};

static int is_used(const struct ring_set *set, const chrono_ring *ring)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->rings[i] == ring) {
            return 1;
        }
    }
    return 0;
}

/* Step 2 for one writer. Under the lock. A target that the set has already takes no second place in it. */
static int switch_writer(chrono_story_writer *writer, const chrono_ring *source, chrono_ring *target)
{
    const struct ring_set *old = writer->set;
    if (!is_used(old, source)) {
        return CHRONO_OK;
    }
    struct ring_set *set = calloc(1, sizeof *set + old->count * sizeof set->rings[0]);
    if (set == NULL) {
        return CHRONO_E_NO_SPACE;
    }
    for (uint32_t i = 0; i < old->count; i++) {
        chrono_ring *ring = old->rings[i] == source ? target : old->rings[i];
        if (!is_used(set, ring)) {
            set->rings[set->count++] = ring;
        }
    }
    set->older = writer->set;
    store_release(&writer->set, set);
    return CHRONO_OK;
}

/* Steps 1 to 3. Under the lock. */
static int turn_away(chrono_recorder *recorder, chrono_ring *source, chrono_ring *target)
{
    if (source->forward != target) {
        source->move_position = load_acquire(&source->header->consumed);
        source->kept = source->move_position;
        source->moved_from = UINT64_MAX;
        source->moved_end = 0;
    }
    store_release(&source->forward, target);
    STEP(CHRONO_STEP_FORWARDED);
    for (chrono_story_writer *writer = recorder->writers; writer != NULL; writer = writer->next) {
        int status = switch_writer(writer, source, target);
        if (status != CHRONO_OK) {
            return status; /* the next call goes on */
        }
    }
    STEP(CHRONO_STEP_SWITCHED);
    chrono_ring_close(source);
    chrono_ring_wake(source);
    STEP(CHRONO_STEP_CLOSED);
    return CHRONO_OK;
}

/* Passes over what the Keeper has taken meanwhile; 1 when there was something. */
static int pass_consumed(struct walk *walk)
{
    uint64_t consuming = load_acquire(&walk->source->header->consuming);
    if (consuming <= walk->source->move_position) {
        return 0;
    }
    walk->source->move_position = consuming < walk->tail ? consuming : walk->tail;
    walk->source->kept = walk->source->move_position;
    return 1;
}

static int reserve_copy(struct walk *walk, uint32_t bytes)
{
    if (bytes > walk->copy_bytes) {
        uint8_t *more = realloc(walk->copy, bytes);
        if (more == NULL) {
            return CHRONO_E_NO_SPACE;
        }
        walk->copy = more;
        walk->copy_bytes = bytes;
    }
    return CHRONO_OK;
}

/* Appends the copy; the protocol of a producer, with given identity. */
static int append_copy(struct walk *walk, uint32_t length)
{
    uint32_t record = length - CHRONO_FRAME_HEADER_BYTES;
    struct claim claim = {NULL, NULL, 0, 0};
    if (record > walk->target->record_bytes_max) {
        return CHRONO_E_TOO_LONG;
    }
    int status = ring_try_claim(walk->target, frame_bytes(record), &claim);
    while (status == CHRONO_E_WOULD_BLOCK) {
        status = ring_await_room(walk->target, frame_bytes(record), walk->deadline_ns);
        status = status == CHRONO_OK ? ring_try_claim(walk->target, frame_bytes(record), &claim) : status;
    }
    if (status != CHRONO_OK) {
        return status;
    }
    ring_mark(&claim, length);
    memcpy(claim.frame + sizeof(int32_t), walk->copy + sizeof(int32_t), length - sizeof(int32_t));
    frame_commit(claim.frame, record);
    walk->source->moved_end = claim.end;
    STEP(CHRONO_STEP_APPENDED);
    return CHRONO_OK;
}

/* Step 4 for one committed frame of `length` bytes, its header included. */
static int move_frame(struct walk *walk, const uint8_t *frame, uint32_t length)
{
    chrono_ring *source = walk->source;
    uint32_t bytes = frame_bytes(length - CHRONO_FRAME_HEADER_BYTES);
    int status = reserve_copy(walk, bytes);
    if (status != CHRONO_OK) {
        return status;
    }
    STEP(CHRONO_STEP_FOUND);
    memcpy(walk->copy, frame, length);
    fence_acquire();
    STEP(CHRONO_STEP_COPIED);
    if (pass_consumed(walk)) {
        return CHRONO_OK;
    }
    status = append_copy(walk, length);
    if (status == CHRONO_OK) {
        source->moved_from = source->move_position < source->moved_from ? source->move_position : source->moved_from;
        source->move_position += bytes;
        source->events_moved++;
    }
    return status;
}

static int move_next(struct walk *walk)
{
    chrono_ring *source = walk->source;
    uint64_t offset = source->move_position & source->mask;
    uint64_t limit = walk->tail - source->move_position;
    uint8_t *frame = source->data + offset;
    int32_t length = load_acquire((int32_t *)frame);
    if (limit > source->capacity - offset) {
        limit = source->capacity - offset;
    }
    if (length <= 0) {
        if (chrono_monotonic_ns() >= walk->deadline_ns) {
            return CHRONO_E_TIMED_OUT;
        }
        nanosleep(&PRODUCER_PAUSE, NULL);
        return CHRONO_OK;
    }
    int is_padding = (length & CHRONO_PADDING) != 0;
    uint64_t bytes = is_padding ? (uint64_t)(length & ~CHRONO_PADDING) : ((uint64_t)length + 7) & ~UINT64_C(7);
    int is_plausible = bytes <= limit
        && (is_padding ? bytes == source->capacity - offset
                       : length >= (int32_t)CHRONO_FRAME_HEADER_BYTES
                             && (uint32_t)length - CHRONO_FRAME_HEADER_BYTES <= source->record_bytes_max);
    if (!is_plausible) {
        return pass_consumed(walk) ? CHRONO_OK : CHRONO_E_CORRUPT;
    }
    if (is_padding) {
        source->move_position += bytes;
        return CHRONO_OK;
    }
    return move_frame(walk, frame, (uint32_t)length);
}

static int move_all(chrono_ring *source, chrono_ring *target, uint64_t deadline_ns)
{
    struct walk walk = {source, target, load_acquire(&source->header->tail) & ~CHRONO_TAIL_CLOSED, deadline_ns, NULL, 0};
    int status = CHRONO_OK;
    /* The header is the Keeper's to write, too: a tail that cannot be is not followed. */
    if (walk.tail - source->move_position > source->capacity && !pass_consumed(&walk)) {
        return CHRONO_E_CORRUPT;
    }
    while (status == CHRONO_OK && source->move_position < walk.tail) {
        if (!pass_consumed(&walk)) {
            status = move_next(&walk);
        }
    }
    free(walk.copy);
    if (status == CHRONO_OK && source->moved_from == UINT64_MAX) {
        source->moved_from = walk.tail;
    }
    return status;
}

/* Which two rings; both are kept from being retired until the move has ended. */
static int begin(chrono_recorder *recorder, int from, int to, chrono_ring **source, chrono_ring **target)
{
    *source = ring_at(recorder, from);
    *target = ring_at(recorder, to);
    if (*source == NULL || *target == NULL || *source == *target || (*target)->forward != NULL) {
        return CHRONO_E_INVALID;
    }
    if ((*source)->moved != 0) {
        return CHRONO_OK;
    }
    if ((*source)->busy != 0) {
        return CHRONO_E_WOULD_BLOCK;
    }
    return turn_away(recorder, *source, *target);
}

int chrono_recorder_move_ring(chrono_recorder *recorder, int from, int to, uint64_t timeout_ns, uint64_t *events)
{
    chrono_ring *source = NULL, *target = NULL;
    int status = recorder == NULL ? CHRONO_E_INVALID : recorder_refusal(recorder);
    if (status != CHRONO_OK) {
        return status;
    }
    pthread_mutex_lock(&recorder->lock);
    status = begin(recorder, from, to, &source, &target);
    int is_done = status == CHRONO_OK && source->moved != 0;
    if (status == CHRONO_OK && !is_done) {
        source->busy++;
        target->busy++;
    }
    pthread_mutex_unlock(&recorder->lock);
    if (status == CHRONO_OK && !is_done) {
        status = move_all(source, target, deadline_after(timeout_ns));
        STEP(CHRONO_STEP_MOVED);
        pthread_mutex_lock(&recorder->lock);
        source->busy--;
        target->busy--;
        if (status == CHRONO_OK) {
            store_release(&source->moved, 1);
            chrono_ring_wake(source);
        }
        pthread_mutex_unlock(&recorder->lock);
    }
    if (events != NULL) {
        *events = source != NULL ? source->events_moved : 0;
    }
    return status;
}

int chrono_recorder_ring_silence(chrono_recorder *recorder, int slot, uint64_t *silence_ns)
{
    if (recorder == NULL || silence_ns == NULL) {
        return CHRONO_E_INVALID;
    }
    pthread_mutex_lock(&recorder->lock);
    chrono_ring *ring = ring_at(recorder, slot);
    int status = ring == NULL ? CHRONO_E_INVALID : CHRONO_OK;
    if (ring != NULL) {
        uint64_t beat = load_relaxed(&ring->header->heartbeat_ns);
        uint64_t now = chrono_monotonic_ns();
        *silence_ns = now > beat ? now - beat : 0;
        status = load_acquire(&ring->header->consumer_state) == CHRONO_RING_CLOSED ? CHRONO_E_FENCED : CHRONO_OK;
    }
    pthread_mutex_unlock(&recorder->lock);
    return status;
}
