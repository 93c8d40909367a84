/*
 * cost PROGRAM: the time from a spawn request to the message of its end, beside posix_spawn(3) and
 * waitpid(2) of the same program in this process: the median, and the tenth part that was quickest, which
 * a busy machine disturbs less.
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

struct took { double usual_us, quick_us; };

static struct took weigh(uint64_t *took, int count) {
  qsort(took, (size_t)count, sizeof *took, ascending);
  return (struct took){(double)took[count / 2] / 1000, (double)took[count / 10] / 1000};
}

static void report(const char *name, struct took took, struct took floor) {
  print("{\"%s_us\":%.0f,\"%s_ratio\":%.2f,\"quick_us\":%.0f,\"quick_ratio\":%.2f}", name, took.usual_us, name,
        took.usual_us / floor.usual_us, took.quick_us, took.quick_us / floor.quick_us);
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
  const struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION, .tree = tree, .memfd = setting("MEMFD", 0) != 0};
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
  bool cgroups = peer.header->tree_kind == TREE_CGROUP, minders = !cgroups || setting("MINDERS", 1) != 0;
  /* In turn, so that what else the machine does is the same for all. */
  for (int i = 0; i < count; i++) {
    took[0][i] = floor_ns();
    if (cgroups) took[1][i] = keeper_ns(TREE_CGROUP);
    if (minders) took[2][i] = keeper_ns(TREE_MINDER);
  }
  struct took floor = weigh(took[0], count);
  report("floor", floor, floor);
  if (cgroups) report("cgroup", weigh(took[1], count), floor);
  if (minders) report("minder", weigh(took[2], count), floor);
  peer_end(0);
}
