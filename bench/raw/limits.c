/*
 * Single limits of the machine, one line of key=value pairs each.
 *
 *   limits memcpy BYTES       copying in memory, 256 KiB at a time, out of the second level cache
 *   limits write BYTES FILE   writing a file by the page cache, and fsync
 *   limits stream BYTES       one direction of a loopback TCP connection, 1 MiB at a time
 */
#include "measure.h"

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
    const char *command = count > 1 ? arguments[1] : "";
    uint64_t bytes = count > 2 ? strtoull(arguments[2], NULL, 10) : 0;
    child_clock = CLOCK_PROCESS_CPUTIME_ID;
    if (strcmp(command, "memcpy") == 0 && count == 3) {
        return copy_memory(bytes);
    }
    if (strcmp(command, "write") == 0 && count == 4) {
        return write_file(bytes, arguments[3]);
    }
    if (strcmp(command, "stream") == 0 && count == 3) {
        return stream(bytes);
    }
    fprintf(stderr, "usage: limits memcpy BYTES | write BYTES FILE | stream BYTES\n");
    return 2;
}
