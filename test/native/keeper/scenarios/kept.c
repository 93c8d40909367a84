/*
 * kept: descriptors that outlive the peer. The first peer stores $KEPT of them, lists them slowly,
 * replaces and drops some, and dies in the middle of a listing; the second finds what must be there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/peer.h"

static uint64_t total;

/* Names of every length, with any byte in them; the number stands at the end. */
static size_t name_of(uint64_t number, char *name) {
  size_t bytes = 8 + number % (NAME_MAX_BYTES - 7);
  for (size_t i = 0; i + 8 < bytes; i++) name[i] = (char)(number * 31 + i * 7);
  memcpy(name + bytes - 8, &number, 8);
  return bytes;
}

/* A file that holds the number (and the version, where it was replaced). */
static int make_content(uint64_t number, uint64_t version) {
  uint64_t content[] = {number, version};
  int fd = memfd_create("kept", MFD_CLOEXEC);
  CHECK(fd >= 0 && write(fd, content, sizeof content) == sizeof content, "memfd");
  return fd;
}

static void store(uint64_t number, uint64_t version, uint32_t flags, uint16_t expected) {
  char name[NAME_MAX_BYTES];
  size_t bytes = name_of(number, name);
  int fd = make_content(number, version);
  struct incoming in = peer_name(ASK_STORE, name, bytes, fd, flags, expected);
  if (expected == TELL_REFUSED) CHECK(in.as.refused.error == EEXIST, "errno %u", in.as.refused.error);
  close(fd);
}

static void drop(uint64_t number, uint16_t expected) {
  char name[NAME_MAX_BYTES];
  size_t bytes = name_of(number, name);
  struct incoming in = peer_name(ASK_DROP, name, bytes, -1, 0, expected);
  if (expected == TELL_REFUSED) CHECK(in.as.refused.error == ENOENT, "errno %u", in.as.refused.error);
}

/* Of 7 in a row the second is replaced and the third dropped. */
static uint64_t version_of(uint64_t number) { return number % 7 == 1 ? 2 : 1; }
static bool is_dropped(uint64_t number) { return number % 7 == 2; }

static uint64_t listed;
static unsigned char *seen;

static void take_kept(const struct incoming *in) {
  CHECK(in->as.head.type == TELL_KEPT && in->fd >= 0, "type %u in a listing", in->as.head.type);
  const char *name = in->as.bytes + sizeof(struct ask_name);
  uint64_t number, content[2];
  char expected[NAME_MAX_BYTES];
  memcpy(&number, name + in->as.kept.name_bytes - 8, 8);
  CHECK(number < total && !seen[number] && !is_dropped(number), "number %llu", (unsigned long long)number);
  CHECK(name_of(number, expected) == in->as.kept.name_bytes &&
        memcmp(name, expected, in->as.kept.name_bytes) == 0, "name");
  CHECK(pread(in->fd, content, sizeof content, 0) == sizeof content, "its content");
  CHECK(content[0] == number && content[1] == version_of(number), "number %llu, version %llu",
        (unsigned long long)content[0],
        (unsigned long long)content[1]);
  close(in->fd);
  seen[number] = 1;
  listed++;
}

static uint64_t list_all(void) {
  memset(seen, 0, total);
  listed = 0;
  peer.told = take_kept;
  uint64_t value = peer_simple(ASK_KEPT);
  peer.told = NULL;
  CHECK(value == listed, "%llu listed, %llu said", (unsigned long long)listed, (unsigned long long)value);
  return listed;
}

static void expect_refused(const char *name, size_t bytes, int fd, int error) {
  struct incoming in = peer_name(ASK_STORE, name, bytes, fd, 0, TELL_REFUSED);
  CHECK(in.as.refused.error == (uint32_t)error, "errno %u, not %d", in.as.refused.error, error);
}

static void faulty(void) {
  char name[NAME_MAX_BYTES + 1];
  memset(name, 'n', sizeof name);
  expect_refused(name, 0, 2, EINVAL);
  expect_refused(name, sizeof name, 2, EINVAL);
  expect_refused(name, 5, -1, EINVAL);
  struct { struct ask_name head; char name[8]; } two = {.head = {.name_bytes = 8}};
  int fds[] = {2, 2};
  struct incoming in;
  peer_wait(peer_send(ASK_STORE, &two, sizeof two, fds, 2), &in);
  CHECK(in.as.head.type == TELL_REFUSED && in.as.refused.error == EINVAL, "two descriptors");
  peer_name(ASK_DROP, name, NAME_MAX_BYTES, -1, 0, TELL_REFUSED);
}

/* A socket stays the same socket: what was sent into it before is read by the successor. */
static void store_socket(void) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 &&
        write(pair[1], "still here", 10) == 10, "socketpair");
  peer_name(ASK_STORE, "a socket", 8, pair[0], 0, TELL_DONE);
  peer_name(ASK_STORE, "its peer", 8, pair[1], 0, TELL_DONE);
}

static int socket_found = -1;
static void take_socket(const struct incoming *in) {
  bool it = in->as.kept.name_bytes == 8 && memcmp(in->as.bytes + sizeof(struct ask_name), "a socket", 8) == 0;
  if (it) socket_found = in->fd;
  else close(in->fd);
}

static void find_socket(void) {
  char text[16] = {0};
  peer.told = take_socket;
  peer_simple(ASK_KEPT);
  peer.told = NULL;
  CHECK(read(socket_found, text, sizeof text) == 10 && strcmp(text, "still here") == 0, "the socket holds %s",
        text);
  peer_name(ASK_DROP, "a socket", 8, -1, 0, TELL_DONE);
  peer_name(ASK_DROP, "its peer", 8, -1, 0, TELL_DONE);
}

static void first(int open_before) {
  faulty();
  store_socket();
  CHECK(peer_name(ASK_DROP, "a socket", 8, -1, 0, TELL_DONE).as.done.value == 1, "one is left");
  peer_name(ASK_DROP, "its peer", 8, -1, 0, TELL_DONE);
  for (uint64_t i = 0; i < total; i++) store(i, 1, 0, TELL_DONE);
  for (uint64_t i = 0; i < total; i++) {
    if (i % 7 == 0) store(i, 9, 0, TELL_REFUSED);
    if (version_of(i) == 2) store(i, 2, 1, TELL_DONE);
    if (is_dropped(i)) drop(i, TELL_DONE);
    if (is_dropped(i)) drop(i, TELL_REFUSED);
  }
  uint64_t kept = list_all();
  CHECK(open_files_of((pid_t)peer.welcome.keeper_pid) == open_before + (int)kept,
        "descriptors of the keeper");
  /* Dropped names leave room for others, which are found among the rest. */
  for (uint64_t i = 0; i < total; i++)
    if (is_dropped(i)) store(i, 1, 0, TELL_DONE);
  for (uint64_t i = 0; i < total; i++)
    if (is_dropped(i)) drop(i, TELL_DONE);
  CHECK(list_all() == kept, "kept");
  store_socket();
  struct message_header head;
  peer_send(ASK_KEPT, &head, sizeof head, NULL, 0);
  for (uint64_t i = kept / 2; i > 0; i--) peer_pump(-1);
  raise(SIGKILL); /* with the listing half read */
}

static void second(void) {
  CHECK(peer.header->epoch == 2, "epoch %llu", (unsigned long long)peer.header->epoch);
  find_socket();
  uint64_t kept = list_all();
  CHECK(kept == peer.welcome.kept_count - 2, "%llu kept", (unsigned long long)kept);
  for (uint64_t i = 0; i < total; i++)
    if (!is_dropped(i)) drop(i, TELL_DONE);
  CHECK(list_all() == 0, "all were dropped");
  print("{\"kept\":%llu}", (unsigned long long)kept);
}

/* Nothing may use up the numbers that the keeper itself needs. */
static void fill_up(void) {
  uint64_t stored = 0;
  char name[16];
  for (;; stored++) {
    snprintf(name, sizeof name, "%llu", (unsigned long long)stored);
    struct { struct ask_name head; char name[16]; } ask = {.head = {.name_bytes = 16}};
    memcpy(ask.name, name, sizeof name);
    struct incoming in;
    int null = STDERR_FILENO;
    peer_wait(peer_send(ASK_STORE, &ask, sizeof ask, &null, 1), &in);
    if (in.as.head.type == TELL_DONE) continue;
    CHECK(in.as.refused.error == EMFILE || in.as.refused.error == ENOSPC, "errno %u", in.as.refused.error);
    break;
  }
  const char *argv[] = {"/proc/self/exe", "nothing",
                        NULL}; /* this program, which ends at once without a channel */
  for (int i = 0; i < 20; i++) {
    struct spawn spawn = {.argv = argv, .flags = SPAWN_SESSION};
    struct tell_spawned spawned = peer_spawned(&spawn);
    wait_for_state(spawned.index, ENTRY_EMPTY);
    CHECK(peer.entries[spawned.index].exec_stage == STAGE_NONE, "a spawn while all is full");
    peer_free(spawned.index);
  }
  print("{\"most\":%llu}", (unsigned long long)stored);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return 0;
  peer_open();
  total = setting("KEPT", 5000);
  seen = malloc(total);
  peer_simple(ASK_READY);
  if (peer.epoch == 1) first(open_files_of((pid_t)peer.welcome.keeper_pid));
  second();
  if (getenv("NO_LIMITS") == NULL) fill_up(); /* a checker of memory would take minutes */
  peer_end(0);
}
