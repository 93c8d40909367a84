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

/* What a child reads. It came with the request, or in a memfd. */
struct given {
  const struct spawn_block *block; /* NULL: in the memfd */
  int memfd;
  size_t bytes;
  const int *fds; /* the child's */
  int fd_count;
  uint64_t memory_bytes; /* the limit of its tree; 0: none */
};

/* The block is of a fair size and nobody can change it any more. */
static int check_memfd(int fd, size_t *bytes) {
  struct stat stat;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & SEALS) != SEALS) return EPERM;
  if (fstat(fd, &stat) != 0) return errno;
  if (stat.st_size < (off_t)sizeof(struct spawn_block)) return EINVAL;
  if (stat.st_size > (off_t)BLOCK_MAX_BYTES) return E2BIG;
  *bytes = (size_t)stat.st_size;
  return 0;
}

static int check(const struct ask *ask, struct given *given) {
  const struct ask_spawn *spawn = &ask->as.spawn;
  if (ask->bytes < sizeof *spawn || spawn->label_bytes == 0 || spawn->label_bytes >= TABLE_LABEL_BYTES)
    return EINVAL;
  size_t label_end = sizeof *spawn + spawn->label_bytes, block_at = (label_end + 7) / 8 * 8;
  bool inside = spawn->block_bytes != 0;
  size_t end = inside ? block_at + spawn->block_bytes : label_end;
  int others = inside ? 0 : 1;
  if (ask->bytes != end || (inside && spawn->block_bytes < sizeof(struct spawn_block))) return EINVAL;
  if (spawn->tree_kind > TREE_MINDER || ask->fd_count < others || ask->fd_count - others > BLOCK_MAX_FDS)
    return EINVAL;
  if (spawn->generation == 0 || spawn->generation >> 56 != 0) return EINVAL;
  if (spawn->generation <= keeper.header->last_generation) return ESTALE;
  if (keeper.quitting) return ESHUTDOWN;
  if (spawn->limits_must > 1 || (spawn->cpu_quota_us != 0) != (spawn->cpu_period_us != 0))
    return EINVAL;
  *given = (struct given){.memfd = -1, .fds = ask->fds + others, .fd_count = ask->fd_count - others,
                          .memory_bytes = spawn->memory_bytes};
  if (!inside) {
    given->memfd = ask->fds[0];
    return check_memfd(given->memfd, &given->bytes);
  }
  given->block = (const struct spawn_block *)(const void *)(ask->as.bytes + block_at);
  given->bytes = spawn->block_bytes;
  return 0;
}

static void fill(uint32_t index, const struct ask_spawn *spawn, uint32_t kind) {
  struct table_entry *entry = &keeper.entries[index];
  memset(&slots[index], 0, sizeof slots[index]);
  slots[index].ask_id = spawn->head.id;
  slots[index].generation = spawn->generation;
  entry->minder_word = spawn->generation << 8;
  entry->minder_claim = kind == TREE_MINDER ? claim_of(spawn->generation) : 0;
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

/* What a spawn holds until it has a child; closed as one where it fails. */
struct pipes { struct exec_pipe exec; int minder_read, minder_write, cgroup; };

static void close_pipes(const struct pipes *pipes) {
  const int all[] = {pipes->exec.read, pipes->exec.write, pipes->minder_read, pipes->minder_write,
                     pipes->cgroup};
  int error = errno;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] > NONE) close(all[i]);
  errno = error;
}

/* Watched before there is a child: one that could not be watched is never made. */
static bool make_pipe(int *read_end, int *write_end, bool blocking_writer, int reserve, uint64_t tag) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  if (blocking_writer) fcntl(ends[1], F_SETFL, 0);
  *write_end = ends[1];
  *read_end = raise_leaving(ends[0], reserve);
  return *read_end >= 0 && watch(*read_end, EPOLLIN, tag);
}

/* For the stock. */
bool exec_pipe_make(struct exec_pipe *made, uint64_t tag) {
  struct pipes pipes = {{-1, -1}, -1, -1, -1};
  if (make_pipe(&pipes.exec.read, &pipes.exec.write, false, STOCK_RESERVE, tag) &&
      pipes.exec.write < WINDOW_FDS) {
    *made = pipes.exec;
    return true;
  }
  close_pipes(&pipes);
  return false;
}

/* Before there is a process: its first instruction is under its limits. */
static enum exec_stage limit(const struct ask_spawn *spawn, uint32_t kind, const struct pipes *pipes) {
  if (spawn->memory_bytes == 0 && spawn->cpu_quota_us == 0 && spawn->pids == 0) return STAGE_NONE;
  int error = kind == TREE_CGROUP ? cgroup_limit(pipes->cgroup, spawn) : EOPNOTSUPP;
  if (error == 0 || spawn->limits_must == 0) return STAGE_NONE;
  errno = error;
  return STAGE_CGROUP;
}

static enum exec_stage prepare(uint32_t index, uint32_t kind, struct pipes *pipes) {
  uint64_t tag = slots[index].flight != 0 ? flight_tag(index) : WATCH(WATCH_EXEC, index);
  bool made = pipes->exec.read > NONE ||
              make_pipe(&pipes->exec.read, &pipes->exec.write, false, SPAWN_RESERVE, tag);
  if (made && kind == TREE_MINDER)
    made = make_pipe(&pipes->minder_read, &pipes->minder_write, true, SPAWN_RESERVE,
                     WATCH(WATCH_MINDER, index));
  if (!made) return STAGE_DESCRIPTORS;
  if (kind == TREE_MINDER) return STAGE_NONE;
  pipes->cgroup = cgroup_take(generation_of(index));
  return pipes->cgroup >= 0 ? STAGE_NONE : STAGE_CGROUP;
}

/* All that the child needs lies in the window, and there is a flight to note what to close later. */
static bool may_share_window(uint32_t index, const struct given *given, const struct pipes *pipes) {
  if (make_child_shares() < SHARE_DESCRIPTORS || slots[index].flight == 0) return false;
  if (pipes->exec.write >= WINDOW_FDS || pipes->minder_write >= WINDOW_FDS) return false;
  if (given->memfd >= WINDOW_FDS) return false;
  for (int i = 0; i < given->fd_count; i++)
    if (given->fds[i] >= WINDOW_FDS) return false;
  return true;
}

/*
 * A child that becomes another user never holds the keeper's memory: whoever is that user already may do
 * with it what the keeper must not be done to. The oom score would be the keeper's too, and who is killed for a
 * limit of memory is killed with all that hold the same memory. A minder stays, and so has memory of its own.
 */
static bool may_share_memory(const struct given *given, uint32_t kind) {
  return make_child_shares() == SHARE_MEMORY && kind == TREE_CGROUP && given->block != NULL &&
         given->memory_bytes == 0 && (given->block->flags & (SPAWN_USER | SPAWN_OOM)) == 0;
}

static void fill_context(struct minder_context *context, uint32_t index, const struct given *given,
                         const struct pipes *pipes) {
  *context = (struct minder_context){
      .child = {.entry = &keeper.entries[index],
                .block_bytes = given->bytes,
                .memfd = given->memfd,
                .exec_write = pipes->exec.write,
                .fd_count = given->fd_count,
                .nofile = &keeper.nofile},
      .pipe = pipes->minder_write,
      .generation = generation_of(index),
  };
  /* A child with a copy of the memory has the request in it. */
  context->child.block = (struct spawn_block *)(uintptr_t)given->block;
  for (int i = 0; i < given->fd_count; i++) context->child.fds[i] = given->fds[i];
}

/* The child that was asked for, or its minder. */
static pid_t launch(uint32_t index, struct minder_context *context, const struct given *given,
                    const struct pipes *pipes) {
  struct minder_context own;
  uint32_t kind = keeper.entries[index].tree_kind;
  if (context == NULL) context = &own;
  fill_context(context, index, given, pipes);
  bool share = may_share_window(index, given, pipes);
  struct child_plan plan = {.cgroup = pipes->cgroup, .share_window = share,
                            .body = kind == TREE_MINDER ? minder_body : child_body, .context = context};
  context->child.cut_loose = share;
  if (share && may_share_memory(given, kind)) plan.stack = flight_lend(index, given->block, given->bytes);
  return make_child(&plan);
}

/* The descriptors go to the flight, or are closed here at once where the child has a copy of its own. */
static void let_go(uint32_t index, struct ask *ask, const struct pipes *pipes, bool shared) {
  if (pipes->cgroup >= 0) close(pipes->cgroup);
  const int ours[] = {pipes->exec.write, pipes->minder_write};
  for (int i = 0; i < 2; i++) {
    if (shared) flight_hold(index, ours[i]);
    else if (ours[i] >= 0) close(ours[i]);
  }
  if (!shared) return;
  for (int i = 0; i < ask->fd_count; i++) flight_hold(index, ask->fds[i]);
  ask->fd_count = 0;
  flight_begin(index);
}

static void made(uint32_t index, pid_t pid, const struct pipes *pipes, uint64_t before_ticks) {
  struct table_entry *entry = &keeper.entries[index];
  keeper.alive++;
  if (slots[index].flight == 0) stock_taken(); /* else once its exec is over, or takes long */
  slots[index].exec_read = pipes->exec.read;
  pids_add(pid, index);
  if (entry->tree_kind == TREE_MINDER) {
    entry->minder_pid = (uint32_t)pid;
    entry->minder_start = start_of(pid, before_ticks);
    slots[index].minder_read = pipes->minder_read;
    return;
  }
  entry->started_ns = now_ns();
  entry->pid = (uint32_t)pid;
  entry->start_ticks = start_of(pid, before_ticks);
  spawn_started(index);
}

void ask_spawn(struct ask *ask) {
  struct given given;
  int error = check(ask, &given);
  int taken = error == 0 ? table_take() : -1;
  if (taken < 0) {
    answer_refused(ask, error == 0 ? ENOSPC : error, STAGE_REQUEST);
    return;
  }
  uint32_t index = (uint32_t)taken;
  uint32_t kind = ask->as.spawn.tree_kind == TREE_ANY ? keeper.header->tree_kind : ask->as.spawn.tree_kind;
  fill(index, &ask->as.spawn, kind);

  struct pipes pipes = {{-1, -1}, -1, -1, -1};
  struct minder_context *context = flight_take(index, &pipes.exec);
  enum exec_stage stage = prepare(index, kind, &pipes);
  if (stage == STAGE_NONE) stage = limit(&ask->as.spawn, kind, &pipes);
  uint64_t before_ticks = boot_ticks();
  pid_t pid = stage == STAGE_NONE ? launch(index, context, &given, &pipes) : -1;
  if (pid < 0) {
    error = errno;
    flight_end(index);
    close_pipes(&pipes);
    if (pipes.cgroup >= 0) cgroup_remove(index);
    table_free(index);
    answer_refused(ask, error, stage == STAGE_NONE ? STAGE_FORK : stage);
    return;
  }
  bool shared = context != NULL && context->child.cut_loose;
  let_go(index, ask, &pipes, shared);
  made(index, pid, &pipes, before_ticks);
}

/* The main process exists and its entry is complete. */
void spawn_started(uint32_t index) {
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
      flight_cut(index);
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    exec_over(index);
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
  stock_taken(); /* now there is time to make up for what it took */
}

void main_ended(uint32_t index, int kind, int status, const struct rusage *usage) {
  struct table_entry *entry = &keeper.entries[index];
  exec_over(index);
  if (state_of(index) >= ENTRY_EXITED) return;
  record_end(entry, kind, status, usage);
  if (entry->tree_kind == TREE_CGROUP) cgroup_note_kills(index);
  if (entry->tree_kind == TREE_CGROUP && cgroup_remove(index)) {
    publish(index, ENTRY_EMPTY);
    return;
  }
  publish(index, ENTRY_EXITED);
  if (entry->tree_kind == TREE_CGROUP) cgroup_watch(index);
}
