#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "tree.h"

struct tree tree_start(const char *dodger, const char *how, uint32_t kind) {
  int alive[2], there[2], gate[2];
  CHECK(pipe2(alive, O_CLOEXEC) == 0 && pipe2(there, O_CLOEXEC) == 0 && pipe2(gate, O_CLOEXEC) == 0, "pipes");
  CHECK(fcntl(there[0], F_SETFL, O_NONBLOCK) == 0, "fcntl");
  const int fds[] = {alive[1], there[1], gate[0]};
  static const uint32_t numbers[] = {10, 11, 12};
  const char *argv[] = {dodger, how, NULL}, *env[] = {"LEFT=1", NULL};
  struct spawn spawn = {.argv = argv, .env = env, .flags = SPAWN_SESSION, .fds = fds, .numbers = numbers,
                        .fd_count = 3, .tree = kind};
  struct tree tree = {.alive = alive[0], .there = there[0], .gate = gate[1]};
  tree.index = peer_spawned(&spawn).index;
  close(alive[1]);
  close(there[1]);
  close(gate[0]);
  return tree;
}

void tree_await(const struct tree *tree, int bytes) {
  while (bytes > 0) {
    struct pollfd ready = {.fd = tree->there, .events = POLLIN};
    CHECK(poll(&ready, 1, 30000) == 1, "%d processes of the tree never came", bytes);
    char some[64];
    ssize_t got = read(tree->there, some, bytes < 64 ? (size_t)bytes : 64);
    CHECK(got > 0, "the tree has ended, %d are missing", bytes);
    bytes -= (int)got;
  }
}

void tree_await_count(const struct tree *tree, uint64_t count) {
  uint64_t until = clock_ns() + 30000000000u, now;
  while ((now = peer_signal(tree->index, 0, SCOPE_TREE, TELL_DONE).as.done.value) != count)
    CHECK(clock_ns() < until, "%llu processes, not %llu", (unsigned long long)now, (unsigned long long)count);
}

int tree_answers(const struct tree *tree, char *out, int room) {
  ssize_t got = read(tree->there, out, (size_t)room);
  return got > 0 ? (int)got : 0;
}

bool tree_is_gone(const struct tree *tree) {
  struct pollfd end = {.fd = tree->alive};
  return poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
}

void tree_end(struct tree *tree) {
  CHECK(state_at(tree->index) == ENTRY_EMPTY, "state %d", state_at(tree->index));
  CHECK(tree_is_gone(tree), "the tree is called empty, and is not");
  close(tree->alive);
  close(tree->there);
  if (tree->gate >= 0) close(tree->gate);
  peer_free(tree->index);
}
