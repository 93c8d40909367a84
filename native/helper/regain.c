/* Sockets that are bound for services, taken back out of the process that still has one open: by then nobody else does. */
#define _GNU_SOURCE
#include "helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438 /* Linux 5.6, the same on all machines */
#endif

/* Something arrives there: it listens, or takes datagrams from anybody. */
static bool is_open_to_all(int fd, int type) {
  int listens = 0;
  socklen_t length = sizeof listens;
  if (type == SOCK_STREAM)
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens != 0;
  struct sockaddr_storage peer;
  length = sizeof peer;
  return getpeername(fd, (struct sockaddr *)&peer, &length) < 0 && errno == ENOTCONN;
}

static bool is_wanted(int fd, const union address *wanted, int type) {
  union address own;
  socklen_t length = sizeof own;
  int own_type;
  socklen_t type_length = sizeof own_type;
  memset(&own, 0, sizeof own);
  if (getsockname(fd, &own.any, &length) < 0 || !same_address(&own, wanted)) return false;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &own_type, &type_length) < 0 || own_type != type) return false;
  return is_open_to_all(fd, type);
}

static bool is_socket(int folder, const char *name) {
  char target[32];
  ssize_t bytes = readlinkat(folder, name, target, sizeof target);
  return bytes > 7 && memcmp(target, "socket:", 7) == 0;
}

/* The first of the process's sockets that is the one; ENOENT where it has none, or what kept it from being taken. */
static int regain_from(int pidfd, DIR *folder, const union address *wanted, int type) {
  int error = ENOENT;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (!is_socket(dirfd(folder), entry->d_name)) continue;
    /* Closed on exec, as all that pidfd_getfd(2) gives. */
    int fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);
    if (fd < 0 && errno == EBADF) continue; /* closed meanwhile */
    if (fd < 0) return failed(CALL_PIDFD_GETFD);
    if (is_wanted(fd, wanted, type)) return fd;
    close(fd);
  }
  return failure(CALL_PIDFD_GETFD, error);
}

/* regainPort(pid, host, port, options): a descriptor of the socket that the process has bound there; or a failure. */
static napi_value regain_port(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char host[sizeof(struct sockaddr_un) + 1], path[32];
  union address address;
  read_arguments(env, info, &arguments);
  int pid = argument_int(&arguments, 0);
  if (!argument_path(&arguments, 1, host, sizeof host)) return return_int(env, failure(CALL_BIND, ENAMETOOLONG));
  int length = address_of(host, argument_int(&arguments, 2), &address);
  if (length < 0) return return_int(env, length);
  int type = (argument_int(&arguments, 3) & OPTION_DATAGRAM) != 0 ? SOCK_DGRAM : SOCK_STREAM;
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) return return_int(env, failed(CALL_PIDFD_OPEN));
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *folder = opendir(path);
  int result = folder == NULL ? failed(CALL_OPEN) : regain_from(pidfd, folder, &address, type);
  if (folder != NULL) closedir(folder);
  close(pidfd);
  return return_int(env, result);
}

const struct function regain_functions[] = {{"regainPort", regain_port}, {NULL, NULL}};
