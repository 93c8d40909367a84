#include "helper.h"
#include "pipe-bytes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int64_t pipe_waiting(int pipe) {
  int count = 0;
  return ioctl(pipe, FIONREAD, &count) < 0 ? 0 : count;
}

/* tee(2) needs another pipe to copy to. */
int64_t pipe_peek(struct helper *helper, int pipe) {
  int copy[2];
  if (pipe2(copy, O_CLOEXEC | O_NONBLOCK) != 0) return failed(CALL_PIPE);
  ssize_t count;
  do count = tee(pipe, copy[1], RECEIVE_BYTES, SPLICE_F_NONBLOCK);
  while (count < 0 && errno == EINTR);
  int64_t result = count < 0 ? failed(CALL_READ) : 0;
  if (count > 0) {
    count = read(copy[0], helper->receive, RECEIVE_BYTES);
    result = count < 0 ? failed(CALL_READ) : count;
  }
  close(copy[0]);
  close(copy[1]);
  return result;
}

int64_t pipe_rest_of_line(struct helper *helper, int pipe, bool *ends) {
  int64_t seen = pipe_peek(helper, pipe);
  *ends = false;
  if (seen <= 0) return 0;
  const uint8_t *end = memchr(helper->receive, '\n', (size_t)seen);
  if (end == NULL) return seen;
  *ends = true;
  return end - helper->receive + 1;
}
