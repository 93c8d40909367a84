/*
 * silent FILE: peers that say nothing any more are killed, those that do are not, and nobody is because the keeper
 * itself has stood still. FILE holds what each of them has left behind; the keeper waits for $SILENCE milliseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/peer.h"

#define MS 1000000ull

static struct { uint64_t began, last_word, survived; } *left; /* by epoch */
static uint64_t silence_ns;

static void beat(void) {
  left[peer.epoch].last_word = clock_ns();
  peer_simple(ASK_BEAT);
}

static void rest(uint64_t ns) { poll(NULL, 0, (int)(ns / MS)); }

static void __attribute__((noreturn)) hang(void) {
  for (;;) pause();
}

/* The one before was killed for its silence, and not before that had been long enough. */
static void check_silent(uint64_t epoch) {
  CHECK(peer.welcome.silent == 1 && peer.welcome.ended_kind == CLD_KILLED &&
            peer.welcome.ended_status == SIGKILL,
        "%u: %u, %u", peer.welcome.silent, peer.welcome.ended_kind, peer.welcome.ended_status);
  uint64_t waited = left[epoch + 1].began - left[epoch].last_word;
  CHECK(waited >= silence_ns, "killed after %llu ns", (unsigned long long)waited);
}

/* As long as it says something it lives on; then it hangs in the midst of its work. */
static void __attribute__((noreturn)) talk_and_hang(void) {
  CHECK(peer.welcome.ended_kind == 0 && peer.welcome.silent == 0, "the first one");
  peer_simple(ASK_READY);
  uint64_t until = clock_ns() + 3 * silence_ns;
  while (clock_ns() < until) {
    beat();
    rest(silence_ns / 4);
  }
  beat();
  hang();
}

static void __attribute__((noreturn)) stand_still(void) {
  check_silent(1);
  beat();
  raise(SIGSTOP);
  hang();
}

/* It says nothing while the keeper stands still, and speaks again soon after. */
static void __attribute__((noreturn)) outlive_a_stop(void) {
  check_silent(2);
  pid_t keeper_pid = (pid_t)peer.welcome.keeper_pid;
  beat();
  for (int time = 0; time < 3; time++) {
    CHECK(kill(keeper_pid, SIGSTOP) == 0, "stopping the keeper");
    rest(2 * silence_ns);
    CHECK(kill(keeper_pid, SIGCONT) == 0, "waking the keeper");
    rest(silence_ns / 8);
    beat();
  }
  left[peer.epoch].survived = 1;
  left[peer.epoch + 1].last_word = clock_ns(); /* that one is given time from its fork on, which is later */
  raise(SIGKILL);
  hang();
}

int main(int argc, char **argv) {
  uint64_t began = clock_ns();
  CHECK(argc == 2, "%d arguments", argc);
  silence_ns = setting("SILENCE", 0) * MS;
  int fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && ftruncate(fd, 4096) == 0, "%s", argv[1]);
  left = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(left != MAP_FAILED, "mmap");
  if (left[3].survived == 1 && left[4].began == 0) { /* the fourth hangs before it has said a word */
    left[4].began = began;
    hang();
  }
  peer_open();
  left[peer.epoch].began = began;
  if (peer.epoch == 1) talk_and_hang();
  if (peer.epoch == 2) stand_still();
  if (peer.epoch == 3) outlive_a_stop();
  CHECK(peer.epoch == 5, "%llu", (unsigned long long)peer.epoch);
  check_silent(4);
  CHECK(left[3].survived == 1, "the third one was killed");
  print("{\"epochs\":5}");
  peer_end(0);
}
