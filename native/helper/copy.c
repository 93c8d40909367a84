/*
 * Bytes on their way from a pipe to a file, by splice(2): at every instant they are in the one
 * or in the other, so that a SIGKILL of this process loses none (read and write would hold up to
 * a piece of them in between). docs/helper.org tells what was measured.
 */
#include "copy.h"
#include "pipe-bytes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* What one pipe may move before others get a turn. */
#define TURN_BYTES (256u << 10)
/* What all pipes together may move in one round of the loop, but for this little of each: however many flood, others have their turn. */
#define ROUND_BYTES (4u << 20)
#define LEAST_TURN_BYTES (16u << 10)
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

/* One timer for all visited pipes; there is none while there are none. */
struct visits {
  struct slot slot;
};

static void copy_ready(struct helper *helper, struct slot *slot, uint32_t events);
static void copy_discard(struct helper *helper, struct slot *slot);
static void visits_ready(struct helper *helper, struct slot *slot, uint32_t events);
static void visits_discard(struct helper *helper, struct slot *slot);
const struct slot_class copy_class = {copy_ready, copy_discard};
static const struct slot_class visits_class = {visits_ready, visits_discard};

int64_t copy_now_ns(void) {
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

static void copy_discard(struct helper *helper, struct slot *slot) {
  struct copy *copy = (struct copy *)slot;
  end_visits(helper, copy);
  free(copy->held);
  tally_close(&copy->dropping.tally);
  log_file_close(&copy->log);
  close(slot->fd);
}

/* ---- moving --------------------------------------------------------------------------------- */

/*
 * How many bytes may go to the file now, which is to be set aside at the end of the line with which it comes to its size:
 * 0 where it is at that end, or the line has become too long.
 */
static int64_t room_in_file(struct helper *helper, struct copy *copy, int64_t end, int64_t limit) {
  const struct log_file *log = &copy->log;
  bool ends;
  if (log->max == 0 || !log->regular) return limit;
  if (end < log->due) return limit < log->due - end ? limit : log->due - end;
  if (log_file_ends_line(log, end)) return 0;
  int64_t left = log_file_longest(log) - end;
  if (left <= 0) {
    /* Not within a character of UTF-8, which has three bytes behind its first at most. */
    int64_t seen = left <= -3 ? 0 : pipe_peek(helper, copy->slot.fd);
    return seen > 0 && (helper->receive[0] & 0xc0) == 0x80 ? 1 : 0;
  }
  int64_t rest = pipe_rest_of_line(helper, copy->slot.fd, &ends);
  if (rest == 0 || rest > left) rest = left;
  return rest < limit ? rest : limit;
}

static int64_t move_plain(struct copy *copy, size_t limit, int64_t end) {
  if (copy->held == NULL && (copy->held = malloc(HELD_BYTES)) == NULL) return failure(CALL_MALLOC, ENOMEM);
  if (copy->held_from == copy->held_to) {
    size_t count = (size_t)pipe_waiting(copy->slot.fd);
    if (count > limit) count = limit;
    if (count > HELD_BYTES) count = HELD_BYTES;
    if (count == 0) return 0;
    /* There is that much, and nobody else reads: it does not wait. */
    ssize_t got = read(copy->slot.fd, copy->held, count);
    if (got < 0) return failed(CALL_READ);
    copy->held_from = 0;
    copy->held_to = (size_t)got;
  }
  if (end >= 0) line_times_note(&copy->log.times, copy->log.path, copy->log.fd, end);
  ssize_t written;
  do written = write(copy->log.fd, copy->held + copy->held_from, copy->held_to - copy->held_from);
  while (written < 0 && errno == EINTR);
  if (written < 0) return failed(CALL_WRITE);
  copy->held_from += (size_t)written;
  return written;
}

/* Moves one piece. Bytes, 0 where the pipe is empty, or a failure. */
static int64_t move_piece(struct helper *helper, struct copy *copy, size_t most) {
  struct log_file *log = &copy->log;
  int tries = 3;
  for (;;) {
    if (log->fd < 0) {
      if (pipe_waiting(copy->slot.fd) == 0) return 0;
      int result = log_file_open(log);
      if (result != 0) return result;
    }
    /* Looked up each time: somebody may have cut the file short. O_APPEND would make splice fail. */
    loff_t end = lseek(log->fd, 0, SEEK_END);
    if (end < 0) copy->plain = true;
    if (copy->plain) return move_plain(copy, most, end);
    /* A time is noted of bytes only. */
    if (pipe_waiting(copy->slot.fd) == 0) return 0;
    int64_t limit = room_in_file(helper, copy, end, most < PIECE_BYTES ? (int64_t)most : (int64_t)PIECE_BYTES);
    if (limit == 0) {
      if (!log_file_rotate(log)) copy->news = true;
      copy->news |= log->set_aside > 0;
      continue;
    }
    line_times_note(&log->times, log->path, log->fd, end);
    ssize_t moved = splice(copy->slot.fd, NULL, log->fd, &end, (size_t)limit, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (moved >= 0) return moved;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      if (pipe_waiting(copy->slot.fd) == 0) return 0;
      /* Written since splice found nothing; or it is the file (a FIFO, say) that has no room. */
      if (--tries > 0) continue;
      return failure(CALL_SPLICE, EAGAIN);
    }
    if (errno != EINVAL) return failed(CALL_SPLICE);
    copy->plain = true;
  }
}

bool copy_dropped(struct helper *helper, struct copy *copy, int64_t now) {
  if (!dropping_end(helper, &copy->dropping, &copy->log, copy->slot.fd, now)) return false;
  copy->news |= dropping_untold(&copy->dropping) > 0;
  return true;
}

uint64_t copy_move(struct helper *helper, struct copy *copy, uint64_t limit, uint64_t little, int *result) {
  struct dropping *dropping = &copy->dropping;
  uint64_t total = 0;
  *result = 0;
  if (copy->held_from == copy->held_to) log_file_leave_removed(&copy->log);
  if (dropping->active && !copy_dropped(helper, copy, copy_now_ns())) {
    /* It is to wait instead by now. */
    if (!dropping->wanted) *result = dropping_why(dropping);
    return !dropping->wanted ? 0 : dropping_take(helper, dropping, copy->slot.fd, limit);
  }
  while (total < limit) {
    int64_t moved = move_piece(helper, copy, (size_t)(limit - total));
    if (is_failure(moved)) *result = (int)moved;
    if (moved <= 0) break;
    total += (uint64_t)moved;
    if ((uint64_t)moved < little) break;
  }
  copy->copied += total;
  helper->moved_bytes += total;
  if (*result != 0 && dropping->wanted) {
    dropping_begin(dropping, *result);
    dropping_take(helper, dropping, copy->slot.fd, limit);
  }
  return total;
}

static uint64_t turn_bytes(const struct helper *helper) {
  if (helper->moved_bytes + TURN_BYTES <= ROUND_BYTES) return TURN_BYTES;
  if (helper->moved_bytes + LEAST_TURN_BYTES >= ROUND_BYTES) return LEAST_TURN_BYTES;
  return ROUND_BYTES - helper->moved_bytes;
}

void copy_stall(struct helper *helper, struct copy *copy) {
  if (copy->dropping.active && copy->dropping.wanted) return;
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
  bool news = copy->news;
  copy->news = false;
  if (news || (copy->told && moved > 0)) dispatch(helper, EVENT_COPY, copy->slot.id, 0, news);
}

static void visit(struct helper *helper, struct copy *copy) {
  int result;
  uint64_t moved = copy_move(helper, copy, turn_bytes(helper), FEW_BYTES, &result);
  if (result != 0) {
    copy_stall(helper, copy);
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
  uint64_t moved = copy_move(helper, copy, turn_bytes(helper), FEW_BYTES, &result);
  if (result != 0) {
    copy_stall(helper, copy);
    dispatch(helper, EVENT_COPY, slot->id, result, 0);
    return;
  }
  if (moved == 0) {
    /* No writer is left, and no byte: epoll would tell of it for ever. By edges it tells once, and of new writers' bytes. */
    if ((events & EPOLLHUP) != 0) slot_watch(helper, slot, EPOLLIN | EPOLLET);
    tell_moved(helper, copy, 0);
    return;
  }
  slot_watch(helper, slot, EPOLLIN);
  int64_t now = copy_now_ns();
  if (now - copy->moved_at >= SOON_NS) usual_room(copy);
  else if (moved >= FEW_BYTES) more_room(copy);
  else begin_visits(helper, copy);
  copy->moved_at = now;
  tell_moved(helper, copy, moved);
}
