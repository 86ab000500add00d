/* Why the calling thread's last failed call failed. */
#ifndef CHRONOLOG_FAILURE_H
#define CHRONOLOG_FAILURE_H

#include <stdint.h>

/* Keeps the message for chronolog_last_error() and returns the status. */
int32_t failure(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

#endif
