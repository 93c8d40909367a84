/* When the bytes of a log came: an index beside it, in records of offset and time. */
#ifndef ARCHON_LINE_TIMES_H
#define ARCHON_LINE_TIMES_H

#include <stdbool.h>
#include <stdint.h>

struct line_times {
  int file;        /* the index; -1 until there is something to note */
  bool impossible; /* the log is no plain file, or there is no place beside it */
  int64_t noted_at;
  int64_t next;     /* where the next record goes */
  int64_t last_end; /* the offset of the last one, -1 before the first */
};

/* To be called before bytes are written at the end of a log, which is at `end`: if the program dies between, the time stands there without bytes, and the next one counts. */
void line_times_note(struct line_times *times, const char *log_path, int log, int64_t end);
void line_times_close(struct line_times *times);

#endif
