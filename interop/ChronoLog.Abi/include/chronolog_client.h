/*
 * The C++ client's interface (C++17), over the C interface: programs written for the C++ ChronoLog compile unchanged.
 * Return codes: client_errcode.h; chronolog_last_error() has the message. Everything is thread-safe.
 */
#ifndef CHRONOLOG_CLIENT_H
#define CHRONOLOG_CLIENT_H

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ClientConfiguration.h"
#include "chronolog.h"
#include "client_errcode.h"

namespace chronolog
{

typedef std::string StoryName;
typedef std::string ChronicleName;
typedef uint64_t ClientId;
typedef uint64_t chrono_time;
typedef uint32_t chrono_index;

constexpr uint32_t CLIENT_PROTOCOL_VERSION = 1;

class Event
{
public:
    Event(chrono_time time = 0, ClientId client_id = 0, chrono_index index = 0, std::string const& log_record = "")
        : event_time(time)
        , client(client_id)
        , event_index(index)
        , record(log_record)
    {}

    uint64_t time() const { return event_time; }

    ClientId const& client_id() const { return client; }

    uint32_t index() const { return event_index; }

    std::string const& log_record() const { return record; }

    bool operator==(Event const& other) const { return key() == other.key(); }

    bool operator!=(Event const& other) const { return key() != other.key(); }

    bool operator<(Event const& other) const { return key() < other.key(); }

    std::string to_string() const
    {
        return "{Event: " + std::to_string(event_time) + ":" + std::to_string(client) + ":"
               + std::to_string(event_index) + ":" + record + "}";
    }

private:
    std::tuple<chrono_time, ClientId, chrono_index> key() const { return {event_time, client, event_index}; }

    chrono_time event_time;
    ClientId client;
    chrono_index event_index;
    std::string record;
};

class StoryHandle
{
public:
    virtual ~StoryHandle() = default;

    /* The event's tick in nanoseconds; 0: nothing was recorded, or (see chronolog_log) it is unknown whether it was. */
    virtual uint64_t log_event(std::string const& record) = 0;
};

class Client
{
public:
    /* Records only. */
    Client(ClientPortalServiceConf const& portal)
        : endpoint("tcp://" + portal.IP + ":" + std::to_string(portal.PORT))
    {}

    /* Records and replays. Players are found through the portal: the query service's address is not needed. */
    Client(ClientPortalServiceConf const& portal, ClientQueryServiceConf const&)
        : Client(portal)
    {
        is_reader = true;
    }

    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    /* Disconnects whatever is held. What was recorded stays recorded. */
    ~Client()
    {
        if(client != nullptr)
        {
            chronolog_abandon(client);
        }
    }

    /* Connected already: success. */
    int Connect()
    {
        std::lock_guard<std::mutex> guard(lock);
        if(client != nullptr)
        {
            return CL_SUCCESS;
        }
        chronolog_client connected = nullptr;
        int code = chronolog_connect(endpoint.c_str(), nullptr, &connected);
        if(code == CL_SUCCESS)
        {
            client = connected;
        }
        return code == CL_ERR_QUERY_TIMED_OUT ? CL_ERR_NO_CONNECTION : code;
    }

    /* CL_ERR_ACQUIRED while stories are held: the client stays connected and usable. */
    int Disconnect()
    {
        std::lock_guard<std::mutex> guard(lock);
        if(client == nullptr)
        {
            return CL_SUCCESS;
        }
        int code = chronolog_disconnect(client);
        if(code == CL_SUCCESS)
        {
            client = nullptr;
        }
        return code;
    }

    int CreateChronicle(std::string const& chronicle, std::map<std::string, std::string> const& attributes, int& /*flags*/)
    {
        Attributes all(attributes);
        return chronicle.empty() ? CL_ERR_INVALID_ARG
                                 : connected(chronolog_create_chronicle, chronicle.c_str(), all.data(), all.size());
    }

    int DestroyChronicle(std::string const& chronicle)
    {
        return chronicle.empty() ? CL_ERR_INVALID_ARG : connected(chronolog_destroy_chronicle, chronicle.c_str());
    }

    /* Again: the same handle. It lives as long as the client, and records nothing after its release. */
    std::pair<int, StoryHandle*> AcquireStory(std::string const& chronicle,
                                              std::string const& story,
                                              std::map<std::string, std::string> const& attributes,
                                              int& /*flags*/)
    {
        Attributes all(attributes);
        chronolog_story acquired = nullptr;
        if(chronicle.empty() || story.empty())
        {
            return {CL_ERR_INVALID_ARG, nullptr};
        }
        int code = chronolog_acquire(client, chronicle.c_str(), story.c_str(), all.data(), all.size(), 0, &acquired);
        if(code != CL_SUCCESS)
        {
            return {code == CL_ERR_NOT_SUPPORTED ? CL_ERR_NO_KEEPERS : without_client(code), nullptr};
        }
        std::lock_guard<std::mutex> guard(lock);
        std::unique_ptr<Held>& held = stories[{chronicle, story}];
        if(held == nullptr)
        {
            held.reset(new Held);
        }
        held->story = acquired;
        return {CL_SUCCESS, held.get()};
    }

    /* Waits until what was recorded has reached the chronicle's durability; where it does not, the story is still held. */
    int ReleaseStory(std::string const& chronicle, std::string const& story)
    {
        if(chronicle.empty() || story.empty())
        {
            return CL_ERR_INVALID_ARG;
        }
        chronolog_story acquired = handle_of(chronicle, story);
        return acquired == nullptr ? CL_ERR_NOT_ACQUIRED : chronolog_release(acquired, CHRONOLOG_LEVEL_OF_CHRONICLE);
    }

    int DestroyStory(std::string const& chronicle, std::string const& story)
    {
        return chronicle.empty() || story.empty() ? CL_ERR_INVALID_ARG
                                                  : connected(chronolog_destroy_story, chronicle.c_str(), story.c_str());
    }

    int GetChronicleAttr(std::string const& chronicle, std::string const& key, std::string& value)
    {
        uint64_t length = 255;
        int code;
        if(chronicle.empty())
        {
            return CL_ERR_INVALID_ARG;
        }
        do // it may have grown between two calls
        {
            std::vector<char> place(length + 1);
            uint64_t capacity = place.size();
            code = connected(chronolog_get_attribute, chronicle.c_str(), key.c_str(), place.data(), capacity, &length);
            if(code == CL_SUCCESS)
            {
                value.assign(place.data(), length);
            }
            else if(code == CL_ERR_LIMIT_EXCEEDED && length < capacity)
            {
                return code;
            }
        } while(code == CL_ERR_LIMIT_EXCEEDED);
        return code;
    }

    int EditChronicleAttr(std::string const& chronicle, std::string const& key, std::string const& value)
    {
        return chronicle.empty() ? CL_ERR_INVALID_ARG
                                 : connected(chronolog_set_attribute, chronicle.c_str(), key.c_str(), value.c_str());
    }

    /* Replaces what the vector holds; empties it on failure. */
    std::vector<std::string>& ShowChronicles(std::vector<std::string>& names)
    {
        chronolog_list list = nullptr;
        int code = chronolog_list_chronicles(client, &list);
        return take(code, list, names);
    }

    std::vector<std::string>& ShowStories(std::string const& chronicle, std::vector<std::string>& names)
    {
        chronolog_list list = nullptr;
        int code = chronolog_list_stories(client, chronicle.c_str(), &list);
        return take(code, list, names);
    }

    /*
     * Appends the events of [start, end) in order. CL_ERR_PARTIAL: some of the range may be missing; what is there was
     * appended.
     */
    int ReplayStory(std::string const& chronicle,
                    std::string const& story,
                    uint64_t start,
                    uint64_t end,
                    std::vector<Event>& events)
    {
        if(chronicle.empty() || story.empty() || start > end)
        {
            return CL_ERR_INVALID_ARG;
        }
        if(!is_reader)
        {
            return CL_ERR_NOT_READER_MODE;
        }
        if(handle_of(chronicle, story) == nullptr)
        {
            return why_not_acquired(chronicle, story);
        }
        Opened replay;
        int code = connected(chronolog_replay_open, chronicle.c_str(), story.c_str(), start, end, UINT64_C(0), &replay.handle);
        chronolog_batch batch;
        while(code == CL_SUCCESS
              && (code = chronolog_replay_next(replay.handle, CHRONOLOG_FOREVER, &batch)) == CL_SUCCESS && batch.count > 0)
        {
            append(batch, events);
        }
        return code;
    }

private:
    class Held: public StoryHandle
    {
    public:
        uint64_t log_event(std::string const& record) override
        {
            uint64_t tick = 0;
            return chronolog_log(story, record.data(), record.size(), &tick) == CHRONOLOG_OK ? tick : 0;
        }

        std::atomic<chronolog_story> story{nullptr};
    };

    /* A replay that is closed also when memory for its events runs out. */
    struct Opened
    {
        ~Opened() { chronolog_replay_close(handle); }

        chronolog_replay handle = nullptr;
    };

    /* C's view of a map; valid as long as the map is. */
    class Attributes
    {
    public:
        explicit Attributes(std::map<std::string, std::string> const& map)
        {
            for(auto const& pair: map)
            {
                all.push_back({pair.first.c_str(), pair.second.c_str()});
            }
        }

        chronolog_attribute const* data() const { return all.data(); }

        uint64_t size() const { return all.size(); }

    private:
        std::vector<chronolog_attribute> all;
    };

    /* Without a connection C says "invalid handle": that is no connection here. */
    int without_client(int code) const
    {
        return code == CL_ERR_INVALID_ARG && client == nullptr ? CL_ERR_NO_CONNECTION : code;
    }

    template <typename Function, typename... Arguments>
    int connected(Function function, Arguments... arguments) const
    {
        return without_client(function(client, arguments...));
    }

    /* NULL: not held, or released. */
    chronolog_story handle_of(std::string const& chronicle, std::string const& story)
    {
        uint64_t id;
        std::lock_guard<std::mutex> guard(lock);
        auto found = stories.find({chronicle, story});
        chronolog_story acquired = found == stories.end() ? nullptr : found->second->story.load();
        return acquired != nullptr && chronolog_story_id(acquired, &id) == CHRONOLOG_OK ? acquired : nullptr;
    }

    int why_not_acquired(std::string const& chronicle, std::string const& story)
    {
        chronolog_list list = nullptr;
        int code = connected(chronolog_list_stories, chronicle.c_str(), &list);
        std::vector<std::string> names;
        take(code, list, names);
        return code != CL_SUCCESS ? code
               : std::find(names.begin(), names.end(), story) == names.end() ? CL_ERR_NOT_EXIST
                                                                             : CL_ERR_NOT_ACQUIRED;
    }

    static std::vector<std::string>& take(int code, chronolog_list list, std::vector<std::string>& names)
    {
        names.clear();
        for(uint64_t i = 0; code == CL_SUCCESS && i < chronolog_list_count(list); ++i)
        {
            names.emplace_back(chronolog_list_at(list, i));
        }
        if(code == CL_SUCCESS)
        {
            chronolog_list_free(list);
        }
        return names;
    }

    static void append(chronolog_batch const& batch, std::vector<Event>& events)
    {
        for(uint64_t i = 0; i < batch.count; ++i)
        {
            chronolog_event const& event = batch.events[i];
            events.emplace_back(event.tick, event.client_id, event.index,
                                std::string(static_cast<char const*>(event.record), event.length));
        }
    }

    std::string endpoint;
    bool is_reader = false;
    std::atomic<chronolog_client> client{nullptr};
    std::mutex lock;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<Held>> stories;
};

} // namespace chronolog

#endif
