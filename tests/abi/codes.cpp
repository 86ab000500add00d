// codes MODE [PID...]: the codes of client_errcode.h that take a deployment in trouble, by behaviour. The pids are of the
// processes that the mode has stand still (who runs this has them go on when it fails).
//
// -7 to -10, -12 to -14, -16, -17, -19 to -23 are provoked here; 0, -2 to -6 and -11 by compatible.cpp; -1 (of an event that has
// one copy of two) by replica_test.c; -15 by misuse.c; -18 by record_replay.c, as nothing of this API is cancelled.
#include <chronolog_client.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <fcntl.h>
#include <sys/wait.h>
#include <string>
#include <thread>
#include <unistd.h>

using namespace chronolog;

#include "require.hpp"

namespace
{

const std::map<std::string, std::string> NONE;

// Processes that stand still as long as this lives.
class Still
{
public:
    explicit Still(std::vector<pid_t> const& of): pids(of)
    {
        send(SIGSTOP);
        for(pid_t pid: pids) // a thread of theirs may go on for a moment
        {
            for(auto const& task: std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task"))
            {
                while(state(task.path() / "stat") != 'T') std::this_thread::yield();
            }
        }
    }
    ~Still() { go_on(); }
    void go_on() { send(SIGCONT); pids.clear(); }

private:
    // Behind the name, which stands in parentheses.
    static char state(std::filesystem::path const& stat)
    {
        std::ifstream file(stat);
        std::string line;
        std::getline(file, line);
        size_t name = line.rfind(')');
        return name == std::string::npos || name + 2 >= line.size() ? 'T' : line[name + 2];
    }

    void send(int signal) const
    {
        for(pid_t pid: pids)
        {
            REQUIRE_IS(0, kill(pid, signal));
        }
    }

    std::vector<pid_t> pids;
};

// Again until it gives the code; others may come before, for a deployment takes a moment to notice.
template <typename Call>
void require_soon(int expected, Call call)
{
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    int code = call();
    while(code != expected && std::chrono::steady_clock::now() < deadline)
    {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        code = call();
    }
    REQUIRE_IS(expected, code);
}

ClientPortalServiceConf portal()
{
    std::string endpoint = std::getenv("CHRONOLOG_ENDPOINT");
    std::size_t colon = endpoint.rfind(':');
    return {"ofi+sockets", endpoint.substr(6, colon - 6), static_cast<uint16_t>(std::stoi(endpoint.substr(colon + 1))), 55};
}

// A connected reader with a story of three events.
struct Recorded
{
    explicit Recorded(std::string const& name): chronicle("codes " + name), client(portal(), ClientQueryServiceConf{})
    {
        REQUIRE_IS(CL_SUCCESS, client.Connect());
        REQUIRE_IS(CL_SUCCESS, client.CreateChronicle(chronicle, NONE, flags));
        auto acquired = client.AcquireStory(chronicle, "story", NONE, flags);
        REQUIRE_IS(CL_SUCCESS, acquired.first);
        handle = acquired.second;
        for(int i = 0; i < 3; ++i)
        {
            last = handle->log_event("event " + std::to_string(i));
            REQUIRE(last != 0);
        }
    }

    int replay() { return client.ReplayStory(chronicle, "story", 0, last + 1, events); }

    void end()
    {
        REQUIRE_IS(CL_SUCCESS, client.ReleaseStory(chronicle, "story"));
        REQUIRE_IS(CL_SUCCESS, client.DestroyChronicle(chronicle));
        REQUIRE_IS(CL_SUCCESS, client.Disconnect());
    }

    int flags = 0;
    std::string chronicle;
    Client client;
    StoryHandle* handle = nullptr;
    uint64_t last = 0;
    std::vector<Event> events;
};

// No Keeper answers: what they have is missing in a replay, which says so, and nobody takes a new story.
void without_keepers(std::vector<pid_t> const& keepers)
{
    Recorded recorded("keepers");
    Still still(keepers);
    require_soon(CL_ERR_PARTIAL, [&] { return recorded.replay(); });
    require_soon(CL_ERR_NO_KEEPERS,
                 [&] { return recorded.client.AcquireStory(recorded.chronicle, "another", NONE, recorded.flags).first; });
    still.go_on();
    require_soon(CL_SUCCESS, [&] { return recorded.events.clear(), recorded.replay(); });
    REQUIRE_IS(3, recorded.events.size());
    require_soon(CL_SUCCESS,
                 [&] { return recorded.client.AcquireStory(recorded.chronicle, "another", NONE, recorded.flags).first; });
    REQUIRE_IS(CL_SUCCESS, recorded.client.ReleaseStory(recorded.chronicle, "another"));
    recorded.end();
}

// The Player stands still: who asks it waits in vain; when it is known to be dead there is none.
void without_player(std::vector<pid_t> const& players)
{
    Recorded recorded("player");
    chronolog_client impatient;
    chronolog_options options = CHRONOLOG_OPTIONS_INIT;
    options.replay_timeout_ms = 500;
    REQUIRE_IS(CHRONOLOG_OK, chronolog_connect(nullptr, &options, &impatient));
    auto ask = [&] {
        chronolog_replay replay;
        int code = chronolog_replay_open(impatient, recorded.chronicle.c_str(), "story", 0, 1, 0, &replay);
        return code != CHRONOLOG_OK ? code : chronolog_replay_close(replay);
    };
    REQUIRE_IS(CHRONOLOG_OK, ask());
    Still still(players);
    REQUIRE_IS(CL_ERR_QUERY_TIMED_OUT, ask());
    require_soon(CL_ERR_NO_PLAYERS, ask);
    REQUIRE_IS(CL_ERR_NO_PLAYERS, recorded.replay());
    REQUIRE_IS(CHRONOLOG_OK, chronolog_abandon(impatient));
    REQUIRE(recorded.events.empty() && recorded.handle->log_event("recording goes on") != 0);
    still.go_on();
    require_soon(CL_SUCCESS, [&] { return recorded.events.clear(), recorded.replay(); });
    REQUIRE_IS(3, recorded.events.size());
    recorded.end();
}

// A call that was sent and not answered, and a client that nobody answers.
void without_visor(std::vector<pid_t> const& visors)
{
    Recorded recorded("visor");
    Client late(portal());
    Still still(visors);
    auto connecting = std::async(std::launch::async, [&] { return late.Connect(); });
    int code = recorded.client.CreateChronicle("codes unanswered", NONE, recorded.flags);
    REQUIRE(code == CL_ERR_QUERY_TIMED_OUT || code == CL_ERR_NO_CONNECTION);
    REQUIRE_IS(CL_ERR_NO_CONNECTION, connecting.get());
    REQUIRE(recorded.handle->log_event("recording goes on") != 0);
    still.go_on();
    require_soon(CL_SUCCESS, [&] { return late.Connect(); });
    require_soon(CL_SUCCESS, [&] { return recorded.client.ReleaseStory(recorded.chronicle, "story"); });
    REQUIRE_IS(CL_SUCCESS, recorded.client.Disconnect());
}

// A client that is abandoned while a flush waits for a Keeper that stands still: neither hangs.
void abandoned(std::vector<pid_t> const& keepers)
{
    chronolog_client client;
    chronolog_story story;
    REQUIRE_IS(CHRONOLOG_OK, chronolog_connect(nullptr, nullptr, &client));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_acquire(client, "codes abandoned", "story", nullptr, 0, CHRONOLOG_CREATE_CHRONICLE, &story));
    Still still(keepers);
    REQUIRE_IS(CHRONOLOG_OK, chronolog_log(story, "x", 1, nullptr));
    auto flushing = [&](int32_t level) {
        return std::async(std::launch::async, [=] { return chronolog_flush(story, level, CHRONOLOG_FOREVER); });
    };
    std::future<int32_t> journaled = flushing(CHRONOLOG_JOURNALED), archived = flushing(CHRONOLOG_ARCHIVED);
    REQUIRE_IS(CHRONOLOG_ERR_TIMED_OUT, chronolog_flush(story, CHRONOLOG_JOURNALED, 200));
    auto abandoning = std::async(std::launch::async, [=] { return chronolog_abandon(client); });
    REQUIRE(abandoning.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
    REQUIRE_IS(CHRONOLOG_OK, abandoning.get());
    REQUIRE(journaled.get() < 0 && archived.get() < 0);
    REQUIRE_IS(CHRONOLOG_ERR_NOT_ACQUIRED, chronolog_log(story, "x", 1, nullptr));
}

// What is too much, and what is not to be had.
void limits()
{
    Recorded recorded("limits");
    REQUIRE_IS(0, recorded.handle->log_event(std::string((16 << 20) + 1, 'x')));
    REQUIRE(std::string(chronolog_last_error()).find("16777217 bytes") != std::string::npos);
    REQUIRE_IS(3, (recorded.replay(), recorded.events.size()));
    REQUIRE_IS(CL_ERR_INVALID_ARG, recorded.client.EditChronicleAttr(recorded.chronicle, "long", std::string(5000, 'x')));
    std::map<std::string, std::string> many;
    for(int i = 0; i < 300; ++i)
    {
        many[std::to_string(i)] = "x";
    }
    REQUIRE_IS(CL_ERR_INVALID_ARG, recorded.client.CreateChronicle("codes many attributes", many, recorded.flags));
    REQUIRE_IS(CL_ERR_INVALID_ARG, recorded.client.CreateChronicle("latin \xfc", NONE, recorded.flags));
    REQUIRE(std::string(chronolog_last_error()).find("UTF-8") != std::string::npos);

    chronolog_client client;
    chronolog_story story;
    REQUIRE_IS(CHRONOLOG_OK, chronolog_connect(nullptr, nullptr, &client));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_acquire(client, recorded.chronicle.c_str(), "one copy", nullptr, 0, 0, &story));
    REQUIRE_IS(CL_ERR_NOT_SUPPORTED, chronolog_flush(story, CHRONOLOG_REPLICATED, 1000));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_abandon(client));
    recorded.end();
}

void in_a_child()
{
    Recorded recorded("child");
    pid_t child = fork();
    int status = 0;
    REQUIRE(child >= 0);
    if(child == 0)
    {
        Client own(portal());
        REQUIRE_IS(CL_ERR_FORKED, own.Connect());
        REQUIRE_IS(CL_ERR_FORKED, recorded.client.CreateChronicle("c", NONE, recorded.flags));
        REQUIRE_IS(CL_ERR_FORKED, recorded.client.DestroyStory(recorded.chronicle, "story"));
        REQUIRE_IS(0, recorded.handle->log_event("x"));
        REQUIRE(recorded.replay() < 0);
        std::exit(0); // with all destructors of the process
    }
    REQUIRE(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    REQUIRE_IS(CL_SUCCESS, recorded.replay());
    recorded.end();
}

// The file system of the Visor's metadata is full: what would be written is refused, the rest goes on, and comes back.
void without_space(std::string const& directory)
{
    Recorded recorded("space");
    std::string ballast = directory + "/ballast";
    int file = open(ballast.c_str(), O_WRONLY | O_CREAT, 0600), number = 0;
    REQUIRE(file >= 0);
    std::vector<char> block(64 << 10);
    while(write(file, block.data(), block.size()) > 0) {}
    while(write(file, block.data(), 512) > 0) {}
    const std::map<std::string, std::string> large = {{"a", std::string(4000, 'x')}, {"b", std::string(4000, 'x')}};
    auto create = [&] {
        return recorded.client.CreateChronicle("codes large " + std::to_string(number++), large, recorded.flags);
    };
    require_soon(CL_ERR_NO_SPACE, create);
    REQUIRE(std::string(chronolog_last_error()).find("free space") != std::string::npos);
    REQUIRE(recorded.handle->log_event("recording goes on") != 0);
    REQUIRE_IS(CL_SUCCESS, recorded.replay());
    REQUIRE_IS(3, recorded.events.size());
    REQUIRE(close(file) == 0 && unlink(ballast.c_str()) == 0);
    require_soon(CL_SUCCESS, create);
    recorded.end();
}

// The device of the metadata fails (who runs this sees to it).
void failing_device()
{
    Client client(portal());
    int number = 0, flags = 0;
    require_soon(CL_ERR_INTERNAL, [&] {
        int code = client.Connect(); // it needs a number of its own, and these are kept
        return code != CL_SUCCESS ? code : client.CreateChronicle("codes failing " + std::to_string(number++), NONE, flags);
    });
    REQUIRE(std::string(chronolog_last_error()).find("chrono-visor.db") != std::string::npos);
    REQUIRE_IS(CL_SUCCESS, client.Disconnect());
}

// The only Keeper is stopped: it closes the rings to their clients, and there is no other one.
void fenced(std::vector<pid_t> const& supervisor_and_keeper)
{
    Recorded recorded("fenced");
    Still supervisor({supervisor_and_keeper[0]}); // it would start the Keeper again
    chronolog_client client;
    chronolog_story story;
    chronolog_options options = CHRONOLOG_OPTIONS_INIT;
    options.full_timeout_ms = 100;
    REQUIRE_IS(CHRONOLOG_OK, chronolog_connect(nullptr, &options, &client));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_acquire(client, "codes fenced", "story", nullptr, 0, 0, &story));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_log(story, "x", 1, nullptr));
    REQUIRE_IS(0, kill(supervisor_and_keeper[1], SIGTERM));
    require_soon(CHRONOLOG_ERR_FENCED, [&] { return chronolog_log(story, "y", 1, nullptr); });
    supervisor.go_on();
    require_soon(CHRONOLOG_OK, [&] { return chronolog_log(story, "z", 1, nullptr); });
    REQUIRE_IS(CHRONOLOG_OK, chronolog_abandon(client));
    require_soon(CL_SUCCESS, [&] { return recorded.events.clear(), recorded.replay(); });
    recorded.end();
}

// The file of the only ring that this process has mapped.
std::string ring_file()
{
    std::ifstream maps("/proc/self/maps");
    std::string line;
    while(std::getline(maps, line))
    {
        std::size_t path = line.find("/dev/shm/");
        if(path != std::string::npos)
        {
            return line.substr(path);
        }
    }
    return "";
}

// Something writes into the memory that client and Keeper share. The Keeper, which would close such a ring, does not see it.
void damaged_ring(std::vector<pid_t> const& keepers)
{
    chronolog_client client;
    chronolog_story story;
    chronolog_options options = CHRONOLOG_OPTIONS_INIT;
    options.full_timeout_ms = 100;
    REQUIRE_IS(CHRONOLOG_OK, chronolog_connect(nullptr, &options, &client));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_acquire(client, "codes damaged", "story", nullptr, 0, CHRONOLOG_CREATE_CHRONICLE, &story));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_log(story, "x", 1, nullptr));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_flush(story, CHRONOLOG_SYNCED, 60000));

    Still still(keepers);
    constexpr off_t TAIL = 256; // chrono_ring_header.tail: always a multiple of 8
    uint64_t tail = 0;
    int file = open(ring_file().c_str(), O_RDWR);
    REQUIRE(file >= 0 && pread(file, &tail, sizeof tail, TAIL) == sizeof tail && tail % 8 == 0);
    tail |= 1; // one bit
    REQUIRE(pwrite(file, &tail, sizeof tail, TAIL) == sizeof tail);
    REQUIRE_IS(CHRONOLOG_ERR_CORRUPT, chronolog_log(story, "y", 1, nullptr));
    REQUIRE(std::string(chronolog_last_error()).find("damaged") != std::string::npos);
    tail &= ~UINT64_C(1);
    REQUIRE(pwrite(file, &tail, sizeof tail, TAIL) == sizeof tail && close(file) == 0);
    still.go_on();
    REQUIRE_IS(CHRONOLOG_OK, chronolog_log(story, "z", 1, nullptr));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_release(story, CHRONOLOG_SYNCED));
    REQUIRE_IS(CHRONOLOG_OK, chronolog_disconnect(client));
}

// A process without rights to the Keeper's shared memory, as where the Keeper is a service: the Keeper pulls what it records.
void another_user()
{
    const uid_t nobody = 65534;
    Client client(portal(), ClientQueryServiceConf{});
    int flags = 0;
    REQUIRE_IS(CL_SUCCESS, client.Connect());
    REQUIRE_IS(CL_SUCCESS, client.CreateChronicle("codes user", NONE, flags));
    REQUIRE(setgid(nobody) == 0 && setuid(nobody) == 0);
    auto acquired = client.AcquireStory("codes user", "story", NONE, flags);
    REQUIRE_IS(CL_SUCCESS, acquired.first);
    const uint64_t tick = acquired.second->log_event("of nobody");
    REQUIRE(tick != 0);
    std::vector<Event> events;
    REQUIRE_IS(CL_SUCCESS, client.ReplayStory("codes user", "story", tick, tick + 1, events));
    REQUIRE(events.size() == 1 && events[0].log_record() == "of nobody");
    REQUIRE_IS(CL_SUCCESS, client.ReleaseStory("codes user", "story"));
    REQUIRE_IS(CL_SUCCESS, client.Disconnect());
}

// Nobody listens: that is known at once, and not when an answer of a Visor would be overdue.
void nobody_there()
{
    Client late({"ofi+sockets", "127.0.0.1", 1, 55});
    REQUIRE_IS(CL_ERR_NO_CONNECTION, late.Connect());
    REQUIRE(std::string(chronolog_last_error()).find("nobody listens") != std::string::npos);

    chronolog_client client;
    chronolog_options options = CHRONOLOG_OPTIONS_INIT;
    options.call_timeout_ms = 3600000; // a defect would hang
    REQUIRE_IS(CHRONOLOG_ERR_NO_CONNECTION, chronolog_connect("tcp://127.0.0.1:1", &options, &client));
    REQUIRE_IS(CHRONOLOG_ERR_NO_CONNECTION, chronolog_connect("tcp://no-such-host.invalid:1", &options, &client));
}

void connect_gives(int code)
{
    int flags = 0;
    Client client(portal());
    REQUIRE_IS(code, client.Connect());
    REQUIRE_IS(CL_ERR_NO_CONNECTION, client.CreateChronicle("c", NONE, flags));
    REQUIRE_IS(CL_SUCCESS, client.Disconnect());
}

} // namespace

int main(int count, char** arguments)
{
    std::string mode = count > 1 ? arguments[1] : "";
    if(mode == "space") return without_space(arguments[2]), std::puts("ok"), 0;
    std::vector<pid_t> pids;
    for(int i = 2; i < count; ++i)
    {
        pids.push_back(std::atoi(arguments[i]));
    }
    if(mode == "keepers") without_keepers(pids);
    else if(mode == "player") without_player(pids);
    else if(mode == "visor") without_visor(pids);
    else if(mode == "abandoned") abandoned(pids);
    else if(mode == "limits") limits();
    else if(mode == "child") in_a_child();
    else if(mode == "device") failing_device();
    else if(mode == "fenced") fenced(pids);
    else if(mode == "ring") damaged_ring(pids);
    else if(mode == "user") another_user();
    else if(mode == "nobody") nobody_there();
    else if(mode == "version") connect_gives(CL_ERR_PROTOCOL_VERSION_MISMATCH);
    else if(mode == "library") connect_gives(CL_ERR_NO_LIBRARY);
    else REQUIRE(!"a mode");
    std::puts("ok");
}
