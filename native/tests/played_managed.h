/* What tests may know of the played managed part. */
#ifndef CHRONO_PLAYED_MANAGED_H
#define CHRONO_PLAYED_MANAGED_H

#include <stdint.h>

/* Calls that have come into the managed part. */
extern uint64_t played_calls;

#endif
