/*
 * What this machine can do, without ChronoLog: the numbers that the benchmark puts beside ChronoLog's own.
 *
 *   floor log SIZE EVENTS WINDOW_BYTES FILE   a minimal log server over loopback TCP: batched appends, then one range read
 *   floor memcpy BYTES                        copying in memory, 256 KiB at a time, out of the second level cache
 *   floor write BYTES FILE                    writing a file by the page cache, and fsync
 *   floor stream BYTES                        one direction of a loopback TCP connection, 1 MiB at a time
 *
 * The log server is the least that a log can do and still be one: it receives frames into preallocated chunks, walks
 * their headers (which frame ends where, how many are there), keeps a sparse index, writes them to a file in the page
 * cache, and acknowledges cumulatively. A range read sends the file back, and the client walks all headers.
 *
 *   frame: u32 length of the record | u64 time | u32 index | record        (little-endian, not aligned)
 *
 * Each command prints one line of key=value pairs per phase. Any failure ends the program with status 1.
 */
#define _GNU_SOURCE
#include "floor.h"

/* --- the log server --- */

struct server {
    int connection;
    int file;
    uint8_t *pool;             /* all chunks, touched beforehand: page faults are not what is measured */
    size_t pool_chunks;
    size_t chunk;              /* the one being filled */
    size_t filled;             /* bytes received into it */
    size_t walked;             /* bytes of whole frames in it, all of them in the file */
    uint64_t events;
    uint64_t file_bytes;
    struct { uint64_t time, position; } *index;
    size_t index_count;
    uint64_t indexed;          /* file position of the index's last entry */
};

static uint8_t *chunk_of(const struct server *server)
{
    return server->pool + server->chunk * (size_t)CHUNK;
}

static void send_range(struct server *server)
{
    off_t from = 0;
    write_all(server->connection, &server->file_bytes, sizeof server->file_bytes);
    while ((uint64_t)from < server->file_bytes) {
        if (sendfile(server->connection, server->file, &from, server->file_bytes - (uint64_t)from) <= 0) {
            die("sendfile");
        }
    }
}

/* Walks what has arrived and writes the whole frames to the file. True when a range read was asked for. */
static int take_frames(struct server *server)
{
    const uint8_t *chunk = chunk_of(server);
    size_t at = server->walked;
    int is_range_read = 0;
    while (server->filled - at >= HEADER) {
        uint32_t length = length_at(chunk + at);
        if (length == RANGE_REQUEST) {
            is_range_read = 1;
            break;
        }
        if (server->filled - at < HEADER + (size_t)length) {
            break;
        }
        uint64_t position = server->file_bytes + (at - server->walked);
        if (server->index_count == 0 || position - server->indexed >= INDEX_STRIDE) {
            server->index[server->index_count].time = time_at(chunk + at);
            server->index[server->index_count++].position = position;
            server->indexed = position;
        }
        at += HEADER + (size_t)length;
        server->events++;
    }
    if (at > server->walked) {
        write_all(server->file, chunk + server->walked, at - server->walked);
        server->file_bytes += at - server->walked;
        server->walked = at;
    }
    return is_range_read;
}

/* The frame that is not complete yet begins the next chunk. */
static void next_chunk(struct server *server)
{
    const uint8_t *rest = chunk_of(server) + server->walked;
    size_t bytes = server->filled - server->walked;
    if (++server->chunk == server->pool_chunks) {
        errno = ENOMEM;
        die("the chunk pool");
    }
    memcpy(chunk_of(server), rest, bytes);
    server->filled = bytes;
    server->walked = 0;
}

static void serve(int listener, const char *path, uint64_t bytes, uint32_t frame)
{
    struct server server = {.pool_chunks = (size_t)(bytes / (CHUNK - frame - RECEIVE)) + 2};
    server.pool = allocate_touched(server.pool_chunks * (size_t)CHUNK);
    server.index = calloc((size_t)(bytes / INDEX_STRIDE) + 2, sizeof *server.index);
    server.file = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    if (server.index == NULL || server.file < 0) {
        die(path);
    }
    server.connection = accept_one(listener);
    write_all(server.connection, &server.events, sizeof server.events); /* ready */
    for (;;) {
        size_t room = CHUNK - server.filled;
        ssize_t received = read(server.connection, chunk_of(&server) + server.filled, room < RECEIVE ? room : RECEIVE);
        if (received <= 0) {
            _exit(0);
        }
        server.filled += (size_t)received;
        if (take_frames(&server)) {
            send_range(&server);
            server.filled = server.walked; /* the request is no frame */
            continue;
        }
        write_all(server.connection, &server.events, sizeof server.events);
        if (CHUNK - server.filled <= frame) {
            next_chunk(&server);
        }
    }
}

/* --- the log client --- */

struct client {
    int connection;
    uint32_t record;           /* bytes of one */
    uint8_t *batch;            /* frames on their way */
    size_t batch_bytes;
    size_t sent;               /* of the batch */
    uint64_t recorded;
    uint64_t acknowledged;
    uint8_t partial[8];        /* of an acknowledgement cut in two */
    size_t partial_bytes;
};

/* What an application does for each event: a time, an index, its record. */
static void fill_batch(struct client *client, const uint8_t *record, uint64_t count)
{
    uint8_t *frame = client->batch;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t time = nanoseconds(CLOCK_REALTIME);
        uint32_t index = (uint32_t)client->recorded++;
        memcpy(frame, &client->record, 4);
        memcpy(frame + 4, &time, 8);
        memcpy(frame + 12, &index, 4);
        memcpy(frame + HEADER, record, client->record);
        frame += HEADER + client->record;
    }
    client->batch_bytes = (size_t)(frame - client->batch);
    client->sent = 0;
}

static void receive_acknowledgements(struct client *client)
{
    uint8_t buffer[64 << 10];
    memcpy(buffer, client->partial, client->partial_bytes);
    ssize_t received = recv(client->connection, buffer + client->partial_bytes, sizeof buffer - client->partial_bytes,
                            MSG_DONTWAIT);
    if (received == 0 || (received < 0 && errno != EAGAIN)) {
        die("receive an acknowledgement");
    }
    size_t bytes = client->partial_bytes + (received > 0 ? (size_t)received : 0);
    size_t whole = bytes & ~(size_t)7;
    if (whole > 0) {
        memcpy(&client->acknowledged, buffer + whole - 8, 8); /* cumulative: the last one says it all */
    }
    client->partial_bytes = bytes - whole;
    memcpy(client->partial, buffer + whole, client->partial_bytes);
}

/* Two batches in flight: one is written while the other is on its way. */
static void append(struct client *client, uint64_t events, size_t window, const uint8_t *record)
{
    uint64_t per_batch = window / 2 / (HEADER + client->record);
    per_batch = per_batch == 0 ? 1 : per_batch;
    while (client->acknowledged < events) {
        int is_idle = client->sent == client->batch_bytes;
        if (is_idle && client->recorded < events && client->recorded - client->acknowledged <= per_batch) {
            uint64_t left = events - client->recorded;
            fill_batch(client, record, left < per_batch ? left : per_batch);
            is_idle = 0;
        }
        struct pollfd poller = {client->connection, (short)(is_idle ? POLLIN : POLLIN | POLLOUT), 0};
        if (poll(&poller, 1, -1) < 0 && errno != EINTR) {
            die("poll");
        }
        if (poller.revents & POLLOUT) {
            ssize_t sent = send(client->connection, client->batch + client->sent, client->batch_bytes - client->sent,
                                MSG_DONTWAIT);
            if (sent < 0 && errno != EAGAIN) {
                die("send");
            }
            client->sent += sent > 0 ? (size_t)sent : 0;
        }
        if (poller.revents & (POLLIN | POLLHUP | POLLERR)) {
            receive_acknowledgements(client);
        }
    }
}

/* Asks for everything and looks at every event; the sum keeps the compiler from leaving the records alone. */
static uint64_t read_range(struct client *client, uint64_t *sum)
{
    uint8_t *buffer = allocate_touched(READ_BUFFER);
    uint8_t request[HEADER] = {0};
    uint64_t left, events = 0, last = 0;
    size_t held = 0;
    memcpy(request, &RANGE_REQUEST, sizeof RANGE_REQUEST);
    write_all(client->connection, request, sizeof request);
    read_all(client->connection, &left, sizeof left);
    while (left > 0) {
        ssize_t received = read(client->connection, buffer + held, READ_BUFFER - held);
        if (received <= 0) {
            die("read the range");
        }
        left -= (uint64_t)received;
        held += (size_t)received;
        size_t at = 0;
        while (held - at >= HEADER && held - at >= HEADER + (size_t)length_at(buffer + at)) {
            uint64_t time = time_at(buffer + at);
            uint32_t length = length_at(buffer + at);
            *sum += time < last;
            *sum += length != 0 ? buffer[at + HEADER] : 0;
            last = time;
            at += HEADER + (size_t)length;
            events++;
        }
        held -= at;
        memmove(buffer, buffer + at, held);
    }
    return events;
}

static int log_server(uint32_t size, uint64_t events, size_t window, const char *path)
{
    struct sockaddr_in address;
    int listener = listen_loopback(&address);
    uint64_t bytes = events * (HEADER + (uint64_t)size);
    pid_t child = fork();
    if (child < 0) {
        die("fork");
    }
    if (child == 0) {
        serve(listener, path, bytes, HEADER + size);
    }
    close(listener);
    if (clock_getcpuclockid(child, &child_clock) != 0) {
        die("clock_getcpuclockid");
    }
    struct client client = {.connection = connect_loopback(&address), .record = size};
    uint8_t *record = allocate_touched(size + 1);
    client.batch = allocate_touched(window + HEADER + size);
    for (uint32_t i = 0; i < size; i++) {
        record[i] = (uint8_t)('a' + i % 26);
    }
    uint64_t ready, sum = 0;
    read_all(client.connection, &ready, sizeof ready);

    struct phase appending = begin_phase();
    append(&client, events, window, record);
    end_phase(appending, "append", events, events * size);
    struct phase reading = begin_phase();
    uint64_t got = read_range(&client, &sum);
    end_phase(reading, "range", got, got * size);
    close(client.connection);
    waitpid(child, NULL, 0);
    unlink(path);
    if (got != events || sum == 0) {
        fprintf(stderr, "floor: %llu of %llu events came back\n", (unsigned long long)got, (unsigned long long)events);
        return 1;
    }
    return 0;
}

/* --- single limits --- */

static int copy_memory(uint64_t bytes)
{
    enum { BLOCK = 256 << 10, TARGET = 256 << 20 };
    uint8_t *from = allocate_touched(BLOCK);
    uint8_t *to = allocate_touched(TARGET);
    struct phase copying = begin_phase();
    for (uint64_t done = 0; done < bytes; done += BLOCK) {
        memcpy(to + done % TARGET, from, BLOCK);
        __asm__ __volatile__("" ::: "memory");
    }
    end_phase(copying, "memcpy", 0, bytes);
    return 0;
}

static int write_file(uint64_t bytes, const char *path)
{
    enum { BLOCK = 4 << 20 };
    uint8_t *block = allocate_touched(BLOCK);
    memset(block, 'x', BLOCK);
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (file < 0) {
        die(path);
    }
    struct phase writing = begin_phase();
    for (uint64_t done = 0; done < bytes; done += BLOCK) {
        write_all(file, block, BLOCK);
    }
    if (fsync(file) != 0) {
        die("fsync");
    }
    end_phase(writing, "write", 0, bytes);
    close(file);
    unlink(path);
    return 0;
}

static int stream(uint64_t bytes)
{
    enum { BLOCK = 1 << 20 };
    struct sockaddr_in address;
    int listener = listen_loopback(&address);
    uint8_t *block = allocate_touched(BLOCK);
    pid_t child = fork();
    if (child < 0) {
        die("fork");
    }
    if (child == 0) {
        int connection = accept_one(listener);
        for (uint64_t done = 0; done < bytes; done += BLOCK) {
            write_all(connection, block, BLOCK);
        }
        _exit(0);
    }
    if (clock_getcpuclockid(child, &child_clock) != 0) {
        die("clock_getcpuclockid");
    }
    int connection = connect_loopback(&address);
    struct phase streaming = begin_phase();
    uint64_t got = 0;
    while (got < bytes / BLOCK * BLOCK) {
        ssize_t received = read(connection, block, BLOCK);
        if (received <= 0) {
            die("read the stream");
        }
        got += (uint64_t)received;
    }
    /* The child may be gone by now: its processor time is not asked for. */
    child_clock = CLOCK_PROCESS_CPUTIME_ID;
    end_phase(streaming, "stream", 0, got);
    waitpid(child, NULL, 0);
    return 0;
}

int main(int count, char **arguments)
{
    child_clock = CLOCK_PROCESS_CPUTIME_ID;
    const char *command = count > 1 ? arguments[1] : "";
    if (strcmp(command, "log") == 0 && count == 6) {
        return log_server((uint32_t)strtoul(arguments[2], NULL, 10), strtoull(arguments[3], NULL, 10),
                          strtoull(arguments[4], NULL, 10), arguments[5]);
    }
    if (strcmp(command, "memcpy") == 0 && count == 3) {
        return copy_memory(strtoull(arguments[2], NULL, 10));
    }
    if (strcmp(command, "write") == 0 && count == 4) {
        return write_file(strtoull(arguments[2], NULL, 10), arguments[3]);
    }
    if (strcmp(command, "stream") == 0 && count == 3) {
        return stream(strtoull(arguments[2], NULL, 10));
    }
    fprintf(stderr, "usage: floor log SIZE EVENTS WINDOW_BYTES FILE | memcpy BYTES | write BYTES FILE | stream BYTES\n");
    return 2;
}
