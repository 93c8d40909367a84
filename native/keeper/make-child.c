/*
 * The one place where a child is made. Exchange it here: nothing else knows how it is done.
 *
 * A child gets a copy of the memory (fork). Its table of descriptors is shared with the keeper
 * until the child cuts itself loose with close_range(2), which copies the window only: copying all
 * that the keeper holds would make each spawn slower with every descriptor held.
 *
 * Where clone3(2) is missing (before Linux 5.3, or behind a filter) it is fork(2), which shares nothing
 * and knows no cgroups.
 */
#include <errno.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

static bool has_clone3;
static bool has_unshare;

static pid_t make_by_clone3(const struct child_plan *plan, bool share) {
  struct clone_args args;
  memset(&args, 0, sizeof args);
  args.exit_signal = SIGCHLD;
  if (share) args.flags |= CLONE_FILES;
  if (plan->cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = (uint64_t)plan->cgroup;
  }
  return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

bool make_child_shares(void) { return has_unshare; }

pid_t make_child(const struct child_plan *plan) {
  if (plan->cgroup >= 0 && !has_clone3) {
    errno = ENOSYS;
    return -1;
  }
  bool share = plan->share_window && has_unshare; /* fork(2) cannot */
  pid_t pid = has_clone3 ? make_by_clone3(plan, share) : fork();
  if (pid == 0) plan->body(plan->context);
  return pid;
}

static void __attribute__((noreturn)) probe_body(void *context) {
  (void)context;
  _exit(syscall(SYS_close_range, WINDOW_FDS, ~0u, CLOSE_RANGE_UNSHARE) == 0 ? 0 : 1);
}

static int probe(void) {
  struct child_plan plan = {.cgroup = -1, .share_window = true, .body = probe_body};
  pid_t pid = make_child(&plan);
  if (pid < 0) return -1;
  int status;
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Finds out what this kernel, and the filters around this process, allow. Before the first child. */
void make_child_probe(void) {
  has_clone3 = true;
  has_unshare = true;
  int result = probe();
  if (result < 0) has_clone3 = false;
  has_unshare = result == 0;
}
