/*
 * service FILE ID [LIFE_MS]: what the bench has supervised. Its first act is to look at the clock; then it appends
 * one record to FILE, and waits, or ends with 1 after 10 to LIFE_MS milliseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct record {
  uint64_t at_ns; /* CLOCK_MONOTONIC */
  uint32_t id;
  uint32_t pid;
};

int main(int count, char **words) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (count < 3) return 2;
  uint64_t at_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  struct record record = {at_ns, (uint32_t)atoi(words[2]), (uint32_t)getpid()};
  int file = open(words[1], O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0 || write(file, &record, sizeof record) != sizeof record) return 2;
  close(file);
  if (count < 4) {
    for (;;) pause();
  }
  unsigned life_ms = (unsigned)atoi(words[3]);
  /* Spread by the pid, so that they do not die in step. */
  unsigned ms = 10 + (unsigned)getpid() * 7919u % (life_ms > 10 ? life_ms - 9 : 1);
  struct timespec life = {ms / 1000, (long)(ms % 1000) * 1000000};
  nanosleep(&life, NULL);
  return 1;
}
