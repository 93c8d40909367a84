/* The channel to the keeper: a seqpacket socket, whose messages are those of native/keeper/wire.h. */
#include "helper.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../keeper/wire.h"
#include "queue.h"

/* Messages that one readable event takes: each has its place of MESSAGE_MAX_BYTES in the receive buffer. */
#define BATCH (RECEIVE_BYTES / MESSAGE_MAX_BYTES)
/* Descriptors that a message of the keeper may carry. */
#define RIDERS_IN 2

struct channel {
  struct slot slot;
  struct queue queue;
};

static void channel_ready(struct helper *helper, struct slot *slot, uint32_t events);

static void channel_discard(struct helper *helper, struct slot *slot) {
  queue_clear(helper, &((struct channel *)slot)->queue);
  close(slot->fd);
}

static const struct slot_class channel_class = {channel_ready, channel_discard};

static void gone(struct helper *helper, struct channel *channel) {
  uint32_t id = channel->slot.id;
  slot_free(helper, &channel->slot);
  dispatch(helper, EVENT_GONE, id, 0, 0);
}

static int first_rider(struct msghdr *message) {
  int rider = -1;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      if (rider < 0) rider = fd;
      else close(fd); /* no message has two */
    }
  }
  return rider;
}

/* Receives a batch; bytes and descriptor of each message go into numbers. Messages, 0 at the end, or -errno. */
static int receive_batch(struct helper *helper, int fd) {
  static const size_t control_bytes = CMSG_SPACE(sizeof(int) * RIDERS_IN);
  union {
    char bytes[CMSG_SPACE(sizeof(int) * RIDERS_IN)];
    struct cmsghdr align;
  } control[BATCH];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){helper->receive + (size_t)i * MESSAGE_MAX_BYTES, MESSAGE_MAX_BYTES};
    messages[i].msg_hdr = (struct msghdr){
        .msg_iov = &vectors[i], .msg_iovlen = 1, .msg_control = control[i].bytes, .msg_controllen = control_bytes};
  }
  int count;
  do count = recvmmsg(fd, messages, BATCH, MSG_CMSG_CLOEXEC | MSG_DONTWAIT, NULL);
  while (count < 0 && errno == EINTR);
  if (count < 0) return -errno;
  int taken = 0;
  for (; taken < count && messages[taken].msg_len > 0; taken++) {
    /* A message that was cut short is told with 0 bytes: nobody may read it as if it were whole. */
    bool whole = (messages[taken].msg_hdr.msg_flags & MSG_TRUNC) == 0;
    helper->numbers[2 * taken] = whole ? (int32_t)messages[taken].msg_len : 0;
    helper->numbers[2 * taken + 1] = first_rider(&messages[taken].msg_hdr);
  }
  return taken;
}

static bool channel_send(struct helper *helper, struct channel *channel) {
  while (channel->queue.head != NULL) {
    ssize_t sent = queue_send(&channel->queue, channel->slot.fd, true);
    if (sent == -EAGAIN) break;
    if (sent < 0) return false;
    queue_sent(helper, &channel->queue, (size_t)sent);
  }
  slot_watch(helper, &channel->slot, channel->queue.head == NULL ? EPOLLIN : EPOLLIN | EPOLLOUT);
  return true;
}

static void channel_ready(struct helper *helper, struct slot *slot, uint32_t events) {
  struct channel *channel = (struct channel *)slot;
  if ((events & EPOLLOUT) != 0 && (events & EPOLLHUP) == 0 && !channel_send(helper, channel)) {
    gone(helper, channel);
    return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  int count = receive_batch(helper, slot->fd);
  if (count == -EAGAIN && (events & (EPOLLHUP | EPOLLERR)) == 0) return;
  if (count <= 0) {
    gone(helper, channel);
    return;
  }
  /* One batch a round: what is left, after a hang-up too, epoll tells of again. */
  dispatch(helper, EVENT_MESSAGES, slot->id, count, 0);
}

/* openChannel(descriptor): the slot, which owns the descriptor from then on; or a failure. */
static napi_value channel_open(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  int fd = argument_int(&arguments, 0);
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0) return return_int(env, failed(CALL_GETSOCKOPT));
  if (type != SOCK_SEQPACKET) return return_int(env, failure(CALL_GETSOCKOPT, EPROTOTYPE));
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return return_int(env, failed(CALL_FCNTL));
  struct channel *channel = slot_new(arguments.helper, &channel_class, sizeof *channel, fd);
  if (channel == NULL) return return_int(env, failure(CALL_MALLOC, ENOMEM));
  int result = slot_watch(arguments.helper, &channel->slot, EPOLLIN);
  return return_int(env, result != 0 ? result : (int64_t)channel->slot.id);
}

/* send(id, bytes, descriptor count in numbers): 0 when sent or queued (then with duplicates), or a failure. */
static napi_value channel_write(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  size_t length;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct channel *channel = slot_find(helper, argument_int(&arguments, 0), &channel_class);
  const uint8_t *bytes = argument_bytes(&arguments, 1, &length);
  int rider_count = argument_int(&arguments, 2);
  if (channel == NULL) return return_int(env, failure(CALL_SEND, EPIPE));
  if (bytes == NULL || rider_count < 0 || rider_count > MAX_RIDERS) return return_int(env, failure(CALL_SEND, EINVAL));
  if (channel->queue.head == NULL) {
    ssize_t sent = send_with_riders(channel->slot.fd, bytes, length, helper->numbers, rider_count);
    if (sent >= 0) return return_int(env, 0);
    if (sent != -EAGAIN) return return_int(env, failure(CALL_SEND, (int)-sent));
  }
  int result = queue_message(helper, &channel->queue, bytes, length, helper->numbers, rider_count);
  if (result == 0) result = slot_watch(helper, &channel->slot, EPOLLIN | EPOLLOUT);
  return return_int(env, result);
}

static napi_value channel_close(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct channel *channel = slot_find(arguments.helper, argument_int(&arguments, 0), &channel_class);
  if (channel != NULL) slot_free(arguments.helper, &channel->slot);
  return NULL;
}

const struct function channel_functions[] = {
    {"openChannel", channel_open},
    {"send", channel_write},
    {"closeChannel", channel_close},
    {NULL, NULL},
};
