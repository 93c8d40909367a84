/*
 * The inside of the native helper: what its files share. The page docs/helper.org says what
 * the helper does and why; src/sys/native.ts is the only place that calls it.
 *
 * Everything hangs on one `struct helper` for each JavaScript environment (main thread or
 * worker): there is no other state. All functions run on that environment's thread.
 *
 * This header comes first in every file: it asks for the C library's Linux calls.
 */
#ifndef ARCHON_HELPER_H
#define ARCHON_HELPER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define NAPI_VERSION 8

#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

/* SCM_MAX_FD of the kernel: more descriptors than this never ride on one message. */
#define MAX_RIDERS 253
/* What one read takes; the buffer is shared by all that read. */
#define RECEIVE_BYTES 65536
/* Descriptors given back when accept(2) finds none left: one for a further client, the rest for its wishes. */
#define RESERVE_COUNT 8

struct slot;
struct helper;

/* What JavaScript is told by the one function it has registered; the numbers stand in native.ts too. */
enum event {
  EVENT_ACCEPTED = 1,  /* a: slot of the connection; numbers: pid, uid, gid */
  EVENT_DATA = 2,      /* a: bytes; b: descriptors, + 1024 where some were dropped; numbers: descriptors */
  EVENT_ENDED = 3,     /* the peer will write no more */
  EVENT_GONE = 4,      /* the slot is free already */
  EVENT_DRAINED = 5,
  EVENT_CLOSED = 6,    /* a close that waited for its queue is done; the slot is free already */
  EVENT_MESSAGES = 7,  /* a: how many; numbers: bytes and descriptor (or -1) of each */
  EVENT_PROCESS = 8,   /* a: enum end_kind; b: code or signal; the slot is free already */
  EVENT_UNREAPED = 9,  /* ended, but how is told only once it has been reaped */
  EVENT_COPY = 10,     /* a: failure; the copying stands still. a: 0; bytes have come to the file, told where asked for, or b: 1, there are news to ask for */
  EVENT_FULL = 11,     /* no descriptors are left to accept with; the listener stands still */
  EVENT_READABLE = 12  /* a: 1; or 0 where the other end is gone and nothing is left: the slot is free already */
};

/* What a kind of slot does when its descriptor is ready, and how it lets go of what it holds. */
struct slot_class {
  void (*ready)(struct helper *helper, struct slot *slot, uint32_t events);
  void (*discard)(struct helper *helper, struct slot *slot);
};

/*
 * One watched descriptor. A slot is named by its id towards JavaScript; `turn` is different for
 * each slot ever made, so that an event of a slot that was closed in the meantime is recognized.
 */
struct slot {
  const struct slot_class *kind;
  int fd;
  uint32_t id;
  uint32_t turn;
  uint32_t events; /* asked of epoll */
  bool watched;    /* known to epoll */
};

struct queue_chunk;
struct stream;
struct copy;

struct helper {
  napi_env env;
  napi_ref dispatch;
  napi_ref receive_ref;
  napi_ref numbers_ref;
  napi_async_cleanup_hook_handle cleanup;
  void *poll; /* the uv_poll_t of `epoll` */
  int epoll;
  uint32_t watched;
  uint32_t next_turn;
  int depth; /* calls into JavaScript that have not returned */
  struct slot **slots;
  uint32_t slot_count;
  uint32_t free_id; /* ids of free slots: a stack in free_ids */
  uint32_t *free_ids;
  uint8_t *receive;  /* RECEIVE_BYTES, an ArrayBuffer of JavaScript */
  int32_t *numbers;  /* 256 numbers, likewise: descriptors and other lists, in both directions */
  struct stream *unsent; /* streams with bytes that no send was tried for yet */
  bool flush_promised;   /* JavaScript will call flush() by itself */
  bool flushing;
  struct queue_chunk *spare;
  uint32_t spare_count;
  struct copy *visited;  /* copies that are looked at at intervals */
  struct slot *visits;   /* the timer for that */
  uint64_t moved_bytes;  /* by copies in this round of the loop */
  int reserve[RESERVE_COUNT];
  bool reserved;
  void (*closed)(struct helper *); /* what follows when libuv has let go of `poll` */
};

#define NUMBERS_COUNT 256

/* ---- failures: -(call * 4096 + errno), so that anything above -4096 is a value ---------- */

enum call {
  CALL_ACCEPT = 1, CALL_BIND, CALL_CHMOD, CALL_CONNECT, CALL_DUP, CALL_EPOLL, CALL_EXECVE, CALL_FCHOWN,
  CALL_FCNTL, CALL_FSTAT, CALL_FTRUNCATE, CALL_GETRLIMIT, CALL_GETSOCKOPT, CALL_LISTEN, CALL_MALLOC, CALL_MEMFD,
  CALL_MKDIR, CALL_MMAP, CALL_OPEN, CALL_PIDFD_GETFD, CALL_PIDFD_OPEN, CALL_PIDFD_SIGNAL, CALL_PIPE, CALL_READ, CALL_RENAME, CALL_SEND,
  CALL_SETSOCKOPT, CALL_SOCKET, CALL_SPLICE, CALL_TCSETATTR, CALL_WRITE, CALL_COUNT
};
/* The names of `enum call`, in its order; exported as `calls`. */
extern const char *const call_names[CALL_COUNT];

static inline int failure(enum call call, int error) { return -((int)call * 4096 + error); }
/* The failure that errno stands for now. */
static inline int failed(enum call call) { return failure(call, errno); }
static inline bool is_failure(int64_t value) { return value <= -4096; }
static inline int failure_errno(int value) { return -value % 4096; }

/* ---- values.c: the border to JavaScript ------------------------------------------------- */

#define MAX_ARGUMENTS 8
struct arguments {
  struct helper *helper;
  size_t count;
  napi_value values[MAX_ARGUMENTS];
};
/* Reads the arguments of a call; missing ones are undefined. */
void read_arguments(napi_env env, napi_callback_info info, struct arguments *arguments);
int32_t argument_int(const struct arguments *arguments, size_t index);
int64_t argument_int64(const struct arguments *arguments, size_t index);
/* The bytes of a Buffer or Uint8Array, NULL and 0 for anything else. */
uint8_t *argument_bytes(const struct arguments *arguments, size_t index, size_t *length);
/* Text of at most PATH_MAX bytes from a Buffer, NUL-terminated into `text`; false where it is too long or holds NUL. */
bool argument_path(const struct arguments *arguments, size_t index, char *text, size_t size);
napi_value return_int(napi_env env, int64_t value);
/* Tells JavaScript one event and afterwards sends what it has written to streams. */
void dispatch(struct helper *helper, enum event event, uint32_t id, int32_t a, int32_t b);

/* ---- reactor.c: one private epoll, itself watched by libuv ------------------------------- */

int reactor_open(struct helper *helper);
/* Frees all slots, closes what they own, and calls `done` when libuv has let go of the handle. */
void reactor_close(struct helper *helper, void (*done)(struct helper *));
/* A new slot of `bytes` bytes, all zero behind its head; NULL (and errno) where memory is short. The descriptor is the slot's from then on where its class closes it. */
void *slot_new(struct helper *helper, const struct slot_class *kind, size_t bytes, int fd);
/* The slot with this id, if it is of this kind. */
void *slot_find(struct helper *helper, int32_t id, const struct slot_class *kind);
/* True if the slot made with this id and turn is still there. */
bool slot_lives(const struct helper *helper, uint32_t id, uint32_t turn);
/* Asks epoll for these events (hang-up and error come unasked). 0 or a failure. */
int slot_watch(struct helper *helper, struct slot *slot, uint32_t events);
void slot_unwatch(struct helper *helper, struct slot *slot);
/* Unwatches, discards by its class, and frees the memory. */
void slot_free(struct helper *helper, struct slot *slot);
void reserve_take(struct helper *helper);
void reserve_release(struct helper *helper);

/* ---- shared by several files ------------------------------------------------------------- */

/* process.c: a small file of /proc as text; bytes read, or a failure. */
int read_text(const char *path, char *text, size_t size);
/* process.c: true if this is a descriptor of a process or a thread. */
bool is_pidfd(int fd);
/* memory.c: a memfd that holds these bytes, not sealed yet; or a failure. */
int memfd_holding(const char *name, const uint8_t *bytes, size_t length);

/* ---- the functions of each file that JavaScript may call --------------------------------- */

struct function {
  const char *name;
  napi_callback call;
};
extern const struct function stream_functions[], socket_functions[], channel_functions[], process_functions[],
    copy_functions[], descriptor_functions[], memory_functions[], exec_functions[], user_functions[],
    readable_functions[], notice_functions[], peer_functions[], port_functions[], regain_functions[],
    consumption_functions[], terminal_functions[];

#endif
