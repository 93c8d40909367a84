/*
 * Bytes on their way from a pipe to a file, by splice(2): at every instant they are in the one
 * or in the other, so that a SIGKILL of this process loses none (read and write would hold up to
 * a piece of them in between). docs/helper.org tells what was measured.
 */
#include "helper.h"
#include "line-times.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* What one pipe may move before others get a turn. */
#define TURN_BYTES (256u << 10)
/* One splice(2): it holds the pipe's lock, so that the writer goes on only between two of them. */
#define PIECE_BYTES (128u << 10)
/* A pipe with few bytes that wakes us again this soon is visited at intervals instead: a wake-up for each small write is dear. */
#define SOON_NS 1000000
#define FEW_BYTES (32u << 10)
#define VISIT_NS 250000
/* More than this at one visit: it fills faster than visits would empty it. */
#define MANY_BYTES (128u << 10)
/* What a busy pipe is made to hold, and what it gets back: the room of all pipes of a user is limited (pipe(7)). */
#define BUSY_PIPE_BYTES (256 << 10)
#define USUAL_PIPE_BYTES (64 << 10)
/* Held between read and write where the file is of a kind that cannot be spliced to (a terminal, say). */
#define HELD_BYTES (64u << 10)

struct copy {
  struct slot slot; /* its descriptor is the pipe's */
  int file;         /* -1 until the first byte */
  int removed;      /* what the file was before it was removed, until there is another; -1 for none */
  mode_t mode;
  bool plain;    /* splice is not possible: read and write */
  bool visited;  /* at intervals, instead of being watched */
  bool enlarged; /* its room is BUSY_PIPE_BYTES, or could not be had */
  bool told;     /* JavaScript wants to know when bytes have come to the file */
  struct line_times times;
  uint64_t copied;
  int64_t moved_at;
  uint8_t *held;
  size_t held_from, held_to;
  struct copy *next_visited;
  char path[];
};

/* One timer for all visited pipes; there is none while there are none. */
struct visits {
  struct slot slot;
};

static void copy_ready(struct helper *helper, struct slot *slot, uint32_t events);
static void copy_discard(struct helper *helper, struct slot *slot);
static void visits_ready(struct helper *helper, struct slot *slot, uint32_t events);
static void visits_discard(struct helper *helper, struct slot *slot);
static const struct slot_class copy_class = {copy_ready, copy_discard};
static const struct slot_class visits_class = {visits_ready, visits_discard};

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void visits_discard(struct helper *helper, struct slot *slot) {
  helper->visits = NULL;
  close(slot->fd);
}

static void more_room(struct copy *copy) {
  if (!copy->enlarged) fcntl(copy->slot.fd, F_SETPIPE_SZ, BUSY_PIPE_BYTES);
  copy->enlarged = true;
}

/* Not possible while it holds more than that: then another time. */
static void usual_room(struct copy *copy) {
  if (copy->enlarged && fcntl(copy->slot.fd, F_SETPIPE_SZ, USUAL_PIPE_BYTES) >= 0) copy->enlarged = false;
}

static void end_visits(struct helper *helper, struct copy *copy) {
  if (!copy->visited) return;
  struct copy **link = &helper->visited;
  while (*link != copy) link = &(*link)->next_visited;
  *link = copy->next_visited;
  copy->visited = false;
  if (helper->visited == NULL && helper->visits != NULL) slot_free(helper, helper->visits);
}

static void close_file(struct copy *copy) {
  if (copy->file >= 0) close(copy->file);
  if (copy->removed >= 0) close(copy->removed);
  copy->file = copy->removed = -1;
  line_times_close(&copy->times);
}

static void copy_discard(struct helper *helper, struct slot *slot) {
  struct copy *copy = (struct copy *)slot;
  end_visits(helper, copy);
  free(copy->held);
  close_file(copy);
  close(slot->fd);
}

/* ---- moving --------------------------------------------------------------------------------- */

static int waiting_bytes(const struct copy *copy) {
  int count = 0;
  return ioctl(copy->slot.fd, FIONREAD, &count) < 0 ? 0 : count;
}

/* Makes the folders of the file that are missing: who may read the file may pass through them. */
static int make_folders(struct copy *copy) {
  mode_t mode = copy->mode | (copy->mode & 0444) >> 2 | 0100;
  for (char *slash = strchr(copy->path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    int made = mkdir(copy->path, mode);
    if (made == 0) made = chmod(copy->path, mode);
    else if (errno == EEXIST) made = 0;
    *slash = '/';
    if (made < 0) return failed(CALL_MKDIR);
  }
  return 0;
}

/* A file that is made here gets the mode whatever the umask says. O_NONBLOCK: a FIFO must not hold us. */
static int open_file(struct copy *copy) {
  int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  copy->file = open(copy->path, flags | O_CREAT | O_EXCL, copy->mode);
  if (copy->file < 0 && errno == ENOENT) {
    int result = make_folders(copy);
    if (result != 0) return result;
    copy->file = open(copy->path, flags | O_CREAT | O_EXCL, copy->mode);
  }
  if (copy->file >= 0) return fchmod(copy->file, copy->mode) < 0 ? failed(CALL_CHMOD) : 0;
  if (errno == EEXIST) copy->file = open(copy->path, flags);
  return copy->file < 0 ? failed(CALL_OPEN) : 0;
}

/*
 * A file that was removed is made anew: what nobody could ever read would be lost. One with another name stays ours.
 * It stays open until the other is there, which then cannot have its inode: who follows it sees that it is another.
 */
static void leave_removed(struct copy *copy) {
  struct stat status;
  if (copy->file < 0 || copy->held_from != copy->held_to || fstat(copy->file, &status) < 0 || status.st_nlink > 0) return;
  int file = copy->file;
  copy->file = -1;
  close_file(copy);
  copy->removed = file;
}

static int64_t move_plain(struct copy *copy, size_t limit) {
  if (copy->held == NULL && (copy->held = malloc(HELD_BYTES)) == NULL) return failure(CALL_MALLOC, ENOMEM);
  if (copy->held_from == copy->held_to) {
    size_t count = (size_t)waiting_bytes(copy);
    if (count > limit) count = limit;
    if (count > HELD_BYTES) count = HELD_BYTES;
    if (count == 0) return 0;
    /* There is that much, and nobody else reads: it does not wait. */
    ssize_t got = read(copy->slot.fd, copy->held, count);
    if (got < 0) return failed(CALL_READ);
    copy->held_from = 0;
    copy->held_to = (size_t)got;
  }
  off_t end = lseek(copy->file, 0, SEEK_END);
  if (end >= 0) line_times_note(&copy->times, copy->path, copy->file, end);
  ssize_t written;
  do written = write(copy->file, copy->held + copy->held_from, copy->held_to - copy->held_from);
  while (written < 0 && errno == EINTR);
  if (written < 0) return failed(CALL_WRITE);
  copy->held_from += (size_t)written;
  return written;
}

/* Moves one piece. Bytes, 0 where the pipe is empty, or a failure. */
static int64_t move_piece(struct copy *copy, size_t limit) {
  int tries = 3;
  if (copy->file < 0) {
    if (waiting_bytes(copy) == 0) return 0;
    int result = open_file(copy);
    if (result != 0) return result;
    if (copy->removed >= 0) close(copy->removed);
    copy->removed = -1;
  }
  while (!copy->plain) {
    /* Looked up each time: somebody may have cut the file short. O_APPEND would make splice fail. */
    loff_t end = lseek(copy->file, 0, SEEK_END);
    if (end < 0) {
      copy->plain = true;
      break;
    }
    /* A time is noted of bytes only. */
    if (waiting_bytes(copy) == 0) return 0;
    line_times_note(&copy->times, copy->path, copy->file, end);
    ssize_t moved = splice(copy->slot.fd, NULL, copy->file, &end, limit < PIECE_BYTES ? limit : PIECE_BYTES,
                           SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (moved >= 0) return moved;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      if (waiting_bytes(copy) == 0) return 0;
      /* Written since splice found nothing; or it is the file (a FIFO, say) that has no room. */
      if (--tries > 0) continue;
      return failure(CALL_SPLICE, EAGAIN);
    }
    if (errno != EINVAL) return failed(CALL_SPLICE);
    copy->plain = true;
  }
  return move_plain(copy, limit);
}

/* Moves up to `limit` bytes, and stops early where little is left. Bytes moved; `result` tells of a failure after them. */
static uint64_t move_some(struct copy *copy, uint64_t limit, uint64_t little, int *result) {
  uint64_t total = 0;
  *result = 0;
  leave_removed(copy);
  while (total < limit) {
    int64_t moved = move_piece(copy, (size_t)(limit - total));
    if (is_failure(moved)) *result = (int)moved;
    if (moved <= 0) break;
    total += (uint64_t)moved;
    if ((uint64_t)moved < little) break;
  }
  copy->copied += total;
  return total;
}

static void stall(struct helper *helper, struct copy *copy) {
  end_visits(helper, copy);
  slot_unwatch(helper, &copy->slot);
}

/* ---- visits --------------------------------------------------------------------------------- */

static bool start_visits(struct helper *helper) {
  if (helper->visits != NULL) return true;
  struct itimerspec interval = {{0, VISIT_NS}, {0, VISIT_NS}};
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (fd < 0) return false;
  struct visits *visits = timerfd_settime(fd, 0, &interval, NULL) < 0
                              ? NULL
                              : slot_new(helper, &visits_class, sizeof *visits, fd);
  if (visits == NULL) {
    close(fd);
    return false;
  }
  helper->visits = &visits->slot;
  if (slot_watch(helper, &visits->slot, EPOLLIN) == 0) return true;
  slot_free(helper, &visits->slot);
  return false;
}

/* From now on it is visited; without a timer it goes on as it was. */
static void begin_visits(struct helper *helper, struct copy *copy) {
  if (!start_visits(helper)) return;
  slot_unwatch(helper, &copy->slot);
  copy->visited = true;
  copy->next_visited = helper->visited;
  helper->visited = copy;
}

/* The last that is done for a copy: whoever is told may close it. */
static void tell_moved(struct helper *helper, struct copy *copy, uint64_t moved) {
  if (copy->told && moved > 0) dispatch(helper, EVENT_COPY, copy->slot.id, 0, 0);
}

static void visit(struct helper *helper, struct copy *copy) {
  int result;
  uint64_t moved = move_some(copy, TURN_BYTES, FEW_BYTES, &result);
  if (result != 0) {
    stall(helper, copy);
    dispatch(helper, EVENT_COPY, copy->slot.id, result, 0);
    return;
  }
  if (moved >= FEW_BYTES) more_room(copy);
  if (moved == 0 || moved >= MANY_BYTES) {
    if (moved == 0) usual_room(copy);
    end_visits(helper, copy);
    slot_watch(helper, &copy->slot, EPOLLIN);
  }
  tell_moved(helper, copy, moved);
}

static void visits_ready(struct helper *helper, struct slot *slot, uint32_t events) {
  uint64_t ticks;
  (void)events;
  if (read(slot->fd, &ticks, sizeof ticks) < 0) return;
  for (struct copy *copy = helper->visited, *next; copy != NULL; copy = next) {
    next = copy->next_visited;
    uint32_t id = next == NULL ? 0 : next->slot.id, turn = next == NULL ? 0 : next->slot.turn;
    visit(helper, copy);
    /* Whoever was told of a failure may have closed the next one: then the rest is visited at the next tick. */
    if (next != NULL && (!slot_lives(helper, id, turn) || !next->visited)) return;
  }
}

static void copy_ready(struct helper *helper, struct slot *slot, uint32_t events) {
  struct copy *copy = (struct copy *)slot;
  int result;
  uint64_t moved = move_some(copy, TURN_BYTES, FEW_BYTES, &result);
  if (result != 0) {
    stall(helper, copy);
    dispatch(helper, EVENT_COPY, slot->id, result, 0);
    return;
  }
  if (moved == 0) {
    /* No writer is left, and no byte: epoll would tell of it for ever. By edges it tells once, and of new writers' bytes. */
    if ((events & EPOLLHUP) != 0) slot_watch(helper, slot, EPOLLIN | EPOLLET);
    return;
  }
  slot_watch(helper, slot, EPOLLIN);
  int64_t now = now_ns();
  if (now - copy->moved_at >= SOON_NS) usual_room(copy);
  else if (moved >= FEW_BYTES) more_room(copy);
  else begin_visits(helper, copy);
  copy->moved_at = now;
  tell_moved(helper, copy, moved);
}

/* ---- called from JavaScript ------------------------------------------------------------------ */

/* copy(pipe, path, mode): a slot that owns the pipe's descriptor, or a failure. */
static napi_value copy_start(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char path[PATH_MAX];
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  int fd = argument_int(&arguments, 0);
  if (!argument_path(&arguments, 1, path, sizeof path)) return return_int(env, failure(CALL_OPEN, EINVAL));
  struct copy *copy = slot_new(helper, &copy_class, sizeof *copy + strlen(path) + 1, fd);
  if (copy == NULL) return return_int(env, failure(CALL_MALLOC, ENOMEM));
  strcpy(copy->path, path);
  copy->file = copy->removed = -1;
  copy->times.file = -1;
  copy->mode = (mode_t)argument_int(&arguments, 2);
  int64_t id = copy->slot.id;
  int result = slot_watch(helper, &copy->slot, EPOLLIN);
  if (result != 0) {
    copy->slot.fd = -1; /* stays the caller's */
    slot_free(helper, &copy->slot);
  }
  return return_int(env, result != 0 ? result : id);
}

/*
 * drainCopy(id): 0 when all that the pipe held at the call is in the file; that also sets going one
 * that stood still. Else a failure, and it stands still.
 */
static napi_value copy_drain(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  if (copy == NULL) return return_int(env, failure(CALL_SPLICE, EBADF));
  uint64_t waiting = (uint64_t)waiting_bytes(copy) + (copy->held_to - copy->held_from);
  int result = 0;
  if (waiting > 0) move_some(copy, waiting, 0, &result);
  if (result != 0) stall(arguments.helper, copy);
  else if (!copy->visited) result = slot_watch(arguments.helper, &copy->slot, EPOLLIN);
  return return_int(env, result);
}

static napi_value copy_count(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  return return_int(env, copy == NULL ? 0 : (int64_t)copy->copied);
}

/* tellCopy(id, wanted): whether EVENT_COPY is to tell of each time bytes have come to the file. */
static napi_value copy_tell(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  if (copy != NULL) copy->told = argument_int(&arguments, 1) != 0;
  return NULL;
}

static napi_value copy_close(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  if (copy != NULL) slot_free(arguments.helper, &copy->slot);
  return NULL;
}

const struct function copy_functions[] = {
    {"copy", copy_start},           {"drainCopy", copy_drain}, {"copiedBytes", copy_count},
    {"closeCopy", copy_close},      {"tellCopy", copy_tell},   {NULL, NULL},
};
