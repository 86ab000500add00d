/*
 * ChronoLog for C++17: handles that clean up after themselves, string_views instead of copies, ranges over a replay.
 *
 *     namespace cl = chronolog::cxx;
 *     cl::Client client;                                        // CHRONOLOG_ENDPOINT
 *     cl::Story story = client.acquire("simulation", "rank 0", cl::create_chronicle);
 *     uint64_t tick = story.log("step 1 done");
 *     story.flush(cl::Level::journaled);
 *     for (cl::Event const& event : client.replay("simulation", "rank 0", tick)) use(event.record());
 *
 * Failures are cl::Error, with the status of chronolog.h. Header only; chronolog_client.h has the C++ ChronoLog's own API.
 */
#ifndef CHRONOLOG_HPP
#define CHRONOLOG_HPP

#include <chrono>
#include <cstddef>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chronolog.h"

namespace chronolog
{
namespace cxx
{

class Error: public std::runtime_error
{
public:
    Error(int32_t status, std::string const& message)
        : std::runtime_error(message)
        , code(status)
    {}

    /* One of chronolog_status. */
    int32_t status() const noexcept { return code; }

private:
    int32_t code;
};

inline void check(int32_t status)
{
    if(status != CHRONOLOG_OK)
    {
        throw Error(status, std::string(chronolog_status_name(status)) + ": " + chronolog_last_error());
    }
}

enum class Level : int32_t
{
    of_chronicle = CHRONOLOG_LEVEL_OF_CHRONICLE,
    accepted = CHRONOLOG_ACCEPTED,
    journaled = CHRONOLOG_JOURNALED,
    synced = CHRONOLOG_SYNCED,
    replicated = CHRONOLOG_REPLICATED,
    archived = CHRONOLOG_ARCHIVED
};

constexpr uint32_t create_chronicle = CHRONOLOG_CREATE_CHRONICLE;

using Attributes = std::map<std::string, std::string>;
using Timeout = std::chrono::milliseconds;

/* For ever. */
constexpr Timeout forever = Timeout::max();

inline uint64_t milliseconds(Timeout timeout)
{
    return timeout == forever ? CHRONOLOG_FOREVER : timeout.count() < 0 ? 0 : static_cast<uint64_t>(timeout.count());
}

/* A handle that is closed once, by whoever holds it last. */
template <typename Raw, int32_t (*Close)(Raw)>
class Owned
{
public:
    explicit Owned(Raw handle = nullptr) noexcept
        : raw(handle)
    {}

    Owned(Owned&& other) noexcept
        : raw(std::exchange(other.raw, nullptr))
    {}

    Owned& operator=(Owned&& other) noexcept
    {
        std::swap(raw, other.raw);
        return *this;
    }

    ~Owned()
    {
        if(raw != nullptr)
        {
            Close(raw);
        }
    }

    Raw get() const noexcept { return raw; }

    Raw release() noexcept { return std::exchange(raw, nullptr); }

private:
    Raw raw;
};

/* What is recorded is in shared memory: a destructor need not wait for more. */
inline int32_t release_at_once(chronolog_story story)
{
    return chronolog_release(story, CHRONOLOG_ACCEPTED);
}

/* An acquired story. Its destructor gives it back without waiting; release() waits, and tells of failures. */
class Story
{
public:
    explicit Story(chronolog_story handle)
        : story(handle)
    {}

    /* The event's tick. */
    uint64_t log(std::string_view record)
    {
        uint64_t tick = 0;
        check(chronolog_log(story.get(), record.data(), record.size(), &tick));
        return tick;
    }

    /* With a tick of the caller's own: see chronolog_log_at. */
    void log_at(uint64_t tick, std::string_view record)
    {
        check(chronolog_log_at(story.get(), tick, record.data(), record.size()));
    }

    /* Ticks of all of them; std::string_view or anything that becomes one. logged: how many were recorded, also on an error. */
    template <typename Records>
    std::vector<uint64_t> log_batch(Records const& records, uint64_t* logged = nullptr)
    {
        std::vector<chronolog_record> all;
        for(std::string_view record: records)
        {
            all.push_back({record.data(), record.size()});
        }
        std::vector<uint64_t> ticks(all.size());
        check(chronolog_log_batch(story.get(), all.data(), all.size(), ticks.data(), logged));
        return ticks;
    }

    void flush(Level level = Level::of_chronicle, Timeout timeout = std::chrono::seconds(30))
    {
        check(chronolog_flush(story.get(), static_cast<int32_t>(level), milliseconds(timeout)));
    }

    /* Waits for the level; when it is not reached the story is still held. */
    void release(Level level = Level::of_chronicle)
    {
        check(chronolog_release(story.get(), static_cast<int32_t>(level)));
        story.release();
    }

    uint64_t id() const
    {
        uint64_t number = 0;
        check(chronolog_story_id(story.get(), &number));
        return number;
    }

    chronolog_story handle() const noexcept { return story.get(); }

private:
    Owned<chronolog_story, release_at_once> story;
};

/* An event in place: valid until the replay goes on to its next batch. */
class Event
{
public:
    explicit Event(chronolog_event const* in_place = nullptr) noexcept
        : event(in_place)
    {}

    uint64_t tick() const noexcept { return event->tick; }

    uint64_t client_id() const noexcept { return event->client_id; }

    uint32_t index() const noexcept { return event->index; }

    std::string_view record() const noexcept { return {static_cast<char const*>(event->record), event->length}; }

private:
    friend class EventIterator;
    chronolog_event const* event;
};

struct Gap
{
    uint64_t start;
    uint64_t end;
    std::string reason;
};

class EventIterator;

/* A replay, to be gone through once, by events (begin, end) or by batches (next). Afterwards complete() tells whether
 * everything was there. */
class Replay
{
public:
    explicit Replay(chronolog_replay handle, bool endless = false)
        : replay(handle)
        , is_endless(endless)
    {}

    /* The next batch; count 0: the end. */
    chronolog_batch next(Timeout timeout = forever)
    {
        chronolog_batch batch{};
        int32_t status = CHRONOLOG_OK;
        do
        {
            status = chronolog_playback_next(replay.get(), milliseconds(timeout), &batch, &is_late);
            is_partial = is_partial || status == CHRONOLOG_ERR_PARTIAL;
        } while(status == CHRONOLOG_ERR_PARTIAL && is_endless);
        if(status == CHRONOLOG_ERR_PARTIAL)
        {
            return chronolog_batch{};
        }
        check(status);
        return batch;
    }

    EventIterator begin();
    EventIterator end();

    /* Ends it from any thread. */
    void cancel() { check(chronolog_replay_cancel(replay.get())); }

    /* Once the end was reached: nothing of the range may be missing. */
    bool complete() const noexcept { return !is_partial; }

    std::vector<Gap> gaps() const
    {
        uint64_t count = 0;
        std::vector<Gap> all;
        check(chronolog_replay_gap_count(replay.get(), &count));
        for(uint64_t i = 0; i < count; ++i)
        {
            chronolog_gap gap;
            check(chronolog_replay_gap(replay.get(), i, &gap));
            all.push_back({gap.start, gap.end, gap.reason});
        }
        return all;
    }

    uint64_t watermark() const
    {
        uint64_t tick = 0;
        check(chronolog_replay_watermark(replay.get(), &tick));
        return tick;
    }

protected:
    uint32_t is_late = 0;

private:
    Owned<chronolog_replay, chronolog_replay_close> replay;
    bool is_endless = false;
    bool is_partial = false;
};

/* A story that is followed: a range of events without an end; cancel() ends it, with an error of CANCELLED. A step that only
 * says that something may be missing is passed over: complete() is false from then on, gaps() says what it is now. */
class Playback: public Replay
{
public:
    explicit Playback(chronolog_playback handle)
        : Replay(handle, true)
    {}

    /* The batch given last belongs before some that were given already. */
    bool late() const noexcept { return is_late != 0; }
};

class EventIterator
{
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    using pointer = Event const*;
    using reference = Event const&;

    explicit EventIterator(Replay* replay = nullptr)
        : source(replay)
    {
        load();
    }

    Event const& operator*() const noexcept { return current; }

    Event const* operator->() const noexcept { return &current; }

    EventIterator& operator++()
    {
        if(++current.event == last)
        {
            load();
        }
        return *this;
    }

    void operator++(int) { ++*this; }

    bool operator==(EventIterator const& other) const noexcept { return source == other.source; }

    bool operator!=(EventIterator const& other) const noexcept { return source != other.source; }

private:
    void load()
    {
        if(source == nullptr)
        {
            return;
        }
        chronolog_batch batch = source->next();
        current.event = batch.events;
        last = batch.events + batch.count;
        source = batch.count == 0 ? nullptr : source;
    }

    Replay* source;
    Event current;
    chronolog_event const* last = nullptr;
};

inline EventIterator Replay::begin()
{
    return EventIterator(this);
}

inline EventIterator Replay::end()
{
    return EventIterator();
}

/* A connection. Its destructor ends it whatever is held. */
class Client
{
public:
    /* endpoint: "tcp://HOST:PORT"; "": the environment's CHRONOLOG_ENDPOINT, else the default. */
    explicit Client(std::string const& endpoint = "", chronolog_options const* options = nullptr)
    {
        chronolog_client connected = nullptr;
        check(chronolog_connect(endpoint.empty() ? nullptr : endpoint.c_str(), options, &connected));
        client = Owned<chronolog_client, chronolog_abandon>(connected);
    }

    void create(std::string const& chronicle, Attributes const& attributes = {})
    {
        std::vector<chronolog_attribute> all = of(attributes);
        check(chronolog_create_chronicle(client.get(), chronicle.c_str(), all.data(), all.size()));
    }

    void destroy(std::string const& chronicle) { check(chronolog_destroy_chronicle(client.get(), chronicle.c_str())); }

    void destroy(std::string const& chronicle, std::string const& story)
    {
        check(chronolog_destroy_story(client.get(), chronicle.c_str(), story.c_str()));
    }

    std::vector<std::string> chronicles() const
    {
        chronolog_list list = nullptr;
        check(chronolog_list_chronicles(client.get(), &list));
        return names(list);
    }

    std::vector<std::string> stories(std::string const& chronicle) const
    {
        chronolog_list list = nullptr;
        check(chronolog_list_stories(client.get(), chronicle.c_str(), &list));
        return names(list);
    }

    Attributes attributes(std::string const& chronicle) const
    {
        chronolog_list list = nullptr;
        Attributes all;
        check(chronolog_list_attributes(client.get(), chronicle.c_str(), &list));
        std::vector<std::string> pairs = names(list);
        for(std::size_t i = 0; i + 1 < pairs.size(); i += 2)
        {
            all[pairs[i]] = pairs[i + 1];
        }
        return all;
    }

    void set_attribute(std::string const& chronicle, std::string const& key, std::string const& value)
    {
        check(chronolog_set_attribute(client.get(), chronicle.c_str(), key.c_str(), value.c_str()));
    }

    /* Acquired by this client already: a second owner of the same handle, so keep one of them. */
    Story acquire(std::string const& chronicle, std::string const& story, uint32_t flags = 0, Attributes const& attributes = {})
    {
        std::vector<chronolog_attribute> all = of(attributes);
        chronolog_story acquired = nullptr;
        check(chronolog_acquire(
            client.get(), chronicle.c_str(), story.c_str(), all.data(), all.size(), flags, &acquired));
        return Story(acquired);
    }

    Replay replay(std::string const& chronicle, std::string const& story, uint64_t start = 0, uint64_t end = UINT64_MAX,
                  uint64_t event_limit = 0)
    {
        chronolog_replay opened = nullptr;
        check(chronolog_replay_open(client.get(), chronicle.c_str(), story.c_str(), start, end, event_limit, &opened));
        return Replay(opened);
    }

    /* The story's events from a tick onward, and then what is recorded, each once, until cancelled. */
    Playback playback(std::string const& chronicle, std::string const& story, uint64_t from = 0,
                      chronolog_playback_mode mode = CHRONOLOG_ORDERED)
    {
        chronolog_playback opened = nullptr;
        check(chronolog_playback_open(client.get(), chronicle.c_str(), story.c_str(), from, mode, &opened));
        return Playback(opened);
    }

    uint64_t id() const
    {
        uint64_t number = 0;
        check(chronolog_client_id(client.get(), &number));
        return number;
    }

    uint64_t now() const
    {
        uint64_t tick = 0;
        check(chronolog_now(client.get(), &tick, nullptr));
        return tick;
    }

    /* Leaves in order; Error with CHRONOLOG_ERR_ACQUIRED while stories are held. */
    void disconnect()
    {
        check(chronolog_disconnect(client.get()));
        client.release();
    }

    chronolog_client handle() const noexcept { return client.get(); }

private:
    static std::vector<chronolog_attribute> of(Attributes const& attributes)
    {
        std::vector<chronolog_attribute> all;
        for(auto const& pair: attributes)
        {
            all.push_back({pair.first.c_str(), pair.second.c_str()});
        }
        return all;
    }

    static std::vector<std::string> names(chronolog_list list)
    {
        Owned<chronolog_list, chronolog_list_free> owned(list);
        std::vector<std::string> all;
        for(uint64_t i = 0; i < chronolog_list_count(list); ++i)
        {
            all.emplace_back(chronolog_list_at(list, i));
        }
        return all;
    }

    Owned<chronolog_client, chronolog_abandon> client;
};

} // namespace cxx
} // namespace chronolog

#endif
