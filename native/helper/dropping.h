/* What becomes of output that a file cannot take, where it is not to hold up whoever writes it (`when-full: drop`). */
#ifndef ARCHON_DROPPING_H
#define ARCHON_DROPPING_H

#include "log-file.h"
#include "tally.h"

struct dropping {
  bool wanted;
  bool active;
  struct tally tally;
  uint64_t asked_bytes, asked_lines; /* of what is in no event yet: JavaScript has asked for it, and is about to tell */
  int64_t tried_at;
};

void dropping_begin(struct dropping *dropping, int failure);
/* Why it began. */
int dropping_why(const struct dropping *dropping);
/* Takes up to so many bytes out of the pipe and counts them. */
uint64_t dropping_take(struct helper *helper, struct dropping *dropping, int pipe, uint64_t limit);
/* Over, where the file takes the line that tells how much is missing; the next byte of the pipe then begins a line. */
bool dropping_end(struct helper *helper, struct dropping *dropping, struct log_file *log, int pipe, int64_t now_ns);
/* Counts in this memory, and goes on with what an earlier program dropped. 0 or a failure. */
int dropping_share(struct helper *helper, struct dropping *dropping, const struct log_file *log, int fd);

/* Gives up to tell of it in the file: an event is to. */
void dropping_settle(struct dropping *dropping);
/* Bytes of which no event tells, and that were not asked for. */
uint64_t dropping_untold(const struct dropping *dropping);
/* Asks for them and their lines. */
void dropping_ask(struct dropping *dropping, uint64_t *bytes, uint64_t *lines);
/* An event tells of all that was asked for. */
void dropping_told(struct dropping *dropping);

#endif
