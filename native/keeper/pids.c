/*
 * From the pid of a child to its entry. An entry may have two children, a minder and what a dead one
 * left, and a third that its predecessor in the same place left unreaped. Chains of small nodes: memory
 * grows with the number of children, not with that of pids.
 */
#include "keeper.h"

#define NODES (3u * TABLE_ENTRIES)
#define BUCKETS 16384u

static struct { uint32_t pid; uint16_t index, next; } nodes[NODES]; /* next: node + 1 */
static uint16_t buckets[BUCKETS];                                   /* node + 1 */
static uint16_t spare;                                              /* the first of the free ones + 1 */
static uint32_t used, count;

_Static_assert(NODES < UINT16_MAX && TABLE_ENTRIES <= UINT16_MAX, "numbers of nodes and entries");

/* The link that names the node of that pid; it holds 0 where there is none. */
static uint16_t *find(pid_t pid) {
  uint16_t *link = &buckets[(uint32_t)pid % BUCKETS];
  while (*link != 0 && nodes[*link - 1].pid != (uint32_t)pid) link = &nodes[*link - 1].next;
  return link;
}

void pids_add(pid_t pid, uint32_t index) {
  uint16_t *link = find(pid);
  if (*link == 0) {
    if (spare == 0 && used == NODES) {
      say("too many children: the end of %d will not be known", (int)pid);
      return;
    }
    uint16_t node = spare != 0 ? spare : (uint16_t)(++used);
    if (spare != 0) spare = nodes[spare - 1].next;
    nodes[node - 1].pid = (uint32_t)pid;
    nodes[node - 1].next = 0;
    *link = node;
    count++;
  }
  nodes[*link - 1].index = (uint16_t)index;
}

int pids_find(pid_t pid) {
  uint16_t node = *find(pid);
  return node == 0 ? -1 : (int)nodes[node - 1].index;
}

void pids_remove(pid_t pid) {
  uint16_t *link = find(pid), node = *link;
  if (node == 0) return;
  *link = nodes[node - 1].next;
  nodes[node - 1].next = spare;
  spare = node;
  count--;
}

uint32_t pids_count(void) { return count; }
