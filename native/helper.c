/*
 * The native helper: the few system calls that Node lacks, as a Node-API module. Its parts lie in
 * the folder native/helper; this file makes the state of an environment and the list of functions.
 * docs/helper.org is its page.
 */
#include "helper/helper.h"

#include <stdlib.h>

static const struct function *const function_lists[] = {
    stream_functions, socket_functions,     channel_functions, process_functions,
    copy_functions,   descriptor_functions, memory_functions,  exec_functions,
    user_functions,   readable_functions,   notice_functions,  peer_functions,
    port_functions,   regain_functions,     consumption_functions, terminal_functions,
};

static void on_closed(struct helper *helper) {
  napi_async_cleanup_hook_handle cleanup = helper->cleanup;
  free(helper);
  napi_remove_async_cleanup_hook(cleanup);
}

/* The environment ends (a worker, or the program): everything is closed, nobody is told. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  struct helper *helper = data;
  (void)handle;
  reactor_close(helper, on_closed);
}

/* start(dispatch, receive buffer, numbers): where events and their bytes go. Called once. */
static napi_value start(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  napi_typedarray_type type;
  size_t length;
  void *numbers = NULL;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  uint8_t *receive = argument_bytes(&arguments, 1, &length);
  bool fits = helper->dispatch == NULL && receive != NULL && length == RECEIVE_BYTES;
  fits = fits && napi_get_typedarray_info(env, arguments.values[2], &type, &length, &numbers, NULL, NULL) == napi_ok;
  fits = fits && type == napi_int32_array && length == NUMBERS_COUNT;
  if (!fits || napi_create_reference(env, arguments.values[0], 1, &helper->dispatch) != napi_ok ||
      napi_create_reference(env, arguments.values[1], 1, &helper->receive_ref) != napi_ok ||
      napi_create_reference(env, arguments.values[2], 1, &helper->numbers_ref) != napi_ok) {
    napi_throw_error(env, NULL, "start() takes a function, 65,536 bytes and 256 numbers, and is called once");
    return NULL;
  }
  helper->receive = receive;
  helper->numbers = numbers;
  return NULL;
}

static bool add_function(napi_env env, napi_value exports, struct helper *helper, const char *name, napi_callback call) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, call, helper, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

static bool add_call_names(napi_env env, napi_value exports) {
  napi_value names, name;
  if (napi_create_array(env, &names) != napi_ok) return false;
  for (uint32_t i = 0; i < CALL_COUNT; i++) {
    if (napi_create_string_utf8(env, call_names[i], NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_set_element(env, names, i, name) != napi_ok) {
      return false;
    }
  }
  return napi_set_named_property(env, exports, "calls", names) == napi_ok;
}

NAPI_MODULE_INIT() {
  struct helper *helper = calloc(1, sizeof *helper);
  if (helper == NULL) return NULL;
  helper->env = env;
  if (reactor_open(helper) != 0) {
    free(helper);
    napi_throw_error(env, NULL, "the native helper could not make its epoll descriptor");
    return NULL;
  }
  bool added = napi_add_async_cleanup_hook(env, on_cleanup, helper, &helper->cleanup) == napi_ok;
  added = added && add_function(env, exports, helper, "start", start) && add_call_names(env, exports);
  for (size_t i = 0; i < sizeof function_lists / sizeof *function_lists; i++) {
    for (const struct function *function = function_lists[i]; added && function->name != NULL; function++) {
      added = add_function(env, exports, helper, function->name, function->call);
    }
  }
  if (!added) napi_throw_error(env, NULL, "the native helper could not export its functions");
  return exports;
}
