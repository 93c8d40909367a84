/*
 * memory IDLE: $PROCESSES processes at once, and as many kept descriptors. What the keeper needs for
 * them, what a spawn costs beside them, and that nothing of it stays.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/peer.h"

static const char *idle;

/* A line of a file of the keeper in /proc, in KiB. */
static uint64_t kib_of(const char *file, const char *name) {
  char path[64], line[256];
  unsigned long long kib = 0;
  snprintf(path, sizeof path, "/proc/%u/%s", peer.welcome.keeper_pid, file);
  FILE *stream = fopen(path, "re");
  CHECK(stream != NULL, "%s", path);
  while (fgets(line, sizeof line, stream) != NULL)
    if (strncmp(line, name, strlen(name)) == 0) sscanf(line + strlen(name), " %llu", &kib);
  fclose(stream);
  return kib;
}

static uint64_t most_rss, most_pss;
static void weigh(void) {
  uint64_t rss = kib_of("status", "VmRSS:"), pss = kib_of("smaps_rollup", "Pss:");
  if (rss > most_rss) most_rss = rss;
  if (pss > most_pss) most_pss = pss;
}

static uint32_t start_one(void) {
  const char *argv[] = {idle, NULL};
  struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION, .label = "an.ordinary/label"};
  return peer_spawned(&spawn).index;
}

static int ascending(const void *one, const void *other) {
  uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
  return (a > b) - (a < b);
}

#define ROUNDS 50

/* From the request to the message that it runs: the median of some. */
static uint64_t spawn_cost_us(void) {
  uint64_t took[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t began = clock_ns();
    uint32_t index = start_one();
    wait_for_state(index, ENTRY_RUNNING);
    took[i] = clock_ns() - began;
    peer_kill_tree(index);
    wait_for_state(index, ENTRY_EMPTY);
    peer_free(index);
  }
  qsort(took, ROUNDS, sizeof *took, ascending);
  return took[ROUNDS / 2] / 1000;
}

static void keep_and_drop(uint16_t type, uint64_t count) {
  char name[64];
  for (uint64_t i = 0; i < count; i++) {
    int bytes = snprintf(name, sizeof name, "output/%llu/an.ordinary/label", (unsigned long long)i);
    peer_name(type, name, (size_t)bytes, type == ASK_STORE ? STDERR_FILENO : -1, 0, TELL_DONE);
  }
}

int main(int argc, char **argv) {
  peer_open();
  CHECK(argc == 2, "%d arguments", argc);
  idle = argv[1];
  peer_simple(ASK_READY);
  uint64_t count = setting("PROCESSES", 5000), kept = setting("KEPT", 5000);
  int open_before = open_files_of((pid_t)peer.welcome.keeper_pid);
  uint64_t cost_alone = spawn_cost_us();
  uint64_t rss_before = kib_of("status", "VmRSS:");

  keep_and_drop(ASK_STORE, kept);
  uint64_t cost_with_kept = spawn_cost_us();
  uint32_t *indexes = calloc(count, sizeof *indexes);
  for (uint64_t i = 0; i < count; i++) indexes[i] = start_one();
  for (uint64_t i = 0; i < count; i++) wait_for_state(indexes[i], ENTRY_RUNNING);
  uint64_t cost_with_all = spawn_cost_us();
  weigh();
  CHECK(most_rss < setting("MOST_KIB", 3072) && most_pss < setting("MOST_KIB", 3072),
        "the keeper has %llu KiB, its share is %llu KiB",
        (unsigned long long)most_rss, (unsigned long long)most_pss);
  uint64_t began = clock_ns();
  for (uint64_t i = 0; i < count; i++) peer_kill_tree(indexes[i]);
  for (uint64_t i = 0; i < count; i++) wait_for_state(indexes[i], ENTRY_EMPTY);
  uint64_t stopped_ms = (clock_ns() - began) / 1000000;
  for (uint64_t i = 0; i < count; i++) peer_free(indexes[i]);
  keep_and_drop(ASK_DROP, kept);
  while (peer_pump(0)) {
  }
  int open_after = open_files_of((pid_t)peer.welcome.keeper_pid);
  CHECK(open_after == open_before, "%d descriptors, %d before", open_after, open_before);
  print("{\"tree\":%u,\"processes\":%llu,\"rss_before_kib\":%llu,\"rss_kib\":%llu,\"pss_kib\":%llu,"
        "\"spawn_us\":%llu,"
        "\"spawn_with_kept_us\":%llu,\"spawn_with_all_us\":%llu,\"stopped_ms\":%llu}",
        peer.header->tree_kind, (unsigned long long)count, (unsigned long long)rss_before,
            (unsigned long long)most_rss,
        (unsigned long long)most_pss, (unsigned long long)cost_alone, (unsigned long long)cost_with_kept,
        (unsigned long long)cost_with_all, (unsigned long long)stopped_ms);
  peer_end(0);
}
