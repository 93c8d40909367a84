/* The ends of a program: it becomes another one (the process that was started turns into the keeper), or is over. */
#include "helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define MAX_PLACED 8
#define RANGE_CLOEXEC 4u /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */

/* The strings that lie one after the other in `bytes`, each ended by NUL; NULL where memory is short. */
static char **split(uint8_t *bytes, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) count += bytes[i] == 0;
  char **list = malloc((count + 1) * sizeof *list);
  if (list == NULL) return NULL;
  char *next = (char *)bytes;
  for (size_t i = 0; i < count; i++) {
    list[i] = next;
    next += strlen(next) + 1;
  }
  list[count] = NULL;
  return list;
}

static void close_all_on_exec(void) {
  if (syscall(SYS_close_range, 3u, ~0u, RANGE_CLOEXEC) == 0) return;
  DIR *folder = opendir("/proc/self/fd");
  if (folder == NULL) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    int fd = atoi(entry->d_name);
    if (fd > 2) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  closedir(folder);
}

/* What Node has changed of its surroundings, set back: ignored signals, the mask, non-blocking terminals. */
static void set_back(void) {
  sigset_t none;
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN) signal(number, SIG_DFL);
  }
  for (int fd = 0; fd <= 2; fd++) {
    fcntl(fd, F_SETFD, 0); /* Node marks them close-on-exec */
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) != 0) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  }
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static void set_on_exec(const uint8_t *numbers, size_t count, int flags) {
  for (size_t i = 0; i < count; i++) {
    int32_t fd;
    memcpy(&fd, numbers + i * sizeof fd, sizeof fd);
    fcntl(fd, F_SETFD, flags);
  }
}

/* Descriptors that go to numbers of their own, and what was there before. */
struct placed {
  int32_t number;
  int before, flags; /* -1 where the number was free */
};

static void set_where_it_was(const struct placed *placed, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (placed[i].before < 0) {
      close(placed[i].number);
      continue;
    }
    dup3(placed[i].before, placed[i].number, (placed[i].flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
    close(placed[i].before);
  }
}

/* The descriptors become `first`, `first + 1` … and stay open; what is in their way is put aside, for the case of a failure. */
static bool place(const uint8_t *numbers, size_t count, int first, struct placed *placed) {
  for (size_t i = 0; i < count; i++) {
    int32_t fd;
    memcpy(&fd, numbers + i * sizeof fd, sizeof fd);
    int number = first + (int)i, flags = fcntl(number, F_GETFD);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, first + (int)count);
    int before = flags < 0 ? -1 : fcntl(number, F_DUPFD_CLOEXEC, first + (int)count);
    placed[i] = (struct placed){.number = number, .before = before, .flags = flags};
    bool is_done = copy >= 0 && (flags < 0 || before >= 0) && dup2(copy, number) >= 0;
    int error = errno;
    close(copy);
    if (is_done) continue;
    set_where_it_was(placed, i + 1);
    errno = error;
    return false;
  }
  return true;
}

/*
 * exec(path, argv, env, descriptors that stay open, 4 bytes each[, number of the first]): returns only a failure. With
 * the number they become that and those that follow, 8 at most.
 */
static napi_value exec(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char path[PATH_MAX];
  size_t argv_length, env_length, kept_length;
  read_arguments(env, info, &arguments);
  uint8_t *argv_bytes = argument_bytes(&arguments, 1, &argv_length);
  uint8_t *env_bytes = argument_bytes(&arguments, 2, &env_length);
  uint8_t *kept_bytes = argument_bytes(&arguments, 3, &kept_length);
  size_t kept = kept_length / sizeof(int32_t);
  int first = arguments.count > 4 ? argument_int(&arguments, 4) : -1;
  if ((first >= 0 && kept > MAX_PLACED) || !argument_path(&arguments, 0, path, sizeof path) || argv_length == 0 || argv_bytes[argv_length - 1] != 0 ||
      (env_length > 0 && env_bytes[env_length - 1] != 0)) {
    return return_int(env, failure(CALL_EXECVE, EINVAL));
  }
  char **argv = split(argv_bytes, argv_length);
  char **environment = split(env_bytes, env_length);
  int result = failure(CALL_EXECVE, ENOMEM);
  if (argv != NULL && environment != NULL) {
    struct placed placed[MAX_PLACED];
    bool is_placed = first < 0 || place(kept_bytes, kept, first, placed);
    result = failed(CALL_EXECVE);
    close_all_on_exec();
    if (first < 0) set_on_exec(kept_bytes, kept, 0);
    else for (size_t i = 0; is_placed && i < kept; i++) fcntl(placed[i].number, F_SETFD, 0);
    if (is_placed) {
      set_back();
      execve(path, argv, environment);
      result = failed(CALL_EXECVE);
    }
    if (first < 0) set_on_exec(kept_bytes, kept, FD_CLOEXEC);
    else if (is_placed) set_where_it_was(placed, kept);
    signal(SIGPIPE, SIG_IGN); /* as Node has it, since it goes on */
    signal(SIGXFSZ, SIG_IGN);
  }
  free(argv);
  free(environment);
  return return_int(env, result);
}

/* exit(code): over at once. Node would take the engine apart first, which takes 2 ms and gives nobody anything. */
static napi_value leave(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  _exit(argument_int(&arguments, 0));
}

const struct function exec_functions[] = {{"exec", exec}, {"exit", leave}, {NULL, NULL}};
