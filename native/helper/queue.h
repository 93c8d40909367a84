/* What waits to be sent over a socket: bytes and descriptors, in order. */
#ifndef ARCHON_QUEUE_H
#define ARCHON_QUEUE_H

#include "helper.h"

/* Bytes of a chunk that further writes may join; larger ones get a chunk of their own size. */
#define CHUNK_BYTES 8192

struct queue_chunk {
  struct queue_chunk *next;
  uint32_t room, start, end; /* bytes that fit; what is to be sent lies from start to end */
  int rider_count;           /* descriptors that ride on the first byte; the queue's own */
  int *riders;
  uint8_t bytes[];
};

struct queue {
  struct queue_chunk *head, *tail;
  size_t bytes;
};

/* Appends bytes that may be sent together with what stands before and behind them. False: no memory. */
bool queue_bytes(struct helper *helper, struct queue *queue, const uint8_t *bytes, size_t length);
/* Appends bytes that begin a sendmsg of their own, with duplicates of the descriptors. 0 or a failure. */
int queue_message(struct helper *helper, struct queue *queue, const uint8_t *bytes, size_t length, const int *riders,
                  int rider_count);
/* Takes `count` sent bytes off the front, and closes the descriptors that went with them. */
void queue_sent(struct helper *helper, struct queue *queue, size_t count);
/* Sends the first message, or as many plain bytes as one sendmsg takes. Bytes sent, or -errno. */
ssize_t queue_send(struct queue *queue, int fd, bool one_chunk);
void queue_clear(struct helper *helper, struct queue *queue);

/* sendmsg(2) that never waits and never signals, with descriptors. Bytes sent, or -errno. */
ssize_t send_with_riders(int fd, const uint8_t *bytes, size_t length, const int *riders, int rider_count);

#endif
