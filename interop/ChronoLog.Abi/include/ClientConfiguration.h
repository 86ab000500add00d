/* Where a client finds its deployment, and how its own log is kept; read from the C++ client's file as it is. */
#ifndef CHRONOLOG_CLIENT_CONFIGURATION_H
#define CHRONOLOG_CLIENT_CONFIGURATION_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <ostream>
#include <sstream>
#include <string>

#include "chronolog_json.h"
#include "log_level.h"

namespace chronolog
{

struct ClientPortalServiceConf
{
    std::string PROTO_CONF = "ofi+sockets";
    std::string IP = "127.0.0.1";
    uint16_t PORT = 5555;
    uint16_t PROVIDER_ID = 55;
};

struct ClientQueryServiceConf
{
    std::string PROTO_CONF = "ofi+sockets";
    std::string IP = "127.0.0.1";
    uint16_t PORT = 5557;
    uint16_t PROVIDER_ID = 57;
};

struct ClientLogConf
{
    std::string LOGTYPE = "file";
    std::string LOGFILE = "chrono_client.log";
    LogLevel LOGLEVEL = LogLevel::debug;
    std::string LOGNAME = "ChronoClient";
    std::size_t LOGFILESIZE = 1048576;
    std::size_t LOGFILENUM = 3;
    LogLevel FLUSHLEVEL = LogLevel::warn;
};

class ClientConfiguration
{
public:
    ClientPortalServiceConf PORTAL_CONF;
    ClientQueryServiceConf QUERY_CONF;
    ClientLogConf LOG_CONF;

    /* False: not there, not JSON, or with a value that is out of range. What the file does not name keeps its value. */
    bool load_from_file(std::string const& path)
    {
        std::ifstream file(path);
        std::stringstream text;
        std::map<std::string, std::string> values;
        if(!file || !(text << file.rdbuf()))
        {
            return false;
        }
        std::string content = text.str();
        return json::Reader(content).read(values) && take_service(values, "VisorClientPortalService", PORTAL_CONF)
               && take_service(values, "ClientQueryService", QUERY_CONF) && take_log(values);
    }

    std::ostream& log_configuration(std::ostream& out) const
    {
        return out << "portal " << PORTAL_CONF.PROTO_CONF << " " << PORTAL_CONF.IP << ":" << PORTAL_CONF.PORT
                   << " provider " << PORTAL_CONF.PROVIDER_ID << "; query " << QUERY_CONF.PROTO_CONF << " " << QUERY_CONF.IP << ":"
                   << QUERY_CONF.PORT << " provider " << QUERY_CONF.PROVIDER_ID << "; log " << LOG_CONF.LOGTYPE << " "
                   << LOG_CONF.LOGFILE;
    }

private:
    using Values = std::map<std::string, std::string>;

    static bool take(Values const& values, std::string const& path, std::string& target)
    {
        auto found = values.find("chrono_client." + path);
        if(found != values.end())
        {
            target = found->second;
        }
        return true;
    }

    template <typename Number>
    static bool take_number(Values const& values, std::string const& path, Number& target)
    {
        auto found = values.find("chrono_client." + path);
        if(found == values.end())
        {
            return true;
        }
        char* end = nullptr;
        unsigned long long number = std::strtoull(found->second.c_str(), &end, 10);
        target = static_cast<Number>(number);
        return end != found->second.c_str() && *end == 0 && found->second[0] != '-' && target == number;
    }

    static bool take_level(Values const& values, std::string const& path, LogLevel& target)
    {
        static const char* const names[] = {"trace", "debug", "info", "warn", "error", "critical", "off"};
        std::string name;
        take(values, path, name);
        for(int i = 0; i < 7; ++i)
        {
            if(name == names[i] || (name == "warning" && i == 3))
            {
                target = static_cast<LogLevel>(i);
                return true;
            }
        }
        return name.empty();
    }

    template <typename Service>
    static bool take_service(Values const& values, std::string const& name, Service& target)
    {
        return take(values, name + ".rpc.protocol_conf", target.PROTO_CONF)
               && take(values, name + ".rpc.service_ip", target.IP)
               && take_number(values, name + ".rpc.service_base_port", target.PORT)
               && take_number(values, name + ".rpc.service_provider_id", target.PROVIDER_ID);
    }

    bool take_log(Values const& values)
    {
        return take(values, "Monitoring.monitor.type", LOG_CONF.LOGTYPE)
               && take(values, "Monitoring.monitor.file", LOG_CONF.LOGFILE)
               && take_level(values, "Monitoring.monitor.level", LOG_CONF.LOGLEVEL)
               && take(values, "Monitoring.monitor.name", LOG_CONF.LOGNAME)
               && take_number(values, "Monitoring.monitor.filesize", LOG_CONF.LOGFILESIZE)
               && take_number(values, "Monitoring.monitor.filenum", LOG_CONF.LOGFILENUM)
               && take_level(values, "Monitoring.monitor.flushlevel", LOG_CONF.FLUSHLEVEL);
    }
};

} // namespace chronolog

#endif
