/*
 * minders DODGER ENDER RECORD: minders are killed, at every moment of their lives; nothing is left over
 * or lost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/tree.h"

static const char *dodger, *ender, *record;

static pid_t minder_of(uint32_t index) {
  pid_t pid = (pid_t)__atomic_load_n(&peer.entries[index].minder_pid, __ATOMIC_RELAXED);
  CHECK(pid > 0, "entry %u has no minder", index);
  return pid;
}

static void expect_lost(uint32_t index, uint32_t kind, uint32_t status) {
  const struct table_entry *entry = &peer.entries[index];
  CHECK(entry->facts == FACT_MINDER_LOST, "facts %u", entry->facts);
  CHECK(entry->exit_kind == kind && entry->exit_status == status, "ended with kind %u, status %u",
        entry->exit_kind, entry->exit_status);
  CHECK(entry->maxrss_kib > 0 && entry->ended_ns > entry->started_ns, "no resource usage");
}

static void killed_alone(void) {
  struct tree tree = tree_start(dodger, "stay", TREE_MINDER),
      neighbour = tree_start(dodger, "stay", TREE_MINDER);
  tree_await(&tree, FAMILY);
  tree_await(&neighbour, FAMILY);
  kill(minder_of(tree.index), SIGKILL);
  wait_for_state(tree.index, ENTRY_EMPTY);
  expect_lost(tree.index, 2, SIGKILL);
  CHECK(peer.entries[tree.index].minder_pid == 0, "its minder's pid may be anyone's by now");
  tree_end(&tree);
  tree_await_count(&neighbour, FAMILY); /* it was not touched */
  peer_kill_tree(neighbour.index);
  wait_for_state(neighbour.index, ENTRY_EMPTY);
  tree_end(&neighbour);
}

/* With main already gone, and with a tree that keeps moving. */
static void killed_later(void) {
  struct tree tree = tree_start(dodger, "leave", TREE_MINDER);
  wait_for_state(tree.index, ENTRY_EXITED);
  tree_await(&tree, FAMILY);
  kill(minder_of(tree.index), SIGKILL);
  wait_for_state(tree.index, ENTRY_EMPTY);
  expect_lost(tree.index, 1, 3);
  tree_end(&tree);
  static const char *const moving[] = {"hop", "bomb"};
  for (int i = 0; i < 2; i++) {
    tree = tree_start(dodger, moving[i], TREE_MINDER);
    tree_await(&tree, 40);
    kill(minder_of(tree.index), SIGKILL);
    wait_for_state(tree.index, ENTRY_EMPTY);
    tree_end(&tree);
  }
}

static char state_of_process(pid_t pid) {
  char path[64], text[512] = {0};
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  char *at = got > 0 ? strrchr(text, ')') : NULL;
  return at == NULL ? 0 : at[2];
}

/* It dies between the main process's end and its own word of it: the code is exact all the same. */
static void killed_before_it_could_tell(void) {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe");
  const char *argv[] = {ender, "0", "42", "/dev/null", "0", NULL};
  static const uint32_t numbers[] = {0};
  struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION, .fds = ends, .numbers = numbers, .fd_count = 1,
                        .tree = TREE_MINDER};
  struct tell_spawned spawned = peer_spawned(&spawn);
  wait_for_state(spawned.index, ENTRY_RUNNING);
  pid_t minder = minder_of(spawned.index);
  kill(minder, SIGSTOP);
  while (state_of_process(minder) != 'T') usleep(500);
  close(ends[0]);
  close(ends[1]);
  while (state_of_process((pid_t)spawned.pid) != 'Z') usleep(500);
  CHECK(state_at(spawned.index) == ENTRY_RUNNING, "who has told of it?");
  kill(minder, SIGKILL);
  wait_for_state(spawned.index, ENTRY_EMPTY);
  expect_lost(spawned.index, 1, 42);
  peer_free(spawned.index);
}

/* A minder that is stopped can tell nothing; whoever kills its tree wakes it. */
static void stopped(void) {
  struct tree tree = tree_start(dodger, "stay", TREE_MINDER);
  tree_await(&tree, FAMILY);
  pid_t minder = minder_of(tree.index);
  kill(minder, SIGSTOP);
  while (state_of_process(minder) != 'T') usleep(500);
  peer_kill_tree(tree.index);
  wait_for_state(tree.index, ENTRY_EMPTY);
  CHECK(peer.entries[tree.index].facts == 0, "facts %u", peer.entries[tree.index].facts);
  tree_end(&tree);
}

static void all_at_once(void) {
  enum { MOST = 400 };
  static struct tree trees[MOST];
  int count = (int)setting("MINDERS", 100);
  CHECK(count <= MOST, "%d minders", count);
  for (int i = 0; i < count; i++) trees[i] = tree_start(dodger, "stay", TREE_MINDER);
  for (int i = 0; i < count; i++) tree_await(&trees[i], FAMILY);
  bool cgroups = peer.header->tree_kind == TREE_CGROUP;
  struct tree neighbour;
  if (cgroups) {
    neighbour = tree_start(dodger, "leave", TREE_CGROUP);
    tree_await(&neighbour, FAMILY);
  }
  for (int i = 0; i < count; i++) kill(minder_of(trees[i].index), SIGKILL);
  for (int i = 0; i < count; i++) {
    wait_for_state(trees[i].index, ENTRY_EMPTY);
    expect_lost(trees[i].index, 2, SIGKILL);
    tree_end(&trees[i]);
  }
  if (!cgroups) return;
  tree_await_count(&neighbour, FAMILY - 1); /* orphans of a cgroup fall to the keeper too, and are spared */
  peer_kill_tree(neighbour.index);
  wait_for_state(neighbour.index, ENTRY_EMPTY);
  tree_end(&neighbour);
}

/* ---- killed at any moment, even before there is a main process ------------------------------- */

/* Kills the keeper's children but ourselves, at about half of the times that it sees any. */
static void __attribute__((noreturn)) hunt(pid_t spared) {
  char path[64], text[65536];
  snprintf(path, sizeof path, "/proc/%u/task/%u/children", peer.welcome.keeper_pid, peer.welcome.keeper_pid);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    close(fd);
    text[got > 0 ? got : 0] = 0;
    for (char *at = strtok(text, " "); at != NULL; at = strtok(NULL, " ")) {
      pid_t pid = (pid_t)atoi(at);
      if (pid > 0 && pid != spared && below(2) == 0) kill(pid, SIGKILL);
      for (uint64_t turns = below(200); turns > 0; turns--) __asm__ volatile("");
    }
  }
}

static unsigned hunted_refused, hunted_lost, hunted_well;

static void check_hunted(uint32_t index) {
  const struct table_entry *entry = &peer.entries[index];
  wait_for_state(index, ENTRY_EMPTY);
  bool well = entry->exit_kind == 1 && entry->exit_status == 9 && entry->exec_stage == STAGE_NONE;
  bool killed = entry->exit_kind == 2 && entry->exit_status == SIGKILL;
  CHECK(entry->pid != 0 && entry->start_ticks != 0 && (well || killed),
        "kind %u, status %u, stage %u, errno %u", entry->exit_kind,
        entry->exit_status, entry->exec_stage, entry->exec_errno);
  if (entry->facts != 0) hunted_lost++;
  else if (well) hunted_well++;
  else CHECK(false, "killed without a fact");
  peer_free(index);
}

static int count_records(int serial, unsigned pid) {
  FILE *file = fopen(record, "re");
  int found = 0, of, by;
  while (file != NULL && fscanf(file, "%d %d", &of, &by) == 2) found += of == serial &&
      (pid == 0 || by == (int)pid);
  if (file != NULL) fclose(file);
  return found;
}

static void hunted(void) {
  int alive[2], total = (int)setting("HUNTED", 1500);
  static int refused_serials[100000];
  int refused = 0;
  CHECK(total <= 100000 && pipe2(alive, O_CLOEXEC) == 0, "pipe");
  pid_t self = getpid(), hunter = fork();
  CHECK(hunter >= 0, "fork");
  if (hunter == 0) hunt(self);
  for (int i = 1; i <= total; i++) {
    char serial[16];
    snprintf(serial, sizeof serial, "%d", i);
    const char *argv[] = {ender, "0", "9", record, serial, NULL};
    static const uint32_t numbers[] = {10};
    struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION, .fds = &alive[1], .numbers = numbers,
                          .fd_count = 1, .tree = TREE_MINDER};
    struct incoming in;
    peer_wait(peer_spawn(&spawn, new_generation()), &in);
    if (in.as.head.type == TELL_SPAWNED) {
      CHECK(in.as.spawned.pid != 0 && in.as.spawned.start_ticks != 0, "pid or start of an answer");
      check_hunted(in.as.spawned.index);
      continue;
    }
    CHECK(in.as.refused.stage == STAGE_FORK && in.as.refused.error == ECHILD, "stage %u errno %u",
          in.as.refused.stage, in.as.refused.error);
    hunted_refused++;
    refused_serials[refused++] = i;
  }
  kill(hunter, SIGKILL);
  CHECK(waitpid(hunter, NULL, 0) == hunter, "waitpid");
  for (int i = 0; i < refused; i++) CHECK(count_records(refused_serials[i], 0) == 0,
                                          "spawn %d was refused, and ran", refused_serials[i]);
  close(alive[1]);
  struct pollfd end = {.fd = alive[0]};
  CHECK(poll(&end, 1, 0) == 1 && (end.revents & POLLHUP), "something is left over");
  close(alive[0]);
}

int main(int argc, char **argv) {
  peer_open();
  CHECK(argc == 4, "%d arguments", argc);
  dodger = argv[1];
  ender = argv[2];
  record = argv[3];
  peer_simple(ASK_READY);
  int open_before = open_files_of((pid_t)peer.welcome.keeper_pid);
  killed_alone();
  killed_later();
  killed_before_it_could_tell();
  stopped();
  all_at_once();
  hunted();
  while (peer_pump(0)) {
  }
  for (uint32_t i = 0; i < peer.header->entries_used; i++) CHECK(peer.entries[i].state_word == 0,
                                                                 "entry %u is left", i);
  int open_after = open_files_of((pid_t)peer.welcome.keeper_pid);
  CHECK(open_after == open_before, "%d descriptors, %d before", open_after, open_before);
  print("{\"refused\":%u,\"lost\":%u,\"well\":%u}", hunted_refused, hunted_lost, hunted_well);
  peer_end(0);
}
