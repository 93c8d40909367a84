/*
 * signals: what is sent to the keeper reaches the peer, is told again to each successor until one has
 * noted it, and what comes while nobody is there waits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../lib/peer.h"

static const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPWR, SIGWINCH};
static uint64_t counts[65];
static unsigned tells;

static void told(const struct incoming *in) {
  CHECK(in->as.head.type == TELL_SIGNAL && in->as.signal.signal < 65, "type %u", in->as.head.type);
  CHECK(in->as.signal.count > counts[in->as.signal.signal], "a count that does not grow");
  counts[in->as.signal.signal] = in->as.signal.count;
  tells++;
}

static void send_signal(int signal) { CHECK(kill((pid_t)peer.welcome.keeper_pid, signal) == 0, "kill"); }
static void await(int signal, uint64_t count) {
  while (counts[signal] < count) peer_pump(-1);
}

static void note(int signal, uint64_t count) {
  struct ask_signal_done done = {.signal = (uint32_t)signal, .count = count};
  peer_ask(ASK_SIGNAL_DONE, &done, sizeof done, TELL_DONE);
}

static void first(void) {
  for (int i = 0; i < 8; i++) {
    send_signal(forwarded[i]);
    await(forwarded[i], 1);
  }
  send_signal(SIGTERM); /* the second one counts too */
  await(SIGTERM, 2);
  note(SIGTERM, 1);
  note(SIGHUP, 1);
  note(SIGINT, 7); /* none such has come: heeds it not */
  send_signal(SIGTSTP); /* not forwarded: no one stops the keeper so */
  send_signal(SIGALRM);
  CHECK(tells == 9, "%u told", tells);
  raise(SIGKILL);
}

static void second(void) {
  await(SIGTERM, 2);
  await(SIGINT, 1);
  for (int i = 3; i < 8; i++) await(forwarded[i], 1);
  while (peer_pump(0)) {
  }
  CHECK(counts[SIGHUP] == 0 && tells == 7, "SIGHUP was noted, %u told", tells);
  for (int i = 0; i < 8; i++)
    if (forwarded[i] != SIGHUP) note(forwarded[i], counts[forwarded[i]]);
  /* What comes between a death and the next greeting. */
  send_signal(SIGSTOP);
  send_signal(SIGUSR1);
  send_signal(SIGUSR1);
  send_signal(SIGCONT);
  raise(SIGKILL);
}

/* Nothing is noted here. The two came as one: equal signals that wait are one. */
static void third(void) {
  await(SIGUSR1, 2);
  while (peer_pump(0)) {
  }
  CHECK(tells == 1, "%u told", tells);
  raise(SIGKILL);
}

int main(void) {
  peer_open();
  peer.told = told;
  peer_simple(ASK_READY);
  if (peer.epoch == 1) first();
  if (peer.epoch == 2) second();
  if (peer.epoch == 3) third();
  await(SIGUSR1, 2);
  CHECK(tells == 1 && counts[SIGUSR1] == 2, "%u told", tells);
  note(SIGUSR1, 2);
  print("{\"epochs\":%llu}", (unsigned long long)peer.epoch);
  peer_end(0);
}
