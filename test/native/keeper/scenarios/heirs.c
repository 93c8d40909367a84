/*
 * heirs both|other|heir ENDER COUPLE FOLDER: the keeper is killed before each of its calls, once in a life of processes
 * (spawned, signalled, ended, failed, killed with their trees, given back), of a kept descriptor and of two archonds, and
 * once in the recovery after another death of it. The next keeper (fixtures/again.c, or this process) must know
 * everything: none runs twice or unknown, each end is told once, and nothing is left over.
 *   both   archond dies with its keeper
 *   other  archond (we) ends when another keeper has taken the table over
 *   heir   archond becomes the next keeper, with what was deposited
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
#include <sys/syscall.h>
#include <unistd.h>

#include "heirs-promises.h"

#define NAME "name"
#define CLOEXEC (1u << 2) /* CLOSE_RANGE_CLOEXEC */

enum plan { PLAN_LIFE, PLAN_RECOVERY };
enum act { ACT_NEXT, ACT_FIRST, ACT_SECOND, ACT_RECOVERY };

static const char *mode;
static int kept = -1; /* our copy of what is deposited */

static void note_command(void) {
  char path[64];
  if (page->command_bytes != 0) return;
  snprintf(path, sizeof path, "/proc/%u/cmdline", peer.welcome.keeper_pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd >= 0 ? read(fd, page->command, sizeof page->command - 1) : -1;
  CHECK(got > 0, "%s", path);
  page->command_bytes = (uint32_t)got;
  close(fd);
}

/* As archond does: all that is not handed over is closed. */
static void __attribute__((noreturn)) become_keeper(void) {
  char *argv[64], number[16], line[64], option[] = "--kept";
  int argc = 0, list = memfd_create("list", 0);
  int bytes = snprintf(line, sizeof line, "%d " NAME "\n", kept);
  if (kept >= 0 && write(list, line, (size_t)bytes) != bytes) _exit(96);
  syscall(SYS_close_range, 3u, ~0u, CLOEXEC);
  fcntl(list, F_SETFD, 0);
  if (kept >= 0) fcntl(kept, F_SETFD, 0);
  snprintf(number, sizeof number, "%d", list);
  for (char *word = page->command; word < page->command + page->command_bytes && argc < 60; word += strlen(word) + 1) {
    if (strcmp(word, "--") == 0) {
      argv[argc++] = option;
      argv[argc++] = number;
    }
    argv[argc++] = word;
  }
  argv[argc] = NULL;
  page->handed = kept >= 0;
  page->heir = (uint32_t)getpid();
  execv(argv[0], argv);
  _exit(97);
}

static void lost(void) {
  if (strcmp(mode, "both") == 0) kill(getpid(), SIGKILL);
  if (peer.epoch == 0) _exit(0); /* it was never greeted: there is nothing that it could know */
  if (strcmp(mode, "heir") == 0) become_keeper();
  while (*(volatile uint32_t *)&peer.header->keeper_pid == peer.welcome.keeper_pid) usleep(500);
  _exit(0);
}

static uint64_t inode_of(int fd) {
  struct stat stat;
  CHECK(fstat(fd, &stat) == 0, "fstat");
  return stat.st_ino;
}

static void keep(void) {
  kept = memfd_create("kept", MFD_CLOEXEC);
  page->kept_inode = inode_of(kept);
  peer_name(ASK_STORE, NAME, strlen(NAME), kept, 0, TELL_DONE);
}

static void take_kept(const struct incoming *in) {
  if (in->as.head.type != TELL_KEPT) return;
  CHECK(in->fd >= 0 && kept < 0 && in->as.kept.name_bytes == strlen(NAME), "something else is kept");
  kept = in->fd;
  CHECK(inode_of(kept) == page->kept_inode, "another descriptor is kept");
}

static void drop(void) {
  close(kept);
  kept = -1;
  peer_name(ASK_DROP, NAME, strlen(NAME), -1, 0, TELL_DONE);
}

/* All that is kept is asked for, and must be so many; then it is dropped. */
static void check_kept(uint32_t count) {
  peer.told = take_kept;
  uint64_t found = peer_simple(ASK_KEPT);
  peer.told = NULL;
  CHECK(found == count && (kept >= 0) == (count > 0), "%llu are kept, not %u", (unsigned long long)found,
        count);
  if (count > 0) drop();
}

/* Each $STEP-th call, from a random one on. */
static void arm_next(void) {
  uint64_t step = setting("STEP", 1);
  page->at += page->at == 0 ? 1 + (uint32_t)below(step) : (uint32_t)step;
  faults_arm(faults, FAULT_ANY, page->at, FAULT_KILL_KEEPER);
}

static void begin_plan(uint32_t act) {
  page->count = 0;
  page->handed = 0;
  page->act = act;
}

/* What is armed stays so while archond ends and its successor goes on. */
static void __attribute__((noreturn)) first_act(void) {
  int gate;
  begin_plan(ACT_FIRST);
  arm_next();
  struct promise *ends = promise_make(WAY_ENDS, &gate);
  struct promise *stays = promise_make(WAY_STAYS, NULL), *fails = promise_make(WAY_FAILS, NULL);
  keep();
  wait_for_state(ends->index, ENTRY_RUNNING);
  wait_for_state(stays->index, ENTRY_RUNNING);
  peer_signal(ends->index, 0, SCOPE_MAIN, TELL_DONE);
  peer_signal(stays->index, 0, SCOPE_TREE, TELL_DONE);
  close(gate);
  promise_finish(ends);
  promise_finish(fails);
  page->act = ACT_SECOND;
  _exit(0);
}

static void second_act(void) {
  struct promise *stays = &page->promises[1];
  CHECK(generation_at(stays->index) != 0, "it is gone");
  check_kept(1);
  promise_kill(stays);
  promise_finish(stays);
}

static void __attribute__((noreturn)) wait_for_loss(void) {
  for (;;) peer_pump(-1);
}

/* A life is prepared, and the keeper killed: what is armed counts the calls of those that follow. */
static void __attribute__((noreturn)) leave_to_others(void) {
  int gate, over;
  begin_plan(ACT_RECOVERY);
  struct promise *ended = promise_make(WAY_ENDS, &over), *fails = promise_make(WAY_FAILS, NULL);
  promise_make(WAY_ENDS, &gate);
  struct promise *stays = promise_make(WAY_STAYS, NULL);
  keep();
  close(over);
  wait_for_state(ended->index, ENTRY_EMPTY);
  wait_for_state(fails->index, ENTRY_EMPTY);
  wait_for_state(stays->index, ENTRY_RUNNING);
  arm_next();
  kill((pid_t)peer.welcome.keeper_pid, SIGKILL);
  wait_for_loss();
}

/* Under a keeper that took the table over: all that was promised, to its end. */
static void settle(void) {
  bool by_heir = page->heir == peer.welcome.keeper_pid;
  promises_settle();
  check_kept(by_heir ? page->handed : 0);
  page->handed = 0;
}

/* Nothing is there but we, and it goes on as ever. */
static void check_rest(void) {
  int gate;
  struct promise *next = promise_make(WAY_ENDS, &gate);
  close(gate);
  promise_finish(next);
  pid_t keeper = (pid_t)peer.welcome.keeper_pid;
  int *before = &page->files[page->heir == (uint32_t)keeper ? 2 : peer.header->takeover_epoch != 0];
  int files = open_files_of(keeper);
  if (*before == 0) *before = files;
  CHECK(files == *before, "%d descriptors, %d before", files, *before);
  for (uint32_t index = 0; index < peer.header->entries_used; index++)
    CHECK(peer.entries[index].state_word == 0 && peer.entries[index].minder_word == 0, "entry %u", index);
  while (children_of(keeper) > 1) peer_pump(1); /* minders on their way out */
  while (children_of(parent_of(keeper)) > 1) peer_pump(1); /* and those of the keepers before */
  CHECK(trees_left() == 0, "%d cgroups are left", trees_left());
  promises_over();
}

static void next_plan(void) {
  page->plan++;
  page->at = 0;
}

static void go_on(void) {
  if (faults->fired == peer.welcome.keeper_pid) wait_for_loss(); /* it has greeted us, and is dead */
  bool fired = faults->fired != 0;
  if (fired) {
    faults_disarm(faults);
    faults->fired = 0;
    page->points[page->plan]++;
    settle();
  } else if (page->act == ACT_SECOND) {
    second_act();
  } else if (page->act == ACT_RECOVERY) {
    settle();
  }
  /* The call before which it is to die may come while we disarm. */
  faults_disarm(faults);
  if (faults->fired != 0) wait_for_loss();
  check_rest();
  if (!fired && page->act != ACT_NEXT) next_plan();
  page->act = ACT_NEXT;
}

int main(int argc, char **argv) {
  CHECK(argc >= 5, "%d arguments", argc);
  mode = argv[1];
  promises_open(argv[4], argv[2], argv[3]);
  faults = map_file(getenv(FAULTS_VARIABLE), sizeof *faults);
  peer.lost = lost;
  peer_open();
  note_command();
  peer_simple(ASK_READY);
  go_on();
  if (page->plan == PLAN_LIFE) first_act();
  if (page->plan == PLAN_RECOVERY) leave_to_others();
  print("{\"life\":%u,\"recovery\":%u,\"unknown\":%u}", page->points[0], page->points[1], page->unknown);
  peer_end(0);
}
