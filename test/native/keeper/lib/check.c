#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

static void quit_blindly(void) {
  struct ask_quit quit = {.head = {.version = MESSAGE_VERSION,
                                   .type = ASK_QUIT,
                                   .bytes = sizeof quit,
                                   .epoch = peer.epoch,
                                   .id = UINT64_MAX},
                          .code = 1};
  send(peer.fd, &quit, sizeof quit, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void check_failed(const char *file, int line, const char *condition, const char *format, ...) {
  char text[1024];
  va_list list;
  int error = errno;
  va_start(list, format);
  errno = error;
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  print("FAILED %s:%d: %s: %s (errno %d, %s)", file, line, condition, text, error, strerror(error));
  quit_blindly();
  _exit(1);
}

void print(const char *format, ...) {
  char text[4096];
  va_list list;
  va_start(list, format);
  int bytes = vsnprintf(text, sizeof text - 1, format, list);
  va_end(list);
  if (bytes < 0) return;
  if ((size_t)bytes > sizeof text - 2) bytes = sizeof text - 2;
  text[bytes] = '\n';
  ssize_t ignored = write(STDERR_FILENO, text, (size_t)bytes + 1);
  (void)ignored;
}

uint64_t setting(const char *name, uint64_t usual) {
  const char *value = getenv(name);
  return value == NULL || *value == 0 ? usual : strtoull(value, NULL, 10);
}

uint64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* splitmix64 */
uint64_t chance(void) {
  static uint64_t state;
  if (state == 0) {
    state = setting("SEED", clock_ns() ^ (uint64_t)getpid() << 40);
    print("SEED=%llu", (unsigned long long)state);
  }
  uint64_t z = (state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

uint64_t below(uint64_t limit) { return chance() % limit; }
