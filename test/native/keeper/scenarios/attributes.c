/*
 * attributes PROGRAM FOLDER: $SPAWNS random spawns of PROGRAM (fixtures/report.c), each of which must see
 * itself as it was asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attributes-plan.h"

#define IN_FLIGHT 48

static struct flight {
  struct plan *plan; /* NULL: free */
  uint64_t id, generation;
  struct tell_spawned spawned;
  bool over, seen_any;
  struct seen seen;
} flights[IN_FLIGHT];

static struct surroundings all;
static int report_read;
static uint64_t forbidden, by_tree[3];

static void told(const struct incoming *in) {
  CHECK(in->as.head.type == TELL_SPAWNED || in->as.head.type == TELL_PROCESS, "told %u", in->as.head.type);
  for (struct flight *flight = flights; flight < flights + IN_FLIGHT; flight++) {
    if (flight->plan == NULL) continue;
    if (in->as.head.type == TELL_SPAWNED && in->as.head.id == flight->id) {
      CHECK(in->as.spawned.generation == flight->generation, "generation of an answer");
      flight->spawned = in->as.spawned;
      return;
    }
    if (in->as.head.type == TELL_PROCESS && in->as.process.state_word >> 8 == flight->generation) {
      flight->over = (in->as.process.state_word & 0xff) == ENTRY_EMPTY;
      return;
    }
  }
  CHECK(false, "a message about nothing in flight");
}

static void read_reports(void) {
  struct seen seen;
  for (ssize_t got; (got = read(report_read, &seen, sizeof seen)) > 0;) {
    CHECK(got == (ssize_t)sizeof seen, "a report of %zd bytes", got);
    struct flight *flight = flights;
    while (flight < flights + IN_FLIGHT && (flight->plan == NULL ||
                                            flight->plan->expected.serial != seen.serial)) flight++;
    CHECK(flight < flights + IN_FLIGHT && !flight->seen_any,
          "a report of %llu, not in flight or for the second time",
          (unsigned long long)seen.serial);
    flight->seen_any = true;
    flight->seen = seen;
  }
}

static void check_descriptors(const struct seen *expected, const struct seen *seen) {
  CHECK(seen->fd_count == expected->fd_count, "%u descriptors, not %u", seen->fd_count, expected->fd_count);
  for (uint32_t i = 0; i < expected->fd_count; i++) {
    const struct seen_fd *want = &expected->fds[i], *have = seen->fds;
    while (have < seen->fds + seen->fd_count && have->number != want->number) have++;
    CHECK(have < seen->fds + seen->fd_count, "descriptor %u is not open", want->number);
    CHECK(have->ino == want->ino && have->dev == want->dev, "descriptor %u is another file", want->number);
    CHECK(have->flags == 0, "descriptor %u has flags %u", want->number, have->flags);
  }
}

static void check_place(const struct flight *flight, const struct table_entry *entry) {
  const struct seen *seen = &flight->seen;
  bool session = (flight->plan->spawn.flags & SPAWN_SESSION) != 0;
  pid_t keeper = (pid_t)peer.welcome.keeper_pid;
  if (session) {
    CHECK(seen->session == seen->pid && seen->group == seen->pid, "no session of its own");
  } else if (entry->tree_kind == TREE_CGROUP) {
    CHECK(seen->session == (uint32_t)getsid(keeper) && seen->group == (uint32_t)getpgid(keeper), "session %u",
          seen->session);
  } else {
    CHECK(seen->session == seen->parent && seen->group == seen->parent, "not in its minder's session");
  }
  CHECK((seen->parent == (uint32_t)keeper) == (entry->tree_kind == TREE_CGROUP), "its parent is %u",
        seen->parent);
  char path[128];
  snprintf(path, sizeof path, "/archon-%016llx/%llu", (unsigned long long)peer.header->instance,
           (unsigned long long)flight->generation);
  const char *at = strstr(seen->cgroup, path);
  bool inside = at != NULL && at[strlen(path)] == 0;
  CHECK(inside == (entry->tree_kind == TREE_CGROUP), "its cgroup is %s", seen->cgroup);
}

static void check_seen(const struct flight *flight) {
  const struct seen *expected = &flight->plan->expected, *seen = &flight->seen;
  CHECK(flight->seen_any, "no report of %llu", (unsigned long long)expected->serial);
  CHECK(seen->pid == flight->spawned.pid, "its pid is %u, not %u", seen->pid, flight->spawned.pid);
  CHECK(seen->start_ticks == flight->spawned.start_ticks, "it was started at %llu, not %llu",
        (unsigned long long)seen->start_ticks, (unsigned long long)flight->spawned.start_ticks);
  CHECK(seen->argc == expected->argc && seen->argv_hash == expected->argv_hash, "argv of %u", seen->argc);
  CHECK(seen->envc == expected->envc && seen->env_hash == expected->env_hash, "environment of %u",
        seen->envc);
  CHECK(seen->listen_pid == (flight->plan->spawn.listen_pid ? seen->pid : 0), "LISTEN_PID is %u",
        seen->listen_pid);
  CHECK(memcmp(seen->uid, expected->uid, sizeof seen->uid) == 0, "uid %u", seen->uid[0]);
  CHECK(memcmp(seen->gid, expected->gid, sizeof seen->gid) == 0, "gid %u", seen->gid[0]);
  CHECK(seen->group_count == expected->group_count, "%u groups, not %u", seen->group_count,
        expected->group_count);
  CHECK(memcmp(seen->groups, expected->groups, seen->group_count * sizeof(uint32_t)) == 0, "groups");
  CHECK(seen->umask == expected->umask, "umask %o, not %o", seen->umask, expected->umask);
  CHECK(seen->nice == expected->nice, "nice %d, not %d", seen->nice, expected->nice);
  CHECK(seen->oom == expected->oom, "oom_score_adj %d, not %d", seen->oom, expected->oom);
  CHECK(seen->no_new_privs == expected->no_new_privs, "no-new-privileges %u", seen->no_new_privs);
  CHECK(seen->tty == expected->tty, "terminal %x, not %x", seen->tty, expected->tty);
  CHECK((seen->blocked | seen->ignored | seen->pending) == 0,
        "signals blocked %llx, ignored %llx, pending %llx",
        (unsigned long long)seen->blocked, (unsigned long long)seen->ignored,
            (unsigned long long)seen->pending);
  for (uint32_t i = 0; i < SEEN_LIMITS; i++) {
    if (getenv("NO_LIMITS") != NULL) continue; /* a checker of memory has limits of its own */
    CHECK(seen->limits[i].soft == expected->limits[i].soft &&
          seen->limits[i].hard == expected->limits[i].hard,
          "limit %u is %llu, %llu", i, (unsigned long long)seen->limits[i].soft,
              (unsigned long long)seen->limits[i].hard);
  }
  CHECK(strcmp(seen->cwd, expected->cwd) == 0, "cwd %s, not %s", seen->cwd, expected->cwd);
  check_descriptors(expected, seen);
}

static void check_entry(const struct flight *flight, const struct table_entry *entry) {
  const struct plan *plan = flight->plan;
  CHECK(entry->pid == flight->spawned.pid && entry->start_ticks == flight->spawned.start_ticks,
        "pid or start");
  CHECK(entry->pid != 0 && entry->start_ticks != 0 && entry->started_ns == flight->spawned.started_ns,
        "start");
  CHECK(entry->ended_ns >= entry->started_ns, "ended before it began");
  CHECK(entry->tag[0] == plan->spawn.tag[0] && entry->tag[1] == plan->spawn.tag[1], "tags");
  CHECK(strcmp(peer.labels + flight->spawned.index * TABLE_LABEL_BYTES, plan->label) == 0, "label");
  uint32_t kind = plan->spawn.tree == TREE_ANY ? peer.header->tree_kind : plan->spawn.tree;
  CHECK(entry->tree_kind == kind, "tree kind %u", entry->tree_kind);
  CHECK(entry->exec_stage == (uint32_t)plan->stage && entry->exec_errno == (uint32_t)plan->error,
        "stage %u errno %u, not %u and %d", entry->exec_stage, entry->exec_errno, plan->stage, plan->error);
  CHECK(entry->exit_kind == 1 && entry->exit_status == (plan->stage == STAGE_NONE ? 7 : 127),
        "kind %u, status %u",
        entry->exit_kind, entry->exit_status);
  if (plan->stage == STAGE_NONE) CHECK(entry->maxrss_kib > 0 && entry->minflt > 0, "no resource usage");
}

static void finish(struct flight *flight) {
  const struct table_entry *entry = &peer.entries[flight->spawned.index];
  read_reports();
  check_entry(flight, entry);
  if (flight->plan->stage == STAGE_NONE) {
    check_seen(flight);
    check_place(flight, entry);
  } else {
    CHECK(!flight->seen_any, "it ran in spite of stage %u", flight->plan->stage);
    forbidden++;
  }
  by_tree[entry->tree_kind]++;
  peer_free(flight->spawned.index);
  plan_drop(flight->plan);
  memset(flight, 0, sizeof *flight);
}

static void begin(struct flight *flight, uint64_t serial) {
  memset(flight, 0, sizeof *flight);
  flight->plan = plan_make(&all, serial);
  flight->generation = new_generation();
  flight->id = peer_spawn(&flight->plan->spawn, flight->generation);
}

static void note_file(int fd, uint64_t *dev, uint64_t *ino) {
  struct stat stat;
  CHECK(fd >= 0 && fstat(fd, &stat) == 0, "a file to pass");
  *dev = stat.st_dev;
  *ino = stat.st_ino;
}

static int oom_score_of(const char *pid) {
  char path[64], text[16] = {0};
  snprintf(path, sizeof path, "/proc/%s/oom_score_adj", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0 && read(fd, text, sizeof text - 1) > 0, "%s", path);
  close(fd);
  return atoi(text);
}

static void set_up(char **argv) {
  int ends[2];
  all.program = argv[1];
  all.folder = argv[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe");
  CHECK(fcntl(ends[1], F_SETPIPE_SZ, IN_FLIGHT * PIPE_BUF) > 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0,
        "pipe");
  report_read = ends[0];
  all.report = ends[1];
  note_file(all.report, &all.report_identity.dev, &all.report_identity.ino);
  for (int i = 0; i < 8; i++) {
    all.files[i] = memfd_create("passed", MFD_CLOEXEC);
    note_file(all.files[i], &all.identities[i].dev, &all.identities[i].ino);
  }
  all.child_nofile = (struct rlimit){peer.welcome.nofile_soft, peer.welcome.nofile_hard};
  all.least_nice = getpriority(PRIO_PROCESS, 0);
  all.least_oom = oom_score_of("self");
}

int main(int argc, char **argv) {
  peer_open();
  CHECK(argc == 3, "%d arguments", argc);
  set_up(argv);
  peer.told = told;
  peer_simple(ASK_READY);
  int open_before = open_files_of((pid_t)peer.welcome.keeper_pid);
  uint64_t total = setting("SPAWNS", 10000), asked = 0, done = 0, began = clock_ns();
  while (done < total) {
    uint64_t done_before = done;
    for (struct flight *flight = flights; flight < flights + IN_FLIGHT; flight++) {
      if (flight->plan != NULL && flight->over && flight->spawned.pid != 0) {
        finish(flight);
        done++;
      }
      if (flight->plan == NULL && asked < total) begin(flight, ++asked);
    }
    if (done == done_before) peer_pump(-1); /* finishing one takes in what is told of others */
  }
  double seconds = (double)(clock_ns() - began) / 1e9;
  while (peer_pump(0)) {
  }
  for (uint32_t i = 0; i < peer.header->entries_used; i++) CHECK(peer.entries[i].state_word == 0,
                                                                 "entry %u is left", i);
  char keeper[16];
  snprintf(keeper, sizeof keeper, "%u", peer.welcome.keeper_pid);
  CHECK(oom_score_of(keeper) == all.least_oom, "the keeper's own oom_score_adj is %d", oom_score_of(keeper));
  int open_after = open_files_of((pid_t)peer.welcome.keeper_pid);
  CHECK(open_after == open_before, "%d descriptors, %d before", open_after, open_before);
  print("{\"share\":%u,\"spawns\":%llu,\"forbidden\":%llu,\"cgroup\":%llu,\"minder\":%llu,\"seconds\":%.1f}",
        peer.header->child_share, (unsigned long long)done,
        (unsigned long long)forbidden, (unsigned long long)by_tree[TREE_CGROUP],
            (unsigned long long)by_tree[TREE_MINDER],
        seconds);
  peer_end(0);
}
