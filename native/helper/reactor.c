#include "helper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Why an epoll of our own inside libuv's, and not a uv_poll_t for each descriptor: only so can
 * one wait for a hang-up and nothing else (libuv merges what was asked for into it), which a
 * paused connection and an unreaped process need; and 10,000 idle connections cost little.
 */

/* The few functions of libuv that are needed, declared here because its header may be absent. */
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_handle_s uv_handle_t;
size_t uv_handle_size(int type);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, void (*ready)(uv_poll_t *, int, int));
int uv_poll_stop(uv_poll_t *handle);
void uv_close(uv_handle_t *handle, void (*closed)(uv_handle_t *));
void *uv_handle_get_data(const uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
#define UV_POLL 8
#define UV_READABLE 1

/* Descriptors that are served before libuv gets its turn again. */
#define EVENTS_A_ROUND 128

static void on_ready(uv_poll_t *handle, int status, int events) {
  struct helper *helper = uv_handle_get_data((uv_handle_t *)handle);
  struct epoll_event ready[EVENTS_A_ROUND];
  (void)status;
  (void)events;
  helper->moved_bytes = 0;
  int count = epoll_wait(helper->epoll, ready, EVENTS_A_ROUND, 0);
  for (int i = 0; i < count; i++) {
    uint32_t id = (uint32_t)ready[i].data.u64;
    if (!slot_lives(helper, id, (uint32_t)(ready[i].data.u64 >> 32))) continue;
    struct slot *slot = helper->slots[id];
    /* What was asked for may have changed since the round began (a pause by another one's callback). */
    uint32_t wanted = ready[i].events & (slot->events | EPOLLHUP | EPOLLERR);
    if (slot->watched && wanted != 0) slot->kind->ready(helper, slot, wanted);
  }
}

int reactor_open(struct helper *helper) {
  struct uv_loop_s *loop = NULL;
  for (int i = 0; i < RESERVE_COUNT; i++) helper->reserve[i] = -1;
  helper->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (helper->epoll < 0) return failed(CALL_EPOLL);
  helper->poll = malloc(uv_handle_size(UV_POLL));
  if (helper->poll == NULL || napi_get_uv_event_loop(helper->env, &loop) != napi_ok ||
      uv_poll_init(loop, helper->poll, helper->epoll) != 0) {
    free(helper->poll);
    close(helper->epoll);
    return failure(CALL_EPOLL, EINVAL);
  }
  uv_handle_set_data(helper->poll, helper);
  return 0;
}

static void on_closed(uv_handle_t *handle) {
  struct helper *helper = uv_handle_get_data(handle);
  close(helper->epoll);
  free(helper->poll);
  free(helper->slots);
  free(helper->free_ids);
  helper->closed(helper);
}

void reactor_close(struct helper *helper, void (*done)(struct helper *)) {
  for (uint32_t id = 0; id < helper->slot_count; id++) {
    if (helper->slots[id] != NULL) slot_free(helper, helper->slots[id]);
  }
  reserve_release(helper);
  helper->closed = done;
  uv_close(helper->poll, on_closed);
}

static bool grow(struct helper *helper) {
  uint32_t count = helper->slot_count == 0 ? 64 : helper->slot_count * 2;
  struct slot **slots = realloc(helper->slots, count * sizeof *slots);
  if (slots == NULL) return false;
  helper->slots = slots;
  uint32_t *ids = realloc(helper->free_ids, count * sizeof *ids);
  if (ids == NULL) return false;
  helper->free_ids = ids;
  for (uint32_t id = count; id-- > helper->slot_count;) {
    slots[id] = NULL;
    ids[helper->free_id++] = id;
  }
  helper->slot_count = count;
  return true;
}

void *slot_new(struct helper *helper, const struct slot_class *kind, size_t bytes, int fd) {
  if (helper->free_id == 0 && !grow(helper)) return NULL;
  struct slot *slot = calloc(1, bytes);
  if (slot == NULL) return NULL;
  slot->kind = kind;
  slot->fd = fd;
  slot->id = helper->free_ids[--helper->free_id];
  slot->turn = ++helper->next_turn;
  helper->slots[slot->id] = slot;
  return slot;
}

void *slot_find(struct helper *helper, int32_t id, const struct slot_class *kind) {
  if (id < 0 || (uint32_t)id >= helper->slot_count) return NULL;
  struct slot *slot = helper->slots[id];
  return slot != NULL && slot->kind == kind ? slot : NULL;
}

bool slot_lives(const struct helper *helper, uint32_t id, uint32_t turn) {
  return id < helper->slot_count && helper->slots[id] != NULL && helper->slots[id]->turn == turn;
}

int slot_watch(struct helper *helper, struct slot *slot, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)slot->turn << 32 | slot->id};
  if (slot->watched && slot->events == events) return 0;
  if (epoll_ctl(helper->epoll, slot->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, slot->fd, &event) < 0) {
    return failed(CALL_EPOLL);
  }
  slot->events = events;
  if (slot->watched) return 0;
  slot->watched = true;
  /* What is watched keeps the loop alive, and nothing else does. */
  if (helper->watched++ == 0) uv_poll_start(helper->poll, UV_READABLE, on_ready);
  return 0;
}

void slot_unwatch(struct helper *helper, struct slot *slot) {
  if (!slot->watched) return;
  epoll_ctl(helper->epoll, EPOLL_CTL_DEL, slot->fd, NULL);
  slot->watched = false;
  slot->events = 0;
  if (--helper->watched == 0) uv_poll_stop(helper->poll);
}

void slot_free(struct helper *helper, struct slot *slot) {
  slot_unwatch(helper, slot);
  slot->kind->discard(helper, slot);
  helper->slots[slot->id] = NULL;
  helper->free_ids[helper->free_id++] = slot->id;
  free(slot);
}

void reserve_take(struct helper *helper) {
  if (helper->reserved) return;
  for (int i = 0; i < RESERVE_COUNT; i++) {
    if (helper->reserve[i] < 0) helper->reserve[i] = fcntl(helper->epoll, F_DUPFD_CLOEXEC, 3);
    if (helper->reserve[i] < 0) return;
  }
  helper->reserved = true;
}

void reserve_release(struct helper *helper) {
  for (int i = 0; i < RESERVE_COUNT; i++) {
    if (helper->reserve[i] >= 0) close(helper->reserve[i]);
    helper->reserve[i] = -1;
  }
  helper->reserved = false;
}
