/* The library opened at run time, by the path that is given, closed, and opened again. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <chronolog.h>

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);    \
            return 1;                                                                  \
        }                                                                              \
    } while (0)

static void take(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
}

static int use(const char *path, int round)
{
    int32_t (*connect)(const char *, const chronolog_options *, chronolog_client *);
    int32_t (*acquire)(chronolog_client, const char *, const char *, const chronolog_attribute *, uint64_t, uint32_t,
                       chronolog_story *);
    int32_t (*record)(chronolog_story, const void *, uint64_t, uint64_t *);
    int32_t (*abandon)(chronolog_client);
    chronolog_client client;
    chronolog_story story;
    uint64_t tick = 0;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    take(library, "chronolog_connect", &connect);
    take(library, "chronolog_acquire", &acquire);
    take(library, "chronolog_log", &record);
    take(library, "chronolog_abandon", &abandon);
    CHECK(connect(NULL, NULL, &client) == 0);
    CHECK(acquire(client, "abi dlopened", "story", NULL, 0, CHRONOLOG_CREATE_CHRONICLE, &story) == 0);
    CHECK(record(story, &round, sizeof round, &tick) == 0 && tick != 0);
    CHECK(abandon(client) == 0);
    CHECK(dlclose(library) == 0);
    return 0;
}

/* The recorder's code, and its state, is here once, whoever loaded it. */
static int count_recorders(void)
{
    int recorders = 0;
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        recorders += strstr(line, "libchrono_native") != NULL && strstr(line, " 00000000 ") != NULL;
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return recorders;
}

int main(int count, char **arguments)
{
    CHECK(count == 2);
    for (int round = 0; round < 3; round++) {
        if (use(arguments[1], round) != 0) {
            return 1;
        }
    }
    CHECK(count_recorders() == 1);
    puts("ok");
    return 0;
}
