/*
 * What archond is told without asking. A queue of entries, each in it at most once: what happened
 * twice before there was room is told once, since the table has it all.
 *
 * A message wakes archond, which costs it more than it costs to send. So the answer to a spawn waits until
 * exec is over, as it mostly is within a few hundred microseconds, and goes together with that; where it
 * takes longer (flights.c), archond gets to know the process without waiting for the exec.
 */
#include <string.h>

#include "keeper.h"

static uint32_t first, last; /* index + 1 */
static bool orphan_untold;

void tell_later(uint32_t index, uint8_t what) {
  if (!keeper.channel_greeted) return; /* There is no one to tell; a successor reads the table. */
  struct slot *slot = &slots[index];
  if (slot->flags & SLOT_HELD) what |= UNTOLD_SPAWNED;
  slot->flags &= (uint8_t)~SLOT_HELD;
  slot->untold |= what;
  if (slot->untold & UNTOLD_QUEUED) return;
  slot->untold |= UNTOLD_QUEUED;
  slot->next_untold = 0;
  if (last != 0) slots[last - 1].next_untold = index + 1;
  else first = index + 1;
  last = index + 1;
}

void tell_spawned(uint32_t index) {
  if (slots[index].flight != 0) slots[index].flags |= SLOT_HELD;
  else tell_later(index, UNTOLD_SPAWNED);
}

void tell_orphan(void) { orphan_untold = keeper.channel_greeted; }

static bool send_spawned(uint32_t index) {
  const struct table_entry *entry = &keeper.entries[index];
  struct tell_spawned spawned = {
      .head = {.type = TELL_SPAWNED, .id = slots[index].ask_id},
      .generation = slots[index].generation,
      .index = index,
      .pid = entry->pid,
      .start_ticks = entry->start_ticks,
      .started_ns = entry->started_ns,
  };
  return channel_send(&spawned, sizeof spawned, -1);
}

static bool send_refused(uint32_t index) {
  const struct table_entry *entry = &keeper.entries[index];
  struct tell_refused refused = {
      .head = {.type = TELL_REFUSED, .id = slots[index].ask_id},
      .error = entry->exec_errno,
      .stage = entry->exec_stage,
  };
  return channel_send(&refused, sizeof refused, -1);
}

static bool send_state(uint32_t index) {
  struct tell_process process = {
      .head = {.type = TELL_PROCESS}, .state_word = keeper.entries[index].state_word, .index = index};
  return channel_send(&process, sizeof process, -1);
}

static bool tell_of(uint32_t index) {
  struct slot *slot = &slots[index];
  if (slot->untold & UNTOLD_SPAWNED) {
    if (!send_spawned(index)) return false;
    slot->untold &= (uint8_t)~UNTOLD_SPAWNED;
  }
  if (slot->untold & UNTOLD_REFUSED) return send_refused(index);
  if (slot->untold & UNTOLD_STATE) {
    if (!send_state(index)) return false;
    slot->untold &= (uint8_t)~UNTOLD_STATE;
  }
  return true;
}

static void leave_queue(uint32_t index) {
  first = slots[index].next_untold;
  if (first == 0) last = 0;
  bool refused = (slots[index].untold & UNTOLD_REFUSED) != 0;
  slots[index].untold = 0;
  slots[index].next_untold = 0;
  if (refused) table_free(index);
}

void tell_go_on(void) {
  while (first != 0 && keeper.channel_greeted && !keeper.channel_full) {
    if (!tell_of(first - 1)) return;
    leave_queue(first - 1);
  }
  if (orphan_untold && keeper.channel_greeted && !keeper.channel_full) {
    struct tell_orphan orphan = {.head = {.type = TELL_ORPHAN}, .ring_next = keeper.header->ring_next};
    if (channel_send(&orphan, sizeof orphan, -1)) orphan_untold = false;
  }
}

void tell_drop(uint32_t index) {
  if (!(slots[index].untold & UNTOLD_QUEUED)) return;
  uint32_t before = 0;
  for (uint32_t at = first; at != 0; before = at, at = slots[at - 1].next_untold) {
    if (at - 1 != index) continue;
    uint32_t next = slots[index].next_untold;
    if (before != 0) slots[before - 1].next_untold = next;
    else first = next;
    if (last == at) last = before;
    slots[index].untold = 0;
    return;
  }
}

void tell_forget(void) {
  while (first != 0) leave_queue(first - 1);
  orphan_untold = false;
  /* What is still on its way will not be an answer: the ids of a successor are its own. */
  for (uint32_t index = 0; index < keeper.header->entries_used; index++) {
    slots[index].ask_id = 0;
    slots[index].flags &= (uint8_t)~SLOT_HELD;
  }
}
