/*
 * What runs in a child on its way to exec. Each step has a stage; the first that fails is written into
 * the table with its errno, and the child ends.
 *
 * It may share the keeper's memory until the exec. So: raw system calls only, nothing of the C library
 * that takes a lock or keeps a state, and nothing is written but this stack, the block, and the words
 * of the entry that are the child's.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "keeper.h"
#include "raw.h"

#define KERNEL_SIGSET_BYTES 8
#define PID_DIGITS 10

_Static_assert(sizeof(char *) == sizeof(uint64_t), "offsets are turned into pointers in place");

/* `result` is what a failed system call returned: -errno. */
static void __attribute__((noreturn)) fail(const struct child_context *context, enum exec_stage stage,
                                           long result) {
  context->entry->exec_errno = (uint32_t)-result;
  context->entry->exec_stage = (uint32_t)stage;
  for (;;) raw(SYS_exit_group, 127);
}

/* A call whose failure is that of the stage; its result. */
static long must(const struct child_context *context, enum exec_stage stage, long result) {
  if (result < 0) fail(context, stage, result);
  return result;
}

/*
 * From here on the keeper may close what it sent along. By a flag where the memory is shared: a byte,
 * which wakes the keeper, is needed only if the keeper has gone to sleep over it.
 */
void child_cut_loose(const struct child_context *context) {
  if (!context->cut_loose) return;
  must(context, STAGE_DESCRIPTORS, raw(SYS_close_range, WINDOW_FDS, ~0u, CLOSE_RANGE_UNSHARE));
  if (context->loose != NULL && __atomic_exchange_n(context->loose, LOOSE, __ATOMIC_ACQ_REL) != LOOSE_ASKED)
    return;
  char byte = 0;
  if (raw(SYS_write, context->exec_write, &byte, 1) == 1) return;
  /* The keeper is gone. What is pending for it now would be this child's end once it unblocks signals. */
  const uint64_t broken_pipe = 1ull << (SIGPIPE - 1);
  const struct timespec no_time = {0};
  raw(SYS_rt_sigtimedwait, &broken_pipe, NULL, &no_time, KERNEL_SIGSET_BYTES);
}

/* An array of `count` items of `size` bytes lies within the block and is aligned. */
static bool within(const struct spawn_block *block, uint64_t offset, uint64_t count, uint64_t size) {
  return offset >= sizeof *block && offset <= block->bytes && offset % (size < 8 ? size : 8) == 0 &&
         count <= (block->bytes - offset) / size;
}

/* That array; NULL where it has no items, wherever it is said to be. */
static const void *array(const struct child_context *context, const struct spawn_block *block,
                         uint64_t offset, uint64_t count, uint64_t size) {
  if (count == 0) return NULL;
  if (!within(block, offset, count, size)) fail(context, STAGE_REQUEST, -EINVAL);
  return (const char *)block + offset;
}

/* A string begins within the block; it ends there because the block's last byte is NUL. */
static bool string_within(const struct spawn_block *block, uint64_t offset) {
  return offset >= sizeof *block && offset < block->bytes;
}

/* Turns an array of offsets into one of pointers, in place: the mapping is the child's own copy. */
static char **pointers(struct spawn_block *block, uint64_t offset, uint32_t count, bool ended) {
  if (!within(block, offset, (uint64_t)count + (ended ? 1 : 0), 8)) return NULL;
  uint64_t *words = (uint64_t *)((char *)block + offset);
  for (uint32_t i = 0; i < count; i++) {
    if (!string_within(block, words[i])) return NULL;
    words[i] += (uint64_t)(uintptr_t)block;
  }
  if (ended) words[count] = 0;
  return (char **)words;
}

static struct spawn_block *map_block(const struct child_context *context, size_t bytes) {
  long map = raw(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, context->memfd, 0);
  return map < 0 && map >= -4095 ? NULL : (struct spawn_block *)map;
}

/* The child's own copy of the block, if it is well formed as far as can be seen from its head. */
static struct spawn_block *own_block(const struct child_context *context) {
  struct spawn_block *block = context->block;
  if (block == NULL) block = map_block(context, context->block_bytes);
  bool good = block != NULL && block->magic == BLOCK_MAGIC && block->bytes == context->block_bytes &&
              ((char *)block)[block->bytes - 1] == 0 && (int)block->fdc == context->fd_count &&
              block->argc > 0 && block->pathc > 0;
  return good ? block : NULL;
}

static void close_others(const bool used[256]) {
  for (unsigned first = 0; first < WINDOW_FDS; first++) {
    if (used[first]) continue;
    unsigned last = first;
    while (last + 1 < WINDOW_FDS && !used[last + 1]) last++;
    if (raw(SYS_close_range, first, last, 0) != 0)
      for (unsigned fd = first; fd <= last; fd++) raw(SYS_close, fd);
    first = last;
  }
}

/* A copy above the window. */
static int lift(const struct child_context *context, int fd) {
  return (int)must(context, STAGE_DESCRIPTORS, raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, WINDOW_FDS));
}

/* No descriptor that is needed has a number that another one is to get. */
static bool apart(const struct child_context *context, const bool used[256]) {
  const int window = WINDOW_FDS;
  if (context->exec_write < window && used[context->exec_write]) return false;
  for (int i = 0; i < context->fd_count; i++)
    if (context->fds[i] < window && used[context->fds[i]]) return false;
  return true;
}

/*
 * Every descriptor goes to its place, then all others below the window are closed; above it all close on
 * exec. Where one would write over another that is still needed, all go above the window first.
 *
 * Before anything that may take its time: what is closed here may belong to another spawn, whose exec
 * is seen by the closing of a pipe.
 */
static void place_descriptors(const struct child_context *context, const struct spawn_block *block,
                              bool used[256]) {
  int high[BLOCK_MAX_FDS];
  const int *from = context->fds;
  const uint32_t *numbers = array(context, block, block->fds_offset, block->fdc, sizeof *numbers);
  for (uint32_t i = 0; i < block->fdc; i++) {
    if (numbers[i] > BLOCK_MAX_FD_NUMBER || used[numbers[i]]) fail(context, STAGE_REQUEST, -EINVAL);
    used[numbers[i]] = true;
  }
  int exec_write = context->exec_write;
  if (!apart(context, used)) {
    for (uint32_t i = 0; i < block->fdc; i++) high[i] = lift(context, from[i]);
    from = high;
    exec_write = lift(context, exec_write);
    raw(SYS_close, context->exec_write);
  }
  for (uint32_t i = 0; i < block->fdc; i++)
    must(context, STAGE_DESCRIPTORS, raw(SYS_dup3, from[i], numbers[i], 0));
  bool low = exec_write < WINDOW_FDS;
  if (low) used[exec_write] = true; /* it closes on exec */
  close_others(used);
  if (low) used[exec_write] = false;
}

static void take_terminal(const struct child_context *context, const struct spawn_block *block,
                          bool used[256]) {
  if (!string_within(block, block->tty_offset)) fail(context, STAGE_REQUEST, -EINVAL);
  const char *path = (const char *)block + block->tty_offset;
  const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  int fd = (int)must(context, STAGE_TTY, raw(SYS_openat, AT_FDCWD, path, flags, 0));
  must(context, STAGE_TTY, raw(SYS_ioctl, fd, TIOCSCTTY, 0));
  int high = (int)must(context, STAGE_TTY, raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, WINDOW_FDS));
  for (int number = 0; number <= 2; number++) {
    if (used[number]) continue;
    must(context, STAGE_TTY, raw(SYS_dup3, high, number, 0));
    used[number] = true;
  }
  if (fd >= WINDOW_FDS || !used[fd]) raw(SYS_close, fd); /* else it is one of the three itself */
}

static void set_limits(const struct child_context *context, const struct spawn_block *block) {
  /* First the one that archon had when it was started: it raised its own. */
  raw(SYS_prlimit64, 0, RLIMIT_NOFILE, context->nofile, NULL);
  const struct spawn_rlimit *limits =
      array(context, block, block->rlimits_offset, block->rlimit_count, sizeof *limits);
  for (uint32_t i = 0; i < block->rlimit_count; i++) {
    struct rlimit limit = {.rlim_cur = limits[i].soft, .rlim_max = limits[i].hard};
    must(context, STAGE_RLIMIT, raw(SYS_prlimit64, 0, limits[i].resource, &limit, NULL));
  }
}

static void write_number(const char *path, int value, const struct child_context *context,
                         enum exec_stage stage) {
  char text[16];
  int at = sizeof text;
  unsigned left = value < 0 ? (unsigned)-value : (unsigned)value;
  do text[--at] = (char)('0' + left % 10); while ((left /= 10) != 0);
  if (value < 0) text[--at] = '-';
  int fd = (int)must(context, stage, raw(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0));
  must(context, stage, raw(SYS_write, fd, text + at, sizeof text - (size_t)at));
  raw(SYS_close, fd);
}

static void become_user(const struct child_context *context, const struct spawn_block *block) {
  if (block->flags & SPAWN_GROUPS) {
    const gid_t *groups = array(context, block, block->groups_offset, block->group_count, sizeof *groups);
    must(context, STAGE_USER, raw(SYS_setgroups, block->group_count, groups));
  }
  if (block->flags & SPAWN_USER) {
    /* To the kernel that number means: leave it as it is. */
    if (block->uid == UINT32_MAX || block->gid == UINT32_MAX) fail(context, STAGE_USER, -EINVAL);
    must(context, STAGE_USER, raw(SYS_setresgid, block->gid, block->gid, block->gid));
    must(context, STAGE_USER, raw(SYS_setresuid, block->uid, block->uid, block->uid));
  }
}

/* LISTEN_PID names the process that runs the program (sd_listen_fds(3)): nobody else knows it earlier. */
static void write_listen_pid(const struct child_context *context, struct spawn_block *block) {
  uint64_t offset = block->listen_pid_offset;
  if (!within(block, offset, PID_DIGITS + 1, 1)) fail(context, STAGE_REQUEST, -EINVAL);
  char digits[PID_DIGITS], *out = (char *)block + offset;
  int count = 0;
  for (unsigned left = (unsigned)raw(SYS_getpid); left != 0; left /= 10)
    digits[count++] = (char)('0' + left % 10);
  for (int i = 0; i < count; i++) out[i] = digits[count - 1 - i];
  out[count] = 0;
}

/*
 * A minder that is killed before it could say that its main process exists makes the keeper refuse the
 * spawn. Then nothing may have run: so nothing runs before it has been said.
 */
static void wait_for_minder(const struct child_context *context) {
  if (context->minder == 0) return;
  const struct timespec nap = {.tv_nsec = 1000000}; /* where it was stopped */
  const uint64_t *word = &context->entry->minder_word;
  for (int turn = 0; (__atomic_load_n(word, __ATOMIC_ACQUIRE) & 0xff) == ENTRY_FREE; turn++) {
    if (raw(SYS_getppid) != context->minder) {
      if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) & 0xff) != ENTRY_FREE) return; /* its last word */
      fail(context, STAGE_FORK, -ECHILD);
    }
    if (turn < 100) raw(SYS_sched_yield);
    else raw(SYS_nanosleep, &nap, NULL);
  }
}

/* Whether a path leads to a file, as far as its folders may be looked into. */
static bool is_there(const char *path) {
  return raw(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
}

/*
 * As a shell does: what is not there is passed over, also in a folder that may not be looked into (the search
 * path of whoever became another user has such); one that may not be run is remembered.
 */
static long execute(char *const *paths, uint32_t count, char **argv, char **env) {
  long error = 0;
  for (uint32_t i = 0; i < count; i++) {
    long result = raw(SYS_execve, paths[i], argv, env);
    if (result == -EACCES && count > 1 && !is_there(paths[i])) result = -ENOENT;
    bool missing = result == -ENOENT || result == -ENOTDIR || result == -ENODEV || result == -ESTALE;
    if (result != -EACCES && !missing) return result;
    bool first = error == 0, plain = result == -ENOENT && error != -EACCES;
    if (first || plain || result == -EACCES) error = result;
  }
  return error;
}

void child_body(void *given) {
  const struct child_context *context = given;
  /* Where the keeper is killed before it can say so, and this has ended before it is looked for. */
  if (context->minder == 0) context->entry->pid = (uint32_t)raw(SYS_getpid);
  child_cut_loose(context);
  struct spawn_block *block = own_block(context);
  if (block == NULL) fail(context, STAGE_REQUEST, -EINVAL);
  char **argv = pointers(block, block->argv_offset, block->argc, true);
  char **env = pointers(block, block->env_offset, block->envc, true);
  char **paths = pointers(block, block->paths_offset, block->pathc, false);
  if (argv == NULL || env == NULL || paths == NULL) fail(context, STAGE_REQUEST, -EINVAL);

  bool used[256] = {false};
  place_descriptors(context, block, used);
  if (block->flags & SPAWN_SESSION) must(context, STAGE_SESSION, raw(SYS_setsid));
  if (block->flags & SPAWN_TTY) take_terminal(context, block, used);
  if (block->flags & SPAWN_NICE)
    must(context, STAGE_NICE, raw(SYS_setpriority, PRIO_PROCESS, 0, block->nice));
  if (block->flags & SPAWN_OOM)
    write_number("/proc/self/oom_score_adj", block->oom_score_adjust, context, STAGE_OOM);
  set_limits(context, block);
  if (block->flags & SPAWN_UMASK) raw(SYS_umask, block->umask);
  become_user(context, block);
  if (block->flags & SPAWN_CWD) {
    if (!string_within(block, block->cwd_offset)) fail(context, STAGE_REQUEST, -EINVAL);
    must(context, STAGE_CWD, raw(SYS_chdir, (const char *)block + block->cwd_offset));
  }
  if (block->flags & SPAWN_NO_NEW_PRIVS)
    must(context, STAGE_PRIVILEGES, raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (block->flags & SPAWN_LISTEN_PID) write_listen_pid(context, block);

  /* The keeper has every handler at its default and blocks everything: only the mask is left to undo. */
  uint64_t none = 0;
  raw(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, KERNEL_SIGSET_BYTES);
  wait_for_minder(context);
  fail(context, STAGE_EXEC, execute(paths, block->pathc, argv, env));
}
