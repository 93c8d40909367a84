/*
 * held ENDER RECORD [RUNTIME]: children that are held up on their way to exec, as by a disk that hangs. The
 * cgroup that was made beforehand for the next generation is frozen: what is born into it stands still
 * before it has done anything. With RUNTIME the keeper is killed over them, and what it leaves is removed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/peer.h"

#define CROWD 150 /* more than the keeper has flights */

static const char *ender, *record;

struct held {
  uint32_t index;
  uint64_t generation;
  int serial;
};

static void write_to(const char *folder, uint64_t generation, const char *file, const char *text) {
  char path[700];
  snprintf(path, sizeof path, "%s/%llu/%s", folder, (unsigned long long)generation, file);
  int fd;
  /* Made by the keeper as soon as it has nothing else to do. */
  while ((fd = open(path, O_WRONLY | O_CLOEXEC)) < 0) {
    CHECK(errno == ENOENT, "opening %s", path);
    peer_pump(1);
  }
  CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "writing %s", path);
  close(fd);
}

static void thaw(const struct held *held) {
  write_to(peer.header->cgroup_root, held->generation, "cgroup.freeze", "0");
}

/* It has descriptors with it that the keeper must not close before it is loose. */
static struct held hold(int serial, int alive) {
  char number[16];
  snprintf(number, sizeof number, "%d", serial);
  const char *argv[] = {ender, "0", "7", record, number, NULL}, *env[] = {"A=1", "B=2", NULL};
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[] = {null, null, null, alive};
  static const uint32_t numbers[] = {0, 1, 2, 9};
  struct spawn spawn = {.argv = argv, .env = env, .fds = fds, .numbers = numbers, .fd_count = 4,
                        .flags = SPAWN_SESSION | SPAWN_CWD, .cwd = "/", .tree = TREE_CGROUP};
  struct held held = {.generation = new_generation(), .serial = serial};
  write_to(peer.header->cgroup_root, held.generation, "cgroup.freeze", "1");
  struct incoming in;
  /* Told of although its exec is not over, and will not be. */
  peer_wait(peer_spawn(&spawn, held.generation), &in);
  CHECK(in.as.head.type == TELL_SPAWNED, "answered by %u, errno %u", in.as.head.type, in.as.refused.error);
  held.index = in.as.spawned.index;
  close(null);
  CHECK(state_at(held.index) == ENTRY_STARTING, "state %u", state_at(held.index));
  return held;
}

static void expect_end(const struct held *held, uint32_t kind, uint32_t status) {
  wait_for_state(held->index, ENTRY_EMPTY);
  const struct table_entry *entry = &peer.entries[held->index];
  bool dumped = kind == CLD_KILLED && entry->exit_kind == CLD_DUMPED;
  CHECK((entry->exit_kind == kind || dumped) && entry->exit_status == status && entry->exec_stage == STAGE_NONE,
        "kind %u, status %u, stage %u", entry->exit_kind, entry->exit_status, entry->exec_stage);
  peer_free(held->index);
}

static void expect_service(void) {
  const char *argv[] = {ender, "0", "3", NULL};
  struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION, .tree = TREE_CGROUP};
  struct held other = {.index = peer_spawned(&spawn).index};
  expect_end(&other, CLD_EXITED, 3);
}

/* How many of the lines of the record are of these children, each with the pid that the keeper knows. */
static int recorded(const uint32_t *pids, int count) {
  FILE *file = fopen(record, "re");
  int found = 0, serial, pid;
  if (file == NULL) return 0;
  while (fscanf(file, "%d %d\n", &serial, &pid) == 2) {
    CHECK(serial >= 0 && serial < count && pids[serial] == (uint32_t)pid, "a record of %d by %d", serial, pid);
    found++;
  }
  fclose(file);
  return found;
}

static void one_by_one(void) {
  struct held held = hold(0, STDERR_FILENO);
  expect_service();
  /* Blocked until just before the exec; it may leave a core dump, which is to be its own affair. */
  peer_signal(held.index, SIGQUIT, SCOPE_MAIN, TELL_DONE);
  thaw(&held);
  expect_end(&held, CLD_KILLED, SIGQUIT);
  expect_service();
  held = hold(0, STDERR_FILENO);
  peer_kill_tree(held.index);
  expect_end(&held, CLD_KILLED, SIGKILL);
  expect_service();
}

static void crowd(void) {
  static struct held all[CROWD];
  static uint32_t pids[CROWD];
  int alive[2];
  CHECK(pipe2(alive, O_CLOEXEC) == 0, "pipe");
  for (int i = 0; i < CROWD; i++) {
    all[i] = hold(i, alive[1]);
    pids[i] = peer.entries[all[i].index].pid;
  }
  close(alive[1]);
  expect_service();
  for (int i = 1; i < CROWD; i += 2) thaw(&all[i]);
  for (int i = 1; i < CROWD; i += 2) expect_end(&all[i], CLD_EXITED, 7);
  for (int i = 0; i < CROWD; i += 2) peer_kill_tree(all[i].index);
  for (int i = 0; i < CROWD; i += 2) expect_end(&all[i], CLD_KILLED, SIGKILL);
  CHECK(recorded(pids, CROWD) == CROWD / 2, "%d records", recorded(pids, CROWD));
  char byte;
  CHECK(read(alive[0], &byte, 1) == 0, "somebody still holds what was passed");
  close(alive[0]);
  expect_service();
}

/* The folders of the cgroups, this process's own among them, and the files in the runtime folder. */
static void remove_all(const char *root, const char *runtime) {
  char path[700], parent[600], pid[16];
  snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(root, '/') - root), root);
  snprintf(path, sizeof path, "%s/cgroup.procs", parent);
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  CHECK(fd >= 0 && write(fd, pid, strlen(pid)) > 0, "leaving the keeper's cgroup");
  close(fd);
  DIR *folder = opendir(root);
  CHECK(folder != NULL, "%s", root);
  for (struct dirent *item; (item = readdir(folder)) != NULL;)
    if (item->d_type == DT_DIR && item->d_name[0] != '.')
      while (unlinkat(dirfd(folder), item->d_name, AT_REMOVEDIR) != 0) CHECK(errno == EBUSY, "%s", item->d_name);
  closedir(folder);
  CHECK(rmdir(root) == 0, "%s", root);
  static const char *const files[] = {"table", "lock"};
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", runtime, files[i]);
    CHECK(unlink(path) == 0, "%s", path);
  }
}

static void keeper_killed(const char *runtime) {
  struct held all[10];
  uint32_t pids[10];
  char root[512], byte;
  int alive[2];
  CHECK(pipe2(alive, O_CLOEXEC) == 0, "pipe");
  for (int i = 0; i < 10; i++) {
    all[i] = hold(i, alive[1]);
    pids[i] = peer.entries[all[i].index].pid;
  }
  close(alive[1]);
  memcpy(root, peer.header->cgroup_root, sizeof root);
  /* Not by the end of the channel: children that are not loose have it open too. */
  struct pollfd keeper = {.fd = (int)syscall(SYS_pidfd_open, peer.welcome.keeper_pid, 0), .events = POLLIN};
  CHECK(keeper.fd >= 0 && kill((pid_t)peer.welcome.keeper_pid, SIGKILL) == 0, "killing the keeper");
  CHECK(poll(&keeper, 1, -1) == 1, "its end");
  for (int i = 0; i < 10; i++) thaw(&all[i]);
  CHECK(read(alive[0], &byte, 1) == 0, "the end of all");
  CHECK(recorded(pids, 10) == 10, "%d records", recorded(pids, 10));
  remove_all(root, runtime);
  print("{\"share\":%u,\"ran\":10}", peer.header->child_share);
}

int main(int argc, char **argv) {
  peer_open();
  CHECK(argc == 3 || argc == 4, "%d arguments", argc);
  ender = argv[1];
  record = argv[2];
  peer_simple(ASK_READY);
  expect_service();
  if (argc == 4) {
    keeper_killed(argv[3]);
    return 0;
  }
  int open_before = open_files_of((pid_t)peer.welcome.keeper_pid);
  one_by_one();
  crowd();
  int open_after = open_files_of((pid_t)peer.welcome.keeper_pid);
  CHECK(open_after == open_before, "%d descriptors, %d before", open_after, open_before);
  print("{\"share\":%u,\"held\":%d}", peer.header->child_share, CROWD);
  peer_end(0);
}
