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

static int flush(chrono_recorder *recorder, const chrono_story_writer *writer, int level, uint64_t timeout_ns)
{
    if (level < CHRONO_ACCEPTED || level > CHRONO_SYNCED) {
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
    uint64_t deadline_ns = deadline_after(timeout_ns);
    int status = CHRONO_OK;
    for (uint32_t i = 0; i < count; i++) {
        int one = ring_await_position(targets[i].ring, level == CHRONO_SYNCED, targets[i].tail, deadline_ns);
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
