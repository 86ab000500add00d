#include "manifest.h"

#include "parallel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


enum { ROW_BYTES_MAX = 512, ROW_VALUES = 12 };

void manifest_write(bench_run *run, chronolog_story story, const manifest_row *row)
{
    char text[ROW_BYTES_MAX];
    int length = snprintf(text, sizeof text,
        "chronicle %" PRIu64 " story %s client %" PRIu64 " rank %" PRIu64 " index %" PRIu64 " seed %" PRIu64
        " sizes %" PRIu64 " %" PRIu64 " %" PRIu64 " file %" PRIx64 " events %" PRIu64 " ticks %" PRIx64,
        row->chronicle, row->story, row->client_id, row->rank, row->index, row->source.seed, row->source.size_min,
        row->source.size_average, row->source.size_max, row->file_mark, row->events, row->tick_hash);
    run_check(run, chronolog_log(story, text, (uint64_t)length, NULL), "recording the manifest");
}

static bool parse(const chronolog_event *event, manifest_row *row)
{
    char text[ROW_BYTES_MAX];
    if (event->length >= sizeof text)
        return false;
    memcpy(text, event->record, event->length);
    text[event->length] = '\0';
    return sscanf(text,
        "chronicle %" SCNu64 " story %159s client %" SCNu64 " rank %" SCNu64 " index %" SCNu64 " seed %" SCNu64
        " sizes %" SCNu64 " %" SCNu64 " %" SCNu64 " file %" SCNx64 " events %" SCNu64 " ticks %" SCNx64,
        &row->chronicle, row->story, &row->client_id, &row->rank, &row->index, &row->source.seed, &row->source.size_min,
        &row->source.size_average, &row->source.size_max, &row->file_mark, &row->events, &row->tick_hash) == ROW_VALUES;
}

static int by_story(const void *left, const void *right)
{
    const manifest_row *a = left, *b = right;
    int names = strcmp(a->story, b->story);
    if (a->chronicle != b->chronicle)
        return a->chronicle < b->chronicle ? -1 : 1;
    return names != 0 ? names : (a->client_id > b->client_id) - (a->client_id < b->client_id);
}

static void add(const bench_run *run, manifest *all, uint64_t *capacity, const chronolog_event *event)
{
    if (all->count == *capacity) {
        *capacity = *capacity == 0 ? 64 : 2 * *capacity;
        all->rows = realloc(all->rows, (size_t)*capacity * sizeof *all->rows);
        if (all->rows == NULL)
            run_check(run, CHRONOLOG_ERR_NO_SPACE, "memory for the manifest");
    }
    if (parse(event, &all->rows[all->count]))
        all->count++;
    else if (run->rank == 0)
        fprintf(stderr, "chronolog-bench: an event of the manifest cannot be read: it is left out\n");
}

manifest manifest_read(bench_run *run)
{
    manifest all = {0};
    uint64_t capacity = 0;
    char chronicle[RUN_NAME_BYTES];
    run_chronicle_name(run, 0, chronicle);
    chronolog_replay replay;
    int32_t status = chronolog_replay_open(run->client, chronicle, RUN_MANIFEST, 0, UINT64_MAX, 0, &replay);
    if (status == CHRONOLOG_ERR_NOT_EXIST)
        return all;
    run_check(run, status, "replaying the manifest");
    chronolog_batch batch;
    while ((status = chronolog_replay_next(replay, CHRONOLOG_FOREVER, &batch)) == CHRONOLOG_OK && batch.count > 0)
        for (uint64_t i = 0; i < batch.count; i++)
            add(run, &all, &capacity, &batch.events[i]);
    run_check(run, status, "replaying the manifest");
    run_check(run, chronolog_replay_close(replay), "closing the manifest's replay");
    if (all.count > 0)
        qsort(all.rows, (size_t)all.count, sizeof *all.rows, by_story);
    return all;
}

manifest_row *manifest_find(const manifest *all, uint64_t chronicle, const char *story, uint64_t *count)
{
    uint64_t begin = 0, end = all->count;
    manifest_row wanted = {.chronicle = chronicle, .client_id = 0};
    snprintf(wanted.story, sizeof wanted.story, "%s", story);
    while (begin < end) {
        uint64_t middle = begin + (end - begin) / 2;
        if (by_story(&all->rows[middle], &wanted) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    *count = 0;
    while (begin + *count < all->count && all->rows[begin + *count].chronicle == chronicle
           && strcmp(all->rows[begin + *count].story, story) == 0)
        ++*count;
    return *count == 0 ? NULL : &all->rows[begin];
}
