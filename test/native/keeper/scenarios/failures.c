/* failures PROGRAM FOLDER: every stage on the way to exec that can be made to fail, with its errno. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failures-blocks.h"

static const char *program, *folder;
static unsigned shown[STAGE_EXEC + 1];

static char *in_folder(const char *name) {
  char *path;
  CHECK(asprintf(&path, "%s/%s", folder, name) > 0, "memory");
  return path;
}

static struct spawn plain(void) {
  static const char *argv[3];
  argv[0] = program;
  argv[1] = "0";
  return (struct spawn){.argv = argv, .flags = SPAWN_SESSION};
}

static void expect(const char *what, const struct spawn *spawn, uint32_t stage, int error) {
  struct outcome outcome = outcome_of_spawn(spawn);
  CHECK(outcome.stage == stage && outcome.error == (uint32_t)error, "%s: stage %u errno %u, not %u and %d",
        what, outcome.stage,
        outcome.error, stage, error);
  shown[stage]++;
}

static void set_keeper_limit(int resource, rlim_t soft) {
  struct rlimit limit;
  pid_t keeper = (pid_t)peer.welcome.keeper_pid;
  CHECK(prlimit(keeper, (__rlimit_resource_t)resource, NULL, &limit) == 0, "prlimit");
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  CHECK(prlimit(keeper, (__rlimit_resource_t)resource, &limit, NULL) == 0, "prlimit");
}

/* With ever more processes allowed: first the keeper can make none, then its minder cannot, then it works. */
static void fork_stage(void) {
  if (geteuid() == 0) return; /* RLIMIT_NPROC does not bind root */
  struct spawn spawn = plain();
  unsigned refused = 0;
  for (rlim_t most = 1;; most++) {
    CHECK(most < 20000, "still no process with %u allowed", (unsigned)most);
    set_keeper_limit(RLIMIT_NPROC, most);
    struct outcome outcome = outcome_of_spawn(&spawn);
    if (outcome.stage == STAGE_NONE) break;
    if (outcome.stage == STAGE_EXEC && outcome.error == EAGAIN) continue; /* exec counts too */
    CHECK(outcome.refused && outcome.stage == STAGE_FORK && outcome.error == EAGAIN, "stage %u, errno %u",
          outcome.stage, outcome.error);
    refused++;
  }
  CHECK(refused > 1, "refused %u times", refused);
  shown[STAGE_FORK] += refused;
  set_keeper_limit(RLIMIT_NPROC, RLIM_INFINITY);
}

static void cgroup_stage(void) {
  struct spawn spawn = plain();
  spawn.tree = TREE_CGROUP;
  if (peer.header->tree_kind == TREE_MINDER) {
    expect("a cgroup where there are none", &spawn, STAGE_CGROUP, EOPNOTSUPP);
    return;
  }
  char path[600];
  snprintf(path, sizeof path, "%s/cgroup.max.descendants", peer.header->cgroup_root);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  CHECK(fd >= 0 && write(fd, "1", 1) == 1, "%s", path); /* the leaf is there already */
  /* What was made beforehand is used up first. */
  for (int left = 0; outcome_of_spawn(&spawn).stage == STAGE_NONE; left++) CHECK(left < 8, "still room");
  expect("no room for a cgroup", &spawn, STAGE_CGROUP, EAGAIN);
  CHECK(write(fd, "max", 3) == 3, "%s", path);
  close(fd);
  expect("room again", &spawn, STAGE_NONE, 0);
}

static void tty_stage(void) {
  struct spawn spawn = plain();
  spawn.flags |= SPAWN_TTY;
  spawn.tty = "/nosuch/tty";
  expect("no terminal", &spawn, STAGE_TTY, ENOENT);
  spawn.tty = "/dev/null";
  expect("not a terminal", &spawn, STAGE_TTY, ENOTTY);
  int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  CHECK(pty >= 0 && grantpt(pty) == 0 && unlockpt(pty) == 0, "a terminal");
  spawn.tty = ptsname(pty);
  spawn.flags &= ~SPAWN_SESSION;
  expect("a terminal without a session", &spawn, STAGE_TTY, EPERM);
  close(pty);
}

static void attribute_stages(void) {
  bool root = geteuid() == 0;
  struct spawn_rlimit limit = {.resource = 99};
  struct spawn spawn = plain();
  spawn.rlimits = &limit;
  spawn.rlimit_count = 1;
  expect("no such limit", &spawn, STAGE_RLIMIT, EINVAL);
  limit = (struct spawn_rlimit){.resource = RLIMIT_CORE, .soft = 2, .hard = 1};
  expect("a soft limit above the hard one", &spawn, STAGE_RLIMIT, EINVAL);

  spawn = plain();
  spawn.flags |= SPAWN_OOM;
  spawn.oom = 5000;
  expect("an oom score out of range", &spawn, STAGE_OOM, EINVAL);

  spawn = plain();
  spawn.flags |= SPAWN_USER;
  spawn.uid = UINT32_MAX;
  expect("the user that means: as it is", &spawn, STAGE_USER, EINVAL);
  gid_t *many = calloc(65537, sizeof *many);
  spawn = plain();
  spawn.flags |= SPAWN_GROUPS;
  spawn.groups = many;
  spawn.group_count = 65537;
  expect("too many groups", &spawn, STAGE_USER, root ? EINVAL : EPERM);
  free(many);
  if (root) return;
  spawn = plain();
  spawn.flags |= SPAWN_USER;
  expect("becoming root", &spawn, STAGE_USER, EPERM);
  spawn = plain();
  spawn.flags |= SPAWN_NICE;
  /* Below what the test itself has been given. */
  spawn.nice = getpriority(PRIO_PROCESS, 0) - 5;
  expect("less nice", &spawn, STAGE_NICE, EACCES);
  spawn = plain();
  spawn.flags |= SPAWN_OOM;
  spawn.oom = -5;
  expect("a lower oom score", &spawn, STAGE_OOM, EACCES);
}

static void cwd_stage(void) {
  struct spawn spawn = plain();
  spawn.flags |= SPAWN_CWD;
  spawn.cwd = "/nosuch";
  expect("no folder", &spawn, STAGE_CWD, ENOENT);
  spawn.cwd = program;
  expect("not a folder", &spawn, STAGE_CWD, ENOTDIR);
  spawn.cwd = in_folder("loop");
  expect("a loop", &spawn, STAGE_CWD, ELOOP);
  if (geteuid() != 0) {
    spawn.cwd = in_folder("closed");
    CHECK(mkdir(spawn.cwd, 0) == 0, "mkdir");
    expect("a folder that may not be entered", &spawn, STAGE_CWD, EACCES);
  }
}

static void descriptor_stage(void) {
  struct spawn spawn = plain();
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[BLOCK_MAX_FDS];
  uint32_t numbers[BLOCK_MAX_FDS];
  for (uint32_t i = 0; i < BLOCK_MAX_FDS; i++) {
    fds[i] = null;
    numbers[i] = i;
  }
  spawn.fds = fds;
  spawn.numbers = numbers;
  spawn.fd_count = BLOCK_MAX_FDS;
  set_keeper_limit(RLIMIT_NOFILE,
                   300); /* enough for the keeper's pipes, not for 64 copies above the window */
  expect("no room in the child", &spawn, STAGE_DESCRIPTORS, EMFILE);
  set_keeper_limit(RLIMIT_NOFILE, 258);
  expect("no room in the keeper", &spawn, STAGE_DESCRIPTORS, EMFILE);
  set_keeper_limit(RLIMIT_NOFILE, peer.welcome.nofile_hard);
  expect("room again", &spawn, STAGE_NONE, 0);
  close(null);
}

static char *make_file(const char *name, const char *text, mode_t mode) {
  char *path = in_folder(name);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0, "%s",
        path);
  close(fd);
  return path;
}

static void expect_paths(const char *what, const char *const *paths, uint32_t stage, int error) {
  struct spawn spawn = plain();
  spawn.paths = paths;
  expect(what, &spawn, stage, error);
}

static void exec_stage(void) {
  const char *missing = in_folder("missing"), *below_file = in_folder("text/x");
  const char *text = make_file("text", "no program\n", 0644), *odd = make_file("odd", "no program\n", 0755);
  const char *lost = make_file("lost", "#!/nosuch/interpreter\n", 0755), *busy = make_file("busy", "x", 0755);
  char *name = in_folder("a-very-long-name");
  name = realloc(name, 6000);
  memset(name + strlen(folder) + 1, 'n', 5000);
  name[strlen(folder) + 5000] = 0;

  expect_paths("no file", (const char *[]){missing, NULL}, STAGE_EXEC, ENOENT);
  expect_paths("no interpreter", (const char *[]){lost, NULL}, STAGE_EXEC, ENOENT);
  expect_paths("below a file", (const char *[]){below_file, NULL}, STAGE_EXEC, ENOTDIR);
  expect_paths("not executable", (const char *[]){text, NULL}, STAGE_EXEC, EACCES);
  expect_paths("a folder", (const char *[]){folder, NULL}, STAGE_EXEC, EACCES);
  expect_paths("no program", (const char *[]){odd, NULL}, STAGE_EXEC, ENOEXEC);
  expect_paths("a loop", (const char *[]){in_folder("loop"), NULL}, STAGE_EXEC, ELOOP);
  expect_paths("a long name", (const char *[]){name, NULL}, STAGE_EXEC, ENAMETOOLONG);
  expect_paths("an empty name", (const char *[]){"", NULL}, STAGE_EXEC, ENOENT);
  int writer = open(busy, O_WRONLY | O_CLOEXEC);
  expect_paths("being written", (const char *[]){busy, NULL}, STAGE_EXEC, ETXTBSY);
  close(writer);

  expect_paths("the second", (const char *[]){missing, program, NULL}, STAGE_NONE, 0);
  expect_paths("after one that may not be run", (const char *[]){text, missing, program, NULL}, STAGE_NONE,
               0);
  expect_paths("none, one not executable", (const char *[]){text, missing, below_file, NULL}, STAGE_EXEC,
               EACCES);
  expect_paths("none, the last not executable", (const char *[]){missing, text, NULL}, STAGE_EXEC, EACCES);
  expect_paths("none, one below a file", (const char *[]){missing, below_file, NULL}, STAGE_EXEC, ENOENT);
  expect_paths("none, first below a file", (const char *[]){below_file, missing, NULL}, STAGE_EXEC, ENOENT);
  expect_paths("a bad one ends the search", (const char *[]){odd, program, NULL}, STAGE_EXEC, ENOEXEC);

  if (geteuid() != 0) {
    const char *unseen = in_folder("closed/x"); /* as cwd_stage has left it */
    expect_paths("in a folder that may not be looked into", (const char *[]){unseen, NULL}, STAGE_EXEC, EACCES);
    expect_paths("none, one folder may not be looked into", (const char *[]){unseen, missing, NULL}, STAGE_EXEC,
                 ENOENT);
    expect_paths("not executable, behind such a folder", (const char *[]){unseen, text, NULL}, STAGE_EXEC,
                 EACCES);
    expect_paths("the second, behind such a folder", (const char *[]){unseen, program, NULL}, STAGE_NONE, 0);
  }

  char *huge = malloc(200001);
  memset(huge, 'h', 200000);
  huge[200000] = 0;
  struct spawn spawn = plain();
  spawn.argv = (const char *[]){program, huge, NULL};
  expect("an argument of 200 kB", &spawn, STAGE_EXEC, E2BIG);
  free(huge);
}

int main(int argc, char **argv) {
  peer_open();
  CHECK(argc == 3, "%d arguments", argc);
  program = argv[1];
  folder = argv[2];
  CHECK(symlink("loop", in_folder("loop")) == 0, "symlink");
  peer_simple(ASK_READY);
  int open_before = open_files_of((pid_t)peer.welcome.keeper_pid);
  shown[STAGE_REQUEST] = broken_messages(program) + broken_blocks(program);
  unsigned random = random_blocks(program, (unsigned)setting("RANDOM_BLOCKS", 400));
  if (getenv("NO_LIMITS") == NULL) fork_stage(); /* a checker of memory has limits of its own */
  cgroup_stage();
  tty_stage();
  attribute_stages();
  cwd_stage();
  if (getenv("NO_LIMITS") == NULL) descriptor_stage();
  exec_stage();
  for (uint32_t i = 0; i < peer.header->entries_used; i++) CHECK(peer.entries[i].state_word == 0,
                                                                 "entry %u is left", i);
  int open_after = open_files_of((pid_t)peer.welcome.keeper_pid);
  CHECK(open_after == open_before, "%d descriptors, %d before", open_after, open_before);
  print("{\"request\":%u,\"random\":%u,\"fork\":%u,\"cgroup\":%u,\"tty\":%u,\"rlimit\":%u,"
        "\"nice\":%u,\"oom\":%u,\"user\":%u,"
        "\"cwd\":%u,\"descriptors\":%u,\"exec\":%u}",
        shown[STAGE_REQUEST], random, shown[STAGE_FORK], shown[STAGE_CGROUP], shown[STAGE_TTY],
            shown[STAGE_RLIMIT],
        shown[STAGE_NICE], shown[STAGE_OOM], shown[STAGE_USER], shown[STAGE_CWD], shown[STAGE_DESCRIPTORS],
            shown[STAGE_EXEC]);
  peer_end(0);
}
