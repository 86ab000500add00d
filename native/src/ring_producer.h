/* The producers' half of the ring, inlined into whoever appends. The protocol stands in chrono_ring.h. */
#ifndef CHRONO_RING_PRODUCER_H
#define CHRONO_RING_PRODUCER_H

#include <string.h>

#include "atomics.h"
#include "chrono_ring.h"

/* Constants are copied out of the header when the file was checked: what the other side does to it later is harmless. */
struct chrono_ring {
    chrono_ring_header *header;
    uint8_t *data;
    uint64_t capacity;
    uint64_t mask;
    uint32_t record_bytes_max;
    uint32_t retired;           /* see recorder_rings.c */
    size_t mapped_bytes;
    int guard;                  /* the consumer's: see guard.c */
    uint64_t ring_id;
    uint64_t final_tail;        /* of a retired ring: where it stood */
    uint64_t final_consumed;
    uint64_t final_durable;
    /* Of a ring that was left for another one: see recorder_move.c. */
    struct chrono_ring *forward; /* where its events go; set before any writer uses that ring instead */
    uint32_t moved;             /* all of them are there; then the three below are final */
    uint32_t busy;              /* moves in which it takes part; under the recorder's lock */
    uint64_t kept;              /* what lies below may be in its own Keeper's journal and nowhere else */
    uint64_t moved_from;        /* what lies below is not in `forward` */
    uint64_t moved_end;         /* the position of `forward` behind them */
    uint64_t move_position;     /* where the move goes on */
    uint64_t events_moved;
    struct chrono_ring *next;   /* in the list of rings that a recorder has had */
};

/* A reservation. */
struct claim {
    uint8_t *frame;
    uint8_t *padding;           /* NULL: none */
    uint32_t padding_bytes;
    uint64_t end;               /* the ring's position behind it */
};

#ifdef CHRONO_TEST_HOOKS
enum chrono_step {
    CHRONO_STEP_RESERVED, CHRONO_STEP_MARKED, CHRONO_STEP_PADDED, CHRONO_STEP_WRITTEN,
    CHRONO_STEP_FORWARDED, CHRONO_STEP_SWITCHED, CHRONO_STEP_CLOSED, CHRONO_STEP_FOUND, CHRONO_STEP_COPIED, CHRONO_STEP_APPENDED,
    CHRONO_STEP_MOVED
};
extern void (*chrono_step_hook)(enum chrono_step step);
#define STEP(step) do { if (chrono_step_hook != NULL) { chrono_step_hook(step); } } while (0)
#else
#define STEP(step) do { } while (0)
#endif

#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define likely(condition) __builtin_expect(!!(condition), 1)

static inline uint32_t frame_bytes(uint32_t length)
{
    return (CHRONO_FRAME_HEADER_BYTES + length + (CHRONO_FRAME_ALIGNMENT - 1)) & ~(CHRONO_FRAME_ALIGNMENT - 1);
}

/* Why a tail is not one to reserve at: closed by one of the sides, or not aligned and so nobody's. */
static __attribute__((noinline, unused)) int ring_refusal(const chrono_ring *ring, uint64_t tail)
{
    if ((tail & CHRONO_TAIL_CLOSED) == 0) {
        return CHRONO_E_CORRUPT;
    }
    return load_acquire(&ring->header->consumer_state) == CHRONO_RING_CLOSED ? CHRONO_E_FENCED : CHRONO_E_CLOSED;
}

/* Bytes that a reservation of `bytes` takes at `tail`, with the padding before it. */
static inline uint64_t reservation_at(const chrono_ring *ring, uint64_t tail, uint32_t bytes)
{
    uint64_t to_end = ring->capacity - (tail & ring->mask);
    return bytes > to_end ? to_end + bytes : bytes;
}

/* Whether a claim would not find the ring full now. */
static inline int ring_has_room(const chrono_ring *ring, uint32_t bytes)
{
    uint64_t tail = load_relaxed(&ring->header->tail);
    if ((tail & (CHRONO_TAIL_CLOSED | (CHRONO_FRAME_ALIGNMENT - 1))) != 0) {
        return 1; /* the next claim says what is wrong */
    }
    return tail + reservation_at(ring, tail, bytes) - load_acquire(&ring->header->consumed) <= ring->capacity;
}

/* Step 1. `bytes` is a multiple of 8, at most half of the capacity. */
static inline int ring_try_claim(chrono_ring *ring, uint32_t bytes, struct claim *claim)
{
    chrono_ring_header *header = ring->header;
    uint64_t tail = load_relaxed(&header->tail);
    for (;;) {
        if (unlikely((tail & (CHRONO_TAIL_CLOSED | (CHRONO_FRAME_ALIGNMENT - 1))) != 0)) {
            return ring_refusal(ring, tail);
        }
        uint64_t taken = reservation_at(ring, tail, bytes);
        if (unlikely(tail + taken - load_acquire(&header->consumed_seen) > ring->capacity)) {
            uint64_t consumed = load_acquire(&header->consumed);
            if (tail + taken - consumed > ring->capacity) {
                return CHRONO_E_WOULD_BLOCK;
            }
            store_release(&header->consumed_seen, consumed);
        }
        if (__atomic_compare_exchange_n(&header->tail, &tail, tail + taken, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            uint64_t offset = tail & ring->mask;
            claim->end = tail + taken;
            claim->padding_bytes = (uint32_t)(taken - bytes);
            claim->padding = claim->padding_bytes != 0 ? ring->data + offset : NULL;
            claim->frame = ring->data + ((offset + claim->padding_bytes) & ring->mask);
            STEP(CHRONO_STEP_RESERVED);
            return CHRONO_OK;
        }
    }
}

/* Steps 2 and 3. `length` counts header and record of one frame, or all frames of a batch. */
static inline void ring_mark(const struct claim *claim, uint32_t length)
{
    store_release((int32_t *)claim->frame, -(int32_t)length);
    fence_release();
    STEP(CHRONO_STEP_MARKED);
    if (unlikely(claim->padding != NULL)) {
        store_release((int32_t *)claim->padding, (int32_t)(claim->padding_bytes | CHRONO_PADDING));
        STEP(CHRONO_STEP_PADDED);
    }
}

/* Step 4, without the length. */
static inline void frame_fill(uint8_t *frame, uint64_t story_id, uint64_t tick, uint32_t index, const void *record,
                              uint32_t length)
{
    memcpy(frame + 4, &index, sizeof index);
    memcpy(frame + 8, &tick, sizeof tick);
    memcpy(frame + 16, &story_id, sizeof story_id);
    if (length != 0) {
        memcpy(frame + CHRONO_FRAME_HEADER_BYTES, record, length);
    }
    STEP(CHRONO_STEP_WRITTEN);
}

/* Step 5. */
static inline void frame_commit(uint8_t *frame, uint32_t length)
{
    store_release((int32_t *)frame, (int32_t)(CHRONO_FRAME_HEADER_BYTES + length));
}

/* Waits until `bytes` can be reserved, the ring is closed, the consumer is dead, or the deadline (CLOCK_MONOTONIC). */
int ring_await_room(chrono_ring *ring, uint32_t bytes, uint64_t deadline_ns);

/* Never leaves the library: what is waited for was moved to ring->forward. */
#define CHRONO_MOVED (-101)

/* A position of a ring that is waited for. */
struct awaited {
    chrono_ring *ring;
    int durable;                /* else consumed */
    uint64_t position;
    uint64_t deadline_ns;
    const uint32_t *ended;      /* not 0: nobody may wait any longer */
};

/*
 * Waits until consumed (or durable) has reached the position; for a retired ring looks where it stood. CHRONO_MOVED when
 * the ring was moved and is not there, unless `own`: then only this ring counts. CHRONO_E_CLOSED: ended.
 */
int ring_await_position(const struct awaited *awaited, int own);

/* now + timeout, without overflow; UINT64_MAX is forever. */
uint64_t deadline_after(uint64_t timeout_ns);

/* Fills an error, and returns its status. */
int fail(chrono_error *error, int status, int os_error, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
