/* Watching another process: a pidfd becomes readable when it has ended, and never means a successor of the same number. */
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chrono_ring.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

int chrono_process_watch(int32_t pid)
{
    if (pid <= 0) {
        return CHRONO_E_INVALID;
    }
    long watch = syscall(SYS_pidfd_open, (long)pid, 0L);
    if (watch >= 0) {
        return (int)watch;
    }
    /* ESRCH: gone already. Anything else: the kernel has no pidfds or no descriptors are left. */
    return errno == ESRCH ? CHRONO_E_CLOSED : CHRONO_E_SYSTEM;
}

int chrono_process_alive(int watch)
{
    struct pollfd poller = {watch, POLLIN, 0};
    int ready;
    do {
        ready = poll(&poller, 1, 0);
    } while (ready < 0 && errno == EINTR);
    return ready <= 0;
}

void chrono_process_unwatch(int watch)
{
    if (watch >= 0) {
        close(watch);
    }
}
