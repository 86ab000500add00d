/*
 * Just enough JSON for a configuration file: every value by its path, {"a": {"b": 1}} as "a.b" -> "1". Not part of the
 * interface.
 */
#ifndef CHRONOLOG_JSON_H
#define CHRONOLOG_JSON_H

#include <cctype>
#include <cstddef>
#include <map>
#include <string>

namespace chronolog
{
namespace json
{

class Reader
{
public:
    explicit Reader(std::string const& content)
        : text(content)
    {}

    /* False: no JSON, or nested too deeply. Values of arrays are named by their position. */
    bool read(std::map<std::string, std::string>& values)
    {
        return value("", values, 0) && (skip(), at == text.size());
    }

private:
    static constexpr int DEPTH_MAX = 64;

    void skip()
    {
        while(at < text.size() && std::isspace(static_cast<unsigned char>(text[at])))
        {
            ++at;
        }
    }

    bool take(char expected)
    {
        skip();
        if(at < text.size() && text[at] == expected)
        {
            ++at;
            return true;
        }
        return false;
    }

    bool value(std::string const& path, std::map<std::string, std::string>& values, int depth)
    {
        skip();
        if(depth > DEPTH_MAX || at >= text.size())
        {
            return false;
        }
        if(text[at] == '{' || text[at] == '[')
        {
            return container(path, values, depth, text[at] == '{');
        }
        std::string scalar;
        if(text[at] == '"' ? !string(scalar) : !word(scalar))
        {
            return false;
        }
        values[path] = scalar;
        return true;
    }

    bool container(std::string const& path, std::map<std::string, std::string>& values, int depth, bool is_object)
    {
        char end = is_object ? '}' : ']';
        ++at;
        if(take(end))
        {
            return true;
        }
        for(std::size_t position = 0;; ++position)
        {
            std::string name = std::to_string(position);
            skip();
            if(is_object && (!string(name) || !take(':')))
            {
                return false;
            }
            if(!value(path.empty() ? name : path + "." + name, values, depth + 1))
            {
                return false;
            }
            if(!take(','))
            {
                return take(end);
            }
        }
    }

    bool word(std::string& out)
    {
        while(at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at]))
                                     || std::string("+-.").find(text[at]) != std::string::npos))
        {
            out += text[at++];
        }
        return !out.empty();
    }

    /* Escapes beyond ASCII are kept as they are written: no path or address has them. */
    bool string(std::string& out)
    {
        static const std::string escapes = "\"\"\\\\//b\bf\fn\nr\rt\t";
        out.clear();
        if(at >= text.size() || text[at] != '"')
        {
            return false;
        }
        for(++at; at < text.size() && text[at] != '"'; ++at)
        {
            if(text[at] != '\\')
            {
                out += text[at];
                continue;
            }
            if(++at >= text.size())
            {
                return false;
            }
            std::size_t known = std::string::npos;
            for(std::size_t i = 0; i < escapes.size(); i += 2)
            {
                known = escapes[i] == text[at] ? i : known;
            }
            out += known != std::string::npos ? std::string(1, escapes[known + 1]) : std::string("\\") + text[at];
        }
        return at++ < text.size();
    }

    std::string const& text;
    std::size_t at = 0;
};

} // namespace json
} // namespace chronolog

#endif
