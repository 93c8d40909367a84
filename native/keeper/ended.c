/*
 * How a process ended that is nobody's child here: a ladder to what the kernel still has (the helper of
 * archond climbs the same one, docs/helper.org). What cannot be known is never guessed.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "keeper.h"

/* Numbers of the kernel's interface that the C library's headers may be too old for. */
#define INFO_PID (1ull << 0)  /* PIDFD_INFO_PID */
#define INFO_EXIT (1ull << 3) /* PIDFD_INFO_EXIT, Linux 6.15 */
struct info {                 /* struct pidfd_info in its first size, which every later kernel takes */
  uint64_t mask, cgroup;
  uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  int32_t exit_code;
};
#define GET_INFO _IOWR(0xFF, 11, struct info) /* PIDFD_GET_INFO */

bool pidfd_ended(int fd) {
  struct pollfd end = {.fd = fd, .events = POLLIN};
  return poll(&end, 1, 0) == 1 && (end.revents & (POLLIN | POLLHUP)) != 0;
}

static void tell(int wait_status, int *kind, int *status) {
  bool exited = WIFEXITED(wait_status);
  *kind = exited ? CLD_EXITED : WCOREDUMP(wait_status) ? CLD_DUMPED : CLD_KILLED;
  *status = exited ? WEXITSTATUS(wait_status) : WTERMSIG(wait_status);
}

/* The code reads 0 for who may not trace the process: then it counts only where a file of the same right opens. */
static bool may_know(pid_t pid) {
  char path[40], text[16];
  snprintf(path, sizeof path, "/proc/%d/io", (int)pid);
  return read_file_at(AT_FDCWD, path, text, sizeof text) > 0;
}

/* Once it has been reaped the kernel keeps the code for holders of pidfds. */
static bool told_by_pidfd(int fd, int *wait_status, bool *later) {
  struct info info = {.mask = INFO_PID | INFO_EXIT};
  int result = ioctl(fd, GET_INFO, &info);
  /* Before it is reaped a kernel that knows this leaves the exit out; one that does not refuses, or never has it. */
  *later = result == 0;
  *wait_status = info.exit_code;
  return result == 0 && (info.mask & INFO_EXIT) != 0;
}

enum ending ended_how(pid_t pid, uint64_t start, int fd, int *kind, int *status) {
  *kind = 0;
  *status = 0;
  if (fd > NONE && !pidfd_ended(fd)) return ENDED_NOT;
  struct proc_facts facts;
  bool there = proc_facts(pid, &facts) && facts.start_ticks == start;
  bool zombie = there && (facts.state == 'Z' || facts.state == 'X');
  if (there && !zombie) return ENDED_NOT;
  /* A main thread that has ended while others go on looks like one, too. */
  if (zombie && fd <= NONE && facts.threads > 1) return ENDED_NOT;
  int wait_status = facts.exit_code;
  if (zombie && (wait_status != 0 || may_know(pid))) {
    tell(wait_status, kind, status);
    return ENDED_FOR_GOOD;
  }
  bool later = false;
  if (fd > NONE && told_by_pidfd(fd, &wait_status, &later)) {
    tell(wait_status, kind, status);
    return ENDED_FOR_GOOD;
  }
  return zombie && later ? ENDED_UNKNOWN_YET : ENDED_FOR_GOOD;
}
