#include <chronolog.h>
#include <stdio.h>

int main(int count, char **arguments)
{
    chronolog_client client;
    chronolog_story story;
    chronolog_replay replay;
    chronolog_batch batch;
    uint64_t tick;
    if (count != 2 || chronolog_connect(NULL, NULL, &client) != CHRONOLOG_OK
        || chronolog_acquire(client, arguments[1], "story", NULL, 0, CHRONOLOG_CREATE_CHRONICLE, &story) != CHRONOLOG_OK
        || chronolog_log(story, "hello", 5, &tick) != CHRONOLOG_OK
        || chronolog_replay_open(client, arguments[1], "story", tick, tick + 1, 0, &replay) != CHRONOLOG_OK
        || chronolog_replay_next(replay, CHRONOLOG_FOREVER, &batch) != CHRONOLOG_OK) {
        fprintf(stderr, "%s\n", chronolog_last_error());
        return 1;
    }
    printf("%.*s\n", (int)batch.events[0].length, (const char *)batch.events[0].record);
    return chronolog_abandon(client) != CHRONOLOG_OK;
}
