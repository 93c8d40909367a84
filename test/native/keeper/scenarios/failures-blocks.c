#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failures-blocks.h"

/* What became of the request that was sent under this id; its entry is given back. */
static struct outcome outcome_of_request(uint64_t id) {
  struct incoming in;
  peer_wait(id, &in);
  if (in.as.head.type == TELL_REFUSED)
    return (struct outcome){.refused = true, .stage = in.as.refused.stage, .error = in.as.refused.error};
  CHECK(in.as.head.type == TELL_SPAWNED, "answered by %u", in.as.head.type);
  uint32_t index = in.as.spawned.index;
  wait_for_state(index, ENTRY_EMPTY);
  const struct table_entry *entry = &peer.entries[index];
  struct outcome outcome = {.stage = entry->exec_stage,
                            .error = entry->exec_errno,
                            .exit_kind = entry->exit_kind,
                            .exit_status = entry->exit_status};
  if (outcome.stage != STAGE_NONE) CHECK(outcome.exit_kind == 1 && outcome.exit_status == 127,
                                         "a failed stage ends with 127");
  peer_free(index);
  return outcome;
}

struct outcome outcome_of(int block, const int *fds, int count, uint32_t tree, uint64_t generation,
                          const char *label, uint32_t label_bytes) {
  struct ask_spawn head = {.generation = generation, .tree_kind = tree, .label_bytes = label_bytes};
  return outcome_of_request(peer_spawn_with(&head, label, NULL, block, fds, count));
}

/* The same with the block in the request. */
static struct outcome outcome_inside(const void *block, uint32_t bytes, const int *fds, int count) {
  struct ask_spawn head = {.generation = new_generation(), .label_bytes = 4, .block_bytes = bytes};
  return outcome_of_request(peer_spawn_with(&head, "test", block, -1, fds, count));
}

struct outcome outcome_of_spawn(const struct spawn *spawn) {
  return outcome_of_request(peer_spawn(spawn, new_generation()));
}

static struct spawn_block *good_block(const char *program) {
  const char *argv[] = {program, "0", NULL}, *env[] = {"A=1", NULL};
  struct spawn spawn = {.argv = argv, .env = env, .flags = SPAWN_SESSION};
  return block_lay_out(&spawn);
}

static void expect_refused(const char *what, struct outcome outcome, uint32_t stage, int error) {
  CHECK(outcome.refused && outcome.stage == stage && outcome.error == (uint32_t)error,
        "%s: refused %d, stage %u, errno %u", what,
        outcome.refused, outcome.stage, outcome.error);
}

unsigned broken_messages(const char *program) {
  struct spawn_block *good = good_block(program);
  int block = block_seal(good, good->bytes, ALL_SEALS);
  int ends[2], many[79];
  CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe");
  for (int i = 0; i < 79; i++) many[i] = ends[1];
  char label[300];
  memset(label, 'x', sizeof label);
  label[299] = 0;

  expect_refused("no memfd", outcome_of(-1, NULL, 0, 0, new_generation(), "a", 1), STAGE_REQUEST, EINVAL);
  expect_refused("65 descriptors", outcome_of(block, many, 65, 0, new_generation(), "a", 1), STAGE_REQUEST,
                 EINVAL);
  expect_refused("79 descriptors", outcome_of(block, many, 79, 0, new_generation(), "a", 1), STAGE_REQUEST,
                 EINVAL);
  expect_refused("no label", outcome_of(block, NULL, 0, 0, new_generation(), "", 0), STAGE_REQUEST, EINVAL);
  expect_refused("half a label", outcome_of(block, NULL, 0, 0, new_generation(), "ab", 3), STAGE_REQUEST,
                 EINVAL);
  expect_refused("more than the label", outcome_of(block, NULL, 0, 0, new_generation(), "ab", 1),
                 STAGE_REQUEST, EINVAL);
  label[256] = 0;
  expect_refused("a label of 256", outcome_of(block, NULL, 0, 0, new_generation(), label, 256), STAGE_REQUEST,
                 EINVAL);
  expect_refused("a tree of kind 3", outcome_of(block, NULL, 0, 3, new_generation(), "a", 1), STAGE_REQUEST,
                 EINVAL);
  expect_refused("generation 0", outcome_of(block, NULL, 0, 0, 0, "a", 1), STAGE_REQUEST, EINVAL);
  expect_refused("generation 2^56", outcome_of(block, NULL, 0, 0, 1ull << 56, "a", 1), STAGE_REQUEST, EINVAL);
  expect_refused("a pipe as memfd", outcome_of(ends[0], NULL, 0, 0, new_generation(), "a", 1), STAGE_REQUEST,
                 EPERM);

  static const int seals[] = {0, F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_WRITE | F_SEAL_GROW,
                              F_SEAL_SHRINK | F_SEAL_GROW};
  for (int i = 0; i < 4; i++) {
    int open_block = block_seal(good, good->bytes, seals[i]);
    expect_refused("a seal is missing", outcome_of(open_block, NULL, 0, 0, new_generation(), "a", 1),
                   STAGE_REQUEST, EPERM);
    close(open_block);
  }
  int small = block_seal(good, sizeof *good - 1, ALL_SEALS);
  expect_refused("half a head", outcome_of(small, NULL, 0, 0, new_generation(), "a", 1), STAGE_REQUEST,
                 EINVAL);
  int large = memfd_create("large", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  CHECK(ftruncate(large, BLOCK_MAX_BYTES + 1) == 0 && fcntl(large, F_ADD_SEALS, ALL_SEALS) == 0,
        "a large block");
  expect_refused("too large", outcome_of(large, NULL, 0, 0, new_generation(), "a", 1), STAGE_REQUEST, E2BIG);

  expect_refused("half a head inside", outcome_inside(good, sizeof *good - 1, NULL, 0), STAGE_REQUEST, EINVAL);
  expect_refused("65 descriptors beside a block inside", outcome_inside(good, (uint32_t)good->bytes, many, 65),
                 STAGE_REQUEST, EINVAL);
  for (int i = 0; i < 4; i++) {
    static const uint32_t lies[] = {0, 8, 1u << 20, UINT32_MAX}; /* 0: more than the label */
    struct ask_spawn head = {.generation = new_generation(), .label_bytes = 1, .block_bytes = lies[i]};
    struct { struct ask_spawn head; char rest[512]; } ask = {.head = head, .rest = "a"};
    int fds[] = {block};
    uint64_t id = peer_send(ASK_SPAWN, &ask, sizeof ask.head + 8 + 300, fds, i == 0);
    expect_refused("a block of another size", outcome_of_request(id), STAGE_REQUEST, EINVAL);
  }

  /* None of these took a place, a generation, or the next request's chance. */
  uint64_t generation = new_generation();
  CHECK(outcome_of(block, NULL, 0, 0, generation, "a", 1).stage == STAGE_NONE, "the good block");
  expect_refused("the same generation again", outcome_of(block, NULL, 0, 0, generation, "a", 1),
                 STAGE_REQUEST, ESTALE);
  label[255] = 0;
  CHECK(outcome_of(block, NULL, 0, 0, new_generation(), label, 255).stage == STAGE_NONE, "a label of 255");
  int close_these[] = {block, small, large, ends[0], ends[1]};
  for (int i = 0; i < 5; i++) close(close_these[i]);
  free(good);
  return 26;
}

#define SIZE_OF(name) sizeof((struct spawn_block *)0)->name
#define FIELD(name, value) {#name, offsetof(struct spawn_block, name), SIZE_OF(name), value}
static const struct { const char *name; size_t at, size; uint64_t value; } broken[] = {
    FIELD(magic, 0), FIELD(magic, 0x31425342), FIELD(bytes, 0), FIELD(bytes, 160), FIELD(bytes, UINT64_MAX),
    FIELD(argc, 0), FIELD(argc, 1u << 20), FIELD(argc, UINT32_MAX), FIELD(envc, 1u << 20),
        FIELD(envc, UINT32_MAX),
    FIELD(pathc, 0), FIELD(pathc, UINT32_MAX), FIELD(fdc, 1), FIELD(fdc, 64), FIELD(fdc, UINT32_MAX),
    FIELD(argv_offset, 0), FIELD(argv_offset, 1), FIELD(argv_offset, 152), FIELD(argv_offset, 164),
    FIELD(argv_offset, UINT64_MAX), FIELD(argv_offset, UINT64_MAX - 7), FIELD(argv_offset, 1u << 20),
    FIELD(env_offset, 0), FIELD(env_offset, 161), FIELD(env_offset, UINT64_MAX & ~7ull),
    FIELD(paths_offset, 8), FIELD(paths_offset, 162), FIELD(paths_offset, 1ull << 63),
};

/* The errno at stage REQUEST, or less than 0 where it came further: the same for both ways to send a block. */
static int in_child(const struct spawn_block *block, int fds) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), all[BLOCK_MAX_FDS], shown[2];
  for (int i = 0; i < BLOCK_MAX_FDS; i++) all[i] = null;
  uint32_t bytes = block->bytes < 160 || block->bytes > 1 << 20 ? 300 : (uint32_t)block->bytes;
  int memfd = block_seal(block, bytes, ALL_SEALS);
  for (int inside = 0; inside <= 1; inside++) {
    if (inside && sizeof(struct ask_spawn) + 16 + bytes > REQUEST_MAX_BYTES) {
      shown[1] = shown[0];
      break;
    }
    struct outcome outcome = inside ? outcome_inside(block, bytes, all, fds)
        : outcome_of(memfd, all, fds, 0, new_generation(), "test", 4);
    CHECK(!outcome.refused, "refused with errno %u", outcome.error);
    shown[inside] = outcome.stage == STAGE_REQUEST ? (int)outcome.error : -(int)outcome.stage;
  }
  close(memfd);
  close(null);
  CHECK(shown[0] == shown[1], "%d as a memfd, %d inside", shown[0], shown[1]);
  return shown[0];
}

/* One with everything in it, whose parts are then pointed elsewhere. */
static struct spawn_block *full_block(const char *program) {
  const char *argv[] = {program, "0", NULL};
  static const uint32_t numbers[] = {0, 5};
  static const gid_t groups[] = {1, 2};
  static const struct spawn_rlimit limits[] = {{RLIMIT_CORE, 0, 0, 0}};
  static const int fds[2];
  struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION | SPAWN_GROUPS | SPAWN_CWD | SPAWN_TTY,
                        .cwd = "/", .tty = "/dev/tty",
                        .listen_pid = true, .groups = groups, .group_count = 2, .rlimits = limits,
                            .rlimit_count = 1,
                        .fds = fds, .numbers = numbers, .fd_count = 2};
  return block_lay_out(&spawn);
}

static unsigned broken_parts(const char *program) {
  static const struct { size_t field; uint32_t flags; } parts[] = {
      {offsetof(struct spawn_block, fds_offset), 0},
      {offsetof(struct spawn_block, cwd_offset), SPAWN_CWD},
      {offsetof(struct spawn_block, tty_offset), SPAWN_TTY | SPAWN_SESSION},
      {offsetof(struct spawn_block, listen_pid_offset), SPAWN_LISTEN_PID},
      {offsetof(struct spawn_block, groups_offset), SPAWN_GROUPS},
      {offsetof(struct spawn_block, rlimits_offset), 0},
  };
  static const uint64_t wrong[] = {0, 1, 159, 1u << 20, 1ull << 62, UINT64_MAX, UINT64_MAX - 3,
                                   UINT64_MAX - 10};
  unsigned shown = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++, shown++) {
      struct spawn_block *block = full_block(program);
      block->flags = parts[i].flags;
      memcpy((char *)block + parts[i].field, &wrong[j], 8);
      CHECK(in_child(block, 2) == EINVAL, "part %zu at %llx", i, (unsigned long long)wrong[j]);
      free(block);
    }
  struct spawn_block *block = full_block(program);
  block->listen_pid_offset = block->bytes - 10; /* one byte too few */
  block->flags = SPAWN_LISTEN_PID;
  CHECK(in_child(block, 2) == EINVAL, "LISTEN_PID at the end");
  block->flags = SPAWN_GROUPS;
  block->group_count = UINT32_MAX;
  CHECK(in_child(block, 2) == EINVAL, "too many groups");
  block->flags = 0;
  block->rlimit_count = UINT32_MAX;
  CHECK(in_child(block, 2) == EINVAL, "too many limits");
  block->rlimit_count = 0;
  uint32_t *numbers = (uint32_t *)((char *)block + block->fds_offset);
  numbers[1] = 0;
  CHECK(in_child(block, 2) == EINVAL, "a number twice");
  numbers[1] = BLOCK_MAX_FD_NUMBER + 1;
  CHECK(in_child(block, 2) == EINVAL, "a number above 255");
  numbers[1] = BLOCK_MAX_FD_NUMBER;
  CHECK(in_child(block, 1) == EINVAL && in_child(block, 3) == EINVAL, "another number of descriptors");
  CHECK(in_child(block, 2) == 0, "the block as it should be");
  free(block);
  return shown + 8;
}

unsigned broken_blocks(const char *program) {
  unsigned shown = 0;
  for (; shown < sizeof broken / sizeof *broken; shown++) {
    struct spawn_block *block = good_block(program);
    memcpy((char *)block + broken[shown].at, &broken[shown].value, broken[shown].size);
    CHECK(in_child(block, 0) == EINVAL, "%s = %llx", broken[shown].name,
          (unsigned long long)broken[shown].value);
    free(block);
  }
  struct spawn_block *block = good_block(program);
  static const uint64_t offsets[] = {0, 159, 1u << 20, UINT64_MAX};
  uint64_t *words[] = {(uint64_t *)((char *)block + block->argv_offset),
                       (uint64_t *)((char *)block + block->env_offset),
                       (uint64_t *)((char *)block + block->paths_offset)};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++, shown++) {
      uint64_t good = *words[i];
      *words[i] = offsets[j];
      CHECK(in_child(block, 0) == EINVAL, "string of array %d at %llx", i, (unsigned long long)offsets[j]);
      *words[i] = good;
    }
  ((char *)block)[block->bytes - 1] = 'x';
  CHECK(in_child(block, 0) == EINVAL, "the last byte is not NUL");
  free(block);
  return shown + 1 + broken_parts(program);
}

/* Whatever stands in the head: an end that was told, never a crash of the child before its exec. */
unsigned random_blocks(const char *program, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    struct spawn_block *block = full_block(program);
    uint64_t bytes = block->bytes;
    for (unsigned changes = 1 + (unsigned)below(3); changes > 0; changes--) {
      size_t at = 4 + below(sizeof *block - 4);
      /* Not its size, nor limits: with too small ones exec itself kills. */
      if (at >= offsetof(struct spawn_block, bytes) && at < offsetof(struct spawn_block, argc)) continue;
      if (at >= offsetof(struct spawn_block, rlimits_offset) &&
          at < offsetof(struct spawn_block, uid)) continue;
      ((unsigned char *)block)[at] = (unsigned char)(below(2) ? below(256) : 1u << below(8));
    }
    block->flags &= ~(uint32_t)(SPAWN_USER | SPAWN_OOM | SPAWN_NICE);
    int memfd = block_seal(block, bytes, ALL_SEALS);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[] = {null, null};
    struct outcome outcome = i % 2 == 0 ? outcome_of(memfd, fds, 2, 0, new_generation(), "test", 4)
        : outcome_inside(block, (uint32_t)bytes, fds, 2);
    bool crashed = outcome.exit_kind > 1 && (outcome.exit_status == SIGSEGV || outcome.exit_status == SIGBUS);
    CHECK(!outcome.refused && !crashed, "block %u: refused %d, signal %u", i, outcome.refused,
          outcome.exit_status);
    close(memfd);
    close(null);
    free(block);
  }
  return count;
}
