/*
 * The table that an earlier keeper left: each entry is compared with the kernel. What is the same process
 * (pid and start time) goes on under its generation and is followed; a pid that is another's by now, or
 * nobody's, has ended, and is never touched. What was on its way is found in its cgroup or by its minder.
 */
#include <errno.h>
#include <string.h>

#include "keeper.h"

static uint32_t same, ended;

static const struct rusage unknown_usage;

/* A place that is free, or was being given back, or was taken for what had not begun. */
static void clear(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  memset(entry, 0, sizeof *entry);
  memset(&slots[index], 0, sizeof slots[index]);
}

static void take(uint32_t index, uint64_t generation) {
  table_mark(index);
  slots[index].generation = generation;
}

/*
 * A spawn into a cgroup that was not published: the keeper died between making the child and saying so. The
 * first process of that cgroup is the one.
 */
static void adopt_unborn(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  pid_t first = cgroup_first(index);
  uint64_t start = 0;
  bool lives = first > 0 && proc_stat(first, NULL, &start, NULL) && (entry->pid == 0 || entry->pid == (uint32_t)first);
  keeper.alive++;
  if (entry->started_ns == 0) entry->started_ns = now_ns();
  if (lives) {
    entry->pid = (uint32_t)first;
    entry->start_ticks = start;
    publish(index, ENTRY_STARTING);
    follow_begin(index);
    same++;
  } else if (first > 0 || entry->pid != 0 || entry->exec_stage != STAGE_NONE) {
    ended++;
    main_ended(index, 0, 0, &unknown_usage);
    if (first > 0) tree_kill(index);
  } else {
    cgroup_remove(index);
    refuse_spawn(index, STAGE_FORK, ECHILD);
  }
}

static void adopt_unpublished(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  uint64_t generation = entry->minder_word >> 8;
  bool begun = generation != 0 && generation <= keeper.header->last_generation;
  /* It was being given back when the keeper died: archond knows its end. */
  bool over = entry->ack_word == (generation << 8 | ENTRY_EMPTY);
  bool below_minder = begun && !over && entry->tree_kind == TREE_MINDER && !minder_take_back(entry, generation);
  if (!begun || over || (entry->tree_kind != TREE_CGROUP && !below_minder)) {
    clear(index);
    return;
  }
  take(index, generation);
  if (entry->tree_kind == TREE_CGROUP) {
    adopt_unborn(index);
    return;
  }
  keeper.alive++;
  follow_begin(index);
}

static void adopt(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  enum entry_state state = state_of(index);
  if (state == ENTRY_FREE) {
    adopt_unpublished(index);
    return;
  }
  take(index, entry->state_word >> 8);
  if (state == ENTRY_EMPTY) return;
  keeper.alive++;
  follow_begin(index);
  if (follow_holds_main(index)) same++;
  else ended++;
}

void adopt_entries(void) {
  uint32_t before = keeper.header->keeper_pid;
  for (uint32_t index = 0; index < keeper.header->entries_used; index++) adopt(index);
  /* What has ended meanwhile is in the table before anybody reads it, and not a moment later. */
  follow_work(now_ns());
  keeper.header->keeper_pid = (uint32_t)keeper.pid;
  uint64_t start = 0;
  proc_stat(keeper.pid, NULL, &start, NULL);
  keeper.header->keeper_start = start;
  say("took over from keeper %u: %u processes go on, %u have ended meanwhile", before, same, ended);
}
