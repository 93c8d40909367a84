/*
 * Users and groups as the system's databases know them. They may stand behind a network, so they
 * are asked on a thread of libuv's pool, whose functions touch nothing but their own request.
 */
#include "helper.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* Groups of one user that Linux allows (NGROUPS_MAX). */
#define MOST_GROUPS 65536
#define NAME_BYTES 256
/* An entry of a database, with all the strings in it; a group's members are among them. */
#define MOST_ENTRY_BYTES (4u << 20)

struct request {
  napi_async_work work;
  napi_ref done;
  bool group;      /* a group is wanted, not a user */
  bool by_number;
  uint32_t number;
  char name[NAME_BYTES];
  bool found;
  uint32_t uid, gid;
  int group_count;
  gid_t *groups;
};

/* Looks one entry up, with as much room as it takes. */
static void look_up(struct request *request, char *room, size_t size, int *error) {
  if (request->group) {
    struct group entry, *found = NULL;
    *error = request->by_number ? getgrgid_r(request->number, &entry, room, size, &found)
                                : getgrnam_r(request->name, &entry, room, size, &found);
    request->found = *error == 0 && found != NULL;
    if (request->found) request->gid = entry.gr_gid;
    return;
  }
  struct passwd entry, *found = NULL;
  *error = request->by_number ? getpwuid_r(request->number, &entry, room, size, &found)
                              : getpwnam_r(request->name, &entry, room, size, &found);
  request->found = *error == 0 && found != NULL && strlen(entry.pw_name) < NAME_BYTES;
  if (!request->found) return;
  request->uid = entry.pw_uid;
  request->gid = entry.pw_gid;
  strcpy(request->name, entry.pw_name);
}

static void list_groups(struct request *request) {
  for (int room = 64; room <= MOST_GROUPS; room *= 4) {
    gid_t *groups = realloc(request->groups, (size_t)room * sizeof *groups);
    if (groups == NULL) break;
    request->groups = groups;
    request->group_count = room;
    if (getgrouplist(request->name, request->gid, groups, &request->group_count) >= 0) return;
  }
  request->found = false;
}

/* On a thread of the pool. */
static void execute(napi_env env, void *data) {
  struct request *request = data;
  int error = ERANGE;
  (void)env;
  for (size_t size = 4096; error == ERANGE && size <= MOST_ENTRY_BYTES; size *= 4) {
    char *room = malloc(size);
    if (room == NULL) return;
    look_up(request, room, size, &error);
    free(room);
  }
  if (request->found && !request->group) list_groups(request);
}

/* Calls done(uid, gid, name, groups), or done(-1) where there is none. */
static void complete(napi_env env, napi_status status, void *data) {
  struct request *request = data;
  napi_value done, receiver, arguments[4];
  size_t count = 0;
  bool found = status == napi_ok && request->found;
  void *bytes = NULL;
  if (!found) {
    napi_create_int32(env, -1, &arguments[count++]);
  } else {
    napi_create_uint32(env, request->uid, &arguments[count++]);
    napi_create_uint32(env, request->gid, &arguments[count++]);
    napi_create_string_utf8(env, request->name, NAPI_AUTO_LENGTH, &arguments[count++]);
    size_t length = (size_t)request->group_count * sizeof *request->groups;
    napi_create_buffer_copy(env, length, request->groups == NULL ? (gid_t[1]){0} : request->groups, &bytes,
                            &arguments[count++]);
  }
  napi_get_reference_value(env, request->done, &done);
  napi_get_global(env, &receiver);
  napi_delete_reference(env, request->done);
  napi_delete_async_work(env, request->work);
  free(request->groups);
  free(request);
  /* What it throws, Node takes up as uncaught when we return. */
  if (status != napi_cancelled) napi_call_function(env, receiver, done, count, arguments, NULL);
}

/* lookUp(group wanted, name or empty, number, done): true if `done` will be called. */
static napi_value look_up_later(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  napi_value label, result;
  read_arguments(env, info, &arguments);
  struct request *request = calloc(1, sizeof *request);
  if (request == NULL) return NULL;
  request->group = argument_int(&arguments, 0) != 0;
  request->by_number = !argument_path(&arguments, 1, request->name, sizeof request->name);
  napi_get_value_uint32(env, arguments.values[2], &request->number);
  bool queued = napi_create_reference(env, arguments.values[3], 1, &request->done) == napi_ok;
  queued = queued && napi_create_string_utf8(env, "archon", NAPI_AUTO_LENGTH, &label) == napi_ok;
  queued = queued && napi_create_async_work(env, NULL, label, execute, complete, request, &request->work) == napi_ok;
  if (queued && napi_queue_async_work(env, request->work) != napi_ok) {
    napi_delete_async_work(env, request->work);
    queued = false;
  }
  if (!queued) {
    if (request->done != NULL) napi_delete_reference(env, request->done);
    free(request);
  }
  napi_get_boolean(env, queued, &result);
  return result;
}

const struct function user_functions[] = {{"lookUp", look_up_later}, {NULL, NULL}};
