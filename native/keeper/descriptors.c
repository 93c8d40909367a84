/*
 * Descriptors of the keeper. What lives long stands above the window (see keeper.h); a few numbers at
 * the top stay free, so that archond can always be started again and trees can always be emptied.
 */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC in strict modes */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"

bool watch(int fd, uint32_t events, uint64_t tag) {
  struct epoll_event event = {.events = events, .data.u64 = tag};
  return epoll_ctl(keeper.epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void rewatch(int fd, uint32_t events, uint64_t tag) {
  struct epoll_event event = {.events = events, .data.u64 = tag};
  if (epoll_ctl(keeper.epoll, EPOLL_CTL_MOD, fd, &event) != 0) say("cannot watch descriptor %d: %m", fd);
}

/*
 * close(2) alone would not end the watch while a child that was forked meanwhile has a copy: epoll
 * knows the open file, and would report it under a tag that means something else by then.
 */
void close_watched(int *fd) {
  if (*fd == NONE) return;
  epoll_ctl(keeper.epoll, EPOLL_CTL_DEL, *fd, NULL);
  close(*fd);
  *fd = NONE;
}

int raise_fd(int fd) {
  if (fd < 0) return -1;
  int high = fcntl(fd, F_DUPFD_CLOEXEC, WINDOW_FDS);
  int error = errno;
  close(fd);
  errno = error;
  return high;
}

int raise_leaving(int fd, int reserve) {
  int high = raise_fd(fd);
  if (high < 0 || (rlim_t)high + (rlim_t)reserve < keeper.fd_limit) return high;
  close(high);
  errno = EMFILE;
  return -1;
}

void close_from(int first) {
  if (syscall(SYS_close_range, first, ~0u, 0) == 0) return;
  struct folder own = {.fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  for (const char *name; own.fd >= 0 && (name = next_name(&own, NULL)) != NULL;) {
    int fd = (int)strtol(name, NULL, 10);
    if (fd >= first && fd != own.fd) close(fd);
  }
  if (own.fd >= 0) close(own.fd);
  /* Without /proc: what can be guessed. */
  for (int fd = first; fd < 4 * WINDOW_FDS && own.fd < 0; fd++) close(fd);
}
