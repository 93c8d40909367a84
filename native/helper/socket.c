#include "helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

/* Connections that are accepted before somebody else gets a turn. */
#define ACCEPTS_A_TURN 64
/* How often, a millisecond apart, a folder is looked at that somebody else binds in: flock(2) has no time limit. */
#define LOCK_ATTEMPTS 1000

struct listener {
  struct slot slot;
  dev_t device; /* of the socket file, by which its own is told from a successor's */
  ino_t inode;
  char path[]; /* as it was given */
};

static void listener_ready(struct helper *helper, struct slot *slot, uint32_t events);
static void listener_discard(struct helper *helper, struct slot *slot);
static const struct slot_class listener_class = {listener_ready, listener_discard};

/* The address of a socket file, and the folder that is held open for it where the path is too long for one. */
struct address {
  struct sockaddr_un name;
  int folder;
};

static void address_done(struct address *address) {
  if (address->folder >= 0) close(address->folder);
}

/* Paths above 107 bytes go through /proc/self/fd of their folder. 0 or a failure. */
static int address_of(const char *path, struct address *address) {
  const char *slash = strrchr(path, '/');
  *address = (struct address){.name.sun_family = AF_UNIX, .folder = -1};
  if (strlen(path) < sizeof address->name.sun_path) {
    strcpy(address->name.sun_path, path);
    return 0;
  }
  char folder[PATH_MAX];
  if (slash == NULL || (size_t)(slash - path) >= sizeof folder) return failure(CALL_BIND, ENAMETOOLONG);
  memcpy(folder, path, (size_t)(slash - path) + 1);
  folder[slash - path + 1] = 0;
  address->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (address->folder < 0) return failed(CALL_OPEN);
  if (snprintf(address->name.sun_path, sizeof address->name.sun_path, "/proc/self/fd/%d/%s", address->folder,
               slash + 1) >= (int)sizeof address->name.sun_path) {
    address_done(address);
    return failure(CALL_BIND, ENAMETOOLONG);
  }
  return 0;
}

static int new_socket(int type) {
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return fd < 0 ? failed(CALL_SOCKET) : fd;
}

/* A connected socket, or a failure; EAGAIN where the listener's backlog is full. */
static int connect_to(const char *path, int type) {
  struct address address;
  int result = address_of(path, &address);
  if (result != 0) return result;
  int fd = new_socket(type);
  result = fd;
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address.name, sizeof address.name) < 0) {
    result = failed(CALL_CONNECT);
    close(fd);
  }
  address_done(&address);
  return result;
}

/* ---- accepting ------------------------------------------------------------------------------ */

static bool accept_one(struct helper *helper, struct listener *listener, int *error) {
  int fd = accept4(listener->slot.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  *error = fd < 0 ? errno : 0;
  if (fd < 0) return false;
  struct stream *stream = stream_new(helper, fd);
  if (stream == NULL) {
    close(fd);
    *error = ENOMEM;
    return false;
  }
  put_peer(helper, fd);
  dispatch(helper, EVENT_ACCEPTED, listener->slot.id, (int32_t)stream->slot.id, 0);
  return true;
}

static void listener_ready(struct helper *helper, struct slot *slot, uint32_t events) {
  struct listener *listener = (struct listener *)slot;
  uint32_t id = slot->id, turn = slot->turn;
  (void)events;
  for (int count = 0; count < ACCEPTS_A_TURN; count++) {
    int error;
    if (accept_one(helper, listener, &error)) {
      if (!slot_lives(helper, id, turn)) return;
      continue;
    }
    if (error == EINTR || error == ECONNABORTED) continue;
    if (error == EAGAIN) return;
    /* None left. The reserve lets one more in, who may be there to put things right; then a pause. */
    if (helper->reserved) {
      reserve_release(helper);
      accept_one(helper, listener, &error);
      if (!slot_lives(helper, id, turn)) return;
    }
    slot_watch(helper, slot, 0);
    dispatch(helper, EVENT_FULL, id, failure(CALL_ACCEPT, error), 0);
    return;
  }
}

/* resumeAccept(id): 1 if it accepts again, 0 while there are no descriptors for the reserve. */
static napi_value resume_accept(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct listener *listener = slot_find(arguments.helper, argument_int(&arguments, 0), &listener_class);
  if (listener == NULL) return return_int(env, 1);
  reserve_take(arguments.helper);
  if (!arguments.helper->reserved) {
    reserve_release(arguments.helper);
    return return_int(env, 0);
  }
  slot_watch(arguments.helper, &listener->slot, EPOLLIN);
  return return_int(env, 1);
}

/* ---- listening ------------------------------------------------------------------------------ */

/*
 * The folder of a socket file, locked against others that bind in it; or a failure. Who holds it, for this
 * path or another one, has done within a few system calls: that is waited for, but not for one that was stopped.
 */
static int lock_folder(const char *path) {
  static const struct timespec moment = {.tv_nsec = 1000000};
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  if (slash == NULL) strcpy(folder, ".");
  else snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
  int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return failed(CALL_OPEN);
  for (int attempt = 1; flock(lock, LOCK_EX | LOCK_NB) < 0; attempt++) {
    if (errno != EWOULDBLOCK) break; /* file systems without locks are taken as they are */
    if (attempt == LOCK_ATTEMPTS) {
      close(lock);
      return failure(CALL_BIND, EADDRINUSE);
    }
    nanosleep(&moment, NULL);
  }
  return lock;
}

/* Needs no lock: as long as the socket listens, nobody takes its path over; so it is closed last. */
static void listener_discard(struct helper *helper, struct slot *slot) {
  struct listener *listener = (struct listener *)slot;
  struct stat status;
  (void)helper;
  if (lstat(listener->path, &status) == 0 && status.st_dev == listener->device && status.st_ino == listener->inode) {
    unlink(listener->path);
  }
  close(slot->fd);
}

/* 0 if nothing is at `path`, or a socket file that nobody answers at; else a failure. */
static int check_stale(const char *path) {
  struct stat status;
  if (lstat(path, &status) < 0) return errno == ENOENT ? 0 : failed(CALL_BIND);
  if (!S_ISSOCK(status.st_mode)) return failure(CALL_BIND, EEXIST);
  int fd = connect_to(path, SOCK_STREAM);
  if (fd >= 0) {
    close(fd);
    return failure(CALL_BIND, EADDRINUSE);
  }
  switch (failure_errno(fd)) {
    case ECONNREFUSED:
    case ENOENT:
      return 0;
    case EAGAIN: /* its backlog is full */
    case EPROTOTYPE: /* a socket of another type */
      return failure(CALL_BIND, EADDRINUSE);
    default:
      return fd;
  }
}

/* The name of a socket until it has its own: of this call alone, whichever threads and processes bind where there are no locks. */
#define BESIDE_FORMAT ".%x-%x-%lx-%lx"

/*
 * Removes from the folder, which is locked, what those left there who were killed before they had renamed it. Nothing
 * comes of it where that cannot be done: the next one who binds here tries again.
 */
static void remove_left(int folder) {
  int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listing = again < 0 ? NULL : fdopendir(again);
  if (listing == NULL) {
    if (again >= 0) close(again);
    return;
  }
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    unsigned pid, tid;
    unsigned long seconds, nanoseconds;
    struct stat status;
    int end = 0;
    if (sscanf(entry->d_name, BESIDE_FORMAT "%n", &pid, &tid, &seconds, &nanoseconds, &end) != 4) continue;
    if (entry->d_name[end] != 0 || (kill((pid_t)pid, 0) == 0 || errno != ESRCH)) continue;
    if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (S_ISSOCK(status.st_mode) && status.st_uid == geteuid()) unlinkat(folder, entry->d_name, 0);
  }
  closedir(listing);
}

/*
 * The file gets its mode under another name and before anyone listens; the rename then takes
 * the place of a stale one without a moment in which there is none.
 */
static int bind_and_listen(int fd, const char *path, mode_t mode, struct stat *bound) {
  char beside[PATH_MAX + 64];
  struct timespec now;
  const char *slash = strrchr(path, '/');
  int stem = slash == NULL ? 0 : (int)(slash - path) + 1;
  clock_gettime(CLOCK_MONOTONIC, &now);
  snprintf(beside, sizeof beside, "%.*s" BESIDE_FORMAT, stem, path, (unsigned)getpid(), (unsigned)gettid(),
           (unsigned long)now.tv_sec, (unsigned long)now.tv_nsec);
  struct address address;
  int result = address_of(beside, &address);
  if (result != 0) return result;
  if (bind(fd, (struct sockaddr *)&address.name, sizeof address.name) < 0) {
    result = failed(CALL_BIND);
    address_done(&address);
    return result;
  }
  address_done(&address);
  if (chmod(beside, mode) < 0 || lstat(beside, bound) < 0) result = failed(CALL_CHMOD);
  else if (listen(fd, SOMAXCONN) < 0) result = failed(CALL_LISTEN);
  else if (rename(beside, path) < 0) result = failed(CALL_RENAME);
  if (result != 0) unlink(beside);
  return result;
}

static int take_over(int fd, const char *path, mode_t mode, struct stat *bound) {
  int lock = lock_folder(path);
  if (lock < 0) return lock;
  int result = check_stale(path);
  remove_left(lock);
  if (result == 0) result = bind_and_listen(fd, path, mode, bound);
  close(lock);
  return result;
}

/* listen(path, mode): the listener's slot, or a failure. */
static napi_value socket_listen(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char path[PATH_MAX];
  struct stat bound;
  read_arguments(env, info, &arguments);
  if (!argument_path(&arguments, 0, path, sizeof path)) return return_int(env, failure(CALL_BIND, EINVAL));
  int fd = new_socket(SOCK_STREAM);
  if (fd < 0) return return_int(env, fd);
  int result = take_over(fd, path, (mode_t)argument_int(&arguments, 1), &bound);
  if (result != 0) {
    close(fd);
    return return_int(env, result);
  }
  struct listener *listener =
      slot_new(arguments.helper, &listener_class, sizeof *listener + strlen(path) + 1, fd);
  if (listener == NULL) {
    unlink(path);
    close(fd);
    return return_int(env, failure(CALL_MALLOC, ENOMEM));
  }
  strcpy(listener->path, path);
  listener->device = bound.st_dev;
  listener->inode = bound.st_ino;
  reserve_take(arguments.helper);
  int64_t id = listener->slot.id;
  result = slot_watch(arguments.helper, &listener->slot, EPOLLIN);
  if (result != 0) slot_free(arguments.helper, &listener->slot);
  return return_int(env, result != 0 ? result : id);
}

static napi_value socket_unlisten(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct listener *listener = slot_find(arguments.helper, argument_int(&arguments, 0), &listener_class);
  if (listener != NULL) slot_free(arguments.helper, &listener->slot);
  return NULL;
}

/* connect(path): the connection's slot and, in numbers, who answers; or a failure. */
static napi_value socket_connect(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char path[PATH_MAX];
  read_arguments(env, info, &arguments);
  if (!argument_path(&arguments, 0, path, sizeof path)) return return_int(env, failure(CALL_CONNECT, EINVAL));
  int fd = connect_to(path, SOCK_STREAM);
  if (fd < 0) return return_int(env, fd);
  struct stream *stream = stream_new(arguments.helper, fd);
  if (stream == NULL) {
    close(fd);
    return return_int(env, failure(CALL_MALLOC, ENOMEM));
  }
  put_peer(arguments.helper, fd);
  return return_int(env, stream->slot.id);
}

/* connectNotices(path): a socket for datagrams to whoever has bound that path; or a failure. */
static napi_value connect_notices(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char path[PATH_MAX];
  read_arguments(env, info, &arguments);
  if (!argument_path(&arguments, 0, path, sizeof path)) return return_int(env, failure(CALL_CONNECT, EINVAL));
  return return_int(env, connect_to(path, SOCK_DGRAM));
}

const struct function socket_functions[] = {
    {"listen", socket_listen},       {"unlisten", socket_unlisten},       {"connect", socket_connect},
    {"resumeAccept", resume_accept}, {"connectNotices", connect_notices}, {NULL, NULL},
};
