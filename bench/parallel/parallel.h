/*
 * The little of MPI that the program needs, or one process where it is built without MPI. Every function is collective
 * but those that say otherwise.
 */
#ifndef CHRONOLOG_BENCH_PARALLEL_H
#define CHRONOLOG_BENCH_PARALLEL_H

#include <stddef.h>
#include <stdint.h>

void parallel_begin(int *count, char ***arguments);
void parallel_end(void);
void parallel_barrier(void);

/* Over all ranks, in place. */
void parallel_sum(uint64_t *values, int count);
void parallel_max(uint64_t *values, int count);
void parallel_least(double *values, int count);
void parallel_greatest(double *values, int count);
void parallel_total(double *values, int count);

/* Not collective. */
int parallel_rank(void);
int parallel_size(void);

/* Ends all ranks at once; for a failure of one. Not collective; does not return. */
_Noreturn void parallel_abort(int status);

/* The MPI library's name and version, in one line. Not collective. */
void parallel_library(char *name, size_t capacity);

#endif
