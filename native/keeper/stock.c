/*
 * The stock: exec pipes and cgroups for the next spawns, made while nothing waits for the keeper, one
 * thing a turn of the loop. Whoever finds none makes what it needs on the spot.
 */
#include "keeper.h"

static enum stocked (*const makers[])(void) = {flights_stock, cgroup_stock};
#define MAKERS (sizeof makers / sizeof *makers)

static size_t next; /* of the makers that are to be asked since something was taken; MAKERS: none */

bool stock_wanting(void) { return next < MAKERS; }

void stock_taken(void) { next = 0; }

/* What cannot be made now is tried again after the next spawn, which finds out why. */
void stock_fill(void) {
  if (makers[next]() != STOCK_MORE) next++;
}
