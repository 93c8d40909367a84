/*
 * Descriptors of processes that need not be children, and the ladder to the way in which one
 * ended (docs/helper.org, "How a process ended").
 */
#include "helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers of the kernel's interface that the C library's headers may be too old for. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define WAIT_PIDFD 3             /* P_PIDFD */
#define THREAD_PIDFD O_EXCL      /* PIDFD_THREAD, Linux 6.9 */
#define INFO_PID (1ull << 0)     /* PIDFD_INFO_PID */
#define INFO_EXIT (1ull << 3)    /* PIDFD_INFO_EXIT, Linux 6.15 */
struct info {                    /* struct pidfd_info in its first size, which every later kernel takes */
  uint64_t mask, cgroup;
  uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  int32_t exit_code;
};
#define GET_INFO _IOWR(0xFF, 11, struct info) /* PIDFD_GET_INFO */

enum end_kind { END_UNKNOWN = 0, END_EXITED = 1, END_SIGNALLED = 2, END_CORE = 3, END_UNREAPED = 4 };
struct end {
  enum end_kind kind;
  int value;
};

struct process {
  struct slot slot; /* its descriptor is the caller's, and stays open while it is watched */
};

static void process_ready(struct helper *helper, struct slot *slot, uint32_t events);
static void process_discard(struct helper *helper, struct slot *slot) {
  (void)helper;
  (void)slot;
}
static const struct slot_class process_class = {process_ready, process_discard};

int read_text(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed(CALL_OPEN);
  ssize_t count = read(fd, text, size - 1);
  int result = count < 0 ? failed(CALL_READ) : (int)count;
  close(fd);
  text[count < 0 ? 0 : count] = 0;
  return result;
}

/* What /proc tells of a descriptor of this process: bytes of text, or a failure. */
static int read_fdinfo(int fd, char *text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  return read_text(path, text, size);
}

bool is_pidfd(int fd) {
  char text[1024];
  return read_fdinfo(fd, text, sizeof text) > 0 && strstr(text, "\nPid:") != NULL;
}

/* The pid behind a pidfd, -1 when it has been reaped, 0 where it lies in a namespace not seen from here; or a failure. */
static int pid_of(int fd) {
  char text[1024];
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return failed(CALL_FCNTL);
  int result = read_fdinfo(fd, text, sizeof text);
  if (result < 0) return result;
  const char *line = strstr(text, "\nPid:");
  if (line == NULL) return failure(CALL_PIDFD_OPEN, EBADF);
  if ((flags & THREAD_PIDFD) != 0) return failure(CALL_PIDFD_OPEN, EINVAL);
  return atoi(line + 5);
}

static struct end from_wait_status(int status) {
  if (WIFEXITED(status)) return (struct end){END_EXITED, WEXITSTATUS(status)};
  return (struct end){WCOREDUMP(status) ? END_CORE : END_SIGNALLED, WTERMSIG(status)};
}

/* First rung: a child of this process that nobody has waited for. It is looked at, not taken away. */
static bool end_of_child(int fd, struct end *end) {
  siginfo_t info = {0};
  if (syscall(SYS_waitid, WAIT_PIDFD, fd, &info, WEXITED | WNOHANG | WNOWAIT, NULL) < 0 || info.si_pid == 0) {
    return false;
  }
  switch (info.si_code) {
    case CLD_EXITED: *end = (struct end){END_EXITED, info.si_status}; return true;
    case CLD_KILLED: *end = (struct end){END_SIGNALLED, info.si_status}; return true;
    case CLD_DUMPED: *end = (struct end){END_CORE, info.si_status}; return true;
    default: return false;
  }
}

/* Second rung: the kernel keeps the code for holders of pidfds once the process has been reaped. */
static bool end_of_reaped(int fd, struct end *end, bool *can_be_had) {
  struct info info = {.mask = INFO_PID | INFO_EXIT};
  int result = ioctl(fd, GET_INFO, &info);
  *can_be_had = result == 0 || (errno != ENOTTY && errno != EINVAL);
  if (result < 0 || (info.mask & INFO_EXIT) == 0) return false;
  *end = from_wait_status(info.exit_code);
  return true;
}

/*
 * Third rung: field 52 of /proc/PID/stat while it is a zombie. It reads 0 for those who may not
 * trace the process, so that a 0 counts only where a file that needs the same right can be read.
 */
static bool end_of_zombie(int fd, struct end *end) {
  char path[64], text[2048];
  int pid = pid_of(fd);
  if (pid <= 0) return false;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (read_text(path, text, sizeof text) <= 0) return false;
  /* Still unreaped: what was read is of this process, not of a later one with its number. */
  if (pid_of(fd) != pid) return false;
  const char *field = strrchr(text, ')');
  if (field == NULL || (field[2] != 'Z' && field[2] != 'X')) return false;
  for (int number = 2; number < 52 && field != NULL; number++) field = strchr(field + 1, ' ');
  if (field == NULL) return false;
  int status = atoi(field + 1);
  if (status == 0) {
    snprintf(path, sizeof path, "/proc/%d/io", pid);
    if (read_text(path, text, sizeof text) <= 0) return false;
  }
  *end = from_wait_status(status);
  return true;
}

/* What can be known now of a process that has ended; END_UNREAPED where waiting for its reaping may tell. */
static struct end end_of(int fd) {
  struct end end = {END_UNKNOWN, 0};
  bool can_be_had = false;
  if (end_of_child(fd, &end) || end_of_reaped(fd, &end, &can_be_had) || end_of_zombie(fd, &end)) return end;
  /* It may have been reaped between the second rung and the third. */
  if (can_be_had && end_of_reaped(fd, &end, &can_be_had)) return end;
  return (struct end){can_be_had ? END_UNREAPED : END_UNKNOWN, 0};
}

static void process_ready(struct helper *helper, struct slot *slot, uint32_t events) {
  struct end end = end_of(slot->fd);
  uint32_t id = slot->id;
  if (end.kind == END_UNREAPED && (events & EPOLLHUP) == 0 && slot_watch(helper, slot, 0) == 0) {
    /* No event asked for: only the hang-up, which is the reaping, wakes us; asking for input would spin. */
    dispatch(helper, EVENT_UNREAPED, id, 0, 0);
    return;
  }
  if (end.kind == END_UNREAPED) end.kind = END_UNKNOWN;
  slot_free(helper, slot);
  dispatch(helper, EVENT_PROCESS, id, end.kind, end.value);
}

static napi_value pidfd_open(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  int fd = (int)syscall(SYS_pidfd_open, argument_int(&arguments, 0), 0);
  return return_int(env, fd < 0 ? failed(CALL_PIDFD_OPEN) : fd);
}

static napi_value pidfd_pid(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  return return_int(env, pid_of(argument_int(&arguments, 0)));
}

static napi_value pidfd_signal(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  long result = syscall(SYS_pidfd_send_signal, argument_int(&arguments, 0), argument_int(&arguments, 1), NULL, 0);
  return return_int(env, result < 0 ? failed(CALL_PIDFD_SIGNAL) : 0);
}

/* watchProcess(pidfd): a slot that tells EVENT_PROCESS once, or a failure. */
static napi_value process_watch(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct process *process =
      slot_new(arguments.helper, &process_class, sizeof *process, argument_int(&arguments, 0));
  if (process == NULL) return return_int(env, failure(CALL_MALLOC, ENOMEM));
  int result = slot_watch(arguments.helper, &process->slot, EPOLLIN);
  int64_t id = process->slot.id;
  if (result != 0) slot_free(arguments.helper, &process->slot);
  return return_int(env, result != 0 ? result : id);
}

static napi_value process_unwatch(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct process *process = slot_find(arguments.helper, argument_int(&arguments, 0), &process_class);
  if (process != NULL) slot_free(arguments.helper, &process->slot);
  return NULL;
}

const struct function process_functions[] = {
    {"openPidfd", pidfd_open},         {"pidOfPidfd", pidfd_pid},         {"signalPidfd", pidfd_signal},
    {"watchProcess", process_watch},   {"unwatchProcess", process_unwatch}, {NULL, NULL},
};
