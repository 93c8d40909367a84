/* Lines for people on standard error. The keeper must not wait for whoever reads them. */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "keeper.h"

void say(const char *format, ...) {
  char line[512];
  int used = snprintf(line, sizeof line, "keeper: ");
  va_list list;
  va_start(list, format);
  int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, list);
  va_end(list);
  if (more < 0) return;
  size_t bytes = (size_t)(used + more);
  if (bytes > sizeof line - 2) bytes = sizeof line - 2;
  line[bytes++] = '\n';
  /* A pipe that poll(2) calls writable takes PIPE_BUF bytes at once. */
  struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
  if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT)) {
    ssize_t ignored = write(STDERR_FILENO, line, bytes);
    (void)ignored;
  }
}
