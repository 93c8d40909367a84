/* What a life has asked for, in memory that outlives everybody, and what must have come of it under a later keeper. */
#ifndef HEIRS_PROMISES_H
#define HEIRS_PROMISES_H

#include "../lib/outside.h"
#include "../lib/peer.h"

#define PROMISES 8

enum way {
  WAY_ENDS,  /* with CODE, when its gate is closed */
  WAY_STAYS, /* two processes, until they are killed */
  WAY_FAILS  /* there is no such program */
};
enum answer { ANSWER_NONE, ANSWER_SPAWNED, ANSWER_REFUSED };

struct promise {
  uint64_t serial;
  enum way way;
  enum answer answer;
  uint32_t index;
  uint32_t killing; /* its end was ordered */
  uint32_t told;    /* its end was read, and acknowledged after that */
};

/* Of the whole run. */
struct page {
  uint32_t plan, act, at;
  uint32_t points[2], unknown; /* by plan; ends that nobody could know */
  uint64_t serial;
  int files[3];   /* that a keeper has at rest: a first one, one that took over, one that was archond */
  uint32_t heir;  /* the archond that became the keeper last */
  uint32_t handed; /* what was deposited went along with it */
  uint64_t kept_inode;
  uint32_t command_bytes;
  char command[4096]; /* the keeper's, its words end with NUL */
  uint32_t count;
  struct promise promises[PROMISES];
};
extern struct page *page;
extern struct faults *faults;

void promises_open(const char *folder, const char *ender, const char *couple);
/* Asks for a process and waits for the answer; closing `*gate` lets one end that ENDS. */
struct promise *promise_make(enum way way, int *gate);
void promise_finish(struct promise *promise); /* waits for its end, which must be known, and gives it back */
void promise_kill(struct promise *promise);
/* Holds the table against all promises that are not told yet, under a keeper that found them; brings each to its end. */
void promises_settle(void);
void promises_over(void); /* nothing of them runs, and what was never made has not begun since */

#endif
