#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.h"

struct peer peer = {.fd = -1};

static uint64_t awaited; /* id of the request whose closing message is waited for */
static struct incoming answer;
static bool answered;

/* Tests that kill the peer between any two messages do it here. */
static void count_event(void) {
  if (++peer.events == peer.die_at) kill(getpid(), SIGKILL);
}

static bool closes(uint16_t type) { return type >= TELL_WELCOME && type < TELL_PROCESS && type != TELL_KEPT; }

void peer_connect(void) {
  peer.fd = (int)setting("ARCHON_KEEPER_FD", 0);
  CHECK(peer.fd == 3, "the channel is descriptor %d", peer.fd);
  fcntl(peer.fd, F_SETFD, FD_CLOEXEC);
}

static bool receive(struct incoming *in) {
  union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control;
  struct iovec part = {.iov_base = &in->as, .iov_len = sizeof in->as};
  struct msghdr whole = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got;
  /* ECONNRESET comes once where the keeper has died with requests unread; what it had sent comes after that. */
  do got = recvmsg(peer.fd, &whole, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == ECONNRESET && peer.lost != NULL);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got == 0 && peer.lost != NULL) peer.lost();
  CHECK(got >= (ssize_t)sizeof in->as.head, "received %zd bytes", got);
  CHECK((whole.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0, "flags %x", whole.msg_flags);
  in->bytes = (size_t)got;
  in->fd = -1;
  struct cmsghdr *item = CMSG_FIRSTHDR(&whole);
  if (item != NULL) memcpy(&in->fd, CMSG_DATA(item), sizeof in->fd);
  const struct message_header *head = &in->as.head;
  CHECK(head->version == MESSAGE_VERSION && head->bytes == in->bytes, "head of message %u", head->type);
  CHECK(peer.epoch == 0 || head->epoch == peer.epoch, "epoch %llu", (unsigned long long)head->epoch);
  CHECK(head->id == 0 || head->id <= peer.last_id, "answer to %llu, which was never asked",
        (unsigned long long)head->id);
  CHECK((head->type >= TELL_PROCESS) == (head->id == 0), "type %u with id %llu", head->type,
        (unsigned long long)head->id);
  return true;
}

bool peer_pump(int timeout_ms) {
  struct incoming in;
  count_event();
  struct pollfd ready = {.fd = peer.fd, .events = POLLIN};
  for (;;) {
    if (receive(&in)) break;
    int count = poll(&ready, 1, timeout_ms);
    if (count == 0) {
      peer.events--;
      return false;
    }
    CHECK(count > 0 || errno == EINTR, "poll");
  }
  if (awaited != 0 && in.as.head.id == awaited && closes(in.as.head.type)) {
    CHECK(!answered, "answered twice");
    answer = in;
    answered = true;
  } else if (peer.told != NULL) {
    peer.told(&in);
  } else if (in.fd >= 0) {
    close(in.fd);
  }
  return true;
}

uint64_t peer_send(uint16_t type, void *message, size_t bytes, const int *fds, int count) {
  struct message_header *head = message;
  *head = (struct message_header){.version = MESSAGE_VERSION,
                                  .type = type,
                                  .bytes = (uint32_t)bytes,
                                  .epoch = peer.epoch,
                                  .id = ++peer.last_id};
  union { struct cmsghdr head; char room[CMSG_SPACE(128 * sizeof(int))]; } control;
  struct iovec part = {.iov_base = message, .iov_len = bytes};
  struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    whole.msg_control = &control;
    whole.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(&control.head), fds, (size_t)count * sizeof(int));
  }
  count_event();
  uint64_t id = head->id;
  while (sendmsg(peer.fd, &whole, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    if (peer.lost != NULL && (errno == EPIPE || errno == ECONNRESET)) break; /* its reader will see */
    CHECK(errno == EAGAIN || errno == EINTR, "sending a message of type %u", type);
    /* The keeper may read nothing while an answer waits for room: make room. */
    struct pollfd ready = {.fd = peer.fd, .events = POLLIN | POLLOUT};
    CHECK(poll(&ready, 1, -1) > 0, "poll");
    if (ready.revents & POLLIN) peer_pump(-1);
  }
  return id;
}

void peer_wait(uint64_t id, struct incoming *in) {
  CHECK(awaited == 0, "waiting twice");
  awaited = id;
  answered = false;
  while (!answered) peer_pump(-1);
  awaited = 0;
  *in = answer;
}

struct incoming peer_ask(uint16_t type, void *message, size_t bytes, uint16_t expected) {
  struct incoming in;
  peer_wait(peer_send(type, message, bytes, NULL, 0), &in);
  CHECK(in.as.head.type == expected, "request %u was answered by %u, error %u", type, in.as.head.type,
        in.as.head.type == TELL_REFUSED ? in.as.refused.error : 0);
  return in;
}

void peer_hello(void) {
  struct ask_hello hello = {.table_version = TABLE_VERSION};
  struct incoming in = peer_ask(ASK_HELLO, &hello, sizeof hello, TELL_WELCOME);
  peer.welcome = in.as.welcome;
  peer.epoch = in.as.head.epoch;
  CHECK(in.fd >= 0, "no table");
  struct stat stat;
  CHECK(fstat(in.fd, &stat) == 0, "fstat");
  char *map = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, in.fd, 0);
  CHECK(map != MAP_FAILED, "mapping the table");
  close(in.fd);
  peer.header = (struct table_header *)map;
  CHECK(memcmp(peer.header->magic, TABLE_MAGIC, 8) == 0 && peer.header->version == TABLE_VERSION, "magic");
  CHECK(peer.header->file_bytes == (uint64_t)stat.st_size, "size of the table");
  CHECK(peer.header->epoch == peer.epoch && peer.header->archond_pid == (uint32_t)getpid(), "epoch or pid");
  peer.entries = (struct table_entry *)(map + peer.header->entries_offset);
  peer.ring = (struct ring_record *)(map + peer.header->ring_offset);
  peer.labels = map + peer.header->labels_offset;
}

void peer_open(void) {
  peer_connect();
  peer_hello();
}

void peer_end(int code) {
  struct ask_quit quit = {.code = (uint32_t)code};
  peer_ask(ASK_QUIT, &quit, sizeof quit, TELL_DONE);
  _exit(0);
}

uint64_t peer_simple(uint16_t type) {
  struct message_header head;
  return peer_ask(type, &head, sizeof head, TELL_DONE).as.done.value;
}

uint64_t peer_kill_tree(uint32_t index) {
  struct ask_entry entry = {.generation = generation_at(index), .index = index};
  return peer_ask(ASK_KILL, &entry, sizeof entry, TELL_DONE).as.done.value;
}

struct incoming peer_signal(uint32_t index, int signal, enum signal_scope scope, uint16_t expected) {
  struct ask_signal ask = {
      .generation = generation_at(index), .index = index, .signal = (uint32_t)signal, .scope = scope};
  return peer_ask(ASK_SIGNAL, &ask, sizeof ask, expected);
}

bool peer_try_free(uint32_t index) {
  uint64_t word = __atomic_load_n(&peer.entries[index].state_word, __ATOMIC_ACQUIRE);
  if ((word & 0xff) != ENTRY_EMPTY) return false;
  __atomic_store_n(&peer.entries[index].ack_word, word, __ATOMIC_RELEASE);
  struct ask_entry entry = {.generation = word >> 8, .index = index};
  peer_ask(ASK_FREE, &entry, sizeof entry, TELL_DONE);
  return true;
}

void peer_free(uint32_t index) { CHECK(peer_try_free(index), "entry %u is not empty", index); }

struct incoming peer_name(uint16_t type, const char *name, size_t bytes, int fd, uint32_t flags,
                          uint16_t expected) {
  struct { struct ask_name head; char name[512]; } ask = {.head = {.name_bytes = (uint32_t)bytes,
                                                                   .flags = flags}};
  CHECK(bytes <= sizeof ask.name, "name");
  memcpy(ask.name, name, bytes);
  struct incoming in;
  peer_wait(peer_send(type, &ask, sizeof ask.head + bytes, &fd, fd >= 0 ? 1 : 0), &in);
  CHECK(in.as.head.type == expected, "request %u for the name %.*s was answered by %u", type, (int)bytes,
        name,
        in.as.head.type);
  return in;
}

enum entry_state state_at(uint32_t index) {
  return (enum entry_state)(__atomic_load_n(&peer.entries[index].state_word, __ATOMIC_ACQUIRE) & 0xff);
}

uint64_t generation_at(uint32_t index) {
  return __atomic_load_n(&peer.entries[index].state_word, __ATOMIC_ACQUIRE) >> 8;
}

void wait_for_state(uint32_t index, enum entry_state state) {
  while (state_at(index) < state) peer_pump(-1);
}

/* The keeper sleeps only when it has nothing to do; what it makes beforehand is made by then. */
static bool sleeps(pid_t pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  CHECK(got > 0, "reading %s", path);
  close(fd);
  text[got] = 0;
  const char *after_name = strrchr(text, ')');
  return after_name != NULL && after_name[2] == 'S';
}

static int count_files(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  DIR *folder = opendir(path);
  CHECK(folder != NULL, "opening %s", path);
  int count = 0;
  for (struct dirent *item; (item = readdir(folder)) != NULL;) count += item->d_name[0] != '.';
  closedir(folder);
  return count;
}

int open_files_of(pid_t pid) {
  for (;;) {
    while (!sleeps(pid)) sched_yield();
    int count = count_files(pid);
    if (sleeps(pid) && count_files(pid) == count) return count;
  }
}
