/*
 * sweep errors|deaths ENDER FOLDER: a life of two processes (spawned, signalled, ended, killed, given back) and of a kept
 * descriptor, once for each point at which the test build of the keeper can fail. Either it is done, or it is
 * refused with the errno that was injected; and afterwards nothing is there that was not before.
 *   errors  each kind of call fails with each errno that it may fail with, at each of its points
 *   deaths  archond (we) is killed before each call of any kind; the next one goes on
 * What must be known of an earlier life stands in FOLDER/page; what the processes say themselves in FOLDER/record.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/outside.h"
#include "../lib/peer.h"

#define CODE 7
#define OURS 0x5eed000000000000ull /* in the tags, above the serial */

static struct faults *faults;
/* Of the whole run: what is under way, and what was counted. */
static struct { uint32_t at, points; uint64_t serial, first_of_cycle; int files; } *page;
static const char *ender;
static char record_path[512];

/* A process that waits for its gate, or none where that was refused. */
struct life { bool there; uint32_t index; int gate; uint64_t serial; };

static struct life begin(void) {
  int gate[2];
  CHECK(pipe2(gate, O_CLOEXEC) == 0, "a pipe");
  struct life life = {.gate = gate[1], .serial = ++page->serial};
  char number[16], serial[24];
  snprintf(number, sizeof number, "%d", CODE);
  snprintf(serial, sizeof serial, "%llu", (unsigned long long)life.serial);
  const char *argv[] = {ender, "0", number, record_path, serial, NULL};
  static const uint32_t numbers[] = {0};
  struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION, .fds = gate, .numbers = numbers, .fd_count = 1,
                        .tag = {OURS | life.serial}};
  struct incoming in;
  peer_wait(peer_spawn(&spawn, new_generation()), &in);
  close(gate[0]);
  life.there = in.as.head.type == TELL_SPAWNED;
  uint32_t pid = 0;
  if (!life.there) {
    CHECK(in.as.head.type == TELL_REFUSED && faults->fired && in.as.refused.error == faults->action,
          "refused with errno %u", in.as.refused.error);
    uint32_t stage = in.as.refused.stage;
    CHECK(stage == STAGE_FORK || stage == STAGE_CGROUP || stage == STAGE_DESCRIPTORS, "stage %u", stage);
    CHECK(recorded(record_path, life.serial, &pid) == 0, "what was refused has run");
    return life;
  }
  life.index = in.as.spawned.index;
  const struct table_entry *entry = &peer.entries[life.index];
  wait_for_state(life.index, ENTRY_RUNNING);
  while (recorded(record_path, life.serial, &pid) == 0) CHECK(state_at(life.index) == ENTRY_RUNNING, "it has ended");
  CHECK(entry->pid == pid && entry->start_ticks == start_ticks_of(pid), "pid %u, start %llu, not %llu", pid,
        (unsigned long long)entry->start_ticks, (unsigned long long)start_ticks_of(pid));
  return life;
}

static void end(const struct life *life, uint32_t kind, uint32_t status) {
  if (!life->there) return;
  wait_for_state(life->index, ENTRY_EMPTY);
  const struct table_entry *entry = &peer.entries[life->index];
  uint32_t pid;
  CHECK(entry->exec_stage == STAGE_NONE && entry->exit_kind == kind && entry->exit_status == status,
        "stage %u, kind %u, status %u", entry->exec_stage, entry->exit_kind, entry->exit_status);
  CHECK(recorded(record_path, life->serial, &pid) == 1 && pid == entry->pid, "begun twice");
  peer_free(life->index);
}

static void keep(void) {
  struct { struct ask_name head; char name[4]; } ask = {.head = {.name_bytes = 4}, .name = "name"};
  int fd = STDERR_FILENO;
  struct incoming in;
  peer_wait(peer_send(ASK_STORE, &ask, sizeof ask.head + 4, &fd, 1), &in);
  if (in.as.head.type == TELL_REFUSED) {
    CHECK(faults->fired && in.as.refused.error == faults->action, "refused with %u", in.as.refused.error);
    return;
  }
  peer_name(ASK_DROP, "name", 4, -1, 0, TELL_DONE);
}

/* All of it, once. */
static void cycle(void) {
  page->first_of_cycle = page->serial + 1;
  struct life ends = begin(), killed = begin();
  if (ends.there) {
    struct incoming in = peer_signal(ends.index, 0, SCOPE_MAIN, TELL_DONE);
    CHECK(in.as.done.value == 1, "%llu were signalled", (unsigned long long)in.as.done.value);
  }
  keep();
  close(ends.gate);
  end(&ends, 1, CODE);
  if (killed.there) peer_kill_tree(killed.index);
  end(&killed, 2, SIGKILL);
  close(killed.gate);
}

/* Nothing is there but we, and what the keeper has ready for the next spawns. */
static void check_rest(void) {
  faults_disarm(faults);
  cycle(); /* and makes up for what could not be made beforehand */
  int files = open_files_of((pid_t)peer.welcome.keeper_pid);
  if (page->files == 0) page->files = files;
  CHECK(files == page->files, "%d descriptors, %d before", files, page->files);
  CHECK(peer.header->entries_used <= 2, "%u entries", peer.header->entries_used);
  while (children_of((pid_t)peer.welcome.keeper_pid) > 1) peer_pump(1); /* minders on their way out */
  CHECK(trees_left() == 0, "%d cgroups are left", trees_left());
}

static void errors(void) {
  static const struct { enum fault_kind kind; int errors[4]; } cases[] = {
      {FAULT_CHILD, {EAGAIN, ENOMEM}},
      {FAULT_PIPE, {EMFILE, ENFILE}},
      {FAULT_OPEN, {EMFILE, ENOMEM}},
      {FAULT_MKDIR, {ENOSPC, ENOMEM}},
      {FAULT_RMDIR, {EBUSY, ENOMEM}},
      {FAULT_RAISE, {EMFILE}},
      {FAULT_WATCH, {ENOMEM, ENOSPC}},
      {FAULT_SLEEP, {EINTR}},
      {FAULT_SEND, {EAGAIN, ENOBUFS, ENOMEM, EINTR}},
      {FAULT_RECEIVE, {EINTR, ENOMEM}},
      {FAULT_READ, {EINTR, EAGAIN}},
      {FAULT_WRITE, {EINTR, EAGAIN}},
  };
  check_rest();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int j = 0; j < 4 && cases[i].errors[j] != 0; j++)
      for (uint32_t at = 1;; at++) {
        faults_arm(faults, cases[i].kind, at, (uint32_t)cases[i].errors[j]);
        cycle();
        faults_disarm(faults);
        if (!faults->fired) break;
        page->points++;
        check_rest();
      }
}

/* What the one before had begun and has not seen the end of: wholly there, or not at all. */
static void take_over(void) {
  for (uint32_t index = 0; index < peer.header->entries_used; index++) {
    while (generation_at(index) == 0 && peer.entries[index].minder_word != 0) peer_pump(1);
    if (generation_at(index) == 0) continue;
    const struct table_entry *entry = &peer.entries[index];
    uint64_t serial = entry->tag[0] & ~OURS;
    CHECK((entry->tag[0] & OURS) == OURS && serial >= page->first_of_cycle && serial <= page->serial,
          "a stranger");
    wait_for_state(index, ENTRY_EMPTY); /* its gate has closed with the one before */
    bool by_gate = entry->exit_kind == 1 && entry->exit_status == CODE;
    bool by_kill = entry->exit_kind == 2 && entry->exit_status == SIGKILL && serial == page->first_of_cycle + 1;
    CHECK(by_gate || by_kill, "kind %u, status %u", entry->exit_kind, entry->exit_status);
    uint32_t pid = 0;
    CHECK(recorded(record_path, serial, &pid) == 1 && pid == entry->pid, "serial %llu", (unsigned long long)serial);
    peer_free(index);
  }
  uint32_t pid;
  for (uint64_t serial = page->first_of_cycle; serial <= page->serial; serial++)
    CHECK(recorded(record_path, serial, &pid) <= 1, "begun twice");
  peer_name(ASK_STORE, "name", 4, STDERR_FILENO, 1, TELL_DONE);
  peer_name(ASK_DROP, "name", 4, -1, 0, TELL_DONE);
}

static void deaths(void) {
  if (faults->fired) {
    faults_disarm(faults);
    faults->fired = 0;
    page->points++;
    take_over();
  }
  check_rest();
  faults_arm(faults, FAULT_ANY, ++page->at, FAULT_KILL_ARCHOND);
  cycle();
  /* The call before which we are to die may be the one by which the keeper answers: it comes as soon as that. */
  faults_disarm(faults);
  while (faults->fired) pause();
}

int main(int argc, char **argv) {
  CHECK(argc >= 4, "%d arguments", argc);
  char path[512];
  snprintf(path, sizeof path, "%s/page", argv[3]);
  snprintf(record_path, sizeof record_path, "%s/record", argv[3]);
  close(open(record_path, O_CREAT | O_CLOEXEC, 0600));
  page = map_file(path, sizeof *page);
  faults = map_file(getenv(FAULTS_VARIABLE), sizeof *faults);
  ender = argv[2];
  peer_open();
  peer_simple(ASK_READY);
  if (strcmp(argv[1], "errors") == 0) errors();
  else deaths();
  CHECK(page->points > 20, "only %u points", page->points);
  print("{\"points\":%u}", page->points);
  peer_end(0);
}
