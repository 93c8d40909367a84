/*
 * Signals come in through a signalfd. Those that are meant for the deciding part are counted, told,
 * and told again to each successor of archond until one says that it has noted them.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "keeper.h"

static const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPWR, SIGWINCH};
#define FORWARDED (sizeof forwarded / sizeof *forwarded)
static struct { uint64_t came, told, noted; } counts[FORWARDED];

bool signals_setup(void) {
  struct sigaction usual;
  memset(&usual, 0, sizeof usual);
  usual.sa_handler = SIG_DFL;
  /* Children inherit dispositions: here they are put right once for all of them. */
  for (int signal = 1; signal <= 64; signal++) sigaction(signal, &usual, NULL);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  for (size_t i = 0; i < FORWARDED; i++) sigaddset(&wanted, forwarded[i]);
  keeper.signals = raise_fd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  return keeper.signals >= 0 && watch(keeper.signals, EPOLLIN, WATCH(WATCH_SIGNALS, 0));
}

static void came(uint32_t signal) {
  for (size_t i = 0; i < FORWARDED; i++)
    if ((uint32_t)forwarded[i] == signal) counts[i].came++;
  /* Before the first archond has come up there is nothing to bring down in order. */
  bool ends = signal == SIGTERM || signal == SIGINT;
  if (ends && !keeper.was_ready && !keeper.channel_greeted && keeper.alive == 0 && !keeper.quitting) {
    say("ended by signal %u before the supervisor was up", signal);
    quit_begin(128 + (int)signal);
    kill_archond();
  }
}

void signals_readable(void) {
  struct signalfd_siginfo infos[16];
  bool children = false;
  for (;;) {
    ssize_t got = read(keeper.signals, infos, sizeof infos);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (size_t i = 0; i < (size_t)got / sizeof *infos; i++) {
      if (infos[i].ssi_signo == SIGCHLD) children = true;
      else came(infos[i].ssi_signo);
    }
  }
  if (children) reap_children();
  signals_tell();
}

void signals_tell(void) {
  for (size_t i = 0; i < FORWARDED; i++) {
    if (!keeper.channel_greeted || keeper.channel_full) return;
    if (counts[i].told == counts[i].came) continue;
    struct tell_signal told = {
        .head = {.type = TELL_SIGNAL}, .count = counts[i].came, .signal = (uint32_t)forwarded[i]};
    if (!channel_send(&told, sizeof told, -1)) return;
    counts[i].told = counts[i].came;
  }
}

void signals_noted(uint32_t signal, uint64_t count) {
  for (size_t i = 0; i < FORWARDED; i++)
    if ((uint32_t)forwarded[i] == signal && count > counts[i].noted && count <= counts[i].came)
      counts[i].noted = count;
}

void signals_new_epoch(void) {
  for (size_t i = 0; i < FORWARDED; i++) counts[i].told = counts[i].noted;
  signals_tell();
}
