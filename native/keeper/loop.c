/* The loop: everything that happens to the keeper comes in here, one thing after the other. */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void watch(int fd, uint32_t events, uint64_t tag) {
  struct epoll_event event = {.events = events, .data.u64 = tag};
  if (epoll_ctl(keeper.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    say("cannot watch descriptor %d: %m", fd);
}

void rewatch(int fd, uint32_t events, uint64_t tag) {
  struct epoll_event event = {.events = events, .data.u64 = tag};
  if (epoll_ctl(keeper.epoll, EPOLL_CTL_MOD, fd, &event) != 0)
    say("cannot watch descriptor %d: %m", fd);
}

int raise_fd(int fd) {
  int high = fcntl(fd, F_DUPFD_CLOEXEC, WINDOW_FDS);
  int error = errno;
  close(fd);
  errno = error;
  return high;
}

static int wait_ms(uint64_t now) {
  uint64_t next = UINT64_MAX;
  uint64_t at = tree_next();
  if (at < next) next = at;
  at = archond_next();
  if (at < next) next = at;
  if (next == UINT64_MAX) return -1;
  if (next <= now) return 0;
  uint64_t ms = (next - now + 999999) / 1000000;
  return ms > 60000 ? 60000 : (int)ms;
}

static void handle(const struct epoll_event *event) {
  uint32_t index = (uint32_t)event->data.u64;
  switch ((enum watch_kind)(event->data.u64 >> 32)) {
    case WATCH_SIGNALS:
      signals_readable();
      break;
    case WATCH_CHANNEL:
      if (event->events & EPOLLOUT) channel_writable();
      if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) channel_readable();
      break;
    case WATCH_EXEC:
      exec_readable(index);
      break;
    case WATCH_MINDER:
      minder_readable(index);
      break;
    case WATCH_EVENTS:
      cgroup_readable(index);
      break;
  }
}

void run_loop(void) {
  struct epoll_event events[64];
  for (;;) {
    int count = epoll_wait(keeper.epoll, events, 64, wait_ms(now_ns()));
    if (count < 0 && errno != EINTR) say("epoll_wait: %m");
    for (int i = 0; i < count; i++) {
      handle(&events[i]);
      tell_go_on();
    }
    uint64_t now = now_ns();
    tree_work(now);
    archond_tick(now);
    tell_go_on();
    if (keeper.quitting) quit_go_on();
  }
}
