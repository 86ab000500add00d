/* The simplest consumer that keeps the protocol: the model against which producers are tested. Trusts them. */
#ifndef CHRONO_RING_CONSUMER_H
#define CHRONO_RING_CONSUMER_H

#include <string.h>

#include "check.h"
#include "chrono_clock.h"
#include "ring_producer.h"

struct consumer {
    chrono_ring *ring;
    uint64_t position;
    uint64_t events;
    void (*on_event)(void *context, uint64_t story, uint64_t tick, uint32_t index, const uint8_t *record, uint32_t length);
    void *context;
};

static inline void consumer_advance(struct consumer *consumer, uint64_t bytes)
{
    chrono_ring_header *header = consumer->ring->header;
    store_release(&header->consuming, consumer->position + bytes);
    memset(consumer->ring->data + (consumer->position & consumer->ring->mask), 0, bytes);
    consumer->position += bytes;
    store_release(&header->consumed, consumer->position);
    store_relaxed(&header->heartbeat_ns, chrono_monotonic_ns());
    fence_full();
    if (load_relaxed(&header->waiters) != 0) {
        chrono_ring_wake(consumer->ring);
    }
}

static inline uint64_t consumer_tail(const struct consumer *consumer)
{
    return load_acquire(&consumer->ring->header->tail) & ~CHRONO_TAIL_CLOSED;
}

/* One frame; 0 when none is committed at the position. */
static inline int consume_one(struct consumer *consumer)
{
    if (consumer->position == consumer_tail(consumer)) {
        return 0;
    }
    uint8_t *frame = consumer->ring->data + (consumer->position & consumer->ring->mask);
    int32_t length = load_acquire((int32_t *)frame);
    if (length <= 0) {
        return 0;
    }
    if ((length & CHRONO_PADDING) != 0) {
        CHECK_EQUAL(consumer->ring->capacity - (consumer->position & consumer->ring->mask), length & ~CHRONO_PADDING);
        consumer_advance(consumer, (uint64_t)(length & ~CHRONO_PADDING));
        return 1;
    }
    uint32_t index;
    uint64_t tick, story;
    CHECK(length >= (int32_t)CHRONO_FRAME_HEADER_BYTES);
    memcpy(&index, frame + 4, sizeof index);
    memcpy(&tick, frame + 8, sizeof tick);
    memcpy(&story, frame + 16, sizeof story);
    uint32_t record = (uint32_t)length - CHRONO_FRAME_HEADER_BYTES;
    if (consumer->on_event != NULL) {
        consumer->on_event(consumer->context, story, tick, index, frame + CHRONO_FRAME_HEADER_BYTES, record);
    }
    consumer->events++;
    consumer_advance(consumer, frame_bytes(record));
    return 1;
}

static inline void consume_all(struct consumer *consumer)
{
    while (consume_one(consumer)) {
    }
}

/* After the producers' death: see chrono_ring.h. */
static inline uint64_t consumer_skip_abandoned(struct consumer *consumer)
{
    uint64_t before = consumer->position;
    while (consumer->position < consumer_tail(consumer)) {
        int32_t length = load_acquire((int32_t *)(consumer->ring->data + (consumer->position & consumer->ring->mask)));
        if (length > 0) {
            break;
        }
        consumer_advance(consumer, length == 0 ? CHRONO_FRAME_ALIGNMENT : ((uint64_t)(-(int64_t)length) + 7) & ~7ull);
    }
    return consumer->position - before;
}

/* What must hold of a ring that was consumed to its tail: every byte is zero again. */
static inline void check_all_zero(const chrono_ring *ring)
{
    for (uint64_t i = 0; i < ring->capacity; i += 8) {
        uint64_t word;
        memcpy(&word, ring->data + i, 8);
        CHECK_EQUAL(0, word);
    }
}

#endif
