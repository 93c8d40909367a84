
#include "queue.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Chunks that are kept for the next write instead of being freed. */
#define SPARE_CHUNKS 16
/* Chunks that one sendmsg takes. */
#define GATHERED 32

static struct queue_chunk *chunk_new(struct helper *helper, size_t length) {
  struct queue_chunk *chunk;
  size_t room = length > CHUNK_BYTES ? length : CHUNK_BYTES;
  if (room > UINT32_MAX) return NULL;
  if (room == CHUNK_BYTES && helper->spare != NULL) {
    chunk = helper->spare;
    helper->spare = chunk->next;
    helper->spare_count--;
  } else {
    chunk = malloc(sizeof *chunk + room);
    if (chunk == NULL) return NULL;
  }
  *chunk = (struct queue_chunk){.room = (uint32_t)room};
  return chunk;
}

static void close_riders(struct queue_chunk *chunk) {
  for (int i = 0; i < chunk->rider_count; i++) close(chunk->riders[i]);
  free(chunk->riders);
  chunk->riders = NULL;
  chunk->rider_count = 0;
}

static void chunk_free(struct helper *helper, struct queue_chunk *chunk) {
  close_riders(chunk);
  if (chunk->room == CHUNK_BYTES && helper->spare_count < SPARE_CHUNKS) {
    chunk->next = helper->spare;
    helper->spare = chunk;
    helper->spare_count++;
  } else {
    free(chunk);
  }
}

static void append(struct queue *queue, struct queue_chunk *chunk) {
  if (queue->tail == NULL) queue->head = chunk;
  else queue->tail->next = chunk;
  queue->tail = chunk;
  queue->bytes += chunk->end;
}

bool queue_bytes(struct helper *helper, struct queue *queue, const uint8_t *bytes, size_t length) {
  struct queue_chunk *tail = queue->tail;
  /* Never into a chunk with descriptors: its reader takes them to belong to the last line in it. */
  if (tail != NULL && tail->rider_count == 0 && tail->room - tail->end >= length) {
    memcpy(tail->bytes + tail->end, bytes, length);
    tail->end += (uint32_t)length;
    queue->bytes += length;
    return true;
  }
  struct queue_chunk *chunk = chunk_new(helper, length);
  if (chunk == NULL) return false;
  memcpy(chunk->bytes, bytes, length);
  chunk->end = (uint32_t)length;
  append(queue, chunk);
  return true;
}

int queue_message(struct helper *helper, struct queue *queue, const uint8_t *bytes, size_t length, const int *riders,
                  int rider_count) {
  struct queue_chunk *chunk = chunk_new(helper, length);
  if (chunk == NULL) return failure(CALL_MALLOC, ENOMEM);
  if (rider_count > 0) {
    chunk->riders = malloc(sizeof(int) * (size_t)rider_count);
    if (chunk->riders == NULL) {
      chunk_free(helper, chunk);
      return failure(CALL_MALLOC, ENOMEM);
    }
  }
  for (int i = 0; i < rider_count; i++) {
    int copy = fcntl(riders[i], F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
      int error = failed(CALL_DUP);
      chunk_free(helper, chunk);
      return error;
    }
    chunk->riders[chunk->rider_count++] = copy;
  }
  memcpy(chunk->bytes, bytes, length);
  chunk->end = (uint32_t)length;
  append(queue, chunk);
  return 0;
}

void queue_sent(struct helper *helper, struct queue *queue, size_t count) {
  queue->bytes -= count;
  while (queue->head != NULL) {
    struct queue_chunk *head = queue->head;
    if (count > 0) close_riders(head);
    size_t waiting = head->end - head->start;
    if (count < waiting) {
      head->start += (uint32_t)count;
      return;
    }
    count -= waiting;
    queue->head = head->next;
    if (queue->head == NULL) queue->tail = NULL;
    chunk_free(helper, head);
    if (count == 0) return;
  }
}

void queue_clear(struct helper *helper, struct queue *queue) {
  while (queue->head != NULL) {
    struct queue_chunk *head = queue->head;
    queue->head = head->next;
    chunk_free(helper, head);
  }
  *queue = (struct queue){0};
}

/*
 * A want of memory, or of room for descriptors of this user under way (ETOOMANYREFS), is over some day like that of room
 * in the socket: what is to be sent waits.
 */
static bool is_want(int error) { return error == ENOBUFS || error == ENOMEM || error == ETOOMANYREFS; }

static ssize_t send_message(int fd, struct msghdr *message) {
  for (;;) {
    ssize_t sent = sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (is_want(errno)) return -EAGAIN;
    if (errno != EINTR) return -errno;
  }
}

ssize_t send_with_riders(int fd, const uint8_t *bytes, size_t length, const int *riders, int rider_count) {
  union {
    char bytes[CMSG_SPACE(sizeof(int) * MAX_RIDERS)];
    struct cmsghdr align;
  } control;
  struct iovec vector = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (rider_count > MAX_RIDERS) return -EINVAL;
  if (rider_count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)rider_count);
    memset(control.bytes, 0, message.msg_controllen);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)rider_count);
    memcpy(CMSG_DATA(header), riders, sizeof(int) * (size_t)rider_count);
  }
  return send_message(fd, &message);
}

ssize_t queue_send(struct queue *queue, int fd, bool one_chunk) {
  struct queue_chunk *head = queue->head;
  if (one_chunk || head->rider_count > 0) {
    return send_with_riders(fd, head->bytes + head->start, head->end - head->start, head->riders, head->rider_count);
  }
  struct iovec vectors[GATHERED];
  struct msghdr message = {.msg_iov = vectors};
  for (struct queue_chunk *chunk = head; chunk != NULL && message.msg_iovlen < GATHERED; chunk = chunk->next) {
    if (chunk->rider_count > 0) break;
    vectors[message.msg_iovlen++] =
        (struct iovec){.iov_base = chunk->bytes + chunk->start, .iov_len = chunk->end - chunk->start};
  }
  return send_message(fd, &message);
}
