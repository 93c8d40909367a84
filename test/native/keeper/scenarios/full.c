/*
 * full: every entry of the table taken, the next refused, the lowest free one given out first, and none
 * left at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/peer.h"

#define AT_ONCE 64

static uint64_t spawned, ended, refused_error, freed;

static void told(const struct incoming *in) {
  switch (in->as.head.type) {
    case TELL_SPAWNED: spawned++; break;
    case TELL_DONE: freed++; break;
    case TELL_REFUSED:
      CHECK(in->as.refused.stage == STAGE_REQUEST, "stage %u", in->as.refused.stage);
      refused_error = in->as.refused.error;
      break;
    case TELL_PROCESS: ended += (in->as.process.state_word & 0xff) == ENTRY_EMPTY; break;
  }
}

/* Its exec fails: the cheapest process that there is. */
static void ask(void) {
  static const char *const argv[] = {"/nosuch", NULL};
  static const struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION};
  peer_spawn(&spawn, new_generation());
}

static void give_back(uint32_t index) {
  uint64_t word = peer.entries[index].state_word;
  CHECK((word & 0xff) == ENTRY_EMPTY, "entry %u has state %u", index, (unsigned)(word & 0xff));
  __atomic_store_n(&peer.entries[index].ack_word, word, __ATOMIC_RELEASE);
  struct ask_entry entry = {.generation = word >> 8, .index = index};
  peer_send(ASK_FREE, &entry, sizeof entry, NULL, 0);
}

int main(void) {
  peer_open();
  peer_simple(ASK_READY);
  peer.told = told;
  int open_before = open_files_of((pid_t)peer.welcome.keeper_pid);
  for (uint64_t asked = 0; ended < TABLE_ENTRIES;) {
    for (; asked < TABLE_ENTRIES && asked - ended < AT_ONCE; asked++) ask();
    peer_pump(-1);
  }
  CHECK(spawned == TABLE_ENTRIES && peer.header->entries_used == TABLE_ENTRIES, "%llu spawned",
        (unsigned long long)spawned);
  ask();
  while (refused_error == 0) peer_pump(-1);
  CHECK(refused_error == ENOSPC, "errno %llu", (unsigned long long)refused_error);

  /* What is given back is taken again, the lowest first. */
  static const uint32_t some[] = {9000, 17, 16383};
  for (int i = 0; i < 3; i++) give_back(some[i]);
  while (freed < 3) peer_pump(-1);
  for (int i = 0; i < 3; i++) {
    ask();
    while (ended < TABLE_ENTRIES + (uint64_t)i + 1) peer_pump(-1);
    CHECK(state_at(i == 0 ? 17 : i == 1 ? 9000 : 16383) == ENTRY_EMPTY, "the %d. that is taken", i + 1);
  }
  for (uint32_t i = 0; i < TABLE_ENTRIES; i++) give_back(i);
  while (freed < 3 + TABLE_ENTRIES) peer_pump(-1);
  for (uint32_t i = 0; i < TABLE_ENTRIES; i++) CHECK(peer.entries[i].state_word == 0 &&
                                                     peer.entries[i].pid == 0, "entry %u is left", i);
  int open_after = open_files_of((pid_t)peer.welcome.keeper_pid);
  CHECK(open_after == open_before, "%d descriptors, %d before", open_after, open_before);
  print("{\"entries\":%llu}", (unsigned long long)spawned);
  peer_end(0);
}
