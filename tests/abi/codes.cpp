// codes MODE [PID...]: the codes of client_errcode.h that take a deployment in trouble, by behaviour. The pids are of the
// processes that the mode has stand still (who runs this has them go on when it fails).
//
// -7, -8, -10, -12, -13, -14, -21, -22, -23 are provoked here; 0, -2 to -6 and -11 by compatible.cpp; -1 (of an event that has
// one copy of two) by replica_test.c; -15 by misuse.c; -18 by record_replay.c, as nothing of this API is cancelled. By name
// only: -9 (there are no keys yet), -16, -17, -19, -20.
#include <chronolog_client.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
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
    else if(mode == "version") connect_gives(CL_ERR_PROTOCOL_VERSION_MISMATCH);
    else if(mode == "library") connect_gives(CL_ERR_NO_LIBRARY);
    else REQUIRE(!"a mode");
    std::puts("ok");
}
