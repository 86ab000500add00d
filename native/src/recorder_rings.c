/*
 * The recorder's rings and writers: they come and go while other threads record.
 *
 * Nothing that a recording thread may be looking at is freed before the recorder is: ring descriptors, old sets and
 * writers stay on lists. Only a retired ring's memory goes back at once: its header is replaced, in one step, by a private
 * page whose tail is closed (the tombstone), its data by private memory that costs nothing until written. A thread that
 * was about to reserve finds the ring closed; a thread that was writing into an abandoned ring writes into the void, sees
 * `retired`, and reports CHRONO_E_NO_KEEPER instead of success. (A ring that is not abandoned is retired only when all of
 * it was consumed, and so committed: whoever sees `retired` then has succeeded.)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "recorder.h"

uint32_t chrono_fork_generation;

static const struct ring_set no_rings;

static void count_fork(void)
{
    chrono_fork_generation++;
}

static void register_fork(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

int chrono_recorder_create(uint64_t client_id, const chrono_clock *clock, chrono_recorder **recorder)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (clock == NULL || recorder == NULL) {
        return CHRONO_E_INVALID;
    }
    void *memory = NULL;
    if (posix_memalign(&memory, _Alignof(chrono_recorder), sizeof(chrono_recorder)) != 0) {
        return CHRONO_E_NO_SPACE;
    }
    chrono_recorder *made = memset(memory, 0, sizeof(chrono_recorder));
    pthread_once(&once, register_fork);
    pthread_mutex_init(&made->lock, NULL);
    made->client_id = client_id;
    made->clock = clock;
    made->late_bound_ns = CHRONO_LATE_BOUND_NS;
    made->future_bound_ns = CHRONO_FUTURE_BOUND_NS;
    made->fork_generation = chrono_fork_generation;
    *recorder = made;
    return CHRONO_OK;
}

void chrono_recorder_close(chrono_recorder *recorder)
{
    /* A child must not close its parent's rings. */
    if (recorder == NULL || recorder_refusal(recorder) == CHRONO_E_FORKED) {
        return;
    }
    pthread_mutex_lock(&recorder->lock);
    store_release(&recorder->closed, 1);
    for (int slot = 0; slot < CHRONO_RECORDER_RINGS_MAX; slot++) {
        if (recorder->slots[slot] != NULL) {
            chrono_ring_close(recorder->slots[slot]);
        }
    }
    pthread_mutex_unlock(&recorder->lock);
}

static void free_writer(chrono_story_writer *writer)
{
    struct ring_set *set = writer->set;
    while (set != &no_rings && set != NULL) {
        struct ring_set *older = set->older;
        free(set);
        set = older;
    }
    free(writer);
}

void chrono_recorder_destroy(chrono_recorder *recorder)
{
    if (recorder == NULL) {
        return;
    }
    chrono_recorder_close(recorder);
    while (recorder->writers != NULL) {
        chrono_story_writer *next = recorder->writers->next;
        free_writer(recorder->writers);
        recorder->writers = next;
    }
    while (recorder->rings != NULL) {
        chrono_ring *next = recorder->rings->next;
        chrono_ring_detach(recorder->rings);
        recorder->rings = next;
    }
    pthread_mutex_destroy(&recorder->lock);
    free(recorder);
}

static int free_slot(const chrono_recorder *recorder)
{
    for (int slot = 0; slot < CHRONO_RECORDER_RINGS_MAX; slot++) {
        if (recorder->slots[slot] == NULL) {
            return slot;
        }
    }
    return -1;
}

int chrono_recorder_add_ring(chrono_recorder *recorder, const char *path, uint64_t ring_id, uint32_t trusted_uid,
                             chrono_error *error)
{
    chrono_ring *ring = NULL;
    int status = recorder == NULL ? CHRONO_E_INVALID : recorder_refusal(recorder);
    if (status != CHRONO_OK) {
        return fail(error, status, 0, "the recorder is closed, or was made before a fork");
    }
    status = chrono_ring_attach(path, recorder->client_id, ring_id, trusted_uid, &ring, error);
    if (status != CHRONO_OK) {
        return status;
    }
    pthread_mutex_lock(&recorder->lock);
    int slot = free_slot(recorder);
    if (slot >= 0 && load_relaxed(&recorder->closed) == 0) {
        recorder->slots[slot] = ring;
        ring->next = recorder->rings;
        recorder->rings = ring;
        pthread_mutex_unlock(&recorder->lock);
        return slot;
    }
    pthread_mutex_unlock(&recorder->lock);
    chrono_ring_detach(ring);
    return slot < 0 ? fail(error, CHRONO_E_TOO_LONG, 0, "a client has at most %d rings", CHRONO_RECORDER_RINGS_MAX)
                    : fail(error, CHRONO_E_CLOSED, 0, "the recorder is closed");
}

/* Gives the memory of a ring back; see above. When it fails, the memory just stays until the recorder is destroyed. */
static void bury(chrono_ring *ring)
{
    chrono_ring_header *stone = mmap(NULL, CHRONO_RING_HEADER_BYTES, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stone == MAP_FAILED) {
        return;
    }
    stone->tail = CHRONO_TAIL_CLOSED;
    stone->producer_state = CHRONO_RING_CLOSED;
    /* The header first: from then on no reservation succeeds. */
    if (mremap(stone, CHRONO_RING_HEADER_BYTES, CHRONO_RING_HEADER_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED,
               (void *)ring->header) == MAP_FAILED) {
        munmap(stone, CHRONO_RING_HEADER_BYTES);
        return;
    }
    mmap(ring->data, ring->capacity, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void recorder_bury(chrono_recorder *recorder, int slot, uint64_t tail, uint64_t consumed)
{
    chrono_ring *ring = recorder->slots[slot];
    ring->final_tail = tail;
    ring->final_consumed = consumed;
    ring->final_durable = load_acquire(&ring->header->durable);
    store_release(&ring->retired, 1);
    recorder->slots[slot] = NULL;
    chrono_ring_wake(ring);
    bury(ring);
}

int chrono_recorder_retire_ring(chrono_recorder *recorder, int slot, int abandon)
{
    if (recorder == NULL || recorder_refusal(recorder) == CHRONO_E_FORKED) {
        return recorder == NULL ? CHRONO_E_INVALID : CHRONO_E_FORKED;
    }
    pthread_mutex_lock(&recorder->lock);
    chrono_ring *ring = ring_at(recorder, slot);
    int status = ring == NULL ? CHRONO_E_INVALID : ring->busy != 0 ? CHRONO_E_WOULD_BLOCK : CHRONO_OK;
    if (status == CHRONO_OK && load_acquire(&ring->moved) != 0) {
        /* Nothing in it is needed any more but the word that what its Keeper had taken is durable. Whoever finds it
         * retired has committed long since, and was moved. */
        uint64_t tail = load_acquire(&ring->header->tail) & ~CHRONO_TAIL_CLOSED;
        if (load_acquire(&ring->header->durable) < ring->kept && !abandon) {
            status = CHRONO_E_WOULD_BLOCK;
        } else {
            recorder_bury(recorder, slot, tail, tail);
        }
    } else if (status == CHRONO_OK) {
        chrono_ring_close(ring);
        uint64_t tail = load_acquire(&ring->header->tail) & ~CHRONO_TAIL_CLOSED;
        uint64_t consumed = load_acquire(&ring->header->consumed);
        if (consumed < tail && !abandon) {
            status = CHRONO_E_WOULD_BLOCK;
        } else {
            recorder_bury(recorder, slot, tail, consumed);
        }
    }
    pthread_mutex_unlock(&recorder->lock);
    return status;
}

int chrono_recorder_ring_positions(chrono_recorder *recorder, int slot, uint64_t *tail, uint64_t *consumed,
                                   uint64_t *durable)
{
    if (recorder == NULL || tail == NULL || consumed == NULL || durable == NULL) {
        return CHRONO_E_INVALID;
    }
    pthread_mutex_lock(&recorder->lock);
    chrono_ring *ring = ring_at(recorder, slot);
    if (ring != NULL) {
        *consumed = load_acquire(&ring->header->consumed);
        *durable = load_acquire(&ring->header->durable);
        *tail = load_acquire(&ring->header->tail) & ~CHRONO_TAIL_CLOSED;
    }
    pthread_mutex_unlock(&recorder->lock);
    return ring == NULL ? CHRONO_E_INVALID : CHRONO_OK;
}

void chrono_recorder_last(const chrono_recorder *recorder, uint64_t *tick, uint32_t *index)
{
    *tick = load_relaxed(&recorder->sequence.last_tick);
    *index = (uint32_t)load_relaxed(&recorder->sequence.next_index);
}

int chrono_story_writer_open(chrono_recorder *recorder, uint64_t story_id, int placement, chrono_story_writer **writer)
{
    if (recorder == NULL || writer == NULL || story_id == 0
        || (placement != CHRONO_PLACE_FIRST && placement != CHRONO_PLACE_ROUND_ROBIN)
        || load_acquire(&recorder->clock->is_set) == 0) {
        return CHRONO_E_INVALID;
    }
    int status = recorder_refusal(recorder);
    if (status != CHRONO_OK) {
        return status;
    }
    void *memory = NULL;
    if (posix_memalign(&memory, _Alignof(chrono_story_writer), sizeof(chrono_story_writer)) != 0) {
        return CHRONO_E_NO_SPACE;
    }
    chrono_story_writer *made = memset(memory, 0, sizeof(chrono_story_writer));
    made->recorder = recorder;
    made->set = (struct ring_set *)(uintptr_t)&no_rings;
    made->story_id = story_id;
    made->placement = (uint32_t)placement;
    made->replicas = 1;
    made->full_timeout_ns = CHRONO_FULL_TIMEOUT_NS;
    pthread_mutex_lock(&recorder->lock);
    made->next = recorder->writers;
    recorder->writers = made;
    pthread_mutex_unlock(&recorder->lock);
    *writer = made;
    return CHRONO_OK;
}

int chrono_story_writer_set_rings(chrono_story_writer *writer, const int32_t *slots, uint32_t count)
{
    if (writer == NULL || (slots == NULL && count != 0) || count > CHRONO_RECORDER_RINGS_MAX) {
        return CHRONO_E_INVALID;
    }
    int status = recorder_refusal(writer->recorder);
    if (status != CHRONO_OK) {
        return status;
    }
    struct ring_set *set = calloc(1, sizeof *set + count * sizeof set->rings[0]);
    if (set == NULL) {
        return CHRONO_E_NO_SPACE;
    }
    pthread_mutex_lock(&writer->recorder->lock);
    for (uint32_t i = 0; i < count; i++) {
        set->rings[i] = ring_at(writer->recorder, slots[i]);
        status = set->rings[i] == NULL ? CHRONO_E_INVALID : status;
    }
    if (status == CHRONO_OK) {
        set->count = count;
        set->older = writer->set;
        store_release(&writer->set, set);
    }
    pthread_mutex_unlock(&writer->recorder->lock);
    if (status != CHRONO_OK) {
        free(set);
    }
    return status;
}

void chrono_story_writer_set_timeout(chrono_story_writer *writer, uint64_t full_timeout_ns)
{
    if (writer != NULL) {
        store_relaxed(&writer->full_timeout_ns, full_timeout_ns);
    }
}

int chrono_story_writer_set_replicas(chrono_story_writer *writer, uint32_t replicas)
{
    if (writer == NULL || replicas == 0 || replicas > CHRONO_REPLICAS_MAX) {
        return CHRONO_E_INVALID;
    }
    store_release(&writer->replicas, replicas);
    return CHRONO_OK;
}

void chrono_recorder_expect_rings(chrono_recorder *recorder, int expected)
{
    if (recorder != NULL) {
        store_release(&recorder->expects_rings, expected != 0);
    }
}

void chrono_recorder_set_bounds(chrono_recorder *recorder, uint64_t late_ns, uint64_t future_ns)
{
    if (recorder != NULL) {
        store_relaxed(&recorder->late_bound_ns, late_ns);
        store_relaxed(&recorder->future_bound_ns, future_ns);
    }
}

void chrono_story_writer_allow_given(chrono_story_writer *writer)
{
    if (writer != NULL) {
        store_release(&writer->takes_given, 1);
    }
}

void chrono_story_writer_close(chrono_story_writer *writer)
{
    if (writer != NULL) {
        store_release(&writer->closed, 1);
    }
}

void chrono_story_writer_reopen(chrono_story_writer *writer)
{
    if (writer != NULL) {
        store_release(&writer->closed, 0);
    }
}
