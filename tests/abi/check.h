/* Assertions of the programs that use libchronolog: on in every build, and they say where, and what the library said. */
#ifndef ABI_CHECK_H
#define ABI_CHECK_H

#include <chronolog.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                      \
    do {                                                                                                      \
        if (!(condition)) {                                                                                   \
            fprintf(stderr, "%s:%d: failed: %s (last error: %s)\n", __FILE__, __LINE__, #condition,          \
                    chronolog_last_error());                                                                  \
            exit(1);                                                                                          \
        }                                                                                                     \
    } while (0)

#define CHECK_STATUS(expected, call)                                                                          \
    do {                                                                                                      \
        int32_t status_ = (call);                                                                             \
        if (status_ != (expected)) {                                                                          \
            fprintf(stderr, "%s:%d: %s gave %s, expected %s: %s\n", __FILE__, __LINE__, #call,                \
                    chronolog_status_name(status_), chronolog_status_name(expected), chronolog_last_error()); \
            exit(1);                                                                                          \
        }                                                                                                     \
    } while (0)

#define CHECK_OK(call) CHECK_STATUS(CHRONOLOG_OK, call)

#endif
