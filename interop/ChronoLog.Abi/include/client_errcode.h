/* Codes of the C++ client; those below -13 are ours. The numbers are chronolog.h's. */
#ifndef CHRONOLOG_CLIENT_ERRCODE_H
#define CHRONOLOG_CLIENT_ERRCODE_H

namespace chronolog
{

enum ClientErrorCode
{
    CL_SUCCESS = 0,
    CL_ERR_UNKNOWN = -1,
    CL_ERR_INVALID_ARG = -2,
    CL_ERR_NOT_EXIST = -3,
    CL_ERR_ACQUIRED = -4,
    CL_ERR_NOT_ACQUIRED = -5,
    CL_ERR_CHRONICLE_EXISTS = -6,
    CL_ERR_NO_KEEPERS = -7,
    CL_ERR_NO_CONNECTION = -8,
    CL_ERR_NOT_AUTHORIZED = -9,
    CL_ERR_NO_PLAYERS = -10,
    CL_ERR_NOT_READER_MODE = -11,
    CL_ERR_QUERY_TIMED_OUT = -12,
    CL_ERR_PROTOCOL_VERSION_MISMATCH = -13,
    CL_ERR_PARTIAL = -14,
    CL_ERR_LIMIT_EXCEEDED = -15,
    CL_ERR_NO_SPACE = -16,
    CL_ERR_CORRUPT = -17,
    CL_ERR_CANCELLED = -18,
    CL_ERR_INTERNAL = -19,
    CL_ERR_FENCED = -20,
    CL_ERR_NOT_SUPPORTED = -21,
    CL_ERR_FORKED = -22,
    CL_ERR_NO_LIBRARY = -23
};

inline const char* to_string(ClientErrorCode code)
{
    switch(code)
    {
        case CL_SUCCESS: return "CL_SUCCESS";
        case CL_ERR_UNKNOWN: return "CL_ERR_UNKNOWN";
        case CL_ERR_INVALID_ARG: return "CL_ERR_INVALID_ARG";
        case CL_ERR_NOT_EXIST: return "CL_ERR_NOT_EXIST";
        case CL_ERR_ACQUIRED: return "CL_ERR_ACQUIRED";
        case CL_ERR_NOT_ACQUIRED: return "CL_ERR_NOT_ACQUIRED";
        case CL_ERR_CHRONICLE_EXISTS: return "CL_ERR_CHRONICLE_EXISTS";
        case CL_ERR_NO_KEEPERS: return "CL_ERR_NO_KEEPERS";
        case CL_ERR_NO_CONNECTION: return "CL_ERR_NO_CONNECTION";
        case CL_ERR_NOT_AUTHORIZED: return "CL_ERR_NOT_AUTHORIZED";
        case CL_ERR_NO_PLAYERS: return "CL_ERR_NO_PLAYERS";
        case CL_ERR_NOT_READER_MODE: return "CL_ERR_NOT_READER_MODE";
        case CL_ERR_QUERY_TIMED_OUT: return "CL_ERR_QUERY_TIMED_OUT";
        case CL_ERR_PROTOCOL_VERSION_MISMATCH: return "CL_ERR_PROTOCOL_VERSION_MISMATCH";
        case CL_ERR_PARTIAL: return "CL_ERR_PARTIAL";
        case CL_ERR_LIMIT_EXCEEDED: return "CL_ERR_LIMIT_EXCEEDED";
        case CL_ERR_NO_SPACE: return "CL_ERR_NO_SPACE";
        case CL_ERR_CORRUPT: return "CL_ERR_CORRUPT";
        case CL_ERR_CANCELLED: return "CL_ERR_CANCELLED";
        case CL_ERR_INTERNAL: return "CL_ERR_INTERNAL";
        case CL_ERR_FENCED: return "CL_ERR_FENCED";
        case CL_ERR_NOT_SUPPORTED: return "CL_ERR_NOT_SUPPORTED";
        case CL_ERR_FORKED: return "CL_ERR_FORKED";
        case CL_ERR_NO_LIBRARY: return "CL_ERR_NO_LIBRARY";
    }
    return "CL_ERR_?";
}

inline const char* to_string_client(int code)
{
    return to_string(static_cast<ClientErrorCode>(code));
}

} // namespace chronolog

#endif
