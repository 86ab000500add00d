/*
 * Passages: how a call is safe from a handle that another thread closes meanwhile, at the cost of two plain stores.
 *
 * A thread that uses a handle writes it into its own passage, then looks whether the handle is still valid, and clears the
 * passage when it is done. Who closes a handle makes it invalid first, then waits until no passage holds it; only then is
 * what it names given back. Between a thread's store and its look there must be a full fence; it is paid by who closes
 * (membarrier: every running thread of the process passes one), because calls are a million times as frequent. Where the
 * kernel has no membarrier, each call pays its own.
 */
#ifndef CHRONOLOG_PASSAGE_H
#define CHRONOLOG_PASSAGE_H

#include <stdint.h>

#include "../src/atomics.h"

struct passage {
    uint64_t handle; /* in use by the thread now; 0: none */
    uint32_t taken;  /* by a living thread */
    struct passage *next;
};

/* 1: who closes handles fences for everybody. Constant once the first passage was made. */
extern uint32_t passage_asymmetric;

extern __thread struct passage *passage_own __attribute__((tls_model("initial-exec")));

/* A passage for this thread; NULL when memory is exhausted. */
struct passage *passage_make(void);

/* Waits until no thread uses the handle, which must be invalid by now. Not from within a passage with it. */
void passage_await(uint64_t handle);

static inline struct passage *passage_mine(void)
{
    struct passage *mine = passage_own;
    return __builtin_expect(mine != 0, 1) ? mine : passage_make();
}

/* Returns what the passage held before: a handler that interrupted a call restores it. */
static inline uint64_t passage_enter(struct passage *mine, uint64_t handle)
{
    uint64_t before = load_relaxed(&mine->handle);
    store_relaxed(&mine->handle, handle);
    if (__builtin_expect(passage_asymmetric == 0, 0)) {
        fence_full();
    }
    __asm__ __volatile__("" ::: "memory");
    return before;
}

static inline void passage_leave(struct passage *mine, uint64_t before)
{
    store_release(&mine->handle, before);
}

#endif
