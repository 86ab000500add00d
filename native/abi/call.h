/*
 * A call from C into the managed part (libchronolog_managed.so): one struct for all operations, on the caller's stack,
 * alive until the managed side has completed it. Its twin is interop/ChronoLog.Abi/AbiCall.cs; `call_bytes` and
 * ABI_CALL_VERSION are compared when the managed part is started.
 */
#ifndef CHRONOLOG_CALL_H
#define CHRONOLOG_CALL_H

#include <stdint.h>

#include "chronolog.h"

#define ABI_CALL_VERSION 3u

enum abi_operation {
    ABI_CONNECT = 1,
    ABI_DISCONNECT = 2,
    ABI_ABANDON = 3,
    ABI_CREATE_CHRONICLE = 4,
    ABI_DESTROY_CHRONICLE = 5,
    ABI_DESTROY_STORY = 6,
    ABI_GET_ATTRIBUTE = 7,
    ABI_SET_ATTRIBUTE = 8,
    ABI_LIST_ATTRIBUTES = 9,
    ABI_LIST_CHRONICLES = 10,
    ABI_LIST_STORIES = 11,
    ABI_ACQUIRE = 12,
    ABI_RELEASE = 13,
    ABI_FLUSH = 14,
    ABI_REPLAY_OPEN = 15,
    ABI_PLAYBACK_OPEN = 16,
    ABI_REPLAY_NEXT = 17,
    ABI_REPLAY_CANCEL = 18,
    ABI_REPLAY_STATE = 19,
    ABI_REPLAY_GAP = 20,
    ABI_REPLAY_CLOSE = 21,
    ABI_CLOCK = 22,
    ABI_STATISTICS = 23,
    ABI_FORGET = 24, /* the object is not named any more */
    ABI_OWN_TIMES = 40 /* the story gets events with times of its users' own */
};

enum { ABI_TEXTS = 4, ABI_NUMBERS = 9, ABI_RESULTS = 8, ABI_MESSAGE_BYTES = 1024 };

struct abi_text {
    const char *bytes; /* UTF-8; NULL: not given */
    uint64_t length;
};

struct abi_call {
    uint32_t operation;
    int32_t status;                         /* out */
    uint64_t object;                        /* the managed object that the operation is on; 0: none */
    struct abi_text texts[ABI_TEXTS];
    const chronolog_attribute *attributes;  /* checked: no NULL in it */
    uint64_t attribute_count;
    uint64_t numbers[ABI_NUMBERS];
    uint64_t results[ABI_RESULTS];          /* out */
    void *memory;                           /* out: from malloc, now the caller's */
    uint64_t memory_bytes;
    char message[ABI_MESSAGE_BYTES];        /* out, on failure: UTF-8 with its zero */
    uint32_t done;                          /* futex: 1 once everything above is final */
    uint32_t reserved;
    struct abi_call *next;                  /* the gateway's queue */
};

#endif
