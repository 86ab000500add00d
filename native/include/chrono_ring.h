/*
 * The ring: a file in shared memory through which one client process hands its events to one Keeper. Many producers
 * (threads of the client), one consumer (a thread of the Keeper). The managed twins of what is declared here are
 * ChronoLog.Core/Model/RecordFrame.cs and ChronoLog.Interop/Ring/RingLayout.cs.
 *
 * The file: a header of 4096 bytes, then `capacity` bytes of data. Positions count bytes since the ring was made; a
 * position's place in the data is position & (capacity - 1). Frames are 8-aligned and never wrap:
 *
 *  0           4            8            16          24
 *  +-----------+------------+------------+-----------+------------- - - -+---------+
 *  | length    | eventIndex | eventTime  | storyId   | logRecord         | pad to 8|
 *  | i32       | u32        | u64        | u64       |                   |         |
 *  +-----------+------------+------------+-----------+------------- - - -+---------+
 *
 * Protocol. Invariant: every byte of [tail, consumed + capacity) is zero.
 *
 * A producer records an event in five steps:
 *  1. reserve: CAS tail -> tail + padding + frame, where padding fills up to the end of the data when the frame does not
 *     fit there. Allowed only while the new tail <= consumed + capacity; compared with consumed_seen, a copy of consumed
 *     on the producers' own line, and only when that says "full" with consumed itself (acquire: pairs with the consumer's
 *     zeroing).
 *  2. mark: length := -(24 + record bytes), release; then a release fence. From here on whoever finds the frame
 *     abandoned knows how long it is.
 *  3. padding, if any: its length := CHRONO_PADDING | bytes, release.
 *  4. tick and index are taken (after the reservation: so every event with a tick up to T lies below the tail that is
 *     read after T), then fields and record are stored.
 *  5. commit: length := 24 + record bytes, release.
 * A batch is reserved in one step and marked at its first frame with the negative sum; the other frames are stored whole,
 * the first one is committed last: so the batch appears at once or not at all.
 *
 * The consumer, at its position (its own copy; the header's is written for the producers, never read back):
 *  1. reads tail (acquire), then walks frames while the length (acquire, read once) is positive, up to that tail. 0 is
 *     reserved but not marked yet, negative is being written: it comes back later.
 *  2. copies the frames out, consuming := the position behind them, zeroes their bytes, consumed := position, release;
 *     then a full fence, and when waiters is not 0: wake += 1 and FUTEX_WAKE. The same after `durable`.
 *  3. writes heartbeat_ns at least once a second.
 * After the producers' death it passes over what was reserved and never committed: negative lengths by their size, zeros
 * up to the next word that is not 0 (an unmarked reservation has stored nothing at all).
 *
 * A waiting producer: waiters += 1, reads wake, checks its condition again, FUTEX_WAIT(wake) with a timeout of at most
 * 100 ms, waiters -= 1. The caller's timeout ends the wait. A Keeper that has died is no reason to give up before that:
 * it is started again, re-attaches the ring and goes on; the client notices nothing but the pause. Only a heartbeat
 * older than CHRONO_CONSUMER_LOST_NS ends the wait whatever the timeout. Going over to another Keeper's ring is the
 * recorder's (chrono_recorder_move_ring): it closes this one, wakes who waits here, and appends what lies between
 * `consumed` and the tail elsewhere. The Keeper may come back and consume it all the same; that `consuming` is written
 * before anything is zeroed is what tells the recorder whether a frame that it copied was whole.
 *
 * Re-attaching, by the Keeper that was started again: it continues at the greatest of `consumed`, `consuming` and what
 * its journal has of the ring. Everything below `consuming` is in the journal or was nothing (padding, abandoned
 * frames), and may be zeroed in part; it is zeroed again. What lies behind is as the producers left it.
 *
 * Closing is exact: bit 63 of tail, set by the client (close) or the Keeper (fence) with one atomic OR. Every reservation
 * before it stands, none comes after; producer_state and consumer_state say who did it.
 *
 * A mirrored ring is two of these, one on the client's node and one on the Keeper's, of one capacity, in which a position
 * means the same. The client's process is the consumer of its own end: it publishes what the Keeper says of `consumed`,
 * `durable` and its life, and zeroes nothing before. In its end at the Keeper the Keeper itself is the producer: it stores
 * whole committed frames, padding included, as they lie in the client's end, then tail, release. So what lies behind that
 * tail need not be zero there. Who moves them and how: ChronoLog.Transport/Rings/README.md.
 *
 * Trust: neither side believes the other. The Keeper checks everything it reads (ChronoLog.Transport/Rings); the client
 * checks the file once, keeps constants of its own, and masks every position.
 */
#ifndef CHRONO_RING_H
#define CHRONO_RING_H

#include <stddef.h>
#include <stdint.h>

#include "chrono_export.h"
#include "chrono_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CHRONO_RING_MAGIC UINT64_C(0x474e49524e524843) /* "CHRNRING", little-endian */
#define CHRONO_RING_VERSION 1u
#define CHRONO_RING_HEADER_BYTES 4096u
#define CHRONO_RING_CAPACITY_MIN (UINT64_C(64) << 10)
#define CHRONO_RING_CAPACITY_MAX (UINT64_C(1) << 30)

#define CHRONO_FRAME_HEADER_BYTES 24u
#define CHRONO_FRAME_ALIGNMENT 8u
#define CHRONO_PADDING 0x40000000

/*
 * The longest record: an eighth of the ring, so that one event can neither fill it nor lose much to padding; and never
 * more than 16 MiB, because every buffer on the way (journal segment, slab, replay page) must hold the longest event, and
 * a bulk object of that size belongs in a file whose name is logged.
 */
#define CHRONO_RECORD_CAPACITY_SHARE 8u
#define CHRONO_RECORD_BYTES_MAX (UINT32_C(16) << 20)

#define CHRONO_TAIL_CLOSED (UINT64_C(1) << 63)

/*
 * The consumer beats every second. After three missed beats it is silent: a wait that fails then says "no Keeper" and
 * not "timed out". After half a minute it is lost: no wait outlasts that. A whole deployment is up again within that
 * time.
 */
#define CHRONO_CONSUMER_BEAT_NS UINT64_C(1000000000)
#define CHRONO_CONSUMER_SILENT_NS (3 * CHRONO_CONSUMER_BEAT_NS)
#define CHRONO_CONSUMER_LOST_NS (30 * CHRONO_CONSUMER_BEAT_NS)

enum { CHRONO_RING_OPEN = 0, CHRONO_RING_CLOSED = 1 };

/*
 * MIRRORED: the Keeper's end of a ring whose client is on another node. UNGUARDED: nobody but this process will ever map
 * the file, and its SIGBUS stays its own (the client's end: an application's signals are not ours to take).
 */
enum { CHRONO_RING_MIRRORED = 1, CHRONO_RING_UNGUARDED = 2 };

/* Who writes what: each group has a pair of cache lines of its own (adjacent lines are prefetched together). */
typedef struct chrono_ring_header {
    /* constant: the consumer's, at creation */
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
    uint64_t capacity;
    uint64_t client_id;
    uint64_t keeper_process_id;
    uint64_t keeper_epoch;
    uint64_t ring_id;
    int32_t producer_pid;
    int32_t consumer_pid;
    uint32_t record_bytes_max;
    uint32_t mirrored;          /* 1: a mirrored ring's end at the Keeper, see below */
    uint64_t producer_started;  /* tells the producer's process from a later one with its pid; 0: unknown */
    uint8_t reserved_constant[176];
    /* 256: producers, at every event */
    uint64_t tail;
    uint64_t consumed_seen;
    uint8_t reserved_tail[112];
    /* 384: producers, when they wait or close */
    uint32_t waiters;
    uint32_t producer_state;
    uint8_t reserved_producer[120];
    /* 512: the consumer, at every batch */
    uint64_t consumed;
    uint64_t consuming;
    uint8_t reserved_consumed[112];
    /* 640: the consumer, now and then */
    uint64_t durable;
    uint64_t heartbeat_ns;      /* CLOCK_MONOTONIC */
    uint32_t consumer_state;
    uint32_t wake;              /* futex */
    uint8_t reserved_consumer[104];
    uint8_t reserved[CHRONO_RING_HEADER_BYTES - 768];
} chrono_ring_header;

/* A mapped ring. */
typedef struct chrono_ring chrono_ring;

/* What the consumer writes into the constant part. */
typedef struct chrono_ring_identity {
    uint64_t capacity;          /* a power of two within the limits */
    uint64_t client_id;
    uint64_t keeper_process_id;
    uint64_t keeper_epoch;
    uint64_t ring_id;
    int32_t producer_pid;       /* 0: unknown */
    uint32_t mode;              /* permissions of the file: 0600 or 0660 */
    uint32_t flags;             /* CHRONO_RING_MIRRORED, CHRONO_RING_UNGUARDED */
    uint32_t reserved;
} chrono_ring_identity;

/*
 * Creates the file (never an existing one, never through a link), allocates every page of it, so that exhausted shared
 * memory is an error here and not a SIGBUS later, and maps it.
 */
CHRONO_EXPORT int chrono_ring_create(const char *path, const chrono_ring_identity *identity, chrono_ring **ring,
                                     chrono_error *error);

/*
 * Maps a ring that another process created. Refused: anything but a regular file of the right size and header, writable
 * by everyone, or owned by anyone but this user, root, or `trusted_uid`. client_id and ring_id must be the file's.
 */
CHRONO_EXPORT int chrono_ring_attach(const char *path, uint64_t client_id, uint64_t ring_id, uint32_t trusted_uid,
                                     chrono_ring **ring, chrono_error *error);

/*
 * Consumer: maps a ring that an earlier process of the same Keeper created, with the checks of chrono_ring_attach (and
 * its owner must be this user), and fills `identity` with what the file says. The header is the clients' to write, too:
 * positions in it are to be checked by the caller. The heartbeat is taken up.
 */
CHRONO_EXPORT int chrono_ring_reattach(const char *path, uint64_t ring_id, chrono_ring_identity *identity,
                                       chrono_ring **ring, chrono_error *error);

/* Unmaps. The file stays: it is its creator's to unlink. */
CHRONO_EXPORT void chrono_ring_detach(chrono_ring *ring);

CHRONO_EXPORT chrono_ring_header *chrono_ring_get_header(const chrono_ring *ring);
CHRONO_EXPORT uint8_t *chrono_ring_get_data(const chrono_ring *ring);
CHRONO_EXPORT uint64_t chrono_ring_get_capacity(const chrono_ring *ring);

/* Producer: appends one event with given tick and index. CHRONO_E_WOULD_BLOCK when full. Never waits. */
CHRONO_EXPORT int chrono_ring_try_append(chrono_ring *ring, uint64_t story_id, uint64_t tick, uint32_t index,
                                         const void *record, uint32_t length);

/* Producer: the same, waiting for room until `timeout_ns` have passed. */
CHRONO_EXPORT int chrono_ring_append(chrono_ring *ring, uint64_t story_id, uint64_t tick, uint32_t index,
                                     const void *record, uint32_t length, uint64_t timeout_ns);

/* Producer: no further reservation from anyone; what was reserved will still be committed and consumed. */
CHRONO_EXPORT void chrono_ring_close(chrono_ring *ring);

/* Consumer: the same from its side; waiting producers are woken and fail. Returns the final tail. */
CHRONO_EXPORT uint64_t chrono_ring_fence(chrono_ring *ring);

/* Consumer: wakes the producers that wait; call it after consumed or durable moved and waiters was seen not 0. */
CHRONO_EXPORT void chrono_ring_wake(chrono_ring *ring);

/*
 * Watches another process by pidfd, so that a recycled pid is not mistaken for it. `watch` returns a descriptor,
 * CHRONO_E_CLOSED when there is no such process, CHRONO_E_SYSTEM when it cannot be watched; `alive` is 1 or 0.
 */
CHRONO_EXPORT int chrono_process_watch(int32_t pid);
CHRONO_EXPORT int chrono_process_alive(int watch);
CHRONO_EXPORT void chrono_process_unwatch(int watch);

/* When a process was started, in clock ticks since boot; 0 when there is none or it cannot be told. */
CHRONO_EXPORT uint64_t chrono_process_started(int32_t pid);

#ifdef __cplusplus
}
#endif

#endif
