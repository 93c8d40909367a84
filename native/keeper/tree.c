/*
 * Emptying trees, and signals to what is in them. A kill is repeated until the tree is proved empty:
 * by the removal of its cgroup or by its minder's last word (strays.c: where that cannot come).
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"

#define MS 1000000ull
#define MAX_TREE (2 * TABLE_ENTRIES)
#define PASSES 4 /* over a tree in one sweep, while each finds something to kill */
#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1u << 2)
#endif

static uint32_t work;                  /* index + 1 of the first tree in the list */
static uint64_t work_at_ns = UINT64_MAX; /* no tree of the list is due before */
static pid_t found[MAX_TREE];
static pid_t parents[MAX_TREE];

static void sweep_at(uint32_t index, uint64_t at_ns) {
  slots[index].sweep_at_ns = at_ns;
  if (at_ns < work_at_ns) work_at_ns = at_ns;
}

void tree_list(uint32_t index) {
  if ((slots[index].flags & (SLOT_WORK | SLOT_STRAYS)) || follow_lost(index)) return;
  slots[index].flags |= SLOT_WORK;
  slots[index].sweeps = 0;
  slots[index].next_work = work;
  work = index + 1;
  sweep_at(index, now_ns() + MS);
}

/*
 * A signal to each of the first `count` in `found` and to everything below them, parents before
 * children, each only if it is still where it was seen: below its parent, or, where the signal has ended
 * that already, below the `heir` of orphans. Returns how many were signalled.
 */
static int signal_from(int count, pid_t heir, int signal, struct seen *seen) {
  int sent = 0;
  for (int i = 0; i < count; i++) {
    int more = proc_children(found[i], found + count, MAX_TREE - count);
    for (int j = 0; j < more; j++) parents[count + j] = found[i];
    count += more;
    sent += send_to_child(found[i], parents[i], heir, signal, seen);
  }
  return sent;
}

static int below_minder(uint32_t index, int signal, struct seen *seen) {
  pid_t minder = (pid_t)keeper.entries[index].minder_pid;
  if (minder == 0) return 0;
  int count = proc_children(minder, found, MAX_TREE);
  /* One that is no child of the keeper is reaped by others: what was listed counts only if it still has its pid. */
  if (followed(index) && !follow_minder_lives(index)) return 0;
  for (int i = 0; i < count; i++) parents[i] = minder;
  return signal_from(count, minder, signal, seen);
}

int kill_below(pid_t top) {
  struct seen seen = {0};
  int count = proc_children(top, found, MAX_TREE);
  for (int i = 0; i < count; i++) parents[i] = top;
  return signal_from(count, top, SIGKILL, &seen);
}

int kill_children(bool (*chosen)(pid_t pid), struct seen *seen) {
  int left = 0;
  for (int pass = 0; pass < PASSES; pass++) {
    int count = proc_children(keeper.pid, found, MAX_TREE);
    left = 0;
    for (int i = 0; i < count; i++)
      if (chosen(found[i])) found[left++] = found[i];
    for (int i = 0; i < left; i++) parents[i] = keeper.pid;
    if (signal_from(left, keeper.pid, SIGKILL, seen) == 0) break;
  }
  return left;
}

/*
 * Processes that are younger than the last sweep mean that the tree still grows: it is swept again
 * soon. Else it waits for something that cannot end now, at growing distances.
 */
static void kill_below_minder(uint32_t index) {
  struct seen seen = {0};
  pid_t minder = (pid_t)keeper.entries[index].minder_pid;
  /* Somebody may have stopped it, and it has to reap. */
  if (followed(index)) follow_signal_minder(index, SIGCONT);
  else if (minder > 0) kill(minder, SIGCONT); /* our child */
  for (int pass = 0; pass < PASSES; pass++)
    if (below_minder(index, SIGKILL, &seen) == 0) break;
  if (seen.youngest_ticks + 1 >= slots[index].swept_ticks) slots[index].sweeps = 0;
  slots[index].swept_ticks = boot_ticks();
}

static void sweep(uint32_t index) {
  struct slot *slot = &slots[index];
  if (keeper.entries[index].tree_kind == TREE_CGROUP) {
    if (slot->flags & SLOT_KILL) cgroup_kill(index);
    if (state_of(index) == ENTRY_EXITED) cgroup_watch(index);
  } else if (slot->flags & SLOT_KILL) {
    kill_below_minder(index);
  }
  static const uint16_t distance_ms[] = {1, 2, 4, 8, 16, 32, 64, 125, 250, 500};
  uint32_t last = sizeof distance_ms / sizeof *distance_ms - 1;
  sweep_at(index, now_ns() + distance_ms[slot->sweeps < last ? slot->sweeps : last] * MS);
  slot->sweeps++;
}

void tree_kill(uint32_t index) {
  if (state_of(index) == ENTRY_EMPTY || (slots[index].flags & SLOT_STRAYS) || follow_lost(index)) return;
  slots[index].flags |= SLOT_KILL;
  tree_list(index);
  slots[index].sweeps = 0;
  sweep(index);
}

/* Nothing more to do, or the kernel will say when there is. */
static bool done(uint32_t index) {
  enum entry_state state = state_of(index);
  if (state == ENTRY_EMPTY || state == ENTRY_FREE) return true;
  return !(slots[index].flags & SLOT_KILL) && cgroup_will_tell(index);
}

void tree_work(uint64_t now) {
  if (now < work_at_ns) return;
  work_at_ns = UINT64_MAX;
  uint32_t *link = &work;
  while (*link != 0) {
    uint32_t index = *link - 1;
    if (!done(index) && slots[index].sweep_at_ns <= now) sweep(index);
    if (done(index)) {
      *link = slots[index].next_work;
      slots[index].flags &= (uint8_t)~SLOT_WORK;
      slots[index].next_work = 0;
    } else {
      sweep_at(index, slots[index].sweep_at_ns);
      link = &slots[index].next_work;
    }
  }
}

uint64_t tree_next(void) { return work_at_ns; }

/* A freed entry must not stay in the list under the name of its successor. */
void tree_forget(uint32_t index) {
  if (!(slots[index].flags & SLOT_WORK)) return;
  for (uint32_t *link = &work; *link != 0; link = &slots[*link - 1].next_work) {
    if (*link - 1 != index) continue;
    *link = slots[index].next_work;
    slots[index].next_work = 0;
    slots[index].flags &= (uint8_t)~SLOT_WORK;
    return;
  }
}

int tree_signal(uint32_t index, int signal) {
  if (state_of(index) == ENTRY_EMPTY) return 0;
  if (keeper.entries[index].tree_kind == TREE_CGROUP) return cgroup_signal(index, signal);
  struct seen seen = {0};
  return below_minder(index, signal, &seen); /* none where the minder is lost: they are being killed */
}

/* Its minder reaps it at any time: hold it first, then make sure that it was not reaped before. */
static int signal_held(const struct table_entry *entry, int signal, bool group) {
  pid_t pid = (pid_t)entry->pid;
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0 && errno != ENOSYS) return -1;
  long sent = -1;
  int error = ESRCH;
  if ((__atomic_load_n(&entry->minder_word, __ATOMIC_ACQUIRE) & 0xff) == ENTRY_STARTING) {
    unsigned flags = group ? PIDFD_SIGNAL_PROCESS_GROUP : 0;
    if (fd >= 0) sent = syscall(SYS_pidfd_send_signal, fd, signal, NULL, flags);
    /* Kernels before 5.3 and 6.9 lack the one or the other. */
    bool lacking = fd < 0 || (sent != 0 && (errno == ENOSYS || (group && errno == EINVAL)));
    if (lacking) sent = kill(group ? -pid : pid, signal);
    error = errno;
  }
  if (fd >= 0) close(fd);
  errno = error;
  return sent == 0 ? 1 : -1;
}

/* Returns the number of processes (a group counts as one), or -1 and errno. */
int signal_main(uint32_t index, int signal, bool group) {
  const struct table_entry *entry = &keeper.entries[index];
  pid_t pid = (pid_t)entry->pid;
  if (state_of(index) >= ENTRY_EXITED) {
    errno = ESRCH;
    return -1;
  }
  if (followed(index)) return follow_signal(index, signal, group);
  /* A child of the keeper keeps its pid until the keeper reaps it: no stranger can have it. */
  bool ours = entry->tree_kind == TREE_CGROUP || entry->minder_pid == 0;
  if (!ours) return signal_held(entry, signal, group);
  return kill(group ? -pid : pid, signal) == 0 ? 1 : -1;
}
