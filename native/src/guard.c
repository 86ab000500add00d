/*
 * A client may write to its ring's file, and so it may also truncate it: the Keeper's next access to the mapping would
 * then raise SIGBUS, and kill the Keeper for everyone. (tmpfs files cannot be sealed, and a memfd could not be found again
 * after a crash.) So the process that creates rings handles SIGBUS: in a guarded mapping the lost pages are replaced by
 * private zeros, which the consumer finds to be no valid ring; anywhere else the handler that was there before decides.
 * Only raw system calls are made in the handler. Processes that merely attach to rings keep their signals to themselves.
 */
#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "atomics.h"

/* As many as a host has rings (SharedRingOptions.RingsMax). */
enum { REGIONS_MAX = 4096 };

/* `start` is published last and withdrawn first; 0: free. Written under the lock, read by the handler. */
static struct {
    uintptr_t start;
    uintptr_t end;
} regions[REGIONS_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction before;
static int installed;

static int repair(uintptr_t address)
{
    for (int i = 0; i < REGIONS_MAX; i++) {
        uintptr_t start = load_acquire(&regions[i].start);
        uintptr_t end = load_acquire(&regions[i].end);
        if (start != 0 && address >= start && address < end) {
            uintptr_t page = address & ~((uintptr_t)4096 - 1);
            /* What lies behind a page that the file has lost is lost, too. */
            return mmap((void *)page, end - page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
        }
    }
    return 0;
}

static void on_sigbus(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    if (repair((uintptr_t)info->si_addr)) {
        errno = saved;
        return;
    }
    errno = saved;
    if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else {
        /* The access is repeated on return, and ends the process as it would have. */
        signal(SIGBUS, SIG_DFL);
    }
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    installed = sigaction(SIGBUS, &action, &before) == 0;
}

int guard_add(const void *start, size_t bytes)
{
    int place = -1;
    pthread_mutex_lock(&lock);
    if (!installed) {
        install();
    }
    for (int i = 0; i < REGIONS_MAX && place < 0; i++) {
        if (load_relaxed(&regions[i].start) == 0) {
            place = i;
            store_release(&regions[i].end, (uintptr_t)start + bytes);
            store_release(&regions[i].start, (uintptr_t)start);
        }
    }
    pthread_mutex_unlock(&lock);
    return place;
}

void guard_remove(int place)
{
    if (place >= 0) {
        pthread_mutex_lock(&lock);
        store_release(&regions[place].start, (uintptr_t)0);
        store_release(&regions[place].end, (uintptr_t)0);
        pthread_mutex_unlock(&lock);
    }
}
