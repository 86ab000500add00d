#include "managed.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "faults.h"

#define MANAGED_FILE "libchronolog_managed.so"

/* 0, or 1: another version of the call. */
typedef int32_t (*start_function)(uint32_t version, uint64_t call_bytes, managed_complete complete);
typedef void (*submit_function)(struct abi_call *call);

static submit_function submit;

/* dlsym gives an object's address; POSIX says that it holds a function's. */
static void take_symbol(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
}

static int find_beside(char *path, size_t bytes)
{
    Dl_info self;
    static const char mark;
    if (dladdr(&mark, &self) == 0 || self.dli_fname == NULL) {
        return 0;
    }
    const char *slash = strrchr(self.dli_fname, '/');
    int directory = slash == NULL ? 0 : (int)(slash - self.dli_fname) + 1;
    return snprintf(path, bytes, "%.*s" MANAGED_FILE, directory, self.dli_fname) < (int)bytes;
}

static int32_t load(managed_complete complete)
{
    char path[PATH_MAX];
    if (!find_beside(path, sizeof path)) {
        return failure(CHRONOLOG_ERR_NO_LIBRARY, "the place of libchronolog cannot be told");
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) {
        return failure(CHRONOLOG_ERR_NO_LIBRARY, "%s: it belongs beside libchronolog; install ChronoLog again", dlerror());
    }
    start_function start = NULL;
    take_symbol(library, "chronolog_managed_start", &start);
    take_symbol(library, "chronolog_managed_submit", &submit);
    if (start == NULL || submit == NULL || start(ABI_CALL_VERSION, sizeof(struct abi_call), complete) != 0) {
        return failure(CHRONOLOG_ERR_NO_LIBRARY, "%s is of another version than libchronolog: install both together", path);
    }
    return CHRONOLOG_OK;
}

int32_t managed_start(managed_complete complete)
{
    static struct dispositions before;
    faults_save(&before);
    int32_t status = load(complete);
    if (submit != NULL) {
        void *inside;
        memcpy(&inside, &submit, sizeof inside);
        faults_restore(&before, inside);
    }
    return status;
}

void managed_submit(struct abi_call *call)
{
    submit(call);
}
