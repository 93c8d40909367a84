/* How much was dropped, counted in memory that outlives whoever counts: docs/logs.org, "A disk that is full". */
#ifndef ARCHON_TALLY_H
#define ARCHON_TALLY_H

#include "helper.h"

/* What was dropped since the counting began, and how far that was told. */
struct counts {
  uint64_t passed;    /* bytes that went through the memory and were looked through */
  uint64_t read;      /* bytes that were read, where the memory took none */
  uint64_t ends;      /* ends of lines in both */
  uint64_t told_bytes, told_ends;     /* of these: told of in the log */
  uint64_t untold_bytes, untold_lines; /* told of in the log, and in no event yet */
  uint64_t line_device, line_inode;   /* the file that a line is being written to which tells of them; no device: none is */
  int64_t line_at;
  int32_t failure;    /* why it began */
  uint8_t in_line;    /* the last byte did not end its line */
  uint8_t line_breaks; /* the line begins with the end of one that was cut */
};

struct tally_page;

struct tally {
  int fd; /* -1: the counting is this program's own */
  struct tally_page *shared;
  struct counts own;
};

/* Memory for a tally, or a failure. */
int tally_make(void);
/* Counts in that memory from now on, which stays open for as long, and goes on with what it holds. 0 or a failure. */
int tally_share(struct helper *helper, struct tally *tally, int fd);
void tally_close(struct tally *tally);
/* A copy of what is counted. */
struct counts tally_read(const struct tally *tally);
/* Sets all of it at once: whoever is killed leaves what was before or what is now. */
void tally_write(struct tally *tally, const struct counts *counts);
/* Takes up to so many bytes, which are there, out of the pipe. At each instant they are in the pipe, or counted. */
uint64_t tally_take(struct helper *helper, struct tally *tally, int pipe, uint64_t limit);

/* Bytes that were dropped and are not told of in the log. */
static inline uint64_t missing_bytes(const struct counts *counts) {
  return counts->passed + counts->read - counts->told_bytes;
}
/* Lines of which a part is among them. */
static inline uint64_t missing_lines(const struct counts *counts) {
  return counts->ends - counts->told_ends + counts->in_line;
}

#endif
