/* The file that the bytes of a pipe go to: how it is made, left when somebody has removed it, and rotated. */
#ifndef ARCHON_LOG_FILE_H
#define ARCHON_LOG_FILE_H

#include "helper.h"
#include "line-times.h"

struct log_file {
  const char *path;
  int fd;      /* -1 until the first byte */
  int removed; /* what it was before it was removed, until there is another; -1 for none */
  mode_t mode;
  bool regular;    /* what is open now is a plain file */
  bool one_off;    /* of a command that is run once: where it is new, that is marked beside it */
  int64_t max;     /* rotated from so many bytes on; 0: never */
  int64_t due;     /* `max`, or more after a rotation that failed */
  int64_t newest;  /* the number of the last file that was set aside, 0 before the first */
  uint32_t set_aside; /* how many were since JavaScript asked */
  int trouble;     /* why the last rotation failed, until JavaScript asks */
  struct line_times times;
};

void log_file_init(struct log_file *log, const char *path, mode_t mode);
void log_file_limit(struct log_file *log, int64_t max);
/* Opens it, made with its folders where it is missing. 0 or a failure. */
int log_file_open(struct log_file *log);
void log_file_close(struct log_file *log);
/* Lets go of a file that was removed. */
void log_file_leave_removed(struct log_file *log);
/* Whether the last byte is the end of a line; of an empty file it is. */
bool log_file_ends_line(const struct log_file *log, int64_t end);
/* Where a line is cut that does not end. */
int64_t log_file_longest(const struct log_file *log);
/* Sets the file aside: the next byte goes to a new one. False where that cannot be done now: it is written on. */
bool log_file_rotate(struct log_file *log);

#endif
