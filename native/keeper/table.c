/*
 * The table: what exists, in a file that both sides map and that outlives both.
 * Labels are written with pwrite(2) and never mapped here, which keeps the keeper small.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"

#define ENTRIES_OFFSET ((uint64_t)TABLE_HEADER_BYTES)
#define RING_OFFSET (ENTRIES_OFFSET + (uint64_t)TABLE_ENTRIES * sizeof(struct table_entry))
#define LABELS_OFFSET (RING_OFFSET + (uint64_t)TABLE_RING * sizeof(struct ring_record))
#define FILE_BYTES (LABELS_OFFSET + (uint64_t)TABLE_ENTRIES * TABLE_LABEL_BYTES)

static uint64_t taken[TABLE_ENTRIES / 64]; /* a bit for each entry */
static uint32_t first_free_word;           /* no word before this one has a free bit */
static bool inherited;

static void read_boot_id(char out[40]) {
  memset(out, 0, 40);
  char text[64];
  int bytes = read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof text);
  for (int i = 0; i < bytes && i < 36 && text[i] != '\n'; i++) out[i] = text[i];
}

static void fill_header(struct table_header *header) {
  header->version = TABLE_VERSION;
  header->header_bytes = TABLE_HEADER_BYTES;
  header->entry_bytes = sizeof(struct table_entry);
  header->entry_count = TABLE_ENTRIES;
  header->label_bytes = TABLE_LABEL_BYTES;
  header->ring_count = TABLE_RING;
  header->ring_bytes = sizeof(struct ring_record);
  header->entries_offset = ENTRIES_OFFSET;
  header->ring_offset = RING_OFFSET;
  header->labels_offset = LABELS_OFFSET;
  header->file_bytes = FILE_BYTES;
  header->ring_next = 1;
  read_boot_id(header->boot_id);
  /* It is a name, not a secret: early in a boot nobody waits for better numbers. */
  if (getrandom(&header->instance, sizeof header->instance, GRND_NONBLOCK) < 0) header->instance = now_ns();
  header->keeper_pid = (uint32_t)keeper.pid;
  uint64_t start = 0;
  proc_stat(keeper.pid, NULL, &start, NULL);
  header->keeper_start = start;
  memcpy(header->magic, TABLE_MAGIC, sizeof header->magic);
}

bool table_inherited(void) { return inherited; }

void table_mark(uint32_t index) { taken[index / 64] |= 1ull << (index % 64); }

static void use(int fd, void *map) {
  keeper.table_fd = fd;
  keeper.header = map;
  keeper.entries = (struct table_entry *)((char *)map + ENTRIES_OFFSET);
  keeper.ring = (struct ring_record *)((char *)map + RING_OFFSET);
}

/* What an entry can never be while whoever wrote it kept to the rules. */
static bool entry_fits(const struct table_header *header, const struct table_entry *entry) {
  uint64_t state = entry->state_word & 0xff, generation = entry->state_word >> 8;
  if (state == ENTRY_FREE) return entry->state_word == 0;
  return state <= ENTRY_EMPTY && generation != 0 && generation <= header->last_generation &&
         (entry->tree_kind == TREE_CGROUP || entry->tree_kind == TREE_MINDER);
}

/* Why a table that was found is of no use; NULL: it is one of this boot, and whole. */
static const char *fault_of(const struct table_header *found) {
  struct table_header wanted;
  memset(&wanted, 0, sizeof wanted);
  fill_header(&wanted);
  /* Up to the words that change, all are the same but for the tree kind. */
  wanted.tree_kind = found->tree_kind;
  if (memcmp(found->magic, wanted.magic, sizeof wanted.magic) != 0) return "is none";
  if (found->version != wanted.version) return "is of another version";
  if (memcmp(found, &wanted, offsetof(struct table_header, boot_id)) != 0) return "is laid out in another way";
  if (memcmp(found->boot_id, wanted.boot_id, sizeof wanted.boot_id) != 0) return "is of another boot";
  const struct table_entry *entries = (const struct table_entry *)((const char *)found + ENTRIES_OFFSET);
  bool fits = found->entries_used <= TABLE_ENTRIES && found->ring_next > 0 &&
              memchr(found->cgroup_root, 0, sizeof found->cgroup_root) != NULL;
  for (uint32_t index = 0; fits && index < found->entries_used; index++) fits = entry_fits(found, &entries[index]);
  return fits ? NULL : "is damaged";
}

/* The table that an earlier keeper left, if it is one that can be gone on with; else it is set aside. */
static bool inherit(const char *path) {
  int fd = raise_fd(open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (fd < 0) return false;
  struct stat file;
  const char *fault = NULL;
  void *map = MAP_FAILED;
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_uid != geteuid()) fault = "is not ours";
  else if (file.st_size != (off_t)FILE_BYTES) fault = "is cut short, or of another version";
  else if (posix_fallocate(fd, 0, (off_t)FILE_BYTES) != 0) fault = "cannot be allocated in full";
  else map = mmap(NULL, LABELS_OFFSET, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fault == NULL) fault = map == MAP_FAILED ? "cannot be mapped" : fault_of(map);
  if (fault == NULL) {
    use(fd, map);
    return true;
  }
  char aside[4096];
  snprintf(aside, sizeof aside, "%.4080s.aside", path);
  bool moved = rename(path, aside) == 0;
  say("the table that was found %s: nothing of it is touched%s%s", fault, moved ? "; it is now " : "",
      moved ? aside : "");
  if (map != MAP_FAILED) munmap(map, LABELS_OFFSET);
  close(fd);
  return false;
}

/* Whether the keeper that wrote it last still lives: then nobody else may. */
static bool others(const struct table_header *header) {
  struct proc_facts facts;
  bool there = proc_facts((pid_t)header->keeper_pid, &facts) && facts.start_ticks == header->keeper_start;
  return there && !proc_is_over(&facts) && (pid_t)header->keeper_pid != keeper.pid;
}

int table_open(const char *path) {
  if (inherit(path)) {
    if (others(keeper.header)) {
      say("the keeper of this table, process %u, lives", keeper.header->keeper_pid);
      keeper.header = NULL;
      errno = EBUSY;
      return -1;
    }
    inherited = true;
    keeper.header->takeover_epoch = keeper.header->epoch + 1;
    return 0;
  }
  char draft[4096];
  if (snprintf(draft, sizeof draft, "%s.new", path) >= (int)sizeof draft) {
    errno = ENAMETOOLONG;
    return -1;
  }
  int fd = raise_fd(open(draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd < 0) return -1;
  /* All blocks are there before the first use: a write through the mapping must not fail. */
  int error = posix_fallocate(fd, 0, (off_t)FILE_BYTES);
  void *map = MAP_FAILED;
  if (error == 0) map = mmap(NULL, LABELS_OFFSET, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) {
    if (error == 0) error = errno;
    unlink(draft);
    close(fd);
    errno = error;
    return -1;
  }
  fill_header(map);
  if (rename(draft, path) != 0) return -1;
  use(fd, map);
  return 0;
}

int table_take(void) {
  for (uint32_t word = first_free_word; word < TABLE_ENTRIES / 64; word++) {
    if (taken[word] == UINT64_MAX) continue;
    uint32_t bit = (uint32_t)__builtin_ctzll(~taken[word]);
    taken[word] |= 1ull << bit;
    first_free_word = word;
    uint32_t index = word * 64 + bit;
    if (index >= keeper.header->entries_used) keeper.header->entries_used = index + 1;
    return (int)index;
  }
  return -1;
}

void table_free(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  tree_forget(index);
  flight_end(index);
  follow_forget(index);
  __atomic_store_n(&entry->state_word, 0, __ATOMIC_RELEASE);
  /* A reader that finds the old word again after the fields must not have seen what follows. */
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  /* Before the word that says that it is over: a keeper that finds the rest half cleared takes it for free. */
  __atomic_store_n(&entry->minder_word, 0, __ATOMIC_RELEASE);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  memset((char *)entry + sizeof entry->state_word, 0, sizeof *entry - sizeof entry->state_word);
  memset(&slots[index], 0, sizeof slots[index]);
  taken[index / 64] &= ~(1ull << (index % 64));
  if (index / 64 < first_free_word) first_free_word = index / 64;
}

enum entry_state state_of(uint32_t index) {
  return (enum entry_state)(keeper.entries[index].state_word & 0xff);
}

uint64_t generation_of(uint32_t index) {
  return slots[index].generation;
}

bool names_entry(uint32_t index, uint64_t generation) {
  return index < TABLE_ENTRIES && state_of(index) != ENTRY_FREE && generation_of(index) == generation;
}

void publish(uint32_t index, enum entry_state state) {
  struct table_entry *entry = &keeper.entries[index];
  if (state_of(index) >= state) return;
  __atomic_store_n(&entry->state_word, slots[index].generation << 8 | (uint64_t)state, __ATOMIC_RELEASE);
  if (state == ENTRY_EMPTY) keeper.alive--;
  if (state == ENTRY_STARTING && slots[index].ask_id != 0) tell_spawned(index);
  else tell_later(index, UNTOLD_STATE);
}

void table_label(uint32_t index, const char *label, size_t bytes) {
  char text[TABLE_LABEL_BYTES] = {0};
  memcpy(text, label, bytes);
  off_t at = (off_t)(LABELS_OFFSET + (uint64_t)index * TABLE_LABEL_BYTES);
  if (pwrite(keeper.table_fd, text, bytes + 1, at) != (ssize_t)(bytes + 1)) say("writing a label: %m");
}

static uint64_t microseconds(struct timeval time) {
  return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

void record_end(struct table_entry *entry, int kind, int status, const struct rusage *usage) {
  entry->ended_ns = now_ns();
  entry->exit_kind = (uint32_t)kind;
  entry->exit_status = (uint32_t)status;
  entry->utime_us = microseconds(usage->ru_utime);
  entry->stime_us = microseconds(usage->ru_stime);
  entry->maxrss_kib = (uint64_t)usage->ru_maxrss;
  entry->minflt = (uint64_t)usage->ru_minflt;
  entry->majflt = (uint64_t)usage->ru_majflt;
  entry->inblock = (uint64_t)usage->ru_inblock;
  entry->oublock = (uint64_t)usage->ru_oublock;
  entry->nvcsw = (uint64_t)usage->ru_nvcsw;
  entry->nivcsw = (uint64_t)usage->ru_nivcsw;
}

void ring_add(pid_t pid, int kind, int status, const struct rusage *usage, uint64_t tree) {
  uint64_t sequence = keeper.header->ring_next;
  struct ring_record *record = &keeper.ring[sequence % TABLE_RING];
  __atomic_store_n(&record->sequence, 0, __ATOMIC_RELEASE);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  record->pid = (uint32_t)pid;
  record->exit_kind = (uint32_t)kind;
  record->exit_status = (uint32_t)status;
  record->ended_ns = now_ns();
  record->utime_us = microseconds(usage->ru_utime);
  record->stime_us = microseconds(usage->ru_stime);
  record->maxrss_kib = (uint64_t)usage->ru_maxrss;
  record->parent_tree = tree;
  __atomic_store_n(&record->sequence, sequence, __ATOMIC_RELEASE);
  __atomic_store_n(&keeper.header->ring_next, sequence + 1, __ATOMIC_RELEASE);
  tell_orphan();
}
