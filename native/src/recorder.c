/* Recording: the hot path, its waiting twin, batches, and flush. The protocol of the ring stands in chrono_ring.h. */
#include <stddef.h>
#include <time.h>

#include "recorder.h"

static inline uint32_t longest(const chrono_ring *ring)
{
    return ring->record_bytes_max;
}

static inline void take(chrono_recorder *recorder, struct entry *entry)
{
    if (unlikely(entry->taken)) {
        return; /* a further copy, or another try: never a second identity */
    }
    uint64_t now = entry->given ? 0 : chrono_clock_now(recorder->clock);
    sequence_take(&recorder->sequence, now, entry->count, entry->given, &entry->tick, &entry->index);
    entry->taken = 1;
}

/* One frame: everything in one place, because this is what an event costs. */
static inline int put_one(chrono_story_writer *writer, chrono_ring *ring, struct entry *entry)
{
    struct claim claim = {NULL, NULL, 0, 0};
    uint32_t length = entry->events->length;
    if (unlikely(length > longest(ring))) {
        return CHRONO_E_TOO_LONG;
    }
    int status = ring_try_claim(ring, frame_bytes(length), &claim);
    if (unlikely(status != CHRONO_OK)) {
        return status;
    }
    ring_mark(&claim, CHRONO_FRAME_HEADER_BYTES + length);
    take(writer->recorder, entry);
    frame_fill(claim.frame, writer->story_id, entry->tick, entry->index, entry->events->record, length);
    frame_commit(claim.frame, length);
    entry->end = claim.end;
    return CHRONO_OK;
}

/* Several frames in one reservation: the first is committed last, so that all appear at once. */
static int put_many(chrono_story_writer *writer, chrono_ring *ring, struct entry *entry)
{
    struct claim claim = {NULL, NULL, 0, 0};
    int status = ring_try_claim(ring, entry->bytes, &claim);
    if (status != CHRONO_OK) {
        return status;
    }
    ring_mark(&claim, entry->bytes);
    take(writer->recorder, entry);
    uint8_t *frame = claim.frame + frame_bytes(entry->events[0].length);
    for (uint32_t i = 1; i < entry->count; i++) {
        uint32_t length = entry->events[i].length;
        frame_fill(frame, writer->story_id, entry->tick + (entry->given ? 0 : i), entry->index + i,
                   entry->events[i].record, length);
        frame_commit(frame, length);
        frame += frame_bytes(length);
    }
    frame_fill(claim.frame, writer->story_id, entry->tick, entry->index, entry->events[0].record,
               entry->events[0].length);
    frame_commit(claim.frame, entry->events[0].length);
    entry->end = claim.end;
    return CHRONO_OK;
}

static inline int put(chrono_story_writer *writer, chrono_ring *ring, struct entry *entry)
{
    int status = entry->count == 1 ? put_one(writer, ring, entry) : put_many(writer, ring, entry);
    /*
     * Retired meanwhile. What the Keeper had consumed by then is recorded: it consumes only what is committed. What lies
     * behind that went to an abandoned ring, or to the tombstone. A closed ring that is retired has no Keeper.
     */
    if (unlikely(load_acquire(&ring->retired) != 0)) {
        if (status == CHRONO_OK) {
            return entry->end <= ring->final_consumed ? CHRONO_OK : CHRONO_E_NO_KEEPER;
        }
        return status == CHRONO_E_CLOSED ? CHRONO_E_NO_KEEPER : status;
    }
    return status;
}

int recorder_put(chrono_story_writer *writer, chrono_ring *ring, struct entry *entry)
{
    return put(writer, ring, entry);
}

/* Another ring may be tried: this one takes nothing now, or ever. */
static inline int is_passed_over(int status)
{
    return status == CHRONO_E_WOULD_BLOCK || status == CHRONO_E_FENCED || status == CHRONO_E_CLOSED
        || status == CHRONO_E_CORRUPT || status == CHRONO_E_NO_KEEPER;
}

/*
 * The other rings of the set after the first choice has refused with `status`. *full is a ring that has no room now, if
 * any. With local-first, a full ring is waited for: it is the near one; a closed one is passed over.
 */
static __attribute__((noinline)) int put_elsewhere(chrono_story_writer *writer, const struct ring_set *set,
                                                   uint32_t first, struct entry *entry, int status, chrono_ring **full)
{
    int first_refusal = status;
    for (uint32_t i = 0; i < set->count; i++) {
        chrono_ring *ring = set->rings[(first + i) % set->count];
        if (i != 0) {
            status = put(writer, ring, entry);
            if (!is_passed_over(status)) {
                return status;
            }
        }
        if (status == CHRONO_E_WOULD_BLOCK) {
            *full = *full == NULL ? ring : *full;
            if (writer->placement == CHRONO_PLACE_FIRST) {
                break;
            }
        }
    }
    return *full != NULL ? CHRONO_E_WOULD_BLOCK : first_refusal;
}

/*
 * Whether the set was replaced since it was read. A ring that is left for another one is closed after the writers' sets
 * were replaced: so who finds it closed finds the new set as well.
 */
static __attribute__((noinline)) int is_replaced(const chrono_story_writer *writer, const struct ring_set *set)
{
    fence_acquire();
    return load_acquire(&writer->set) != set;
}

static inline int try_put(chrono_story_writer *writer, struct entry *entry, chrono_ring **full)
{
    for (;;) {
        if (unlikely(load_relaxed(&writer->closed) != 0)) {
            return CHRONO_E_CLOSED;
        }
        int status = recorder_refusal(writer->recorder);
        if (unlikely(status != CHRONO_OK)) {
            return status;
        }
        const struct ring_set *set = load_acquire(&writer->set);
        if (unlikely(set->count == 0)) {
            return CHRONO_E_NO_KEEPER;
        }
        uint32_t first = 0;
        if (writer->placement == CHRONO_PLACE_ROUND_ROBIN && set->count > 1) {
            first = __atomic_fetch_add(&writer->turn, 1, __ATOMIC_RELAXED) % set->count;
        }
        status = put(writer, set->rings[first], entry);
        if (unlikely(is_passed_over(status))) {
            status = put_elsewhere(writer, set, first, entry, status, full);
            if (is_passed_over(status) && is_replaced(writer, set)) {
                *full = NULL;
                continue;
            }
        }
        return status;
    }
}

/* A moment: long enough to cost nothing, short enough not to be noticed after the seconds that a failover takes. */
enum { SET_POLL_NS = 2000000 };

int recorder_await_set(const chrono_story_writer *writer, const struct ring_set *set, uint64_t deadline_ns)
{
    if (is_replaced(writer, set)) {
        return CHRONO_OK;
    }
    if (chrono_monotonic_ns() >= deadline_ns) {
        return CHRONO_E_TIMED_OUT;
    }
    struct timespec moment = {0, SET_POLL_NS};
    nanosleep(&moment, NULL);
    return CHRONO_OK;
}

/* With several rings, the longest wait for one of them before the others are tried again: it may be a dead Keeper's. */
static const uint64_t TURN_NS = UINT64_C(20000000);

static inline int is_closed(int status)
{
    return status == CHRONO_E_FENCED || status == CHRONO_E_CLOSED || status == CHRONO_E_NO_KEEPER
        || status == CHRONO_E_CORRUPT;
}

/* Room, or another ring, may come. */
static int is_worth_waiting(const chrono_story_writer *writer, int status)
{
    return status == CHRONO_E_WOULD_BLOCK
        || (is_closed(status) && load_relaxed(&writer->recorder->expects_rings) != 0
            && load_relaxed(&writer->closed) == 0 && recorder_refusal(writer->recorder) == CHRONO_OK);
}

/*
 * The cold twin: waits, bounded, in a full ring, or for a ring instead of those that are closed. A dead Keeper's full
 * ring is reported as such, not as a timeout.
 */
static __attribute__((noinline)) int put_waiting(chrono_story_writer *writer, struct entry *entry, chrono_ring *full,
                                                 int status)
{
    uint64_t deadline_ns = deadline_after(load_relaxed(&writer->full_timeout_ns));
    for (;;) {
        const struct ring_set *set = load_acquire(&writer->set);
        if (full != NULL) {
            uint64_t turn_ns = set->count > 1 ? deadline_after(TURN_NS) : deadline_ns;
            int is_turn = turn_ns < deadline_ns;
            int wait = ring_await_room(full, entry->bytes, is_turn ? turn_ns : deadline_ns);
            if ((wait == CHRONO_E_TIMED_OUT || wait == CHRONO_E_NO_KEEPER) && !is_turn && !is_replaced(writer, set)) {
                return wait;
            }
        } else if (recorder_await_set(writer, set, deadline_ns) != CHRONO_OK) {
            return status;
        }
        full = NULL;
        status = try_put(writer, entry, &full);
        if (!is_worth_waiting(writer, status)) {
            return status;
        }
    }
}

static inline int log_entry(chrono_story_writer *writer, struct entry *entry)
{
    if (unlikely(writer->replicas > 1)) {
        return recorder_put_replicated(writer, entry, load_relaxed(&writer->full_timeout_ns));
    }
    chrono_ring *full = NULL;
    int status = try_put(writer, entry, &full);
    if (likely(status == CHRONO_OK)) {
        return CHRONO_OK;
    }
    if (is_worth_waiting(writer, status)) {
        status = put_waiting(writer, entry, full, status);
    }
    /* Closing a recorder ends with its Keepers closing their rings: who was in a call then learns the reason, not that. */
    if (is_closed(status) && recorder_refusal(writer->recorder) != CHRONO_OK) {
        status = recorder_refusal(writer->recorder);
    }
    /* Written into a ring that was abandoned meanwhile, and into no other one after that. */
    return status != CHRONO_OK && entry->taken ? CHRONO_E_UNKNOWN : status;
}

static inline int is_record(const void *record, uint32_t length)
{
    return (record != NULL || length == 0) && length <= CHRONO_RECORD_BYTES_MAX;
}

static inline int refuse_record(const void *record, uint32_t length)
{
    return record == NULL && length != 0 ? CHRONO_E_INVALID : CHRONO_E_TOO_LONG;
}

static inline void tell(const struct entry *entry, uint64_t *tick, uint32_t *index)
{
    if (tick != NULL) {
        *tick = entry->tick;
    }
    if (index != NULL) {
        *index = entry->index;
    }
}

int chrono_log(chrono_story_writer *writer, const void *record, uint32_t length, uint64_t *tick, uint32_t *index)
{
    if (unlikely(writer == NULL)) {
        return CHRONO_E_INVALID;
    }
    if (unlikely(!is_record(record, length))) {
        return refuse_record(record, length);
    }
    chrono_span event = {record, length, 0};
    struct entry entry = {&event, 1, frame_bytes(length), 0, 0, 0, 0, 0};
    int status = log_entry(writer, &entry);
    if (status == CHRONO_OK) {
        tell(&entry, tick, index);
    }
    return status;
}

int chrono_try_log(chrono_story_writer *writer, const void *record, uint32_t length, uint64_t *tick, uint32_t *index)
{
    if (unlikely(writer == NULL)) {
        return CHRONO_E_INVALID;
    }
    if (unlikely(!is_record(record, length))) {
        return refuse_record(record, length);
    }
    chrono_span event = {record, length, 0};
    struct entry entry = {&event, 1, frame_bytes(length), 0, 0, 0, 0, 0};
    chrono_ring *full = NULL;
    int status = unlikely(writer->replicas > 1) ? recorder_put_replicated(writer, &entry, 0)
                                                : try_put(writer, &entry, &full);
    if (status == CHRONO_OK) {
        tell(&entry, tick, index);
    }
    return status;
}

/* Before anything is reserved: an event that no Keeper would take must not lie in a ring. */
static int check_given(const chrono_story_writer *writer, uint64_t tick)
{
    const chrono_recorder *recorder = writer->recorder;
    int refusal = load_relaxed(&writer->closed) != 0 ? CHRONO_E_CLOSED : recorder_refusal(recorder);
    if (refusal != CHRONO_OK) {
        return refusal;
    }
    uint64_t now = chrono_clock_now(recorder->clock);
    uint64_t ahead = load_relaxed(&recorder->future_bound_ns);
    uint64_t uncertainty = chrono_clock_uncertainty(recorder->clock);
    ahead = ahead > UINT64_MAX - uncertainty ? UINT64_MAX : ahead + uncertainty;
    if (tick > now && tick - now > ahead) {
        return CHRONO_E_TOO_NEW;
    }
    if (tick < now && now - tick > load_relaxed(&recorder->late_bound_ns)) {
        return CHRONO_E_TOO_OLD;
    }
    return load_acquire(&writer->takes_given) != 0 ? CHRONO_OK : CHRONO_E_NOT_DECLARED;
}

int chrono_log_at(chrono_story_writer *writer, uint64_t tick, const void *record, uint32_t length, uint32_t *index)
{
    if (writer == NULL) {
        return CHRONO_E_INVALID;
    }
    if (!is_record(record, length)) {
        return refuse_record(record, length);
    }
    int bounds = check_given(writer, tick);
    if (bounds != CHRONO_OK) {
        return bounds;
    }
    chrono_span event = {record, length, 0};
    struct entry entry = {&event, 1, frame_bytes(length), 1, tick, 0, 0, 0};
    int status = log_entry(writer, &entry);
    if (status == CHRONO_OK) {
        tell(&entry, NULL, index);
    }
    return status;
}

/* As many events as fit one part, at least one; 0: the first one is not a record. */
static uint32_t next_part(const chrono_span *events, uint32_t count, uint32_t *bytes)
{
    uint32_t taken = 0;
    *bytes = 0;
    while (taken < count && is_record(events[taken].record, events[taken].length)) {
        uint32_t more = frame_bytes(events[taken].length);
        if (taken != 0 && *bytes + more > CHRONO_BATCH_BYTES) {
            break;
        }
        *bytes += more;
        taken++;
    }
    return taken;
}

int chrono_log_batch(chrono_story_writer *writer, const chrono_span *events, uint32_t count, uint64_t *ticks,
                     uint32_t *indexes, uint32_t *logged)
{
    uint32_t done = 0;
    int status = writer == NULL || (events == NULL && count != 0) ? CHRONO_E_INVALID : CHRONO_OK;
    while (status == CHRONO_OK && done < count) {
        struct entry entry = {events + done, 0, 0, 0, 0, 0, 0, 0};
        entry.count = next_part(events + done, count - done, &entry.bytes);
        if (entry.count == 0) {
            status = refuse_record(events[done].record, events[done].length);
            break;
        }
        status = log_entry(writer, &entry);
        if (status != CHRONO_OK) {
            break;
        }
        for (uint32_t i = 0; i < entry.count; i++) {
            tell(&entry, ticks != NULL ? ticks + done + i : NULL, indexes != NULL ? indexes + done + i : NULL);
            entry.tick++;
            entry.index++;
        }
        done += entry.count;
    }
    if (logged != NULL) {
        *logged = done;
    }
    return status;
}
