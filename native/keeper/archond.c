/* archond: started, started again when it dies, and the end of it all. What hangs: watchdog.c; what fails: failures.c. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "keeper.h"

#define MS 1000000ull
#define SETTLED_NS (1000 * MS)     /* of answering, after which a death counts as the first */
#define FIRST_DELAY_MS 100u
#define QUIT_PATIENCE_NS (10000 * MS) /* for archond to end by itself */
#define RETRY_NS (100 * MS)           /* where no process or channel could be made for archond */
#define CHANNEL_FD 3

static char safe_word[] = "--safe";

static void __attribute__((noreturn)) archond_body(void *context) {
  int channel = *(const int *)context;
  setsid();
  /* 0: nothing; 1 and 2: the keeper's standard error. */
  int up = fcntl(channel, F_DUPFD, WINDOW_FDS);
  if (dup2(keeper.null, 0) < 0 || dup2(2, 1) < 0 || dup2(up, CHANNEL_FD) < 0) _exit(126);
  close_from(CHANNEL_FD + 1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (failures_safe()) keeper.archond_argv[keeper.archond_argc] = safe_word;
  execve(keeper.archond_argv[0], keeper.archond_argv, keeper.archond_env);
  say("cannot run %s: %m", keeper.archond_argv[0]);
  _exit(127);
}

/* Both ends, the keeper's own above the window. */
static bool make_channel(int ends[2]) {
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  ends[0] = raise_fd(ends[0]);
  if (ends[0] >= 0) return true;
  int error = errno;
  close(ends[1]);
  errno = error;
  return false;
}

void archond_start(void) {
  int ends[2];
  keeper.archond_at_ns = now_ns() + RETRY_NS;
  keeper.ready_at_ns = 0;
  if (!make_channel(ends)) {
    say("cannot make a channel to archond: %m");
    return;
  }
  /* Shares nothing: it is made seldom, and takes its time before it cuts loose. */
  const struct child_plan plan = {
      .cgroup = -1, .share_window = false, .body = archond_body, .context = &ends[1]};
  keeper.header->epoch++;
  pid_t pid = make_child(&plan);
  int error = errno;
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    errno = error;
    say("cannot make a process for archond: %m");
    return;
  }
  keeper.archond_at_ns = 0;
  keeper.archond = pid;
  keeper.header->archond_pid = (uint32_t)pid;
  uint64_t start = 0;
  proc_stat(pid, NULL, &start, NULL);
  keeper.header->archond_start = start;
  watchdog_begin(now_ns());
  channel_open(ends[0]);
}

/*
 * The first time at once, then after 100, 200, 400 ... milliseconds. One that came as far as to
 * answer is not what cannot start: its successor never waits longer than the shortest of these.
 */
static void plan_restart(uint64_t now) {
  if (keeper.ready_at_ns != 0 && now - keeper.ready_at_ns >= SETTLED_NS) keeper.deaths = 0;
  uint32_t doubled = keeper.deaths > 16 ? 16 : keeper.deaths;
  uint32_t delay_ms = doubled == 0 ? 0 : FIRST_DELAY_MS << (doubled - 1);
  if (delay_ms > keeper.longest_delay_ms) delay_ms = keeper.longest_delay_ms;
  if (delay_ms > FIRST_DELAY_MS && keeper.ready_at_ns != 0) delay_ms = FIRST_DELAY_MS;
  keeper.deaths++;
  keeper.archond_at_ns = now + delay_ms * MS;
}

void archond_ended(int kind, int status) {
  keeper.archond = 0; /* reaped: its pid may be anyone's */
  channel_drain();
  tell_forget();
  keeper.header->archond_pid = 0;
  if (keeper.quitting) return;
  say("archond %s %d", kind == CLD_EXITED ? "ended with code" : "was killed by signal", status);
  /* EX_SOFTWARE: it broke. Any other code of the first one says that it cannot start, and it has said itself why. */
  bool refused = !keeper.was_ready && kind == CLD_EXITED && status != 0 && status != EX_SOFTWARE &&
                 keeper.alive == 0;
  if (refused) {
    quit_begin(status);
    return;
  }
  uint64_t now = now_ns();
  const struct ended ended = {.kind = kind, .status = status, .silent = watchdog_killed()};
  failures_note(&ended, now, keeper.ready_at_ns != 0);
  plan_restart(now);
}

void archond_ready(void) {
  keeper.ready_at_ns = now_ns();
  keeper.was_ready = true;
  if (keeper.log_fd != NONE) {
    dup2(keeper.null, STDIN_FILENO);
    dup2(keeper.log_fd, STDOUT_FILENO);
    dup2(keeper.log_fd, STDERR_FILENO);
    close(keeper.log_fd);
    keeper.log_fd = NONE;
  }
  if (keeper.ready_pipe != NONE) {
    char code = 0;
    ssize_t ignored = write(keeper.ready_pipe, &code, 1);
    (void)ignored;
    close(keeper.ready_pipe);
    keeper.ready_pipe = NONE;
  }
}

void kill_archond(void) {
  if (keeper.archond > 0) kill(keeper.archond, SIGKILL);
}

void archond_tick(uint64_t now) {
  if (keeper.archond == 0 && !keeper.quitting && keeper.archond_at_ns != 0 && now >= keeper.archond_at_ns)
    archond_start();
  watchdog_tick(now);
}

uint64_t archond_next(void) {
  if (keeper.quitting) return keeper.archond != 0 ? keeper.quit_kill_at_ns : UINT64_MAX;
  if (keeper.archond != 0) return watchdog_next();
  return keeper.archond_at_ns != 0 ? keeper.archond_at_ns : UINT64_MAX;
}

void quit_begin(int code) {
  if (keeper.quitting) return;
  keeper.quitting = true;
  keeper.quit_code = code;
  keeper.quit_kill_at_ns = now_ns() + QUIT_PATIENCE_NS;
  for (uint32_t index = 0; index < keeper.header->entries_used; index++)
    if (state_of(index) != ENTRY_FREE) tree_kill(index);
}

void quit_go_on(void) {
  if (keeper.archond != 0) {
    uint64_t now = now_ns();
    if (now < keeper.quit_kill_at_ns) return;
    kill_archond();
    keeper.quit_kill_at_ns = now + RETRY_NS;
    return;
  }
  /* Minders too: who looks after us shall find no process. */
  if (keeper.alive > 0 || pids_count() > 0) return;
  if (keeper.ready_pipe != NONE) {
    char code = (char)keeper.quit_code;
    ssize_t ignored = write(keeper.ready_pipe, &code, 1);
    (void)ignored;
  }
  clean_up();
  exit(keeper.quit_code);
}
