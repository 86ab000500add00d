/* What the C++ programs here check by: the first thing that is not as it should be ends the program, with the last error. */
#ifndef REQUIRE_HPP
#define REQUIRE_HPP

#include <cstdio>
#include <cstdlib>

#include <chronolog.h>

#define REQUIRE_IS(expected, actual)                                                                                  \
    do                                                                                                                \
    {                                                                                                                 \
        long long expected_ = static_cast<long long>(expected), actual_ = static_cast<long long>(actual);             \
        if(expected_ != actual_)                                                                                      \
        {                                                                                                             \
            std::fprintf(stderr, "%s:%d: %s is %lld, expected %lld (%s)\n", __FILE__, __LINE__, #actual, actual_,     \
                         expected_, chronolog_last_error());                                                          \
            std::exit(1);                                                                                             \
        }                                                                                                             \
    } while(0)

#define REQUIRE(condition) REQUIRE_IS(true, (condition))

#endif
