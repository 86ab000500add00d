/* What a run prints: a table, one JSON object, or one CSV row per phase. */
#include "machine.h"
#include "parallel.h"
#include "run.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const phase_names[PHASE_COUNT] = {
    "connect", "create", "acquire", "warm-up", "write", "flush", "release", "manifest", "replay", "destroy", "disconnect",
    "end-to-end",
};

static const double shares[] = {0.5, 0.9, 0.99, 0.999, 0.9999};
static const char *const share_names[] = {"p50", "p90", "p99", "p99.9", "p99.99"};
enum { SHARES = sizeof shares / sizeof shares[0] };

/* Of all ranks. */
typedef struct total {
    uint64_t operations, bytes;
    double least, mean, greatest; /* seconds */
} total;

uint64_t latency_percentile(const latencies *all, double share)
{
    uint64_t count = 0, before = 0;
    for (int i = 0; i < LATENCY_BUCKETS; i++)
        count += all->counts[i];
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        before += all->counts[i];
        if (count > 0 && (double)before >= share * (double)count) {
            unsigned exponent = i / 32;
            uint64_t end = exponent == 0 ? i : ((UINT64_C(33) + i % 32) << (exponent - 1)) - 1;
            return end < all->greatest ? end : all->greatest;
        }
    }
    return 0;
}

static total total_of(const bench_run *run, phase_number number)
{
    const bench_phase *own = &run->phases[number];
    uint64_t sums[] = {own->operations, own->bytes};
    double seconds = (double)own->nanoseconds / 1e9;
    total result = {.least = seconds, .mean = seconds, .greatest = seconds};
    parallel_sum(sums, 2);
    parallel_least(&result.least, 1);
    parallel_total(&result.mean, 1);
    parallel_greatest(&result.greatest, 1);
    result.mean /= run->size;
    result.operations = sums[0], result.bytes = sums[1];
    return result;
}

static double per_second(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

static void print_text(const bench_run *run, const machine_record *machine, const total *totals)
{
    printf("%s: %s, %" PRIu64 " processors, %.1f GiB, %s; MPI: %s; %d ranks on %" PRIu64 " nodes; ChronoLog %s\n",
           machine->host, machine->processor, machine->processors, (double)machine->memory_bytes / (1 << 30), machine->kernel,
           machine->mpi, run->size, machine->nodes, chronolog_version());
    printf("%-11s %12s %12s %10s %10s %10s %12s %10s\n", "phase", "operations", "MB", "min s", "mean s", "max s", "1/s", "MB/s");
    for (int i = 0; i < PHASE_COUNT; i++)
        if (run->phases[i].is_run)
            printf("%-11s %12" PRIu64 " %12.3f %10.6f %10.6f %10.6f %12.0f %10.3f\n", phase_names[i], totals[i].operations,
                   (double)totals[i].bytes / 1e6, totals[i].least, totals[i].mean, totals[i].greatest,
                   per_second((double)totals[i].operations, totals[i].greatest),
                   per_second((double)totals[i].bytes / 1e6, totals[i].greatest));
    if (run->options.write && run->options.latency) {
        fputs("latency of an event, ns:", stdout);
        for (int i = 0; i < SHARES; i++)
            printf(" %s %" PRIu64, share_names[i], latency_percentile(&run->latency, shares[i]));
        printf(" max %" PRIu64 "\n", run->latency.greatest);
    }
}

static void print_string(const char *name, const char *value)
{
    printf("\"%s\":\"", name);
    for (; *value != '\0'; value++)
        if (*value == '"' || *value == '\\')
            printf("\\%c", *value);
        else if ((unsigned char)*value >= 0x20)
            putchar(*value);
    putchar('"');
}

static void print_json_machine(const bench_run *run, const machine_record *machine)
{
    fputs("{\"machine\":{", stdout);
    print_string("host", machine->host), putchar(',');
    print_string("kernel", machine->kernel), putchar(',');
    print_string("processor", machine->processor), putchar(',');
    print_string("mpi", machine->mpi), putchar(',');
    print_string("date", machine->date), putchar(',');
    print_string("chronolog", chronolog_version());
    printf(",\"processors\":%" PRIu64 ",\"memory_bytes\":%" PRIu64 ",\"nodes\":%" PRIu64 ",\"ranks\":%d}", machine->processors,
           machine->memory_bytes, machine->nodes, run->size);
}

static void print_json(const bench_run *run, const machine_record *machine, const total *totals)
{
    const bench_options *options = &run->options;
    print_json_machine(run, machine);
    printf(",\"options\":{\"chronicles\":%" PRIu64 ",\"stories\":%" PRIu64 ",\"shared\":%s,\"events_per_process\":%" PRIu64
           ",\"size_min\":%" PRIu64 ",\"size_average\":%" PRIu64 ",\"size_max\":%" PRIu64 ",\"interval_us\":%" PRIu64
           ",\"warmup\":%" PRIu64 ",\"level\":\"%s\",\"barrier\":%s,\"seed\":%" PRIu64 "},\"phases\":{",
           options->chronicles, options->stories, options->shared ? "true" : "false", options->events, options->size_min,
           options->size_average, options->size_max, options->interval_us, options->warmup, options_level_name(options->level),
           options->barrier ? "true" : "false", options->seed);
    const char *separator = "";
    for (int i = 0; i < PHASE_COUNT; i++) {
        if (!run->phases[i].is_run)
            continue;
        printf("%s\"%s\":{\"operations\":%" PRIu64 ",\"bytes\":%" PRIu64
               ",\"seconds_min\":%.9f,\"seconds_mean\":%.9f,\"seconds_max\":%.9f,\"per_second\":%.3f}",
               separator, phase_names[i], totals[i].operations, totals[i].bytes, totals[i].least, totals[i].mean, totals[i].greatest,
               per_second((double)totals[i].operations, totals[i].greatest));
        separator = ",";
    }
    putchar('}');
    if (options->write && options->latency) {
        fputs(",\"latency_ns\":{", stdout);
        for (int i = 0; i < SHARES; i++)
            printf("\"%s\":%" PRIu64 ",", share_names[i], latency_percentile(&run->latency, shares[i]));
        printf("\"max\":%" PRIu64 "}", run->latency.greatest);
    }
    if (options->read)
        printf(",\"replay\":{\"verified\":%s,\"stories\":%" PRIu64 ",\"writers\":%" PRIu64 ",\"events\":%" PRIu64 ",\"bytes\":%" PRIu64
               ",\"errors\":%" PRIu64 "}",
               options->verify ? "true" : "false", run->verification.stories, run->verification.writers, run->verification.events,
               run->verification.bytes, run->verification.errors);
    fputs("}\n", stdout);
}

static void print_csv(const bench_run *run, const total *totals)
{
    puts("phase,ranks,operations,bytes,seconds_min,seconds_mean,seconds_max,per_second,mb_per_second,p50_ns,p99_ns,max_ns");
    for (int i = 0; i < PHASE_COUNT; i++) {
        if (!run->phases[i].is_run)
            continue;
        printf("%s,%d,%" PRIu64 ",%" PRIu64 ",%.9f,%.9f,%.9f,%.3f,%.6f,", phase_names[i], run->size, totals[i].operations,
               totals[i].bytes, totals[i].least, totals[i].mean, totals[i].greatest,
               per_second((double)totals[i].operations, totals[i].greatest),
               per_second((double)totals[i].bytes / 1e6, totals[i].greatest));
        if (i == PHASE_WRITE && run->options.latency)
            printf("%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", latency_percentile(&run->latency, 0.5),
                   latency_percentile(&run->latency, 0.99), run->latency.greatest);
        else
            puts(",,");
    }
}

static void print_verdict(const bench_run *run)
{
    const verification *all = &run->verification;
    if (run->options.read)
        fprintf(run->options.json || run->options.csv ? stderr : stdout,
                "%s %" PRIu64 " events (%" PRIu64 " bytes) of %" PRIu64 " stories: %s\n",
                run->options.verify ? "verified" : "replayed", all->events, all->bytes, all->stories,
                all->errors == 0 ? "ok" : "FAILED");
}

void run_report(bench_run *run)
{
    machine_record machine = machine_read();
    total totals[PHASE_COUNT];
    for (int i = 0; i < PHASE_COUNT; i++)
        totals[i] = total_of(run, i);
    parallel_sum(run->latency.counts, LATENCY_BUCKETS);
    parallel_max(&run->latency.greatest, 1);
    uint64_t sums[] = {run->verification.stories, run->verification.writers, run->verification.events, run->verification.bytes,
                       run->verification.errors};
    parallel_sum(sums, 5);
    run->verification = (verification){sums[0], sums[1], sums[2], sums[3], sums[4]};
    if (run->rank != 0)
        return;
    if (run->options.json)
        print_json(run, &machine, totals);
    if (run->options.csv)
        print_csv(run, totals);
    if (run->options.report)
        print_text(run, &machine, totals);
    print_verdict(run);
    fflush(stdout);
}
