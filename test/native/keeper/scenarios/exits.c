/*
 * exits MODE FOLDER ENDER: $EXITS processes end, each in its own way, and each end is taken note of
 * exactly once, by peers that
 *   killed   are killed before the first, second, third ... message that they send or receive,
 *   slow     read nothing until all of a batch have ended,
 *   away     are dead when a batch ends.
 * What peers must remember of each other stands in FOLDER/journal; what the processes say themselves
 * in FOLDER/record.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/peer.h"

#define EACH_IN_TURN 250 /* so many peers die before their 1st, 2nd, ... message; later ones anywhere */

enum status { UNKNOWN, ASKED, DONE };
struct item { uint64_t generation; uint32_t pid; uint32_t status; };
struct journal {
  uint64_t total, done, incarnations, highest, asked_again, told;
  struct item items[];
};
static struct journal *journal;
static const char *mode, *ender;
static char record_path[512];
static uint64_t in_flight, frees_unanswered;
static int gate = -1; /* the reading end: children wait for its end */
static uint64_t given_back[TABLE_ENTRIES]; /* generation: asked to be freed, so not to be read any more */

static void open_journal(const char *folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/journal", folder);
  snprintf(record_path, sizeof record_path, "%s/record", folder);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  uint64_t total = setting("EXITS", 8000);
  size_t bytes = sizeof *journal + (total + 1) * sizeof(struct item);
  CHECK(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "%s", path);
  journal = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(journal != MAP_FAILED, "mmap");
  close(fd);
  journal->total = total;
  journal->incarnations++;
}

/* How the process of that number ends: an exit code, or a signal. */
static bool by_signal(uint64_t serial) { return serial % 3 == 0; }
static int number_of(uint64_t serial) {
  static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGALRM, SIGTERM,
                                SIGUSR1, 34, 64};
  return by_signal(serial) ? signals[serial / 3 % 12] : (int)(serial * 7 % 256);
}

static void ask(uint64_t serial) {
  struct item *item = &journal->items[serial];
  char number[16], text[32];
  snprintf(number, sizeof number, "%d", number_of(serial));
  snprintf(text, sizeof text, "%llu", (unsigned long long)serial);
  const char *argv[] = {ender, by_signal(serial) ? "1" : "0", number, record_path, text, NULL};
  static const uint32_t numbers[] = {0};
  static const struct spawn_rlimit no_core = {.resource = RLIMIT_CORE};
  struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION, .fds = &gate, .numbers = numbers,
                        .fd_count = gate >= 0,
                        .rlimits = &no_core, .rlimit_count = 1, .tag = {serial}};
  if (journal->highest < peer.header->last_generation) journal->highest = peer.header->last_generation;
  item->generation = ++journal->highest;
  item->status = ASKED; /* written before it is asked for */
  in_flight++;
  peer_spawn(&spawn, item->generation);
}

static void free_entry(uint32_t index, uint64_t word) {
  __atomic_store_n(&peer.entries[index].ack_word, word, __ATOMIC_RELEASE);
  struct ask_entry entry = {.generation = word >> 8, .index = index};
  given_back[index] = word >> 8;
  frees_unanswered++;
  peer_send(ASK_FREE, &entry, sizeof entry, NULL, 0);
}

static void take_end(uint32_t index) {
  const struct table_entry *entry = &peer.entries[index];
  uint64_t word = __atomic_load_n(&entry->state_word, __ATOMIC_ACQUIRE);
  uint64_t serial = entry->tag[0];
  if ((word & 0xff) != ENTRY_EMPTY || given_back[index] == word >> 8) return;
  CHECK(serial > 0 && serial <= journal->total, "serial %llu", (unsigned long long)serial);
  struct item *item = &journal->items[serial];
  CHECK(item->generation == word >> 8 && item->status != UNKNOWN,
        "serial %llu has generation %llu, status %u",
        (unsigned long long)serial, (unsigned long long)item->generation, item->status);
  CHECK(entry->exec_stage == STAGE_NONE, "stage %u errno %u", entry->exec_stage, entry->exec_errno);
  CHECK(entry->exit_kind == (by_signal(serial) ? 2u : 1u) &&
        entry->exit_status == (uint32_t)number_of(serial),
        "serial %llu ended with kind %u, status %u", (unsigned long long)serial, entry->exit_kind,
            entry->exit_status);
  CHECK(entry->maxrss_kib > 0 && entry->minflt > 0 && entry->ended_ns >= entry->started_ns, "resource usage");
  CHECK(entry->facts == 0 && entry->pid != 0, "facts %u", entry->facts);
  if (item->status == ASKED) {
    item->pid = entry->pid;
    journal->done++;
    item->status = DONE;
    in_flight--;
  }
  free_entry(index, word);
}

static void told(const struct incoming *in) {
  switch (in->as.head.type) {
    case TELL_SPAWNED:
      CHECK(in->as.spawned.pid != 0, "pid 0");
      break;
    case TELL_DONE:
      frees_unanswered--;
      break;
    case TELL_PROCESS:
      journal->told++;
      take_end(in->as.process.index);
      break;
    case TELL_REFUSED:
      CHECK(false, "refused with errno %u at stage %u", in->as.refused.error, in->as.refused.stage);
  }
}

/* Which entry that request has got: its index, or -1 where there is none. */
static int entry_of(uint64_t generation) {
  for (uint32_t i = 0; i < peer.header->entries_used; i++) {
    uint64_t word = __atomic_load_n(&peer.entries[i].state_word, __ATOMIC_ACQUIRE);
    if (word >> 8 == generation) return (int)i;
    CHECK(word != 0 || peer.entries[i].minder_word >> 8 != generation, "greeted while %llu was on its way",
          (unsigned long long)generation);
  }
  return -1;
}

/* What a successor does: the table says which requests were carried out; the others never will be. */
static void adopt(void) {
  uint64_t lost = 0;
  for (uint32_t i = 0; i < peer.header->entries_used; i++) {
    const struct table_entry *entry = &peer.entries[i];
    if (state_at(i) == ENTRY_EMPTY && journal->items[entry->tag[0]].status == DONE) free_entry(i,
        entry->state_word);
  }
  for (uint64_t serial = 1; serial <= journal->total; serial++) {
    struct item *item = &journal->items[serial];
    if (item->status != ASKED) continue;
    int index = entry_of(item->generation);
    if (index < 0) {
      /* What was sent has been carried out; only the one that it died over had not been sent. */
      CHECK(++lost <= 1, "a second request of the last peer was lost");
      item->status = UNKNOWN;
      journal->asked_again++;
      continue;
    }
    in_flight++;
    take_end((uint32_t)index);
  }
}

/* Whoever still speaks for the last epoch is not heard. */
static void refuse_old_epoch(void) {
  const char *argv[] = {ender, "0", "0", record_path, "0", NULL};
  struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION};
  struct incoming in;
  uint64_t epoch = peer.epoch--;
  uint64_t id = peer_spawn(&spawn, ++journal->highest);
  peer.epoch = epoch;
  peer_wait(id, &in);
  CHECK(in.as.head.type == TELL_REFUSED && in.as.refused.error == ESTALE, "answered by %u", in.as.head.type);
}

static uint64_t records(void) {
  struct stat stat_of;
  uint64_t lines = 0;
  int fd = open(record_path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &stat_of) != 0 || stat_of.st_size == 0) return 0;
  char *text = mmap(NULL, (size_t)stat_of.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  CHECK(text != MAP_FAILED, "mmap");
  for (off_t i = 0; i < stat_of.st_size; i++) lines += text[i] == '\n';
  munmap(text, (size_t)stat_of.st_size);
  close(fd);
  return lines;
}

/* The processes' own words: each ran once, under the pid that the table had. */
static void check_records(void) {
  FILE *file = fopen(record_path, "re");
  CHECK(file != NULL, "%s", record_path);
  unsigned long long serial;
  unsigned pid;
  uint64_t count = 0;
  for (; fscanf(file, "%llu %u", &serial, &pid) == 2; count++) {
    CHECK(serial > 0 && serial <= journal->total, "a record of %llu", serial);
    struct item *item = &journal->items[serial];
    CHECK(item->status == DONE, "a second record of %llu", serial);
    CHECK(item->pid == pid, "%llu ran as %u, not as %u", serial, pid, item->pid);
    item->status = UNKNOWN;
  }
  fclose(file);
  CHECK(count == journal->total, "%llu records", (unsigned long long)count);
}

static void ask_up_to(uint64_t most) {
  for (uint64_t serial = 1; serial <= journal->total && in_flight < most; serial++)
    if (journal->items[serial].status == UNKNOWN) ask(serial);
}

/* Some peers have hardly asked before they listen, others ask for much first: they die in other places. */
static void run_killed(uint64_t turn) {
  static const uint64_t most[] = {1, 4, 16, 64};
  uint64_t next = 1;
  while (journal->done < journal->total) {
    while (next <= journal->total && in_flight < most[turn % 4]) {
      if (journal->items[next].status == UNKNOWN) ask(next);
      next++;
    }
    if (in_flight > 0) peer_pump(-1);
  }
}

/* One batch after the other waits at the gate; when it opens, they end while nobody listens. */
static void run_gated(bool away) {
  uint64_t batch = setting("BATCH", 2000);
  for (;;) {
    int ends[2];
    while (in_flight > 0) peer_pump(-1);
    if (journal->done == journal->total) return;
    CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    gate = ends[0];
    ask_up_to(batch);
    uint64_t expected = journal->done + in_flight;
    /* Each has begun: it has said so itself. */
    while (records() < expected) peer_pump(20);
    close(gate);
    gate = -1;
    if (away) raise(SIGKILL); /* which opens the gate */
    close(ends[1]);
    for (uint32_t i = 0; i < peer.header->entries_used; i++)
      while (state_at(i) == ENTRY_STARTING || state_at(i) == ENTRY_RUNNING) usleep(1000);
  }
}

/* A successor that comes late: nobody says hello before all that were left behind have ended. */
static void wait_for_ends(void) {
  for (uint64_t serial = 1; serial <= journal->total; serial++) {
    const struct item *item = &journal->items[serial];
    if (item->status != ASKED) continue;
    for (uint32_t i = 0; i < peer.header->entries_used; i++)
      while (generation_at(i) == item->generation && state_at(i) != ENTRY_EMPTY) usleep(1000);
  }
}

static void map_table_unasked(const char *folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/table", folder);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat stat_of;
  CHECK(fd >= 0 && fstat(fd, &stat_of) == 0, "%s", path);
  char *map = mmap(NULL, (size_t)stat_of.st_size, PROT_READ, MAP_SHARED, fd, 0);
  CHECK(map != MAP_FAILED, "mmap");
  close(fd);
  peer.header = (struct table_header *)map;
  peer.entries = (struct table_entry *)(map + peer.header->entries_offset);
}

int main(int argc, char **argv) {
  peer_connect();
  CHECK(argc == 5, "%d arguments", argc);
  mode = argv[1];
  ender = argv[3];
  open_journal(argv[2]);
  bool killed = strcmp(mode, "killed") == 0, away = strcmp(mode, "away") == 0;
  uint64_t turn = journal->incarnations;
  if (killed) peer.die_at = turn <= setting("EACH_IN_TURN", EACH_IN_TURN) ? turn : 1 + below(1500);
  if (away && turn > 1) {
    map_table_unasked(argv[4]);
    wait_for_ends();
  }
  peer_hello();
  peer_simple(ASK_READY);
  if (turn > 1) refuse_old_epoch();
  peer.told = told;
  adopt();
  if (killed) run_killed(turn);
  else run_gated(away);
  while (frees_unanswered > 0) peer_pump(-1);
  peer.die_at = 0;
  for (uint32_t i = 0; i < peer.header->entries_used; i++) CHECK(peer.entries[i].state_word == 0,
                                                                 "entry %u is left", i);
  check_records();
  print("{\"exits\":%llu,\"peers\":%llu,\"asked_again\":%llu,\"told\":%llu}",
        (unsigned long long)journal->done, (unsigned long long)journal->incarnations,
            (unsigned long long)journal->asked_again,
        (unsigned long long)journal->told);
  peer_end(0);
}
