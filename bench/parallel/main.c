/* chronolog-bench: records into a running deployment and replays, from every rank of an MPI job. See README.md. */
#include "parallel.h"
#include "payload.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t run_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void run_begin(bench_run *run, phase_number number)
{
    if (run->options.barrier)
        parallel_barrier();
    run->phases[number].nanoseconds = run_nanoseconds();
}

void run_end(bench_run *run, phase_number number, uint64_t operations, uint64_t bytes)
{
    bench_phase *phase = &run->phases[number];
    phase->nanoseconds = run_nanoseconds() - phase->nanoseconds;
    phase->operations = operations;
    phase->bytes = bytes;
    phase->is_run = true;
}

static int exit_code(int32_t status)
{
    return status == CHRONOLOG_ERR_NO_CONNECTION || status == CHRONOLOG_ERR_TIMED_OUT ? 3 : 1;
}

void run_check(const bench_run *run, int32_t status, const char *what)
{
    if (status == CHRONOLOG_OK)
        return;
    fprintf(stderr, "chronolog-bench: rank %d: %s: %s: %s\n", run->rank, what, chronolog_status_name(status),
            chronolog_last_error());
    parallel_abort(exit_code(status));
}

void run_chronicle_name(const bench_run *run, uint64_t number, char *name)
{
    snprintf(name, RUN_NAME_BYTES, "%s-%llu", run->options.prefix, (unsigned long long)number);
}

static void connect(bench_run *run)
{
    chronolog_options settings = CHRONOLOG_OPTIONS_INIT;
    settings.program = "chronolog-bench";
    if (run->options.write)
        settings.ring_bytes = payload_ring_bytes(run->options.size_max);
    run_begin(run, PHASE_CONNECT);
    run_check(run, chronolog_connect(run->options.endpoint, &settings, &run->client), "connecting");
    run_check(run, chronolog_client_id(run->client, &run->client_id), "asking for the client's number");
    run_end(run, PHASE_CONNECT, 1, 0);
}

/* Everything between MPI_Init and MPI_Finalize. Returns the exit status, the same in every rank. */
static int work(int count, char **arguments)
{
    static bench_run run; /* the histogram is large */
    int usage = options_read(count, arguments, &run.options);
    if (usage != 0)
        return usage < 0 ? 0 : usage;
    run.rank = parallel_rank();
    run.size = parallel_size();
    uint64_t failures = payload_prepare(run.options.payload_file) == 0 ? 0 : 1;
    parallel_sum(&failures, 1);
    if (failures > 0)
        return 1;

    run_begin(&run, PHASE_END_TO_END);
    connect(&run);
    if (run.options.write)
        run_write(&run);
    if (run.options.read)
        run_read(&run);
    if (run.options.destroy)
        run_destroy(&run);
    run_begin(&run, PHASE_DISCONNECT);
    run_check(&run, chronolog_disconnect(run.client), "disconnecting");
    run_end(&run, PHASE_DISCONNECT, 1, 0);
    run_end(&run, PHASE_END_TO_END, run.phases[PHASE_WRITE].operations + run.phases[PHASE_REPLAY].operations,
            run.phases[PHASE_WRITE].bytes + run.phases[PHASE_REPLAY].bytes);
    run_report(&run);
    return run.verification.errors == 0 ? 0 : 1; /* summed over all ranks by the report */
}

int main(int count, char **arguments)
{
    parallel_begin(&count, &arguments);
    int status = work(count, arguments);
    parallel_end();
    return status;
}
