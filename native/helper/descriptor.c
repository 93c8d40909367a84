/* Small things about descriptors that Node has no call for. */
#include "helper.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a descriptor is; the names stand in native.ts in this order. */
enum kind { KIND_PIDFD, KIND_SOCKET, KIND_PIPE, KIND_FILE, KIND_FOLDER, KIND_CHARACTER, KIND_BLOCK, KIND_OTHER };

static napi_value close_fd(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  close(argument_int(&arguments, 0));
  return NULL;
}

/* duplicate(descriptor): the lowest free number from 3 up, closed on exec. */
static napi_value duplicate(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  int fd = fcntl(argument_int(&arguments, 0), F_DUPFD_CLOEXEC, 3);
  return return_int(env, fd < 0 ? failed(CALL_DUP) : fd);
}

/* setCloseOnExec(descriptor, wanted) */
static napi_value set_close_on_exec(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  int flag = argument_int(&arguments, 1) != 0 ? FD_CLOEXEC : 0;
  return return_int(env, fcntl(argument_int(&arguments, 0), F_SETFD, flag) < 0 ? failed(CALL_FCNTL) : 0);
}

static napi_value kind_of(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  struct stat status;
  read_arguments(env, info, &arguments);
  int fd = argument_int(&arguments, 0);
  if (fstat(fd, &status) < 0) return return_int(env, failed(CALL_FSTAT));
  switch (status.st_mode & S_IFMT) {
    case S_IFSOCK: return return_int(env, KIND_SOCKET);
    case S_IFIFO: return return_int(env, KIND_PIPE);
    case S_IFDIR: return return_int(env, KIND_FOLDER);
    case S_IFCHR: return return_int(env, KIND_CHARACTER);
    case S_IFBLK: return return_int(env, KIND_BLOCK);
    /* A pidfd has no type in older kernels, and that of a file in some newer ones. */
    case S_IFREG: return return_int(env, is_pidfd(fd) ? KIND_PIDFD : KIND_FILE);
    default: return return_int(env, is_pidfd(fd) ? KIND_PIDFD : KIND_OTHER);
  }
}

/* Opens what a descriptor stands for anew: another description, with flags of its own. */
static int reopen(int fd, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int again = open(path, flags | O_CLOEXEC | O_NOCTTY);
  return again < 0 ? failed(CALL_OPEN) : again;
}

/*
 * pipe(uid): 0, and in numbers the reading end and the writing end, or a failure. The writing end is
 * open for reading too, so that the writer gets no SIGPIPE when all readers are gone.
 */
static napi_value make_pipe(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  int ends[2];
  read_arguments(env, info, &arguments);
  uid_t uid = (uid_t)argument_int(&arguments, 0);
  if (pipe2(ends, O_CLOEXEC) < 0) return return_int(env, failed(CALL_PIPE));
  int writing = reopen(ends[1], O_RDWR);
  int result = is_failure(writing) ? writing : 0;
  /* For /dev/stdout in the unit: opening it asks for the right to the pipe. */
  if (result == 0 && uid != geteuid() && fchown(writing, uid, (gid_t)-1) < 0) result = failed(CALL_FCHOWN);
  close(ends[1]);
  if (result != 0) {
    if (!is_failure(writing)) close(writing);
    close(ends[0]);
    return return_int(env, result);
  }
  arguments.helper->numbers[0] = ends[0];
  arguments.helper->numbers[1] = writing;
  return return_int(env, 0);
}

/* reopenPipe(descriptor): the same pipe, open for reading and writing; or a failure, EINVAL where it is none. */
static napi_value reopen_pipe(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  struct stat status;
  read_arguments(env, info, &arguments);
  int fd = argument_int(&arguments, 0);
  if (fstat(fd, &status) < 0) return return_int(env, failed(CALL_FSTAT));
  return return_int(env, S_ISFIFO(status.st_mode) ? reopen(fd, O_RDWR) : failure(CALL_OPEN, EINVAL));
}

/* holding(bytes): a descriptor from which just these bytes can be read, or a failure. */
static napi_value holding(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  size_t length;
  int ends[2];
  read_arguments(env, info, &arguments);
  const uint8_t *bytes = argument_bytes(&arguments, 0, &length);
  if (pipe2(ends, O_CLOEXEC) < 0) return return_int(env, failed(CALL_PIPE));
  /* Non-blocking for the writing end's own description, which nobody else has. */
  bool whole = length == 0 || (fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0 &&
                               write(ends[1], bytes, length) == (ssize_t)length);
  close(ends[1]);
  if (whole) return return_int(env, ends[0]);
  close(ends[0]);
  int memory = memfd_holding("archon-input", bytes, length);
  if (memory < 0) return return_int(env, memory);
  int reading = reopen(memory, O_RDONLY);
  close(memory);
  return return_int(env, reading);
}

/* sendOutputTo(path): standard output and error go to the end of this file from now on. 0 or a failure. */
static napi_value send_output_to(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char path[PATH_MAX];
  read_arguments(env, info, &arguments);
  if (!argument_path(&arguments, 0, path, sizeof path)) return return_int(env, failure(CALL_OPEN, EINVAL));
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return return_int(env, failed(CALL_OPEN));
  int result = dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0 ? failed(CALL_DUP) : 0;
  close(fd);
  return return_int(env, result);
}

/* descriptorLimit(): 0, and in numbers the soft and the hard one (-1: none), or a failure. */
static napi_value descriptor_limit(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  struct rlimit limit;
  read_arguments(env, info, &arguments);
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return return_int(env, failed(CALL_GETRLIMIT));
  arguments.helper->numbers[0] = limit.rlim_cur > INT32_MAX ? -1 : (int32_t)limit.rlim_cur;
  arguments.helper->numbers[1] = limit.rlim_max > INT32_MAX ? -1 : (int32_t)limit.rlim_max;
  return return_int(env, 0);
}

const struct function descriptor_functions[] = {
    {"sendOutputTo", send_output_to},
    {"closeDescriptor", close_fd}, {"duplicate", duplicate}, {"setCloseOnExec", set_close_on_exec},
    {"kindOf", kind_of},           {"pipe", make_pipe},      {"reopenPipe", reopen_pipe},
    {"holding", holding},              {"descriptorLimit", descriptor_limit},
    {NULL, NULL},
};
