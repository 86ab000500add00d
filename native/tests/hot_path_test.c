/* Recording, and looking whether it has reached a level that it has, never go into the managed part. */
#include <string.h>

#include "../../tests/abi/check.h"
#include "played_managed.h"

enum { EVENTS = 100000, BATCH = 16 };

int main(void)
{
    chronolog_client client;
    chronolog_story story;
    chronolog_record records[BATCH];
    uint64_t tick, id, ticks[BATCH], logged;
    char text[100];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < BATCH; i++) {
        records[i].bytes = text;
        records[i].length = (uint64_t)i;
    }
    CHECK_OK(chronolog_connect(NULL, NULL, &client));
    CHECK_OK(chronolog_acquire(client, "hot", "story", NULL, 0, CHRONOLOG_CREATE_CHRONICLE, &story));
    CHECK_OK(chronolog_log(story, text, sizeof text, &tick));
    CHECK_OK(chronolog_log_at(story, tick, text, 1)); /* the first one tells the Visor */
    uint64_t before = played_calls;
    CHECK(before > 0);
    for (int i = 0; i < EVENTS; i++) {
        CHECK_OK(chronolog_log(story, text, sizeof text, &tick));
        if (i % BATCH == 0) {
            CHECK_OK(chronolog_log_batch(story, records, BATCH, ticks, &logged));
            CHECK_OK(chronolog_log_at(story, tick, text, 10));
            CHECK_OK(chronolog_flush(story, CHRONOLOG_ACCEPTED, CHRONOLOG_FOREVER));
            CHECK_OK(chronolog_story_id(story, &id));
        }
    }
    CHECK(played_calls == before);
    CHECK_OK(chronolog_release(story, CHRONOLOG_ACCEPTED));
    CHECK(played_calls > before);
    CHECK_OK(chronolog_disconnect(client));
    puts("ok");
    return 0;
}
