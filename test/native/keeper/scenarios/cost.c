/*
 * cost PROGRAM: the median time from a spawn request to the message of its end, beside posix_spawn(3)
 * and waitpid(2) of the same program in this process.
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/peer.h"

#define MOST 10000

static int ascending(const void *one, const void *other) {
  uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
  return (a > b) - (a < b);
}

static double median_us(uint64_t *took, int count) {
  qsort(took, (size_t)count, sizeof *took, ascending);
  return (double)took[count / 2] / 1000;
}

static char *program;
static uint64_t floor_ns(void) {
  char *argv[] = {program, NULL}, *env[] = {NULL};
  pid_t pid;
  int status;
  uint64_t began = clock_ns();
  CHECK(posix_spawn(&pid, program, NULL, NULL, argv, env) == 0 && waitpid(pid, &status, 0) == pid,
        "posix_spawn");
  return clock_ns() - began;
}

static uint32_t ended_index;
static bool ended;
static void told(const struct incoming *in) {
  if (in->as.head.type != TELL_PROCESS || (in->as.process.state_word & 0xff) < ENTRY_EXITED) return;
  ended = true;
  ended_index = in->as.process.index;
}

static uint64_t keeper_ns(uint32_t tree) {
  const char *argv[] = {program, NULL};
  const struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION, .tree = tree};
  ended = false;
  uint64_t began = clock_ns();
  peer_spawn(&spawn, new_generation());
  while (!ended) peer_pump(-1);
  uint64_t took = clock_ns() - began;
  wait_for_state(ended_index, ENTRY_EMPTY);
  peer_free(ended_index);
  return took;
}

int main(int argc, char **argv) {
  peer_open();
  CHECK(argc == 2, "%d arguments", argc);
  program = argv[1];
  peer.told = told;
  peer_simple(ASK_READY);
  static uint64_t took[3][MOST];
  int count = (int)setting("ROUNDS", 1000);
  bool cgroups = peer.header->tree_kind == TREE_CGROUP;
  /* In turn, so that what else the machine does is the same for all. */
  for (int i = 0; i < count; i++) {
    took[0][i] = floor_ns();
    if (cgroups) took[1][i] = keeper_ns(TREE_CGROUP);
    took[2][i] = keeper_ns(TREE_MINDER);
  }
  double floor = median_us(took[0], count), cgroup = median_us(took[1], count),
      minder = median_us(took[2], count);
  print("{\"floor_us\":%.0f,\"cgroup_us\":%.0f,\"minder_us\":%.0f,"
        "\"cgroup_ratio\":%.2f,\"minder_ratio\":%.2f}", floor, cgroup, minder,
        cgroup / floor, minder / floor);
  peer_end(0);
}
