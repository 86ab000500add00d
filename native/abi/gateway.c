#include "gateway.h"

#include <errno.h>
#include <fenv.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"
#include "faults.h"
#include "managed.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t posted = PTHREAD_COND_INITIALIZER;
static struct abi_call *first, *last;

static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
static uint32_t started;        /* the thread runs and the managed part is there */
static uint32_t forked;         /* in the child: neither is */

static void complete(struct abi_call *call)
{
    store_release(&call->done, 1);
    /* The caller may be gone from here on: waking an address that is used for something else is harmless. */
    syscall(SYS_futex, &call->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await(struct abi_call *call)
{
    int saved = errno;
    while (load_acquire(&call->done) == 0) {
        syscall(SYS_futex, &call->done, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
    errno = saved;
}

static void post(struct abi_call *call)
{
    call->next = NULL;
    pthread_mutex_lock(&lock);
    if (first == NULL) {
        first = call;
    } else {
        last->next = call;
    }
    last = call;
    pthread_cond_signal(&posted);
    pthread_mutex_unlock(&lock);
}

static struct abi_call *take(void)
{
    pthread_mutex_lock(&lock);
    while (first == NULL) {
        pthread_cond_wait(&posted, &lock);
    }
    struct abi_call *call = first;
    first = call->next;
    pthread_mutex_unlock(&lock);
    return call;
}

static void *run(void *argument)
{
    struct abi_call *start = argument;
    fesetenv(FE_DFL_ENV); /* a thread inherits its maker's traps, and hands them on to those that it makes */
    pthread_setname_np(pthread_self(), "chronolog");
    start->status = managed_start(complete);
    snprintf(start->message, sizeof start->message, "%s", chronolog_last_error());
    int32_t status = start->status;
    complete(start);
    while (status == CHRONOLOG_OK) {
        managed_submit(take());
    }
    return NULL;
}

static void in_child(void)
{
    forked = 1;
}

static int32_t start_thread(void)
{
    struct abi_call start = {0};
    sigset_t before;
    pthread_t thread;
    faults_block(&before);
    int error = pthread_create(&thread, NULL, run, &start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        return failure(CHRONOLOG_ERR_NO_SPACE, "no thread can be made: %s", strerror(error));
    }
    pthread_detach(thread);
    await(&start);
    if (start.status != CHRONOLOG_OK) {
        return failure(start.status, "%s", start.message);
    }
    pthread_atfork(NULL, NULL, in_child);
    store_release(&started, 1);
    return CHRONOLOG_OK;
}

static int32_t start_once(void)
{
    if (load_acquire(&started) != 0) {
        return CHRONOLOG_OK;
    }
    pthread_mutex_lock(&starting);
    int32_t status = load_acquire(&started) != 0 ? CHRONOLOG_OK : start_thread();
    pthread_mutex_unlock(&starting);
    return status;
}

int32_t gateway_refusal(void)
{
    return load_relaxed(&forked) == 0
        ? CHRONOLOG_OK
        : failure(CHRONOLOG_ERR_FORKED,
                  "this process is a child of the one that connected to ChronoLog: fork before the first connect, "
                  "or run another program in the child");
}

int32_t gateway_run(struct abi_call *call)
{
    int32_t status = gateway_refusal();
    if (status != CHRONOLOG_OK) {
        return status;
    }
    if (call->status != CHRONOLOG_OK) {
        return failure(call->status, "%s", call->message);
    }
    status = start_once();
    if (status != CHRONOLOG_OK) {
        return status;
    }
    post(call);
    await(call);
    return call->status == CHRONOLOG_OK ? CHRONOLOG_OK : failure(call->status, "%s", call->message);
}

int32_t gateway_run_on(struct abi_call *call, const void *handle, enum handle_kind kind)
{
    uint64_t number = (uint64_t)(uintptr_t)handle;
    int32_t status = gateway_refusal();
    if (status != CHRONOLOG_OK) {
        return status;
    }
    struct passage *mine = passage_mine();
    if (mine == NULL) {
        return failure(CHRONOLOG_ERR_NO_SPACE, "memory is exhausted");
    }
    uint64_t before = passage_enter(mine, number);
    const struct handle_slot *slot = handle_find(number, kind);
    if (slot != NULL) {
        call->object = slot->object;
        status = gateway_run(call);
    } else {
        status = handle_refusal(number, kind);
    }
    passage_leave(mine, before);
    return status;
}

int32_t gateway_no_handle(uint64_t object)
{
    struct abi_call forget = {.operation = ABI_FORGET, .object = object};
    gateway_run(&forget);
    return failure(CHRONOLOG_ERR_LIMIT_EXCEEDED, "too many handles are open, or the client was closed meanwhile");
}

void call_invalid(struct abi_call *call, const char *why)
{
    if (call->status == CHRONOLOG_OK) {
        call->status = CHRONOLOG_ERR_INVALID_ARG;
        snprintf(call->message, sizeof call->message, "%s", why);
    }
}

void call_text(struct abi_call *call, int place, const char *text, const char *what)
{
    char why[96];
    if (text == NULL) {
        snprintf(why, sizeof why, "%s is NULL", what);
        call_invalid(call, why);
        return;
    }
    call->texts[place].bytes = text;
    call->texts[place].length = strnlen(text, TEXT_BYTES_MAX);
    if (call->texts[place].length == TEXT_BYTES_MAX) {
        snprintf(why, sizeof why, "%s is longer than %d bytes, or has no end", what, TEXT_BYTES_MAX - 1);
        call_invalid(call, why);
    }
}

void call_attributes(struct abi_call *call, const chronolog_attribute *attributes, uint64_t count)
{
    if (count > ATTRIBUTES_MAX || (attributes == NULL && count != 0)) {
        call_invalid(call, attributes == NULL ? "attributes are NULL and their count is not 0" : "too many attributes");
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (attributes[i].key == NULL || attributes[i].value == NULL
            || strnlen(attributes[i].key, TEXT_BYTES_MAX) == TEXT_BYTES_MAX
            || strnlen(attributes[i].value, TEXT_BYTES_MAX) == TEXT_BYTES_MAX) {
            call_invalid(call, "an attribute's key or value is NULL, or has no end");
            return;
        }
    }
    call->attributes = attributes;
    call->attribute_count = count;
}
