/* The managed part, libchronolog_managed.so: loaded from beside libchronolog when a program first connects. */
#ifndef CHRONOLOG_MANAGED_H
#define CHRONOLOG_MANAGED_H

#include "call.h"

/* Tells that everything in the call is final. Called by threads of the managed part. */
typedef void (*managed_complete)(struct abi_call *call);

/* Loads and starts it; on the gateway's thread, once. 0, or a status with the thread's message set. */
int32_t managed_start(managed_complete complete);

/* Begins an operation and returns at once. On the gateway's thread. */
void managed_submit(struct abi_call *call);

#endif
