#include "parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef CHRONO_BENCH_MPI

#include <mpi.h>

void parallel_begin(int *count, char ***arguments) { MPI_Init(count, arguments); }
void parallel_end(void) { MPI_Finalize(); }
void parallel_barrier(void) { MPI_Barrier(MPI_COMM_WORLD); }

static void reduce(void *values, int count, MPI_Datatype type, MPI_Op operation)
{
    MPI_Allreduce(MPI_IN_PLACE, values, count, type, operation, MPI_COMM_WORLD);
}

void parallel_sum(uint64_t *values, int count) { reduce(values, count, MPI_UINT64_T, MPI_SUM); }
void parallel_max(uint64_t *values, int count) { reduce(values, count, MPI_UINT64_T, MPI_MAX); }
void parallel_least(double *values, int count) { reduce(values, count, MPI_DOUBLE, MPI_MIN); }
void parallel_greatest(double *values, int count) { reduce(values, count, MPI_DOUBLE, MPI_MAX); }
void parallel_total(double *values, int count) { reduce(values, count, MPI_DOUBLE, MPI_SUM); }

int parallel_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

int parallel_size(void)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

_Noreturn void parallel_abort(int status)
{
    fflush(NULL);
    MPI_Abort(MPI_COMM_WORLD, status);
    _Exit(status);
}

void parallel_library(char *name, size_t capacity)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(text, &length);
    text[strcspn(text, "\r\n,")] = '\0';
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\t') *at = ' ';
    snprintf(name, capacity, "%s", text);
}

#else

void parallel_begin(int *count, char ***arguments) { (void)count, (void)arguments; }
void parallel_end(void) {}
void parallel_barrier(void) {}
void parallel_sum(uint64_t *values, int count) { (void)values, (void)count; }
void parallel_max(uint64_t *values, int count) { (void)values, (void)count; }
void parallel_least(double *values, int count) { (void)values, (void)count; }
void parallel_greatest(double *values, int count) { (void)values, (void)count; }
void parallel_total(double *values, int count) { (void)values, (void)count; }
int parallel_rank(void) { return 0; }
int parallel_size(void) { return 1; }

_Noreturn void parallel_abort(int status)
{
    exit(status);
}

void parallel_library(char *name, size_t capacity) { snprintf(name, capacity, "none (one process)"); }

#endif
