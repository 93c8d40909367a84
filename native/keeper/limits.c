/*
 * Limits of a tree by the controllers of its cgroup, and what the kernel killed for want of memory
 * (Documentation/admin-guide/cgroup-v2.rst). The controllers are switched on with the first tree that is to be
 * limited: they make every cgroup dearer. docs/limits.org has the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"

static const char *const controllers[] = {"memory", "cpu", "pids"};
#define CONTROLLERS (sizeof controllers / sizeof *controllers)

/* 0, or errno. */
static int write_at(int folder, const char *file, const char *text) {
  int fd = openat(folder, file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  size_t bytes = strlen(text);
  int error = write(fd, text, bytes) == (ssize_t)bytes ? 0 : errno;
  close(fd);
  return error;
}

/* Cgroups below the root have the controller from now on. It must come from above: the root's own parent. */
static int enable(int root, const char *controller) {
  char word[16];
  snprintf(word, sizeof word, "+%s", controller);
  int error = write_at(root, "cgroup.subtree_control", word);
  if (error != ENOENT) return error; /* with ENOENT it says that it has it not itself */
  error = write_at(root, "../cgroup.subtree_control", word);
  return error != 0 ? error : write_at(root, "cgroup.subtree_control", word);
}

static int set(int root, int folder, const char *controller, const char *file, const char *value) {
  int error = write_at(folder, file, value);
  if (error != ENOENT && error != EACCES) return error; /* a file that is not there cannot be made either */
  error = enable(root, controller);
  return error != 0 ? error : write_at(folder, file, value);
}

int limits_apply(int root, int folder, const struct ask_spawn *spawn) {
  char value[64];
  int error = 0, first = 0;
  if (spawn->memory_bytes != 0) {
    snprintf(value, sizeof value, "%" PRIu64, spawn->memory_bytes);
    first = set(root, folder, "memory", "memory.max", value);
  }
  if (spawn->cpu_quota_us != 0) {
    snprintf(value, sizeof value, "%" PRIu32 " %" PRIu32, spawn->cpu_quota_us, spawn->cpu_period_us);
    error = set(root, folder, "cpu", "cpu.max", value);
    if (first == 0) first = error;
  }
  if (spawn->pids != 0) {
    snprintf(value, sizeof value, "%" PRIu64, spawn->pids);
    error = set(root, folder, "pids", "pids.max", value);
    if (first == 0) first = error;
  }
  return first;
}

void limits_let_go(int root) {
  for (size_t i = 0; i < CONTROLLERS; i++) {
    char word[16];
    snprintf(word, sizeof word, "-%s", controllers[i]);
    write_at(root, "cgroup.subtree_control", word);
    write_at(root, "../cgroup.subtree_control", word);
  }
}

static uint32_t count_of(const char *text, const char *name) {
  size_t length = strlen(name);
  for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, name, length) != 0 || line[length] != ' ') continue;
    unsigned long long count = strtoull(line + length, NULL, 10);
    return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
  }
  return 0;
}

void limits_note_kills(int folder, const char *events, struct table_entry *entry) {
  char text[512];
  if (read_file_at(folder, events, text, sizeof text) <= 0) return;
  entry->memory_kills = count_of(text, "oom_kill");
  entry->memory_ooms = count_of(text, "oom");
}
