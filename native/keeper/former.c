/*
 * The archond of the keeper before this one. It has the socket, and what it was in the middle of is its own:
 * a successor is started when it has ended, which it does by itself; one that does not is killed.
 */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"

#define MS 1000000ull
#define PATIENCE_NS (10000 * MS)
#define LOOK_NS (50 * MS) /* where no event tells of its end */

static pid_t pid;
static uint64_t start_ticks, kill_at_ns, look_at_ns = UINT64_MAX;
static int fd = NONE;

bool former_lives(void) {
  pid = (pid_t)keeper.header->archond_pid;
  start_ticks = keeper.header->archond_start;
  int kind, status;
  if (pid == keeper.pid) pid = 0; /* it has become this keeper */
  if (!hold_same(pid, start_ticks, &fd) || ended_how(pid, start_ticks, fd, &kind, &status) != ENDED_NOT) {
    bequest_end();
    close_watched(&fd);
    pid = 0;
    return false;
  }
  kill_at_ns = now_ns() + PATIENCE_NS;
  bool told = fd != NONE && watch(fd, EPOLLIN | EPOLLET, WATCH(WATCH_FORMER, 0));
  look_at_ns = told ? kill_at_ns : now_ns() + LOOK_NS;
  return true;
}

static void look(uint64_t now) {
  int kind, status;
  if (ended_how(pid, start_ticks, fd, &kind, &status) == ENDED_NOT) {
    look_at_ns = now + LOOK_NS;
    if (now < kill_at_ns) return;
    say("archond %d of the keeper before does not end; it is killed", (int)pid);
    if (fd != NONE) syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
    else kill(pid, SIGKILL);
    return;
  }
  bequest_end();
  close_watched(&fd);
  pid = 0;
  look_at_ns = UINT64_MAX;
  archond_start();
}

void former_readable(void) {
  if (pid != 0) look(now_ns());
}

void former_tick(uint64_t now) {
  if (pid != 0 && now >= look_at_ns) look(now);
}

pid_t former_pid(void) { return pid; }

uint64_t former_next(void) { return pid != 0 ? look_at_ns : UINT64_MAX; }
