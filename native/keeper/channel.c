/*
 * The channel to archond. Nothing here waits: what does not fit is held (one answer) or stays
 * noted (what is told without being asked), and nothing more is read until there is room.
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper.h"

#define ASKS_A_TURN 64
#define PACKED_MAX 16
#define RETRY_NS 5000000ull /* after a send that failed for want of memory */

static struct { char bytes[MESSAGE_MAX_BYTES]; size_t size; int fd; bool any; } held;
/*
 * Answers that say no more than that it is done wait for the end of the turn, or for whatever else is sent: each
 * message by itself would wake archond, and hold up a spawn that stands behind it.
 */
static struct tell_done packed[PACKED_MAX];
static uint32_t packed_count;
static bool draining;
static uint64_t retry_at_ns = UINT64_MAX; /* when to try again what no event will announce */

static void set_interest(void) {
  if (keeper.channel == NONE || keeper.channel_ended) return;
  bool stop = held.any || kept_listing();
  bool out = keeper.channel_full && retry_at_ns == UINT64_MAX;
  rewatch(keeper.channel, (stop ? 0 : EPOLLIN) | (out ? EPOLLOUT : 0), WATCH(WATCH_CHANNEL, 0));
}

/*
 * What did not go now. A full socket tells when there is room again; a lack of memory, or too many
 * descriptors of this user under way (ETOOMANYREFS), nobody tells of.
 */
static bool send_later(int error) {
  if (error != EAGAIN && error != ENOBUFS && error != ETOOMANYREFS && error != ENOMEM) return false;
  keeper.channel_full = true;
  retry_at_ns = error == EAGAIN ? UINT64_MAX : now_ns() + RETRY_NS;
  set_interest();
  return true;
}

static bool has_reader(void) { return !draining && keeper.channel != NONE && !keeper.channel_ended; }

static void address(struct message_header *head, size_t bytes) {
  head->version = MESSAGE_VERSION;
  head->bytes = (uint32_t)bytes;
  head->epoch = keeper.header->epoch;
}

/* Sends what was packed; false: some of it is still there, for want of room. */
static bool send_packed(void) {
  struct mmsghdr messages[PACKED_MAX];
  struct iovec parts[PACKED_MAX];
  uint32_t gone = 0;
  while (gone < packed_count) {
    uint32_t count = packed_count - gone;
    for (uint32_t i = 0; i < count; i++) {
      parts[i] = (struct iovec){.iov_base = &packed[gone + i], .iov_len = sizeof packed[0]};
      messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    int sent = sendmmsg(keeper.channel, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) gone += (uint32_t)sent;
    else if (errno != EINTR && send_later(errno)) break;
    else if (errno != EINTR) gone = packed_count; /* its reader is dying */
  }
  packed_count -= gone;
  memmove(packed, packed + gone, packed_count * sizeof packed[0]);
  return packed_count == 0;
}

bool channel_send(void *message, size_t bytes, int fd) {
  if (!has_reader()) return true;
  if (packed_count > 0 && !send_packed()) return false;
  address(message, bytes);
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
    if (errno != EINTR) return !send_later(errno); /* any other error: its reader is dying */
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
  struct tell_done done = {.head = {.type = TELL_DONE, .id = ask->as.head.id}, .value = value};
  if (has_reader() && (packed_count < PACKED_MAX || (!keeper.channel_full && send_packed()))) {
    address(&done.head, sizeof done);
    packed[packed_count++] = done;
  } else {
    answer(ask, TELL_DONE, &done, sizeof done, -1);
  }
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
  const struct message_header *head = &ask->as.head;
  if (ask->bytes < sizeof *head || (flags & MSG_TRUNC)) return EBADMSG;
  if (head->bytes != ask->bytes || head->id == 0) return EBADMSG;
  if (head->version != MESSAGE_VERSION) return EPROTONOSUPPORT;
  if (flags & MSG_CTRUNC) return EMFILE;
  if (head->type == ASK_HELLO) return keeper.channel_greeted || draining ? EALREADY : 0;
  if (head->epoch != keeper.header->epoch) return ESTALE;
  return keeper.channel_greeted || draining ? 0 : EPROTO;
}

/* Nothing was read: is that the end, or a message of no bytes? */
static bool at_the_end(void) {
  int more = 0;
  if (ioctl(keeper.channel, SIOCINQ, &more) == 0 && more > 0) return false;
  struct pollfd end = {.fd = keeper.channel, .events = POLLRDHUP};
  return poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* One request: 1 carried out or refused, 0 nothing there, -1 the end. */
static int receive_one(void) {
  static struct ask ask;
  union { struct cmsghdr head; char room[CMSG_SPACE(MESSAGE_MAX_FDS * sizeof(int))]; } control;
  struct iovec part = {.iov_base = &ask.as, .iov_len = sizeof ask.as};
  struct msghdr whole = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got;
  /* ECONNRESET comes once where the peer died with unread messages; what it had sent comes after that. */
  do got = recvmsg(keeper.channel, &whole, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (got < 0 && (errno == EINTR || errno == ECONNRESET));
  if (got < 0) return 0;
  if (got == 0 && at_the_end()) return -1;
  keeper.archond_heard = true;
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

static void read_turn(void) {
  for (int i = 0; i < ASKS_A_TURN; i++) {
    if (keeper.channel == NONE || keeper.channel_ended || held.any || kept_listing()) return;
    int result = receive_one();
    if (result > 0) continue;
    if (result < 0) {
      /* Its end, while archond may still live: it cannot be spoken to any more. */
      epoll_ctl(keeper.epoll, EPOLL_CTL_DEL, keeper.channel, NULL);
      keeper.channel_ended = true;
      kill_archond();
    }
    return;
  }
}

static void flush(void) {
  if (packed_count > 0 && has_reader() && !keeper.channel_full) send_packed();
}

void channel_readable(void) {
  read_turn();
  flush();
}

void channel_writable(void) {
  keeper.channel_full = false;
  retry_at_ns = UINT64_MAX;
  if (keeper.channel == NONE) return;
  if (packed_count > 0 && has_reader() && !send_packed()) return;
  if (held.any) {
    held.any = false;
    if (!channel_send(held.bytes, held.size, held.fd)) {
      held.any = true;
      return;
    }
  }
  kept_listing_go_on();
  flush();
  signals_tell();
  tell_go_on();
  set_interest();
}

uint64_t channel_next(void) { return retry_at_ns; }

void channel_tick(uint64_t now) {
  if (now >= retry_at_ns) channel_writable();
}

void channel_open(int fd) {
  keeper.channel = fd;
  packed_count = 0;
  keeper.channel_greeted = false;
  keeper.channel_full = false;
  keeper.channel_ended = false;
  retry_at_ns = UINT64_MAX;
  if (!watch(fd, EPOLLIN, WATCH(WATCH_CHANNEL, 0))) {
    say("cannot watch the channel: %m");
    kill_archond();
  }
}

void channel_drain(void) {
  if (keeper.channel == NONE) return;
  draining = true;
  held.any = false;
  packed_count = 0;
  keeper.channel_greeted = false;
  kept_listing_stop();
  greeting_forget();
  while (receive_one() > 0) {
  }
  draining = false;
  close_watched(&keeper.channel);
  keeper.channel_full = false;
  retry_at_ns = UINT64_MAX;
}

bool channel_draining(void) { return draining; }
