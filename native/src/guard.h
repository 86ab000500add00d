/* Keeps a Keeper alive when a client cuts a shared file short under its mapping. */
#ifndef CHRONO_GUARD_H
#define CHRONO_GUARD_H

#include <stddef.h>

/* Watches a mapping; -1 when there is no place left (it is then not guarded). */
int guard_add(const void *start, size_t bytes);

/* Before the mapping is undone. */
void guard_remove(int place);

#endif
