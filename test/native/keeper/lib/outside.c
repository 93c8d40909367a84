#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "outside.h"
#include "peer.h"

void *map_file(const char *path, size_t bytes) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "%s", path);
  void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(map != MAP_FAILED, "mmap");
  close(fd);
  return map;
}

void faults_arm(struct faults *faults, enum fault_kind kind, uint32_t at, uint32_t action) {
  *faults = (struct faults){.kind = (uint32_t)kind, .at = at, .action = action};
  __atomic_store_n(&faults->armed, 1, __ATOMIC_RELEASE);
}

void faults_disarm(struct faults *faults) { __atomic_store_n(&faults->armed, 0, __ATOMIC_RELEASE); }

static int pids_of(const char *path, uint64_t serial, uint32_t *pids, int most) {
  FILE *file = fopen(path, "r");
  CHECK(file != NULL, "%s", path);
  unsigned long long number;
  unsigned found;
  int count = 0;
  /* A line that crosses the end of a page may be seen in part while it is written. */
  for (char line[64]; fgets(line, sizeof line, file) != NULL && strchr(line, '\n') != NULL;) {
    if (sscanf(line, "%llu %u", &number, &found) != 2 || number != serial) continue;
    if (count < most) pids[count] = found;
    count++;
  }
  fclose(file);
  return count;
}

int recorded(const char *path, uint64_t serial, uint32_t *pid) { return pids_of(path, serial, pid, 1); }

/* What stands behind the name in /proc/PID/stat, from field 3 on; NULL: there is no such process. */
static char *stat_of(pid_t pid, char *text, size_t room) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd >= 0 ? read(fd, text, room - 1) : -1;
  if (fd >= 0) close(fd);
  if (got <= 0) return NULL;
  text[got] = 0;
  char *name_end = strrchr(text, ')');
  return name_end == NULL ? NULL : name_end + 2;
}

uint64_t start_ticks_of(uint32_t pid) {
  char text[1024];
  char *at = stat_of((pid_t)pid, text, sizeof text);
  if (at == NULL || *at == 'Z' || *at == 'X') return 0;
  for (int field = 3; field < 22; field++) at = strchr(at, ' ') + 1;
  return strtoull(at, NULL, 10);
}

int recorded_alive(const char *path, uint64_t serial) {
  uint32_t pids[16];
  int count = pids_of(path, serial, pids, 16), alive = 0;
  for (int i = 0; i < count && i < 16; i++) alive += start_ticks_of(pids[i]) != 0;
  return alive;
}

pid_t parent_of(pid_t pid) {
  char text[1024];
  char *at = stat_of(pid, text, sizeof text);
  CHECK(at != NULL, "process %d", (int)pid);
  return (pid_t)strtol(at + 2, NULL, 10);
}

int children_of(pid_t pid) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = read(fd, text, sizeof text - 1);
  CHECK(got >= 0, "%s", path);
  close(fd);
  int count = 0;
  for (ssize_t i = 0; i < got; i++) count += text[i] == ' ';
  return count;
}

int trees_left(void) {
  DIR *folder = peer.header->cgroup_root[0] != 0 ? opendir(peer.header->cgroup_root) : NULL;
  int count = 0;
  for (struct dirent *item; folder != NULL && (item = readdir(folder)) != NULL;)
    count += item->d_type == DT_DIR && item->d_name[0] >= '0' && item->d_name[0] <= '9' &&
             strtoull(item->d_name, NULL, 10) <= peer.header->last_generation;
  if (folder != NULL) closedir(folder);
  return count;
}
