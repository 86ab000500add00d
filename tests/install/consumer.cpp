#include <chronolog.hpp>
#include <chronolog_client.h>

#include <iostream>

int main(int, char** arguments)
{
    chronolog::cxx::Client client;
    chronolog::cxx::Story story = client.acquire(arguments[1], "story", chronolog::cxx::create_chronicle);
    uint64_t tick = story.log("hello");
    for(chronolog::cxx::Event const& event: client.replay(arguments[1], "story", tick))
    {
        std::cout << event.record() << '\n';
    }
}
