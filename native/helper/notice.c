/* The sockets that services send their notifications to (sd_notify(3)): datagrams with the sender's credentials. */
#include "helper.h"

#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "queue.h"

/* What is left of an earlier boot goes; anything but a socket stays. */
static int clear_path(const char *path) {
  struct stat status;
  if (lstat(path, &status) < 0) return errno == ENOENT ? 0 : failed(CALL_BIND);
  if (!S_ISSOCK(status.st_mode)) return failure(CALL_BIND, EEXIST);
  return unlink(path) < 0 ? failed(CALL_BIND) : 0;
}

/* For one user alone, or everybody whom the folder lets in: -1. */
static int hand_over(const char *path, uid_t uid) {
  if (uid == (uid_t)-1) return chmod(path, 0666) < 0 ? failed(CALL_CHMOD) : 0;
  if (chmod(path, 0600) < 0) return failed(CALL_CHMOD);
  if (uid != geteuid() && chown(path, uid, (gid_t)-1) < 0) return failed(CALL_FCHOWN);
  return 0;
}

static int bind_notices(int fd, const char *path, uid_t uid) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int wanted = 1;
  /* Services get this path as it is, and cannot reach a longer one. */
  if (strlen(path) >= sizeof name.sun_path) return failure(CALL_BIND, ENAMETOOLONG);
  strcpy(name.sun_path, path);
  /* Before anybody can send: the kernel notes the sender only of what comes later. */
  if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &wanted, sizeof wanted) < 0) return failed(CALL_SETSOCKOPT);
  int result = clear_path(path);
  if (result != 0) return result;
  if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0) return failed(CALL_BIND);
  result = hand_over(path, uid);
  if (result != 0) unlink(path);
  return result;
}

/* openNotices(path, uid): the socket, bound there for that user, or for everybody (-1); or a failure. */
static napi_value open_notices(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char path[PATH_MAX];
  read_arguments(env, info, &arguments);
  if (!argument_path(&arguments, 0, path, sizeof path)) return return_int(env, failure(CALL_BIND, EINVAL));
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return return_int(env, failed(CALL_SOCKET));
  int result = bind_notices(fd, path, (uid_t)argument_int(&arguments, 1));
  if (result == 0) return return_int(env, fd);
  close(fd);
  return return_int(env, result);
}

/* recvmsg(2) into the shared buffer; the sender into numbers. */
static ssize_t receive(struct helper *helper, int fd, struct msghdr *message, int flags) {
  struct iovec vector = {.iov_base = helper->receive, .iov_len = RECEIVE_BYTES};
  struct ucred sender = {.pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1};
  message->msg_iov = &vector;
  message->msg_iovlen = 1;
  ssize_t count;
  do count = recvmsg(fd, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | flags);
  while (count < 0 && errno == EINTR);
  if (count < 0) return count;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header))
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS)
      memcpy(&sender, CMSG_DATA(header), sizeof sender);
  helper->numbers[0] = sender.pid;
  helper->numbers[1] = (int32_t)sender.uid;
  helper->numbers[2] = (int32_t)sender.gid;
  return count;
}

/*
 * peekNotice(socket): how many bytes of the next datagram lie in the shared buffer, or a failure (EAGAIN:
 * there is none). In numbers: pid, uid and gid of the sender, 1 where bytes are missing. It stays where it is.
 */
static napi_value peek_notice(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  /* For the sender, which comes first: descriptors stay with the datagram. */
  union { char bytes[CMSG_SPACE(sizeof(struct ucred))]; struct cmsghdr align; } control;
  read_arguments(env, info, &arguments);
  struct msghdr message = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t count = receive(arguments.helper, argument_int(&arguments, 0), &message, MSG_PEEK);
  if (count < 0) return return_int(env, failed(CALL_READ));
  arguments.helper->numbers[3] = (message.msg_flags & MSG_TRUNC) != 0;
  return return_int(env, count);
}

/*
 * takeNotice(socket): takes the next datagram away; 0, or a failure. In numbers: 1 where the kernel had to drop
 * descriptors, how many descriptors came with it, and those.
 */
static napi_value take_notice(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  union {
    char bytes[CMSG_SPACE(sizeof(int) * MAX_RIDERS) + CMSG_SPACE(sizeof(struct ucred))];
    struct cmsghdr align;
  } control;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct msghdr message = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  int riders[MAX_RIDERS], rider_count = 0;
  if (receive(helper, argument_int(&arguments, 0), &message, 0) < 0) return return_int(env, failed(CALL_READ));
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t more = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(riders + rider_count, CMSG_DATA(header), more * sizeof(int));
    rider_count += (int)more;
  }
  /* There is room for so many less than riders; so many never come from a library. */
  int kept = rider_count > NUMBERS_COUNT - 2 ? NUMBERS_COUNT - 2 : rider_count;
  for (int i = kept; i < rider_count; i++) close(riders[i]);
  helper->numbers[0] = (message.msg_flags & MSG_CTRUNC) != 0 || kept < rider_count;
  helper->numbers[1] = kept;
  memcpy(helper->numbers + 2, riders, (size_t)kept * sizeof *riders);
  return return_int(env, 0);
}

/* answerNotice(socket, bytes, count): one message with so many descriptors of numbers. 0, or a failure. */
static napi_value answer_notice(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  size_t length;
  read_arguments(env, info, &arguments);
  const uint8_t *bytes = argument_bytes(&arguments, 1, &length);
  ssize_t sent = send_with_riders(argument_int(&arguments, 0), bytes, length, arguments.helper->numbers,
                                  argument_int(&arguments, 2));
  return return_int(env, sent < 0 ? failure(CALL_SEND, (int)-sent) : 0);
}

const struct function notice_functions[] = {
    {"openNotices", open_notices}, {"peekNotice", peek_notice}, {"takeNotice", take_notice},
    {"answerNotice", answer_notice}, {NULL, NULL},
};
