#ifndef CHRONOLOG_LOG_LEVEL_H
#define CHRONOLOG_LOG_LEVEL_H

namespace chronolog
{

enum class LogLevel
{
    trace,
    debug,
    info,
    warn,
    error,
    critical,
    off
};

} // namespace chronolog

#endif
