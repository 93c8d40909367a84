/*
 * ready [DODGER]: says that it is ready, runs two trees of DODGER, keeps a descriptor, and waits for
 * SIGTERM; then has the keeper quit with code 5. Prints where the cgroups are.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "../lib/tree.h"

static bool ended;

static void told(const struct incoming *in) {
  if (in->as.head.type == TELL_SIGNAL && in->as.signal.signal == SIGTERM) ended = true;
}

int main(int argc, char **argv) {
  peer_open();
  peer.told = told;
  if (argc > 1) {
    for (uint32_t kind = TREE_ANY; kind <= TREE_MINDER; kind += TREE_MINDER) {
      struct tree tree = tree_start(argv[1], "stay", kind);
      tree_await(&tree, FAMILY);
    }
    peer_name(ASK_STORE, "kept", 4, STDERR_FILENO, 0, TELL_DONE);
  }
  print("{\"keeper\":%u,\"cgroup_root\":\"%s\"}", peer.welcome.keeper_pid, peer.header->cgroup_root);
  peer_simple(ASK_READY);
  while (!ended) peer_pump(-1);
  peer_end(5);
}
