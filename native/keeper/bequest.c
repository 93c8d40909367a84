/*
 * What was deposited with a keeper that has died: its archond has a copy of everything, and hands it over to this one
 * before it ends. It sends datagrams to a socket in the runtime folder, each with one descriptor and laid out as a request
 * to store it. Datagrams outlive their sender, so nothing is lost where it ends, or is killed, behind the last of them.
 */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper.h"

#define TURN 64

static int door = NONE;
static uint32_t taken, refused;

/* The runtime folder may be deeper than the address of a socket is long. */
static int bind_in_folder(int fd) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/" BEQUEST_NAME, keeper.runtime_dir);
  mode_t mask = umask(0177); /* for this user alone from its birth */
  int result = bind(fd, (struct sockaddr *)&name, sizeof name);
  umask(mask);
  return result;
}

void bequest_expect(void) {
  int on = 1;
  unlinkat(keeper.runtime_dir, BEQUEST_NAME, 0); /* of a keeper that was killed over it */
  door = raise_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  bool open = door >= 0 && setsockopt(door, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 && bind_in_folder(door) == 0 &&
              watch(door, EPOLLIN, WATCH(WATCH_BEQUEST, 0));
  if (open) return;
  say("what was deposited with the keeper before cannot be taken over: %m");
  if (door >= 0) close(door);
  door = NONE;
}

/* From whom it is, by the kernel's word; what came along; -1 where no descriptor, or more than one, did. */
static int descriptor_of(struct msghdr *whole, pid_t *sender) {
  int found = -1, count = 0;
  for (struct cmsghdr *item = CMSG_FIRSTHDR(whole); item != NULL; item = CMSG_NXTHDR(whole, item)) {
    if (item->cmsg_level != SOL_SOCKET) continue;
    if (item->cmsg_type == SCM_CREDENTIALS) {
      struct ucred who;
      memcpy(&who, CMSG_DATA(item), sizeof who);
      *sender = who.pid;
    }
    for (size_t at = CMSG_LEN(0); item->cmsg_type == SCM_RIGHTS && at < item->cmsg_len; at += sizeof(int)) {
      int fd;
      memcpy(&fd, (char *)item + at, sizeof fd);
      if (count++ == 0) found = fd;
      else close(fd);
    }
  }
  if (count <= 1) return found;
  close(found);
  return -1;
}

static bool is_whole(const struct ask_name *want, ssize_t bytes, int flags) {
  return bytes > (ssize_t)sizeof *want && (flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
         want->head.version == MESSAGE_VERSION && want->head.type == ASK_STORE && want->name_bytes > 0 &&
         want->name_bytes <= NAME_MAX_BYTES && bytes == (ssize_t)(sizeof *want + want->name_bytes);
}

static bool take_one(void) {
  static struct { struct ask_name head; char name[NAME_MAX_BYTES]; } message;
  /* Room for a second descriptor, so that the kernel need not be asked what it dropped. */
  union { struct cmsghdr head; char room[CMSG_SPACE(2 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))]; } control;
  struct iovec part = {.iov_base = &message, .iov_len = sizeof message};
  struct msghdr whole = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got;
  do got = recvmsg(door, &whole, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0) return false;
  pid_t sender = 0;
  int fd = descriptor_of(&whole, &sender);
  bool good = fd >= 0 && sender == former_pid() && is_whole(&message.head, got, whole.msg_flags);
  if (good && kept_store(message.name, message.head.name_bytes, fd, true) == 0) {
    taken++;
    return true;
  }
  if (!good && fd >= 0) close(fd);
  refused++;
  return true;
}

void bequest_readable(void) {
  for (int i = 0; i < TURN && door != NONE && take_one(); i++) {
  }
}

void bequest_end(void) {
  if (door == NONE) return;
  while (take_one()) {
  }
  close_watched(&door);
  unlinkat(keeper.runtime_dir, BEQUEST_NAME, 0);
  if (taken > 0) say("%u descriptors were handed over by the archond before", taken);
  if (refused > 0) say("%u more could not be taken over", refused);
}
