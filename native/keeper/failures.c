/*
 * Archonds that do not come up. After five of them in a row within a minute the next one is started with
 * --safe, and so is every further one of this keeper's life: an operator has to look. Time for which a hanging one was
 * only waited for does not count.
 *
 * Safe means to go on in any case; that what the journal got last is not read belongs to it only where that
 * may be the reason. So it is said to the first of the safe ones only, and not where a predecessor was killed
 * by somebody else: who does that, however often, must not lose anything by it.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "keeper.h"

#define FAILURES 5
#define WITHIN_NS 60000000000ull
#define MS 1000000ull

static struct { uint64_t at_ns; bool by_itself; } failures[FAILURES]; /* the oldest first */
static int count;
static uint64_t waited_ns;
static struct ended last;
static bool safe, set_aside;

struct ended failures_last(void) { return last; }
bool failures_safe(void) { return safe; }
bool failures_set_aside(void) { return set_aside; }

static void add(uint64_t at_ns, bool by_itself) {
  if (count == FAILURES) memmove(failures, failures + 1, sizeof failures - sizeof failures[0]);
  else count++;
  failures[count - 1].at_ns = at_ns;
  failures[count - 1].by_itself = by_itself;
}

static bool all_by_themselves(void) {
  for (int i = 0; i < count; i++)
    if (!failures[i].by_itself) return false;
  return true;
}

void failures_note(const struct ended *ended, uint64_t now, bool was_ready) {
  last = *ended;
  set_aside = false;
  if (was_ready) {
    count = 0;
    return;
  }
  if (ended->silent) waited_ns += keeper.silence_ms * MS;
  bool by_another = ended->kind == CLD_KILLED && ended->status == SIGKILL && !ended->silent;
  add(now - waited_ns, !by_another);
  if (safe || count < FAILURES || now - waited_ns - failures[0].at_ns > WITHIN_NS) return;
  safe = true;
  set_aside = all_by_themselves();
  say("archond does not come up: it is started with --safe%s",
      set_aside ? ", without what its journal got last" : "");
}
