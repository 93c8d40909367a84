/*
 * keeper --runtime DIR [--lock FILE]… [--log FILE] [--nofile N] [--tree cgroup|minder]
 *        [--background] -- PROGRAM ARG…
 *
 * PROGRAM is archond: an absolute path, started with a channel to the keeper as descriptor 3.
 */
#define _GNU_SOURCE /* pipe2, seals */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"

struct keeper keeper;
struct slot slots[TABLE_ENTRIES];

#define LOCKS_MAX 4
static const char *locks[LOCKS_MAX];
static int lock_count;
static const char *log_path;
static bool background;
static char table_path[4096];

/* `format` holds one %s. */
static void __attribute__((noreturn)) give_up(const char *format, const char *what) {
  char line[4400];
  snprintf(line, sizeof line, format, what);
  fprintf(stderr, "archond: %s\n", line);
  exit(1);
}

static void parse(int argc, char **argv) {
  const char *runtime = NULL;
  int at = 1;
  for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
    const char *name = argv[at];
    if (strcmp(name, "--background") == 0) {
      background = true;
      continue;
    }
    const char *value = at + 1 < argc ? argv[++at] : NULL;
    if (value == NULL) give_up("the keeper's option %s needs a value", name);
    if (strcmp(name, "--runtime") == 0) runtime = value;
    else if (strcmp(name, "--log") == 0) log_path = value;
    else if (strcmp(name, "--lock") == 0 && lock_count < LOCKS_MAX) locks[lock_count++] = value;
    else if (strcmp(name, "--nofile") == 0 && strcmp(value, "unlimited") != 0)
      keeper.nofile.rlim_cur = strtoull(value, NULL, 10);
    else if (strcmp(name, "--nofile") == 0) keeper.nofile.rlim_cur = RLIM_INFINITY;
    else if (strcmp(name, "--tree") == 0 && strcmp(value, "cgroup") == 0) keeper.tree_wanted = TREE_CGROUP;
    else if (strcmp(name, "--tree") == 0 && strcmp(value, "minder") == 0) keeper.tree_wanted = TREE_MINDER;
    else give_up("the keeper has no such option: %s", name);
  }
  if (runtime == NULL) give_up("the keeper needs %s", "--runtime DIR");
  if (at + 1 >= argc) give_up("the keeper needs %s", "-- PROGRAM");
  keeper.archond_argv = argv + at + 1;
  if (snprintf(table_path, sizeof table_path, "%s/table", runtime) >= (int)sizeof table_path)
    give_up("the path of the runtime folder is too long: %s", runtime);
  keeper.runtime_dir = open(runtime, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (keeper.runtime_dir < 0) give_up("cannot open the runtime folder %s", runtime);
}

static void hold(const char *path) {
  for (;;) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) give_up("cannot open the lock %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      char who[32] = "unknown", line[4300];
      ssize_t got = read(fd, who, sizeof who - 1);
      if (got > 0) who[got] = 0;
      who[strcspn(who, "\n")] = 0;
      snprintf(line, sizeof line, "another supervisor (process %s) holds %s", who, path);
      give_up("%s", line);
    }
    /* The file may have been removed by its last holder between open and lock: then begin anew. */
    struct stat mine, there;
    if (fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev) {
      char text[32];
      int bytes = snprintf(text, sizeof text, "%d\n", (int)keeper.pid);
      if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)bytes, 0) != bytes) say("writing %s: %m", path);
      raise_fd(fd);
      return;
    }
    close(fd);
  }
}

void clean_up(void) {
  cgroup_cleanup();
  unlink(table_path);
  for (int i = 0; i < lock_count; i++) unlink(locks[i]);
}

/* The process that was called waits until the supervisor answers, and ends with its verdict. */
static void go_to_background(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) give_up("%s", "cannot make a pipe");
  pid_t pid = fork();
  if (pid < 0) give_up("%s", "cannot make a process");
  if (pid > 0) {
    close(ends[1]);
    char code = 1;
    while (read(ends[0], &code, 1) < 0 && errno == EINTR) {
    }
    _exit((unsigned char)code);
  }
  close(ends[0]);
  setsid();
  keeper.ready_pipe = raise_fd(ends[1]);
}

/* So that 0, 1 and 2 are taken, and nothing else ever becomes one of them. */
static void settle_standard_descriptors(void) {
  int fd;
  do fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= 2);
  if (fd < 0) give_up("%s", "cannot open /dev/null");
  for (int number = 0; number <= 2; number++) {
    int flags = fcntl(number, F_GETFD);
    if (flags >= 0) fcntl(number, F_SETFD, flags & ~FD_CLOEXEC);
  }
  keeper.null = raise_fd(fd);
}

static void raise_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (keeper.nofile.rlim_cur == 0 || keeper.nofile.rlim_cur > limit.rlim_max) keeper.nofile.rlim_cur = limit.rlim_cur;
  keeper.nofile.rlim_max = limit.rlim_max;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) say("cannot raise the limit of descriptors: %m");
}

extern char **environ;

static void name_channel(void) {
  size_t count = 0;
  while (environ[count] != NULL) count++;
  keeper.archond_env = calloc(count + 2, sizeof *keeper.archond_env); /* the only use of the heap, at start */
  if (keeper.archond_env == NULL) give_up("%s", "no memory");
  memcpy(keeper.archond_env, environ, count * sizeof *environ);
  keeper.archond_env[count] = "ARCHON_KEEPER_FD=3";
}

int main(int argc, char **argv) {
  parse(argc, argv);
  if (log_path != NULL) {
    keeper.log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (keeper.log_fd < 0) give_up("cannot open the log %s", log_path);
  }
  settle_standard_descriptors();
  raise_limit();
  if (keeper.log_fd > 0) keeper.log_fd = raise_fd(keeper.log_fd);
  keeper.runtime_dir = raise_fd(keeper.runtime_dir);
  if (background) go_to_background();
  keeper.pid = getpid();
  for (int i = 0; i < lock_count; i++) hold(locks[i]);
  name_channel();
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  prctl(PR_SET_NAME, "archon-keeper", 0, 0, 0);
  note_initial_children();
  keeper.epoll = raise_fd(epoll_create1(EPOLL_CLOEXEC));
  signals_setup();
  make_child_probe();
  if (table_open(table_path) != 0) give_up("cannot make the table %s", table_path);
  cgroup_setup(keeper.tree_wanted);
  if (keeper.tree_wanted == TREE_CGROUP && keeper.header->tree_kind != TREE_CGROUP) {
    clean_up();
    give_up("%s", "no cgroup (version 2) can be made here; use --tree minder");
  }
  if (chdir("/") != 0) say("chdir: %m");
  archond_start();
  run_loop();
}
