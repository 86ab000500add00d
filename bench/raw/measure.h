/* What the programs of the raw limits share: clocks, phases, sockets, memory. Any failure ends the program. */
#ifndef MEASURE_H
#define MEASURE_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static inline void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static inline uint64_t nanoseconds(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        die("clock_gettime");
    }
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* --- a phase: elapsed time, and processor time of this process and of its child --- */

struct phase {
    uint64_t begin;
    uint64_t own;
    uint64_t child;
};

static clockid_t child_clock;

static inline struct phase begin_phase(void)
{
    struct phase phase = {0, nanoseconds(CLOCK_PROCESS_CPUTIME_ID), nanoseconds(child_clock)};
    phase.begin = nanoseconds(CLOCK_MONOTONIC);
    return phase;
}

static inline void end_phase(struct phase phase, const char *name, uint64_t events, uint64_t bytes)
{
    double seconds = (double)(nanoseconds(CLOCK_MONOTONIC) - phase.begin) / 1e9;
    uint64_t own = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - phase.own;
    uint64_t child = nanoseconds(child_clock) - phase.child;
    double each = (double)(events ? events : 1);
    printf("phase=%s events=%llu bytes=%llu seconds=%.6f events_per_second=%.0f mb_per_second=%.1f client_ns=%.0f "
           "server_ns=%.0f\n", name, (unsigned long long)events, (unsigned long long)bytes, seconds,
           (double)events / seconds, (double)bytes / seconds / 1e6, (double)own / each, (double)child / each);
    fflush(stdout);
}

/* --- sockets and memory --- */

static inline int listen_loopback(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)address, length) != 0 || listen(listener, 1) != 0
        || getsockname(listener, (struct sockaddr *)address, &length) != 0) {
        die("listen on 127.0.0.1");
    }
    return listener;
}

static inline int connect_loopback(const struct sockaddr_in *address)
{
    int one = 1;
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, (const struct sockaddr *)address, sizeof *address) != 0) {
        die("connect to 127.0.0.1");
    }
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connection;
}

static inline int accept_one(int listener)
{
    int one = 1;
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) {
        die("accept");
    }
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connection;
}

static inline void write_all(int file, const void *from, size_t bytes)
{
    for (const uint8_t *next = from; bytes > 0;) {
        ssize_t done = write(file, next, bytes);
        if (done < 0) {
            die("write");
        }
        next += done;
        bytes -= (size_t)done;
    }
}

static inline void read_all(int file, void *to, size_t bytes)
{
    for (uint8_t *next = to; bytes > 0;) {
        ssize_t done = read(file, next, bytes);
        if (done <= 0) {
            die("read");
        }
        next += done;
        bytes -= (size_t)done;
    }
}

/* Memory that is there: huge pages where the system has them, every page touched. */
static inline uint8_t *allocate_touched(size_t bytes)
{
    uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        die("mmap");
    }
    madvise(memory, bytes, MADV_HUGEPAGE);
    for (size_t at = 0; at < bytes; at += PAGE) {
        memory[at] = 0;
    }
    return memory;
}

#endif
