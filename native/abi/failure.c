#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

#include "call.h"

static __thread char last_error[ABI_MESSAGE_BYTES];

int32_t failure(int32_t status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

const char *chronolog_last_error(void)
{
    return last_error;
}

uint32_t chronolog_abi_version(void)
{
    return CHRONOLOG_ABI_VERSION;
}

const char *chronolog_version(void)
{
    return CHRONOLOG_VERSION;
}

const char *chronolog_status_name(int32_t status)
{
    static const char *const names[] = {
        "CHRONOLOG_OK", "CHRONOLOG_ERR_UNKNOWN", "CHRONOLOG_ERR_INVALID_ARG", "CHRONOLOG_ERR_NOT_EXIST",
        "CHRONOLOG_ERR_ACQUIRED", "CHRONOLOG_ERR_NOT_ACQUIRED", "CHRONOLOG_ERR_CHRONICLE_EXISTS",
        "CHRONOLOG_ERR_NO_KEEPERS", "CHRONOLOG_ERR_NO_CONNECTION", "CHRONOLOG_ERR_NOT_AUTHORIZED",
        "CHRONOLOG_ERR_NO_PLAYERS", "CHRONOLOG_ERR_NOT_READER_MODE", "CHRONOLOG_ERR_TIMED_OUT",
        "CHRONOLOG_ERR_PROTOCOL_VERSION_MISMATCH", "CHRONOLOG_ERR_PARTIAL", "CHRONOLOG_ERR_LIMIT_EXCEEDED",
        "CHRONOLOG_ERR_NO_SPACE", "CHRONOLOG_ERR_CORRUPT", "CHRONOLOG_ERR_CANCELLED", "CHRONOLOG_ERR_INTERNAL",
        "CHRONOLOG_ERR_FENCED", "CHRONOLOG_ERR_NOT_SUPPORTED", "CHRONOLOG_ERR_FORKED", "CHRONOLOG_ERR_NO_LIBRARY",
    };
    const int32_t count = sizeof names / sizeof *names;
    return status <= 0 && status > -count ? names[-status] : "CHRONOLOG_ERR_?";
}
