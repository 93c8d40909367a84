/*
 * Processes that an earlier keeper made: no children of this one, so their ends come by pidfd, and below a
 * minder by the words that it goes on to write into the table. What no event tells (an exec that is over, a
 * zombie that nobody reaps, a kernel without pidfds) is looked for at growing distances.
 *
 * A pidfd is opened first and then proved to be of the process that the table names; after that it
 * cannot become another's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"

#define MS 1000000ull
#define LONGEST_MS 500u
#define LOOKS_IN_VAIN 20 /* for how a zombie ended that nobody reaps: then it is unknown */
#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1u << 2)
#endif

#define FOLLOW_ADOPTED 1 /* an earlier keeper made it: its processes are no children of this one */
#define FOLLOW_LISTED 2  /* it is in the list of those to be looked at */
#define FOLLOW_LOST 4    /* its minder died: what can be proved to be its own is killed */
#define FOLLOW_PROVED 8  /* its session is certainly its own: its main process, or another of it, was there at the last look */

/* Apart from the slots: where no keeper has died none of these pages is ever touched. */
struct following {
  int main_fd;        /* pidfd of the main process, where that lives */
  int minder_fd;      /* likewise of its minder */
  uint32_t next_look; /* index + 1 of the next in the list of those to be looked at */
  uint16_t looks;     /* how often its end was looked for in vain since it has ended */
  uint8_t flags;      /* FOLLOW_… */
};

static struct following followings[TABLE_ENTRIES];
static uint32_t listed; /* index + 1 of the first that is to be looked at */
static uint64_t look_at_ns = UINT64_MAX;
static uint32_t distance_ms;
static const struct rusage unknown_usage;

bool followed(uint32_t index) { return (followings[index].flags & FOLLOW_ADOPTED) != 0; }
bool follow_holds_main(uint32_t index) { return followings[index].main_fd != NONE; }
bool follow_lost(uint32_t index) { return (followings[index].flags & FOLLOW_LOST) != 0; }

bool hold_same(pid_t pid, uint64_t start, int *fd) {
  *fd = NONE;
  if (pid <= 0 || start == 0) return false;
  int held = raise_leaving((int)syscall(SYS_pidfd_open, pid, 0), STOCK_RESERVE);
  uint64_t now = 0;
  bool is_same = proc_stat(pid, NULL, &now, NULL) && now == start;
  if (is_same && held >= 0) *fd = held;
  else if (held >= 0) close(held);
  return is_same;
}

static void look_soon(uint32_t index) {
  look_at_ns = 0;
  distance_ms = 1;
  if (followings[index].flags & FOLLOW_LISTED) return;
  followings[index].flags |= FOLLOW_LISTED;
  followings[index].next_look = listed;
  listed = index + 1;
}

/* A minder that was killed with its keeper before that had looked up when it was started is known by its name. */
static void identify_minder(struct table_entry *entry) {
  struct proc_facts facts;
  char path[40], name[32];
  pid_t minder = (pid_t)entry->minder_pid;
  snprintf(path, sizeof path, "/proc/%d/comm", (int)minder);
  if (minder <= 0 || entry->minder_start != 0 || read_file_at(AT_FDCWD, path, name, sizeof name) <= 0) return;
  if (strcmp(name, "archon-minder\n") == 0 && proc_facts(minder, &facts)) entry->minder_start = facts.start_ticks;
}

static void hold_and_watch(uint32_t index, pid_t pid, uint64_t start, int *fd) {
  /* Edge by edge: a zombie that is not reaped would be told for ever. */
  if (hold_same(pid, start, fd) && *fd != NONE && !watch(*fd, EPOLLIN | EPOLLET, WATCH(WATCH_FOLLOWED, index))) {
    close(*fd);
    *fd = NONE;
  }
}

void follow_begin(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  struct following *it = &followings[index];
  it->flags = FOLLOW_ADOPTED;
  if (state_of(index) < ENTRY_EXITED) hold_and_watch(index, (pid_t)entry->pid, entry->start_ticks, &it->main_fd);
  if (entry->tree_kind == TREE_MINDER) {
    identify_minder(entry);
    hold_and_watch(index, (pid_t)entry->minder_pid, entry->minder_start, &it->minder_fd);
  } else if (state_of(index) == ENTRY_EXITED) {
    cgroup_watch(index);
  }
  look_soon(index);
}

void follow_readable(uint32_t index) {
  if (followed(index)) look_soon(index);
}

static void let_go(uint32_t index) {
  close_watched(&followings[index].main_fd);
  close_watched(&followings[index].minder_fd);
}

bool follow_minder_lives(uint32_t index) {
  const struct table_entry *entry = &keeper.entries[index];
  if (followings[index].minder_fd != NONE) return !pidfd_ended(followings[index].minder_fd);
  struct proc_facts facts;
  return entry->minder_pid != 0 && entry->minder_start != 0 && proc_facts((pid_t)entry->minder_pid, &facts) &&
         facts.start_ticks == entry->minder_start && facts.state != 'Z' && facts.state != 'X';
}

static int send_by(int fd, pid_t pid, int signal, bool group) {
  long sent = syscall(SYS_pidfd_send_signal, fd, signal, NULL, group ? PIDFD_SIGNAL_PROCESS_GROUP : 0);
  /* Kernels before 6.9 know no groups here: the pid is not another's while its process has not ended. */
  if (sent != 0 && group && errno == EINVAL && !pidfd_ended(fd)) sent = kill(-pid, signal);
  return sent == 0 ? 1 : -1;
}

/* To a process that is not held: proved, signalled, let go of. */
static int send_to(pid_t pid, uint64_t start, int signal, bool group) {
  int fd;
  if (!hold_same(pid, start, &fd)) {
    errno = ESRCH;
    return -1;
  }
  /* Without pidfds (before Linux 5.3) a gap of microseconds is left. */
  if (fd == NONE) return kill(group ? -pid : pid, signal) == 0 ? 1 : -1;
  int sent = send_by(fd, pid, signal, group);
  int error = errno;
  close(fd);
  errno = error;
  return sent;
}

int follow_signal(uint32_t index, int signal, bool group) {
  const struct table_entry *entry = &keeper.entries[index];
  int fd = followings[index].main_fd;
  if (fd == NONE) return send_to((pid_t)entry->pid, entry->start_ticks, signal, group);
  return send_by(fd, (pid_t)entry->pid, signal, group);
}

void follow_signal_minder(uint32_t index, int signal) {
  const struct table_entry *entry = &keeper.entries[index];
  if (followings[index].minder_fd != NONE) send_by(followings[index].minder_fd, 0, signal, false);
  else send_to((pid_t)entry->minder_pid, entry->minder_start, signal, false);
}

static enum ending main_how(uint32_t index, int *kind, int *status) {
  const struct table_entry *entry = &keeper.entries[index];
  struct following *it = &followings[index];
  enum ending how = ended_how((pid_t)entry->pid, entry->start_ticks, it->main_fd, kind, status);
  if (how == ENDED_UNKNOWN_YET && ++it->looks > LOOKS_IN_VAIN) return ENDED_FOR_GOOD;
  return how;
}

/* Nobody has its exec pipe any more: the kernel tells whether it has gone through exec. */
static void look_at_exec(uint32_t index) {
  struct proc_facts facts;
  const struct table_entry *entry = &keeper.entries[index];
  if (state_of(index) != ENTRY_STARTING || entry->exec_stage != STAGE_NONE) return;
  if (!proc_facts((pid_t)entry->pid, &facts) || facts.start_ticks != entry->start_ticks) return;
  bool lives = facts.state != 'Z' && facts.state != 'X';
  if (lives && !(facts.flags & PROC_NOT_EXECUTED)) publish(index, ENTRY_RUNNING);
}

/* True: whatever comes next is told by an event. */
static bool is_told(uint32_t index) { return state_of(index) != ENTRY_STARTING && followings[index].main_fd != NONE; }

static bool look_in_cgroup(uint32_t index) {
  if (state_of(index) >= ENTRY_EXITED) return true;
  int kind, status;
  enum ending how = main_how(index, &kind, &status);
  if (how == ENDED_NOT) look_at_exec(index);
  if (how != ENDED_FOR_GOOD) return how == ENDED_NOT && is_told(index);
  let_go(index);
  main_ended(index, kind, status, &unknown_usage);
  return true;
}

/* SIGKILL to every process of a session that is certainly the unit's; how many there were. */
static int kill_session(pid_t session) {
  struct folder all = {.fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  int count = 0;
  for (const char *name; all.fd >= 0 && (name = next_name(&all, NULL)) != NULL;) {
    pid_t pid = (pid_t)strtol(name, NULL, 10);
    struct proc_facts facts;
    if (pid <= 1 || !proc_facts(pid, &facts) || facts.session != session) continue;
    if (facts.state == 'Z' || facts.state == 'X') continue;
    count++;
    send_to(pid, facts.start_ticks, SIGKILL, false);
  }
  if (all.fd >= 0) close(all.fd);
  return count;
}

/*
 * Its minder has died, and what hung below it has fallen to others. What is killed is what can be proved to be
 * of this tree: all below the main process while that lives, and its session for as long as somebody is in it.
 */
static bool look_at_lost(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  struct following *it = &followings[index];
  int kind = 0, status = 0;
  enum ending how = state_of(index) >= ENTRY_EXITED ? ENDED_FOR_GOOD : main_how(index, &kind, &status);
  if (how == ENDED_NOT) {
    it->flags |= FOLLOW_PROVED;
    kill_below((pid_t)entry->pid);
  }
  bool leads = (it->flags & FOLLOW_PROVED) != 0;
  int left = leads ? kill_session((pid_t)entry->pid) : 0;
  if (how == ENDED_NOT) follow_signal(index, SIGKILL, false);
  if (left == 0 && how != ENDED_NOT) it->flags &= (uint8_t)~FOLLOW_PROVED;
  if (how != ENDED_FOR_GOOD) return false;
  if (state_of(index) < ENTRY_EXITED) {
    close_watched(&it->main_fd);
    record_end(entry, kind, status, &unknown_usage);
    if (entry->tree_kind == TREE_CGROUP) cgroup_note_kills(index);
    publish(index, ENTRY_EXITED);
  }
  if (left > 0) return false;
  let_go(index);
  publish(index, ENTRY_EMPTY);
  return true;
}

static void lose_minder(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  say("the minder %u of entry %u died; what is certainly of its tree is killed", entry->minder_pid, index);
  entry->facts |= FACT_MINDER_LOST;
  entry->minder_pid = 0;
  close_watched(&followings[index].minder_fd);
  tree_forget(index);
  followings[index].flags |= FOLLOW_LOST;
  tell_later(index, UNTOLD_STATE);
}

/* What the minder has written counts, and all of it once the minder itself has ended. */
static bool look_below_minder(uint32_t index) {
  struct table_entry *entry = &keeper.entries[index];
  struct following *it = &followings[index];
  bool minded = follow_minder_lives(index);
  uint64_t word = __atomic_load_n(&entry->minder_word, __ATOMIC_ACQUIRE);
  enum entry_state seen = word >> 8 == slots[index].generation ? (enum entry_state)(word & 0xff) : ENTRY_FREE;
  if (seen >= ENTRY_STARTING && state_of(index) == ENTRY_FREE) {
    /* While its minder lives and has not seen its end, its pid is its own. */
    if (entry->start_ticks == 0 && minded) proc_stat((pid_t)entry->pid, NULL, &entry->start_ticks, NULL);
    if (seen == ENTRY_STARTING && it->main_fd == NONE)
      hold_and_watch(index, (pid_t)entry->pid, entry->start_ticks, &it->main_fd);
    publish(index, ENTRY_STARTING);
  }
  if (state_of(index) == ENTRY_FREE) {
    if (!minded) refuse_spawn(index, STAGE_FORK, ECHILD);
    return !minded;
  }
  if (seen >= ENTRY_EXITED && state_of(index) < ENTRY_EXITED) {
    close_watched(&it->main_fd);
    publish(index, ENTRY_EXITED);
  }
  if (seen == ENTRY_EMPTY) {
    entry->minder_pid = 0;
    let_go(index);
    publish(index, ENTRY_EMPTY);
    return true;
  }
  if (!minded) {
    lose_minder(index);
    return look_at_lost(index);
  }
  if (state_of(index) >= ENTRY_EXITED) return it->minder_fd != NONE;
  look_at_exec(index);
  bool waits_for_word = it->main_fd != NONE && pidfd_ended(it->main_fd);
  return is_told(index) && it->minder_fd != NONE && !waits_for_word;
}

/* True: nothing is to be looked for until an event says so. */
static bool look(uint32_t index) {
  if (!followed(index) || state_of(index) == ENTRY_EMPTY) return true;
  if (follow_lost(index)) return look_at_lost(index);
  return keeper.entries[index].tree_kind == TREE_MINDER ? look_below_minder(index) : look_in_cgroup(index);
}

void follow_work(uint64_t now) {
  if (listed == 0 || now < look_at_ns) return;
  look_at_ns = UINT64_MAX;
  uint32_t *link = &listed;
  while (*link != 0) {
    uint32_t index = *link - 1;
    if (!look(index)) {
      link = &followings[index].next_look;
      continue;
    }
    *link = followings[index].next_look;
    followings[index].next_look = 0;
    followings[index].flags &= (uint8_t)~FOLLOW_LISTED;
  }
  if (listed == 0) return;
  look_at_ns = now_ns() + distance_ms * MS;
  distance_ms = distance_ms * 2 > LONGEST_MS ? LONGEST_MS : distance_ms * 2;
}

uint64_t follow_next(void) { return listed == 0 ? UINT64_MAX : look_at_ns; }

/* A freed entry must not stay in the list under the name of its successor. */
void follow_forget(uint32_t index) {
  if (!followed(index)) return;
  let_go(index);
  if (followings[index].flags & FOLLOW_LISTED) {
    uint32_t *link = &listed;
    while (*link != 0 && *link - 1 != index) link = &followings[*link - 1].next_look;
    if (*link != 0) *link = followings[index].next_look;
  }
  followings[index] = (struct following){0};
}
