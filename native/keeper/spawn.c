/* A spawn: from the request to the moment when exec has succeeded or failed. */
#define _GNU_SOURCE /* pipe2, seals */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

/* The block is of a fair size and nobody can change it any more. */
static int check_block(int fd) {
  struct stat stat;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & SEALS) != SEALS) return EPERM;
  if (fstat(fd, &stat) != 0) return errno;
  if (stat.st_size < (off_t)sizeof(struct spawn_block)) return EINVAL;
  return stat.st_size > (off_t)BLOCK_MAX_BYTES ? E2BIG : 0;
}

static int check(const struct ask *ask) {
  const struct ask_spawn *spawn = &ask->as.spawn;
  if (ask->bytes < sizeof *spawn || ask->bytes != sizeof *spawn + spawn->label_bytes) return EINVAL;
  if (spawn->label_bytes == 0 || spawn->label_bytes >= TABLE_LABEL_BYTES) return EINVAL;
  if (spawn->tree_kind > TREE_MINDER || ask->fd_count < 1 || ask->fd_count - 1 > BLOCK_MAX_FDS) return EINVAL;
  if (spawn->generation == 0 || spawn->generation >> 56 != 0) return EINVAL;
  if (spawn->generation <= keeper.header->last_generation) return ESTALE;
  if (keeper.quitting) return ESHUTDOWN;
  return check_block(ask->fds[0]);
}

static void fill(uint32_t index, const struct ask_spawn *spawn, uint32_t kind) {
  struct table_entry *entry = &keeper.entries[index];
  memset(&slots[index], 0, sizeof slots[index]);
  slots[index].ask_id = spawn->head.id;
  slots[index].generation = spawn->generation;
  entry->minder_word = spawn->generation << 8;
  entry->tree_kind = kind;
  entry->tag[0] = spawn->tag[0];
  entry->tag[1] = spawn->tag[1];
  entry->output_dev = spawn->output_dev;
  entry->output_ino = spawn->output_ino;
  entry->error_dev = spawn->error_dev;
  entry->error_ino = spawn->error_ino;
  table_label(index, (const char *)spawn + sizeof *spawn, spawn->label_bytes);
  keeper.header->last_generation = spawn->generation;
}

#define SPAWN_RESERVE 64 /* numbers that no spawn may use up: archond can be started again, trees watched */

/* What a spawn holds until it has a child; closed as one where it fails. */
struct pipes { int exec_read, exec_write, minder_read, minder_write, cgroup; };

static void close_pipes(const struct pipes *pipes) {
  const int all[] = {pipes->exec_read, pipes->exec_write, pipes->minder_read, pipes->minder_write,
                     pipes->cgroup};
  int error = errno;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] >= 0) close(all[i]);
  errno = error;
}

/* Watched before there is a child: one that could not be watched is never made. */
static bool make_pipe(int *read_end, int *write_end, bool blocking_writer, uint64_t tag) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  if (blocking_writer) fcntl(ends[1], F_SETFL, 0);
  *write_end = ends[1];
  *read_end = raise_leaving(ends[0], SPAWN_RESERVE);
  return *read_end >= 0 && watch(*read_end, EPOLLIN, tag);
}

static enum exec_stage prepare(uint32_t index, uint32_t kind, struct pipes *pipes) {
  bool made = make_pipe(&pipes->exec_read, &pipes->exec_write, false, WATCH(WATCH_EXEC, index));
  if (made && kind == TREE_MINDER)
    made = make_pipe(&pipes->minder_read, &pipes->minder_write, true, WATCH(WATCH_MINDER, index));
  if (!made) return STAGE_DESCRIPTORS;
  if (kind == TREE_MINDER) return STAGE_NONE;
  pipes->cgroup = cgroup_make(index, generation_of(index));
  return pipes->cgroup >= 0 ? STAGE_NONE : STAGE_CGROUP;
}

static pid_t launch(uint32_t index, const struct ask *ask, const struct pipes *pipes, bool share) {
  struct minder_context context = {
      .child = {.entry = &keeper.entries[index],
                .block = ask->fds[0],
                .exec_write = pipes->exec_write,
                .fd_count = ask->fd_count - 1,
                .fds = ask->fds + 1,
                .cut_loose = share,
                .nofile = &keeper.nofile},
      .pipe = pipes->minder_write,
  };
  bool minded = pipes->minder_write >= 0;
  const struct child_plan plan = {.cgroup = pipes->cgroup, .share_window = share,
                                  .body = minded ? minder_body : child_body, .context = &context};
  return make_child(&plan);
}

/* All that the child needs lies in the window, and there is a place to note what to close later. */
static bool may_share(const struct ask *ask, const struct pipes *pipes) {
  if (!make_child_shares() || !flight_free()) return false;
  if (pipes->exec_write >= WINDOW_FDS || pipes->minder_write >= WINDOW_FDS) return false;
  for (int i = 0; i < ask->fd_count; i++)
    if (ask->fds[i] >= WINDOW_FDS) return false;
  return true;
}

/* The descriptors go to the flight, or are closed here at once where the child has a copy of its own. */
static void let_go(uint32_t index, struct ask *ask, const struct pipes *pipes, bool shared) {
  if (pipes->cgroup >= 0) close(pipes->cgroup);
  if (shared) {
    flight_begin(index, pipes->exec_write, pipes->minder_write, ask->fds[0], ask->fds + 1, ask->fd_count - 1);
    ask->fd_count = 0;
    return;
  }
  close(pipes->exec_write);
  if (pipes->minder_write >= 0) close(pipes->minder_write);
}

void ask_spawn(struct ask *ask) {
  int error = check(ask);
  if (error != 0) {
    answer_refused(ask, error, STAGE_REQUEST);
    return;
  }
  int taken = table_take();
  if (taken < 0) {
    answer_refused(ask, ENOSPC, STAGE_REQUEST);
    return;
  }
  uint32_t index = (uint32_t)taken;
  uint32_t kind = ask->as.spawn.tree_kind == TREE_ANY ? keeper.header->tree_kind : ask->as.spawn.tree_kind;
  fill(index, &ask->as.spawn, kind);

  struct pipes pipes = {-1, -1, -1, -1, -1};
  enum exec_stage stage = prepare(index, kind, &pipes);
  bool share = stage == STAGE_NONE && may_share(ask, &pipes);
  pid_t pid = stage == STAGE_NONE ? launch(index, ask, &pipes, share) : -1;
  if (pid < 0) {
    error = errno;
    close_pipes(&pipes);
    if (pipes.cgroup >= 0) cgroup_remove(index);
    table_free(index);
    answer_refused(ask, error, stage == STAGE_NONE ? STAGE_FORK : stage);
    return;
  }
  keeper.alive++;
  let_go(index, ask, &pipes, share);
  slots[index].exec_read = pipes.exec_read;
  pids_add(pid, index);
  if (kind == TREE_MINDER) {
    keeper.entries[index].minder_pid = (uint32_t)pid;
    slots[index].minder_read = pipes.minder_read;
    return;
  }
  struct table_entry *entry = &keeper.entries[index];
  uint64_t start = 0;
  entry->started_ns = now_ns();
  entry->pid = (uint32_t)pid;
  proc_stat(pid, NULL, &start, NULL);
  entry->start_ticks = start;
  spawn_started(index);
}

/* The main process exists and its entry is complete. */
void spawn_started(uint32_t index) {
  if (slots[index].ask_id != 0) tell_later(index, UNTOLD_SPAWNED);
  publish(index, ENTRY_STARTING);
  exec_decided(index);
  if (keeper.quitting) tree_kill(index);
}

/*
 * An accepted request that came to nothing. Where the archond that asked has died meanwhile, there is no
 * request to refuse: its successor is told of an end that was never a beginning.
 */
void refuse_spawn(uint32_t index, uint32_t stage, int error) {
  struct table_entry *entry = &keeper.entries[index];
  exec_over(index);
  close_watched(&slots[index].minder_read);
  slots[index].flags |= SLOT_REFUSED;
  entry->exec_errno = (uint32_t)error;
  entry->exec_stage = stage;
  if (slots[index].ask_id != 0 && keeper.channel_greeted) {
    keeper.alive--;
    tell_later(index, UNTOLD_REFUSED);
    return;
  }
  entry->ended_ns = now_ns();
  publish(index, ENTRY_EMPTY);
}

/* A byte: the child has cut loose. The end: exec has closed its side, or the child has ended. */
void exec_readable(uint32_t index) {
  while (slots[index].exec_read != NONE) {
    char bytes[8];
    ssize_t got = read(slots[index].exec_read, bytes, sizeof bytes);
    if (got > 0) {
      flight_end(index);
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close_watched(&slots[index].exec_read);
    slots[index].flags |= SLOT_EXEC_SEEN;
    exec_decided(index);
  }
}

/*
 * exec is over and the entry published, whichever came first: a minder may tell of its main process
 * later than that process is gone to its program. A failed stage stands in the table before the pipe
 * closes; its end is told as exited.
 */
void exec_decided(uint32_t index) {
  if (!(slots[index].flags & SLOT_EXEC_SEEN) || state_of(index) != ENTRY_STARTING) return;
  if (keeper.entries[index].exec_stage == STAGE_NONE) publish(index, ENTRY_RUNNING);
}

/* The child has ended: what it shared may be closed, however far it had come. */
void exec_over(uint32_t index) {
  flight_end(index);
  close_watched(&slots[index].exec_read);
}

void main_ended(uint32_t index, int kind, int status, const struct rusage *usage) {
  struct table_entry *entry = &keeper.entries[index];
  exec_over(index);
  if (state_of(index) >= ENTRY_EXITED) return;
  record_end(entry, kind, status, usage);
  if (entry->tree_kind == TREE_CGROUP && cgroup_remove(index)) {
    publish(index, ENTRY_EMPTY);
    return;
  }
  publish(index, ENTRY_EXITED);
  if (entry->tree_kind == TREE_CGROUP) cgroup_watch(index);
}
