/*
 * The other end of the keeper's channel, for test programs that the keeper starts in archond's place.
 * One channel, one thread; whatever fails ends the test with a line that says where.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "keeper/wire.h"

/* ---- check.c ------------------------------------------------------------------------------ */

#define CHECK(condition, ...)                                            \
  do {                                                                   \
    if (!(condition)) check_failed(__FILE__, __LINE__, #condition, __VA_ARGS__); \
  } while (0)

/* Prints, has the keeper end with code 1, and ends. */
void check_failed(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));
void print(const char *format,
           ...) __attribute__((format(printf, 1, 2))); /* one line, for the test that runs us */
uint64_t chance(void);              /* a random number; the seed is $SEED, or printed */
uint64_t below(uint64_t limit);     /* 0 to limit - 1 */
uint64_t setting(const char *name, uint64_t usual); /* a number from the environment */
uint64_t clock_ns(void);

/* ---- peer.c ------------------------------------------------------------------------------- */

struct incoming {
  union {
    char bytes[MESSAGE_MAX_BYTES];
    struct message_header head;
    struct tell_welcome welcome;
    struct tell_spawned spawned;
    struct ask_name kept;
    struct tell_done done;
    struct tell_refused refused;
    struct tell_process process;
    struct tell_orphan orphan;
    struct tell_signal signal;
  } as;
  size_t bytes;
  int fd; /* or -1; whoever gets the message closes it */
};

struct peer {
  int fd;
  uint64_t epoch, last_id;
  struct table_header *header;
  struct table_entry *entries;
  struct ring_record *ring;
  const char *labels;
  struct tell_welcome welcome;
  uint64_t events;                         /* messages sent and received */
  uint64_t die_at;                         /* SIGKILL to itself before this one; 0: never */
  void (*told)(const struct incoming *in); /* gets what nobody waits for; may be NULL */
  void (*lost)(void);                      /* the keeper has died, and all that it had sent was read; does not return */
};
extern struct peer peer;

void peer_connect(void);                   /* takes the channel; says nothing yet */
void peer_hello(void);                     /* greets, maps the table */
void peer_open(void);                      /* both */
/* Sends a request under a new id, which it returns; takes in what comes while there is no room. */
uint64_t peer_send(uint16_t type, void *message, size_t bytes, const int *fds, int count);
bool peer_pump(int timeout_ms);            /* receives one message; false: none came in time (-1: no end) */
void peer_wait(uint64_t id, struct incoming *in); /* until the closing message of that request */
/* Sends and waits; `expected` is the type of the closing message. */
struct incoming peer_ask(uint16_t type, void *message, size_t bytes, uint16_t expected);
void peer_end(int code) __attribute__((noreturn)); /* has the keeper quit with it, and ends */

uint64_t peer_simple(uint16_t type);       /* ASK_READY and the like; the value of TELL_DONE */
uint64_t peer_kill_tree(uint32_t index);
struct incoming peer_signal(uint32_t index, int signal, enum signal_scope scope, uint16_t expected);
void peer_free(uint32_t index);            /* acknowledges and frees */
bool peer_try_free(uint32_t index);        /* the same; false where it is not EMPTY yet */
struct incoming peer_name(uint16_t type, const char *name, size_t bytes, int fd, uint32_t flags,
                          uint16_t expected);

enum entry_state state_at(uint32_t index);
uint64_t generation_at(uint32_t index);
void wait_for_state(uint32_t index, enum entry_state state); /* or a later one */
int open_files_of(pid_t pid);              /* how many descriptors the keeper has when it is at rest */

/* ---- block.c ------------------------------------------------------------------------------ */

struct spawn {
  const char *const *argv; /* NULL-terminated, as the next two */
  const char *const *env;
  const char *const *paths; /* NULL: argv[0] */
  const int *fds;
  const uint32_t *numbers;
  int fd_count;
  uint32_t flags;
  const char *cwd, *tty;
  bool listen_pid; /* adds LISTEN_PID= to the environment */
  const gid_t *groups;
  uint32_t group_count;
  const struct spawn_rlimit *rlimits;
  uint32_t rlimit_count;
  uint32_t uid, gid, umask;
  int32_t nice, oom;
  uint32_t tree;
  const char *label; /* NULL: "test" */
  bool memfd;        /* its block comes as a memfd, although the request could take it */
  uint64_t tag[2];
};

/* Lays the block out in memory of its own (malloc). */
struct spawn_block *block_lay_out(const struct spawn *spawn);
int block_seal(const void *bytes, size_t count, int seals); /* as a memfd */
#define ALL_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)
int block_make(const struct spawn *spawn);
bool block_fits(const struct spawn_block *block, const char *label); /* into a request */
uint64_t peer_spawn(const struct spawn *spawn, uint64_t generation); /* the id of the request */
/* The request as it is told: with the block inside where there is one, and the memfd where there is one (or -1). */
uint64_t peer_spawn_with(struct ask_spawn *head, const char *label, const void *block, int memfd,
                         const int *child_fds, int count);
struct tell_spawned peer_spawned(const struct spawn *spawn);         /* under a new generation, and waits */
uint64_t new_generation(void);

#endif
