#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attributes-plan.h"

static bool often(unsigned percent) { return below(100) < percent; }

static char *text_of(size_t bytes) {
  char *text = malloc(bytes + 1);
  CHECK(text != NULL, "memory");
  for (size_t i = 0; i < bytes; i++) text[i] = (char)(1 + below(255)); /* any byte but NUL */
  text[bytes] = 0;
  return text;
}

/* What the kernel says to this process where it tries the same, in a child. */
static int errno_of(int (*attempt)(const struct plan *plan), const struct plan *plan) {
  pid_t pid = fork();
  CHECK(pid >= 0, "fork");
  if (pid == 0) _exit(attempt(plan) == 0 ? 0 : errno);
  int status;
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "waiting for a trial");
  return WEXITSTATUS(status);
}

static int try_limit(const struct plan *plan) {
  const struct spawn_rlimit *limit = &plan->limits[0];
  return setrlimit((__rlimit_resource_t)limit->resource, &(struct rlimit){limit->soft, limit->hard});
}

static int try_nice(const struct plan *plan) { return setpriority(PRIO_PROCESS, 0, plan->spawn.nice); }

static int try_oom(const struct plan *plan) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY);
  return fd >= 0 && dprintf(fd, "%d", plan->spawn.oom) > 0 ? 0 : -1;
}

static int try_user(const struct plan *plan) {
  if ((plan->spawn.flags & SPAWN_GROUPS) && setgroups(plan->spawn.group_count, plan->groups) != 0) return -1;
  return setresgid(plan->spawn.gid, plan->spawn.gid, plan->spawn.gid) == 0
      ? setresuid(plan->spawn.uid, plan->spawn.uid, plan->spawn.uid) : -1;
}

/* At most one thing in a plan may be forbidden: else the order of the stages would be tested here. */
static void expect(struct plan *plan, enum exec_stage stage, int error) {
  plan->stage = error == 0 ? STAGE_NONE : stage;
  plan->error = error;
}

static void choose_strings(struct plan *plan, const struct surroundings *all, uint64_t serial,
                           uint32_t report) {
  int args = 0, vars = 0;
  plan->argv[args++] = strdup(all->program);
  CHECK(asprintf(&plan->argv[args++], "%u", report) > 0, "memory");
  CHECK(asprintf(&plan->argv[args++], "%llu", (unsigned long long)serial) > 0, "memory");
  while (args < 7 && often(50)) plan->argv[args++] = text_of(below(3) * below(200));
  bool huge = often(1);
  while (vars < (huge ? 9 : 20) && (huge || often(70))) plan->env[vars++] = text_of(huge ? 120000
      : below(100));
  plan->expected.argv_hash = plan->expected.env_hash = HASH_START;
  for (int i = 0; i < args; i++)
    plan->expected.argv_hash = hash_bytes(plan->expected.argv_hash, plan->argv[i], strlen(plan->argv[i]) + 1);
  for (int i = 0; i < vars; i++)
    plan->expected.env_hash = hash_bytes(plan->expected.env_hash, plan->env[i], strlen(plan->env[i]) + 1);
  plan->expected.argc = (uint32_t)args;
  plan->spawn.listen_pid = often(30);
  plan->expected.envc = (uint32_t)vars + (plan->spawn.listen_pid ? 1 : 0);
  plan->spawn.argv = (const char *const *)plan->argv;
  plan->spawn.env = (const char *const *)plan->env;
  size_t bytes = 1 + below(255);
  for (size_t i = 0; i < bytes; i++) plan->label[i] = (char)('a' + below(26));
  plan->spawn.label = plan->label;
  plan->spawn.memfd = often(25);
  plan->spawn.tag[0] = chance();
  plan->spawn.tag[1] = chance();
}

/*
 * Small numbers collide with those in the keeper's window, high ones with nothing. Returns where the
 * report goes.
 */
static uint32_t choose_descriptors(struct plan *plan, const struct surroundings *all) {
  uint32_t range = often(70) ? 24 : BLOCK_MAX_FD_NUMBER + 1;
  int count = often(1) ? BLOCK_MAX_FDS : 1 + (int)below(12);
  bool taken[BLOCK_MAX_FD_NUMBER + 1] = {false};
  if (count > 20) range = BLOCK_MAX_FD_NUMBER + 1;
  for (int i = 0; i < count; i++) {
    uint32_t number;
    do number = often(10) ? (uint32_t)below(3) : often(3) ? 200 : (uint32_t)below(range);
    while (taken[number]);
    taken[number] = true;
    size_t file = below(8);
    plan->numbers[i] = number;
    plan->fds[i] = i == 0 ? all->report : all->files[file];
    plan->expected.fds[i] = (struct seen_fd){.number = number,
                                            .dev = i == 0 ? all->report_identity.dev
                                                : all->identities[file].dev,
                                            .ino = i == 0 ? all->report_identity.ino
                                                : all->identities[file].ino};
  }
  plan->spawn.fds = plan->fds;
  plan->spawn.numbers = plan->numbers;
  plan->spawn.fd_count = count;
  plan->expected.fd_count = (uint32_t)count;
  return plan->numbers[0];
}

static void choose_terminal(struct plan *plan) {
  plan->pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  CHECK(plan->pty >= 0 && grantpt(plan->pty) == 0 && unlockpt(plan->pty) == 0, "a terminal");
  CHECK(ptsname_r(plan->pty, plan->tty, sizeof plan->tty) == 0, "its name");
  struct stat stat_of;
  CHECK(stat(plan->tty, &stat_of) == 0, "%s", plan->tty);
  plan->spawn.tty = plan->tty;
  plan->spawn.flags |= SPAWN_TTY | SPAWN_SESSION;
  plan->expected.tty = (uint32_t)stat_of.st_rdev;
  for (uint32_t number = 0; number <= 2; number++) {
    bool given = false;
    for (int i = 0; i < plan->spawn.fd_count; i++) given |= plan->numbers[i] == number;
    if (!given)
      plan->expected.fds[plan->expected.fd_count++] =
          (struct seen_fd){.number = number, .dev = stat_of.st_dev, .ino = stat_of.st_ino};
  }
}

static const uint32_t lowered[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_CORE, RLIMIT_RSS,
                                   RLIMIT_NPROC, RLIMIT_NOFILE,
                                   RLIMIT_MEMLOCK, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE};
#define LOWERED (sizeof lowered / sizeof *lowered)

static void choose_limits(struct plan *plan, const struct surroundings *all) {
  for (uint32_t i = 0; i < SEEN_LIMITS; i++) {
    struct rlimit limit;
    CHECK(getrlimit((__rlimit_resource_t)i, &limit) == 0, "limit %u", i);
    if (i == RLIMIT_NOFILE) limit = all->child_nofile;
    plan->expected.limits[i].soft = limit.rlim_cur;
    plan->expected.limits[i].hard = limit.rlim_max;
  }
  plan->spawn.rlimits = plan->limits;
  uint32_t *count = &plan->spawn.rlimit_count;
  if (getenv("NO_LIMITS") != NULL) return; /* a checker of memory has limits of its own */
  while (*count < LIMITS_MOST && often(25)) {
    uint32_t resource = lowered[below(LOWERED)];
    uint64_t hard = plan->expected.limits[resource].hard;
    /* Enough for the program to live: memory in bytes, time in seconds, files and processes by number. */
    uint64_t wanted = resource == RLIMIT_CPU || resource == RLIMIT_CORE ? 100 + below(100)
        : (64u << 20) + below(1 << 20);
    if (resource == RLIMIT_NPROC || resource == RLIMIT_NOFILE) wanted = 400 + below(100);
    struct spawn_rlimit *limit = &plan->limits[(*count)++];
    *limit = (struct spawn_rlimit){.resource = resource, .soft = wanted < hard ? wanted : hard,
                                   .hard = wanted < hard ? wanted : hard};
    if (often(30) && hard == UINT64_MAX) limit->hard = UINT64_MAX;
    plan->expected.limits[resource].soft = limit->soft;
    plan->expected.limits[resource].hard = limit->hard;
  }
}

static void choose_user(struct plan *plan) {
  bool root = geteuid() == 0;
  plan->expected.group_count = (uint32_t)getgroups(SEEN_GROUPS, plan->expected.groups);
  for (int i = 0; i < 3; i++) {
    plan->expected.uid[i] = geteuid();
    plan->expected.gid[i] = getegid();
  }
  if (!often(30)) return;
  plan->spawn.flags |= SPAWN_USER;
  plan->spawn.uid = root ? 20000 + (uint32_t)below(1000) : geteuid();
  plan->spawn.gid = root ? 30000 + (uint32_t)below(1000) : getegid();
  if (root && often(70)) {
    plan->spawn.flags |= SPAWN_GROUPS;
    plan->spawn.groups = plan->groups;
    plan->spawn.group_count = (uint32_t)below(SEEN_GROUPS);
    /* In ascending order, as the kernel will have them. */
    for (uint32_t i = 0; i < plan->spawn.group_count; i++) plan->groups[i] = 40000 + 10 * i;
    plan->expected.group_count = plan->spawn.group_count;
    memcpy(plan->expected.groups, plan->groups, sizeof plan->groups);
  }
  for (int i = 0; i < 3; i++) {
    plan->expected.uid[i] = plan->spawn.uid;
    plan->expected.gid[i] = plan->spawn.gid;
  }
}

static void choose_rest(struct plan *plan, const struct surroundings *all) {
  plan->expected.umask = umask(0);
  umask(plan->expected.umask);
  if (often(30)) {
    plan->spawn.flags |= SPAWN_UMASK;
    plan->spawn.umask = plan->expected.umask = (uint32_t)below(01000);
  }
  plan->expected.nice = all->least_nice;
  if (often(20)) {
    plan->spawn.flags |= SPAWN_NICE;
    plan->spawn.nice = plan->expected.nice = all->least_nice + (int)below((uint64_t)(20 - all->least_nice));
  }
  plan->expected.oom = all->least_oom;
  if (often(20)) {
    plan->spawn.flags |= SPAWN_OOM;
    plan->spawn.oom = plan->expected.oom = all->least_oom + (int)below((uint64_t)(1001 - all->least_oom));
  }
  if (often(20)) {
    plan->spawn.flags |= SPAWN_NO_NEW_PRIVS;
    plan->expected.no_new_privs = 1;
  }
  strcpy(plan->expected.cwd, "/");
  if (often(40)) {
    plan->spawn.flags |= SPAWN_CWD;
    plan->spawn.cwd = often(50) ? all->folder : "/proc";
    snprintf(plan->expected.cwd, sizeof plan->expected.cwd, "%s", plan->spawn.cwd);
  }
  if (often(85)) plan->spawn.flags |= SPAWN_SESSION;
}

/* Something that needs a privilege: what this machine says to it is what must be told. */
static void choose_privilege(struct plan *plan) {
  switch (getenv("NO_LIMITS") != NULL ? 1 + below(3) : below(4)) {
    case 0:
      plan->limits[0] = (struct spawn_rlimit){RLIMIT_MSGQUEUE, 0, 1u << 20, 1u << 30};
      plan->spawn.rlimit_count = 1;
      expect(plan, STAGE_RLIMIT, errno_of(try_limit, plan));
      plan->expected.limits[RLIMIT_MSGQUEUE].soft = 1u << 20;
      plan->expected.limits[RLIMIT_MSGQUEUE].hard = 1u << 30;
      break;
    case 1:
      plan->spawn.flags |= SPAWN_NICE;
      plan->spawn.nice = plan->expected.nice = -(int)(1 + below(20));
      expect(plan, STAGE_NICE, errno_of(try_nice, plan));
      break;
    case 2:
      plan->spawn.flags |= SPAWN_OOM;
      plan->spawn.oom = plan->expected.oom = -(int)(1 + below(1000));
      expect(plan, STAGE_OOM, errno_of(try_oom, plan));
      break;
    default:
      plan->spawn.flags |= SPAWN_USER | SPAWN_GROUPS;
      plan->spawn.uid = plan->spawn.gid = 12399;
      plan->spawn.group_count = plan->expected.group_count = 0;
      for (int i = 0; i < 3; i++) plan->expected.uid[i] = plan->expected.gid[i] = 12399;
      expect(plan, STAGE_USER, errno_of(try_user, plan));
  }
}

struct plan *plan_make(const struct surroundings *all, uint64_t serial) {
  struct plan *plan = calloc(1, sizeof *plan);
  CHECK(plan != NULL, "memory");
  plan->pty = -1;
  plan->expected.serial = serial;
  uint32_t report = choose_descriptors(plan, all);
  choose_strings(plan, all, serial, report);
  choose_rest(plan, all);
  choose_user(plan);
  choose_limits(plan, all);
  if (often(5)) choose_privilege(plan);
  else if (often(5)) choose_terminal(plan);
  bool both = peer.header->tree_kind == TREE_CGROUP;
  plan->spawn.tree = (uint32_t)below(3);
  if (plan->spawn.tree == TREE_CGROUP && !both) plan->spawn.tree = TREE_ANY;
  return plan;
}

void plan_drop(struct plan *plan) {
  for (char **at = plan->argv; *at != NULL; at++) free(*at);
  for (char **at = plan->env; *at != NULL; at++) free(*at);
  if (plan->pty >= 0) close(plan->pty);
  free(plan);
}
