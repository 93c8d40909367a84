/*
 * keeper --runtime DIR [--lock FILE]… [--claim FILE]… [--log FILE] [--nofile N] [--tree cgroup|minder]
 *        [--share nothing|descriptors|memory] [--longest-delay MS] [--silence MS]
 *        [--background] -- PROGRAM ARG…
 *
 * --kept: descriptor of a list of others that are open, and the names under which to keep them: archond, whose
 * keeper had died, has become this one.
 * PROGRAM is archond, started with a channel to the keeper as descriptor 3. All paths are absolute.
 * --nofile: the soft limit of descriptors that children get, where whoever started this raised its own.
 * --longest-delay: of a restart of archond after failures in a row, 5000 by default.
 * --silence: how long archond may say nothing before it is killed, 30000 by default; 0: for ever.
 */
#define _GNU_SOURCE /* pipe2, seals */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
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
#define LOCK_TRIES 100 /* each after 10 ms */
#define LEAST_FDS 1024 /* the window, the reserves, and something to work with */
#define CHANNEL_NAME "ARCHON_KEEPER_FD="
static const char *locks[LOCKS_MAX];
static bool must_hold[LOCKS_MAX];
static int lock_count, locks_tried;
static const char *log_path;
static bool background;
static int kept_list = -1;
static char table_path[4096];

static void let_go(void) {
  for (int i = 0; i < locks_tried; i++)
    if (locks[i] != NULL) unlink(locks[i]);
}

static void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *format, ...) {
  char line[4400];
  va_list list;
  va_start(list, format);
  vsnprintf(line, sizeof line, format, list);
  va_end(list);
  let_go();
  fprintf(stderr, "archond: %s\n", line);
  exit(1);
}

static const char *absolute(const char *path) {
  if (path[0] != '/') give_up("the path %s must be absolute", path);
  return path;
}

static enum child_share share_called(const char *name) {
  static const char *const names[] = {"nothing", "descriptors", "memory"};
  for (int i = 0; i < 3; i++)
    if (strcmp(name, names[i]) == 0) return (enum child_share)i;
  give_up("--share takes nothing, descriptors or memory, not %s", name);
}

/* What is started in archond's place. A copy, since a word may be added. */
static void note_program(char **words, int count) {
  keeper.archond_argv = calloc((size_t)count + 2, sizeof *words);
  if (keeper.archond_argv == NULL) give_up("no memory");
  memcpy(keeper.archond_argv, words, (size_t)count * sizeof *words);
  keeper.archond_argc = count;
  absolute(words[0]);
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
    if (value == NULL || strcmp(value, "--") == 0) give_up("the keeper's option %s needs a value", name);
    if (strcmp(name, "--runtime") == 0) runtime = absolute(value);
    else if (strcmp(name, "--log") == 0) log_path = absolute(value);
    else if ((strcmp(name, "--lock") == 0 || strcmp(name, "--claim") == 0) && lock_count < LOCKS_MAX) {
      must_hold[lock_count] = strcmp(name, "--lock") == 0;
      locks[lock_count++] = absolute(value);
    }
    else if (strcmp(name, "--longest-delay") == 0)
      keeper.longest_delay_ms = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(name, "--silence") == 0) keeper.silence_ms = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(name, "--nofile") == 0 && strcmp(value, "unlimited") != 0)
      keeper.nofile.rlim_cur = strtoull(value, NULL, 10);
    else if (strcmp(name, "--nofile") == 0) keeper.nofile.rlim_cur = RLIM_INFINITY;
    else if (strcmp(name, "--tree") == 0 && strcmp(value, "cgroup") == 0) keeper.tree_wanted = TREE_CGROUP;
    else if (strcmp(name, "--tree") == 0 && strcmp(value, "minder") == 0) keeper.tree_wanted = TREE_MINDER;
    else if (strcmp(name, "--kept") == 0) kept_list = (int)strtol(value, NULL, 10);
    else if (strcmp(name, "--share") == 0) keeper.share_wanted = share_called(value);
    else give_up("the keeper has no such option: %s", name);
  }
  if (runtime == NULL) give_up("the keeper needs --runtime DIR");
  if (at + 1 >= argc) give_up("the keeper needs -- PROGRAM");
  note_program(argv + at + 1, argc - at - 1);
  if (snprintf(table_path, sizeof table_path, "%s/table", runtime) >= (int)sizeof table_path)
    give_up("the path of the runtime folder is too long: %s", runtime);
}

/* The disk may come back, or have room again: what would lie there is done without. */
static bool is_need(int error) {
  return error == ENOSPC || error == EDQUOT || error == EROFS || error == EIO || error == ESTALE;
}

static bool has_ended(pid_t pid) {
  struct proc_facts facts;
  return !proc_facts(pid, &facts) || proc_is_over(&facts);
}

/* False where it cannot be had for want of a disk, and need not be. */
static bool lock(const char *path, bool must) {
  int tries = 0;
  for (;;) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && !must && (is_need(errno) || errno == ENOENT)) {
      say("no lock %s: %m; another supervisor with that folder would not be noticed", path);
      return false;
    }
    if (fd < 0) give_up("cannot open the lock %s: %m", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) give_up("cannot lock %s: %m", path);
      char who[32] = "unknown";
      ssize_t got = read(fd, who, sizeof who - 1);
      if (got > 0) who[got] = 0;
      who[strcspn(who, "\n")] = 0;
      /* One that was killed holds it until it has closed it, and a child that it was making has cut itself loose. */
      pid_t holder = (pid_t)strtol(who, NULL, 10);
      if (holder > 0 && has_ended(holder) && tries++ < LOCK_TRIES) {
        close(fd);
        usleep(10000);
        continue;
      }
      give_up("another supervisor (process %s) holds %s", who, path);
    }
    /* The file may have been removed by its last holder between open and lock: then begin anew. */
    struct stat mine, there;
    bool same = fstat(fd, &mine) == 0 && stat(path, &there) == 0;
    if (same && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev) {
      char text[32];
      int bytes = snprintf(text, sizeof text, "%d\n", (int)keeper.pid);
      if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)bytes, 0) != bytes) say("writing %s: %m", path);
      if (raise_fd(fd) < 0) give_up("cannot hold the lock %s: %m", path);
      return true;
    }
    close(fd);
  }
}

void clean_up(void) {
  cgroup_cleanup();
  if (keeper.header != NULL) {
    unlinkat(keeper.runtime_dir, "table", 0);
    unlinkat(keeper.runtime_dir, "table.aside", 0);
    unlinkat(keeper.runtime_dir, BEQUEST_NAME, 0);
  }
  let_go();
}

/* The process that was called waits until the supervisor answers, and ends with its verdict. */
static void go_to_background(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) give_up("cannot make a pipe");
  pid_t pid = fork();
  if (pid < 0) give_up("cannot make a process");
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

/*
 * So that 0, 1 and 2 are taken and nothing else ever becomes one of them, and nothing else is open: what
 * came in from whoever started this would reach every child.
 */
static void settle_standard_descriptors(void) {
  int fd;
  if (kept_list == 3) kept_list = fcntl(kept_list, F_DUPFD_CLOEXEC, 4);
  do fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= 2);
  if (fd < 0) give_up("cannot open /dev/null");
  for (int number = 0; number <= 2; number++) {
    int flags = fcntl(number, F_GETFD);
    if (flags >= 0) fcntl(number, F_SETFD, flags & ~FD_CLOEXEC);
  }
  if (dup3(fd, 3, O_CLOEXEC) < 0 && fd != 3) give_up("cannot settle the standard descriptors: %m");
  /* Whoever hands descriptors over has closed all others. */
  if (kept_list < 0) close_from(4);
}

static void raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) give_up("cannot read the limit of descriptors: %m");
  rlim_t *wanted = &keeper.nofile.rlim_cur;
  if (*wanted == 0 || *wanted > limit.rlim_max) *wanted = limit.rlim_cur;
  keeper.nofile.rlim_max = limit.rlim_max;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) say("cannot raise the limit of descriptors: %m");
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < LEAST_FDS)
    give_up("the limit of descriptors must be %d at least", LEAST_FDS);
  keeper.fd_limit = limit.rlim_cur;
  keeper.null = raise_fd(3); /* where settle_standard_descriptors put it */
  if (keeper.null < 0) give_up("cannot settle the standard descriptors: %m");
}

extern char **environ;

static void name_channel(void) {
  size_t count = 0;
  while (environ[count] != NULL) count++;
  keeper.archond_env = calloc(count + 2, sizeof *keeper.archond_env); /* from the heap, at start only */
  if (keeper.archond_env == NULL) give_up("no memory");
  size_t used = 0; /* a keeper that was started by another's archond finds the name there already */
  for (size_t i = 0; i < count; i++)
    if (strncmp(environ[i], CHANNEL_NAME, sizeof CHANNEL_NAME - 1) != 0)
      keeper.archond_env[used++] = environ[i];
  static char channel[] = CHANNEL_NAME "3";
  keeper.archond_env[used] = channel;
}

static void open_files(void) {
  char folder[sizeof table_path];
  snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(table_path, '/') - table_path), table_path);
  keeper.runtime_dir = raise_fd(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (keeper.runtime_dir < 0) give_up("cannot open the runtime folder %s: %m", folder);
  if (log_path == NULL) return;
  keeper.log_fd = raise_fd(open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (keeper.log_fd >= 0) return;
  if (!is_need(errno) && errno != ENOENT) give_up("cannot open the log %s: %m", log_path);
  say("no log %s: %m; what would stand there is lost", log_path);
  keeper.log_fd = fcntl(keeper.null, F_DUPFD_CLOEXEC, WINDOW_FDS);
  if (keeper.log_fd < 0) give_up("cannot do without the log %s: %m", log_path);
}

int main(int argc, char **argv) {
  keeper.longest_delay_ms = 5000;
  keeper.silence_ms = 30000;
  keeper.share_wanted = SHARE_MEMORY;
  parse(argc, argv);
  settle_standard_descriptors();
  raise_limit();
  if (kept_list >= 0 && !kept_inherit(kept_list)) say("what was handed over cannot be kept");
  open_files();
  if (background) go_to_background();
  keeper.pid = getpid();
  for (; locks_tried < lock_count; locks_tried++)
    if (!lock(locks[locks_tried], must_hold[locks_tried])) locks[locks_tried] = NULL;
  name_channel();
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  prctl(PR_SET_NAME, "archon-keeper", 0, 0, 0);
  note_initial_children();
  keeper.epoll = raise_fd(epoll_create1(EPOLL_CLOEXEC));
  if (keeper.epoll < 0 || !signals_setup()) give_up("cannot set up the loop: %m");
  make_child_probe(keeper.share_wanted);
  if (table_open(table_path) != 0) {
    int error = errno;
    clean_up();
    errno = error;
    give_up("cannot make the table %s: %m", table_path);
  }
  keeper.header->child_share = make_child_shares();
  cgroup_setup(keeper.tree_wanted);
  if (keeper.tree_wanted == TREE_CGROUP && keeper.header->tree_kind != TREE_CGROUP) {
    if (!table_inherited()) clean_up();
    give_up("no cgroup (version 2) can be made here; use --tree minder");
  }
  if (chdir("/") != 0) say("chdir: %m");
  if (table_inherited()) {
    if (kept_list < 0) bequest_expect();
    adopt_entries();
  }
  if (!table_inherited() || !former_lives()) archond_start();
  run_loop();
}
