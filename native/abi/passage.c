#include "passage.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint32_t passage_asymmetric;

__thread struct passage *passage_own __attribute__((tls_model("initial-exec")));

static struct passage *passages; /* only ever grows: as many as threads have called at once */
static pthread_key_t ending;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void end_of_thread(void *passage)
{
    struct passage *mine = passage;
    passage_own = NULL;
    store_release(&mine->handle, UINT64_C(0));
    store_release(&mine->taken, 0);
}

static void prepare(void)
{
    pthread_key_create(&ending, end_of_thread);
    passage_asymmetric = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

static struct passage *reuse(void)
{
    for (struct passage *each = load_acquire(&passages); each != NULL; each = each->next) {
        uint32_t expected = 0;
        if (__atomic_compare_exchange_n(&each->taken, &expected, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            return each;
        }
    }
    return NULL;
}

struct passage *passage_make(void)
{
    pthread_once(&once, prepare);
    struct passage *mine = reuse();
    if (mine == NULL) {
        void *memory = NULL;
        /* A pair of cache lines each: they are written at every event. */
        if (posix_memalign(&memory, 128, 128) != 0) {
            return NULL;
        }
        mine = memory;
        mine->handle = 0;
        mine->taken = 1;
        mine->next = load_relaxed(&passages);
        while (!__atomic_compare_exchange_n(&passages, &mine->next, mine, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        }
    }
    pthread_setspecific(ending, mine);
    passage_own = mine;
    return mine;
}

void passage_await(uint64_t handle)
{
    static const struct timespec moment = {0, 200000};
    pthread_once(&once, prepare);
    if (passage_asymmetric) {
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    }
    fence_full();
    for (const struct passage *each = load_acquire(&passages); each != NULL; each = each->next) {
        while (load_acquire(&each->handle) == handle) {
            nanosleep(&moment, NULL);
        }
    }
}
