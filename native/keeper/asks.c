/* Requests of archond: each is carried out or refused, and answered once. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "keeper.h"

static struct { bool any; struct ask ask; int after; uint64_t count; } listing;

bool kept_listing(void) { return listing.any; }
void kept_listing_stop(void) { listing.any = false; }

void kept_listing_go_on(void) {
  while (listing.any) {
    struct { struct ask_name head; char name[NAME_MAX_BYTES]; } kept;
    size_t bytes;
    int fd;
    int slot = kept_next(listing.after, kept.name, &bytes, &fd);
    if (slot < 0) {
      listing.any = false;
      answer_done(&listing.ask, listing.count);
      return;
    }
    memset(&kept.head, 0, sizeof kept.head);
    kept.head.head.type = TELL_KEPT;
    kept.head.head.id = listing.ask.as.head.id;
    kept.head.name_bytes = (uint32_t)bytes;
    if (!channel_send(&kept, sizeof kept.head + bytes, fd)) return;
    listing.after = slot;
    listing.count++;
  }
}

static int send_to(const struct ask_signal *want, int signal) {
  if (want->scope == SCOPE_TREE) return tree_signal(want->index, signal);
  return signal_main(want->index, signal, want->scope == SCOPE_GROUP);
}

static void ask_signal(struct ask *ask) {
  const struct ask_signal *want = &ask->as.signal;
  if (ask->bytes != sizeof *want || want->signal > 64 || want->scope > SCOPE_TREE ||
      want->wake > 1) {
    answer_refused(ask, EINVAL, STAGE_NONE);
    return;
  }
  if (!names_entry(want->index, want->generation)) {
    answer_refused(ask, ESRCH, STAGE_NONE);
    return;
  }
  int sent = send_to(want, (int)want->signal);
  if (sent < 0) answer_refused(ask, errno, STAGE_NONE);
  else answer_done(ask, (uint64_t)sent);
  if (sent > 0 && want->wake != 0) send_to(want, SIGCONT);
}

static void ask_kill(struct ask *ask) {
  if (!names_entry(ask->as.entry.index, ask->as.entry.generation)) {
    answer_refused(ask, ESRCH, STAGE_NONE);
    return;
  }
  answer_done(ask, 1);
  tree_kill(ask->as.entry.index);
}

static void ask_free(struct ask *ask) {
  uint32_t index = ask->as.entry.index;
  if (!names_entry(index, ask->as.entry.generation)) {
    answer_refused(ask, ESRCH, STAGE_NONE);
    return;
  }
  struct table_entry *entry = &keeper.entries[index];
  uint64_t acknowledged = __atomic_load_n(&entry->ack_word, __ATOMIC_ACQUIRE);
  /* What archond has not been told of in this epoch it has read in the table: the ack word decides. */
  bool answered = (slots[index].untold & UNTOLD_SPAWNED) == 0;
  if (state_of(index) != ENTRY_EMPTY || acknowledged != entry->state_word || !answered) {
    answer_refused(ask, EBUSY, STAGE_NONE);
    return;
  }
  tell_drop(index);
  table_free(index);
  answer_done(ask, 0);
}

static bool has_name(const struct ask *ask) {
  const struct ask_name *want = &ask->as.name;
  return ask->bytes > sizeof *want && want->name_bytes > 0 && want->name_bytes <= NAME_MAX_BYTES &&
         ask->bytes == sizeof *want + want->name_bytes;
}

static void ask_store(struct ask *ask) {
  if (!has_name(ask) || ask->fd_count != 1) {
    answer_refused(ask, EINVAL, STAGE_NONE);
    return;
  }
  const struct ask_name *want = &ask->as.name;
  const char *name = (const char *)want + sizeof *want;
  int error = kept_store(name, want->name_bytes, ask->fds[0], (want->flags & 1) != 0);
  ask->fds[0] = -1;
  if (error != 0) answer_refused(ask, error, STAGE_NONE);
  else answer_done(ask, kept_count());
}

static void ask_drop(struct ask *ask) {
  const struct ask_name *want = &ask->as.name;
  int error = has_name(ask) ? kept_drop((const char *)want + sizeof *want, want->name_bytes) : EINVAL;
  if (error != 0) answer_refused(ask, error, STAGE_NONE);
  else answer_done(ask, kept_count());
}

static void ask_kept(struct ask *ask) {
  listing.any = true;
  listing.ask.as.head = ask->as.head;
  listing.after = -1;
  listing.count = 0;
  kept_listing_go_on();
}

static void ask_signal_done(struct ask *ask) {
  const struct ask_signal_done *want = &ask->as.signal_done;
  if (ask->bytes != sizeof *want) {
    answer_refused(ask, EINVAL, STAGE_NONE);
    return;
  }
  signals_noted(want->signal, want->count);
  answer_done(ask, 0);
}

void carry_out(struct ask *ask) {
  uint16_t type = ask->as.head.type;
  if ((type == ASK_KILL || type == ASK_FREE) && ask->bytes != sizeof ask->as.entry) {
    answer_refused(ask, EINVAL, STAGE_NONE);
    return;
  }
  switch ((enum message_type)type) {
    case ASK_HELLO: ask_hello(ask); return;
    case ASK_SPAWN: ask_spawn(ask); return;
    case ASK_SIGNAL: ask_signal(ask); return;
    case ASK_KILL: ask_kill(ask); return;
    case ASK_FREE: ask_free(ask); return;
    case ASK_STORE: ask_store(ask); return;
    case ASK_DROP: ask_drop(ask); return;
    case ASK_KEPT: ask_kept(ask); return;
    case ASK_SIGNAL_DONE: ask_signal_done(ask); return;
    case ASK_BEAT: answer_done(ask, 0); return; /* it was heard, as is every message */
    case ASK_READY:
      answer_done(ask, 0);
      if (!channel_draining()) archond_ready();
      return;
    case ASK_QUIT:
      answer_done(ask, 0);
      quit_begin(ask->bytes == sizeof ask->as.quit ? (int)(ask->as.quit.code & 0xff) : 1);
      return;
    default: answer_refused(ask, EOPNOTSUPP, STAGE_NONE); return;
  }
}
