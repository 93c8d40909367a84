/*
 * What makes the test build of the keeper fail: the linker puts these in the place of the calls (--wrap). The keeper's
 * own sources know nothing of it, and are the same as in the product. Children are not concerned.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/faults.h"
#include "keeper/keeper.h"

static struct faults *page;

__attribute__((constructor)) static void open_page(void) {
  const char *path = getenv(FAULTS_VARIABLE);
  if (path == NULL) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  void *map = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (fd < 0 || map == MAP_FAILED) abort();
  page = map;
}

/* True: the call is to fail, errno says how. */
static bool hit(enum fault_kind kind) {
  if (page == NULL || __atomic_load_n(&page->armed, __ATOMIC_ACQUIRE) == 0) return false;
  if (page->kind != FAULT_ANY && page->kind != (uint32_t)kind) return false;
  if (keeper.pid != getpid()) return false; /* a child, before its exec, or a minder */
  if (++page->seen != page->at) return false;
  page->fired = (uint32_t)getpid();
  if (page->action == FAULT_KILL_KEEPER) kill(getpid(), SIGKILL);
  if (page->action == FAULT_KILL_ARCHOND) {
    if (keeper.archond > 0) kill(keeper.archond, SIGKILL);
    return false;
  }
  errno = (int)page->action;
  return true;
}

pid_t __real_make_child(const struct child_plan *plan);
pid_t __wrap_make_child(const struct child_plan *plan);
pid_t __wrap_make_child(const struct child_plan *plan) {
  return hit(FAULT_CHILD) ? -1 : __real_make_child(plan);
}

int __real_pipe2(int *ends, int flags);
int __wrap_pipe2(int *ends, int flags);
int __wrap_pipe2(int *ends, int flags) { return hit(FAULT_PIPE) ? -1 : __real_pipe2(ends, flags); }

static mode_t mode_of(int flags, va_list list) { return flags & O_CREAT ? va_arg(list, mode_t) : 0; }

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_of(flags, list);
  va_end(list);
  return hit(FAULT_OPEN) ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_of(flags, list);
  va_end(list);
  return hit(FAULT_OPEN) ? -1 : __real_openat(folder, path, flags, mode);
}

int __real_mkdirat(int folder, const char *path, mode_t mode);
int __wrap_mkdirat(int folder, const char *path, mode_t mode);
int __wrap_mkdirat(int folder, const char *path, mode_t mode) {
  return hit(FAULT_MKDIR) ? -1 : __real_mkdirat(folder, path, mode);
}

int __real_unlinkat(int folder, const char *path, int flags);
int __wrap_unlinkat(int folder, const char *path, int flags);
int __wrap_unlinkat(int folder, const char *path, int flags) {
  return hit(FAULT_RMDIR) ? -1 : __real_unlinkat(folder, path, flags);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  long argument = va_arg(list, long);
  va_end(list);
  return command == F_DUPFD_CLOEXEC && hit(FAULT_RAISE) ? -1 : __real_fcntl(fd, command, argument);
}

int __real_epoll_ctl(int epoll, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int what, int fd, struct epoll_event *event) {
  return what == EPOLL_CTL_ADD && hit(FAULT_WATCH) ? -1 : __real_epoll_ctl(epoll, what, fd, event);
}

int __real_epoll_wait(int epoll, struct epoll_event *events, int room, int ms);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int room, int ms);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int room, int ms) {
  return hit(FAULT_SLEEP) ? -1 : __real_epoll_wait(epoll, events, room, ms);
}

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
  return hit(FAULT_SEND) ? -1 : __real_sendmsg(fd, message, flags);
}

ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  return hit(FAULT_RECEIVE) ? -1 : __real_recvmsg(fd, message, flags);
}

ssize_t __real_read(int fd, void *bytes, size_t room);
ssize_t __wrap_read(int fd, void *bytes, size_t room);
ssize_t __wrap_read(int fd, void *bytes, size_t room) {
  return hit(FAULT_READ) ? -1 : __real_read(fd, bytes, room);
}

ssize_t __real_pread(int fd, void *bytes, size_t room, off_t at);
ssize_t __wrap_pread(int fd, void *bytes, size_t room, off_t at);
ssize_t __wrap_pread(int fd, void *bytes, size_t room, off_t at) {
  return hit(FAULT_READ) ? -1 : __real_pread(fd, bytes, room, at);
}

ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count) {
  return hit(FAULT_WRITE) ? -1 : __real_write(fd, bytes, count);
}

int __real_socketpair(int domain, int type, int protocol, int *ends);
int __wrap_socketpair(int domain, int type, int protocol, int *ends);
int __wrap_socketpair(int domain, int type, int protocol, int *ends) {
  return hit(FAULT_CHANNEL) ? -1 : __real_socketpair(domain, type, protocol, ends);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
  hit(FAULT_CLOSE);
  return __real_close(fd);
}

void __real_publish(uint32_t index, enum entry_state state);
void __wrap_publish(uint32_t index, enum entry_state state);
void __wrap_publish(uint32_t index, enum entry_state state) {
  hit(FAULT_PUBLISH);
  __real_publish(index, state);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
  va_list list;
  long a[6];
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  hit(FAULT_SYSTEM);
  return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
