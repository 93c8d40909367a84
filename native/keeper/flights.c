/*
 * A flight: the descriptors of a spawn that may not be closed here before its child has cut loose
 * from the shared table of descriptors. Without a free one a child is made that shares nothing.
 */
#include <unistd.h>

#include "keeper.h"

#define FLIGHTS 256
#define FLIGHT_FDS (BLOCK_MAX_FDS + 3)

static struct { int count; int fds[FLIGHT_FDS]; } flights[FLIGHTS];
static uint16_t free_list[FLIGHTS];
static int free_count = -1;

static void prepare(void) {
  if (free_count >= 0) return;
  free_count = FLIGHTS;
  for (int i = 0; i < FLIGHTS; i++) free_list[i] = (uint16_t)(FLIGHTS - 1 - i);
}

bool flight_free(void) {
  prepare();
  return free_count > 0;
}

void flight_begin(uint32_t index, int exec_write, int minder_write, int block, const int *fds, int count) {
  prepare();
  uint16_t number = free_list[--free_count];
  int used = 0;
  if (exec_write >= 0) flights[number].fds[used++] = exec_write;
  if (minder_write >= 0) flights[number].fds[used++] = minder_write;
  if (block >= 0) flights[number].fds[used++] = block;
  for (int i = 0; i < count; i++) flights[number].fds[used++] = fds[i];
  flights[number].count = used;
  slots[index].flight = (uint16_t)(number + 1);
}

void flight_end(uint32_t index) {
  if (slots[index].flight == 0) return;
  uint16_t number = (uint16_t)(slots[index].flight - 1);
  slots[index].flight = 0;
  for (int i = 0; i < flights[number].count; i++) close(flights[number].fds[i]);
  flights[number].count = 0;
  free_list[free_count++] = number;
}
