/* A terminal: its size, and its keys one by one for a program that fills its screen (termios(3)). */
#include "helper.h"

#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* terminalColumns(descriptor): those of the terminal, 0 where it does not know them; -1 where it is no terminal. */
static napi_value terminal_columns(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  struct winsize size;
  read_arguments(env, info, &arguments);
  return return_int(env, ioctl(argument_int(&arguments, 0), TIOCGWINSZ, &size) < 0 ? -1 : size.ws_col);
}

/* terminalRows(descriptor): likewise. */
static napi_value terminal_rows(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  struct winsize size;
  read_arguments(env, info, &arguments);
  return return_int(env, ioctl(argument_int(&arguments, 0), TIOCGWINSZ, &size) < 0 ? -1 : size.ws_row);
}

/*
 * takeTerminal(descriptor): keys come one by one and unshown from now on, those that are signals still as signals.
 * How it was, as bytes for leaveTerminal, or a failure. Whoever is in the background is stopped first (SIGTTOU).
 */
static napi_value take_terminal(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  struct termios found, wanted;
  napi_value result = NULL;
  void *copy;
  read_arguments(env, info, &arguments);
  int fd = argument_int(&arguments, 0);
  if (tcgetattr(fd, &found) < 0) return return_int(env, failed(CALL_TCSETATTR));
  wanted = found;
  wanted.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
  wanted.c_iflag &= ~(tcflag_t)IXON;
  wanted.c_cc[VMIN] = 1;
  wanted.c_cc[VTIME] = 0;
  int set;
  do set = tcsetattr(fd, TCSADRAIN, &wanted);
  while (set < 0 && errno == EINTR);
  if (set < 0) return return_int(env, failed(CALL_TCSETATTR));
  napi_create_buffer_copy(env, sizeof found, &found, &copy, &result);
  return result;
}

/*
 * leaveTerminal(descriptor, bytes): it is as takeTerminal found it; 0 or a failure. Keys that nobody has read are
 * dropped: they were not meant for who reads next. Where this program is in the background the terminal is another's,
 * and left alone.
 */
static napi_value leave_terminal(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  struct termios found;
  size_t length;
  read_arguments(env, info, &arguments);
  int fd = argument_int(&arguments, 0);
  const uint8_t *bytes = argument_bytes(&arguments, 1, &length);
  if (bytes == NULL || length != sizeof found) return return_int(env, failure(CALL_TCSETATTR, EINVAL));
  memcpy(&found, bytes, sizeof found);
  pid_t foreground = tcgetpgrp(fd);
  if (foreground >= 0 && foreground != getpgrp()) return return_int(env, 0);
  int set;
  do set = tcsetattr(fd, TCSAFLUSH, &found);
  while (set < 0 && errno == EINTR);
  return return_int(env, set < 0 ? failed(CALL_TCSETATTR) : 0);
}

const struct function terminal_functions[] = {
    {"terminalColumns", terminal_columns}, {"terminalRows", terminal_rows}, {"takeTerminal", take_terminal},
    {"leaveTerminal", leave_terminal}, {NULL, NULL},
};
