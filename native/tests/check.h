/* Assertions of the C tests: on in every build, and they say where. */
#ifndef CHRONO_CHECK_H
#define CHRONO_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: %s: failed: %s\n", __FILE__, __LINE__, __func__, #condition); \
            abort();                                                                      \
        }                                                                                 \
    } while (0)

#define CHECK_EQUAL(expected, actual)                                                     \
    do {                                                                                  \
        long long expected_ = (long long)(expected);                                      \
        long long actual_ = (long long)(actual);                                          \
        if (expected_ != actual_) {                                                       \
            fprintf(stderr, "%s:%d: %s: %s is %lld, expected %lld\n", __FILE__, __LINE__, __func__, #actual, \
                    actual_, expected_);                                                  \
            abort();                                                                      \
        }                                                                                 \
    } while (0)

#endif
