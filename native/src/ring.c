/* The ring: appending with given ticks, waiting, closing. The protocol stands in chrono_ring.h. */
#include "chrono_ring.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "chrono_clock.h"
#include "ring_producer.h"

#ifdef CHRONO_TEST_HOOKS
void (*chrono_step_hook)(enum chrono_step step);
#endif

/*
 * Before a producer sleeps: a consumer that is at work gives room back every few microseconds, a sleep and its wake cost
 * some 50 of them.
 */
enum { SPINS = 200, YIELDS = 20 };

/* The longest single sleep: bounds how late a dead consumer is noticed, and repairs a wake that a crash has lost. */
static const uint64_t SLEEP_MAX_NS = UINT64_C(100000000);

uint64_t deadline_after(uint64_t timeout_ns)
{
    uint64_t now = chrono_monotonic_ns();
    return timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
}

static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

/* What a waiting producer waits for. */
struct condition {
    const uint64_t *position;   /* NULL: room for `bytes` */
    uint64_t target;
    uint32_t bytes;
    int own;                    /* a move is no reason to look elsewhere */
    const uint32_t *ended;      /* of a position: not 0 ends the wait */
};

static int is_met(const chrono_ring *ring, const struct condition *condition)
{
    if (condition->position == NULL) {
        return ring_has_room(ring, condition->bytes);
    }
    return load_acquire(condition->position) >= condition->target;
}

/* Why it makes no sense to wait any longer, or 0. A Keeper that died may be started again: only the time ends the wait. */
static int hopeless(const chrono_ring *ring, const struct condition *condition, uint64_t now, uint64_t deadline_ns)
{
    if (condition->position != NULL && !condition->own && load_acquire(&ring->moved) != 0) {
        return CHRONO_MOVED;
    }
    if (load_acquire(&ring->retired) != 0) {
        return CHRONO_E_NO_KEEPER;
    }
    if (condition->position != NULL && load_acquire(condition->ended) != 0) {
        return CHRONO_E_CLOSED;
    }
    /* A fenced ring may still be drained; only the room will never come. */
    if (condition->position == NULL && load_acquire(&ring->header->consumer_state) == CHRONO_RING_CLOSED) {
        return CHRONO_E_FENCED;
    }
    uint64_t beat = load_relaxed(&ring->header->heartbeat_ns);
    uint64_t silence = now > beat ? now - beat : 0;
    if (silence > CHRONO_CONSUMER_LOST_NS) {
        return CHRONO_E_NO_KEEPER;
    }
    if (now < deadline_ns) {
        return CHRONO_OK;
    }
    return silence > CHRONO_CONSUMER_SILENT_NS ? CHRONO_E_NO_KEEPER : CHRONO_E_TIMED_OUT;
}

/* One sleep of the waiting producer; 0: look again. */
static int sleep_once(chrono_ring *ring, const struct condition *condition, uint64_t deadline_ns)
{
    chrono_ring_header *header = ring->header;
    __atomic_add_fetch(&header->waiters, 1, __ATOMIC_SEQ_CST);
    uint32_t wake = load_acquire(&header->wake);
    int status = CHRONO_OK;
    if (!is_met(ring, condition)) {
        uint64_t now = chrono_monotonic_ns();
        status = hopeless(ring, condition, now, deadline_ns);
        if (status == CHRONO_OK) {
            uint64_t nap = deadline_ns - now < SLEEP_MAX_NS ? deadline_ns - now : SLEEP_MAX_NS;
            struct timespec timeout = {0, (long)nap};
            futex(&header->wake, FUTEX_WAIT, wake, &timeout);
        }
    }
    __atomic_sub_fetch(&header->waiters, 1, __ATOMIC_SEQ_CST);
    return status;
}

static int await(chrono_ring *ring, const struct condition *condition, uint64_t deadline_ns)
{
    for (int i = 0; i < SPINS + YIELDS; i++) {
        if (is_met(ring, condition)) {
            return CHRONO_OK;
        }
        if (i < SPINS) {
            cpu_relax();
        } else {
            sched_yield();
        }
    }
    for (;;) {
        int status = sleep_once(ring, condition, deadline_ns);
        if (is_met(ring, condition)) {
            return CHRONO_OK;
        }
        if (status != CHRONO_OK) {
            return status;
        }
    }
}

int ring_await_room(chrono_ring *ring, uint32_t bytes, uint64_t deadline_ns)
{
    struct condition condition = {NULL, 0, bytes, 0, NULL};
    return await(ring, &condition, deadline_ns);
}

int ring_await_position(const struct awaited *awaited, int own)
{
    chrono_ring *ring = awaited->ring;
    struct condition condition = {
        .position = awaited->durable ? &ring->header->durable : &ring->header->consumed,
        .target = awaited->position,
        .own = own,
        .ended = awaited->ended,
    };
    int status = load_acquire(&ring->retired) != 0 ? CHRONO_E_NO_KEEPER : await(ring, &condition, awaited->deadline_ns);
    if (load_acquire(&ring->retired) != 0) {
        /* The header may be a tombstone by now; where the ring stood was kept. A ring that was left speaks for what its
         * Keeper took; the rest is journaled where it went. */
        uint64_t taken = !own && load_acquire(&ring->moved) != 0 ? ring->kept : ring->final_consumed;
        uint64_t reached = awaited->durable ? ring->final_durable : taken;
        status = reached >= awaited->position ? CHRONO_OK : CHRONO_E_NO_KEEPER;
    }
    return status != CHRONO_OK && !own && load_acquire(&ring->moved) != 0 ? CHRONO_MOVED : status;
}

int chrono_ring_try_append(chrono_ring *ring, uint64_t story_id, uint64_t tick, uint32_t index, const void *record,
                           uint32_t length)
{
    struct claim claim = {NULL, NULL, 0, 0};
    if (length > ring->record_bytes_max) {
        return CHRONO_E_TOO_LONG;
    }
    int status = ring_try_claim(ring, frame_bytes(length), &claim);
    if (status == CHRONO_OK) {
        ring_mark(&claim, CHRONO_FRAME_HEADER_BYTES + length);
        frame_fill(claim.frame, story_id, tick, index, record, length);
        frame_commit(claim.frame, length);
    }
    return status;
}

int chrono_ring_append(chrono_ring *ring, uint64_t story_id, uint64_t tick, uint32_t index, const void *record,
                       uint32_t length, uint64_t timeout_ns)
{
    int status = chrono_ring_try_append(ring, story_id, tick, index, record, length);
    if (status != CHRONO_E_WOULD_BLOCK) {
        return status;
    }
    uint64_t deadline_ns = deadline_after(timeout_ns);
    do {
        status = ring_await_room(ring, frame_bytes(length), deadline_ns);
        if (status != CHRONO_OK) {
            return status;
        }
        status = chrono_ring_try_append(ring, story_id, tick, index, record, length);
    } while (status == CHRONO_E_WOULD_BLOCK);
    return status;
}

void chrono_ring_close(chrono_ring *ring)
{
    store_release(&ring->header->producer_state, (uint32_t)CHRONO_RING_CLOSED);
    __atomic_or_fetch(&ring->header->tail, CHRONO_TAIL_CLOSED, __ATOMIC_SEQ_CST);
}

uint64_t chrono_ring_fence(chrono_ring *ring)
{
    store_release(&ring->header->consumer_state, (uint32_t)CHRONO_RING_CLOSED);
    uint64_t tail = __atomic_fetch_or(&ring->header->tail, CHRONO_TAIL_CLOSED, __ATOMIC_SEQ_CST);
    chrono_ring_wake(ring);
    return tail & ~CHRONO_TAIL_CLOSED;
}

void chrono_ring_wake(chrono_ring *ring)
{
    __atomic_add_fetch(&ring->header->wake, 1, __ATOMIC_SEQ_CST);
    futex(&ring->header->wake, FUTEX_WAKE, INT_MAX, NULL);
}
