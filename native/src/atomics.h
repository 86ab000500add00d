/* The few atomic operations in use, on plain integers, so that the public headers stay readable by C++. */
#ifndef CHRONO_ATOMICS_H
#define CHRONO_ATOMICS_H

#include <stdint.h>

__extension__ typedef unsigned __int128 chrono_u128;

#define load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#ifdef __SANITIZE_THREAD__
/* The thread sanitizer knows no fences, but operations on one word: it takes a little more for ordered than is. */
uint32_t chrono_fence_word __attribute__((weak)); /* one of all files */
#define fence_acquire() ((void)__atomic_load_n(&chrono_fence_word, __ATOMIC_ACQUIRE))
#define fence_release() ((void)__atomic_fetch_add(&chrono_fence_word, 1, __ATOMIC_RELEASE))
#define fence_full() ((void)__atomic_fetch_add(&chrono_fence_word, 1, __ATOMIC_SEQ_CST))
#else
#define fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)
#define fence_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield" ::: "memory");
#endif
}

#endif
