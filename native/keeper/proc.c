/* What /proc tells, read without the heap. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"

int read_file_at(int dir, const char *path, char *buffer, size_t size) {
  int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t used = 0;
  while (used < size - 1) {
    ssize_t got = read(fd, buffer + used, size - 1 - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += (size_t)got;
  }
  close(fd);
  buffer[used] = 0;
  return (int)used;
}

bool proc_facts(pid_t pid, struct proc_facts *facts) {
  char path[40], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  if (read_file_at(AT_FDCWD, path, text, sizeof text) <= 0) return false;
  /* The name, field 2, stands in parentheses and may hold any byte: count from the last one. */
  char *at = strrchr(text, ')');
  if (at == NULL || at[1] != ' ') return false;
  at += 2;
  memset(facts, 0, sizeof *facts);
  facts->state = *at;
  for (int field = 3; field <= 52; field++) {
    switch (field) {
      case 4: facts->parent = (pid_t)strtol(at, NULL, 10); break;
      case 6: facts->session = (pid_t)strtol(at, NULL, 10); break;
      case 9: facts->flags = strtoull(at, NULL, 10); break;
      case 20: facts->threads = strtoull(at, NULL, 10); break;
      case 22: facts->start_ticks = strtoull(at, NULL, 10); break;
      case 52: facts->exit_code = (int)strtol(at, NULL, 10); break;
      default: break;
    }
    at = strchr(at, ' ');
    if (at == NULL) return field >= 22;
    at++;
  }
  return true;
}

bool proc_is_over(const struct proc_facts *facts) {
  return facts->state == 'Z' || facts->state == 'X' || (facts->flags & PROC_EXITING) != 0;
}

bool proc_stat(pid_t pid, pid_t *parent, uint64_t *start_ticks, char *state) {
  struct proc_facts facts;
  if (!proc_facts(pid, &facts)) return false;
  if (state != NULL) *state = facts.state;
  if (parent != NULL) *parent = facts.parent;
  if (start_ticks != NULL) *start_ticks = facts.start_ticks;
  return true;
}

static int children_of_task(int tasks, const char *task, pid_t *out, int room) {
  char path[40], text[4096];
  snprintf(path, sizeof path, "%.20s/children", task);
  int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  int found = 0;
  size_t kept = 0;
  for (;;) {
    ssize_t got = read(fd, text + kept, sizeof text - 1 - kept);
    if (got <= 0) break;
    text[kept + (size_t)got] = 0;
    char *at = text;
    for (char *end; (end = strchr(at, ' ')) != NULL; at = end + 1)
      if (found < room) out[found++] = (pid_t)strtol(at, NULL, 10);
    kept = strlen(at);
    memmove(text, at, kept);
  }
  close(fd);
  return found;
}

/* Where the kernel was built without lists of children: all processes, by their parent. */
static int children_by_parent(pid_t parent, pid_t *out, int room) {
  struct folder all = {.fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (all.fd < 0) return 0;
  int found = 0;
  for (const char *name; (name = next_name(&all, NULL)) != NULL;) {
    pid_t pid = (pid_t)strtol(name, NULL, 10), of = 0;
    if (pid > 0 && found < room && proc_stat(pid, &of, NULL, NULL) && of == parent) out[found++] = pid;
  }
  close(all.fd);
  return found;
}

static bool kernel_lists_children(void) {
  static int known = -1;
  if (known < 0) {
    char path[48];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)keeper.pid);
    known = access(path, R_OK) == 0;
  }
  return known == 1;
}

/* The children of all threads of a process; may miss some while they come and go: ask again. */
int proc_children(pid_t pid, pid_t *out, int room) {
  if (!kernel_lists_children()) return children_by_parent(pid, out, room);
  char path[40];
  snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
  struct folder tasks = {.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (tasks.fd < 0) return 0;
  int found = 0;
  for (const char *task; (task = next_name(&tasks, NULL)) != NULL;)
    found += children_of_task(tasks.fd, task, out + found, room - found);
  close(tasks.fd);
  return found;
}

uint64_t boot_ticks(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  uint64_t a_second = (uint64_t)sysconf(_SC_CLK_TCK);
  return (uint64_t)now.tv_sec * a_second + (uint64_t)now.tv_nsec * a_second / 1000000000u;
}

#define ATTEMPTS 3

/*
 * Start times are counted in ticks of ten milliseconds as a rule. Where the clock has not gone on to the
 * next one since before the child was made, its own is known without asking, which would cost more than
 * all the rest that the keeper does for it. Where it has to be asked for and that fails for want of something, it is
 * asked for again: without it nobody could tell the process from a later one of that pid.
 */
uint64_t start_of(pid_t pid, uint64_t before_ticks) {
  uint64_t start = 0;
  if (1000000000 % sysconf(_SC_CLK_TCK) == 0 && boot_ticks() == before_ticks) return before_ticks;
  for (int attempt = 0; attempt < ATTEMPTS && start == 0; attempt++) proc_stat(pid, NULL, &start, NULL);
  return start;
}
