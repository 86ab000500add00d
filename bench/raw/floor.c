/*
 * A minimal log server over loopback TCP and its client: the floor under ingestion and replay.
 *
 *   floor SIZE EVENTS WINDOW_BYTES FILE
 *
 * The server is the least that a log can do and still be one: it receives frames into preallocated chunks, walks their
 * headers (which frame ends where, how many are there), keeps a sparse index, writes them to a file in the page cache,
 * and acknowledges cumulatively. A range read sends the file back, and the client walks all headers.
 *
 *   frame: u32 length of the record | u64 time | u32 index | record        (little-endian, not aligned)
 *
 * Prints one line of key=value pairs for the appends and one for the range read.
 */
#include "measure.h"

#include <poll.h>
#include <sys/sendfile.h>

enum {
    HEADER = 16,
    CHUNK = 8 << 20,          /* the server's unit of memory */
    RECEIVE = 256 << 10,      /* most that the server takes at a time: one acknowledgement, one write */
    INDEX_STRIDE = 64 << 10,  /* one entry of the sparse index for so many bytes */
    READ_BUFFER = 2 << 20,    /* of the range read's client */
};

static const uint32_t RANGE_REQUEST = 0xfffffffe;   /* instead of a length: send me everything */

static uint32_t length_at(const uint8_t *frame)
{
    uint32_t length;
    memcpy(&length, frame, sizeof length);
    return length;
}

static uint64_t time_at(const uint8_t *frame)
{
    uint64_t time;
    memcpy(&time, frame + 4, sizeof time);
    return time;
}

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
        if (poll(&poller, 1, -1) < 0) {
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

int main(int count, char **arguments)
{
    if (count != 5) {
        fprintf(stderr, "usage: floor SIZE EVENTS WINDOW_BYTES FILE\n");
        return 2;
    }
    return log_server((uint32_t)strtoul(arguments[1], NULL, 10), strtoull(arguments[2], NULL, 10),
                      strtoull(arguments[3], NULL, 10), arguments[4]);
}
