
#include "stream.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One readable stream takes this many reads (of 64 KiB) before another gets its turn. */
#define READS_A_TURN 4
/* After a hang-up nothing is added any more: read to the end, in fewer turns. */
#define READS_AFTER_HANGUP 16
/* Written bytes that are sent before the writer's turn is over. */
#define EARLY_SEND_BYTES (64u << 10)
/* What one flush sends to one reader that empties the socket as fast as it is filled. */
#define SENT_A_TURN_BYTES (1u << 20)
/* Unread bytes that are thrown away at close, lest the peer get ECONNRESET instead of what was sent to it. */
#define DISCARDED_BYTES (1u << 20)

static void stream_ready(struct helper *helper, struct slot *slot, uint32_t events);
static void stream_discard(struct helper *helper, struct slot *slot);
static const struct slot_class stream_class = {stream_ready, stream_discard};

struct stream *stream_new(struct helper *helper, int fd) { return slot_new(helper, &stream_class, sizeof(struct stream), fd); }

int stream_descriptor(struct helper *helper, int32_t id) {
  struct stream *stream = slot_find(helper, id, &stream_class);
  return stream == NULL ? -1 : stream->slot.fd;
}

static void stream_discard(struct helper *helper, struct slot *slot) {
  struct stream *stream = (struct stream *)slot;
  if (stream->unsent) {
    struct stream **link = &helper->unsent;
    while (*link != stream) link = &(*link)->next_unsent;
    *link = stream->next_unsent;
  }
  queue_clear(helper, &stream->queue);
  close(slot->fd);
}

static int watch(struct helper *helper, struct stream *stream) {
  uint32_t events = 0;
  if (stream->started && !stream->paused && !stream->ended && !stream->closing) events |= EPOLLIN;
  if (stream->full) events |= EPOLLOUT;
  return slot_watch(helper, &stream->slot, events);
}

/* Frees the slot, then tells: whoever is told can make a new one at once. */
static void gone(struct helper *helper, struct stream *stream) {
  uint32_t id = stream->slot.id;
  enum event event = stream->closing ? EVENT_CLOSED : EVENT_GONE;
  bool unsent = stream->queue.bytes > 0;
  slot_free(helper, &stream->slot);
  dispatch(helper, event, id, unsent, 0);
}

/* Receives once; `riders` has room for MAX_RIDERS descriptors. Bytes, or -errno. */
static ssize_t receive(int fd, void *bytes, size_t size, int *riders, int *rider_count, bool *truncated) {
  union {
    char bytes[CMSG_SPACE(sizeof(int) * MAX_RIDERS)];
    struct cmsghdr align;
  } control;
  struct iovec vector = {.iov_base = bytes, .iov_len = size};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t count;
  *rider_count = 0;
  *truncated = false;
  do count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  if (count < 0) return -errno;
  *truncated = (message.msg_flags & MSG_CTRUNC) != 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t more = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(riders + *rider_count, CMSG_DATA(header), more * sizeof(int));
    *rider_count += (int)more;
  }
  return count;
}

/* The peer has closed its end altogether, not only its writing half. */
static bool hung_up(int fd) {
  struct pollfd state = {.fd = fd};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static void stream_read(struct helper *helper, struct stream *stream, bool hangup) {
  uint32_t id = stream->slot.id, turn = stream->slot.turn;
  for (int reads = hangup ? READS_AFTER_HANGUP : READS_A_TURN; reads > 0; reads--) {
    int riders;
    bool truncated;
    ssize_t count =
        receive(stream->slot.fd, helper->receive, RECEIVE_BYTES, helper->numbers, &riders, &truncated);
    if (count == -EAGAIN) return;
    if (count < 0 || (count == 0 && hung_up(stream->slot.fd))) {
      gone(helper, stream);
      return;
    }
    if (count == 0) {
      stream->ended = true;
      watch(helper, stream);
      dispatch(helper, EVENT_ENDED, id, 0, 0);
      return;
    }
    dispatch(helper, EVENT_DATA, id, (int32_t)count, riders + (truncated ? 1024 : 0));
    if (!slot_lives(helper, id, turn) || stream->paused || stream->closing) return;
    /* A short read was the last one, unless it ended at a message with descriptors. */
    if (count < RECEIVE_BYTES && riders == 0 && !truncated && !hangup) return;
  }
}

/* Sends what the kernel takes, unless it is known to take nothing now. False: the peer is gone. */
static bool stream_send(struct helper *helper, struct stream *stream) {
  size_t total = 0;
  while (!stream->broken && !stream->full && stream->queue.bytes > 0) {
    ssize_t sent = total >= SENT_A_TURN_BYTES ? -EAGAIN : queue_send(&stream->queue, stream->slot.fd, false);
    if (sent == -EAGAIN) {
      stream->full = true;
    } else if (sent < 0) {
      stream->broken = true;
    } else {
      total += (size_t)sent;
      queue_sent(helper, &stream->queue, (size_t)sent);
    }
  }
  return !stream->broken;
}

/* The shared buffer is left alone: whoever closes may still be reading in it. */
static void discard_unread(struct stream *stream) {
  uint8_t bytes[16384];
  int riders[MAX_RIDERS];
  ssize_t count;
  size_t total = 0;
  do {
    int rider_count;
    bool truncated;
    count = receive(stream->slot.fd, bytes, sizeof bytes, riders, &rider_count, &truncated);
    for (int i = 0; i < rider_count; i++) close(riders[i]);
    if (count > 0) total += (size_t)count;
  } while (count > 0 && total < DISCARDED_BYTES);
}

/* Lets the peer see the end, once all has been sent and where that was asked for. */
static void end_output(struct stream *stream) {
  if (!stream->ending || stream->queue.bytes > 0) return;
  stream->ending = false;
  shutdown(stream->slot.fd, SHUT_WR);
}

/* Sends; closes behind the last byte where that was asked for. False: the slot is gone. */
static bool stream_go_on(struct helper *helper, struct stream *stream) {
  if (!stream_send(helper, stream)) {
    gone(helper, stream);
    return false;
  }
  end_output(stream);
  if (stream->closing && stream->queue.bytes == 0) {
    discard_unread(stream);
    gone(helper, stream);
    return false;
  }
  watch(helper, stream);
  return true;
}

static void stream_ready(struct helper *helper, struct slot *slot, uint32_t events) {
  struct stream *stream = (struct stream *)slot;
  uint32_t id = slot->id, turn = slot->turn;
  bool hangup = (events & (EPOLLHUP | EPOLLERR)) != 0;
  if ((events & EPOLLOUT) != 0 && !hangup) {
    stream->full = false;
    if (!stream_go_on(helper, stream)) return;
    if (stream->queue.bytes == 0) {
      dispatch(helper, EVENT_DRAINED, id, 0, 0);
      if (!slot_lives(helper, id, turn)) return;
    }
  }
  bool reads = stream->started && !stream->paused && !stream->ended && !stream->closing;
  if (reads && (hangup || (events & EPOLLIN) != 0)) stream_read(helper, stream, hangup);
  else if (hangup) gone(helper, stream);
}

void streams_flush(struct helper *helper) {
  helper->flush_promised = false;
  if (helper->flushing) return; /* told of one that is gone by the loop below, which goes on */
  helper->flushing = true;
  while (helper->unsent != NULL) {
    struct stream *stream = helper->unsent;
    helper->unsent = stream->next_unsent;
    stream->unsent = false;
    stream_go_on(helper, stream);
  }
  helper->flushing = false;
}

/* ---- called from JavaScript ---------------------------------------------------------------- */

/* True if JavaScript has to call flush() when its step is over; inside a callback that is done for it. */
static bool send_later(struct helper *helper, struct stream *stream) {
  if (!stream->unsent) {
    stream->unsent = true;
    stream->next_unsent = helper->unsent;
    helper->unsent = stream;
  }
  if (helper->depth > 0 || helper->flush_promised) return false;
  helper->flush_promised = true;
  return true;
}

/* Descriptors are sent at once where nothing stands before them: that spares their duplicates. */
static int write_message(struct helper *helper, struct stream *stream, const uint8_t *bytes, size_t length,
                         int rider_count) {
  size_t sent_bytes = 0;
  if (!stream_send(helper, stream)) return 0;
  if (stream->queue.bytes == 0) {
    ssize_t sent = send_with_riders(stream->slot.fd, bytes, length, helper->numbers, rider_count);
    if (sent == -EBADF) return failure(CALL_SEND, EBADF);
    if (sent < 0 && sent != -EAGAIN) {
      stream->broken = true;
      return 0;
    }
    if (sent > 0) {
      sent_bytes = (size_t)sent;
      rider_count = 0;
    }
    if (sent_bytes == length) return 0;
  }
  return queue_message(helper, &stream->queue, bytes + sent_bytes, length - sent_bytes, helper->numbers, rider_count);
}

/* write(id, bytes, descriptor count in numbers): 1 if flush() is to be called, 0, or a failure. */
static napi_value stream_write(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  size_t length;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct stream *stream = slot_find(helper, argument_int(&arguments, 0), &stream_class);
  const uint8_t *bytes = argument_bytes(&arguments, 1, &length);
  int rider_count = argument_int(&arguments, 2);
  if (stream == NULL || stream->closing) return return_int(env, failure(CALL_SEND, ENOTCONN));
  if (bytes == NULL || length == 0 || rider_count < 0 || rider_count > MAX_RIDERS) {
    return return_int(env, length == 0 && rider_count == 0 ? 0 : failure(CALL_SEND, EINVAL));
  }
  if (stream->broken) return return_int(env, 0);
  if (rider_count > 0) {
    int result = write_message(helper, stream, bytes, length, rider_count);
    if (result != 0 && failure_errno(result) == EBADF) return return_int(env, result);
    /* No memory or no descriptor to keep the message with: it cannot be sent any more, nor what follows it. */
    if (result != 0) stream->broken = true;
  } else if (!queue_bytes(helper, &stream->queue, bytes, length)) {
    stream->broken = true;
  }
  if (stream->broken) return return_int(env, send_later(helper, stream));
  if (stream->queue.bytes >= EARLY_SEND_BYTES) stream_send(helper, stream);
  return return_int(env, send_later(helper, stream));
}

static napi_value flush(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  streams_flush(arguments.helper);
  return NULL;
}

/*
 * queued(id): bytes that the kernel does not take now; it is asked first, so that an answer above 0
 * means that EVENT_DRAINED will come. -1 for a stream that turns out to be broken, which flush() tells of.
 */
static napi_value stream_queued(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct stream *stream = slot_find(arguments.helper, argument_int(&arguments, 0), &stream_class);
  if (stream == NULL) return return_int(env, 0);
  if (!stream_send(arguments.helper, stream)) return return_int(env, -1);
  if (stream->full) watch(arguments.helper, stream);
  return return_int(env, (int64_t)stream->queue.bytes);
}

/* read(id, wanted): begins, goes on with or stops reading. 0 or a failure. */
static napi_value stream_listen(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct stream *stream = slot_find(arguments.helper, argument_int(&arguments, 0), &stream_class);
  if (stream == NULL || stream->closing) return return_int(env, 0);
  stream->started = true;
  stream->paused = argument_int(&arguments, 1) == 0;
  return return_int(env, watch(arguments.helper, stream));
}

/* endOutput(id): nothing is written any more; what the peer still sends is read as before. 1 if flush() is to be called. */
static napi_value stream_end_output(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct stream *stream = slot_find(arguments.helper, argument_int(&arguments, 0), &stream_class);
  if (stream == NULL || stream->closing) return return_int(env, 0);
  stream->ending = true;
  return return_int(env, send_later(arguments.helper, stream));
}

/* close(id, now): 1 if it is closed, 0 if EVENT_CLOSED will tell. */
static napi_value stream_close(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct stream *stream = slot_find(helper, argument_int(&arguments, 0), &stream_class);
  if (stream == NULL) return return_int(env, 1);
  bool now = argument_int(&arguments, 1) != 0 || !stream_send(helper, stream);
  if (!now && stream->queue.bytes > 0) {
    stream->closing = true;
    watch(helper, stream);
    return return_int(env, 0);
  }
  if (!now) discard_unread(stream);
  slot_free(helper, &stream->slot);
  return return_int(env, 1);
}

const struct function stream_functions[] = {
    {"write", stream_write},   {"flush", flush},         {"queued", stream_queued},
    {"read", stream_listen},   {"closeStream", stream_close}, {"endOutput", stream_end_output},
    {NULL, NULL},
};
