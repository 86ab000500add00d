/* A ring in a file of its own, removed at the end. */
#ifndef CHRONO_RING_FIXTURE_H
#define CHRONO_RING_FIXTURE_H

#include <unistd.h>

#include "ring_consumer.h"

#define SECOND UINT64_C(1000000000)

enum { CLIENT = 77, RING = 5 };

#ifdef __SANITIZE_THREAD__
enum { ONE_MAPPING = 1 }; /* of both sides: see one_mapping.c */
#else
enum { ONE_MAPPING = 0 };
#endif

static inline const char *ring_path(void)
{
    static char path[64];
    static int number;
    snprintf(path, sizeof path, "/dev/shm/chronolog-test-%d-%d", (int)getpid(), ++number);
    return path;
}

static inline struct consumer make_ring(const char *path, uint64_t capacity)
{
    chrono_error error = {0, 0, ""};
    chrono_ring_identity identity = {capacity, CLIENT, 1, 2, RING, (int32_t)getpid(), 0600, 0, 0};
    struct consumer consumer = {NULL, 0, 0, NULL, NULL};
    int status = chrono_ring_create(path, &identity, &consumer.ring, &error);
    if (status != CHRONO_OK) {
        fprintf(stderr, "%s: %s (errno %d)\n", path, error.text, error.os_error);
    }
    CHECK_EQUAL(CHRONO_OK, status);
    return consumer;
}

static inline chrono_ring *attach_ring(const char *path)
{
    chrono_error error = {0, 0, ""};
    chrono_ring *ring = NULL;
    int status = chrono_ring_attach(path, CLIENT, RING, 0, &ring, &error);
    if (status != CHRONO_OK) {
        fprintf(stderr, "%s: %s (errno %d)\n", path, error.text, error.os_error);
    }
    CHECK_EQUAL(CHRONO_OK, status);
    return ring;
}

static inline void drop_ring(struct consumer *consumer, const char *path)
{
    chrono_ring_detach(consumer->ring);
    unlink(path);
}

#endif
