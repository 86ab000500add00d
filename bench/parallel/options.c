#include "options.h"

#include "parallel.h"

#include <chronolog.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIGURATION_BYTES_MAX = 1 << 20 };

static const char *const level_names[] = {"default", "accepted", "journaled", "synced", "replicated", "archived"};

static const char help_text[] =
    "usage: [mpirun -n N] chronolog-bench [-w] [-r] [OPTIONS]\n"
    "Records events into a running deployment from every rank (-w), replays them (-r), or both, one after the other.\n"
    "\n"
    "  -w, --write            record; without -w and -r: both\n"
    "  -r, --read             replay everything that lies under the prefix, a story per rank in turn\n"
    "      --verify           with -r: every event of every writer, in order, byte for byte; exit status 1 if not\n"
    "      --destroy          at the end destroy the stories and chronicles under the prefix\n"
    "  -c, --config FILE      client configuration (JSON): its VisorClientPortalService is the endpoint\n"
    "      --endpoint E       tcp://ADDRESS:PORT of the Visor's portal; default: $CHRONOLOG_ENDPOINT\n"
    "  -h, --chronicles N     chronicles, 1..1000 (1)\n"
    "  -t, --stories N        stories in each chronicle, for each process or shared ones (1)\n"
    "  -o, --shared-story     all processes record into the same stories, and each replays all of them\n"
    "  -n, --events N         events per process, over its stories in turn (1)\n"
    "  -a, --min-size B       least, average and greatest bytes of an event, 0..16777216 (256, all the same;\n"
    "  -s, --average-size B     sizes between are drawn so that their mean is the average)\n"
    "  -b, --max-size B\n"
    "  -f, --payload-file F   events are the lines of a file, in turn\n"
    "  -g, --interval US      microseconds from one event to the next (0: as fast as it goes)\n"
    "  -y, --barrier          all ranks begin each phase together\n"
    "      --warmup N         events per process before the measured ones, in a story that is destroyed again (0)\n"
    "      --level L          what the flush waits for: accepted journaled synced replicated archived\n"
    "                         (default: the chronicle's durability)\n"
    "      --no-latency       do not time single events (one look at a clock each)\n"
    "  -p, --report           print a table of phases and latencies\n"
    "      --json             print one JSON object instead; --csv: one row per phase\n"
    "      --seed N           of sizes and bytes (1)\n"
    "      --prefix NAME      chronicles are NAME-0, NAME-1, ... (bench)\n"
    "      --help\n"
    "Exit status: 0 done, 1 failed, 2 usage, 3 unreachable.\n";

const char *options_level_name(int32_t level) { return level_names[level + 1]; }

__attribute__((format(printf, 1, 2))) static int refuse(const char *format, ...)
{
    if (parallel_rank() == 0) {
        va_list values;
        va_start(values, format);
        fputs("chronolog-bench: ", stderr);
        vfprintf(stderr, format, values);
        fputs("; see --help\n", stderr);
        va_end(values);
    }
    return 2;
}

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && *value >= least && *value <= most;
}

/* The text of a member, behind the place where its object begins: the file was written for the C++ client, by hand. */
static bool find_member(const char *from, const char *name, char *value, size_t capacity)
{
    const char *at = strstr(from, name);
    if (at == NULL)
        return false;
    at += strlen(name);
    at += strspn(at, " \t\r\n:\"");
    size_t length = strcspn(at, "\",}\r\n \t");
    if (length == 0 || length >= capacity)
        return false;
    memcpy(value, at, length);
    value[length] = '\0';
    return true;
}

static int read_configuration(const char *path, bench_options *result)
{
    static char endpoint[128];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return refuse("%s: %s", path, strerror(errno));
    char *text = malloc(CONFIGURATION_BYTES_MAX + 1);
    size_t length = text == NULL ? 0 : fread(text, 1, CONFIGURATION_BYTES_MAX, file);
    fclose(file);
    if (text == NULL)
        return refuse("out of memory");
    text[length] = '\0';
    char address[64], port[8];
    uint64_t number;
    const char *portal = strstr(text, "\"VisorClientPortalService\"");
    bool found = portal != NULL && find_member(portal, "\"service_ip\"", address, sizeof address)
        && find_member(portal, "\"service_base_port\"", port, sizeof port) && read_number(port, 1, 65535, &number);
    free(text);
    if (!found)
        return refuse("%s has no VisorClientPortalService with service_ip and service_base_port", path);
    snprintf(endpoint, sizeof endpoint, "tcp://%s:%s", address, port);
    result->endpoint = endpoint;
    return 0;
}

static int read_level(const char *text, bench_options *result)
{
    for (int32_t level = CHRONOLOG_LEVEL_OF_CHRONICLE; level <= CHRONOLOG_ARCHIVED; level++)
        if (strcmp(text, options_level_name(level)) == 0) {
            result->level = level;
            return 0;
        }
    return refuse("--level '%s' is none", text);
}

/* Sizes that were not given follow those that were. */
static int settle_sizes(bench_options *result, bool has_min, bool has_average, bool has_max)
{
    if (!has_average)
        result->size_average = has_min && has_max ? (result->size_min + result->size_max) / 2
            : has_min && result->size_min > 256 ? result->size_min
            : has_max && result->size_max < 256 ? result->size_max : 256;
    if (!has_min)
        result->size_min = result->size_average;
    if (!has_max)
        result->size_max = result->size_average;
    return result->size_min <= result->size_average && result->size_average <= result->size_max
        ? 0 : refuse("expected min-size <= average-size <= max-size");
}

enum { VERIFY = 256, DESTROY, ENDPOINT, WARMUP, LEVEL, NO_LATENCY, JSON, CSV, SEED, PREFIX, HELP };

static const struct option long_options[] = {
    {"write", no_argument, NULL, 'w'}, {"read", no_argument, NULL, 'r'}, {"verify", no_argument, NULL, VERIFY},
    {"destroy", no_argument, NULL, DESTROY}, {"config", required_argument, NULL, 'c'},
    {"endpoint", required_argument, NULL, ENDPOINT}, {"chronicles", required_argument, NULL, 'h'},
    {"stories", required_argument, NULL, 't'}, {"shared-story", no_argument, NULL, 'o'},
    {"events", required_argument, NULL, 'n'}, {"min-size", required_argument, NULL, 'a'},
    {"average-size", required_argument, NULL, 's'}, {"max-size", required_argument, NULL, 'b'},
    {"payload-file", required_argument, NULL, 'f'}, {"interval", required_argument, NULL, 'g'},
    {"barrier", no_argument, NULL, 'y'}, {"warmup", required_argument, NULL, WARMUP},
    {"level", required_argument, NULL, LEVEL}, {"no-latency", no_argument, NULL, NO_LATENCY},
    {"report", no_argument, NULL, 'p'}, {"json", no_argument, NULL, JSON}, {"csv", no_argument, NULL, CSV},
    {"seed", required_argument, NULL, SEED}, {"prefix", required_argument, NULL, PREFIX}, {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

/* A number's place and range; NULL for options that are none. */
static uint64_t *number_of(int option, bench_options *result, uint64_t *least, uint64_t *most)
{
    *least = 0, *most = UINT32_MAX;
    switch (option) {
    case 'h': return *least = 1, *most = 1000, &result->chronicles;
    case 't': return *least = 1, *most = 100000, &result->stories;
    case 'n': return &result->events;
    case 'a': return *most = CHRONOLOG_RECORD_BYTES_MAX, &result->size_min;
    case 's': return *most = CHRONOLOG_RECORD_BYTES_MAX, &result->size_average;
    case 'b': return *most = CHRONOLOG_RECORD_BYTES_MAX, &result->size_max;
    case 'g': return *most = UINT64_C(3600000000), &result->interval_us;
    case WARMUP: return &result->warmup;
    case SEED: return *most = UINT64_MAX, &result->seed;
    default: return NULL;
    }
}

static int read_other(int option, bench_options *result)
{
    switch (option) {
    case 'w': result->write = true; return 0;
    case 'r': result->read = true; return 0;
    case VERIFY: result->verify = true; return 0;
    case DESTROY: result->destroy = true; return 0;
    case 'c': return read_configuration(optarg, result);
    case ENDPOINT: result->endpoint = optarg; return 0;
    case 'o': result->shared = true; return 0;
    case 'f': result->payload_file = optarg; return 0;
    case 'y': result->barrier = true; return 0;
    case LEVEL: return read_level(optarg, result);
    case NO_LATENCY: result->latency = false; return 0;
    case 'p': result->report = true; return 0;
    case JSON: result->json = true; return 0;
    case CSV: result->csv = true; return 0;
    case PREFIX:
        result->prefix = optarg;
        return optarg[0] != '\0' && strlen(optarg) <= 100 && strpbrk(optarg, " \t\n") == NULL
            ? 0 : refuse("--prefix: expected 1 .. 100 bytes without white space");
    case HELP:
        if (parallel_rank() == 0)
            fputs(help_text, stdout);
        return -1;
    default: return 0; /* none: the caller has seen to it */
    }
}

enum { OPTION_NAME_BYTES = 32 };

/* As users write it: "-n", "--seed". */
static const char *name_of(int option, char *name)
{
    snprintf(name, OPTION_NAME_BYTES, "-%c", option);
    for (const struct option *at = long_options; option >= VERIFY && at->name != NULL; at++)
        if (at->val == option)
            snprintf(name, OPTION_NAME_BYTES, "--%s", at->name);
    return name;
}

int options_read(int count, char **arguments, bench_options *result)
{
    *result = (bench_options){.prefix = "bench", .chronicles = 1, .stories = 1, .events = 1, .seed = 1, .latency = true,
                        .level = CHRONOLOG_LEVEL_OF_CHRONICLE};
    bool given[VERIFY] = {false};
    char name[OPTION_NAME_BYTES];
    opterr = 0;
    int option;
    while ((option = getopt_long(count, arguments, ":wrc:h:t:on:a:s:b:f:g:yp", long_options, NULL)) != -1) {
        uint64_t least, most, *number = number_of(option, result, &least, &most);
        if (number != NULL) {
            if (!read_number(optarg, least, most, number))
                return refuse("%s '%s': expected a number from %llu to %llu", name_of(option, name), optarg,
                              (unsigned long long)least, (unsigned long long)most);
        } else if (option == ':') {
            return refuse("%s: its value is missing", name_of(optopt, name));
        } else if (option == '?') {
            return refuse("'%s' is no option", optopt > 0 && optopt < VERIFY ? name_of(optopt, name) : arguments[optind - 1]);
        } else {
            int status = read_other(option, result);
            if (status != 0)
                return status;
        }
        if (option < VERIFY)
            given[option] = true;
    }
    if (optind < count)
        return refuse("'%s' is no option", arguments[optind]);
    if (!result->write && !result->read)
        result->write = result->read = true;
    if (result->verify && !result->read)
        return refuse("--verify reads: it needs -r");
    if (result->report + result->json + result->csv > 1)
        return refuse("-p, --json and --csv: one of them, or nobody can read what is printed");
    return settle_sizes(result, given['a'], given['s'], given['b']);
}
