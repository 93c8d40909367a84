#include "dropping.h"
#include "pipe-bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether there is room again is looked at no more often. */
#define TRY_NS 100000000

void dropping_begin(struct dropping *dropping, int failure) {
  dropping->active = true;
  dropping->in_line = false;
  dropping->failure = failure;
  dropping->bytes = dropping->lines = 0;
  dropping->tried_at = 0;
}

uint64_t dropping_take(struct helper *helper, struct dropping *dropping, int pipe, uint64_t limit) {
  uint64_t total = 0;
  while (total < limit) {
    /* There is that much, and nobody else reads: it does not wait. */
    uint64_t count = (uint64_t)pipe_waiting(pipe);
    if (count > limit - total) count = limit - total;
    if (count > RECEIVE_BYTES) count = RECEIVE_BYTES;
    ssize_t got = count == 0 ? 0 : read(pipe, helper->receive, count);
    if (got <= 0) break;
    for (const uint8_t *at = helper->receive, *end = at + got; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
      dropping->lines++;
    }
    dropping->in_line = helper->receive[got - 1] != '\n';
    total += (uint64_t)got;
  }
  dropping->bytes += total;
  return total;
}

/* The rest of a line whose beginning is gone goes too. False where its end has not come. */
static bool finish_line(struct helper *helper, struct dropping *dropping, int pipe) {
  while (dropping->in_line && pipe_waiting(pipe) > 0) {
    bool ends;
    int64_t rest = pipe_rest_of_line(helper, pipe, &ends);
    if (rest == 0 || dropping_take(helper, dropping, pipe, (uint64_t)rest) == 0) return false;
  }
  return true;
}

/* The names that Linux gives them; not every C library can tell. */
static const char *name_of(int error) {
  switch (error) {
    case ENOSPC: return "ENOSPC";
    case EDQUOT: return "EDQUOT";
    case EFBIG: return "EFBIG";
    case EIO: return "EIO";
    case EROFS: return "EROFS";
    case EACCES: return "EACCES";
    default: return "the file could not be written";
  }
}

static bool write_line(const struct dropping *dropping, struct log_file *log) {
  char line[160];
  if (log->fd < 0 && log_file_open(log) != 0) return false;
  off_t end = lseek(log->fd, 0, SEEK_END);
  bool breaks = log->regular && end > 0 && !log_file_ends_line(log, end);
  int length = snprintf(line, sizeof line, "%s[archon] %" PRIu64 " bytes (%" PRIu64 " lines) are missing here: %s\n",
                        breaks ? "\n" : "", dropping->bytes, dropping->lines + dropping->in_line,
                        name_of(failure_errno(dropping->failure)));
  if (log->regular) line_times_note(&log->times, log->path, log->fd, end);
  ssize_t written = write(log->fd, line, (size_t)length);
  if (written == length) return true;
  /* A part of it would be taken for a line of the process. */
  if (written > 0 && log->regular && ftruncate(log->fd, end) < 0) return false;
  return false;
}

bool dropping_end(struct helper *helper, struct dropping *dropping, struct log_file *log, int pipe, int64_t now_ns) {
  if (dropping->bytes > 0) {
    if (now_ns - dropping->tried_at < TRY_NS) return false;
    dropping->tried_at = now_ns;
    if (!finish_line(helper, dropping, pipe) || !write_line(dropping, log)) return false;
    dropping->told_bytes += dropping->bytes;
    dropping->told_lines += dropping->lines + dropping->in_line;
  }
  dropping->active = false;
  return true;
}
