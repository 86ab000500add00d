/* Status codes of every function that can fail: 0, or the negated Status of the control plane's common.proto. */
#ifndef CHRONO_STATUS_H
#define CHRONO_STATUS_H

#include <stdint.h>

enum {
    CHRONO_OK = 0,
    CHRONO_E_UNKNOWN = -1,      /* the event is in fewer rings than it has replicas: stored at most once, or not at all */
    CHRONO_E_INVALID = -2,      /* an argument, or a clock that was never set */
    CHRONO_E_CLOSED = -5,       /* the writer or the recorder was closed */
    CHRONO_E_NO_KEEPER = -7,    /* no ring to write to, or its Keeper has stopped consuming */
    CHRONO_E_FORKED = -8,       /* the recorder belongs to the parent process */
    CHRONO_E_REFUSED = -9,      /* the file's owner or mode is not to be trusted, or does not let this user in */
    CHRONO_E_TIMED_OUT = -12,
    CHRONO_E_VERSION = -13,     /* a ring of another version */
    CHRONO_E_TOO_LONG = -15,    /* longer than the ring takes, or too many of something */
    CHRONO_E_NO_SPACE = -16,    /* shared memory or address space is exhausted */
    CHRONO_E_CORRUPT = -17,     /* not a ring, or one that breaks the protocol */
    CHRONO_E_SYSTEM = -19,      /* a system call failed in a way that has no code of its own */
    CHRONO_E_FENCED = -20,      /* the Keeper has closed the ring */
    CHRONO_E_WOULD_BLOCK = -100, /* only from functions named try_: call the one that waits */
    CHRONO_E_TOO_OLD = -101,    /* a given tick lies further back than the late bound */
    CHRONO_E_TOO_NEW = -102,    /* a given tick lies further ahead than the future bound */
    CHRONO_E_NOT_DECLARED = -103 /* the writer was not opened for given ticks */
};

/* What went wrong, for people. Filled by functions that take one; NULL is allowed. */
typedef struct chrono_error {
    int32_t status;
    int32_t os_error;           /* errno, or 0 */
    char text[248];
} chrono_error;

#endif
