/*
 * An archond that hangs: whatever it sends counts as a sign of life, and it sends something every ten
 * seconds. Silence is counted in looks, each after half the time that it may take, on a clock that stands
 * still while the machine is suspended. One look proves nothing: the keeper may have been stopped itself
 * (SIGSTOP, a frozen cgroup) and have slept through what archond had no chance to say. The second one does, since it
 * comes only after the keeper has been awake, and has read its channel, for half of that time.
 */
#include "keeper.h"

#define LOOKS 2u
#define MS 1000000ull

static uint64_t look_at_ns;
static uint32_t silent_looks;

static void look_again(uint64_t now) { look_at_ns = now + keeper.silence_ms * MS / LOOKS; }

static bool is_watched(void) { return keeper.archond != 0 && keeper.silence_ms != 0 && !keeper.quitting; }

void watchdog_begin(uint64_t now) {
  silent_looks = 0;
  keeper.archond_heard = false;
  look_again(now);
}

void watchdog_tick(uint64_t now) {
  if (!is_watched()) return;
  /* While what it was to be answered cannot be sent for want of memory, nothing is read either. */
  if (keeper.archond_heard || channel_next() != UINT64_MAX) {
    watchdog_begin(now);
    return;
  }
  if (now < look_at_ns) return;
  silent_looks++;
  look_again(now);
  if (silent_looks < LOOKS) return;
  if (silent_looks == LOOKS) say("archond says nothing any more: it is killed");
  kill_archond();
}

uint64_t watchdog_next(void) { return is_watched() ? look_at_ns : UINT64_MAX; }

bool watchdog_killed(void) { return silent_looks >= LOOKS; }
