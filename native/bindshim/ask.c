/*
 * Asking for a socket: one datagram, with a socket on which the answer is awaited. By the datagram the kernel
 * tells who asks; it waits for an archond that is away. One that dies over it closes the other end: then it is
 * asked again.
 */
#include "bindshim.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>

#include "keeper/raw.h"

#define MOST_QUESTION_BYTES 128
#define MOST_ANSWER_BYTES 256
#define AGAIN_MS 5
/* More than one is not expected, and closed. */
#define MOST_GIVEN 4

/* As ppoll(2) takes it from the bare system call. */
struct duration {
  long seconds, nanoseconds;
};

/* ---- the question --------------------------------------------------------------------------- */

static char *put_text(char *at, const char *text) {
  while (*text != 0) *at++ = *text++;
  return at;
}

static char *put_number(char *at, uint32_t number, uint32_t base) {
  char digits[10];
  int count = 0;
  do digits[count++] = "0123456789abcdef"[number % base];
  while ((number /= base) > 0);
  while (count > 0) *at++ = digits[--count];
  return at;
}

static char *put_v4(char *at, const struct in_addr *address) {
  const uint8_t *bytes = (const uint8_t *)address;
  for (int i = 0; i < 4; i++) {
    if (i > 0) *at++ = '.';
    at = put_number(at, bytes[i], 10);
  }
  return at;
}

/* Eight groups, none left out. */
static char *put_v6(char *at, const struct sockaddr_in6 *address) {
  const uint8_t *bytes = address->sin6_addr.s6_addr;
  for (int i = 0; i < 16; i += 2) {
    if (i > 0) *at++ = ':';
    at = put_number(at, (uint32_t)(bytes[i] << 8 | bytes[i + 1]), 16);
  }
  if (address->sin6_scope_id != 0) at = put_number(put_text(at, "%"), address->sin6_scope_id, 10);
  return at;
}

/* A record of the protocol: Bind,<protocol>,<host>,<port>[,@v6only=1][,@reuseport=1] */
static size_t put_question(char *text, const struct wish *wish) {
  char *at = put_text(text, wish->type == SOCK_STREAM ? "Bind,tcp," : "Bind,udp,");
  bool is_v4 = wish->domain == AF_INET;
  at = is_v4 ? put_v4(at, &wish->address.v4.sin_addr) : put_v6(at, &wish->address.v6);
  at = put_text(at, ",");
  at = put_number(at, ntohs(is_v4 ? wish->address.v4.sin_port : wish->address.v6.sin6_port), 10);
  if (wish->is_v6_only) at = put_text(at, ",@v6only=1");
  if (wish->shares) at = put_text(at, ",@reuseport=1");
  at = put_text(at, "\n");
  return (size_t)(at - text);
}

/* ---- the way there -------------------------------------------------------------------------- */

/* One descriptor with a message. */
union one_rider {
  char bytes[CMSG_SPACE(sizeof(int))];
  struct cmsghdr header;
};

/* 0, or -errno. */
static long send_question(const char *path, const char *question, size_t length, int answer) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  union one_rider control = {.bytes = {0}};
  struct iovec vector = {.iov_len = length};
  strcpy(to.sun_path, path);
  memcpy(&vector.iov_base, &question, sizeof question);
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(sizeof answer);
  memcpy(CMSG_DATA(&control.header), &answer, sizeof answer);
  struct msghdr message = {
      .msg_name = &to, .msg_namelen = sizeof to,           .msg_iov = &vector,
      .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes,
  };
  long fd = raw(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  long sent = raw(SYS_sendmsg, fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  raw(SYS_close, fd);
  return sent < 0 ? sent : 0;
}

/* Waits for something to read, or, without a descriptor, only waits. False: the time is over. */
static bool wait_for(int fd, int64_t until_ms) {
  for (;;) {
    int64_t left_ms = until_ms - now_ms();
    if (left_ms <= 0) return false;
    struct duration left = {(long)(left_ms / 1000), (long)(left_ms % 1000) * 1000000};
    struct pollfd state = {.fd = fd, .events = POLLIN};
    long ready = raw(SYS_ppoll, &state, fd < 0 ? 0 : 1, &left, NULL, 0);
    if (ready > 0) return true;
    if (ready < 0 && ready != -EINTR) return false;
  }
}

/* The descriptor that came with the answer, -1 where it is a no; -EPIPE: whoever was to answer is gone. */
static int take_answer(int fd) {
  char text[MOST_ANSWER_BYTES];
  union {
    char bytes[CMSG_SPACE(sizeof(int) * MOST_GIVEN)];
    struct cmsghdr header;
  } control;
  struct iovec vector = {.iov_base = text, .iov_len = sizeof text};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  long count = raw(SYS_recvmsg, fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (count <= 0) return count == 0 || count == -ECONNRESET ? -EPIPE : -1;
  int given = -1;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t fds = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < fds; i++) {
      int one;
      memcpy(&one, CMSG_DATA(header) + i * sizeof one, sizeof one);
      if (given < 0) given = one;
      else raw(SYS_close, one);
    }
  }
  if (given >= 0 && (count < 2 || memcmp(text, "Ok", 2) != 0)) {
    raw(SYS_close, given);
    given = -1;
  }
  return given;
}

/* -EPIPE or -EAGAIN: ask again; -1: no. */
static int ask_once(const char *path, const char *question, size_t length, int64_t until_ms) {
  int ends[2];
  if (raw(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  long sent = send_question(path, question, length, ends[1]);
  raw(SYS_close, ends[1]);
  int given = sent == -EAGAIN || sent == -ENOBUFS || sent == -EINTR ? -EAGAIN : -1;
  if (sent == 0 && wait_for(ends[0], until_ms)) given = take_answer(ends[0]);
  raw(SYS_close, ends[0]);
  return given;
}

int ask_for(const char *path, const struct wish *wish) {
  char question[MOST_QUESTION_BYTES];
  size_t length = put_question(question, wish);
  for (;;) {
    int given = ask_once(path, question, length, wish->until_ms);
    if (given != -EAGAIN && given != -EPIPE) return given;
    int64_t again_ms = now_ms() + AGAIN_MS;
    if (again_ms >= wish->until_ms) return -1;
    wait_for(-1, again_ms);
  }
}
