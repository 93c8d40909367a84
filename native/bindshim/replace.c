/*
 * One socket in the place of another. dup3(2) changes what one number stands for; but the program may know its
 * socket by other numbers too, and epoll(7) knows it by itself, and forgets it when it is gone. Both are
 * found in /proc; where that is missing, only the number that was named is changed.
 */
#include "bindshim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "keeper/raw.h"

#define THREAD "/proc/thread-self/"
/* Who has more copies or watchers of a socket that is not even bound has it bound by the kernel. */
#define MOST_NUMBERS 16
#define MOST_WATCHES 16
#define READ_BYTES 1024
#define MOST_LINE_BYTES 192

struct watch {
  int epoll, number;
  struct epoll_event event;
  bool is_lifted;
};

struct places {
  const struct wish *wish;
  int with;
  uint64_t inode;
  int numbers[MOST_NUMBERS];
  int number_count;
  struct watch watches[MOST_WATCHES];
  int watch_count;
  bool is_too_much; /* or it takes too long */
};

static bool has_number(const struct places *places, int number) {
  for (int i = 0; i < places->number_count; i++)
    if (places->numbers[i] == number) return true;
  return false;
}

static void add_number(struct places *places, int number) {
  if (has_number(places, number)) return;
  if (places->number_count == MOST_NUMBERS) places->is_too_much = true;
  else places->numbers[places->number_count++] = number;
}

/* ---- reading /proc -------------------------------------------------------------------------- */

/* Digits at `text`, -1 where there are none. */
static int64_t number_at(const char *text, int base) {
  int64_t number = -1;
  for (;; text++) {
    int digit = *text >= '0' && *text <= '9' ? *text - '0' : *text >= 'a' && *text <= 'f' ? *text - 'a' + 10 : 99;
    if (digit >= base) return number;
    number = (int64_t)((uint64_t)(number < 0 ? 0 : number) * (uint64_t)base + (uint64_t)digit);
  }
}

/* The number behind `name` in a line. */
static bool field_of(const char *line, const char *name, int base, uint64_t *value) {
  const char *at = strstr(line, name);
  if (at == NULL) return false;
  for (at += strlen(name); *at == ' '; at++) continue;
  if (*at == ' ' || *at == 0) return false;
  *value = (uint64_t)number_at(at, base);
  return true;
}

/* `tfd: 5 events: 19 data: 5  pos:0 ino:8a1 sdev:9` (proc(5)); the last three are newer. */
static void read_watch(struct places *places, int epoll, const char *line) {
  uint64_t number, events, data, inode;
  if (!field_of(line, "tfd:", 10, &number) || !field_of(line, "events:", 16, &events) ||
      !field_of(line, "data:", 16, &data))
    return;
  if (field_of(line, "ino:", 16, &inode) ? inode != places->inode : (int)number != places->wish->fd) return;
  if (places->watch_count == MOST_WATCHES) {
    places->is_too_much = true;
    return;
  }
  struct watch *watch = &places->watches[places->watch_count++];
  *watch = (struct watch){.epoll = epoll, .number = (int)number};
  watch->event.events = (uint32_t)events;
  watch->event.data.u64 = data;
}

/* The lines that say what this epoll watches. */
static void read_epoll(struct places *places, int epoll, const char *name) {
  char path[64] = THREAD "fdinfo/", bytes[READ_BYTES], line[MOST_LINE_BYTES];
  size_t length = 0;
  strcat(path, name);
  long fd = raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return;
  for (;;) {
    long count = raw(SYS_read, fd, bytes, sizeof bytes);
    if (count == -EINTR) continue;
    if (count <= 0) break;
    for (long i = 0; i < count; i++) {
      if (bytes[i] != '\n') {
        if (length < sizeof line - 1) line[length++] = bytes[i];
        continue;
      }
      line[length] = 0;
      length = 0;
      read_watch(places, epoll, line);
    }
    if (now_ms() > places->wish->until_ms) places->is_too_much = true;
    if (places->is_too_much) break;
  }
  raw(SYS_close, fd);
}

static void read_descriptor(struct places *places, int folder, const char *name) {
  static const char socket[] = "socket:[", epoll[] = "anon_inode:[eventpoll]";
  char link[64];
  int number = (int)number_at(name, 10);
  if (number < 0 || number == folder || number == places->with) return;
  long length = raw(SYS_readlinkat, folder, name, link, sizeof link - 1);
  if (length < 0) return;
  link[length] = 0;
  if (strncmp(link, socket, sizeof socket - 1) == 0) {
    if ((uint64_t)number_at(link + sizeof socket - 1, 10) == places->inode) add_number(places, number);
  } else if (strcmp(link, epoll) == 0) {
    read_epoll(places, number, name);
  }
}

/* As getdents64(2) has it. */
struct entry {
  uint64_t inode;
  int64_t offset;
  uint16_t bytes;
  uint8_t type;
  char name[];
};

static void find_places(struct places *places) {
  union {
    char bytes[READ_BYTES];
    struct entry align;
  } read;
  long folder = raw(SYS_openat, AT_FDCWD, THREAD "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (folder < 0) return;
  for (;;) {
    long count = raw(SYS_getdents64, folder, &read, sizeof read);
    if (count <= 0 || places->is_too_much) break;
    for (long at = 0; at < count;) {
      const struct entry *entry = (const struct entry *)(const void *)(read.bytes + at);
      read_descriptor(places, (int)folder, entry->name);
      at += entry->bytes;
    }
    if (now_ms() > places->wish->until_ms) places->is_too_much = true;
  }
  raw(SYS_close, folder);
}

/* ---- changing ------------------------------------------------------------------------------- */

static void lift_watches(struct places *places) {
  for (int i = 0; i < places->watch_count; i++) {
    struct watch *watch = &places->watches[i];
    /* Under another number it was closed; and an epoll that has two numbers has it once. */
    watch->is_lifted =
        has_number(places, watch->number) && epoll_ctl(watch->epoll, EPOLL_CTL_DEL, watch->number, NULL) == 0;
  }
}

static void put_watches(struct places *places) {
  for (int i = 0; i < places->watch_count; i++) {
    struct watch *watch = &places->watches[i];
    if (watch->is_lifted) epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->number, &watch->event);
  }
}

static bool put_at(int with, int number) {
  int flags = fcntl(number, F_GETFD);
  return flags >= 0 && dup3(with, number, (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0) >= 0;
}

bool replace_socket(int with, const struct wish *wish) {
  struct stat status;
  struct places places = {.wish = wish, .with = with};
  if (fstat(wish->fd, &status) < 0) return false;
  places.inode = status.st_ino;
  add_number(&places, wish->fd);
  find_places(&places);
  if (places.is_too_much) return false;
  carry_options(wish->fd, with, wish);
  lift_watches(&places);
  /* The first is the one that was named; another that has been closed meanwhile is no loss. */
  bool is_done = put_at(with, places.numbers[0]);
  for (int i = 1; is_done && i < places.number_count; i++) put_at(with, places.numbers[i]);
  put_watches(&places);
  return is_done;
}
