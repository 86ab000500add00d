/* Watching another process: a pidfd becomes readable when it has ended, and never means a successor of the same number. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

uint64_t chrono_process_started(int32_t pid)
{
    char path[32];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    size_t bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[bytes] = '\0';
    /* "pid (name) state ...": the name may hold anything: fields are counted from its last parenthesis; the 22nd is it. */
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}
