/*
 * The index of a log, `<log>~times`: records of 16 bytes, little endian, `offset` and `time` (nanoseconds since
 * 1970): what stands from this offset on came at this time. Offsets never fall; a log that was cut short of the
 * last one begins a new index. src/logs/line-times.ts reads it, docs/logs.org tells of it.
 */
#include "line-times.h"

#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RECORD_BYTES 16
/* What comes within this of the last record has its time: else a flood would be mostly times. */
#define NOTE_NS 1000000

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Goes on behind the last whole record that is there. */
static bool find_last(struct line_times *times) {
  uint64_t last[2];
  off_t size = lseek(times->file, 0, SEEK_END);
  times->next = size - size % RECORD_BYTES;
  times->last_end = -1;
  if (times->next <= 0) return size >= 0;
  if (pread(times->file, last, sizeof last, times->next - RECORD_BYTES) != sizeof last) return false;
  times->last_end = (int64_t)le64toh(last[0]);
  return true;
}

static void open_index(struct line_times *times, const char *log_path, int log) {
  char path[PATH_MAX];
  struct stat status;
  times->impossible = true;
  if (fstat(log, &status) < 0 || !S_ISREG(status.st_mode)) return;
  if (snprintf(path, sizeof path, "%s~times", log_path) >= (int)sizeof path) return;
  times->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, status.st_mode & 0666);
  if (times->file < 0) return;
  if (fstat(times->file, &status) == 0 && S_ISREG(status.st_mode) && find_last(times)) {
    times->impossible = false;
    return;
  }
  close(times->file);
  times->file = -1;
}

void line_times_note(struct line_times *times, const char *log_path, int log, int64_t end) {
  if (times->impossible) return;
  int64_t now = clock_ns(CLOCK_MONOTONIC);
  /* A log that is empty has been cut, however short ago. */
  if (times->file >= 0 && end > 0 && now - times->noted_at < NOTE_NS) return;
  if (times->file < 0) open_index(times, log_path, log);
  if (times->file < 0) return;
  /* They tell of bytes that are no more. */
  if (end < times->last_end) {
    if (ftruncate(times->file, 0) < 0) return;
    times->next = 0;
  }
  uint64_t record[2] = {htole64((uint64_t)end), htole64((uint64_t)clock_ns(CLOCK_REALTIME))};
  /* What cannot be written (a full disk) is left out: its bytes then have the time of those before. Half a record is overwritten by the next. */
  if (pwrite(times->file, record, sizeof record, times->next) != sizeof record) return;
  times->noted_at = now;
  times->next += RECORD_BYTES;
  times->last_end = end;
}

void line_times_close(struct line_times *times) {
  if (times->file >= 0) close(times->file);
  *times = (struct line_times){.file = -1};
}
