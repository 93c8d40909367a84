/*
 * Trees as cgroups (cgroups(7), version 2): one folder for each generation, flat below one root,
 * named after it. Its removal is the proof that the tree is empty.
 *
 * Making one is a tenth of a spawn. So a few stand ready under the names of the next generations; should
 * one of these never be asked for, its folder is removed when a later one is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

#define LEAF "keeper" /* where the keeper and archond live: a cgroup with children should hold no process */

#define DEPTH 8 /* of cgroups that a tree may make below its own and that are looked after here */

static int root = -1;
static bool moved;     /* the keeper has gone from its home into the leaf */
static char home[512]; /* the cgroup in which the keeper was started */

#define READY 4
static struct { uint64_t generation; int folder; } ready[READY]; /* the earliest first */
static int ready_count;

static void name_of(uint64_t generation, const char *file, char out[80]) {
  snprintf(out, 80, "%llu%s", (unsigned long long)generation, file);
}

static int make(uint64_t generation) {
  if (root < 0) {
    errno = EOPNOTSUPP;
    return -1;
  }
  char name[80];
  name_of(generation, "", name);
  if (mkdirat(root, name, 0755) != 0) return -1;
  int folder = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    int error = errno;
    unlinkat(root, name, AT_REMOVEDIR);
    errno = error;
  }
  return folder;
}

/* The folder of this process's own cgroup: the mount point of cgroup2 and the path below it. */
static bool find_home(void) {
  static char text[65536];
  char own[400];
  if (read_file_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof text) <= 0) return false;
  const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
  if (line == NULL) return false;
  line = strchr(line, '/');
  if (line == NULL) return false;
  size_t length = strcspn(line, "\n");
  if (length >= sizeof own || strstr(line, "/..") == line) return false;
  memcpy(own, line, length);
  own[length] = 0;
  if (read_file_at(AT_FDCWD, "/proc/self/mountinfo", text, sizeof text) <= 0) return false;
  for (char *at = strtok(text, "\n"); at != NULL; at = strtok(NULL, "\n")) {
    if (strstr(at, " - cgroup2 ") == NULL) continue;
    char *words[5] = {at}; /* mount, parent, device, root, mount point (proc_pid_mountinfo(5)) */
    for (int i = 1; i < 5 && words[i - 1] != NULL; i++)
      if ((words[i] = strchr(words[i - 1], ' ')) != NULL) *words[i]++ = 0;
    const char *from = words[3], *point = words[4];
    if (point == NULL) continue;
    words[4][strcspn(words[4], " ")] = 0;
    size_t skip = strcmp(from, "/") == 0 ? 0 : strlen(from);
    if (strncmp(own, from, skip) != 0 || (skip > 0 && own[skip] != '/' && own[skip] != 0)) continue;
    const char *below = own + skip;
    if (strcmp(below, "/") == 0) below = "";
    return snprintf(home, sizeof home, "%s%s", point, below) < (int)sizeof home - 40;
  }
  return false;
}

static bool join(const char *folder) {
  char path[600], text[16];
  snprintf(path, sizeof path, "%s/cgroup.procs", folder);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  int bytes = snprintf(text, sizeof text, "%d", (int)keeper.pid);
  bool done = write(fd, text, (size_t)bytes) == bytes;
  close(fd);
  return done;
}

static void __attribute__((noreturn)) trial_body(void *context) {
  (void)context;
  _exit(0);
}

/* Whether a child can be born into a cgroup below the root, and be killed by it: mkdir proves neither. */
static bool trial(void) {
  int folder = make(0);
  if (folder < 0) return false;
  struct child_plan plan = {.cgroup = folder, .share_window = true, .body = trial_body};
  pid_t pid = make_child(&plan);
  int status = 1;
  bool born = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
  int fd = openat(folder, "cgroup.kill", O_WRONLY | O_CLOEXEC);
  bool kills = fd >= 0;
  if (fd >= 0) close(fd);
  close(folder);
  char name[80];
  name_of(0, "", name);
  bool gone = unlinkat(root, name, AT_REMOVEDIR) == 0;
  return born && kills && gone;
}

static void join_leaf(const char *path) {
  char leaf[600];
  snprintf(leaf, sizeof leaf, "%s/" LEAF, path);
  moved = (mkdirat(root, LEAF, 0755) == 0 || errno == EEXIST) && join(leaf);
  if (!moved) unlinkat(root, LEAF, AT_REMOVEDIR);
}

/*
 * The root that an earlier keeper made, for its trees and for new ones. What it had made beforehand is
 * removed; a cgroup that holds processes stays.
 */
static bool inherit(uint32_t wanted) {
  char *path = keeper.header->cgroup_root;
  if (path[0] == 0) return false;
  root = raise_fd(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root < 0 && errno == ENOENT && mkdir(path, 0755) == 0)
    root = raise_fd(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root < 0) {
    say("cannot open the cgroup %s: %m; the trees below it are not looked after", path);
    return false;
  }
  int names_fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct folder names = {.fd = names_fd};
  bool is_folder;
  for (const char *name; names_fd >= 0 && (name = next_name(&names, &is_folder)) != NULL;)
    if (is_folder && strcmp(name, LEAF) != 0) unlinkat(root, name, AT_REMOVEDIR);
  if (names_fd >= 0) close(names_fd);
  /* Whoever was started by the archond of that keeper is in its leaf: home is where the root hangs. */
  size_t length = strlen(path);
  if (!find_home() || (strncmp(home, path, length) == 0 && (home[length] == '/' || home[length] == 0)))
    snprintf(home, sizeof home, "%.*s", (int)(strrchr(path, '/') - path), path);
  join_leaf(path);
  if (wanted != TREE_MINDER && trial()) keeper.header->tree_kind = TREE_CGROUP;
  return true;
}

void cgroup_setup(uint32_t wanted) {
  keeper.header->tree_kind = TREE_MINDER;
  if (table_inherited() && inherit(wanted)) return;
  if (wanted == TREE_MINDER || !find_home()) return;
  char *path = keeper.header->cgroup_root;
  snprintf(path, sizeof keeper.header->cgroup_root, "%.460s/archon-%016llx", home,
           (unsigned long long)keeper.header->instance);
  if (mkdir(path, 0755) == 0) {
    root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root >= 0) root = raise_fd(root);
    if (root >= 0 && trial()) {
      join_leaf(path);
      keeper.header->tree_kind = TREE_CGROUP;
      return;
    }
    if (root >= 0) close(root);
    root = -1;
    rmdir(path);
  }
  path[0] = 0;
}

/* The first of those that stand ready goes. */
static int leave(bool with_folder) {
  int folder = ready[0].folder;
  char name[80];
  name_of(ready[0].generation, "", name);
  memmove(&ready[0], &ready[1], sizeof ready[0] * (size_t)--ready_count);
  if (!with_folder) return folder;
  close(folder);
  unlinkat(root, name, AT_REMOVEDIR);
  return -1;
}

void cgroup_cleanup(void) {
  if (root < 0) return;
  while (ready_count > 0) leave(true);
  /* A cgroup that gives controllers away takes no process in. */
  if (moved && !join(home)) limits_let_go(root);
  if (moved && !join(home)) say("cannot go back to the cgroup %s: %m", home);
  unlinkat(root, LEAF, AT_REMOVEDIR);
  close(root);
  root = -1;
  if (rmdir(keeper.header->cgroup_root) != 0) say("cannot remove %s: %m", keeper.header->cgroup_root);
}

int cgroup_take(uint64_t generation) {
  while (ready_count > 0 && ready[0].generation < generation) leave(true);
  if (ready_count > 0 && ready[0].generation == generation) return leave(false);
  return make(generation);
}

int cgroup_limit(int folder, const struct ask_spawn *spawn) {
  return limits_apply(root, folder, spawn);
}

void cgroup_note_kills(uint32_t index) {
  char name[80];
  name_of(generation_of(index), "/memory.events", name);
  limits_note_kills(root, name, &keeper.entries[index]);
}

enum stocked cgroup_stock(void) {
  if (root < 0 || ready_count == READY || keeper.quitting || keeper.header->tree_kind != TREE_CGROUP)
    return STOCK_FULL;
  uint64_t last = ready_count > 0 ? ready[ready_count - 1].generation : keeper.header->last_generation;
  int folder = make(last + 1);
  if (folder < 0) return STOCK_FAILED;
  folder = raise_leaving(folder, STOCK_RESERVE);
  if (folder < 0) {
    char name[80];
    name_of(last + 1, "", name);
    unlinkat(root, name, AT_REMOVEDIR);
    return STOCK_FAILED;
  }
  ready[ready_count].generation = last + 1;
  ready[ready_count++].folder = folder;
  return STOCK_MORE;
}

bool cgroup_remove(uint32_t index) {
  char name[80];
  name_of(generation_of(index), "", name);
  if (unlinkat(root, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  if (errno != EBUSY && errno != ENOTEMPTY) say("cannot remove the cgroup %s: %m", name);
  return false;
}

/* Removes the cgroups that processes of the tree made below their own, where they are empty. */
static void remove_below(int folder, int depth) {
  struct folder names = {.fd = folder};
  bool is_folder;
  for (const char *name; (name = next_name(&names, &is_folder)) != NULL;) {
    if (!is_folder) continue;
    int below = depth > 0 ? openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (below >= 0) {
      remove_below(below, depth - 1);
      close(below);
    }
    unlinkat(folder, name, AT_REMOVEDIR);
  }
}

static bool populated(int events) {
  char text[256];
  ssize_t got = pread(events, text, sizeof text - 1, 0);
  if (got <= 0) return false;
  text[got] = 0;
  return strstr(text, "populated 1") != NULL;
}

static void try_to_finish(uint32_t index) {
  if (state_of(index) != ENTRY_EXITED) return;
  cgroup_note_kills(index);
  if (!cgroup_remove(index)) {
    char name[80];
    name_of(generation_of(index), "", name);
    int folder = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    remove_below(folder, DEPTH);
    close(folder);
    if (!cgroup_remove(index)) return;
  }
  close_watched(&slots[index].events);
  publish(index, ENTRY_EMPTY);
}

/* The main process has ended and left others: told when nothing of the tree is left. */
void cgroup_watch(uint32_t index) {
  if (slots[index].events == NONE) {
    char name[80];
    name_of(generation_of(index), "/cgroup.events", name);
    int fd = raise_fd(openat(root, name, O_RDONLY | O_CLOEXEC));
    if (fd >= 0) {
      slots[index].events = fd;
      populated(fd); /* a change is told from the last read on */
      if (!watch(fd, EPOLLPRI, WATCH(WATCH_EVENTS, index))) close_watched(&slots[index].events);
    }
  }
  try_to_finish(index);
  if (state_of(index) == ENTRY_EXITED && !cgroup_will_tell(index)) tree_list(index);
}

/* There are processes, and the kernel will say when there are none. If not, it must be looked after. */
bool cgroup_will_tell(uint32_t index) {
  return slots[index].events != NONE && populated(slots[index].events);
}

void cgroup_readable(uint32_t index) {
  if (slots[index].events == NONE) return;
  if (populated(slots[index].events)) return;
  try_to_finish(index);
  /* The last process may still be on its way out of the cgroup after it counts as gone: look again. */
  if (state_of(index) == ENTRY_EXITED) tree_list(index);
}

void cgroup_kill(uint32_t index) {
  char name[80];
  name_of(generation_of(index), "/cgroup.kill", name);
  int fd = openat(root, name, O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno != ENOENT) say("cannot open %s: %m", name);
    return;
  }
  if (write(fd, "1", 1) != 1) say("cannot kill the cgroup %s: %m", name);
  close(fd);
}

bool cgroup_holds(pid_t pid) {
  static char text[4096];
  char path[40], below[40];
  if (root < 0) return false;
  snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
  snprintf(below, sizeof below, "/archon-%016llx/", (unsigned long long)keeper.header->instance);
  if (read_file_at(AT_FDCWD, path, text, sizeof text) <= 0) return false;
  const char *line = strstr(text, below);
  return line != NULL && strncmp(line + strlen(below), LEAF "\n", sizeof LEAF) != 0;
}

/* Reads the pids in pieces; one that is cut stays for the next. */
static int signal_members(int folder, const char *path, int signal) {
  char text[4096];
  size_t kept = 0;
  int sent = 0;
  int fd = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
  for (ssize_t got; fd >= 0 && (got = read(fd, text + kept, sizeof text - 1 - kept)) > 0;) {
    text[kept + (size_t)got] = 0;
    char *at = text;
    for (char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
      pid_t pid = (pid_t)strtol(at, NULL, 10);
      if (pid > 0) sent += send_to_member(pid, path, signal); /* 0: of another pid namespace */
    }
    kept = strlen(at);
    memmove(text, at, kept);
  }
  if (fd >= 0) close(fd);
  return sent;
}

pid_t cgroup_first(uint32_t index) {
  char name[80], text[4096];
  name_of(generation_of(index), "/cgroup.procs", name);
  if (root < 0 || read_file_at(root, name, text, sizeof text) <= 0) return 0;
  pid_t first = 0;
  uint64_t earliest = UINT64_MAX;
  for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
    pid_t pid = (pid_t)strtol(at, NULL, 10);
    uint64_t start = 0;
    if (pid <= 0 || !proc_stat(pid, NULL, &start, NULL) || start >= earliest) continue;
    first = pid;
    earliest = start;
  }
  return first;
}

static int signal_from(int folder, const char *path, int signal, int depth) {
  int sent = signal_members(folder, path, signal);
  struct folder names = {.fd = folder};
  bool is_folder;
  for (const char *name; depth > 0 && (name = next_name(&names, &is_folder)) != NULL;) {
    int below = is_folder ? openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (below < 0) continue;
    sent += signal_from(below, path, signal, depth - 1);
    close(below);
  }
  return sent;
}

int cgroup_signal(uint32_t index, int signal) {
  char name[80], path[160];
  name_of(generation_of(index), "", name);
  snprintf(path, sizeof path, "/archon-%016llx/%s", (unsigned long long)keeper.header->instance, name);
  int folder = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return 0;
  int sent = signal_from(folder, path, signal, DEPTH);
  close(folder);
  return sent;
}
