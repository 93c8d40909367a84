/*
 * Ends of children: peeked at, written into the table, and only then reaped, so that an end is
 * in the table or still to be had from the kernel, whenever the keeper is killed.
 */
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

#define ENDS_A_TURN 256

/* Children of the program that became the keeper by exec: they are waited for and otherwise left alone. */
#define INITIAL_MOST 1024
static pid_t initial[INITIAL_MOST];
static int initial_count;

void note_initial_children(void) {
  initial_count = proc_children(keeper.pid, initial, INITIAL_MOST);
  keeper.reap_again = initial_count > 0; /* some may have ended before their end would have been signalled */
}

bool initial_child(pid_t pid) {
  for (int i = 0; i < initial_count; i++)
    if (initial[i] == pid) return true;
  return false;
}

static void forget_initial(pid_t pid) {
  for (int i = 0; i < initial_count; i++)
    if (initial[i] == pid) initial[i] = 0;
}

void collect(pid_t pid) {
  siginfo_t info;
  syscall(SYS_waitid, P_PID, pid, &info, WEXITED | __WALL, NULL);
}

static void ended(pid_t pid, const siginfo_t *info, const struct rusage *usage) {
  if (pid == keeper.archond) {
    collect(pid);
    archond_ended(info->si_code, info->si_status);
    return;
  }
  int index = pids_find(pid);
  pids_remove(pid);
  if (index >= 0 && keeper.entries[index].minder_pid == (uint32_t)pid) {
    collect(pid);
    minder_ended((uint32_t)index);
  } else if (index >= 0 && keeper.entries[index].pid == (uint32_t)pid) {
    main_ended((uint32_t)index, info->si_code, info->si_status, usage);
    collect(pid);
  } else {
    /* Or a minder whose entry was given back before it had quite ended: nobody asks for its end. */
    forget_initial(pid);
    if (index < 0) ring_add(pid, info->si_code, info->si_status, usage, 0);
    collect(pid);
  }
}

/* Up to so many at a time: children that end without pause must not keep the keeper from its channel. */
void reap_children(void) {
  keeper.reap_again = false;
  for (int i = 0; i < ENDS_A_TURN; i++) {
    siginfo_t info;
    struct rusage usage;
    memset(&info, 0, sizeof info);
    if (syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, &usage) != 0) return;
    if (info.si_pid == 0) return;
    ended(info.si_pid, &info, &usage);
  }
  keeper.reap_again = true;
}
