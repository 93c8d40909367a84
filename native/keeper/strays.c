/*
 * Strays: what hung below a minder that was killed. It has fallen to the keeper, where nothing tells
 * whose it was; so all of it is killed, until the keeper has no child left that it does not know.
 * That proves the trees of all lost minders empty at once.
 */
#include <errno.h>

#include "keeper.h"

#define MS 1000000ull
#define LONGEST_MS 500u

static uint32_t lost; /* index + 1 of the first entry whose minder died */
static uint64_t sweep_at_ns = UINT64_MAX;
static uint32_t distance_ms;
static uint64_t swept_ticks; /* clock ticks after boot at the last sweep */

void strays_add(uint32_t index) {
  if (slots[index].flags & SLOT_STRAYS) return;
  tree_forget(index);
  slots[index].flags |= SLOT_STRAYS;
  slots[index].next_work = lost;
  lost = index + 1;
  /* Not swept here: when many minders die at once, one sweep is for all of them. */
  sweep_at_ns = 0;
  distance_ms = 1;
}

/*
 * Not touched: archond, what was there before the keeper, what is in a cgroup of its own, and
 * children of ours whose entry has not lost its minder.
 */
static bool is_stray(pid_t pid) {
  if (pid == keeper.archond) return false;
  int index = pids_find(pid);
  if (index >= 0) return (slots[index].flags & SLOT_STRAYS) != 0;
  return !initial_child(pid) && !cgroup_holds(pid);
}

/* Nothing is left: each tree is empty, and its main process, a child of ours at last, has been reaped. */
static void finish(void) {
  uint32_t *link = &lost;
  while (*link != 0) {
    uint32_t index = *link - 1;
    if (state_of(index) != ENTRY_FREE && state_of(index) < ENTRY_EXITED) {
      link = &slots[index].next_work;
      continue;
    }
    *link = slots[index].next_work;
    slots[index].next_work = 0;
    slots[index].flags &= (uint8_t)~SLOT_STRAYS;
    if (state_of(index) == ENTRY_FREE) refuse_spawn(index, STAGE_FORK, ECHILD);
    else publish(index, ENTRY_EMPTY);
  }
}

void strays_work(uint64_t now) {
  if (lost == 0 || now < sweep_at_ns) return;
  struct seen seen = {0};
  int left = kill_children(is_stray, &seen);
  if (left == 0) finish();
  if (seen.youngest_ticks + 1 >= swept_ticks) distance_ms = 1; /* what is killed still grows */
  swept_ticks = boot_ticks();
  sweep_at_ns = lost == 0 ? UINT64_MAX : now_ns() + distance_ms * MS;
  distance_ms = distance_ms * 2 > LONGEST_MS ? LONGEST_MS : distance_ms * 2;
}

uint64_t strays_next(void) { return sweep_at_ns; }
