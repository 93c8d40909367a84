/* What a program sees of the way in which it was started. Fits one write into a pipe. */
#ifndef SEEN_H
#define SEEN_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#define SEEN_GROUPS 8
#define SEEN_FDS 72
#define SEEN_LIMITS 16

struct seen_fd { uint32_t number, flags; uint64_t dev, ino; };
struct seen {
  uint64_t serial;      /* argv[2] */
  uint64_t argv_hash, env_hash;
  uint32_t argc, envc;
  uint32_t pid, parent, session, group;
  uint64_t start_ticks; /* proc(5), stat, field 22 */
  uint32_t uid[3], gid[3];
  uint32_t group_count, groups[SEEN_GROUPS];
  uint32_t umask;
  int32_t nice, oom;
  uint32_t no_new_privs, tty; /* tty: device of the controlling terminal, 0 where there is none */
  uint32_t listen_pid;  /* of the environment, 0 where it is not there */
  uint64_t blocked, ignored, pending;
  struct { uint64_t soft, hard; } limits[SEEN_LIMITS];
  uint32_t fd_count;
  struct seen_fd fds[SEEN_FDS];
  char cwd[128];
  char cgroup[128];     /* the version 2 line of /proc/self/cgroup */
};

/* FNV-1a, over the strings with their NULs. */
#define HASH_START 14695981039346656037ull
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * 1099511628211ull;
  return hash;
}

_Static_assert(sizeof(struct seen) <= PIPE_BUF, "one write must be one piece");

#endif
