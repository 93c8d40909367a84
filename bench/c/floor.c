/*
 * floor SOCKET: the least that a supervisor can be: posix_spawn, epoll, a signalfd, and a few verbs of the protocol
 * (Version, Run, StartDaemon with @label and @restart=always, List, Status, Stop of all). It looks at nothing twice,
 * logs nothing, remembers nothing. What stands beside it in the table is measured in its terms.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_UNITS 16384
#define MAX_WORDS 16
#define MAX_REAPED 64
#define BUFFER 1048576

struct unit {
  char label[64];
  char *words[MAX_WORDS];
  pid_t pid;
  int client; /* who waits for the end of a Run, or -1 */
  bool again;
};

extern char **environ;
static struct unit units[MAX_UNITS];
static int unit_count, alive, stop_client = -1, epoll;
static int by_pid[4194304 / 4]; /* index + 1, by the pid modulo its length */
static posix_spawn_file_actions_t actions;
static posix_spawnattr_t attributes;
static char out[BUFFER];
static size_t out_length;

static int *place_of(pid_t pid) { return &by_pid[(unsigned)pid % (sizeof by_pid / sizeof *by_pid)]; }

static void flush(int client) {
  for (size_t at = 0; at < out_length;) {
    ssize_t sent = send(client, out + at, out_length - at, MSG_NOSIGNAL);
    if (sent < 0) break;
    at += (size_t)sent;
  }
  out_length = 0;
}

static void say(const char *text) {
  size_t length = strlen(text);
  if (out_length + length > BUFFER) abort();
  memcpy(out + out_length, text, length);
  out_length += length;
}

static bool spawn(struct unit *unit) {
  if (posix_spawnp(&unit->pid, unit->words[0], &actions, &attributes, unit->words, environ) != 0) return false;
  *place_of(unit->pid) = (int)(unit - units) + 1;
  alive++;
  return true;
}

/* Words at blanks: the floor knows no quoting. */
static void take_words(struct unit *unit, char *text) {
  int count = 0;
  char *rest = strdup(text);
  for (char *word = strsep(&rest, " "); word != NULL && count < MAX_WORDS - 1; word = strsep(&rest, " ")) {
    if (*word != 0) unit->words[count++] = word;
  }
  unit->words[count] = NULL;
}

static void carry_out(int client, char *line) {
  char *verb = strsep(&line, ","), text[256];
  if (strcmp(verb, "Version") == 0) {
    say("Ok,floor,1,1\n");
  } else if (strcmp(verb, "Run") == 0 || strcmp(verb, "StartDaemon") == 0) {
    static struct unit run;
    bool is_run = verb[0] == 'R';
    if (unit_count == MAX_UNITS) abort();
    struct unit *unit = is_run ? &units[MAX_UNITS - 1] : &units[unit_count++];
    *unit = run;
    unit->client = is_run ? client : -1;
    take_words(unit, strsep(&line, ","));
    for (char *option; (option = strsep(&line, ",")) != NULL;) {
      if (strncmp(option, "@label=", 7) == 0) snprintf(unit->label, sizeof unit->label, "%s", option + 7);
      if (strcmp(option, "@restart=always") == 0) unit->again = true;
    }
    if (!spawn(unit)) say("Error,cannot run it,exec-failed\n");
    else if (!is_run) say("Ok\n");
  } else if (strcmp(verb, "List") == 0) {
    for (int i = 0; i < unit_count; i++) {
      snprintf(text, sizeof text, "Unit,%.63s,running,%d,,,,,\n", units[i].label, units[i].pid);
      say(text);
    }
    snprintf(text, sizeof text, "Ok,%d\n", unit_count);
    say(text);
  } else if (strcmp(verb, "Status") == 0) {
    int i = 0;
    while (i < unit_count && strcmp(units[i].label, line) != 0) i++;
    snprintf(text, sizeof text, "Field,state,running\nField,pid,%d\nOk\n", i < unit_count ? units[i].pid : 0);
    say(text);
  } else if (strcmp(verb, "Stop") == 0) {
    stop_client = client;
    for (int i = 0; i < unit_count; i++) {
      units[i].again = false;
      if (units[i].pid != 0) kill(units[i].pid, SIGTERM);
    }
  } else {
    say("Error,no such verb,unknown-verb\n");
  }
}

/* Reaps a few, and tells whether there may be more: where many die as fast as they are made, clients have their turn too. */
static bool reap(void) {
  int status, reaped = 0;
  for (pid_t pid; reaped < MAX_REAPED && (pid = waitpid(-1, &status, WNOHANG)) > 0; reaped++) {
    int *place = place_of(pid);
    struct unit *unit = &units[*place - 1];
    *place = 0;
    alive--;
    unit->pid = 0;
    if (unit->again) spawn(unit);
    if (unit->client < 0) continue;
    char text[64];
    snprintf(text, sizeof text, "ExitStatus,%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    say(text);
    flush(unit->client);
    unit->client = -1;
  }
  if (alive == 0 && stop_client >= 0) {
    char text[64];
    snprintf(text, sizeof text, "Ok,%d\n", unit_count);
    say(text);
    flush(stop_client);
    stop_client = -1;
    unit_count = 0;
  }
  return reaped == MAX_REAPED;
}

/* One client at a time is enough for the bench; each has its buffer by its number. */
static void serve(int client) {
  static char buffers[64][BUFFER];
  static size_t lengths[64];
  if (client >= 64) abort();
  ssize_t got = recv(client, buffers[client] + lengths[client], BUFFER - lengths[client], MSG_DONTWAIT);
  /* The event may be of a client that was here before under the same number. */
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    lengths[client] = 0;
    close(client);
    return;
  }
  size_t length = lengths[client] + (size_t)got;
  char *begin = buffers[client], *end;
  while ((end = memchr(begin, '\n', length - (size_t)(begin - buffers[client]))) != NULL) {
    *end = 0;
    carry_out(client, begin);
    if (out_length > BUFFER / 2) flush(client);
    begin = end + 1;
  }
  flush(client);
  lengths[client] = length - (size_t)(begin - buffers[client]);
  memmove(buffers[client], begin, lengths[client]);
}

static void watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **words) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  sigset_t mask, none;
  if (count != 2 || snprintf(address.sun_path, sizeof address.sun_path, "%s.new", words[1]) >=
                        (int)sizeof address.sun_path) {
    return 2;
  }
  sigemptyset(&none);
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  sigprocmask(SIG_BLOCK, &mask, NULL);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (bind(listening, (struct sockaddr *)&address, sizeof address) < 0 || listen(listening, 64) < 0) return 1;
  /* Whoever waits for the file may connect as soon as it is there. */
  if (rename(address.sun_path, words[1]) < 0) return 1;
  watch(signals);
  watch(listening);
  for (bool more = false;;) {
    struct epoll_event events[16];
    struct signalfd_siginfo info[16];
    int ready = epoll_wait(epoll, events, 16, more ? 0 : -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == signals) more = read(signals, info, sizeof info) > 0 || more;
      else if (fd == listening) watch(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
      else serve(fd);
    }
    if (more) more = reap();
  }
}
