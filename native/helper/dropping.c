#include "dropping.h"
#include "pipe-bytes.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether there is room again is looked at no more often. */
#define TRY_NS 100000000
/* Of the line that tells how much is missing. */
#define LINE_BYTES 160

void dropping_begin(struct dropping *dropping, int failure) {
  struct counts counts = tally_read(&dropping->tally);
  counts.failure = failure;
  tally_write(&dropping->tally, &counts);
  dropping->active = true;
  dropping->tried_at = 0;
}

int dropping_why(const struct dropping *dropping) {
  struct counts counts = tally_read(&dropping->tally);
  return counts.failure;
}

uint64_t dropping_take(struct helper *helper, struct dropping *dropping, int pipe, uint64_t limit) {
  uint64_t total = 0;
  while (total < limit) {
    uint64_t count = (uint64_t)pipe_waiting(pipe);
    if (count > limit - total) count = limit - total;
    uint64_t taken = count == 0 ? 0 : tally_take(helper, &dropping->tally, pipe, count);
    if (taken == 0) break;
    total += taken;
  }
  return total;
}

/* The rest of a line whose beginning is gone goes too. False where its end has not come. */
static bool finish_line(struct helper *helper, struct dropping *dropping, int pipe) {
  while (tally_read(&dropping->tally).in_line != 0 && pipe_waiting(pipe) > 0) {
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

static size_t line_of(const struct counts *counts, char *line) {
  return (size_t)snprintf(line, LINE_BYTES, "%s[archon] %" PRIu64 " bytes (%" PRIu64 " lines) are missing here: %s\n",
                          counts->line_breaks != 0 ? "\n" : "", missing_bytes(counts), missing_lines(counts),
                          name_of(failure_errno(counts->failure)));
}

/* The log tells of them; an event is still to do so. */
static void settle(struct tally *tally) {
  struct counts counts = tally_read(tally);
  counts.untold_bytes += missing_bytes(&counts);
  counts.untold_lines += missing_lines(&counts);
  counts.told_bytes = counts.passed + counts.read;
  counts.told_ends = counts.ends;
  counts.in_line = 0;
  counts.line_device = 0;
  tally_write(tally, &counts);
}

static bool write_line(struct tally *tally, struct log_file *log) {
  char line[LINE_BYTES];
  struct stat status;
  if (log->fd < 0 && log_file_open(log) != 0) return false;
  off_t end = lseek(log->fd, 0, SEEK_END);
  struct counts counts = tally_read(tally);
  counts.line_breaks = log->regular && end > 0 && !log_file_ends_line(log, end);
  counts.line_device = 0;
  if (log->regular && fstat(log->fd, &status) == 0) {
    /* Who is killed before it is noted that the line stands there leaves its successor to look. */
    counts.line_device = (uint64_t)status.st_dev;
    counts.line_inode = (uint64_t)status.st_ino;
    counts.line_at = end;
    line_times_note(&log->times, log->path, log->fd, end);
  }
  tally_write(tally, &counts);
  size_t length = line_of(&counts, line);
  ssize_t written = write(log->fd, line, length);
  if (written == (ssize_t)length) return true;
  /* A part of it would be taken for a line of the process; what cannot be cut off stays. */
  if (written > 0 && log->regular) (void)!ftruncate(log->fd, end);
  counts.line_device = 0;
  tally_write(tally, &counts);
  return false;
}

bool dropping_end(struct helper *helper, struct dropping *dropping, struct log_file *log, int pipe, int64_t now_ns) {
  struct counts counts = tally_read(&dropping->tally);
  if (missing_bytes(&counts) > 0) {
    if (now_ns - dropping->tried_at < TRY_NS) return false;
    dropping->tried_at = now_ns;
    if (!finish_line(helper, dropping, pipe) || !write_line(&dropping->tally, log)) return false;
    settle(&dropping->tally);
  }
  dropping->active = false;
  return true;
}

/* Whether the line stands in the log that was being written when its writer was killed; of a part of it the log is rid. */
static bool has_line(const struct counts *counts, const struct log_file *log) {
  char line[LINE_BYTES], there[LINE_BYTES];
  struct stat status;
  size_t length = line_of(counts, line);
  int fd = open(log->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return false;
  bool is_that = fstat(fd, &status) == 0 && (uint64_t)status.st_dev == counts->line_device &&
                 (uint64_t)status.st_ino == counts->line_inode;
  ssize_t got = is_that ? pread(fd, there, length, (off_t)counts->line_at) : 0;
  bool begins = got > 0 && memcmp(line, there, (size_t)got) == 0;
  bool stands = begins && got == (ssize_t)length;
  /* What cannot be cut off stays, and is harmless. */
  if (begins && !stands) (void)!ftruncate(fd, (off_t)counts->line_at);
  close(fd);
  return stands;
}

int dropping_share(struct helper *helper, struct dropping *dropping, const struct log_file *log, int fd) {
  int result = tally_share(helper, &dropping->tally, fd);
  if (result != 0) return result;
  struct counts counts = tally_read(&dropping->tally);
  if (missing_bytes(&counts) == 0) return 0;
  if (counts.line_device != 0 && has_line(&counts, log)) {
    settle(&dropping->tally);
    return 0;
  }
  dropping->active = true;
  return 0;
}

void dropping_settle(struct dropping *dropping) {
  settle(&dropping->tally);
  dropping->active = false;
}

uint64_t dropping_untold(const struct dropping *dropping) {
  return tally_read(&dropping->tally).untold_bytes - dropping->asked_bytes;
}

void dropping_ask(struct dropping *dropping, uint64_t *bytes, uint64_t *lines) {
  struct counts counts = tally_read(&dropping->tally);
  *bytes = counts.untold_bytes - dropping->asked_bytes;
  *lines = counts.untold_lines - dropping->asked_lines;
  dropping->asked_bytes = counts.untold_bytes;
  dropping->asked_lines = counts.untold_lines;
}

void dropping_told(struct dropping *dropping) {
  struct counts counts = tally_read(&dropping->tally);
  counts.untold_bytes -= dropping->asked_bytes;
  counts.untold_lines -= dropping->asked_lines;
  dropping->asked_bytes = dropping->asked_lines = 0;
  tally_write(&dropping->tally, &counts);
}
