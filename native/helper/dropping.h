/* What becomes of output that a file cannot take, where it is not to hold up whoever writes it (`when-full: drop`). */
#ifndef ARCHON_DROPPING_H
#define ARCHON_DROPPING_H

#include "log-file.h"

struct dropping {
  bool wanted;
  bool active;
  bool in_line; /* the last byte that was dropped did not end its line */
  int failure;  /* why it began */
  uint64_t bytes, lines; /* since it began */
  uint64_t told_bytes, told_lines; /* of those that are over, until JavaScript asks */
  int64_t tried_at;
};

void dropping_begin(struct dropping *dropping, int failure);
/* Takes up to so many bytes out of the pipe and counts them. */
uint64_t dropping_take(struct helper *helper, struct dropping *dropping, int pipe, uint64_t limit);
/* Over, where the file takes the line that tells how much is missing; the next byte of the pipe then begins a line. */
bool dropping_end(struct helper *helper, struct dropping *dropping, struct log_file *log, int pipe, int64_t now_ns);

#endif
