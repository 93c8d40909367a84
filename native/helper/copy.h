/* A pipe whose bytes go to a file: what copy.c, which moves them, shares with copy-calls.c, to which JavaScript speaks. */
#ifndef ARCHON_COPY_H
#define ARCHON_COPY_H

#include "dropping.h"

extern const struct slot_class copy_class;

struct copy {
  struct slot slot; /* its descriptor is the pipe's */
  struct log_file log;
  struct dropping dropping;
  bool plain;    /* splice is not possible: read and write */
  bool visited;  /* at intervals, instead of being watched */
  bool enlarged; /* its room is BUSY_PIPE_BYTES, or could not be had */
  bool told;     /* JavaScript wants to know when bytes have come to the file */
  bool news;     /* there is something for JavaScript to ask for (`copyNews`) */
  uint64_t copied;
  int64_t moved_at;
  uint8_t *held;
  size_t held_from, held_to;
  struct copy *next_visited;
  char path[];
};

/* CLOCK_MONOTONIC. */
int64_t copy_now_ns(void);
/* Moves up to `limit` bytes, and stops early where little is left. Bytes moved; `result` tells of a failure after them. */
uint64_t copy_move(struct helper *helper, struct copy *copy, uint64_t limit, uint64_t little, int *result);
/* Whether nothing is dropped any more: what was is told of in the file, which can take more then. */
bool copy_dropped(struct helper *helper, struct copy *copy, int64_t now);
/* Stands still, unless it drops what does not go to the file. */
void copy_stall(struct helper *helper, struct copy *copy);

#endif
