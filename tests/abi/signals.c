/*
 * A program with signals of its own: handlers for faults, installed before and after connecting, that leave by siglongjmp;
 * floating-point traps; a fast timer that interrupts every call; and the default, where a fault must end the process.
 */
#define _GNU_SOURCE
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { EVENTS = 50000 };

static sigjmp_buf back;
static volatile sig_atomic_t caught, ticks;
static void *volatile nowhere;
static volatile double zero;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    caught = number;
    siglongjmp(back, 1);
}

static void on_fault_plain(int number)
{
    caught = -number;
    siglongjmp(back, 1);
}

static void on_tick(int number)
{
    (void)number;
    ticks++;
}

static void install(int number, int is_plain)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    if (is_plain) {
        action.sa_handler = on_fault_plain;
    } else {
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO;
    }
    CHECK(sigaction(number, &action, NULL) == 0);
}

static void fault(void)
{
    caught = 0;
    if (sigsetjmp(back, 1) == 0) {
        *(volatile int *)nowhere = 1;
        CHECK(!"a store to nowhere went on");
    }
}

static void trap(void)
{
    caught = 0;
    if (sigsetjmp(back, 1) == 0) {
        volatile double result = 1.0 / zero;
        (void)result;
        CHECK(!"a division by zero went on");
    }
}

/* A handler starts without traps, and siglongjmp leaves it that way. */
static void enable_traps(void)
{
    CHECK(feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW) != -1);
}

static void start_timer(void)
{
    struct itimerval period = {{0, 1000}, {0, 1000}};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_tick; /* without SA_RESTART: every system call of ours may end with EINTR */
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &period, NULL) == 0);
}

static void work(chronolog_client client, const char *name)
{
    chronolog_story story;
    chronolog_replay replay;
    chronolog_batch batch;
    uint64_t count = 0;
    CHECK_OK(chronolog_acquire(client, "abi signals", name, NULL, 0, CHRONOLOG_CREATE_CHRONICLE, &story));
    for (uint64_t i = 0; i < EVENTS; i++) {
        CHECK_OK(chronolog_log(story, &i, sizeof i, NULL));
    }
    CHECK_OK(chronolog_flush(story, CHRONOLOG_SYNCED, 30000));
    CHECK_OK(chronolog_replay_open(client, "abi signals", name, 0, UINT64_MAX, 0, &replay));
    do {
        CHECK_OK(chronolog_replay_next(replay, 30000, &batch));
        count += batch.count;
    } while (batch.count != 0);
    CHECK(count == EVENTS);
    CHECK_OK(chronolog_replay_close(replay));
    CHECK_OK(chronolog_release(story, CHRONOLOG_LEVEL_OF_CHRONICLE));
}

/*
 * The default: a fault, and a signal that is sent, end the process as they would without the library. Where they do not,
 * the alarm does.
 */
static void die_by(int number, int is_sent)
{
    int status = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        chronolog_client client;
        CHECK_OK(chronolog_connect(NULL, NULL, &client));
        alarm(20);
        if (is_sent) {
            raise(number);
        } else {
            *(volatile int *)nowhere = 1;
        }
        for (;;) {
            pause(); /* the runtime sends a signal that is not its own on to the process, not to this thread: a moment later */
        }
    }
    CHECK(waitpid(child, &status, 0) == child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != number) {
        fprintf(stderr, "signal %d, %s: wait status %#x\n", number, is_sent ? "sent" : "a fault", (unsigned)status);
        CHECK(!"the process ended by the signal");
    }
}

static int *calls; /* shared with children */

static void on_fault_once(int number)
{
    (void)number;
    if (++*calls > 1) {
        _exit(3);
    }
}

/* A handler that is to be called once and returns: the fault is repeated, and then ends the process. */
static void die_after_one_call(void)
{
    int status = 0;
    calls = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(calls != MAP_FAILED);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        chronolog_client client;
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = on_fault_once;
        action.sa_flags = (int)SA_RESETHAND;
        CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
        CHECK_OK(chronolog_connect(NULL, NULL, &client));
        alarm(20);
        *(volatile int *)nowhere = 1;
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && *calls == 1);
}

int main(void)
{
    chronolog_client client;
    die_after_one_call();
    die_by(SIGSEGV, 0);
    die_by(SIGSEGV, 1);
    die_by(SIGINT, 1);
    die_by(SIGTERM, 1);
    install(SIGSEGV, 0);
    install(SIGFPE, 1);
    enable_traps();
    start_timer();
    CHECK_OK(chronolog_connect(NULL, NULL, &client));
    CHECK(fegetexcept() == (FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW));
    work(client, "handlers from before");
    fault();
    CHECK(caught == SIGSEGV);
    enable_traps();
    trap();
    CHECK(caught == -SIGFPE);
    enable_traps();
    install(SIGSEGV, 1);
    install(SIGFPE, 0);
    work(client, "handlers from after");
    fault();
    CHECK(caught == -SIGSEGV);
    enable_traps();
    trap();
    CHECK(caught == SIGFPE);
    CHECK(ticks > 0);
    CHECK_OK(chronolog_disconnect(client));
    puts("ok");
    return 0;
}
