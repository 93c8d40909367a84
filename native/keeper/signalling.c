/*
 * A signal to a process that somebody else may reap at any time: its pid is looked up, held by a pidfd,
 * and only then proved to belong where it was seen, so that the signal cannot reach a stranger. Kernels
 * without pidfds (before 5.3) leave a gap of microseconds between the proof and the signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"

static int hold(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static int send_held(int fd, pid_t pid, int signal) {
  long sent = fd >= 0 ? syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) : -1;
  if (fd < 0 || (sent != 0 && errno == ENOSYS)) sent = kill(pid, signal);
  return sent == 0 ? 1 : 0;
}

int send_to_child(pid_t pid, pid_t parent, pid_t heir, int signal, struct seen *seen) {
  int fd = hold(pid);
  if (fd < 0 && errno != ENOSYS) return 0;
  pid_t of = 0;
  uint64_t start = 0;
  char state = 0;
  int sent = 0;
  if (proc_stat(pid, &of, &start, &state) && (of == parent || of == heir) && state != 'Z' && state != 'X') {
    sent = send_held(fd, pid, signal);
    if (start > seen->youngest_ticks) seen->youngest_ticks = start;
  }
  if (fd >= 0) close(fd);
  return sent;
}

/* Whether the process is in the cgroup of that path, or in one below it. */
static bool in_cgroup(pid_t pid, const char *path) {
  char file[40], text[4096];
  snprintf(file, sizeof file, "/proc/%d/cgroup", (int)pid);
  if (read_file_at(AT_FDCWD, file, text, sizeof text) <= 0) return false;
  const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
  if (line == NULL) return false;
  line += *line == '\n';
  const char *at = strstr(line, path), *end = line + strcspn(line, "\n");
  if (at == NULL || at >= end) return false;
  char next = at[strlen(path)];
  return next == '\n' || next == '/' || next == ' ' || next == 0;
}

int send_to_member(pid_t pid, const char *cgroup, int signal) {
  int fd = hold(pid);
  if (fd < 0 && errno != ENOSYS) return 0;
  int sent = in_cgroup(pid, cgroup) ? send_held(fd, pid, signal) : 0;
  if (fd >= 0) close(fd);
  return sent;
}
