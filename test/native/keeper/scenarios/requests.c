/* requests ENDER: what is wrong with a message as such; each is refused, with the errno that says why. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/peer.h"

/* Sends bytes as they are, and returns the refusal; `with`: a descriptor. */
static struct tell_refused raw(void *message, size_t bytes, int with) {
  union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = {0};
  struct iovec part = {.iov_base = message, .iov_len = bytes};
  struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1};
  if (with >= 0) {
    whole.msg_control = &control;
    whole.msg_controllen = sizeof control;
    control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
                                    .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&control.head), &with, sizeof with);
  }
  CHECK(sendmsg(peer.fd, &whole, MSG_NOSIGNAL) == (ssize_t)bytes, "sendmsg");
  struct tell_refused refused;
  CHECK(recv(peer.fd, &refused, sizeof refused, 0) == sizeof refused && refused.head.type == TELL_REFUSED,
        "type %u", refused.head.type);
  return refused;
}

static void expect(const char *what, struct tell_refused refused, uint64_t id, int error) {
  CHECK(refused.head.id == id && refused.error == (uint32_t)error, "%s: id %llu, errno %u, not %d", what,
        (unsigned long long)refused.head.id, refused.error, error);
}

/* The table shows an end before it is told: what is told must not come where a refusal is read. */
static bool end_told;
static void note_end(const struct incoming *in) {
  if (in->as.head.type == TELL_PROCESS && (in->as.process.state_word & 0xff) == ENTRY_EMPTY) end_told = true;
}

static struct message_header head(uint16_t type, uint64_t id) {
  return (struct message_header){.version = MESSAGE_VERSION, .type = type,
                                 .bytes = sizeof(struct message_header), .epoch = peer.epoch, .id = id};
}

int main(int argc, char **argv) {
  peer_connect();
  CHECK(argc == 2, "%d arguments", argc);
  struct message_header ready = head(ASK_READY, 1);
  ready.epoch = 1;
  expect("a request before the greeting", raw(&ready, sizeof ready, -1), 1, EPROTO);
  struct ask_hello hello = {.head = {MESSAGE_VERSION, ASK_HELLO, sizeof hello, 0, 2, 0},
                            .table_version = TABLE_VERSION + 1};
  expect("another version of the table", raw(&hello, sizeof hello, -1), 2, EPROTONOSUPPORT);
  peer.last_id = 10;
  peer_hello();
  int open_before = open_files_of((pid_t)peer.welcome.keeper_pid);
  hello.head.id = 3;
  hello.table_version = TABLE_VERSION;
  expect("a second greeting", raw(&hello, sizeof hello, -1), 3, EALREADY);

  struct message_header wrong = head(ASK_READY, 5);
  wrong.version = 2;
  expect("another version", raw(&wrong, sizeof wrong, -1), 5, EPROTONOSUPPORT);
  wrong = head(ASK_READY, 6);
  wrong.bytes--;
  expect("another size", raw(&wrong, sizeof wrong, -1), 6, EBADMSG);
  wrong = head(ASK_READY, 0);
  expect("without an id", raw(&wrong, sizeof wrong, -1), 0, EBADMSG);
  wrong = head(ASK_READY, 7);
  wrong.epoch = peer.epoch + 1;
  expect("another epoch", raw(&wrong, sizeof wrong, 2), 7, ESTALE);
  expect("half a head", raw(&wrong, 20, -1), 0, EBADMSG);
  expect("nothing at all", raw(&wrong, 0, -1), 0, EBADMSG);
  char large[REQUEST_MAX_BYTES + 100] = {0};
  wrong = head(ASK_READY, 8);
  wrong.bytes = sizeof large;
  memcpy(large, &wrong, sizeof wrong);
  expect("too much", raw(large, sizeof large, -1), 8, EBADMSG);
  static const uint16_t unknown[] = {0, ASK_ARM, ASK_DISARM, ASK_REPLACE, 16, TELL_WELCOME,
                                     TELL_PROCESS, UINT16_MAX};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    wrong = head(unknown[i], 9);
    expect("an unknown type, with a descriptor", raw(&wrong, sizeof wrong, 2), 9, EOPNOTSUPP);
  }
  static const uint16_t short_ones[] = {ASK_SPAWN, ASK_SIGNAL, ASK_KILL, ASK_FREE, ASK_STORE, ASK_DROP,
                                        ASK_SIGNAL_DONE};
  for (size_t i = 0; i < sizeof short_ones / sizeof *short_ones; i++) {
    wrong = head(short_ones[i], 10);
    expect("a head alone", raw(&wrong, sizeof wrong, 2), 10, EINVAL);
  }

  const char *run[] = {argv[1], "0", "3", NULL};
  struct spawn spawn = {.argv = run, .flags = SPAWN_SESSION};
  peer.told = note_end;
  struct tell_spawned spawned = peer_spawned(&spawn);
  while (!end_told) peer_pump(-1);
  struct ask_entry entry = {.head = head(ASK_FREE, 11), .generation = spawned.generation,
                            .index = spawned.index};
  entry.head.bytes = sizeof entry;
  expect("freed before it was acknowledged", raw(&entry, sizeof entry, -1), 11, EBUSY);
  peer.entries[spawned.index].ack_word = spawned.generation << 8 | ENTRY_EXITED;
  expect("acknowledged too little", raw(&entry, sizeof entry, -1), 11, EBUSY);
  entry.generation++;
  expect("another generation", raw(&entry, sizeof entry, -1), 11, ESRCH);
  entry.index = TABLE_ENTRIES;
  expect("no such entry", raw(&entry, sizeof entry, -1), 11, ESRCH);
  entry.index = UINT32_MAX;
  entry.head.type = ASK_KILL;
  expect("no such entry to kill", raw(&entry, sizeof entry, -1), 11, ESRCH);
  struct ask_signal signal = {.head = head(ASK_SIGNAL, 12), .generation = spawned.generation,
                              .index = spawned.index, .signal = 65};
  signal.head.bytes = sizeof signal;
  expect("no such signal", raw(&signal, sizeof signal, -1), 12, EINVAL);
  signal.signal = 15;
  signal.scope = 3;
  expect("no such scope", raw(&signal, sizeof signal, -1), 12, EINVAL);
  signal.scope = SCOPE_MAIN;
  expect("to one that has ended", raw(&signal, sizeof signal, -1), 12, ESRCH);
  peer_free(spawned.index);
  expect("freed twice",
         raw(&(struct ask_entry){.head = {MESSAGE_VERSION, ASK_FREE, sizeof entry, peer.epoch, 13, 0},
                                                .generation = spawned.generation, .index = spawned.index},
                            sizeof entry, -1), 13, ESRCH);
  int open_after = open_files_of((pid_t)peer.welcome.keeper_pid);
  CHECK(open_after == open_before, "%d descriptors, %d before", open_after, open_before);
  print("{\"refused\":true}");
  peer_end(0);
}
