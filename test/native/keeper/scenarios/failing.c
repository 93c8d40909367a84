/*
 * failing HOW: peers that do not come up, and when the keeper adds `--safe` for those after them. HOW they fail:
 * broken (code 70), killed (by somebody else), hanging; answering: they come up, now and then.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/peer.h"

#define MOST 5

static const char *how;
static bool safe;

static void __attribute__((noreturn)) fail(void) {
  if (strcmp(how, "killed") == 0) raise(SIGKILL);
  while (strcmp(how, "hanging") == 0) pause();
  _exit(70);
}

/* The sixth is the first safe one, and fails too; the seventh answers; the eighth is the last. */
static void after_failures(void) {
  CHECK(safe == (peer.epoch > MOST), "epoch %llu", (unsigned long long)peer.epoch);
  bool is_first = peer.epoch == MOST + 1;
  CHECK((peer.welcome.set_aside == 1) == (is_first && strcmp(how, "killed") != 0), "epoch %llu",
        (unsigned long long)peer.epoch);
  if (peer.epoch <= MOST + 1) fail();
  if (peer.epoch == MOST + 2) {
    peer_simple(ASK_READY);
    raise(SIGKILL);
  }
  CHECK(peer.welcome.ended_kind == CLD_KILLED && peer.welcome.ended_status == SIGKILL &&
            peer.welcome.silent == 0,
        "the end of the one before");
}

/* Each fifth one answers before it fails: none of the others is ever the fifth in a row. */
static void now_and_then(void) {
  CHECK(!safe && peer.welcome.set_aside == 0, "epoch %llu", (unsigned long long)peer.epoch);
  if (peer.epoch > 1)
    CHECK(peer.welcome.ended_kind == CLD_EXITED && peer.welcome.ended_status == 70, "the end before");
  if (peer.epoch == 4 * MOST) return;
  if (peer.epoch % MOST == 0) peer_simple(ASK_READY);
  fail();
}

int main(int argc, char **argv) {
  CHECK(argc == 2 || argc == 3, "%d arguments", argc);
  how = argv[1];
  safe = argc == 3;
  CHECK(!safe || strcmp(argv[2], "--safe") == 0, "%s", argv[2]);
  peer_open();
  if (strcmp(how, "answering") == 0) now_and_then();
  else after_failures();
  print("{\"epochs\":%llu}", (unsigned long long)peer.epoch);
  peer_end(0);
}
