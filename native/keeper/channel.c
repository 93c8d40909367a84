/*
 * The channel to archond. Nothing here waits: what does not fit is held (one answer) or stays
 * noted (what is told without being asked), and nothing more is read until there is room.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper.h"

#define ASKS_A_TURN 64

static struct { char bytes[MESSAGE_MAX_BYTES]; size_t size; int fd; bool any; } held;
static bool draining;

static void set_interest(void) {
  bool stop = held.any || kept_listing();
  bool out = keeper.channel_full || stop;
  rewatch(keeper.channel, (stop ? 0 : EPOLLIN) | (out ? EPOLLOUT : 0), WATCH(WATCH_CHANNEL, 0));
}

bool channel_send(void *message, size_t bytes, int fd) {
  if (draining || keeper.channel == NONE) return true;
  struct message_header *head = message;
  head->version = MESSAGE_VERSION;
  head->bytes = (uint32_t)bytes;
  head->epoch = keeper.header->epoch;
  struct iovec part = {.iov_base = message, .iov_len = bytes};
  union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control;
  struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    memset(&control, 0, sizeof control);
    whole.msg_control = &control;
    whole.msg_controllen = sizeof control;
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
  }
  for (;;) {
    if (sendmsg(keeper.channel, &whole, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
    if (errno == EINTR) continue;
    /* Full, or too many descriptors under way (ETOOMANYREFS): there will be room. Else it is dying. */
    if (errno != EAGAIN && errno != ENOBUFS && errno != ETOOMANYREFS && errno != ENOMEM) return true;
    keeper.channel_full = true;
    set_interest();
    return false;
  }
}

void answer(const struct ask *ask, enum message_type type, void *message, size_t bytes, int fd) {
  struct message_header *head = message;
  head->type = (uint16_t)type;
  head->id = ask->as.head.id;
  if (channel_send(message, bytes, fd)) return;
  memcpy(held.bytes, message, bytes);
  held.size = bytes;
  held.fd = fd;
  held.any = true;
  set_interest();
}

void answer_done(const struct ask *ask, uint64_t value) {
  struct tell_done done = {.value = value};
  answer(ask, TELL_DONE, &done, sizeof done, -1);
}

void answer_refused(const struct ask *ask, int error, uint32_t stage) {
  struct tell_refused refused = {.error = (uint32_t)error, .stage = stage};
  answer(ask, TELL_REFUSED, &refused, sizeof refused, -1);
}

static void take_descriptors(struct msghdr *whole, struct ask *ask) {
  for (struct cmsghdr *item = CMSG_FIRSTHDR(whole); item != NULL; item = CMSG_NXTHDR(whole, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    int count = (int)((item->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (int i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(item) + (size_t)i * sizeof(int), sizeof fd);
      if (ask->fd_count < MESSAGE_MAX_FDS) ask->fds[ask->fd_count++] = fd;
      else close(fd);
    }
  }
}

static int fault_of(const struct ask *ask, int flags) {
  if (ask->bytes < sizeof ask->as.head || ask->as.head.bytes != ask->bytes || (flags & MSG_TRUNC)) return EBADMSG;
  if (ask->as.head.version != MESSAGE_VERSION) return EPROTONOSUPPORT;
  if (flags & MSG_CTRUNC) return EMFILE;
  bool first = ask->as.head.type == ASK_HELLO;
  if (!first && ask->as.head.epoch != keeper.header->epoch) return ESTALE;
  return !first && !keeper.channel_greeted && !draining ? EPROTO : 0;
}

/* One request: 1 carried out or refused, 0 nothing there, -1 the end. */
static int receive_one(void) {
  static struct ask ask;
  union { struct cmsghdr head; char room[CMSG_SPACE(MESSAGE_MAX_FDS * sizeof(int))]; } control;
  struct iovec part = {.iov_base = &ask.as, .iov_len = sizeof ask.as};
  struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(keeper.channel, &whole, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (got == 0) return -1;
  ask.bytes = (size_t)got;
  ask.fd_count = 0;
  take_descriptors(&whole, &ask);
  int fault = fault_of(&ask, whole.msg_flags);
  if (fault != 0) {
    if (ask.bytes < sizeof ask.as.head) ask.as.head.id = 0;
    answer_refused(&ask, fault, STAGE_NONE);
  } else {
    carry_out(&ask);
  }
  for (int i = 0; i < ask.fd_count; i++)
    if (ask.fds[i] >= 0) close(ask.fds[i]);
  return 1;
}

void channel_readable(void) {
  for (int i = 0; i < ASKS_A_TURN; i++) {
    if (keeper.channel == NONE || held.any || kept_listing()) return;
    int result = receive_one();
    if (result > 0) continue;
    if (result < 0) {
      /* Its end, while archond may still live: it cannot be spoken to any more. */
      epoll_ctl(keeper.epoll, EPOLL_CTL_DEL, keeper.channel, NULL);
      if (keeper.archond > 0) kill_archond();
    }
    return;
  }
}

void channel_writable(void) {
  keeper.channel_full = false;
  if (held.any) {
    held.any = false;
    if (!channel_send(held.bytes, held.size, held.fd)) {
      held.any = true;
      return;
    }
  }
  kept_listing_go_on();
  signals_tell();
  tell_go_on();
  set_interest();
}

void channel_drain(void) {
  if (keeper.channel == NONE) return;
  draining = true;
  held.any = false;
  keeper.channel_greeted = false;
  kept_listing_stop();
  while (receive_one() > 0) {
  }
  draining = false;
  close(keeper.channel);
  keeper.channel = NONE;
  keeper.channel_full = false;
}
