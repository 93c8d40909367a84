/* trees DODGER: trees of each kind that this machine has, emptied wholly, neighbours left alone. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../lib/tree.h"

static const char *dodger;

static void expect_end(const struct tree *tree, uint32_t kind, uint32_t status) {
  const struct table_entry *entry = &peer.entries[tree->index];
  CHECK(entry->exit_kind == kind && entry->exit_status == status, "ended with kind %u, status %u",
        entry->exit_kind, entry->exit_status);
  CHECK(entry->facts == 0, "facts %u", entry->facts);
}

/* It is killed to the last process, whatever it did; a neighbour that did the same is untouched. */
static void emptied(uint32_t kind) {
  struct tree tree = tree_start(dodger, "stay", kind), neighbour = tree_start(dodger, "stay", kind);
  tree_await(&tree, FAMILY);
  tree_await(&neighbour, FAMILY);
  tree_await_count(&tree, FAMILY);
  uint64_t reached = peer_signal(tree.index, SIGTERM, SCOPE_TREE, TELL_DONE).as.done.value;
  CHECK(reached == FAMILY, "%llu processes", (unsigned long long)reached);
  tree_await_count(&tree, FAMILY);
  CHECK(state_at(tree.index) == ENTRY_RUNNING, "they were deaf to SIGTERM");

  peer_signal(tree.index, SIGKILL, SCOPE_MAIN, TELL_DONE);
  wait_for_state(tree.index, ENTRY_EXITED);
  expect_end(&tree, 2, SIGKILL);
  tree_await_count(&tree, FAMILY - 1);
  CHECK(state_at(tree.index) == ENTRY_EXITED && !tree_is_gone(&tree), "only the main one is gone");
  struct incoming refused = peer_signal(tree.index, SIGKILL, SCOPE_GROUP, TELL_REFUSED);
  CHECK(refused.as.refused.error == ESRCH, "errno %u", refused.as.refused.error);

  peer_kill_tree(tree.index);
  wait_for_state(tree.index, ENTRY_EMPTY);
  CHECK(peer_signal(tree.index, SIGKILL, SCOPE_TREE, TELL_DONE).as.done.value == 0,
        "nobody is left to signal");
  tree_await_count(&neighbour, FAMILY);
  tree_end(&tree);
  peer_kill_tree(neighbour.index);
  wait_for_state(neighbour.index, ENTRY_EMPTY);
  expect_end(&neighbour, 2, SIGKILL);
  tree_end(&neighbour);
}

static void left_behind(uint32_t kind) {
  struct tree tree = tree_start(dodger, "leave", kind);
  tree_await(&tree, FAMILY);
  wait_for_state(tree.index, ENTRY_EXITED);
  expect_end(&tree, 1, 3);
  tree_await_count(&tree, FAMILY - 1);
  CHECK(state_at(tree.index) == ENTRY_EXITED, "the others live");
  peer_kill_tree(tree.index);
  wait_for_state(tree.index, ENTRY_EMPTY);
  expect_end(&tree, 1, 3);
  tree_end(&tree);
}

static void moving(uint32_t kind, const char *how, int processes) {
  struct tree tree = tree_start(dodger, how, kind);
  tree_await(&tree, processes);
  peer_kill_tree(tree.index);
  wait_for_state(tree.index, ENTRY_EMPTY);
  tree_end(&tree);
}

/* An orphan ends by itself: its tree is empty then, and its end is in the ring. */
static void orphan(uint32_t kind) {
  struct tree tree = tree_start(dodger, "brief", kind);
  wait_for_state(tree.index, ENTRY_EXITED);
  expect_end(&tree, 1, 5);
  int pid = 0;
  while (tree_answers(&tree, (char *)&pid, sizeof pid) == 0) usleep(1000);
  CHECK(state_at(tree.index) == ENTRY_EXITED, "its orphan lives");
  close(tree.gate);
  tree.gate = -1;
  wait_for_state(tree.index, ENTRY_EMPTY);
  /* A cgroup is empty when its last process has ended, which may be before that is reaped. */
  const struct ring_record *record = NULL;
  for (int tries = 0; record == NULL && tries < 10000; tries++) {
    for (uint64_t at = peer.header->ring_next - 1; at > 0 && record == NULL; at--)
      if (peer.ring[at % TABLE_RING].pid == (uint32_t)pid) record = &peer.ring[at % TABLE_RING];
    if (record == NULL) usleep(1000);
  }
  CHECK(record != NULL && record->exit_kind == 1 && record->exit_status == 33 && record->maxrss_kib > 0,
        "the end of the orphan %d", pid);
  uint64_t tree_of = kind == TREE_MINDER ? generation_at(tree.index) : 0;
  CHECK(record->parent_tree >> 8 == tree_of && record->ended_ns > 0, "its tree is %llx",
        (unsigned long long)record->parent_tree);
  tree_end(&tree);
}

/* Who answers a SIGUSR1 of this scope. A SIGUSR2 to all comes after it, so that nothing can be missing. */
static void expect_scope(const struct tree *tree, enum signal_scope scope, uint64_t count,
                         const char *small) {
  uint64_t sent = peer_signal(tree->index, SIGUSR1, scope, TELL_DONE).as.done.value;
  CHECK(sent == count, "%llu signalled", (unsigned long long)sent);
  CHECK(peer_signal(tree->index, SIGUSR2, SCOPE_TREE, TELL_DONE).as.done.value == 3, "three signalled");
  char seen[16];
  int got = 0, capitals = 0;
  while (capitals < 3) {
    int more = tree_answers(tree, seen + got, 12 - got);
    for (int i = got; i < got + more; i++) capitals += seen[i] < 'a';
    got += more;
    if (more == 0) usleep(500);
  }
  CHECK(got == 3 + (int)strlen(small), "%d answers: %.*s", got, got, seen);
  for (const char *at = small; *at != 0; at++) CHECK(memchr(seen, *at, (size_t)got) != NULL, "no %c in %.*s",
                                                     *at, got, seen);
}

static void scopes(uint32_t kind) {
  struct tree tree = tree_start(dodger, "scopes", kind);
  tree_await(&tree, 3);
  expect_scope(&tree, SCOPE_MAIN, 1, "m");
  expect_scope(&tree, SCOPE_GROUP, 1, "mg");
  expect_scope(&tree, SCOPE_TREE, 3, "mgs");
  peer_kill_tree(tree.index);
  wait_for_state(tree.index, ENTRY_EMPTY);
  tree_end(&tree);
}

int main(int argc, char **argv) {
  peer_open();
  CHECK(argc == 2, "%d arguments", argc);
  dodger = argv[1];
  peer_simple(ASK_READY);
  int open_before = open_files_of((pid_t)peer.welcome.keeper_pid);
  int kinds = 0;
  for (uint32_t kind = TREE_CGROUP; kind <= TREE_MINDER; kind++) {
    if (kind == TREE_CGROUP && peer.header->tree_kind != TREE_CGROUP) continue;
    kinds++;
    emptied(kind);
    left_behind(kind);
    for (uint64_t i = setting("MOVING", 5); i > 0; i--) {
      moving(kind, "hop", 40);
      moving(kind, "bomb", 300);
    }
    orphan(kind);
    scopes(kind);
  }
  while (peer_pump(0)) {
  }
  int open_after = open_files_of((pid_t)peer.welcome.keeper_pid);
  CHECK(open_after == open_before, "%d descriptors, %d before", open_after, open_before);
  print("{\"kinds\":%d}", kinds);
  peer_end(0);
}
