/* Replay, and with --verify every event beside what its writer must have recorded. */
#include "manifest.h"
#include "parallel.h"
#include "payload.h"
#include "run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES_MAX = 5 }; /* of one rank: who has lost a story has lost thousands of events */

typedef struct story_check {
    bench_run *run;
    const char *name;
    manifest_row *writers;      /* ascending client ids */
    uint64_t writer_count;
    manifest_row *seen;         /* events and hash of ticks of each, so far */
    manifest_row *last;
    uint64_t tick, client_id;
    uint32_t index;
    bool has_event;
} story_check;

__attribute__((format(printf, 2, 3))) static void wrong(bench_run *run, const char *format, ...)
{
    if (run->verification.errors++ >= MESSAGES_MAX)
        return;
    va_list values;
    va_start(values, format);
    fprintf(stderr, "chronolog-bench: rank %d: ", run->rank);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
}

static manifest_row *writer_of(story_check *check, uint64_t client_id)
{
    if (check->last != NULL && check->last->client_id == client_id)
        return check->last;
    uint64_t begin = 0, end = check->writer_count;
    while (begin < end) {
        uint64_t middle = begin + (end - begin) / 2;
        if (check->writers[middle].client_id < client_id)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < check->writer_count && check->writers[begin].client_id == client_id
        ? check->last = &check->writers[begin] : NULL;
}

static void check_order(story_check *check, const chronolog_event *event)
{
    bool is_after = !check->has_event || event->tick > check->tick
        || (event->tick == check->tick && (event->client_id > check->client_id
            || (event->client_id == check->client_id && event->index > check->index)));
    if (!is_after)
        wrong(check->run, "%s: event (%" PRIu64 ", %" PRIu64 ", %" PRIu32 ") is not after the one before it",
              check->name, event->tick, event->client_id, event->index);
    check->tick = event->tick, check->client_id = event->client_id, check->index = event->index;
    check->has_event = true;
}

static void check_record(story_check *check, const chronolog_event *event)
{
    manifest_row *writer = writer_of(check, event->client_id);
    if (writer == NULL) {
        wrong(check->run, "%s: an event of client %" PRIu64 ", which the manifest does not name", check->name, event->client_id);
        return;
    }
    manifest_row *seen = &check->seen[writer - check->writers];
    payload expected = payload_of(&writer->source, writer->rank, writer->index, seen->events);
    if (expected.length != event->length
        || (event->length > 0 && memcmp(expected.bytes, event->record, event->length) != 0))
        wrong(check->run, "%s: event %" PRIu64 " of rank %" PRIu64 " has other bytes than were recorded (%" PRIu32 " of %" PRIu64 ")",
              check->name, seen->events, writer->rank, event->length, expected.length);
    seen->tick_hash = payload_step(seen->tick_hash, event->tick);
    seen->events++;
}

static void check_end(story_check *check)
{
    for (uint64_t i = 0; i < check->writer_count; i++) {
        const manifest_row *writer = &check->writers[i], *seen = &check->seen[i];
        if (seen->events != writer->events)
            wrong(check->run, "%s: %" PRIu64 " events of rank %" PRIu64 " came back, it recorded %" PRIu64,
                  check->name, seen->events, writer->rank, writer->events);
        else if (seen->tick_hash != writer->tick_hash)
            wrong(check->run, "%s: events of rank %" PRIu64 " have other ticks than were returned to it", check->name, writer->rank);
    }
    check->run->verification.writers += check->writer_count;
}

static void replay(story_check *check, const char *chronicle, const char *story)
{
    bench_run *run = check->run;
    chronolog_replay replay;
    chronolog_batch batch;
    run_check(run, chronolog_replay_open(run->client, chronicle, story, 0, UINT64_MAX, 0, &replay), "opening a replay");
    int32_t status;
    while ((status = chronolog_replay_next(replay, CHRONOLOG_FOREVER, &batch)) == CHRONOLOG_OK && batch.count > 0) {
        for (uint64_t i = 0; i < batch.count; i++) {
            check_order(check, &batch.events[i]);
            if (run->options.verify)
                check_record(check, &batch.events[i]);
            run->verification.bytes += batch.events[i].length;
        }
        run->verification.events += batch.count;
    }
    if (status == CHRONOLOG_ERR_PARTIAL)
        wrong(run, "%s: PARTIAL: %s", check->name, chronolog_last_error());
    else
        run_check(run, status, "replaying a story");
    run_check(run, chronolog_replay_close(replay), "closing a replay");
    run->verification.stories++;
}

static void read_story(bench_run *run, const manifest *all, uint64_t number, const char *chronicle, const char *story)
{
    char name[2 * RUN_NAME_BYTES];
    snprintf(name, sizeof name, "%s/%s", chronicle, story);
    story_check check = {.run = run, .name = name};
    check.writers = manifest_find(all, number, story, &check.writer_count);
    check.seen = calloc((size_t)check.writer_count + 1, sizeof *check.seen);
    if (check.seen == NULL)
        run_check(run, CHRONOLOG_ERR_NO_SPACE, "memory for the check");
    if (run->options.verify)
        for (uint64_t i = 0; i < check.writer_count; i++)
            if (check.writers[i].file_mark != payload_file_mark())
                run_check(run, CHRONOLOG_ERR_INVALID_ARG, "the events were recorded from another payload file: -f it here, too");
    replay(&check, chronicle, story);
    if (run->options.verify)
        check_end(&check);
    free(check.seen);
}

/* The number of a chronicle under the prefix, by its name; false for others. */
static bool is_ours(const bench_run *run, const char *name, uint64_t *number)
{
    char expected[RUN_NAME_BYTES];
    size_t prefix = strlen(run->options.prefix);
    if (strncmp(name, run->options.prefix, prefix) != 0 || name[prefix] != '-')
        return false;
    *number = strtoull(name + prefix + 1, NULL, 10);
    run_chronicle_name(run, *number, expected);
    return strcmp(name, expected) == 0;
}

static bool is_workload(const char *story)
{
    return strcmp(story, RUN_MANIFEST) != 0 && strncmp(story, RUN_WARM_UP, sizeof RUN_WARM_UP - 1) != 0;
}

/* What the manifest has and the directory has not. */
static void check_directory(bench_run *run, const manifest *all, uint64_t rows_found, uint64_t stories_found)
{
    if (run->rank != 0)
        return;
    if (all->count == 0 && (run->options.verify || stories_found == 0))
        wrong(run, "nothing was recorded under the prefix '%s'", run->options.prefix);
    else if (run->options.verify && rows_found != all->count)
        wrong(run, "stories of %" PRIu64 " writers are not in the directory any more", all->count - rows_found);
}

void run_read(bench_run *run)
{
    parallel_barrier(); /* a rank also reads what the others have recorded */
    run_begin(run, PHASE_REPLAY);
    manifest all = manifest_read(run);
    chronolog_list chronicles, stories;
    uint64_t stories_found = 0, rows_found = 0;
    run_check(run, chronolog_list_chronicles(run->client, &chronicles), "listing chronicles");
    for (uint64_t i = 0; i < chronolog_list_count(chronicles); i++) {
        const char *chronicle = chronolog_list_at(chronicles, i);
        uint64_t number, count;
        if (!is_ours(run, chronicle, &number))
            continue;
        run_check(run, chronolog_list_stories(run->client, chronicle, &stories), "listing stories");
        for (uint64_t j = 0; j < chronolog_list_count(stories); j++) {
            const char *story = chronolog_list_at(stories, j);
            if (!is_workload(story))
                continue;
            manifest_find(&all, number, story, &count);
            rows_found += count;
            if (run->options.shared || stories_found % (uint64_t)run->size == (uint64_t)run->rank)
                read_story(run, &all, number, chronicle, story);
            stories_found++;
        }
        run_check(run, chronolog_list_free(stories), "freeing a list");
    }
    run_check(run, chronolog_list_free(chronicles), "freeing a list");
    check_directory(run, &all, rows_found, stories_found);
    free(all.rows);
    run_end(run, PHASE_REPLAY, run->verification.events, run->verification.bytes);
}

void run_destroy(bench_run *run)
{
    parallel_barrier();
    run_begin(run, PHASE_DESTROY);
    uint64_t destroyed = 0, number;
    chronolog_list chronicles;
    run_check(run, chronolog_list_chronicles(run->client, &chronicles), "listing chronicles");
    for (uint64_t i = 0; run->rank == 0 && i < chronolog_list_count(chronicles); i++) {
        if (!is_ours(run, chronolog_list_at(chronicles, i), &number))
            continue;
        run_check(run, chronolog_destroy_chronicle(run->client, chronolog_list_at(chronicles, i)), "destroying a chronicle");
        destroyed++;
    }
    run_check(run, chronolog_list_free(chronicles), "freeing a list");
    run_end(run, PHASE_DESTROY, destroyed, 0);
}
