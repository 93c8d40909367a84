
#include "helper.h"

#include <string.h>

#include "stream.h"

/* In the order of enum call; index 0 is never used. */
const char *const call_names[CALL_COUNT] = {
    "",           "accept4",  "bind",     "chmod",  "connect",   "fcntl(F_DUPFD)", "epoll_ctl",  "execve",
    "fchown",     "fcntl",    "fstat",    "ftruncate", "getrlimit", "getsockopt",  "listen",     "malloc",
    "memfd_create", "mkdir", "mmap",   "open",     "pidfd_getfd", "pidfd_open", "pidfd_send_signal", "pipe2", "read",    "rename",
    "sendmsg",    "setsockopt", "socket", "splice",    "tcsetattr",  "write",
};

void read_arguments(napi_env env, napi_callback_info info, struct arguments *arguments) {
  void *data = NULL;
  arguments->count = MAX_ARGUMENTS;
  napi_get_cb_info(env, info, &arguments->count, arguments->values, NULL, &data);
  arguments->helper = data;
}

int32_t argument_int(const struct arguments *arguments, size_t index) {
  int32_t value = -1;
  napi_get_value_int32(arguments->helper->env, arguments->values[index], &value);
  return value;
}

int64_t argument_int64(const struct arguments *arguments, size_t index) {
  int64_t value = 0;
  napi_get_value_int64(arguments->helper->env, arguments->values[index], &value);
  return value;
}

uint8_t *argument_bytes(const struct arguments *arguments, size_t index, size_t *length) {
  void *data = NULL;
  napi_typedarray_type type;
  *length = 0;
  /* Cheaper than napi_get_buffer_info, and takes any Uint8Array; a length of 0 may come with NULL. */
  if (napi_get_typedarray_info(arguments->helper->env, arguments->values[index], &type, length, &data, NULL, NULL) !=
          napi_ok ||
      type != napi_uint8_array) {
    *length = 0;
    return NULL;
  }
  return data;
}

bool argument_path(const struct arguments *arguments, size_t index, char *text, size_t size) {
  size_t length;
  const uint8_t *bytes = argument_bytes(arguments, index, &length);
  if (bytes == NULL || length == 0 || length >= size || memchr(bytes, 0, length) != NULL) return false;
  memcpy(text, bytes, length);
  text[length] = 0;
  return true;
}

napi_value return_int(napi_env env, int64_t value) {
  napi_value result = NULL;
  napi_create_int64(env, value, &result);
  return result;
}

static void call_dispatch(struct helper *helper, enum event event, uint32_t id, int32_t a, int32_t b) {
  napi_env env = helper->env;
  napi_handle_scope scope;
  napi_value function, receiver, arguments[4];
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, helper->dispatch, &function) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok && napi_create_int32(env, (int32_t)event, &arguments[0]) == napi_ok &&
      napi_create_uint32(env, id, &arguments[1]) == napi_ok && napi_create_int32(env, a, &arguments[2]) == napi_ok &&
      napi_create_int32(env, b, &arguments[3]) == napi_ok) {
    helper->depth++;
    napi_status status = napi_make_callback(env, NULL, receiver, function, 4, arguments, NULL);
    helper->depth--;
    if (status == napi_pending_exception) {
      napi_value error;
      if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
    }
  }
  napi_close_handle_scope(env, scope);
}

void dispatch(struct helper *helper, enum event event, uint32_t id, int32_t a, int32_t b) {
  call_dispatch(helper, event, id, a, b);
  if (helper->depth == 0) streams_flush(helper);
}
