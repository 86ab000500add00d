/*
 * The program's own log, as the C++ client offers it: LOG_INFO("read {} events of {}", count, story). One line each, to a
 * file (renamed to FILE.1, FILE.2, ... when it has reached its size) or to standard output. Thread-safe. Before
 * initialize() it is off.
 */
#ifndef CHRONOLOG_CHRONO_MONITOR_H
#define CHRONOLOG_CHRONO_MONITOR_H

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>

#include "log_level.h"

namespace chronolog
{

class chrono_monitor
{
public:
    /* type: "file" or "console". 0: ready; 1: the type is unknown, or the file cannot be written. */
    static int initialize(std::string const& type,
                          std::string const& file,
                          LogLevel level,
                          std::string const& name,
                          std::size_t size = 1048576,
                          std::size_t number = 3,
                          LogLevel flush_level = LogLevel::warn)
    {
        chrono_monitor& self = instance();
        std::lock_guard<std::mutex> guard(self.lock);
        if(type != "file" && type != "console")
        {
            return 1;
        }
        self.is_file = type == "file";
        if(self.is_file && !self.open(file))
        {
            return 1;
        }
        self.level = level;
        self.name = name;
        self.size_max = size;
        self.files_max = number;
        self.flush_level = flush_level;
        return 0;
    }

    static bool is_enabled(LogLevel level)
    {
        return level >= instance().level && instance().level != LogLevel::off;
    }

    template <typename... Arguments>
    static void write(LogLevel level, std::string const& format, Arguments const&... arguments)
    {
        std::ostringstream line;
        std::size_t from = 0;
        line << std::boolalpha;
        (put(line, format, from, arguments), ...);
        while(sizeof...(arguments) > 0 && copy_text(line, format, from))
        {
            line << "{}"; // there was no argument for it
        }
        line << format.substr(from);
        instance().write_line(level, line.str());
    }

private:
    static chrono_monitor& instance()
    {
        static chrono_monitor only;
        return only;
    }

    /* The format up to its next placeholder, which is passed over; false: there is none. {{ and }} are braces. */
    static bool copy_text(std::ostringstream& line, std::string const& format, std::size_t& from)
    {
        while(from < format.size())
        {
            char each = format[from++];
            std::size_t end = each == '{' ? format.find('}', from) : std::string::npos;
            if((each == '{' || each == '}') && from < format.size() && format[from] == each)
            {
                ++from;
            }
            else if(end != std::string::npos)
            {
                from = end + 1;
                return true;
            }
            line << each;
        }
        return false;
    }

    /* The argument in its placeholder's place, as << has it whatever {:...} says; one without a placeholder is left out. */
    template <typename Argument>
    static void put(std::ostringstream& line, std::string const& format, std::size_t& from, Argument const& argument)
    {
        if(copy_text(line, format, from))
        {
            line << argument;
        }
    }

    bool open(std::string const& file)
    {
        path = file;
        stream.close();
        stream.clear();
        stream.open(path, std::ios::app);
        return stream.is_open();
    }

    void rotate()
    {
        stream.close();
        for(std::size_t i = files_max; i > 0; --i)
        {
            std::string from = i == 1 ? path : path + "." + std::to_string(i - 1);
            std::rename(from.c_str(), (path + "." + std::to_string(i)).c_str());
        }
        open(path);
    }

    void write_line(LogLevel of, std::string const& text)
    {
        static const char* const names[] = {"trace", "debug", "info", "warning", "error", "critical", "off"};
        char when[32];
        std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
        std::tm broken;
        std::strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", localtime_r(&now, &broken));
        std::lock_guard<std::mutex> guard(lock);
        std::ostream& target = is_file ? static_cast<std::ostream&>(stream) : std::cout;
        target << '[' << when << "] [" << name << "] [" << names[static_cast<int>(of)] << "] " << text << '\n';
        if(of >= flush_level)
        {
            target.flush();
        }
        if(is_file && size_max > 0 && stream.tellp() >= static_cast<std::streamoff>(size_max))
        {
            rotate();
        }
    }

    std::mutex lock;
    std::ofstream stream;
    std::string path;
    std::string name;
    bool is_file = false;
    LogLevel level = LogLevel::off;
    LogLevel flush_level = LogLevel::warn;
    std::size_t size_max = 0;
    std::size_t files_max = 0;
};

} // namespace chronolog

#define CHRONOLOG_WRITE(level, ...)                             \
    do                                                          \
    {                                                           \
        if(chronolog::chrono_monitor::is_enabled(level))        \
        {                                                       \
            chronolog::chrono_monitor::write(level, __VA_ARGS__); \
        }                                                       \
    } while(0)

/* <syslog.h> has some of these names, as numbers. */
#undef LOG_TRACE
#undef LOG_DEBUG
#undef LOG_INFO
#undef LOG_WARNING
#undef LOG_ERROR
#undef LOG_CRITICAL
#define LOG_TRACE(...) CHRONOLOG_WRITE(chronolog::LogLevel::trace, __VA_ARGS__)
#define LOG_DEBUG(...) CHRONOLOG_WRITE(chronolog::LogLevel::debug, __VA_ARGS__)
#define LOG_INFO(...) CHRONOLOG_WRITE(chronolog::LogLevel::info, __VA_ARGS__)
#define LOG_WARNING(...) CHRONOLOG_WRITE(chronolog::LogLevel::warn, __VA_ARGS__)
#define LOG_ERROR(...) CHRONOLOG_WRITE(chronolog::LogLevel::error, __VA_ARGS__)
#define LOG_CRITICAL(...) CHRONOLOG_WRITE(chronolog::LogLevel::critical, __VA_ARGS__)

#endif
