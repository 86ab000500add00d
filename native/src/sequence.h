/*
 * Tick and index of a client, taken together: the last tick and the next index are one 16-byte word, replaced by one
 * compare-and-swap (cmpxchg16b). Where the machine has none, a spin lock that is held for a few instructions.
 */
#ifndef CHRONO_SEQUENCE_H
#define CHRONO_SEQUENCE_H

#include <stdint.h>

#include "atomics.h"

#if defined(__x86_64__) && defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_16) && !defined(CHRONO_PORTABLE_SEQUENCE)
#define CHRONO_WIDE_SWAP 1
#endif

struct sequence {
    _Alignas(16) uint64_t last_tick;
    uint64_t next_index;        /* its low 32 bits are given out */
#ifndef CHRONO_WIDE_SWAP
    uint32_t locked;
#endif
};

/*
 * Takes `count` ticks and indexes. now: the clock; the ticks are max(now, last + 1) and those that follow.
 * With given != 0 only indexes are taken, and *tick stays as it is.
 */
static inline void sequence_take(struct sequence *sequence, uint64_t now, uint32_t count, int given, uint64_t *tick,
                                 uint32_t *index)
{
#ifdef CHRONO_WIDE_SWAP
    for (;;) {
        /* Two loads may see two states; the swap then fails, because it compares both. */
        uint64_t last = load_relaxed(&sequence->last_tick);
        uint64_t next = load_relaxed(&sequence->next_index);
        uint64_t first = now > last ? now : last + 1;
        uint64_t new_last = given ? last : first + (count - 1);
        chrono_u128 before = ((chrono_u128)next << 64) | last;
        chrono_u128 after = ((chrono_u128)(next + count) << 64) | new_last;
        if (__sync_bool_compare_and_swap((chrono_u128 *)(void *)sequence, before, after)) {
            *tick = given ? *tick : first;
            *index = (uint32_t)next;
            return;
        }
        cpu_relax();
    }
#else
    while (__atomic_exchange_n(&sequence->locked, 1, __ATOMIC_ACQUIRE) != 0) {
        cpu_relax();
    }
    if (!given) {
        uint64_t first = now > sequence->last_tick ? now : sequence->last_tick + 1;
        store_relaxed(&sequence->last_tick, first + (count - 1));
        *tick = first;
    }
    *index = (uint32_t)sequence->next_index;
    store_relaxed(&sequence->next_index, sequence->next_index + count);
    store_release(&sequence->locked, 0);
#endif
}

#endif
