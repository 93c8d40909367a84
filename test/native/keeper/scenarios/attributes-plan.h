/* One random spawn, and what the program must see of it. */
#ifndef ATTRIBUTES_PLAN_H
#define ATTRIBUTES_PLAN_H

#include "../lib/peer.h"
#include "../lib/seen.h"

#define LIMITS_MOST 8

struct plan {
  struct spawn spawn;
  struct seen expected;      /* what does not depend on pids and the place in the table */
  enum exec_stage stage;     /* what this machine forbids, or STAGE_NONE */
  int error;
  int pty;                   /* the master, or -1 */
  char *argv[8], *env[40], label[256], tty[64];
  int fds[BLOCK_MAX_FDS];
  uint32_t numbers[BLOCK_MAX_FDS];
  gid_t groups[SEEN_GROUPS];
  struct spawn_rlimit limits[LIMITS_MOST];
};

struct surroundings { /* the same for all plans */
  const char *program;
  const char *folder;    /* one that everybody may enter */
  int report;            /* the writing end of the pipe for struct seen */
  int files[8];
  struct { uint64_t dev, ino; } identities[8], report_identity;
  struct rlimit child_nofile;
  int least_nice, least_oom;
};

struct plan *plan_make(const struct surroundings *all, uint64_t serial);
void plan_drop(struct plan *plan);

#endif
