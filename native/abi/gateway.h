/*
 * The way into the managed part. Application threads never enter it: they put their call into a queue, and one thread of
 * the library hands it over and returns at once; the caller sleeps on the call's own futex until it is done. So the
 * runtime sees none of the application's stacks, signal masks, alternate stacks and floating-point traps, its threads
 * inherit none of them, and a signal that arrives during a long call is handled by the thread that waits.
 */
#ifndef CHRONOLOG_GATEWAY_H
#define CHRONOLOG_GATEWAY_H

#include "call.h"
#include "handles.h"

/* Whether this is a child of a process that has connected; then FORKED with the thread's message. */
int32_t gateway_refusal(void);

/* Runs an operation to its end. The call's status, with the thread's message set when it is a failure. */
int32_t gateway_run(struct abi_call *call);

/* The same on the managed twin of a handle, which stays valid meanwhile. */
int32_t gateway_run_on(struct abi_call *call, const void *handle, enum handle_kind kind);

/* For a managed object that no handle could be made for: it is forgotten. The status, with the thread's message set. */
int32_t gateway_no_handle(uint64_t object);

/* Names and values are at most that long: more is an error of the caller's, and is not copied around. */
enum { TEXT_BYTES_MAX = 65536, ATTRIBUTES_MAX = 4096 };

/* Puts an argument into the call; a missing one is kept as the call's failure. */
void call_text(struct abi_call *call, int place, const char *text, const char *what);
void call_attributes(struct abi_call *call, const chronolog_attribute *attributes, uint64_t count);
void call_invalid(struct abi_call *call, const char *why);

#endif
