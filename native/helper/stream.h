/* A connection: a Unix stream socket that carries descriptors. */
#ifndef ARCHON_STREAM_H
#define ARCHON_STREAM_H

#include "helper.h"
#include "queue.h"

struct stream {
  struct slot slot;
  struct stream *next_unsent;
  struct queue queue;
  bool unsent;   /* in the list of streams that have written since the last flush */
  bool started;  /* somebody listens */
  bool paused;
  bool ended;    /* the peer has sent its last byte */
  bool full;     /* the kernel took no more: go on when it is writable, and tell when all is written */
  bool closing;  /* nobody listens any more; the queue is still to be sent */
  bool ending;   /* nothing more will be written: the peer is to see the end behind the queue */
  bool broken;   /* a send has failed */
};

/* A stream over a connected socket, which is closed with it. NULL (and errno) where memory is short. */
struct stream *stream_new(struct helper *helper, int fd);
/* The socket of the stream with this id, -1 where there is none. */
int stream_descriptor(struct helper *helper, int32_t id);
/* peer.c: pid, uid and gid of who connected, or listens, at the other end of a socket, into numbers. */
void put_peer(struct helper *helper, int fd);
/* Sends what was written to streams since the last time; tells of those whose peer is gone. */
void streams_flush(struct helper *helper);

#endif
