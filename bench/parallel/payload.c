#include "payload.h"

#include <chronolog.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Windows begin anywhere in the first megabyte; behind it there is room for the longest event. */
#define POOL_STARTS (UINT64_C(1) << 20)
#define POOL_BYTES (POOL_STARTS + CHRONOLOG_RECORD_BYTES_MAX)

/* A ring takes events of an eighth of its size: the default one those of up to 2 MiB. */
enum { DEFAULT_RING_RECORD_BYTES = 2 << 20, RING_RECORD_SHARE = 8, RING_HEADROOM = 1 << 16 };

#define FILE_BYTES_MAX (INT64_C(1) << 30)

static uint8_t *pool;
static payload *lines;
static uint64_t line_count, file_mark;

static int fail(const char *path, const char *why)
{
    fprintf(stderr, "chronolog-bench: %s: %s\n", path, why);
    return -1;
}

static int split_lines(const char *path, uint8_t *text, uint64_t length)
{
    for (uint64_t at = 0; at < length; at++)
        line_count += text[at] == '\n' || at + 1 == length;
    lines = malloc((size_t)(line_count + 1) * sizeof *lines);
    if (lines == NULL || line_count == 0)
        return fail(path, lines == NULL ? "out of memory" : "has no lines");
    uint64_t line = 0, begin = 0;
    for (uint64_t at = 0; at < length; at++) {
        if (text[at] != '\n' && at + 1 < length)
            continue;
        lines[line] = (payload){text + begin, (text[at] == '\n' ? at : at + 1) - begin};
        file_mark = payload_mix(file_mark ^ lines[line].length);
        for (uint64_t i = 0; i < lines[line].length; i++)
            file_mark = payload_mix(file_mark ^ lines[line].bytes[i]);
        if (lines[line++].length > CHRONOLOG_RECORD_BYTES_MAX)
            return fail(path, "has a line of more than 16 MiB");
        begin = at + 1;
    }
    return 0;
}

static int read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return fail(path, strerror(errno));
    int64_t length = fseek(file, 0, SEEK_END) == 0 ? (int64_t)ftell(file) : -1;
    rewind(file);
    uint8_t *text = length < 0 || length > FILE_BYTES_MAX ? NULL : malloc((size_t)length + 1);
    bool whole = text != NULL && fread(text, 1, (size_t)length, file) == (size_t)length;
    fclose(file);
    return whole ? split_lines(path, text, (uint64_t)length) : fail(path, "cannot be read, or is larger than 1 GiB");
}

int payload_prepare(const char *file)
{
    if (file != NULL)
        return read_file(file);
    pool = malloc(POOL_BYTES);
    if (pool == NULL)
        return fail("payload", "out of memory");
    uint64_t state = 0;
    for (uint64_t at = 0; at < POOL_BYTES; at += sizeof state) {
        state = payload_mix(state + at);
        memcpy(pool + at, &state, sizeof state);
    }
    return 0;
}

uint64_t payload_file_mark(void) { return file_mark; }

uint64_t payload_ring_bytes(uint64_t size_max)
{
    uint64_t largest = lines == NULL ? size_max : 0;
    for (uint64_t i = 0; lines != NULL && i < line_count; i++)
        largest = lines[i].length > largest ? lines[i].length : largest;
    return largest + RING_HEADROOM < DEFAULT_RING_RECORD_BYTES ? 0 : (largest + RING_HEADROOM) * RING_RECORD_SHARE;
}

uint64_t payload_step(uint64_t hash, uint64_t tick) { return payload_mix(hash ^ tick); }

/* Below the average with the probability that makes the average the mean. */
static uint64_t size_of(const payload_source *source, uint64_t random)
{
    uint64_t least = source->size_min, average = source->size_average, most = source->size_max;
    if (least == most)
        return least;
    bool is_below = (random & 0xffffffff) * (most - least) < ((most - average) << 32);
    uint64_t range = is_below ? average - least : most - average;
    uint64_t part = ((random >> 32) * (range + 1)) >> 32;
    return is_below ? least + part : average + part;
}

payload payload_of(const payload_source *source, uint64_t rank, uint64_t story, uint64_t number)
{
    uint64_t random = payload_mix(source->seed ^ payload_mix((rank << 32 ^ story) + payload_mix(number)));
    if (lines != NULL)
        return lines[(rank + story + number) % line_count];
    return (payload){pool + payload_mix(random) % POOL_STARTS, size_of(source, random)};
}
