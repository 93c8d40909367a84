/* Who is at the other end of a connection. */
#include "helper.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "stream.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* Groups that are asked for at first; few have more. */
#define USUAL_GROUPS 32

void put_peer(struct helper *helper, int fd) {
  struct ucred peer = {.pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1};
  socklen_t length = sizeof peer;
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
  helper->numbers[0] = peer.pid;
  helper->numbers[1] = (int32_t)peer.uid;
  helper->numbers[2] = (int32_t)peer.gid;
}

/* The kernel's list, in memory that is the caller's; it does not change in the life of a connection. NULL and errno. */
static gid_t *groups_of(int fd, socklen_t *size) {
  gid_t *groups = NULL;
  *size = USUAL_GROUPS * sizeof *groups;
  for (int attempt = 0; attempt < 2; attempt++) {
    gid_t *room = realloc(groups, *size);
    if (room == NULL) break;
    groups = room;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, size) == 0) return groups;
    if (errno != ERANGE) break; /* else `size` says how much it takes */
  }
  free(groups);
  return NULL;
}

/* peerGroups(id): 32 bits for each supplementary group of the peer when it connected, or a failure. */
static napi_value peer_groups(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  napi_value result = NULL;
  void *copy;
  socklen_t size;
  read_arguments(env, info, &arguments);
  int fd = stream_descriptor(arguments.helper, argument_int(&arguments, 0));
  if (fd < 0) return return_int(env, failure(CALL_GETSOCKOPT, EBADF));
  gid_t *groups = groups_of(fd, &size);
  if (groups == NULL) return return_int(env, failed(CALL_GETSOCKOPT));
  napi_create_buffer_copy(env, size, groups, &copy, &result);
  free(groups);
  return result;
}

const struct function peer_functions[] = {{"peerGroups", peer_groups}, {NULL, NULL}};
