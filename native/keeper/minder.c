/*
 * A minder stands between the keeper and one generation where there are no cgroups. It never
 * execs: it is a subreaper in a session of its own, so that whatever the unit forks stays below
 * it, and it knows that the tree is empty when there is no child left to wait for (ECHILD).
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

#define RECORDS_A_TURN 64

/* Blocks while the keeper is slow; where it is gone, only the table is left to tell. */
static void tell(int pipe, const struct minder_record *record) {
  while (write(pipe, record, sizeof *record) < 0 && errno == EINTR) {
  }
}

static void mind(struct table_entry *entry, uint64_t generation, pid_t main, int pipe) {
  for (;;) {
    siginfo_t info;
    struct minder_record record;
    memset(&info, 0, sizeof info);
    memset(&record, 0, sizeof record);
    if (syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOWAIT | __WALL, &record.usage) != 0) {
      if (errno == EINTR) continue;
      break;
    }
    record.pid = (uint32_t)info.si_pid;
    record.code = info.si_code;
    record.status = info.si_status;
    record.kind = MINDER_ORPHAN;
    if (info.si_pid == main) {
      record.kind = MINDER_MAIN_ENDED;
      record_end(entry, info.si_code, info.si_status, &record.usage);
      __atomic_store_n(&entry->minder_word, generation << 8 | ENTRY_EXITED, __ATOMIC_RELEASE);
      main = 0; /* its pid may come again, as an orphan's */
    }
    collect(info.si_pid);
    tell(pipe, &record);
  }
  struct minder_record last = {.kind = MINDER_EMPTY};
  __atomic_store_n(&entry->minder_word, generation << 8 | ENTRY_EMPTY, __ATOMIC_RELEASE);
  tell(pipe, &last);
}

static bool change_claim(struct table_entry *entry, uint64_t from, uint64_t to) {
  return __atomic_compare_exchange_n(&entry->minder_claim, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

bool minder_take_back(struct table_entry *entry, uint64_t generation) {
  if (change_claim(entry, claim_of(generation), 0)) return true;
  entry->minder_pid = (uint32_t)(entry->minder_claim & ((1u << CLAIM_PID_BITS) - 1));
  return entry->minder_pid == 0;
}

/* All signals are blocked, as in the keeper: none but SIGKILL and SIGSTOP reaches a minder. */
void minder_body(void *given) {
  struct minder_context *context = given;
  struct table_entry *entry = context->child.entry;
  child_cut_loose(&context->child);
  context->child.cut_loose = false;
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  prctl(PR_SET_NAME, "archon-minder", 0, 0, 0);

  context->child.minder = getpid();
  uint64_t generation = context->generation;
  if (!change_claim(entry, claim_of(generation), claim_of(generation) | (uint64_t)getpid())) _exit(1);
  struct minder_record record = {.kind = MINDER_FORKED};
  const struct child_plan plan = {
      .cgroup = -1, .share_window = false, .body = child_body, .context = &context->child};
  uint64_t before_ticks = boot_ticks();
  pid_t main = make_child(&plan);
  if (main < 0) {
    record.kind = MINDER_REFUSED;
    record.status = errno;
    tell(context->pipe, &record);
    _exit(1);
  }
  entry->started_ns = now_ns();
  entry->pid = (uint32_t)main;
  __atomic_store_n(&entry->minder_word, generation << 8 | ENTRY_STARTING, __ATOMIC_RELEASE);
  entry->start_ticks = start_of(main, before_ticks);
  record.pid = (uint32_t)main;
  int pipe = dup2(context->pipe, 0);
  close_from(1);
  tell(pipe, &record);
  mind(entry, generation, main, pipe);
  _exit(0);
}

static void main_is_over(uint32_t index) {
  exec_over(index);
  publish(index, ENTRY_EXITED);
}

static void take(uint32_t index, const struct minder_record *record) {
  struct table_entry *entry = &keeper.entries[index];
  switch ((enum minder_kind)record->kind) {
    case MINDER_FORKED:
      spawn_started(index);
      break;
    case MINDER_REFUSED:
      refuse_spawn(index, STAGE_FORK, record->status);
      break;
    case MINDER_MAIN_ENDED: /* its end stands in the table already */
      main_is_over(index);
      break;
    case MINDER_ORPHAN:
      ring_add((pid_t)record->pid, record->code, record->status, &record->usage, entry->state_word);
      break;
    case MINDER_EMPTY:
      close_watched(&slots[index].minder_read);
      publish(index, ENTRY_EMPTY);
      break;
  }
}

/* Up to so many records: a tree whose orphans end without pause must not keep the keeper for itself. */
static void read_records(uint32_t index, int most) {
  for (int i = 0; i < most && slots[index].minder_read != NONE; i++) {
    struct minder_record record;
    ssize_t got = read(slots[index].minder_read, &record, sizeof record);
    if (got == (ssize_t)sizeof record) {
      take(index, &record);
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    /* Its end: the minder is gone or going, what it was is found out when it is reaped. */
    close_watched(&slots[index].minder_read);
  }
}

void minder_readable(uint32_t index) { read_records(index, RECORDS_A_TURN); }

/*
 * The main process is ours only where its minder had not yet reaped it. The minder may have had no
 * time to look up when it was started.
 */
static bool fell_to_keeper(struct table_entry *entry) {
  pid_t parent = 0;
  uint64_t start = 0;
  if (!proc_stat((pid_t)entry->pid, &parent, &start, NULL) || parent != keeper.pid) return false;
  if (entry->start_ticks == 0) entry->start_ticks = start;
  return start == entry->start_ticks;
}

/* The minder was reaped; all that it said has to be read before its death is judged. */
void minder_ended(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  uint32_t minder = entry->minder_pid;
  flight_cut(index); /* what it was made with; the exec of its main process may still be under way */
  read_records(index, INT_MAX);
  if (slots[index].generation == 0) return; /* refused, and given back on the way */
  entry->minder_pid = 0; /* from now on the pid may be anyone's */
  close_watched(&slots[index].minder_read);
  if ((slots[index].flags & SLOT_REFUSED) || state_of(index) == ENTRY_EMPTY) return;

  /* It was killed. What it had written into the table before counts, told or not. */
  enum entry_state seen = (enum entry_state)(__atomic_load_n(&entry->minder_word, __ATOMIC_ACQUIRE) & 0xff);
  bool ours = seen >= ENTRY_STARTING && fell_to_keeper(entry);
  if (seen >= ENTRY_STARTING && state_of(index) == ENTRY_FREE) spawn_started(index);
  if (seen >= ENTRY_EXITED && state_of(index) < ENTRY_EXITED) main_is_over(index);
  if (seen == ENTRY_EMPTY) {
    publish(index, ENTRY_EMPTY);
    return;
  }
  entry->facts |= FACT_MINDER_LOST;
  if (ours) pids_add((pid_t)entry->pid, index);
  if (state_of(index) != ENTRY_FREE) tell_later(index, UNTOLD_STATE);
  say("the minder %u of entry %u died; its tree is killed", minder, index);
  strays_add(index);
}
