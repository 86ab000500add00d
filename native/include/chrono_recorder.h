/*
 * Recording: what a client process does for every event. A recorder belongs to one client id and holds its rings (one per
 * Keeper) and its sequence; a story writer appends to one story through a set of those rings.
 *
 * Ticks: chrono_log takes tick and index in one atomic step after the reservation: tick = max(clock, last tick + 1),
 * index = last index + 1. So over all threads of a client ticks are strictly increasing and ordered with the index, and a
 * call that failed has used neither.
 *
 * Threads: every function may be called from any thread, at any time, except *_destroy, which must be the last call on its
 * object. No function of the hot path (try_, and the others while the ring has room) makes a system call or takes a lock.
 * After fork() the recorder belongs to the parent: in the child every call fails with CHRONO_E_FORKED.
 */
#ifndef CHRONO_RECORDER_H
#define CHRONO_RECORDER_H

#include <stdint.h>

#include "chrono_clock.h"
#include "chrono_export.h"
#include "chrono_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rings of one client at a time: one per Keeper of its groups. */
#define CHRONO_RECORDER_RINGS_MAX 256

/* How long a call waits for room in a full ring, unless the writer says otherwise. */
#define CHRONO_FULL_TIMEOUT_NS UINT64_C(5000000000)

#define CHRONO_FOREVER UINT64_MAX

enum chrono_placement {
    CHRONO_PLACE_FIRST = 0,     /* local-first: the first ring of the set; the others only when it is closed */
    CHRONO_PLACE_ROUND_ROBIN = 1 /* each event to the next ring; one that is full or closed is passed over */
};

/* The numbers of ChronoLog.Core/Model/DurabilityLevel.cs; the levels above are not the recorder's business. */
enum chrono_level {
    CHRONO_ACCEPTED = 0,        /* in the ring: true when chrono_log returns */
    CHRONO_JOURNALED = 1,       /* in the Keeper's journal */
    CHRONO_SYNCED = 2,          /* on the Keeper's device */
    CHRONO_REPLICATED = 3       /* on the devices of as many Keepers as the writer has replicas; for such writers only */
};

/* Most rings that one event goes to: the chronicle attribute `replicas` has 1 and 2. */
#define CHRONO_REPLICAS_MAX 2u

typedef struct chrono_recorder chrono_recorder;
typedef struct chrono_story_writer chrono_story_writer;

typedef struct chrono_span {
    const void *record;
    uint32_t length;
    uint32_t reserved;
} chrono_span;

/* The clock must outlive the recorder. */
CHRONO_EXPORT int chrono_recorder_create(uint64_t client_id, const chrono_clock *clock, chrono_recorder **recorder);

/*
 * Closes every ring for further events and makes every later call on the recorder or its writers fail, and those that wait,
 * within 100 ms. Memory stays.
 */
CHRONO_EXPORT void chrono_recorder_close(chrono_recorder *recorder);

/* Frees the recorder and all its writers. */
CHRONO_EXPORT void chrono_recorder_destroy(chrono_recorder *recorder);

/*
 * Maps a ring that a Keeper has opened for this client (see chrono_ring_attach for what is refused).
 * Returns the slot it has now, 0 or more, or a negative status.
 */
CHRONO_EXPORT int chrono_recorder_add_ring(chrono_recorder *recorder, const char *path, uint64_t ring_id,
                                           uint32_t trusted_uid, chrono_error *error);

/*
 * Takes a ring out: closes it for further events, and gives its memory back once the Keeper has consumed everything in it
 * (CHRONO_E_WOULD_BLOCK before: flush and call again). With `abandon` at once: what was not consumed stays in the Keeper's
 * file, and a flush that covers it fails with CHRONO_E_NO_KEEPER. The slot is free for another ring afterwards.
 */
CHRONO_EXPORT int chrono_recorder_retire_ring(chrono_recorder *recorder, int slot, int abandon);

/*
 * Leaves a ring whose Keeper stays away for another one: every writer uses `to` instead of `from` at once, `from` is
 * closed, waiting producers go on in `to`, and what the first Keeper has not consumed is appended to `to`, with the same
 * ticks and indexes. Flushes that cover it follow. Should the first Keeper come back and take it as well: every later
 * stage keeps one of two events with the same identity.
 * CHRONO_E_TIMED_OUT, CHRONO_E_NO_KEEPER, CHRONO_E_FENCED, CHRONO_E_TOO_LONG: not all of it is there; call again, with
 * the same or another `to`. The writers have left `from` all the same. `events` (may be NULL): copied so far.
 * Afterwards chrono_recorder_retire_ring(from) gives the memory back when the Keeper's word is there that what it had
 * consumed is durable (CHRONO_E_WOULD_BLOCK before that): until then flush(CHRONO_SYNCED) waits for it.
 */
CHRONO_EXPORT int chrono_recorder_move_ring(chrono_recorder *recorder, int from, int to, uint64_t timeout_ns,
                                            uint64_t *events);

/* How long a ring's Keeper has not beaten; CHRONO_E_FENCED when it has closed the ring. */
CHRONO_EXPORT int chrono_recorder_ring_silence(chrono_recorder *recorder, int slot, uint64_t *silence_ns);

/*
 * With `expected`, somebody watches the rings and replaces those that are closed: a call that finds only closed ones waits
 * for that, within the writer's timeout. Without it such a call fails at once.
 */
CHRONO_EXPORT void chrono_recorder_expect_rings(chrono_recorder *recorder, int expected);

/* Bytes of a ring reserved, consumed and durable so far. */
CHRONO_EXPORT int chrono_recorder_ring_positions(chrono_recorder *recorder, int slot, uint64_t *tail,
                                                 uint64_t *consumed, uint64_t *durable);

/* Tick and index last given, for statistics. */
CHRONO_EXPORT void chrono_recorder_last(const chrono_recorder *recorder, uint64_t *tick, uint32_t *index);

/* Opens a story for writing. It has no rings yet. The clock must be set. */
CHRONO_EXPORT int chrono_story_writer_open(chrono_recorder *recorder, uint64_t story_id, int placement,
                                           chrono_story_writer **writer);

/*
 * Replaces the set of rings atomically: a call that has begun finishes with the old set, every later one uses the new.
 * An empty set makes the writer fail with CHRONO_E_NO_KEEPER.
 */
CHRONO_EXPORT int chrono_story_writer_set_rings(chrono_story_writer *writer, const int32_t *slots, uint32_t count);

/*
 * Before the first event: each event goes into that many of the set's rings, with one tick and one index. A set with
 * fewer rings takes nothing: calls wait for another one. Placement is the set's order then. chrono_try_log may wait,
 * rarely, when a ring has become full between the two copies.
 */
CHRONO_EXPORT int chrono_story_writer_set_replicas(chrono_story_writer *writer, uint32_t replicas);

/* How long a call on this writer waits in a full ring. */
CHRONO_EXPORT void chrono_story_writer_set_timeout(chrono_story_writer *writer, uint64_t full_timeout_ns);

/*
 * Every later call that records by this writer fails with CHRONO_E_CLOSED, unless it is opened again; a flush goes on.
 * Its memory is the recorder's.
 */
CHRONO_EXPORT void chrono_story_writer_close(chrono_story_writer *writer);
CHRONO_EXPORT void chrono_story_writer_reopen(chrono_story_writer *writer);

/*
 * Records one event; an empty record is a valid one. Waits in a full ring, at most for the writer's timeout.
 * A Keeper that has died is waited for as a slow one is: it may be started again and go on.
 * tick and index (may be NULL) identify the event. Negative: nothing was recorded, ever; except CHRONO_E_UNKNOWN: the
 * event is in fewer rings than the writer has replicas, or in one that was abandoned in this very moment.
 */
CHRONO_EXPORT int chrono_log(chrono_story_writer *writer, const void *record, uint32_t length, uint64_t *tick,
                             uint32_t *index);

/* The same, but CHRONO_E_WOULD_BLOCK instead of waiting. */
CHRONO_EXPORT int chrono_try_log(chrono_story_writer *writer, const void *record, uint32_t length, uint64_t *tick,
                                 uint32_t *index);

/* How far back and ahead of now a given tick may lie, unless the Keepers say otherwise: 30 days, and a second. */
#define CHRONO_LATE_BOUND_NS (UINT64_C(30) * 24 * 3600 * 1000000000)
#define CHRONO_FUTURE_BOUND_NS UINT64_C(1000000000)

/* Sets both; the clock's uncertainty is added to the second. From any thread: it holds for calls that begin later. */
CHRONO_EXPORT void chrono_recorder_set_bounds(chrono_recorder *recorder, uint64_t late_ns, uint64_t future_ns);

/* From now on the writer takes given ticks: everybody who replays the story knows that it may get late events. */
CHRONO_EXPORT void chrono_story_writer_allow_given(chrono_story_writer *writer);

/*
 * Records one event with a tick of the caller's own; the order of ticks is then the caller's business, and those of
 * chrono_log go on as if it had not been. Nothing was recorded with CHRONO_E_TOO_OLD, CHRONO_E_TOO_NEW (beyond the bounds)
 * and CHRONO_E_NOT_DECLARED (see above).
 */
CHRONO_EXPORT int chrono_log_at(chrono_story_writer *writer, uint64_t tick, const void *record, uint32_t length,
                                uint32_t *index);

/*
 * The largest part of a batch: an eighth of the smallest ring, and some hundred small events, over which the cost of a
 * reservation has vanished.
 */
#define CHRONO_BATCH_BYTES (UINT32_C(8) << 10)

/*
 * Records several events in few steps. Parts of up to CHRONO_BATCH_BYTES appear in the ring at once or not at all, with
 * consecutive ticks and indexes. `ticks` and `indexes` (NULL or `count` long) receive them.
 * `*logged` is how many were recorded, in order, also when the call fails in between; after CHRONO_E_UNKNOWN the part
 * behind them may be recorded, too.
 */
CHRONO_EXPORT int chrono_log_batch(chrono_story_writer *writer, const chrono_span *events, uint32_t count,
                                   uint64_t *ticks, uint32_t *indexes, uint32_t *logged);

/*
 * Waits until every event that was recorded before the call, through any ring that the writer (or the recorder) has had,
 * has reached the level. 0 as timeout only looks. CHRONO_E_TIMED_OUT, CHRONO_E_NO_KEEPER; CHRONO_E_CLOSED: the recorder was
 * closed, and the level was not reached.
 */
CHRONO_EXPORT int chrono_flush(chrono_story_writer *writer, int level, uint64_t timeout_ns);
CHRONO_EXPORT int chrono_recorder_flush(chrono_recorder *recorder, int level, uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif

#endif
