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

uint64_t peer_spawn_with(struct ask_spawn *head, const char *label, const void *block, int memfd,
                         const int *child_fds, int count) {
  static union { struct ask_spawn head; char bytes[REQUEST_MAX_BYTES + 1024]; } ask;
  int fds[256], fd_count = 0;
  size_t end = sizeof ask.head + strlen(label);
  ask.head = *head;
  memcpy(ask.bytes + sizeof ask.head, label, strlen(label));
  if (block != NULL) {
    end = (end + 7) / 8 * 8;
    CHECK(end + head->block_bytes <= sizeof ask, "a block of %u bytes", head->block_bytes);
    memcpy(ask.bytes + end, block, head->block_bytes);
    end += head->block_bytes;
  }
  if (memfd >= 0) fds[fd_count++] = memfd;
  for (int i = 0; i < count; i++) fds[fd_count++] = child_fds[i];
  return peer_send(ASK_SPAWN, &ask, end, fds, fd_count);
}

bool block_fits(const struct spawn_block *block, const char *label) {
  return sizeof(struct ask_spawn) + strlen(label) + 7 + block->bytes <= REQUEST_MAX_BYTES;
}

uint64_t peer_spawn(const struct spawn *spawn, uint64_t generation) {
  const char *label = spawn->label != NULL ? spawn->label : "test";
  struct spawn_block *block = block_lay_out(spawn);
  bool inside = !spawn->memfd && block_fits(block, label);
  struct ask_spawn head = {.generation = generation,
                           .tag = {spawn->tag[0], spawn->tag[1]},
                           .tree_kind = spawn->tree,
                           .label_bytes = (uint32_t)strlen(label),
                           .block_bytes = inside ? (uint32_t)block->bytes : 0};
  int memfd = inside ? -1 : block_seal(block, block->bytes, ALL_SEALS);
  uint64_t id = peer_spawn_with(&head, label, inside ? block : NULL, memfd, spawn->fds, spawn->fd_count);
  if (memfd >= 0) close(memfd);
  free(block);
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
