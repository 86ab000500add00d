// A program as it is written for the C++ ChronoLog: many threads on one client, every code, the life of a story.
#include <chrono_monitor.h>
#include <chronolog_client.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

using namespace chronolog;

#include "require.hpp"

namespace
{

constexpr int THREADS = 8;
constexpr int EVENTS = 500;
const std::map<std::string, std::string> NONE;

void test_names()
{
    REQUIRE(std::string("CL_ERR_NO_KEEPERS") == to_string(CL_ERR_NO_KEEPERS));
    REQUIRE(std::string("CL_SUCCESS") == to_string_client(0));
    REQUIRE(std::string("CL_ERR_QUERY_TIMED_OUT") == chronolog::to_string_client(-12));
    REQUIRE_IS(1, CLIENT_PROTOCOL_VERSION);
    Event event(12, 3, 4, "text");
    REQUIRE(event.to_string() == "{Event: 12:3:4:text}");
    REQUIRE(event == Event(12, 3, 4, "other") && event != Event(12, 3, 5) && event < Event(12, 4, 0) && Event() < event);
    Event copy = event;
    REQUIRE(copy.log_record() == "text" && copy.time() == 12 && copy.client_id() == 3 && copy.index() == 4);
}

void test_configuration(std::string const& directory)
{
    std::string path = directory + "/client.json";
    std::ofstream(path) << R"({"chrono_client": {
        "VisorClientPortalService": {"rpc": {"protocol_conf": "ofi+tcp", "service_ip": "10.0.0.7",
            "service_base_port": 5556, "service_provider_id": 56}},
        "ClientQueryService": {"rpc": {"protocol_conf": "ofi+tcp", "service_ip": "10.0.0.8",
            "service_base_port": 5558, "service_provider_id": 58}},
        "Monitoring": {"monitor": {"type": "file", "file": "a\/b.log", "level": "info", "name": "N",
            "filesize": 1000, "filenum": 7, "flushlevel": "warning"}}}})";
    ClientConfiguration configuration;
    REQUIRE_IS(5555, configuration.PORTAL_CONF.PORT);
    REQUIRE(configuration.load_from_file(path));
    REQUIRE(configuration.PORTAL_CONF.IP == "10.0.0.7" && configuration.QUERY_CONF.PROTO_CONF == "ofi+tcp");
    REQUIRE_IS(5556, configuration.PORTAL_CONF.PORT);
    REQUIRE_IS(58, configuration.QUERY_CONF.PROVIDER_ID);
    REQUIRE(configuration.LOG_CONF.LOGFILE == "a/b.log" && configuration.LOG_CONF.LOGLEVEL == LogLevel::info);
    REQUIRE_IS(7, configuration.LOG_CONF.LOGFILENUM);
    REQUIRE(!configuration.load_from_file(directory + "/nowhere.json"));
    std::ofstream(path) << "{\"chrono_client\": {\"VisorClientPortalService\": {\"rpc\": {\"service_base_port\": 70000}}}}";
    REQUIRE(!configuration.load_from_file(path));
    std::ofstream(path) << "{\"chrono_client\": [1, 2";
    REQUIRE(!configuration.load_from_file(path));
    std::ofstream(path) << std::string(100000, '[');
    REQUIRE(!configuration.load_from_file(path));
}

void test_monitor(std::string const& directory)
{
    std::string path = directory + "/monitor.log";
    LOG_ERROR("before it is initialised {}", 1);
    REQUIRE_IS(1, chrono_monitor::initialize("nothing", path, LogLevel::info, "N"));
    REQUIRE_IS(1, chrono_monitor::initialize("file", directory + "/no/such/file", LogLevel::info, "N"));
    REQUIRE_IS(0, chrono_monitor::initialize("file", path, LogLevel::info, "N", 1048576, 3, LogLevel::trace));
    LOG_DEBUG("not {}", "shown");
    LOG_INFO("shown {} of {}: {}", 1, 2.5, std::string("three"));
    LOG_CRITICAL("{:.1f} in {{}}, {} {} and {}", 2.5, true, 'x');
    LOG_WARNING("{} alone");
    LOG_WARNING("none", "left out");
    std::ifstream log(path);
    std::string line;
    for(const char* expected: {"[info] shown 1 of 2.5: three", "[critical] 2.5 in {}, true x and {}", "[warning] {} alone",
                               "[warning] none"})
    {
        REQUIRE(static_cast<bool>(std::getline(log, line)));
        REQUIRE(line.substr(line.find("[N] ") + 4) == expected);
    }
    REQUIRE(!std::getline(log, line));
}

void test_before_connect(ClientPortalServiceConf const& portal)
{
    int flags = 0;
    std::string value;
    std::vector<std::string> names = {"stale"};
    std::vector<Event> events;
    Client client(portal, ClientQueryServiceConf{});
    REQUIRE_IS(CL_SUCCESS, client.Disconnect());
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.CreateChronicle("c", NONE, flags));
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.CreateChronicle("", NONE, flags));
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.DestroyChronicle("c"));
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.AcquireStory("c", "s", NONE, flags).first);
    REQUIRE(client.AcquireStory("c", "s", NONE, flags).second == nullptr);
    REQUIRE_IS(CL_ERR_NOT_ACQUIRED, client.ReleaseStory("c", "s"));
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.DestroyStory("c", "s"));
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.GetChronicleAttr("c", "k", value));
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.EditChronicleAttr("c", "k", "v"));
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.ReplayStory("c", "s", 0, 1, events));
    REQUIRE(client.ShowChronicles(names).empty());
    REQUIRE(client.ShowStories("c", names).empty());
}

void test_directory(Client& client)
{
    int flags = 0;
    std::string value;
    std::vector<std::string> names;
    REQUIRE_IS(CL_SUCCESS, client.CreateChronicle("compatible directory", {{"owner", "me"}}, flags));
    REQUIRE_IS(CL_ERR_CHRONICLE_EXISTS, client.CreateChronicle("compatible directory", NONE, flags));
    REQUIRE_IS(CL_SUCCESS, client.GetChronicleAttr("compatible directory", "owner", value));
    REQUIRE(value == "me");
    REQUIRE_IS(CL_SUCCESS, client.EditChronicleAttr("compatible directory", "owner", std::string(3000, 'o')));
    REQUIRE_IS(CL_SUCCESS, client.GetChronicleAttr("compatible directory", "owner", value));
    REQUIRE(value == std::string(3000, 'o'));
    REQUIRE_IS(CL_ERR_NOT_EXIST, client.GetChronicleAttr("compatible directory", "missing", value));
    REQUIRE_IS(CL_ERR_NOT_EXIST, client.AcquireStory("nowhere", "s", NONE, flags).first);
    REQUIRE_IS(CL_ERR_NOT_EXIST, client.DestroyStory("compatible directory", "s"));
    REQUIRE_IS(CL_ERR_NOT_EXIST, client.DestroyChronicle("nowhere"));
    client.ShowChronicles(names);
    REQUIRE_IS(1, std::count(names.begin(), names.end(), "compatible directory"));
    REQUIRE_IS(CL_SUCCESS, client.DestroyChronicle("compatible directory"));
}

void test_life_of_a_story(Client& client, Client& other)
{
    int flags = 0;
    std::vector<Event> events = {Event(1, 2, 3, "was there before")};
    REQUIRE_IS(CL_SUCCESS, client.CreateChronicle("compatible", NONE, flags));
    auto [code, handle] = client.AcquireStory("compatible", "story", NONE, flags);
    REQUIRE_IS(CL_SUCCESS, code);
    REQUIRE(client.AcquireStory("compatible", "story", NONE, flags).second == handle);
    std::vector<std::string> names;
    REQUIRE(client.ShowStories("compatible", names) == std::vector<std::string>{"story"});
    std::vector<std::thread> threads;
    for(int thread = 0; thread < THREADS; ++thread)
    {
        threads.emplace_back([&, thread, story = handle] {
            for(int i = 0; i < EVENTS; ++i)
            {
                REQUIRE(story->log_event(std::to_string(thread) + " " + std::to_string(i)) > 0);
            }
        });
    }
    for(std::thread& thread: threads)
    {
        thread.join();
    }
    uint64_t last = handle->log_event("");
    REQUIRE_IS(CL_SUCCESS, client.ReplayStory("compatible", "story", 0, last + 1, events));
    REQUIRE_IS(THREADS * EVENTS + 2, events.size());
    REQUIRE(events[0].log_record() == "was there before" && events.back().log_record().empty());
    std::vector<int> next(THREADS, 0);
    for(std::size_t i = 1; i + 1 < events.size(); ++i)
    {
        int thread = std::atoi(events[i].log_record().c_str());
        REQUIRE(i == 1 || events[i - 1] < events[i]);
        REQUIRE(events[i].log_record() == std::to_string(thread) + " " + std::to_string(next[thread]++));
    }
    events.clear();
    REQUIRE_IS(CL_SUCCESS, client.ReplayStory("compatible", "story", last, last, events));
    REQUIRE(events.empty());
    REQUIRE_IS(CL_ERR_NOT_ACQUIRED, other.ReplayStory("compatible", "story", 0, last, events));
    REQUIRE_IS(CL_ERR_NOT_EXIST, other.ReplayStory("compatible", "no story", 0, last, events));
    REQUIRE_IS(CL_SUCCESS, other.AcquireStory("compatible", "story", NONE, flags).first);
    REQUIRE_IS(CL_SUCCESS, other.ReplayStory("compatible", "story", 0, last, events));
    REQUIRE_IS(THREADS * EVENTS, events.size());
    REQUIRE_IS(CL_SUCCESS, other.ReleaseStory("compatible", "story"));
    REQUIRE(handle->log_event("another client's release stops nobody") > 0);
    REQUIRE_IS(CL_ERR_ACQUIRED, client.DestroyStory("compatible", "story"));
    REQUIRE_IS(CL_ERR_ACQUIRED, client.DestroyChronicle("compatible"));
    REQUIRE_IS(CL_ERR_ACQUIRED, client.Disconnect());
    REQUIRE_IS(CL_SUCCESS, client.ReleaseStory("compatible", "story"));
    REQUIRE_IS(CL_ERR_NOT_ACQUIRED, client.ReleaseStory("compatible", "story"));
    REQUIRE_IS(0, handle->log_event("released"));
    REQUIRE_IS(CL_SUCCESS, client.DestroyStory("compatible", "story"));
    REQUIRE_IS(CL_SUCCESS, client.DestroyChronicle("compatible"));
}

void test_every_code_has_its_name()
{
    const char* names[] = {"CL_SUCCESS", "CL_ERR_UNKNOWN", "CL_ERR_INVALID_ARG", "CL_ERR_NOT_EXIST", "CL_ERR_ACQUIRED",
                           "CL_ERR_NOT_ACQUIRED", "CL_ERR_CHRONICLE_EXISTS", "CL_ERR_NO_KEEPERS", "CL_ERR_NO_CONNECTION",
                           "CL_ERR_NOT_AUTHORIZED", "CL_ERR_NO_PLAYERS", "CL_ERR_NOT_READER_MODE", "CL_ERR_QUERY_TIMED_OUT",
                           "CL_ERR_PROTOCOL_VERSION_MISMATCH"};
    const ClientErrorCode codes[] = {CL_SUCCESS, CL_ERR_UNKNOWN, CL_ERR_INVALID_ARG, CL_ERR_NOT_EXIST, CL_ERR_ACQUIRED,
                                     CL_ERR_NOT_ACQUIRED, CL_ERR_CHRONICLE_EXISTS, CL_ERR_NO_KEEPERS, CL_ERR_NO_CONNECTION,
                                     CL_ERR_NOT_AUTHORIZED, CL_ERR_NO_PLAYERS, CL_ERR_NOT_READER_MODE,
                                     CL_ERR_QUERY_TIMED_OUT, CL_ERR_PROTOCOL_VERSION_MISMATCH};
    for(int i = 0; i < 14; ++i)
    {
        REQUIRE_IS(-i, codes[i]);
        REQUIRE(std::string(names[i]) == to_string_client(-i));
        REQUIRE(std::string(names[i]) == to_string(codes[i]));
    }
}

void test_nobody_there()
{
    int flags = 0;
    Client client(ClientPortalServiceConf{"ofi+sockets", "127.0.0.1", 1, 55});
    int code = client.Connect();
    REQUIRE(code == CL_ERR_UNKNOWN || code == CL_ERR_NO_CONNECTION);
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.CreateChronicle("c", NONE, flags));
    REQUIRE_IS(CL_SUCCESS, client.Disconnect());
}

void test_invalid_arguments(Client& client)
{
    int flags = 0;
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.CreateChronicle("", NONE, flags));
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.DestroyChronicle(""));
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.DestroyStory("", "s"));
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.DestroyStory("c", ""));
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.AcquireStory("", "s", NONE, flags).first);
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.AcquireStory("c", "", NONE, flags).first);
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.ReleaseStory("", "s"));
    REQUIRE_IS(CL_ERR_INVALID_ARG, client.ReleaseStory("c", ""));
    REQUIRE_IS(CL_ERR_NOT_ACQUIRED, client.ReleaseStory("c", "never acquired"));
}

void test_ten_by_ten(Client& client)
{
    int flags = 0;
    for(int i = 0; i < 10; ++i)
    {
        std::string chronicle = "compatible ten " + std::to_string(i);
        REQUIRE_IS(CL_SUCCESS, client.CreateChronicle(chronicle, NONE, flags));
        for(int j = 0; j < 10; ++j)
        {
            auto [code, handle] = client.AcquireStory(chronicle, "story " + std::to_string(j), NONE, flags);
            REQUIRE_IS(CL_SUCCESS, code);
            REQUIRE(handle != nullptr);
        }
    }
    for(int i = 0; i < 10; ++i)
    {
        std::string chronicle = "compatible ten " + std::to_string(i);
        std::vector<std::string> names;
        REQUIRE_IS(10, client.ShowStories(chronicle, names).size());
        for(int j = 0; j < 10; ++j)
        {
            std::string story = "story " + std::to_string(j);
            REQUIRE_IS(CL_SUCCESS, client.ReleaseStory(chronicle, story));
            REQUIRE_IS(CL_SUCCESS, client.DestroyStory(chronicle, story));
        }
        REQUIRE_IS(CL_SUCCESS, client.DestroyChronicle(chronicle));
        REQUIRE_IS(CL_ERR_NOT_EXIST, client.DestroyChronicle(chronicle));
    }
}

// Each thread takes chronicles and stories of its own through the whole life, all through one client.
void test_lives_in_parallel(Client& client)
{
    std::vector<std::thread> threads;
    for(int thread = 0; thread < THREADS; ++thread)
    {
        threads.emplace_back([&client, thread] {
            for(int round = 0; round < 3; ++round)
            {
                int flags = 0;
                std::string chronicle = "compatible life " + std::to_string(thread);
                REQUIRE_IS(CL_SUCCESS, client.CreateChronicle(chronicle, {{"round", std::to_string(round)}}, flags));
                REQUIRE_IS(CL_ERR_CHRONICLE_EXISTS, client.CreateChronicle(chronicle, NONE, flags));
                auto [code, story] = client.AcquireStory(chronicle, "story", NONE, flags);
                REQUIRE_IS(CL_SUCCESS, code);
                uint64_t first = story->log_event("first"), second = story->log_event("second");
                REQUIRE(first != 0 && second > first);
                std::vector<Event> events;
                REQUIRE_IS(CL_SUCCESS, client.ReplayStory(chronicle, "story", first, second + 1, events));
                REQUIRE_IS(2, events.size());
                REQUIRE(events[0].log_record() == "first" && events[1].log_record() == "second");
                REQUIRE_IS(CL_ERR_ACQUIRED, client.DestroyStory(chronicle, "story"));
                REQUIRE_IS(CL_ERR_ACQUIRED, client.DestroyChronicle(chronicle));
                REQUIRE_IS(CL_SUCCESS, client.ReleaseStory(chronicle, "story"));
                REQUIRE_IS(CL_ERR_NOT_ACQUIRED, client.ReleaseStory(chronicle, "story"));
                REQUIRE_IS(CL_ERR_NOT_ACQUIRED, client.ReplayStory(chronicle, "story", first, second, events));
                REQUIRE_IS(CL_SUCCESS, client.DestroyStory(chronicle, "story"));
                REQUIRE_IS(CL_ERR_NOT_EXIST, client.DestroyStory(chronicle, "story"));
                REQUIRE_IS(CL_SUCCESS, client.DestroyChronicle(chronicle));
            }
        });
    }
    for(std::thread& thread: threads)
    {
        thread.join();
    }
}

// All threads acquire one story: one handle, and one release gives it back; of those that race for it one wins.
void test_one_story_for_all(Client& client)
{
    int flags = 0;
    REQUIRE_IS(CL_SUCCESS, client.CreateChronicle("compatible shared", NONE, flags));
    std::vector<StoryHandle*> handles(THREADS);
    std::vector<int> released(THREADS);
    std::vector<std::thread> threads;
    for(int thread = 0; thread < THREADS; ++thread)
    {
        threads.emplace_back([&, thread] {
            int mine = 0;
            auto [code, story] = client.AcquireStory("compatible shared", "story", NONE, mine);
            REQUIRE_IS(CL_SUCCESS, code);
            handles[thread] = story;
            for(int i = 0; i < EVENTS; ++i)
            {
                REQUIRE(story->log_event("event") != 0);
            }
        });
    }
    for(std::thread& thread: threads)
    {
        thread.join();
    }
    REQUIRE_IS(THREADS, std::count(handles.begin(), handles.end(), handles[0]));
    threads.clear();
    for(int thread = 0; thread < THREADS; ++thread)
    {
        threads.emplace_back([&, thread] { released[thread] = client.ReleaseStory("compatible shared", "story"); });
    }
    for(std::thread& thread: threads)
    {
        thread.join();
    }
    REQUIRE_IS(1, std::count(released.begin(), released.end(), int(CL_SUCCESS)));
    REQUIRE_IS(THREADS - 1, std::count(released.begin(), released.end(), int(CL_ERR_NOT_ACQUIRED)));
    REQUIRE_IS(CL_SUCCESS, client.DestroyChronicle("compatible shared"));
}

void test_payloads_and_ranges(Client& client)
{
    int flags = 0;
    const std::vector<std::string> payloads = {"", std::string("a\0b", 3), std::string(20000, 'x'), "\xff\xfe", "last"};
    std::vector<uint64_t> ticks;
    std::vector<Event> events;
    REQUIRE_IS(CL_SUCCESS, client.CreateChronicle("compatible payloads", NONE, flags));
    StoryHandle* story = client.AcquireStory("compatible payloads", "story", NONE, flags).second;
    for(std::string const& payload: payloads)
    {
        ticks.push_back(story->log_event(payload));
    }
    REQUIRE_IS(CL_SUCCESS, client.ReplayStory("compatible payloads", "story", ticks[0], ticks[4], events));
    REQUIRE_IS(4, events.size()); // the end is not in the range
    REQUIRE_IS(CL_SUCCESS, client.ReplayStory("compatible payloads", "story", ticks[4], UINT64_MAX, events));
    REQUIRE_IS(5, events.size()); // appended
    for(std::size_t i = 0; i < payloads.size(); ++i)
    {
        REQUIRE(events[i].log_record() == payloads[i]);
        REQUIRE_IS(ticks[i], events[i].time());
        REQUIRE_IS(events[0].client_id(), events[i].client_id());
    }
    std::vector<Event> shuffled(events.rbegin(), events.rend());
    std::sort(shuffled.begin(), shuffled.end());
    REQUIRE(shuffled == events);
    REQUIRE_IS(CL_SUCCESS, client.ReplayStory("compatible payloads", "story", 1, 2, events)); // long before: at once, empty
    REQUIRE_IS(5, events.size());
    REQUIRE_IS(CL_SUCCESS, client.ReleaseStory("compatible payloads", "story"));
    REQUIRE_IS(CL_SUCCESS, client.DestroyChronicle("compatible payloads"));
}

// A destructor gives back what its client held.
void test_destructor(ClientPortalServiceConf const& portal, Client& other)
{
    int flags = 0;
    {
        Client client(portal);
        REQUIRE_IS(CL_SUCCESS, client.Connect());
        REQUIRE_IS(CL_SUCCESS, client.CreateChronicle("compatible scope", NONE, flags));
        REQUIRE(client.AcquireStory("compatible scope", "story", NONE, flags).second->log_event("kept") != 0);
        REQUIRE_IS(CL_ERR_ACQUIRED, other.DestroyChronicle("compatible scope"));
    }
    std::vector<Event> events;
    REQUIRE_IS(CL_SUCCESS, other.AcquireStory("compatible scope", "story", NONE, flags).first);
    REQUIRE_IS(CL_SUCCESS, other.ReplayStory("compatible scope", "story", 0, UINT64_MAX, events));
    REQUIRE_IS(1, events.size());
    REQUIRE_IS(CL_SUCCESS, other.ReleaseStory("compatible scope", "story"));
    REQUIRE_IS(CL_SUCCESS, other.DestroyChronicle("compatible scope"));
}

} // namespace

int main()
{
    char directory[] = "/tmp/chronolog-compatible-XXXXXX";
    REQUIRE(mkdtemp(directory) != nullptr);
    std::string endpoint = std::getenv("CHRONOLOG_ENDPOINT");
    std::size_t colon = endpoint.rfind(':');
    ClientPortalServiceConf portal = {"ofi+sockets", endpoint.substr(6, colon - 6),
                                      static_cast<uint16_t>(std::stoi(endpoint.substr(colon + 1))), 55};
    test_names();
    test_configuration(directory);
    test_monitor(directory);
    test_every_code_has_its_name();
    test_before_connect(portal);
    test_nobody_there();
    {
        Client client(portal, ClientQueryServiceConf{}), other(portal, ClientQueryServiceConf{}), writer(portal);
        std::vector<Event> events;
        REQUIRE_IS(CL_SUCCESS, client.Connect());
        REQUIRE_IS(CL_SUCCESS, client.Connect());
        REQUIRE_IS(CL_SUCCESS, other.Connect());
        REQUIRE_IS(CL_SUCCESS, writer.Connect());
        REQUIRE_IS(CL_ERR_NOT_READER_MODE, writer.ReplayStory("c", "s", 0, 1, events));
        test_directory(client);
        test_life_of_a_story(client, other);
        test_invalid_arguments(client);
        test_ten_by_ten(client);
        test_lives_in_parallel(client);
        test_one_story_for_all(client);
        test_payloads_and_ranges(client);
        test_destructor(portal, other);
        REQUIRE_IS(CL_SUCCESS, client.Disconnect());
        REQUIRE_IS(CL_SUCCESS, client.Disconnect());
    }
    std::string cleanup = std::string("rm -r ") + directory;
    REQUIRE_IS(0, std::system(cleanup.c_str()));
    std::puts("ok");
}
