/* The loop: everything that happens to the keeper comes in here, one thing after the other. */
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

#include "keeper.h"

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t earlier(uint64_t one, uint64_t other) { return one < other ? one : other; }

static int wait_ms(uint64_t now) {
  if (keeper.reap_again) return 0;
  uint64_t next = earlier(earlier(tree_next(), strays_next()), earlier(archond_next(), channel_next()));
  next = earlier(next, earlier(flights_next(), greeting_next()));
  next = earlier(earlier(next, flights_next()), earlier(follow_next(), former_next()));
  if (next == UINT64_MAX) return -1;
  if (next <= now) return 0;
  uint64_t ms = (next - now + 999999) / 1000000;
  return ms > 60000 ? 60000 : (int)ms;
}

static void handle(const struct epoll_event *event) {
  uint32_t index = (uint32_t)event->data.u64;
  switch ((enum watch_kind)(event->data.u64 >> 32)) {
    case WATCH_SIGNALS:
      signals_readable();
      break;
    case WATCH_CHANNEL:
      if (event->events & EPOLLOUT) channel_writable();
      if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) channel_readable();
      break;
    case WATCH_EXEC:
      exec_readable(index);
      break;
    case WATCH_FLIGHT:
      if (flight_index(index) >= 0) exec_readable((uint32_t)flight_index(index));
      break;
    case WATCH_MINDER:
      minder_readable(index);
      break;
    case WATCH_EVENTS:
      cgroup_readable(index);
      break;
    case WATCH_FOLLOWED:
      follow_readable(index);
      break;
    case WATCH_FORMER:
      former_readable();
      break;
    case WATCH_BEQUEST:
      bequest_readable();
      break;
  }
}

/*
 * An event may be older than what it belongs to: something earlier in the same turn may have freed the
 * entry and given it to another. So no handler trusts its tag; each looks what is there, and never waits.
 */
void run_loop(void) {
  struct epoll_event events[64];
  for (;;) {
    int most_ms = stock_wanting() ? 0 : wait_ms(now_ns());
    if (most_ms != 0) flights_settle();
    int count = epoll_wait(keeper.epoll, events, 64, most_ms);
    if (count < 0 && errno != EINTR) say("epoll_wait: %m");
    if (count == 0 && stock_wanting()) stock_fill();
    for (int i = 0; i < count; i++) {
      handle(&events[i]);
      tell_go_on();
    }
    if (keeper.reap_again) reap_children();
    uint64_t now = now_ns();
    channel_tick(now);
    strays_work(now);
    follow_work(now);
    tree_work(now);
    flights_tick(now);
    former_tick(now);
    archond_tick(now);
    greeting_tick(now);
    tell_go_on();
    if (keeper.quitting) quit_go_on();
  }
}
