/* What JavaScript says to copies, and asks of them. */
#include "copy.h"
#include "pipe-bytes.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* copy(pipe, path, mode, one_off): a slot that owns the pipe's descriptor, or a failure. */
static napi_value copy_start(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char path[PATH_MAX];
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  int fd = argument_int(&arguments, 0);
  if (!argument_path(&arguments, 1, path, sizeof path)) return return_int(env, failure(CALL_OPEN, EINVAL));
  struct copy *copy = slot_new(helper, &copy_class, sizeof *copy + strlen(path) + 1, fd);
  if (copy == NULL) return return_int(env, failure(CALL_MALLOC, ENOMEM));
  strcpy(copy->path, path);
  log_file_init(&copy->log, copy->path, (mode_t)argument_int(&arguments, 2));
  copy->log.one_off = argument_int(&arguments, 3) != 0;
  copy->dropping.tally.fd = -1;
  int64_t id = copy->slot.id;
  int result = slot_watch(helper, &copy->slot, EPOLLIN);
  if (result != 0) {
    copy->slot.fd = -1; /* stays the caller's */
    slot_free(helper, &copy->slot);
  }
  return return_int(env, result != 0 ? result : id);
}

/* limitCopy(id, max, drops): from which size on its file is rotated (0: never), and whether it drops what the file cannot take. */
static napi_value copy_limit(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  if (copy == NULL) return NULL;
  log_file_limit(&copy->log, argument_int64(&arguments, 1));
  copy->dropping.wanted = argument_int(&arguments, 2) != 0;
  return NULL;
}

/*
 * drainCopy(id): 0 when all that the pipe held at the call is in the file; that also sets going one
 * that stood still. Else a failure, and it stands still, or drops.
 */
static napi_value copy_drain(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct copy *copy = slot_find(helper, argument_int(&arguments, 0), &copy_class);
  if (copy == NULL) return return_int(env, failure(CALL_SPLICE, EBADF));
  int result = 0;
  if (copy->dropping.active) {
    copy->dropping.tried_at = 0;
    copy_dropped(helper, copy, copy_now_ns());
  }
  uint64_t waiting = (uint64_t)pipe_waiting(copy->slot.fd) + (copy->held_to - copy->held_from);
  if (waiting > 0) copy_move(helper, copy, waiting, 0, &result);
  if (copy->dropping.active) result = dropping_why(&copy->dropping);
  if (result != 0) copy_stall(helper, copy);
  else if (!copy->visited) result = slot_watch(helper, &copy->slot, EPOLLIN);
  return return_int(env, result);
}

/* reopenCopy(id): what comes from now on goes to whatever has the file's name then, the rest of a line that has come to where the line is. */
static napi_value copy_reopen(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct copy *copy = slot_find(helper, argument_int(&arguments, 0), &copy_class);
  if (copy == NULL || copy->log.fd < 0 || copy->held_from != copy->held_to) return NULL;
  bool ends = false;
  int result = 0;
  int64_t end = copy->plain ? -1 : lseek(copy->log.fd, 0, SEEK_END);
  if (end > 0 && !log_file_ends_line(&copy->log, end)) {
    int64_t rest = pipe_rest_of_line(helper, copy->slot.fd, &ends);
    int64_t max = copy->log.max;
    copy->log.max = 0;
    if (ends) copy_move(helper, copy, (uint64_t)rest, 0, &result);
    copy->log.max = max;
  }
  log_file_close(&copy->log);
  copy->plain = false;
  return NULL;
}

static void put_number(struct helper *helper, int at, uint64_t value) {
  helper->numbers[at] = (int32_t)(uint32_t)value;
  helper->numbers[at + 1] = (int32_t)(uint32_t)(value >> 32);
}

/* Of what no event tells, and JavaScript has not asked for before. */
static void put_dropped(struct helper *helper, struct dropping *dropping, int at) {
  uint64_t bytes, lines;
  dropping_ask(dropping, &bytes, &lines);
  put_number(helper, at, bytes);
  put_number(helper, at + 2, lines);
}

/* copyNews(id, take): what has happened since it was taken last, in the shared numbers; src/sys/native.ts has their order. */
static napi_value copy_news(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct copy *copy = slot_find(helper, argument_int(&arguments, 0), &copy_class);
  if (copy == NULL) return return_int(env, 0);
  struct log_file *log = &copy->log;
  struct dropping *dropping = &copy->dropping;
  uint64_t bytes = dropping_untold(dropping);
  if (log->set_aside == 0 && log->trouble == 0 && bytes == 0) return return_int(env, 0);
  if (argument_int(&arguments, 1) == 0) return return_int(env, 1);
  helper->numbers[0] = (int32_t)log->set_aside;
  helper->numbers[1] = log->trouble;
  put_dropped(helper, dropping, 2);
  log->set_aside = 0;
  log->trouble = 0;
  copy->news = false;
  return return_int(env, 1);
}

/* toldDropped(id): an event tells of all that `copyNews` or `giveUpCopy` said. */
static napi_value copy_told_dropped(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  if (copy != NULL) dropping_told(&copy->dropping);
  return NULL;
}

/* giveUpCopy(id): takes out of the pipe what is left there, and counts it; bytes and lines that nothing has told of yet in the shared numbers. */
static napi_value copy_give_up(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct copy *copy = slot_find(helper, argument_int(&arguments, 0), &copy_class);
  if (copy == NULL) return NULL;
  dropping_take(helper, &copy->dropping, copy->slot.fd, (uint64_t)pipe_waiting(copy->slot.fd));
  dropping_settle(&copy->dropping);
  put_dropped(helper, &copy->dropping, 0);
  return NULL;
}

/* tallyCopy(id, memory): counts there what it drops, and goes on with what an earlier program did. 0 or a failure. */
static napi_value copy_tally(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct helper *helper = arguments.helper;
  struct copy *copy = slot_find(helper, argument_int(&arguments, 0), &copy_class);
  if (copy == NULL) return return_int(env, failure(CALL_MMAP, EBADF));
  int result = dropping_share(helper, &copy->dropping, &copy->log, argument_int(&arguments, 1));
  copy->news |= dropping_untold(&copy->dropping) > 0;
  return return_int(env, result);
}

/* copyFile(id): the descriptor of the file that it writes to, -1 where none is open. */
static napi_value copy_file(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  return return_int(env, copy == NULL ? -1 : copy->log.fd);
}

/* isDropping(id): 1 where what comes is dropped at present. */
static napi_value copy_is_dropping(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  return return_int(env, copy != NULL && copy->dropping.active && copy->dropping.wanted);
}

/* makeTally(): a descriptor of memory for a tally, or a failure. */
static napi_value make_tally(napi_env env, napi_callback_info info) {
  (void)info;
  return return_int(env, tally_make());
}

static napi_value copy_count(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  return return_int(env, copy == NULL ? 0 : (int64_t)copy->copied);
}

/* tellCopy(id, wanted): whether EVENT_COPY is to tell of each time bytes have come to the file. */
static napi_value copy_tell(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  if (copy != NULL) copy->told = argument_int(&arguments, 1) != 0;
  return NULL;
}

static napi_value copy_close(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  read_arguments(env, info, &arguments);
  struct copy *copy = slot_find(arguments.helper, argument_int(&arguments, 0), &copy_class);
  if (copy != NULL) slot_free(arguments.helper, &copy->slot);
  return NULL;
}

const struct function copy_functions[] = {
    {"copy", copy_start},           {"drainCopy", copy_drain}, {"copiedBytes", copy_count},
    {"closeCopy", copy_close},      {"tellCopy", copy_tell},   {"limitCopy", copy_limit},
    {"reopenCopy", copy_reopen},    {"copyNews", copy_news},   {"tallyCopy", copy_tally},
    {"makeTally", make_tally},      {"toldDropped", copy_told_dropped}, {"giveUpCopy", copy_give_up},
    {"isDropping", copy_is_dropping}, {"copyFile", copy_file},
    {NULL, NULL},
};
