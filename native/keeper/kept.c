/*
 * Descriptors that must outlive archond, each under a name that archond chose. Names are stored
 * in chained blocks of a few bytes, because most are short and some are 300 bytes long.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"

#define KEPT_MAX 32768
#define BLOCKS (4 * KEPT_MAX)
#define BLOCK_TEXT 28
#define BUCKETS 16384
#define KEPT_RESERVE 256 /* numbers left for spawns and for the keeper itself */

/* fd 0: free; next: slot + 1 */
static struct { int fd; uint32_t first_block; uint16_t bytes, next; } kept[KEPT_MAX];
static struct { uint32_t next; char text[BLOCK_TEXT]; } blocks[BLOCKS];                /* block 0 is none */
static uint16_t buckets[BUCKETS];                                                      /* slot + 1 */
static uint32_t kept_used, kept_spare, count;       /* slots ever used, and the first of the free ones + 1 */
static uint32_t blocks_used = 1, blocks_spare, blocks_free = BLOCKS - 1;

static uint32_t bucket_of(const char *name, size_t bytes) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ (unsigned char)name[i]) * 16777619u;
  return hash % BUCKETS;
}

static void name_of(uint32_t slot, char *name) {
  uint32_t left = kept[slot].bytes;
  for (uint32_t at = kept[slot].first_block; left > 0; at = blocks[at].next) {
    uint32_t part = left < BLOCK_TEXT ? left : BLOCK_TEXT;
    memcpy(name, blocks[at].text, part);
    name += part;
    left -= part;
  }
}

static bool has_name(uint32_t slot, const char *name, size_t bytes) {
  char own[NAME_MAX_BYTES];
  if (kept[slot].bytes != bytes) return false;
  name_of(slot, own);
  return memcmp(own, name, bytes) == 0;
}

/* The place that names the slot: its bucket or its predecessor's link; *place is 0 where there is none. */
static uint16_t *find(const char *name, size_t bytes) {
  uint16_t *place = &buckets[bucket_of(name, bytes)];
  while (*place != 0 && !has_name(*place - 1, name, bytes)) place = &kept[*place - 1].next;
  return place;
}

static uint32_t take_block(void) {
  uint32_t block = blocks_spare;
  if (block != 0) blocks_spare = blocks[block].next;
  else block = blocks_used++;
  blocks_free--;
  return block;
}

static void put_name(uint32_t slot, const char *name, size_t bytes) {
  kept[slot].bytes = (uint16_t)bytes;
  uint32_t *link = &kept[slot].first_block;
  for (size_t done = 0; done < bytes; done += BLOCK_TEXT) {
    uint32_t block = take_block();
    memcpy(blocks[block].text, name + done, bytes - done < BLOCK_TEXT ? bytes - done : BLOCK_TEXT);
    *link = block;
    link = &blocks[block].next;
  }
}

static void drop_name(uint32_t slot) {
  uint32_t count_of = (kept[slot].bytes + BLOCK_TEXT - 1) / BLOCK_TEXT;
  for (uint32_t at = kept[slot].first_block; count_of > 0; count_of--) {
    uint32_t next = blocks[at].next;
    blocks[at].next = blocks_spare;
    blocks_spare = at;
    blocks_free++;
    at = next;
  }
}

static int fault_of(const uint16_t *place, size_t bytes, bool replace) {
  if (*place != 0) return replace ? 0 : EEXIST;
  bool room = (kept_spare != 0 || kept_used < KEPT_MAX) && blocks_free >= bytes / BLOCK_TEXT + 1;
  return room ? 0 : ENOSPC;
}

int kept_store(const char *name, size_t bytes, int fd, bool replace) {
  uint16_t *place = find(name, bytes);
  int fault = fault_of(place, bytes, replace);
  if (fault != 0) {
    close(fd);
    return fault;
  }
  int high = raise_leaving(fd, KEPT_RESERVE);
  if (high < 0) return errno;
  if (*place != 0) {
    close(kept[*place - 1].fd);
    kept[*place - 1].fd = high;
    return 0;
  }
  uint32_t slot = kept_spare != 0 ? kept_spare - 1 : kept_used++;
  if (kept_spare != 0) kept_spare = kept[slot].next;
  kept[slot].fd = high;
  kept[slot].next = 0;
  put_name(slot, name, bytes);
  *place = (uint16_t)(slot + 1);
  count++;
  return 0;
}

int kept_drop(const char *name, size_t bytes) {
  uint16_t *place = find(name, bytes);
  if (*place == 0) return ENOENT;
  uint32_t slot = *place - 1;
  *place = kept[slot].next;
  close(kept[slot].fd);
  drop_name(slot);
  kept[slot].fd = NONE;
  kept[slot].next = (uint16_t)kept_spare;
  kept_spare = slot + 1;
  count--;
  return 0;
}

uint32_t kept_count(void) { return count; }

bool kept_inherit(int list) {
  struct stat file;
  if (fstat(list, &file) != 0) return false;
  size_t bytes = (size_t)file.st_size;
  char *text = bytes > 0 ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, list, 0) : NULL;
  if (text == MAP_FAILED) return false;
  bool all = true;
  for (char *at = text, *end; text != NULL && at < text + bytes; at = end + 1) {
    end = memchr(at, '\n', (size_t)(text + bytes - at));
    if (end == NULL) break;
    char *name;
    int fd = (int)strtol(at, &name, 10);
    size_t length = name < end ? (size_t)(end - name - 1) : 0;
    bool good = fd > 2 && length > 0 && length <= NAME_MAX_BYTES;
    if (!good || kept_store(name + 1, length, fd, true) != 0) all = false;
  }
  if (text != NULL) munmap(text, bytes);
  close(list);
  return all;
}

int kept_next(int after, char *name, size_t *bytes, int *fd) {
  for (uint32_t slot = (uint32_t)(after + 1); slot < kept_used; slot++) {
    if (kept[slot].fd == NONE) continue;
    name_of(slot, name);
    *bytes = kept[slot].bytes;
    *fd = kept[slot].fd;
    return (int)slot;
  }
  return -1;
}
