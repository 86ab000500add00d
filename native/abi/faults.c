#include "faults.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

enum { FAULTS = sizeof fault_signals / sizeof *fault_signals };

/* Written before the handler is installed; then constant, but for a handler that is to be called once. */
static struct sigaction of_runtime[_NSIG];
static struct sigaction of_application[_NSIG];
static uintptr_t code_start, code_end;

static int is_fault(int number)
{
    for (int i = 0; i < FAULTS; i++) {
        if (fault_signals[i] == number) {
            return 1;
        }
    }
    return 0;
}

static uintptr_t program_counter(const void *context)
{
    const ucontext_t *at = context;
#if defined(__x86_64__)
    return (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)at->uc_mcontext.pc;
#else
#error "unknown processor"
#endif
}

/* What the kernel does for SA_RESETHAND: a handler that returns from a fault expects to be gone when it is repeated. */
static void forget_once(struct sigaction *action)
{
    if ((action->sa_flags & (int)SA_RESETHAND) != 0) {
        action->sa_flags = 0;
        action->sa_handler = SIG_DFL;
    }
}

static void pass(struct sigaction *action, int number, siginfo_t *info, void *context)
{
    const struct sigaction taken = *action;
    if (taken.sa_handler == SIG_DFL || taken.sa_handler == SIG_IGN) {
        /* A fault is repeated on return, and then ends the process as it would have; a signal that was sent is not. */
        if (taken.sa_handler == SIG_DFL || info->si_code > 0) {
            signal(number, SIG_DFL);
            if (info->si_code <= 0) {
                raise(number);
            }
        }
        return;
    }
    forget_once(action);
    if ((taken.sa_flags & SA_SIGINFO) != 0) {
        taken.sa_sigaction(number, info, context);
    } else {
        taken.sa_handler(number);
    }
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    uintptr_t pc = program_counter(context);
    int is_runtime = info->si_code > 0 && pc >= code_start && pc < code_end;
    pass(is_runtime ? &of_runtime[number] : &of_application[number], number, info, context);
    errno = saved;
}

struct range {
    uintptr_t inside;
    uintptr_t start;
    uintptr_t end;
};

static int find_library(struct dl_phdr_info *info, size_t size, void *context)
{
    struct range *range = context;
    uintptr_t start = UINTPTR_MAX, end = 0;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD) {
            uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            uintptr_t to = from + info->dlpi_phdr[i].p_memsz;
            start = from < start ? from : start;
            end = to > end ? to : end;
        }
    }
    if (range->inside < start || range->inside >= end) {
        return 0;
    }
    range->start = start;
    range->end = end;
    return 1;
}

static int is_changed(const struct sigaction *before, const struct sigaction *after)
{
    return before->sa_sigaction != after->sa_sigaction || before->sa_flags != after->sa_flags;
}

void faults_save(struct dispositions *before)
{
    memset(before, 0, sizeof *before);
    for (int number = 1; number < _NSIG; number++) {
        sigaction(number, NULL, &before->actions[number]);
    }
}

void faults_restore(const struct dispositions *before, const void *inside)
{
    struct range range = {(uintptr_t)inside, 0, 0};
    dl_iterate_phdr(find_library, &range);
    code_start = range.start;
    code_end = range.end;
    for (int number = 1; number < _NSIG; number++) {
        struct sigaction after;
        /* From SIGRTMIN on it is the runtime's own, by which it stops its threads; nobody's if it was free before. */
        if (sigaction(number, NULL, &after) != 0 || !is_changed(&before->actions[number], &after)
            || (number >= SIGRTMIN && before->actions[number].sa_handler == SIG_DFL)) {
            continue;
        }
        if (!is_fault(number)) {
            sigaction(number, &before->actions[number], NULL);
            continue;
        }
        of_runtime[number] = after;
        of_application[number] = before->actions[number];
        struct sigaction mine = {.sa_sigaction = on_fault};
        mine.sa_mask = before->actions[number].sa_mask;
        mine.sa_flags = (before->actions[number].sa_flags & (SA_NODEFER | SA_RESTART)) | SA_SIGINFO | SA_ONSTACK;
        sigaction(number, &mine, NULL);
    }
}

void faults_block(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    for (int i = 0; i < FAULTS; i++) {
        sigdelset(&all, fault_signals[i]);
    }
    sigdelset(&all, SIGABRT);
    sigdelset(&all, SIGRTMIN);
    pthread_sigmask(SIG_SETMASK, &all, before);
}
