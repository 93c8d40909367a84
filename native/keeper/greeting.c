/*
 * The greeting: the first request of each archond. It is answered when every spawn that its predecessor had asked for is
 * in the table, or refused: else a successor could not see one whose minder has not yet told of its main process, and
 * would ask for it once more.
 */
#include <errno.h>
#include <signal.h>

#include "keeper.h"

/* Nothing has run below a minder that has not told of its main process: one that takes so long is killed. */
#define PATIENCE_NS 1000000000u

static struct { bool any; struct ask_hello hello; uint64_t until_ns; } waiting;

static bool is_under_way(uint32_t index) {
  return slots[index].generation != 0 && state_of(index) == ENTRY_FREE &&
         keeper.entries[index].tree_kind == TREE_MINDER;
}

static bool any_under_way(void) {
  for (uint32_t index = 0; index < keeper.header->entries_used; index++)
    if (is_under_way(index)) return true;
  return false;
}

static void kill_late_minders(void) {
  for (uint32_t index = 0; index < keeper.header->entries_used; index++) {
    pid_t minder = (pid_t)keeper.entries[index].minder_pid;
    if (!is_under_way(index) || minder == 0) continue;
    if (followed(index)) follow_signal_minder(index, SIGKILL);
    else kill(minder, SIGKILL);
  }
}

static void welcome(const struct ask *ask) {
  keeper.channel_greeted = true;
  tell_forget();
  struct ended before = failures_last();
  struct tell_welcome welcome = {
      .head.reserved = KNOWS_LIMITS,
      .table_version = TABLE_VERSION,
      .tree_kind = keeper.header->tree_kind,
      .keeper_pid = (uint32_t)keeper.pid,
      .kept_count = kept_count(),
      .nofile_soft = keeper.nofile.rlim_cur,
      .nofile_hard = keeper.nofile.rlim_max,
      .ended_kind = (uint32_t)before.kind,
      .ended_status = (uint32_t)before.status,
      .silent = before.silent,
      .set_aside = failures_set_aside(),
  };
  answer(ask, TELL_WELCOME, &welcome, sizeof welcome, keeper.table_fd);
  signals_new_epoch();
}

void ask_hello(struct ask *ask) {
  if (ask->bytes != sizeof ask->as.hello || ask->as.hello.table_version != TABLE_VERSION) {
    answer_refused(ask, EPROTONOSUPPORT, STAGE_NONE);
    return;
  }
  if (!any_under_way()) {
    welcome(ask);
    return;
  }
  waiting.any = true;
  waiting.hello = ask->as.hello;
  waiting.until_ns = now_ns() + PATIENCE_NS;
}

/* It has died before it was answered. */
void greeting_forget(void) { waiting.any = false; }

uint64_t greeting_next(void) { return waiting.any ? waiting.until_ns : UINT64_MAX; }

void greeting_tick(uint64_t now) {
  if (!waiting.any) return;
  if (!any_under_way()) {
    struct ask ask = {.as.hello = waiting.hello, .bytes = sizeof waiting.hello};
    waiting.any = false;
    welcome(&ask);
  } else if (now >= waiting.until_ns) {
    kill_late_minders();
    waiting.until_ns = now + PATIENCE_NS;
  }
}
