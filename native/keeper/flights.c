/*
 * Flights: what the keeper must leave alone for a child that is on its way to exec.
 *
 * Until the child has cut loose from the shared table of descriptors, none that it needs may be closed
 * or moved here. Where it shares the memory too, its stack, its block and its context are the flight's
 * until its exec is over: the kernel lets go of the memory before it closes what closes on exec, so that
 * the end of the exec pipe proves it; and so does the child's own end.
 *
 * There are so many flights and no more: a child for which there is none gets a copy of everything. A few
 * stand ready with an exec pipe each, made when there was nothing else to do.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keeper.h"

#define FLIGHTS 128
#define READY 4
#define HOLD_NS 1000000ull
#define KEPT_TOUCHED 8 /* memory of so many is kept for the next ones; the others give theirs back */

/* A stack grows downwards, away from its block. */
static struct room {
  char stack[CHILD_STACK_BYTES];
  char block[FLIGHT_BLOCK_BYTES];
} __attribute__((aligned(4096))) rooms[FLIGHTS];

static struct flight {
  struct minder_context context;
  uint32_t index;
  uint32_t loose;       /* LOOSE_…: shared with a child that shares the memory */
  bool taken;
  bool shares_memory;
  bool unsettled;       /* it stands in the list of those to be settled */
  uint64_t due_at_ns;   /* when its spawn is told of, whatever its exec does */
  struct exec_pipe pipe; /* while it stands ready */
  int fd_count;
  int fds[BLOCK_MAX_FDS + 3];
} flights[FLIGHTS];

static uint16_t bare[FLIGHTS], ready[READY]; /* numbers of those that are free; the last is taken first */
static int bare_count = -1, ready_count;
static uint16_t unsettled[FLIGHTS];
static int unsettled_count;
static uint64_t due_at_ns = UINT64_MAX; /* no spawn is to be told of before */
static int touched; /* one more than the highest whose room was used */

static void prepare(void) {
  if (bare_count >= 0) return;
  bare_count = FLIGHTS;
  for (int i = 0; i < FLIGHTS; i++) bare[i] = (uint16_t)(FLIGHTS - 1 - i);
}

static bool flies(uint32_t index) { return slots[index].flight != 0; }

static struct flight *flight_of(uint32_t index) { return &flights[slots[index].flight - 1]; }

char *flight_trial_stack(void) { return rooms[0].stack; }

struct minder_context *flight_take(uint32_t index, struct exec_pipe *pipe) {
  prepare();
  uint16_t number;
  if (ready_count > 0) number = ready[--ready_count];
  else if (bare_count > 0) number = bare[--bare_count];
  else return NULL;
  struct flight *flight = &flights[number];
  flight->index = index;
  flight->taken = true;
  flight->shares_memory = false;
  flight->fd_count = 0;
  flight->loose = LOOSE_NOT;
  flight->due_at_ns = now_ns() + HOLD_NS;
  if (flight->due_at_ns < due_at_ns) due_at_ns = flight->due_at_ns;
  slots[index].flight = (uint16_t)(number + 1);
  if (flight->pipe.read != NONE) *pipe = flight->pipe;
  flight->pipe = (struct exec_pipe){NONE, NONE};
  return &flight->context;
}

/* The tag under which the exec pipe of this entry's flight is watched. */
uint64_t flight_tag(uint32_t index) { return WATCH(WATCH_FLIGHT, slots[index].flight - 1); }

char *flight_lend(uint32_t index, const void *block, size_t bytes) {
  struct flight *flight = flight_of(index);
  int number = slots[index].flight - 1;
  if (number >= touched) touched = number + 1;
  memcpy(rooms[number].block, block, bytes);
  flight->context.child.block = (struct spawn_block *)(void *)rooms[number].block;
  flight->context.child.loose = &flight->loose;
  flight->shares_memory = true;
  return rooms[number].stack;
}

void flight_hold(uint32_t index, int fd) {
  struct flight *flight = flight_of(index);
  if (fd >= 0) flight->fds[flight->fd_count++] = fd;
}

void flight_begin(uint32_t index) {
  struct flight *flight = flight_of(index);
  if (!flight->shares_memory || flight->unsettled) return;
  flight->unsettled = true;
  unsettled[unsettled_count++] = (uint16_t)(flight - flights);
}

void flight_cut(uint32_t index) {
  if (!flies(index)) return;
  struct flight *flight = flight_of(index);
  for (int i = 0; i < flight->fd_count; i++) close(flight->fds[i]);
  flight->fd_count = 0;
}

/*
 * Before the keeper goes to sleep: children that are loose by now are let go of, the others are asked to
 * wake it when they are. So one that is quick costs no byte and no turn of the loop.
 */
void flights_settle(void) {
  for (int i = 0; i < unsettled_count; i++) {
    struct flight *flight = &flights[unsettled[i]];
    flight->unsettled = false;
    if (!flight->taken || !flight->shares_memory) continue;
    uint32_t seen = LOOSE_NOT;
    bool asked = __atomic_compare_exchange_n(&flight->loose, &seen, LOOSE_ASKED, false, __ATOMIC_ACQ_REL,
                                             __ATOMIC_ACQUIRE);
    if (!asked && seen == LOOSE) flight_cut(flight->index);
  }
  unsettled_count = 0;
}

uint64_t flights_next(void) { return due_at_ns; }

void flights_tick(uint64_t now) {
  if (now < due_at_ns) return;
  due_at_ns = UINT64_MAX;
  for (int i = 0; i < FLIGHTS; i++) {
    struct flight *flight = &flights[i];
    if (!flight->taken || flight->due_at_ns == UINT64_MAX) continue;
    if (flight->due_at_ns <= now) {
      flight->due_at_ns = UINT64_MAX;
      stock_taken(); /* what it took was not made up for yet */
      if (slots[flight->index].flags & SLOT_HELD) tell_later(flight->index, UNTOLD_SPAWNED);
    } else if (flight->due_at_ns < due_at_ns) {
      due_at_ns = flight->due_at_ns;
    }
  }
}

void flight_end(uint32_t index) {
  if (!flies(index)) return;
  struct flight *flight = flight_of(index);
  flight_cut(index);
  flight->taken = false;
  slots[index].flight = 0;
  bare[bare_count++] = (uint16_t)(flight - flights);
}

int flight_index(uint32_t number) {
  return number < FLIGHTS && flights[number].taken ? (int)flights[number].index : -1;
}

enum stocked flights_stock(void) {
  prepare();
  if (bare_count == FLIGHTS - ready_count && touched > KEPT_TOUCHED) { /* a crowd is over */
    madvise(&rooms[KEPT_TOUCHED], sizeof rooms[0] * (size_t)(touched - KEPT_TOUCHED), MADV_DONTNEED);
    touched = KEPT_TOUCHED;
  }
  if (ready_count == READY || bare_count == 0) return STOCK_FULL;
  uint16_t number = bare[bare_count - 1];
  struct exec_pipe pipe = {NONE, NONE};
  if (!exec_pipe_make(&pipe, WATCH(WATCH_FLIGHT, number))) return STOCK_FAILED;
  flights[number].pipe = pipe;
  bare_count--;
  ready[ready_count++] = number;
  return STOCK_MORE;
}
