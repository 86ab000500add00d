// chronolog.hpp: RAII, string_view, ranges; in one program with chronolog_client.h, whose names it must not meet.
#include <chronolog.hpp>
#include <chronolog_client.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#if __cplusplus >= 202002L
#include <ranges>
#endif

#define REQUIRE(condition)                                                                                            \
    do                                                                                                                \
    {                                                                                                                 \
        if(!(condition))                                                                                              \
        {                                                                                                             \
            std::fprintf(stderr, "%s:%d: failed: %s (%s)\n", __FILE__, __LINE__, #condition, chronolog_last_error()); \
            std::exit(1);                                                                                             \
        }                                                                                                             \
    } while(0)

namespace cl = chronolog::cxx;

static const std::string chronicle = "abi modern " + std::to_string(__cplusplus);

template <typename Function>
static int32_t status_of(Function function)
{
    try
    {
        function();
    }
    catch(cl::Error const& error)
    {
        REQUIRE(std::string(error.what()).size() > 20);
        return error.status();
    }
    return CHRONOLOG_OK;
}

static void record(cl::Client& client)
{
    cl::Story story = client.acquire(chronicle, "story", cl::create_chronicle);
    std::vector<std::string> records = {"alpha", "", std::string("with\0zero", 9), std::string(5000, 'x')};
    uint64_t first = story.log(records[0]);
    std::vector<uint64_t> ticks = story.log_batch(std::vector<std::string_view>(records.begin() + 1, records.end()));
    REQUIRE(ticks.size() == 3 && ticks[0] > first && ticks[2] > ticks[1]);
    uint64_t logged = 9;
    std::vector<std::string_view> too_long = {"fits", std::string_view("", std::size_t(CHRONOLOG_RECORD_BYTES_MAX) + 1)};
    uint64_t before = ticks[2];
    REQUIRE(status_of([&] { story.log_batch(too_long, &logged); }) == CHRONOLOG_ERR_LIMIT_EXCEEDED && logged == 1);
    records.push_back("fits");
    story.flush(cl::Level::synced);

    cl::Replay replay = client.replay(chronicle, "story");
    std::size_t count = 0;
    for(cl::Event const& event: replay)
    {
        REQUIRE(event.record() == records.at(count) && event.client_id() == client.id());
        REQUIRE(count == 0 ? event.tick() == first : count > ticks.size() ? event.tick() > before : event.tick() == ticks[count - 1]);
        ++count;
    }
    REQUIRE(count == records.size() && replay.complete() && replay.gaps().empty() && replay.watermark() <= client.now());

    cl::Replay part = client.replay(chronicle, "story", first, ticks[1]);
    REQUIRE(std::distance(part.begin(), part.end()) == 2);
#if __cplusplus >= 202002L
    static_assert(std::ranges::input_range<cl::Replay>);
    std::size_t bytes = 0;
    auto length = [](cl::Event const& event) { return event.record().size(); };
    for(std::size_t each: client.replay(chronicle, "story") | std::views::transform(length) | std::views::drop(2))
    {
        bytes += each;
    }
    REQUIRE(bytes == records[2].size() + records[3].size() + records[4].size());
#endif
    cl::Replay empty = client.replay(chronicle, "story", first, first);
    REQUIRE(empty.begin() == empty.end());

    story.log_at(first - 1, "earlier");
    REQUIRE(client.replay(chronicle, "story").begin()->record() == "earlier");
    REQUIRE(status_of([&] { story.log_at(1, "x"); }) == CHRONOLOG_ERR_LIMIT_EXCEEDED);

    cl::Playback playback = client.playback(chronicle, "story", ticks[2], CHRONOLOG_IMMEDIATE);
    for(cl::Event const& event : playback)
    {
        REQUIRE(event.tick() == ticks[2] && !playback.late());
        break;
    }
    REQUIRE(playback.complete() && playback.gaps().empty());
    playback.cancel();
    REQUIRE(status_of([&] { playback.next(); }) == CHRONOLOG_ERR_CANCELLED);
    REQUIRE(status_of([&] { client.disconnect(); }) == CHRONOLOG_ERR_ACQUIRED);
    cl::Story moved = std::move(story);
    REQUIRE(status_of([&] { story.log("x"); }) == CHRONOLOG_ERR_INVALID_ARG);
    moved.release();
    REQUIRE(status_of([&] { moved.log("x"); }) == CHRONOLOG_ERR_INVALID_ARG);
}

static void directory(cl::Client& client)
{
    client.create("abi modern attributes", {{"durability", "journaled"}, {"owner", "nobody"}});
    REQUIRE(status_of([&] { client.create("abi modern attributes"); }) == CHRONOLOG_ERR_CHRONICLE_EXISTS);
    client.set_attribute("abi modern attributes", "owner", "somebody");
    cl::Attributes attributes = client.attributes("abi modern attributes");
    REQUIRE(attributes.at("owner") == "somebody" && attributes.at("durability") == "journaled");
    std::vector<std::string> names = client.chronicles();
    REQUIRE(std::count(names.begin(), names.end(), "abi modern attributes") == 1);
    {
        cl::Story story = client.acquire("abi modern attributes", "short-lived");
        REQUIRE(story.id() != 0 && client.stories("abi modern attributes") == std::vector<std::string>{"short-lived"});
    }
    client.destroy("abi modern attributes", "short-lived");
    client.destroy("abi modern attributes");
    REQUIRE(status_of([&] { client.acquire("abi modern attributes", "x"); }) == CHRONOLOG_ERR_NOT_EXIST);
}

void nobody_there()
{
    chronolog_options options = CHRONOLOG_OPTIONS_INIT;
    options.call_timeout_ms = 3600000; // a defect would hang
    options.connect_patience_ms = 200;
    REQUIRE(status_of([&] { cl::Client("tcp://127.0.0.1:1", &options); }) == CHRONOLOG_ERR_NO_CONNECTION);
}

int main()
{
    nobody_there();
    cl::Client client;
    REQUIRE(client.now() > 0);
    record(client);
    directory(client);
    client.disconnect();
    REQUIRE(status_of([&] { client.now(); }) == CHRONOLOG_ERR_INVALID_ARG);
    std::puts("ok");
}
