/*
 * The fabric shim: two processes per provider; the child exposes memory, the parent reads it by RMA.
 * Also: libfabric's loading leaves the process's signal handlers alone, and errors have texts.
 */
#include "check.h"
#include "chrono_fabric.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REGION_BYTES = 3 << 20, ENTRIES = 64, ADDRESS_BYTES = 256 };

#define EAGAIN_FABRIC (-11)
#define DEADLINE_SECONDS 30

struct side {
    struct fi_info *info;
    struct fid_fabric *fabric;
    struct fid_domain *domain;
    struct fid_av *av;
    struct fid_cq *cq;
    struct fid_ep *ep;
    struct chrono_fabric_attributes attributes;
    bool waits; /* the completion queue can be waited for */
};

struct greeting {
    char address[ADDRESS_BYTES];
    uint64_t key;
    uint64_t base;
};

static struct side open_side(const char *provider, const char *role)
{
    struct side side = {0};
    char name[64] = "127.0.0.1";
    side.waits = strcmp(provider, "shm") != 0;
    if (!side.waits) {
        snprintf(name, sizeof name, "chronolog-fabric-test-%d-%s", (int)getpid(), role);
    }
    CHECK_EQUAL(0, chrono_fabric_getinfo(provider, name, ENTRIES, &side.info));
    chrono_fabric_describe(side.info, &side.attributes);
    CHECK(strcmp(provider, side.attributes.provider) == 0);
    CHECK_EQUAL(0, chrono_fabric_fabric(side.info, &side.fabric));
    CHECK_EQUAL(0, chrono_fabric_domain(side.fabric, side.info, &side.domain));
    CHECK_EQUAL(0, chrono_fabric_av_open(side.domain, ENTRIES, &side.av));
    int wait = side.waits ? CHRONO_FABRIC_WAIT_UNSPEC : CHRONO_FABRIC_WAIT_NONE;
    CHECK_EQUAL(0, chrono_fabric_cq_open(side.domain, ENTRIES * 2, wait, &side.cq));
    CHECK_EQUAL(0, chrono_fabric_endpoint(side.domain, side.info, &side.ep));
    CHECK_EQUAL(0, chrono_fabric_ep_bind_av(side.ep, side.av));
    CHECK_EQUAL(0, chrono_fabric_ep_bind_cq(side.ep, side.cq));
    CHECK_EQUAL(0, chrono_fabric_enable(side.ep));
    return side;
}

static void close_side(struct side *side)
{
    CHECK_EQUAL(0, chrono_fabric_close((struct fid *)side->ep));
    CHECK_EQUAL(0, chrono_fabric_close((struct fid *)side->cq));
    CHECK_EQUAL(0, chrono_fabric_close((struct fid *)side->av));
    CHECK_EQUAL(0, chrono_fabric_close((struct fid *)side->domain));
    CHECK_EQUAL(0, chrono_fabric_close((struct fid *)side->fabric));
    chrono_fabric_freeinfo(side->info);
}

static struct fid_mr *register_region(struct side *side, void *memory, size_t length, uint64_t access, uint64_t key)
{
    struct fid_mr *region = NULL;
    struct fid_ep *ep = (side->attributes.mr_mode & CHRONO_FABRIC_MR_ENDPOINT) ? side->ep : NULL;
    CHECK_EQUAL(0, chrono_fabric_mr_reg(side->domain, ep, memory, length, access, key, &region));
    return region;
}

/* One look at the completion queue, which is also what makes progress. */
static int64_t look(struct side *side, void **context, int timeout_milliseconds)
{
    return side->waits ? chrono_fabric_cq_sread(side->cq, context, 1, timeout_milliseconds)
                       : chrono_fabric_cq_read(side->cq, context, 1);
}

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 31 + (i >> 11));
}

/* The target: exposes its memory and makes progress until the other end of the pipe is closed. */
static void serve(const char *provider, int to_parent, int from_parent)
{
    struct side side = open_side(provider, "serve");
    unsigned char *memory = malloc(REGION_BYTES);
    CHECK(memory != NULL);
    for (size_t i = 0; i < REGION_BYTES; i++) {
        memory[i] = pattern(i);
    }
    const uint64_t wanted = 0xfeed0123456789abull;
    struct fid_mr *region = register_region(&side, memory, REGION_BYTES, CHRONO_FABRIC_ACCESS_REMOTE_READ, wanted);
    struct greeting greeting = {.key = chrono_fabric_mr_key(region)};
    if (!(side.attributes.mr_mode & CHRONO_FABRIC_MR_PROV_KEY)) {
        CHECK_EQUAL(wanted, greeting.key);
    }
    greeting.base = (side.attributes.mr_mode & CHRONO_FABRIC_MR_VIRT_ADDR) ? (uint64_t)(uintptr_t)memory : 0;
    size_t length = sizeof greeting.address;
    CHECK_EQUAL(0, chrono_fabric_getname(side.ep, greeting.address, &length));
    CHECK_EQUAL(sizeof greeting, write(to_parent, &greeting, sizeof greeting));
    struct pollfd parent = {.fd = from_parent, .events = POLLIN};
    while (poll(&parent, 1, 0) == 0) {
        void *context;
        CHECK_EQUAL(EAGAIN_FABRIC, look(&side, &context, 10)); /* a target of reads sees no completions */
    }
    CHECK_EQUAL(0, chrono_fabric_close((struct fid *)region));
    close_side(&side);
    free(memory);
}

static void read_range(struct side *side, uint64_t peer, const struct greeting *target, unsigned char *memory,
                       void *descriptor, size_t offset, size_t length)
{
    static _Alignas(64) char operation[64];
    time_t deadline = time(NULL) + DEADLINE_SECONDS;
    void *context = NULL;
    int64_t result;
    while ((result = chrono_fabric_read(side->ep, memory + offset, length, descriptor, peer, target->base + offset,
                                        target->key, operation)) == EAGAIN_FABRIC) {
        CHECK(time(NULL) < deadline);
        CHECK_EQUAL(EAGAIN_FABRIC, look(side, &context, 1));
    }
    CHECK_EQUAL(0, result);
    while ((result = look(side, &context, 10)) == EAGAIN_FABRIC) {
        CHECK(time(NULL) < deadline);
    }
    CHECK_EQUAL(1, result);
    CHECK(context == operation);
}

static void pull(const char *provider, int from_child)
{
    struct greeting target;
    CHECK_EQUAL(sizeof target, read(from_child, &target, sizeof target));
    struct side side = open_side(provider, "pull");
    unsigned char *memory = calloc(1, REGION_BYTES);
    CHECK(memory != NULL);
    struct fid_mr *region = NULL;
    void *descriptor = NULL;
    if (side.attributes.mr_mode & CHRONO_FABRIC_MR_LOCAL) {
        region = register_region(&side, memory, REGION_BYTES, CHRONO_FABRIC_ACCESS_READ, 1);
        descriptor = chrono_fabric_mr_desc(region);
    }
    uint64_t peer;
    CHECK_EQUAL(1, chrono_fabric_av_insert(side.av, target.address, &peer));
    read_range(&side, peer, &target, memory, descriptor, 0, 64);
    read_range(&side, peer, &target, memory, descriptor, 64, 65536 - 64);
    read_range(&side, peer, &target, memory, descriptor, 65536, REGION_BYTES - 65536 - 1);
    for (size_t i = 0; i < REGION_BYTES - 1; i++) {
        CHECK_EQUAL(pattern(i), memory[i]);
    }
    CHECK_EQUAL(0, memory[REGION_BYTES - 1]); /* not asked for */
    CHECK_EQUAL(0, chrono_fabric_av_remove(side.av, peer));
    if (region != NULL) {
        CHECK_EQUAL(0, chrono_fabric_close((struct fid *)region));
    }
    close_side(&side);
    free(memory);
}

static void test_two_processes(const char *provider)
{
    int to_parent[2];
    int to_child[2];
    CHECK_EQUAL(0, pipe(to_parent));
    CHECK_EQUAL(0, pipe(to_child));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(to_child[1]);
        serve(provider, to_parent[1], to_child[0]);
        exit(0);
    }
    close(to_child[0]);
    pull(provider, to_parent[0]);
    close(to_child[1]);
    int status;
    CHECK_EQUAL(child, waitpid(child, &status, 0));
    CHECK_EQUAL(0, status);
    close(to_parent[0]);
    close(to_parent[1]);
    printf("%s: ok\n", provider);
    fflush(stdout);
}

/* A process of its own per case: libfabric is loaded once, and after a fork only the child's copy would be usable. */
static void in_child(void (*test)(const char *), const char *argument)
{
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        test(argument);
        exit(0);
    }
    int status;
    CHECK_EQUAL(child, waitpid(child, &status, 0));
    CHECK_EQUAL(0, status);
}

static void own_handler(int number)
{
    (void)number;
}

static void test_signal_handlers(const char *provider)
{
    static const int guarded[] = {SIGSEGV, SIGBUS, SIGTERM, SIGINT, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        signal(guarded[i], own_handler);
    }
    struct side side = open_side(provider, "signals");
    close_side(&side);
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        struct sigaction now;
        CHECK_EQUAL(0, sigaction(guarded[i], NULL, &now));
        CHECK(now.sa_handler == own_handler);
    }
}

static void test_errors(const char *unused)
{
    (void)unused;
    struct fi_info *info = NULL;
    CHECK(chrono_fabric_load() == NULL);
    CHECK(chrono_fabric_version() >= (1u << 16 | 17));
    CHECK(chrono_fabric_getinfo("no-such-provider", "127.0.0.1", ENTRIES, &info) < 0);
    CHECK(info == NULL);
    CHECK(chrono_fabric_getinfo("sockets", NULL, ENTRIES, &info) < 0);
    CHECK(chrono_fabric_getinfo("sockets", "not an address", ENTRIES, &info) < 0);
    CHECK(strlen(chrono_fabric_strerror(22)) > 0);
}

int main(void)
{
    in_child(test_errors, NULL);
    in_child(test_signal_handlers, "shm");
    in_child(test_signal_handlers, "tcp;ofi_rxm");
    in_child(test_two_processes, "tcp;ofi_rxm");
    in_child(test_two_processes, "sockets");
    in_child(test_two_processes, "shm");
    return 0;
}
