/* From the pid of a child to its entry: open addressing, never more than half full. */
#include "keeper.h"

#define PLACES (4u * TABLE_ENTRIES) /* an entry may have two children: a minder, and what a dead one left */

static struct { uint32_t pid, index; } places[PLACES];
static uint32_t count;

static uint32_t home(pid_t pid) { return (uint32_t)pid % PLACES; }

static uint32_t find(pid_t pid) {
  uint32_t at = home(pid);
  while (places[at].pid != 0 && places[at].pid != (uint32_t)pid) at = (at + 1) % PLACES;
  return at;
}

void pids_add(pid_t pid, uint32_t index) {
  uint32_t at = find(pid);
  if (places[at].pid == 0) count++;
  places[at].pid = (uint32_t)pid;
  places[at].index = index;
}

int pids_find(pid_t pid) {
  uint32_t at = find(pid);
  return places[at].pid == 0 ? -1 : (int)places[at].index;
}

void pids_remove(pid_t pid) {
  uint32_t hole = find(pid);
  if (places[hole].pid == 0) return;
  count--;
  /* Close the gap, so that those behind it are still found from their home. */
  for (uint32_t at = (hole + 1) % PLACES; places[at].pid != 0; at = (at + 1) % PLACES) {
    uint32_t from = home((pid_t)places[at].pid);
    if ((at - from + PLACES) % PLACES >= (at - hole + PLACES) % PLACES) {
      places[hole] = places[at];
      hole = at;
    }
  }
  places[hole].pid = 0;
}

uint32_t pids_count(void) { return count; }
