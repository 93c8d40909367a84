/*
 * The memory is a memfd that the keeper holds too: a page with the counts, and behind it the bytes that were dropped, to
 * which they go by splice(2) and which are given back to the system as soon as they have been looked through. So its size
 * says to the byte how much left the pipe, whenever this program is killed; its successor looks through the rest.
 */
#include "tally.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define VERSION 1u

/* Two of them, of which one counts: it is changed by one store. */
struct tally_page {
  uint32_t version;
  uint32_t present;
  struct counts counts[2];
};

_Static_assert(sizeof(struct tally_page) <= PAGE_BYTES, "a page holds the counts");

int tally_make(void) {
  uint8_t page[PAGE_BYTES] = {0};
  return memfd_holding("archon-dropped", page, sizeof page);
}

struct counts tally_read(const struct tally *tally) {
  if (tally->shared == NULL) return tally->own;
  return tally->shared->counts[__atomic_load_n(&tally->shared->present, __ATOMIC_ACQUIRE) & 1];
}

void tally_write(struct tally *tally, const struct counts *counts) {
  struct tally_page *page = tally->shared;
  tally->own = *counts;
  if (page == NULL) return;
  uint32_t next = (page->present + 1) & 1;
  page->counts[next] = *counts;
  __atomic_store_n(&page->present, next, __ATOMIC_RELEASE);
}

static void look_through(struct counts *counts, const uint8_t *bytes, size_t length) {
  for (const uint8_t *at = bytes, *end = bytes + length; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
    counts->ends++;
  }
  counts->in_line = bytes[length - 1] != '\n';
}

/* What has passed is counted, and its memory given back. */
static void count_passed(struct helper *helper, struct tally *tally) {
  for (;;) {
    struct counts counts = tally_read(tally);
    ssize_t got = pread(tally->fd, helper->receive, RECEIVE_BYTES, PAGE_BYTES + (off_t)counts.passed);
    if (got <= 0) return;
    off_t from = PAGE_BYTES + (off_t)counts.passed;
    look_through(&counts, helper->receive, (size_t)got);
    counts.passed += (uint64_t)got;
    tally_write(tally, &counts);
    from -= from % PAGE_BYTES;
    /* Where that is refused the bytes stay, which costs memory and nothing else. */
    (void)!fallocate(tally->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, PAGE_BYTES + (off_t)counts.passed - from);
  }
}

int tally_share(struct helper *helper, struct tally *tally, int fd) {
  struct tally_page *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return failed(CALL_MMAP);
  struct counts before = tally_read(tally);
  tally_close(tally);
  tally->shared = page;
  tally->fd = fd;
  if (page->version != VERSION) {
    /* Of what this program has counted by itself nothing lies in this memory. */
    before.read += before.passed;
    before.passed = 0;
    tally_write(tally, &before);
    __atomic_store_n(&page->version, VERSION, __ATOMIC_RELEASE);
  }
  count_passed(helper, tally);
  return 0;
}

void tally_close(struct tally *tally) {
  if (tally->shared != NULL) munmap(tally->shared, PAGE_BYTES);
  tally->shared = NULL;
  tally->fd = -1;
}

/* Bytes that passed; 0 where there is no memory for them. */
static uint64_t pass(struct helper *helper, struct tally *tally, int pipe, uint64_t limit) {
  if (tally->fd < 0) return 0;
  loff_t end = lseek(tally->fd, 0, SEEK_END);
  if (end < PAGE_BYTES) return 0;
  ssize_t moved;
  do moved = splice(pipe, NULL, tally->fd, &end, (size_t)limit, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  while (moved < 0 && errno == EINTR);
  if (moved <= 0) return 0;
  count_passed(helper, tally);
  return (uint64_t)moved;
}

uint64_t tally_take(struct helper *helper, struct tally *tally, int pipe, uint64_t limit) {
  if (limit > RECEIVE_BYTES) limit = RECEIVE_BYTES;
  uint64_t moved = pass(helper, tally, pipe, limit);
  if (moved > 0) return moved;
  /* There is that much, and nobody else reads: it does not wait. */
  ssize_t got = read(pipe, helper->receive, (size_t)limit);
  if (got <= 0) return 0;
  struct counts counts = tally_read(tally);
  counts.read += (uint64_t)got;
  look_through(&counts, helper->receive, (size_t)got);
  tally_write(tally, &counts);
  return (uint64_t)got;
}
