/*
 * The one place where a child is made. Exchange it here: nothing else knows how it is done.
 *
 * What a child shares with the keeper until its exec, as much of it as works here:
 *
 * - The table of descriptors, until the child cuts itself loose with close_range(2), which copies the
 *   window only: copying all that the keeper holds would make each spawn slower with every descriptor held.
 * - The memory, where the plan brings a stack: copying the keeper's page tables and taking the copy down
 *   again costs as much as the rest of a spawn. The keeper does not wait (as with vfork), so that an exec
 *   that hangs holds up nobody. What that asks of the child stands in child.c, of the keeper in flights.c.
 *
 * Where clone3(2) is missing (before Linux 5.3, or behind a filter) it is fork(2), which shares nothing
 * and knows no cgroups.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "keeper.h"
#include "raw.h"

/*
 * A sanitizer keeps a state of its own for each stack, and knows nothing of one that another process
 * runs on.
 */
#if RAW_IS_BARE && !defined(__SANITIZE_ADDRESS__)
#define MEMORY_CAN_BE_SHARED 1
#else
#define MEMORY_CAN_BE_SHARED 0
#endif

static bool has_clone3;
static enum child_share most; /* what children may share */

#if MEMORY_CAN_BE_SHARED

/*
 * clone3(2) onto another stack: whoever comes back from the call there has nowhere to return to, and goes
 * into the body instead.
 */
static long clone_onto_stack(struct clone_args *args, void (*body)(void *), void *context) {
#if defined(__x86_64__)
  long result;
  register void (*r12)(void *) __asm__("r12") = body;
  register void *r13 __asm__("r13") = context;
  __asm__ volatile("syscall\n\t"
                   "testq %%rax, %%rax\n\t"
                   "jnz 1f\n\t"
                   "xorl %%ebp, %%ebp\n\t"
                   "movq %%r13, %%rdi\n\t"
                   "callq *%%r12\n\t"
                   "ud2\n"
                   "1:"
                   : "=a"(result)
                   : "0"((long)SYS_clone3), "D"(args), "S"(sizeof *args), "r"(r12), "r"(r13)
                   : "rcx", "r11", "memory", "cc");
  return result;
#else
  register long x8 __asm__("x8") = SYS_clone3;
  register void *x0 __asm__("x0") = args;
  register size_t x1 __asm__("x1") = sizeof *args;
  register void (*x19)(void *) __asm__("x19") = body;
  register void *x20 __asm__("x20") = context;
  __asm__ volatile("svc 0\n\t"
                   "cbnz x0, 1f\n\t"
                   "mov x29, xzr\n\t"
                   "mov x30, xzr\n\t"
                   "mov x0, x20\n\t"
                   "blr x19\n\t"
                   "brk #1\n"
                   "1:"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x19), "r"(x20)
                   : "memory", "cc");
  return (long)x0;
#endif
}

#else

static long clone_onto_stack(struct clone_args *args, void (*body)(void *), void *context) {
  (void)args;
  (void)body;
  (void)context;
  return -ENOSYS;
}

#endif

static pid_t make_by_clone3(const struct child_plan *plan) {
  struct clone_args args;
  memset(&args, 0, sizeof args);
  args.exit_signal = SIGCHLD;
  if (plan->share_window && most >= SHARE_DESCRIPTORS) args.flags |= CLONE_FILES;
  if (plan->cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = (uint64_t)plan->cgroup;
  }
  long result;
  if (plan->stack != NULL) {
    args.flags |= CLONE_VM;
    args.stack = (uint64_t)(uintptr_t)plan->stack;
    args.stack_size = CHILD_STACK_BYTES;
    result = clone_onto_stack(&args, plan->body, plan->context);
  } else {
    result = raw(SYS_clone3, &args, sizeof args);
  }
  if (result >= 0) return (pid_t)result;
  errno = (int)-result;
  return -1;
}

enum child_share make_child_shares(void) { return most; }

pid_t make_child(const struct child_plan *plan) {
  if (plan->cgroup >= 0 && !has_clone3) {
    errno = ENOSYS;
    return -1;
  }
  pid_t pid = has_clone3 ? make_by_clone3(plan) : fork();
  if (pid == 0) plan->body(plan->context);
  return pid;
}

/* ---- what works here ----------------------------------------------------------------------- */

static void __attribute__((noreturn)) probe_body(void *context) {
  uint32_t *seen = context;
  long result = raw(SYS_close_range, WINDOW_FDS, ~0u, CLOSE_RANGE_UNSHARE);
  *seen = 1;
  for (;;) raw(SYS_exit_group, result == 0 ? 0 : 1);
}

/* The exit code of a child that was made so, or -1; `seen` becomes 1 if its memory is ours. */
static int probe(char *stack, uint32_t *seen) {
  struct child_plan plan = {
      .cgroup = -1, .share_window = true, .stack = stack, .body = probe_body, .context = seen};
  pid_t pid = make_child(&plan);
  int status;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * Before Linux 5.16 a signal that leaves a core dump ends everybody who shares the memory; and so does an
 * end for want of memory where the kernel takes whoever asks for it (vm.oom_kill_allocating_task).
 */
static bool ends_alone(void) {
  struct utsname system;
  if (uname(&system) != 0) return false;
  char *rest;
  long major = strtol(system.release, &rest, 10), minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;
  if (major < 5 || (major == 5 && minor < 16)) return false;
  char text[16];
  int got = read_file_at(AT_FDCWD, "/proc/sys/vm/oom_kill_allocating_task", text, sizeof text);
  return got <= 0 || text[0] == '0';
}

/* Finds out what this kernel, and the filters around this process, allow. Before the first child. */
void make_child_probe(enum child_share wanted) {
  uint32_t seen = 0;
  has_clone3 = true;
  most = SHARE_DESCRIPTORS; /* as a trial */
  int result = probe(NULL, &seen);
  has_clone3 = result >= 0;
  most = result == 0 && wanted >= SHARE_DESCRIPTORS ? SHARE_DESCRIPTORS : SHARE_NOTHING;
  if (wanted < SHARE_MEMORY || most == SHARE_NOTHING || !MEMORY_CAN_BE_SHARED || !ends_alone()) return;
  if (probe(flight_trial_stack(), &seen) == 0 && seen == 1) most = SHARE_MEMORY;
}
