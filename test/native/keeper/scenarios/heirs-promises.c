#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heirs-promises.h"

#define CODE 7
#define OURS 0x5eed000000000000ull /* in the tags, above the serial */
#define UNKNOWN 0                  /* exit_kind of an end that nobody could know */

struct page *page;
struct faults *faults;
static const char *programs[2];
static char record[512];

void promises_open(const char *folder, const char *ender, const char *couple) {
  char path[512];
  snprintf(path, sizeof path, "%s/page", folder);
  snprintf(record, sizeof record, "%s/record", folder);
  close(open(record, O_CREAT | O_CLOEXEC, 0600));
  page = map_file(path, sizeof *page);
  programs[0] = ender;
  programs[1] = couple;
}

static int begun(const struct promise *promise, uint32_t *pid) { return recorded(record, promise->serial, pid); }

struct promise *promise_make(enum way way, int *gate) {
  CHECK(page->count < PROMISES, "too many");
  struct promise *promise = &page->promises[page->count];
  *promise = (struct promise){.serial = ++page->serial, .way = way};
  page->count++;
  char serial[24], code[8];
  snprintf(serial, sizeof serial, "%llu", (unsigned long long)promise->serial);
  snprintf(code, sizeof code, "%d", CODE);
  const char *ender[] = {programs[0], "0", code, record, serial, NULL}, *couple[] = {programs[1], record, serial, NULL};
  const char *none[] = {"/nosuch", NULL};
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
  static const uint32_t numbers[] = {0};
  struct spawn spawn = {.argv = way == WAY_ENDS ? ender : way == WAY_STAYS ? couple : none, .flags = SPAWN_SESSION,
                        .fds = ends, .numbers = numbers, .fd_count = 1, .tag = {OURS | promise->serial}};
  uint64_t id = peer_spawn(&spawn, new_generation());
  close(ends[0]);
  struct incoming in;
  peer_wait(id, &in);
  if (gate != NULL) *gate = ends[1];
  else close(ends[1]);
  promise->answer = in.as.head.type == TELL_SPAWNED ? ANSWER_SPAWNED : ANSWER_REFUSED;
  CHECK(promise->answer == ANSWER_SPAWNED, "refused with errno %u at stage %u", in.as.refused.error,
        in.as.refused.stage);
  promise->index = in.as.spawned.index;
  return promise;
}

/* Its end stands in the table: whether it is the one that it must have come to. */
static void check_end(const struct promise *promise, const struct table_entry *entry, bool known) {
  uint32_t kind = entry->exit_kind, status = entry->exit_status, pid = 0;
  if (promise->way == WAY_FAILS) {
    CHECK(entry->exec_stage == STAGE_EXEC && entry->exec_errno == ENOENT, "stage %u, errno %u", entry->exec_stage,
          entry->exec_errno);
    return;
  }
  bool right = promise->way == WAY_ENDS ? kind == 1 && status == CODE : kind == 2 && status == SIGKILL;
  CHECK(entry->exec_stage == STAGE_NONE && (right || (kind == UNKNOWN && !known)),
        "serial %llu, way %u, plan %u, act %u: stage %u, errno %u, kind %u, status %u", (unsigned long long)promise->serial, promise->way, page->plan, page->act, entry->exec_stage,
        entry->exec_errno, kind, status);
  page->unknown += kind == UNKNOWN;
  int count = begun(promise, &pid), most = promise->way == WAY_STAYS ? 2 : 1;
  CHECK(count >= 1 && count <= most && pid == entry->pid, "%d have begun, the first is %u", count, pid);
}

static void give_back(struct promise *promise) {
  promise->told = 1; /* before it is acknowledged: a keeper that dies in between must find it so */
  peer_free(promise->index);
}

/* What the next keeper writes into the table is for the next archond, also where this one still lives. */
static void await_end(const struct promise *promise) {
  wait_for_state(promise->index, ENTRY_EMPTY);
  while (*(volatile uint32_t *)&peer.header->keeper_pid != peer.welcome.keeper_pid) peer_pump(-1);
}

void promise_finish(struct promise *promise) {
  await_end(promise);
  check_end(promise, &peer.entries[promise->index], true);
  give_back(promise);
}

void promise_kill(struct promise *promise) {
  uint32_t pid = 0;
  while (begun(promise, &pid) < 2) peer_pump(1);
  promise->killing = 1;
  peer_kill_tree(promise->index);
}

/* It lives, and is the one that began: it is held against its own word. */
static void meet(struct promise *promise) {
  const struct table_entry *entry = &peer.entries[promise->index];
  uint32_t pid = 0;
  wait_for_state(promise->index, ENTRY_RUNNING);
  if (state_at(promise->index) != ENTRY_RUNNING) return;
  while (begun(promise, &pid) < 2) peer_pump(1);
  CHECK(entry->pid == pid && entry->start_ticks != 0, "pid %u, start %llu", pid,
        (unsigned long long)entry->start_ticks);
  CHECK(promise->killing || entry->start_ticks == start_ticks_of(pid), "start %llu, not %llu",
        (unsigned long long)entry->start_ticks, (unsigned long long)start_ticks_of(pid));
}

/* It was never made: the keeper died on the way to it. */
static bool was_never(const struct promise *promise) {
  const struct table_entry *entry = &peer.entries[promise->index];
  uint32_t pid = 0;
  if (entry->exec_stage != STAGE_FORK) return false;
  CHECK(entry->exec_errno == ECHILD && begun(promise, &pid) == 0, "errno %u, process %u", entry->exec_errno, pid);
  CHECK(promise->answer == ANSWER_NONE, "one that was answered is told to have failed");
  return true;
}

static void settle(struct promise *promise) {
  const struct table_entry *entry = &peer.entries[promise->index];
  bool alive = state_at(promise->index) < ENTRY_EXITED && promise->way == WAY_STAYS;
  if (alive) meet(promise);
  bool known = alive && !promise->killing;
  /* A kill that was under way is begun anew: what it is for, no keeper knows of another. */
  if ((alive && state_at(promise->index) == ENTRY_RUNNING) || promise->killing) {
    promise->killing = 1;
    peer_kill_tree(promise->index);
  }
  await_end(promise);
  if (!was_never(promise)) {
    CHECK(promise->way != WAY_STAYS || promise->killing, "it has ended, and nobody killed it");
    check_end(promise, entry, known || entry->tree_kind == TREE_MINDER);
  }
  give_back(promise);
}

static struct promise *promise_of(uint64_t tag) {
  for (uint32_t i = 0; i < page->count; i++)
    if ((OURS | page->promises[i].serial) == tag) return &page->promises[i];
  return NULL;
}

void promises_settle(void) {
  for (uint32_t index = 0; index < peer.header->entries_used; index++) {
    const struct table_entry *entry = &peer.entries[index];
    if (generation_at(index) == 0) continue;
    struct promise *promise = promise_of(entry->tag[0]);
    CHECK(promise != NULL, "a stranger, with the tag %llx", (unsigned long long)entry->tag[0]);
    CHECK(promise->answer == ANSWER_NONE || promise->index == index, "it was entry %u", promise->index);
    promise->index = index;
    promise->answer = promise->answer == ANSWER_NONE && promise->told ? ANSWER_SPAWNED : promise->answer;
    /* Read before: then it stands there only until it is given back. */
    if (promise->told) {
      CHECK(state_at(index) == ENTRY_EMPTY, "one that had ended is in state %u", state_at(index));
      peer_free(index);
    } else {
      settle(promise);
    }
  }
  for (uint32_t i = 0; i < page->count; i++) {
    uint32_t pid = 0;
    const struct promise *promise = &page->promises[i];
    if (promise->told) continue;
    CHECK(promise->answer != ANSWER_SPAWNED, "serial %llu is lost", (unsigned long long)promise->serial);
    CHECK(begun(promise, &pid) == 0, "process %u of serial %llu is known to nobody", pid,
          (unsigned long long)promise->serial);
  }
}

void promises_over(void) {
  for (uint32_t i = 0; i < page->count; i++) {
    const struct promise *promise = &page->promises[i];
    uint32_t pid = 0;
    int count = begun(promise, &pid), most = promise->way == WAY_STAYS ? 2 : 1;
    CHECK(count <= (promise->told ? most : 0), "%d of serial %llu have begun", count,
          (unsigned long long)promise->serial);
    CHECK(recorded_alive(record, promise->serial) == 0, "serial %llu lives", (unsigned long long)promise->serial);
  }
}
