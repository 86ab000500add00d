/* Rings as files: creating, checking, mapping. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chrono_clock.h"
#include "guard.h"
#include "ring_producer.h"

_Static_assert(sizeof(chrono_ring_header) == CHRONO_RING_HEADER_BYTES, "header size");
_Static_assert(offsetof(chrono_ring_header, record_bytes_max) == 64, "constant part");
_Static_assert(offsetof(chrono_ring_header, mirrored) == 68, "constant part");
_Static_assert(offsetof(chrono_ring_header, producer_started) == 72, "constant part");
_Static_assert(offsetof(chrono_ring_header, tail) == 256, "producers' lines");
_Static_assert(offsetof(chrono_ring_header, waiters) == 384, "producers' waiting lines");
_Static_assert(offsetof(chrono_ring_header, consumed) == 512, "consumer's lines");
_Static_assert(offsetof(chrono_ring_header, consuming) == 520, "consumer's lines");
_Static_assert(offsetof(chrono_ring_header, durable) == 640, "consumer's slow lines");
_Static_assert(offsetof(chrono_ring_header, wake) == 660, "futex");

int fail(chrono_error *error, int status, int os_error, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        error->os_error = os_error;
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return status;
}

static int is_capacity(uint64_t capacity)
{
    return capacity >= CHRONO_RING_CAPACITY_MIN && capacity <= CHRONO_RING_CAPACITY_MAX
        && (capacity & (capacity - 1)) == 0;
}

static uint32_t record_bytes_max(uint64_t capacity)
{
    uint64_t share = capacity / CHRONO_RECORD_CAPACITY_SHARE;
    return share < CHRONO_RECORD_BYTES_MAX ? (uint32_t)share : CHRONO_RECORD_BYTES_MAX;
}

/* MAP_POPULATE: page faults are paid here and not by the first lap of events. */
static int map(int file, uint64_t capacity, chrono_ring **ring, chrono_error *error)
{
    size_t bytes = CHRONO_RING_HEADER_BYTES + (size_t)capacity;
    chrono_ring *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return fail(error, CHRONO_E_NO_SPACE, ENOMEM, "out of memory");
    }
    void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (address == MAP_FAILED) {
        free(made);
        return fail(error, CHRONO_E_NO_SPACE, errno, "mapping a ring of %zu bytes failed", bytes);
    }
    made->header = address;
    made->data = (uint8_t *)address + CHRONO_RING_HEADER_BYTES;
    made->capacity = capacity;
    made->mask = capacity - 1;
    made->mapped_bytes = bytes;
    made->record_bytes_max = record_bytes_max(capacity);
    made->guard = -1;
    *ring = made;
    return CHRONO_OK;
}

static void write_identity(chrono_ring *ring, const chrono_ring_identity *identity)
{
    chrono_ring_header *header = ring->header;
    int mirrored = (identity->flags & CHRONO_RING_MIRRORED) != 0; /* its pid is one of another node */
    header->version = CHRONO_RING_VERSION;
    header->header_bytes = CHRONO_RING_HEADER_BYTES;
    header->capacity = identity->capacity;
    header->client_id = identity->client_id;
    header->keeper_process_id = identity->keeper_process_id;
    header->keeper_epoch = identity->keeper_epoch;
    header->ring_id = identity->ring_id;
    header->producer_pid = identity->producer_pid;
    header->producer_started = identity->producer_pid > 0 && !mirrored ? chrono_process_started(identity->producer_pid) : 0;
    header->consumer_pid = (int32_t)getpid();
    header->record_bytes_max = ring->record_bytes_max;
    header->mirrored = (uint32_t)mirrored;
    header->heartbeat_ns = chrono_monotonic_ns();
    ring->ring_id = identity->ring_id;
    /* The magic last: a file without it was never finished. */
    store_release(&header->magic, CHRONO_RING_MAGIC);
}

int chrono_ring_create(const char *path, const chrono_ring_identity *identity, chrono_ring **ring, chrono_error *error)
{
    if (path == NULL || identity == NULL || ring == NULL || !is_capacity(identity->capacity)) {
        return fail(error, CHRONO_E_INVALID, 0, "a ring's capacity must be a power of two between %llu and %llu bytes",
                    (unsigned long long)CHRONO_RING_CAPACITY_MIN, (unsigned long long)CHRONO_RING_CAPACITY_MAX);
    }
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)(identity->mode & 0660));
    if (file < 0) {
        return fail(error, CHRONO_E_SYSTEM, errno, "creating the ring failed");
    }
    int status = CHRONO_OK;
    int refused = posix_fallocate(file, 0, (off_t)(CHRONO_RING_HEADER_BYTES + identity->capacity));
    if (refused != 0) {
        status = fail(error, CHRONO_E_NO_SPACE, refused, "no room for a ring of %llu bytes",
                      (unsigned long long)identity->capacity);
    } else if (fchmod(file, (mode_t)(identity->mode & 0660)) != 0) { /* whatever the umask is */
        status = fail(error, CHRONO_E_SYSTEM, errno, "setting the mode of the ring failed");
    } else {
        status = map(file, identity->capacity, ring, error);
    }
    close(file);
    if (status != CHRONO_OK) {
        unlink(path);
        return status;
    }
    if ((identity->flags & CHRONO_RING_UNGUARDED) == 0) {
        (*ring)->guard = guard_add((*ring)->header, (*ring)->mapped_bytes);
    }
    write_identity(*ring, identity);
    return CHRONO_OK;
}

/* The header was written by another process: nothing of it is used before it was checked against the file. */
static int check_header(const chrono_ring_header *header, off_t file_bytes, uint64_t client_id, uint64_t ring_id,
                        chrono_error *error)
{
    if (header->magic != CHRONO_RING_MAGIC) {
        return fail(error, CHRONO_E_CORRUPT, 0, "it is not a ring");
    }
    if (header->version != CHRONO_RING_VERSION || header->header_bytes != CHRONO_RING_HEADER_BYTES) {
        return fail(error, CHRONO_E_VERSION, 0, "ring version %u, this library has %u", header->version,
                    CHRONO_RING_VERSION);
    }
    if (!is_capacity(header->capacity)
        || (uint64_t)file_bytes != CHRONO_RING_HEADER_BYTES + header->capacity) {
        return fail(error, CHRONO_E_CORRUPT, 0, "capacity of %llu bytes in a file of %lld",
                    (unsigned long long)header->capacity, (long long)file_bytes);
    }
    if (header->record_bytes_max != record_bytes_max(header->capacity)) {
        return fail(error, CHRONO_E_CORRUPT, 0, "longest record of %u bytes", header->record_bytes_max);
    }
    if (header->client_id != client_id || header->ring_id != ring_id) {
        return fail(error, CHRONO_E_CORRUPT, 0, "it is ring %llu of client %llu",
                    (unsigned long long)header->ring_id, (unsigned long long)header->client_id);
    }
    return CHRONO_OK;
}

static int check_file(int file, uint32_t trusted_uid, struct stat *facts, chrono_error *error)
{
    if (fstat(file, facts) != 0) {
        return fail(error, CHRONO_E_SYSTEM, errno, "its size is not to be had");
    }
    if (!S_ISREG(facts->st_mode) || facts->st_size < (off_t)(CHRONO_RING_HEADER_BYTES + CHRONO_RING_CAPACITY_MIN)) {
        return fail(error, CHRONO_E_CORRUPT, 0, "it is not a ring");
    }
    uid_t owner = facts->st_uid;
    if (owner != geteuid() && owner != 0 && owner != (uid_t)trusted_uid) {
        return fail(error, CHRONO_E_REFUSED, 0, "it belongs to user %u, who is not trusted", (unsigned)owner);
    }
    if ((facts->st_mode & S_IWOTH) != 0) {
        return fail(error, CHRONO_E_REFUSED, 0, "everyone may write to it");
    }
    return CHRONO_OK;
}

/* What of a header is needed to map its file. client_id 0: any client's. */
static int open_ring(const char *path, uint64_t client_id, uint64_t ring_id, uint32_t trusted_uid,
                     chrono_ring_header *header, chrono_ring **ring, chrono_error *error)
{
    if (path == NULL || ring == NULL) {
        return fail(error, CHRONO_E_INVALID, 0, "no path");
    }
    /* O_NONBLOCK: a FIFO in its place must not hang the caller. */
    int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        int status = errno == EACCES || errno == EPERM ? CHRONO_E_REFUSED : CHRONO_E_SYSTEM;
        return fail(error, status, errno, "opening the ring failed");
    }
    struct stat facts;
    chrono_ring *mapped = NULL;
    int status = check_file(file, trusted_uid, &facts, error);
    if (status == CHRONO_OK) {
        if (pread(file, header, sizeof *header, 0) != (ssize_t)sizeof *header) {
            status = fail(error, CHRONO_E_CORRUPT, errno, "its header cannot be read");
        } else {
            client_id = client_id == 0 ? header->client_id : client_id;
            status = check_header(header, facts.st_size, client_id, ring_id, error);
        }
        if (status == CHRONO_OK) {
            status = map(file, header->capacity, &mapped, error);
        }
    }
    close(file);
    if (status == CHRONO_OK) {
        mapped->ring_id = ring_id;
        *ring = mapped;
    }
    return status;
}

int chrono_ring_attach(const char *path, uint64_t client_id, uint64_t ring_id, uint32_t trusted_uid,
                       chrono_ring **ring, chrono_error *error)
{
    chrono_ring_header header;
    return client_id == 0 ? fail(error, CHRONO_E_INVALID, 0, "no client has the id 0")
                          : open_ring(path, client_id, ring_id, trusted_uid, &header, ring, error);
}

int chrono_ring_reattach(const char *path, uint64_t ring_id, chrono_ring_identity *identity, chrono_ring **ring,
                         chrono_error *error)
{
    chrono_ring_header header;
    if (identity == NULL) {
        return fail(error, CHRONO_E_INVALID, 0, "no place for the identity");
    }
    int status = open_ring(path, 0, ring_id, (uint32_t)geteuid(), &header, ring, error);
    if (status != CHRONO_OK) {
        return status;
    }
    (*ring)->guard = guard_add((*ring)->header, (*ring)->mapped_bytes);
    /* Another process with the pid is not the producer, and no process is watched instead of it. */
    int is_another = header.producer_started != 0 && header.producer_pid > 0
        && chrono_process_started(header.producer_pid) != header.producer_started;
    *identity = (chrono_ring_identity){
        .capacity = header.capacity,
        .client_id = header.client_id,
        .keeper_process_id = header.keeper_process_id,
        .keeper_epoch = header.keeper_epoch,
        .ring_id = ring_id,
        .producer_pid = is_another ? -1 : header.producer_pid,
        .flags = header.mirrored == 1 ? CHRONO_RING_MIRRORED : 0,
    };
    (*ring)->header->consumer_pid = (int32_t)getpid();
    store_release(&(*ring)->header->heartbeat_ns, chrono_monotonic_ns());
    return CHRONO_OK;
}

void chrono_ring_detach(chrono_ring *ring)
{
    if (ring != NULL) {
        guard_remove(ring->guard);
        munmap(ring->header, ring->mapped_bytes);
        free(ring);
    }
}

chrono_ring_header *chrono_ring_get_header(const chrono_ring *ring)
{
    return ring->header;
}

uint8_t *chrono_ring_get_data(const chrono_ring *ring)
{
    return ring->data;
}

uint64_t chrono_ring_get_capacity(const chrono_ring *ring)
{
    return ring->capacity;
}
