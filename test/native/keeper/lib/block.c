#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peer.h"

static uint32_t length_of(const char *const *strings) {
  uint32_t count = 0;
  while (strings != NULL && strings[count] != NULL) count++;
  return count;
}

/* A growing piece of memory; offsets are handed out in the order in which things are put in. */
static char *bytes;
static size_t used, room;

static uint64_t put(const void *what, size_t count, size_t align) {
  size_t at = (used + align - 1) / align * align;
  while (at + count > room) {
    size_t more = room == 0 ? 4096 : room * 2;
    bytes = realloc(bytes, more);
    CHECK(bytes != NULL, "memory");
    memset(bytes + room, 0, more - room);
    room = more;
  }
  if (what != NULL) memcpy(bytes + at, what, count);
  used = at + count;
  return at;
}

static uint64_t put_string(const char *text) { return put(text, strlen(text) + 1, 1); }

static void put_strings(uint64_t words, const char *const *strings, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint64_t at = put_string(strings[i]);
    memcpy(bytes + words + 8 * i, &at, 8);
  }
}

struct spawn_block *block_lay_out(const struct spawn *spawn) {
  const char *const *paths = spawn->paths != NULL ? spawn->paths
      : (const char *const[]){spawn->argv[0], NULL};
  struct spawn_block head = {
      .magic = BLOCK_MAGIC,
      .flags = spawn->flags,
      .argc = length_of(spawn->argv),
      .envc = length_of(spawn->env) + (spawn->listen_pid ? 1 : 0),
      .pathc = length_of(paths),
      .fdc = (uint32_t)spawn->fd_count,
      .group_count = spawn->group_count,
      .rlimit_count = spawn->rlimit_count,
      .uid = spawn->uid,
      .gid = spawn->gid,
      .umask = spawn->umask,
      .nice = spawn->nice,
      .oom_score_adjust = spawn->oom,
  };
  bytes = NULL;
  used = room = 0;
  put(NULL, sizeof head, 8);
  head.argv_offset = put(NULL, 8 * ((size_t)head.argc + 1), 8);
  head.env_offset = put(NULL, 8 * ((size_t)head.envc + 1), 8);
  head.paths_offset = put(NULL, 8 * (size_t)head.pathc, 8);
  head.fds_offset = put(spawn->numbers, 4 * (size_t)head.fdc, 4);
  head.groups_offset = put(spawn->groups, 4 * (size_t)head.group_count, 4);
  head.rlimits_offset = put(spawn->rlimits, sizeof *spawn->rlimits * head.rlimit_count, 8);
  put_strings(head.argv_offset, spawn->argv, head.argc);
  put_strings(head.env_offset, spawn->env, length_of(spawn->env));
  put_strings(head.paths_offset, paths, head.pathc);
  if (spawn->cwd != NULL) head.cwd_offset = put_string(spawn->cwd);
  if (spawn->tty != NULL) head.tty_offset = put_string(spawn->tty);
  if (spawn->listen_pid) {
    uint64_t at = put("LISTEN_PID=0000000000", 22, 1);
    memcpy(bytes + head.env_offset + 8 * (head.envc - 1), &at, 8);
    head.listen_pid_offset = at + 11;
    head.flags |= SPAWN_LISTEN_PID;
  }
  head.bytes = used;
  memcpy(bytes, &head, sizeof head);
  return (struct spawn_block *)bytes;
}

int block_seal(const void *what, size_t count, int seals) {
  int fd = memfd_create("block", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  CHECK(fd >= 0, "memfd_create");
  for (size_t done = 0; done < count;) {
    ssize_t wrote = write(fd, (const char *)what + done, count - done);
    CHECK(wrote > 0, "writing a block");
    done += (size_t)wrote;
  }
  CHECK(fcntl(fd, F_ADD_SEALS, seals) == 0, "sealing");
  return fd;
}

int block_make(const struct spawn *spawn) {
  struct spawn_block *block = block_lay_out(spawn);
  int fd = block_seal(block, block->bytes, ALL_SEALS);
  free(block);
  return fd;
}

uint64_t peer_spawn(const struct spawn *spawn, uint64_t generation) {
  struct { struct ask_spawn head; char label[256]; } ask = {0};
  const char *label = spawn->label != NULL ? spawn->label : "test";
  ask.head.generation = generation;
  ask.head.tag[0] = spawn->tag[0];
  ask.head.tag[1] = spawn->tag[1];
  ask.head.tree_kind = spawn->tree;
  ask.head.label_bytes = (uint32_t)strlen(label);
  memcpy(ask.label, label, strlen(label));
  int fds[BLOCK_MAX_FDS + 1] = {block_make(spawn)};
  memcpy(fds + 1, spawn->fds, (size_t)spawn->fd_count * sizeof(int));
  uint64_t id = peer_send(ASK_SPAWN, &ask, sizeof ask.head + strlen(label), fds, spawn->fd_count + 1);
  close(fds[0]);
  return id;
}

uint64_t new_generation(void) {
  static uint64_t last;
  if (last < peer.header->last_generation) last = peer.header->last_generation;
  return ++last;
}

struct tell_spawned peer_spawned(const struct spawn *spawn) {
  struct incoming in;
  peer_wait(peer_spawn(spawn, new_generation()), &in);
  CHECK(in.as.head.type == TELL_SPAWNED, "a spawn of %s was refused: errno %u at stage %u", spawn->argv[0],
        in.as.refused.error, in.as.refused.stage);
  return in.as.spawned;
}
