/* The phases that record: create, acquire, warm-up, write, flush, release. */
#include "manifest.h"
#include "parallel.h"
#include "payload.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* As long as an archive on a slow file system may take. */
#define FLUSH_TIMEOUT_MS UINT64_C(600000)

typedef struct written {
    chronolog_story handle;
    manifest_row row;
} written;

static void create(bench_run *run)
{
    run_begin(run, PHASE_CREATE);
    for (uint64_t number = 0; number < run->options.chronicles; number++) {
        char name[RUN_NAME_BYTES];
        run_chronicle_name(run, number, name);
        int32_t status = chronolog_create_chronicle(run->client, name, NULL, 0);
        if (status != CHRONOLOG_ERR_CHRONICLE_EXISTS) /* another rank was first, or an earlier run */
            run_check(run, status, "creating a chronicle");
    }
    run_end(run, PHASE_CREATE, run->options.chronicles, 0);
}

static written *acquire(bench_run *run, uint64_t count)
{
    written *stories = calloc((size_t)count, sizeof *stories);
    if (stories == NULL)
        run_check(run, CHRONOLOG_ERR_NO_SPACE, "memory for the stories");
    run_begin(run, PHASE_ACQUIRE);
    for (uint64_t i = 0; i < count; i++) {
        manifest_row *row = &stories[i].row;
        *row = (manifest_row){
            .chronicle = i / run->options.stories, .client_id = run->client_id, .rank = (uint64_t)run->rank, .index = i,
            .source = {run->options.seed, run->options.size_min, run->options.size_average, run->options.size_max},
            .file_mark = payload_file_mark(),
        };
        unsigned number = (unsigned)(i % run->options.stories);
        if (run->options.shared)
            snprintf(row->story, sizeof row->story, "story-%u", number);
        else
            snprintf(row->story, sizeof row->story, "story-%u-rank-%d", number, run->rank);
        char chronicle[RUN_NAME_BYTES];
        run_chronicle_name(run, row->chronicle, chronicle);
        run_check(run, chronolog_acquire(run->client, chronicle, row->story, NULL, 0, 0, &stories[i].handle),
                  "acquiring a story");
    }
    run_end(run, PHASE_ACQUIRE, count, 0);
    return stories;
}

/* Pages of the ring, caches and branches, as they are in the middle of a long run. */
static void warm_up(bench_run *run)
{
    if (run->options.warmup == 0)
        return;
    char chronicle[RUN_NAME_BYTES], name[RUN_NAME_BYTES];
    run_chronicle_name(run, 0, chronicle);
    snprintf(name, sizeof name, RUN_WARM_UP "%d", run->rank);
    const payload_source source = {run->options.seed, run->options.size_min, run->options.size_average, run->options.size_max};
    chronolog_story story;
    uint64_t bytes = 0;
    run_begin(run, PHASE_WARM_UP);
    run_check(run, chronolog_acquire(run->client, chronicle, name, NULL, 0, 0, &story), "acquiring the story of the warm-up");
    for (uint64_t number = 0; number < run->options.warmup; number++) {
        payload event = payload_of(&source, (uint64_t)run->rank, UINT32_MAX, number);
        run_check(run, chronolog_log(story, event.bytes, event.length, NULL), "warming up");
        bytes += event.length;
    }
    run_check(run, chronolog_release(story, CHRONOLOG_JOURNALED), "releasing the story of the warm-up");
    run_check(run, chronolog_destroy_story(run->client, chronicle, name), "destroying the story of the warm-up");
    run_end(run, PHASE_WARM_UP, run->options.warmup, bytes);
}

static void wait_until(uint64_t nanoseconds)
{
    struct timespec at = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
    }
}

static void record(bench_run *run, written *stories, uint64_t count)
{
    uint64_t bytes = 0, interval = run->options.interval_us * 1000;
    run_begin(run, PHASE_WRITE);
    uint64_t begin = run_nanoseconds(), before = begin;
    for (uint64_t number = 0; number < run->options.events; number++) {
        manifest_row *row = &stories[number % count].row;
        payload event = payload_of(&row->source, row->rank, row->index, row->events);
        uint64_t tick;
        if (interval > 0) {
            wait_until(begin + number * interval);
            before = run_nanoseconds();
        }
        run_check(run, chronolog_log(stories[number % count].handle, event.bytes, event.length, &tick), "recording an event");
        if (run->options.latency) { /* one look at the clock: the end of one event is the beginning of the next */
            uint64_t after = run_nanoseconds();
            latency_add(&run->latency, after - before);
            before = after;
        }
        row->tick_hash = payload_step(row->tick_hash, tick);
        row->events++;
        bytes += event.length;
    }
    run_end(run, PHASE_WRITE, run->options.events, bytes);
}

static void flush_and_release(bench_run *run, written *stories, uint64_t count)
{
    run_begin(run, PHASE_FLUSH);
    for (uint64_t i = 0; i < count; i++)
        run_check(run, chronolog_flush(stories[i].handle, run->options.level, FLUSH_TIMEOUT_MS), "flushing a story");
    run_end(run, PHASE_FLUSH, count, 0);
    run_begin(run, PHASE_RELEASE);
    for (uint64_t i = 0; i < count; i++)
        run_check(run, chronolog_release(stories[i].handle, CHRONOLOG_ACCEPTED), "releasing a story"); /* flushed just now */
    run_end(run, PHASE_RELEASE, count, 0);
}

static void leave_manifest(bench_run *run, const written *stories, uint64_t count)
{
    char chronicle[RUN_NAME_BYTES];
    run_chronicle_name(run, 0, chronicle);
    chronolog_story story;
    run_begin(run, PHASE_MANIFEST);
    run_check(run, chronolog_acquire(run->client, chronicle, RUN_MANIFEST, NULL, 0, 0, &story), "acquiring the manifest");
    for (uint64_t i = 0; i < count; i++)
        manifest_write(run, story, &stories[i].row);
    run_check(run, chronolog_release(story, CHRONOLOG_LEVEL_OF_CHRONICLE), "releasing the manifest");
    run_end(run, PHASE_MANIFEST, count, 0);
}

void run_write(bench_run *run)
{
    uint64_t count = run->options.chronicles * run->options.stories;
    create(run);
    written *stories = acquire(run, count);
    warm_up(run);
    record(run, stories, count);
    flush_and_release(run, stories, count);
    leave_manifest(run, stories, count);
    free(stories);
}
