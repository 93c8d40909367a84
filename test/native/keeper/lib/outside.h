/* What can be known of the keeper's processes without asking it, and what outlives a test program. */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "faults.h"

/* A file as memory that all who map it share; it is made so large. */
void *map_file(const char *path, size_t bytes);

void faults_arm(struct faults *faults, enum fault_kind kind, uint32_t at, uint32_t action);
void faults_disarm(struct faults *faults);

/* What processes wrote of themselves (fixtures/ender.c, fixtures/couple.c): how many of that number; the pid of the first. */
int recorded(const char *path, uint64_t serial, uint32_t *pid);

int recorded_alive(const char *path, uint64_t serial); /* how many of them have not ended */

uint64_t start_ticks_of(uint32_t pid); /* proc(5), stat, field 22; 0: there is no such process, or it has ended */
pid_t parent_of(pid_t pid);
int children_of(pid_t pid);
int trees_left(void); /* cgroups of generations that were given out */

#endif
