/* The ring as a file: created once and whole, mapped only when everything about it is right. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ring_fixture.h"

static int attach_status(const char *path)
{
    chrono_ring *ring = NULL;
    chrono_error error = {0, 0, ""};
    int status = chrono_ring_attach(path, CLIENT, RING, 0, &ring, &error);
    if (status == CHRONO_OK) {
        chrono_ring_detach(ring);
    } else {
        CHECK(ring == NULL);
        CHECK(error.text[0] != '\0');
        CHECK_EQUAL(status, error.status);
    }
    return status;
}

static void is_created_once_and_privately(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, 65536);
    struct stat facts;
    CHECK_EQUAL(0, stat(path, &facts));
    CHECK_EQUAL(0600, facts.st_mode & 0777);
    CHECK_EQUAL(4096 + 65536, facts.st_size);
    CHECK(facts.st_blocks * 512 >= facts.st_size);
    chrono_ring_identity identity = {65536, CLIENT, 1, 2, RING, 0, 0600, 0, 0};
    chrono_ring *second = NULL;
    CHECK_EQUAL(CHRONO_E_SYSTEM, chrono_ring_create(path, &identity, &second, NULL));
    CHECK_EQUAL(CHRONO_OK, attach_status(path));
    drop_ring(&consumer, path);
}

static void refuses_capacities_out_of_bounds(void)
{
    const uint64_t bad[] = {0, 1, 32768, 65537, 65536 * 3, UINT64_C(1) << 31, UINT64_MAX};
    const char *path = ring_path();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        chrono_ring_identity identity = {bad[i], CLIENT, 1, 2, RING, 0, 0600, 0, 0};
        chrono_ring *ring = NULL;
        CHECK_EQUAL(CHRONO_E_INVALID, chrono_ring_create(path, &identity, &ring, NULL));
    }
    CHECK(access(path, F_OK) != 0);
}

static void write_at(const char *path, off_t offset, const void *bytes, size_t count)
{
    int file = open(path, O_WRONLY);
    CHECK_EQUAL(count, pwrite(file, bytes, count, offset));
    close(file);
}

static void hostile_header_is_refused(void)
{
    static const struct {
        off_t offset;
        size_t bytes;
        uint64_t value;
        int status;
    } cases[] = {
        {0, 8, 0, CHRONO_E_CORRUPT},
        {8, 4, 2, CHRONO_E_VERSION},
        {12, 4, 8192, CHRONO_E_VERSION},
        {16, 8, 131072, CHRONO_E_CORRUPT},
        {16, 8, 65536 + 8, CHRONO_E_CORRUPT},
        {16, 8, 0, CHRONO_E_CORRUPT},
        {16, 8, UINT64_MAX, CHRONO_E_CORRUPT},
        {24, 8, CLIENT + 1, CHRONO_E_CORRUPT},
        {48, 8, RING + 1, CHRONO_E_CORRUPT},
        {64, 4, 65536, CHRONO_E_CORRUPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = ring_path();
        struct consumer consumer = make_ring(path, 65536);
        write_at(path, cases[i].offset, &cases[i].value, cases[i].bytes);
        CHECK_EQUAL(cases[i].status, attach_status(path));
        drop_ring(&consumer, path);
    }
}

static void hostile_file_is_refused(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, 65536);
    CHECK_EQUAL(0, chmod(path, 0602));
    CHECK_EQUAL(CHRONO_E_REFUSED, attach_status(path));
    CHECK_EQUAL(0, chmod(path, 0600));
    char link[80];
    snprintf(link, sizeof link, "%s-link", path);
    CHECK_EQUAL(0, symlink(path, link));
    CHECK_EQUAL(CHRONO_E_SYSTEM, attach_status(link));
    unlink(link);
    CHECK_EQUAL(0, mkfifo(link, 0600));
    CHECK_EQUAL(CHRONO_E_CORRUPT, attach_status(link));
    unlink(link);
    CHECK_EQUAL(0, truncate(path, 4096 + 32768));
    CHECK_EQUAL(CHRONO_E_CORRUPT, attach_status(path));
    CHECK_EQUAL(0, truncate(path, 10));
    CHECK_EQUAL(CHRONO_E_CORRUPT, attach_status(path));
    CHECK_EQUAL(CHRONO_E_SYSTEM, attach_status("/dev/shm/chronolog-no-such-ring"));
    CHECK_EQUAL(CHRONO_E_CORRUPT, attach_status("/dev/null"));
    chrono_ring_detach(consumer.ring);
    unlink(path);
}

static void full_memory_is_an_error(void)
{
    /* A file system that cannot allocate stands in for a full /dev/shm. */
    chrono_ring_identity identity = {65536, CLIENT, 1, 2, RING, 0, 0600, 0, 0};
    chrono_ring *ring = NULL;
    chrono_error error = {0, 0, ""};
    CHECK(chrono_ring_create("/proc/chronolog-ring", &identity, &ring, &error) != CHRONO_OK);
    CHECK(ring == NULL && error.os_error != 0);
}

/* The client cuts the file under the Keeper's mapping: zeros instead of SIGBUS, and other faults stay what they are. */
static void truncation_is_survived(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, 1 << 20);
    CHECK_EQUAL(CHRONO_OK, chrono_ring_try_append(consumer.ring, 1, 1, 1, "abc", 3));
    CHECK_EQUAL(0, truncate(path, 4096 + 65536));
    consume_all(&consumer);
    CHECK_EQUAL(1, consumer.events);
    check_all_zero(consumer.ring);
    consumer.ring->data[(1 << 20) - 1] = 1;
    CHECK_EQUAL(0, truncate(path, 0));
    CHECK_EQUAL(0, load_relaxed(&consumer.ring->header->magic));
    CHECK_EQUAL(0, load_relaxed((int32_t *)consumer.ring->data));
    drop_ring(&consumer, path);

    /* Another file's mapping, cut short, still kills. */
    const char *other = ring_path();
    int file = open(other, O_RDWR | O_CREAT, 0600);
    CHECK_EQUAL(0, ftruncate(file, 4096));
    pid_t child = fork();
    if (child == 0) {
        volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
        CHECK_EQUAL(0, ftruncate(file, 0));
        signal(SIGABRT, SIG_DFL);
        _exit(page[0]);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) != 0); /* a sanitizer reports it and exits */
    close(file);
    unlink(other);
}

static void watch_sees_a_process_end(void)
{
    int pipe_ends[2];
    CHECK_EQUAL(0, pipe(pipe_ends));
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(pipe_ends[1]);
        _exit((int)read(pipe_ends[0], &byte, 1));
    }
    int watch = chrono_process_watch(child);
    CHECK(watch >= 0);
    CHECK_EQUAL(1, chrono_process_alive(watch));
    close(pipe_ends[1]);
    siginfo_t info;
    CHECK_EQUAL(0, waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
    CHECK_EQUAL(0, chrono_process_alive(watch));
    waitpid(child, NULL, 0);
    CHECK_EQUAL(CHRONO_E_CLOSED, chrono_process_watch(child));
    CHECK_EQUAL(CHRONO_E_INVALID, chrono_process_watch(0));
    chrono_process_unwatch(watch);
    close(pipe_ends[0]);
}

static void is_reattached_by_the_keepers_next_process(void)
{
    const char *path = ring_path();
    struct consumer consumer = make_ring(path, CHRONO_RING_CAPACITY_MIN);
    chrono_ring *producer = attach_ring(path);
    CHECK_EQUAL(CHRONO_OK, chrono_ring_try_append(producer, 1, 1, 1, "abc", 3));
    store_relaxed(&consumer.ring->header->heartbeat_ns, 0);
    chrono_ring_detach(consumer.ring);

    chrono_error error = {0, 0, ""};
    chrono_ring_identity identity;
    CHECK_EQUAL(CHRONO_E_CORRUPT, chrono_ring_reattach(path, RING + 1, &identity, &consumer.ring, &error));
    CHECK_EQUAL(CHRONO_OK, chrono_ring_reattach(path, RING, &identity, &consumer.ring, &error));
    CHECK_EQUAL(CLIENT, identity.client_id);
    CHECK_EQUAL(CHRONO_RING_CAPACITY_MIN, identity.capacity);
    CHECK_EQUAL(getpid(), identity.producer_pid);
    CHECK(load_relaxed(&producer->header->heartbeat_ns) != 0);
    CHECK_EQUAL(CHRONO_OK, chrono_ring_try_append(producer, 1, 1, 2, "def", 3));
    consume_all(&consumer);
    CHECK_EQUAL(2, consumer.events);

    /* The producer's pid is another process's now. */
    store_relaxed(&producer->header->producer_started, producer->header->producer_started + 1);
    chrono_ring_detach(consumer.ring);
    CHECK_EQUAL(CHRONO_OK, chrono_ring_reattach(path, RING, &identity, &consumer.ring, &error));
    CHECK_EQUAL(-1, identity.producer_pid);
    chrono_ring_detach(producer);
    drop_ring(&consumer, path);
}

static void start_of_a_process_is_told(void)
{
    CHECK(chrono_process_started((int32_t)getpid()) > 0);
    CHECK_EQUAL(chrono_process_started((int32_t)getpid()), chrono_process_started((int32_t)getpid()));
    CHECK_EQUAL(0, chrono_process_started(0));
}

int main(void)
{
    is_created_once_and_privately();
    refuses_capacities_out_of_bounds();
    hostile_header_is_refused();
    hostile_file_is_refused();
    full_memory_is_an_error();
    truncation_is_survived();
    watch_sees_a_process_end();
    start_of_a_process_is_told();
    is_reattached_by_the_keepers_next_process();
    return 0;
}
