/* Descriptors that are only watched: JavaScript is told that there is something to read, and reads it itself, or leaves it. */
#include "helper.h"
#include "pipe-bytes.h"

#include <poll.h>
#include <unistd.h>

static void readable_ready(struct helper *helper, struct slot *slot, uint32_t events);
static void readable_discard(struct helper *helper, struct slot *slot);
static const struct slot_class readable_class = {readable_ready, readable_discard};

/* The descriptor stays its owner's. */
static void readable_discard(struct helper *helper, struct slot *slot) {
  (void)helper;
  (void)slot;
}

static void readable_ready(struct helper *helper, struct slot *slot, uint32_t events) {
  uint32_t id = slot->id;
  bool more = (events & EPOLLIN) != 0;
  /* A hang-up without a byte would be told for ever. */
  if (!more) slot_free(helper, slot);
  dispatch(helper, EVENT_READABLE, id, more, 0);
}

/* watchReadable(descriptor): a slot, or a failure; EPERM where it is one that never has to be waited for. */
static napi_value watch_readable(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct slot *slot =
      slot_new(arguments.helper, &readable_class, sizeof *slot, argument_int(&arguments, 0));
  if (slot == NULL) return return_int(env, failure(CALL_MALLOC, ENOMEM));
  int64_t id = slot->id;
  int result = slot_watch(arguments.helper, slot, EPOLLIN);
  if (result != 0) slot_free(arguments.helper, slot);
  return return_int(env, result != 0 ? result : id);
}

static napi_value unwatch_readable(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct slot *slot = slot_find(arguments.helper, argument_int(&arguments, 0), &readable_class);
  if (slot != NULL) slot_free(arguments.helper, slot);
  return NULL;
}

/*
 * readNow(descriptor): bytes read into the shared buffer, 0 at its end, or a failure. Asked first, since the
 * descriptor may be one that waits, and has only this reader.
 */
static napi_value read_now(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct pollfd state = {.fd = argument_int(&arguments, 0), .events = POLLIN};
  if (poll(&state, 1, 0) == 0) return return_int(env, failure(CALL_READ, EAGAIN));
  ssize_t count;
  do count = read(state.fd, arguments.helper->receive, RECEIVE_BYTES);
  while (count < 0 && errno == EINTR);
  return return_int(env, count < 0 ? failed(CALL_READ) : count);
}

/*
 * peekNow(pipe): bytes of it in the shared buffer, which stay in the pipe, or a failure; EAGAIN where there is
 * nothing, or it is at its end.
 */
static napi_value peek_now(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  int64_t count = pipe_peek(arguments.helper, argument_int(&arguments, 0));
  return return_int(env, count == 0 ? failure(CALL_READ, EAGAIN) : count);
}

const struct function readable_functions[] = {
    {"watchReadable", watch_readable}, {"unwatchReadable", unwatch_readable}, {"peekNow", peek_now},
    {"readNow", read_now}, {NULL, NULL},
};
