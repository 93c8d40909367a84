/*
 * Emptying trees, and signals to what is in them. A kill is repeated, at growing distances, until
 * the tree is proved empty: by the removal of its cgroup, by its minder's last word, or, where the
 * minder died, by the keeper having no child left that it does not know.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"

#define MS 1000000ull
#define MAX_TREE (2 * TABLE_ENTRIES)
#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1u << 2)
#endif

static uint32_t work; /* index + 1 of the first tree in the list */
static pid_t found[MAX_TREE];
static pid_t parents[MAX_TREE];

void tree_list(uint32_t index) {
  if (slots[index].flags & SLOT_WORK) return;
  slots[index].flags |= SLOT_WORK;
  slots[index].sweeps = 0;
  slots[index].sweep_at_ns = now_ns() + MS;
  slots[index].next_work = work;
  work = index + 1;
}

/* Everything below a minder, parents before children; a signal to each that is still where it was seen. */
static int below_minder(uint32_t index, int signal) {
  pid_t minder = (pid_t)keeper.entries[index].minder_pid;
  int count = 0, sent = 0;
  int first = proc_children(minder, found, MAX_TREE);
  for (; count < first; count++) parents[count] = minder;
  for (int i = 0; i < count; i++) {
    int more = proc_children(found[i], found + count, MAX_TREE - count);
    for (int j = 0; j < more; j++) parents[count + j] = found[i];
    count += more;
    sent += send_checked(found[i], parents[i], index, signal);
  }
  return sent;
}

/* The keeper's own children that belong to nothing it knows: they fell to it when a minder died. */
static bool kill_strays(void) {
  int count = proc_children(keeper.pid, found, MAX_TREE);
  bool any = false;
  for (int i = 0; i < count; i++) {
    pid_t pid = found[i];
    char state = 0;
    if (pid == keeper.archond || initial_child(pid) || cgroup_holds(pid)) continue;
    int index = pids_find(pid);
    if (index >= 0 && !(slots[index].flags & SLOT_STRAYS)) continue;
    any = true;
    /* A child of ours keeps its pid until we reap it: the signal cannot reach a stranger. */
    if (proc_stat(pid, NULL, NULL, &state) && state != 'Z') kill(pid, SIGKILL);
  }
  return any;
}

static void sweep(uint32_t index) {
  struct slot *slot = &slots[index];
  if (keeper.entries[index].tree_kind == TREE_CGROUP) {
    if (slot->flags & SLOT_KILL) cgroup_kill(index);
    if (state_of(index) == ENTRY_EXITED) cgroup_watch(index);
  } else if (slot->flags & SLOT_STRAYS) {
    if (!kill_strays() && state_of(index) == ENTRY_EXITED) publish(index, ENTRY_EMPTY);
  } else if (slot->flags & SLOT_KILL) {
    below_minder(index, SIGKILL);
  }
  static const uint16_t distance_ms[] = {1, 2, 4, 8, 16, 32, 64, 125, 250, 500};
  uint32_t last = sizeof distance_ms / sizeof *distance_ms - 1;
  slot->sweep_at_ns = now_ns() + distance_ms[slot->sweeps < last ? slot->sweeps : last] * MS;
  slot->sweeps++;
}

void tree_kill(uint32_t index) {
  if (state_of(index) == ENTRY_EMPTY) return;
  slots[index].flags |= SLOT_KILL;
  tree_list(index);
  slots[index].sweeps = 0;
  sweep(index);
}

static bool done(uint32_t index) {
  enum entry_state state = state_of(index);
  if (state == ENTRY_EMPTY || state == ENTRY_FREE) return true;
  bool told_by_kernel = slots[index].events != NONE && slots[index].sweeps > 3;
  return !(slots[index].flags & (SLOT_KILL | SLOT_STRAYS)) && told_by_kernel;
}

void tree_work(uint64_t now) {
  uint32_t *link = &work;
  while (*link != 0) {
    uint32_t index = *link - 1;
    if (!done(index) && slots[index].sweep_at_ns <= now) sweep(index);
    if (done(index)) {
      *link = slots[index].next_work;
      slots[index].flags &= (uint8_t)~SLOT_WORK;
      slots[index].next_work = 0;
    } else {
      link = &slots[index].next_work;
    }
  }
}

uint64_t tree_next(void) {
  uint64_t next = UINT64_MAX;
  for (uint32_t at = work; at != 0; at = slots[at - 1].next_work)
    if (slots[at - 1].sweep_at_ns < next) next = slots[at - 1].sweep_at_ns;
  return next;
}

/* A freed entry must not stay in the list under the name of its successor. */
void tree_forget(uint32_t index) {
  for (uint32_t *link = &work; *link != 0; link = &slots[*link - 1].next_work) {
    if (*link - 1 != index) continue;
    *link = slots[index].next_work;
    slots[index].flags &= (uint8_t)~SLOT_WORK;
    return;
  }
}

int tree_signal(uint32_t index, int signal) {
  if (keeper.entries[index].tree_kind == TREE_CGROUP) return cgroup_signal(index, signal);
  return below_minder(index, signal);
}

/* Returns the number of processes (a group counts as one), or -1 and errno. */
int signal_main(uint32_t index, int signal, bool group) {
  struct table_entry *entry = &keeper.entries[index];
  pid_t pid = (pid_t)entry->pid;
  if (state_of(index) >= ENTRY_EXITED) {
    errno = ESRCH;
    return -1;
  }
  if (entry->tree_kind == TREE_CGROUP || (slots[index].flags & SLOT_STRAYS))
    return kill(group ? -pid : pid, signal) == 0 ? 1 : -1;
  /* Its minder reaps it at any time: hold it first, then make sure that it was not reaped before. */
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return -1;
  long sent = -1;
  errno = ESRCH;
  if ((__atomic_load_n(&entry->minder_word, __ATOMIC_ACQUIRE) & 0xff) == ENTRY_STARTING) {
    sent = syscall(SYS_pidfd_send_signal, fd, signal, NULL, group ? PIDFD_SIGNAL_PROCESS_GROUP : 0);
    if (sent != 0 && group && errno == EINVAL) sent = kill(-pid, signal);
  }
  int error = errno;
  close(fd);
  errno = error;
  return sent == 0 ? 1 : -1;
}
