/*
 * The client of the bench, in C so that it is not what is measured.
 *   gauge ask SOCKET LINE COUNT WINDOW     the line so often, so many unanswered at a time
 *   gauge lines SOCKET FILE                the lines of a file, all at once
 *   gauge wall COUNT COMMAND...            the wall time of a command
 *   gauge back SOCKET PID LINE             kills PID, then asks until there is a closing reply
 * It prints nanoseconds, one number a line; of `ask` with a window above 1 the whole, once. Its last line is the last
 * closing reply.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S 120

extern char **environ;

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int dial(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (sock < 0) fail("socket");
  if (strlen(path) >= sizeof address.sun_path) fail("path");
  strcpy(address.sun_path, path);
  if (connect(sock, (struct sockaddr *)&address, sizeof address) == 0) return sock;
  close(sock);
  return -1;
}

static int is_closing(const char *line) {
  /* Behind a tag. */
  if (*line == '#' && strchr(line, ',') != NULL) line = strchr(line, ',') + 1;
  return strncmp(line, "Ok", 2) == 0 || strncmp(line, "ExitStatus", 10) == 0 || strncmp(line, "Error", 5) == 0;
}

static char last[4096];
static char line_so_far[65536];
static size_t line_length;

/* Reads once; the number of closing replies in what came, -1 at the end. */
static int receive(int sock) {
  static char bytes[262144];
  ssize_t got = read(sock, bytes, sizeof bytes);
  int closing = 0;
  if (got <= 0) return -1;
  for (ssize_t i = 0; i < got; i++) {
    if (bytes[i] != '\n') {
      if (line_length < sizeof line_so_far - 1) line_so_far[line_length++] = bytes[i];
      continue;
    }
    line_so_far[line_length] = 0;
    line_length = 0;
    if (!is_closing(line_so_far)) continue;
    closing++;
    snprintf(last, sizeof last, "%.4000s", line_so_far);
    if (strstr(last, "Error,") == last || strstr(last, ",Error,") != NULL) {
      fprintf(stderr, "%s\n", last);
      exit(1);
    }
  }
  return closing;
}

static void send_all(int sock, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(sock, bytes, length, MSG_NOSIGNAL);
    if (sent < 0) fail("send");
    bytes += sent;
    length -= (size_t)sent;
  }
}

static void ask(const char *path, const char *text, int count, int window) {
  static char lines[1 << 20];
  int sock = dial(path);
  size_t length = strlen(text) + 1;
  if (sock < 0) fail("connect");
  int batch = window;
  if ((size_t)batch * length > sizeof lines) batch = (int)(sizeof lines / length);
  for (int i = 0; i < batch; i++) {
    memcpy(lines + (size_t)i * length, text, length - 1);
    lines[(size_t)(i + 1) * length - 1] = '\n';
  }
  uint64_t began_ns = now_ns();
  for (int done = 0; done < count;) {
    int now = count - done < batch ? count - done : batch;
    uint64_t sent_ns = now_ns();
    send_all(sock, lines, (size_t)now * length);
    for (int answered = 0; answered < now;) {
      int closing = receive(sock);
      if (closing < 0) fail("the connection ended");
      answered += closing;
    }
    done += now;
    if (window == 1) printf("%llu\n", (unsigned long long)(now_ns() - sent_ns));
  }
  if (window > 1) printf("%llu\n", (unsigned long long)(now_ns() - began_ns));
  printf("%s\n", last);
}

static void ask_all(const char *path, const char *file) {
  static char text[1 << 22];
  int opened = open(file, O_RDONLY | O_CLOEXEC), sock = dial(path), left = 0;
  ssize_t length = read(opened, text, sizeof text);
  if (sock < 0 || length <= 0) fail("connect");
  for (ssize_t i = 0; i < length; i++) left += text[i] == '\n';
  uint64_t began_ns = now_ns();
  /* In parts, so that neither side's buffers are full while the other still writes. */
  for (ssize_t at = 0; at < length;) {
    ssize_t end = at;
    int lines = 0;
    for (; end < length && lines < 500; end++) lines += text[end] == '\n';
    send_all(sock, text + at, (size_t)(end - at));
    at = end;
    while (lines > 0) {
      int closing = receive(sock);
      if (closing < 0) fail("the connection ended");
      lines -= closing;
      left -= closing;
    }
  }
  printf("%llu\n%s\n", (unsigned long long)(now_ns() - began_ns), left == 0 ? last : "Error");
}

static void wall(int count, char **command) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  for (int i = 0; i < count; i++) {
    pid_t pid;
    int status;
    uint64_t began_ns = now_ns();
    errno = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
    if (errno != 0) fail(command[0]);
    waitpid(pid, &status, 0);
    printf("%llu\n", (unsigned long long)(now_ns() - began_ns));
    if (status != 0) snprintf(last, sizeof last, "Error,%d", status);
  }
  printf("%s\n", last[0] == 0 ? "Ok" : last);
}

static void back(const char *path, pid_t pid, const char *text) {
  uint64_t began_ns = now_ns();
  if (kill(pid, SIGKILL) < 0) fail("kill");
  for (;;) {
    const struct timespec pause = {0, 200000};
    int sock = dial(path);
    line_length = 0;
    if (sock >= 0) {
      int closing = send(sock, text, strlen(text), MSG_NOSIGNAL) < 0 || send(sock, "\n", 1, MSG_NOSIGNAL) < 0 ? -1 : 0;
      while (closing == 0) closing = receive(sock);
      close(sock);
      if (closing > 0) break;
    }
    if (now_ns() - began_ns > 30000000000u) fail("it did not come back");
    nanosleep(&pause, NULL);
  }
  printf("%llu\n%s\n", (unsigned long long)(now_ns() - began_ns), last);
}

int main(int count, char **words) {
  /* What does not answer shall not hold up the bench for ever. */
  alarm(LIMIT_S);
  if (count == 6 && strcmp(words[1], "ask") == 0) ask(words[2], words[3], atoi(words[4]), atoi(words[5]));
  else if (count == 4 && strcmp(words[1], "lines") == 0) ask_all(words[2], words[3]);
  else if (count >= 4 && strcmp(words[1], "wall") == 0) wall(atoi(words[2]), words + 3);
  else if (count == 5 && strcmp(words[1], "back") == 0) back(words[2], atoi(words[3]), words[4]);
  else return 2;
  return 0;
}
