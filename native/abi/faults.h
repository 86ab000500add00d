/*
 * Whose signal is it? The managed runtime installs handlers when it starts. The application's come first: whatever the
 * runtime changed is put back, but for the faults of its own code, which go to the runtime and no others do.
 */
#ifndef CHRONOLOG_FAULTS_H
#define CHRONOLOG_FAULTS_H

#include <signal.h>

struct dispositions {
    struct sigaction actions[_NSIG];
};

/* Before the runtime starts. */
void faults_save(struct dispositions *before);

/* After it: `inside` is any address in the managed library. */
void faults_restore(const struct dispositions *before, const void *inside);

/* Blocks every signal in this thread but those that report its own faults and the one by which the runtime stops its
 * threads; `before` gets the mask to go back to. */
void faults_block(sigset_t *before);

#endif
