/* Spawn requests that are not well formed: in the message, in the memfd, in the block. */
#ifndef FAILURES_BLOCKS_H
#define FAILURES_BLOCKS_H

#include "../lib/peer.h"

/* What became of a request. */
struct outcome {
  bool refused;          /* by an answer; else by the entry's end */
  uint32_t stage, error; /* of either; STAGE_NONE where it ran */
  uint32_t exit_kind, exit_status;
};
/* Sends the request with this block and these descriptors, waits for the end, and frees the entry. */
struct outcome outcome_of(int block, const int *fds, int count, uint32_t tree, uint64_t generation,
                          const char *label,
                          uint32_t label_bytes);
struct outcome outcome_of_spawn(const struct spawn *spawn);

unsigned broken_messages(const char *program); /* how many cases were shown */
unsigned broken_blocks(const char *program);
unsigned random_blocks(const char *program, unsigned count);

#endif
