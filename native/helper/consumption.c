/*
 * What trees of processes use, by the files of /proc and of their cgroups (proc(5), cgroups(7)). Of few processes they are
 * read at once, since nobody can make a reader of these files wait. There may be many thousands of them: then they are read
 * on a thread of libuv's pool, whose functions touch nothing but their own request.
 */
#include "helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Processes that are looked at on another thread; a machine with that many has other worries. */
#define MOST_PIDS (1u << 20)
/* Cgroups that a tree may have made below each other. */
#define MOST_DEPTH 16

/* What JavaScript is told of each target, in this order (src/sys/real/consumption.ts); -1 for what cannot be seen. */
enum figure { PROCESSES, CPU_US, MEMORY, THREADS, DESCRIPTORS, READ_BYTES, WRITTEN_BYTES, AGE_MS, FIGURES };

struct pids {
  int *all;
  size_t count, room;
  size_t left; /* so many more may be looked at */
};

struct request {
  napi_async_work work;
  napi_ref done;
  char *targets; /* a letter and a word each, ended by NUL */
  size_t length, count;
  double *figures; /* FIGURES for each, and behind them the milliseconds of processor that it took */
  bool no_memory;  /* the cgroups have no memory controller: it is looked for once */
  struct pids pids;
};

struct process {
  char state;
  double own_us, children_us, memory, start_ticks;
  long threads;
};

static bool add_pid(struct pids *pids, int pid) {
  if (pids->left == 0) return false;
  if (pids->count == pids->room) {
    size_t room = pids->room == 0 ? 64 : pids->room * 2;
    int *all = realloc(pids->all, room * sizeof *all);
    if (all == NULL) return false;
    pids->all = all;
    pids->room = room;
  }
  pids->all[pids->count++] = pid;
  pids->left--;
  return true;
}

/* The pids that stand in a file, of whatever length. */
static void add_pids_in(struct pids *pids, int fd) {
  char text[4096];
  int pid = 0;
  ssize_t got;
  if (fd < 0) return;
  while ((got = read(fd, text, sizeof text)) > 0) {
    for (ssize_t i = 0; i < got; i++) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
      } else if (pid > 0) {
        if (!add_pid(pids, pid)) break;
        pid = 0;
      }
    }
  }
  if (pid > 0) add_pid(pids, pid);
  close(fd);
}

/* `stat` of a process; its name may hold any byte, so that the fields are counted from the last parenthesis on. */
static bool read_process(int pid, struct process *process) {
  static const double us_per_tick = 10000; /* USER_HZ is 100 wherever Node runs */
  char path[64], text[2048];
  long field[25] = {0};
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (read_text(path, text, sizeof text) <= 0) return false;
  char *at = strrchr(text, ')');
  if (at == NULL || at[1] != ' ') return false;
  process->state = at[2];
  at += 3;
  for (int number = 4; number <= 24; number++) field[number] = strtol(at, &at, 10);
  process->own_us = (double)(field[14] + field[15]) * us_per_tick;
  process->children_us = (double)(field[16] + field[17]) * us_per_tick;
  process->threads = field[20];
  process->start_ticks = (double)field[22];
  process->memory = (double)field[24] * (double)sysconf(_SC_PAGESIZE);
  return true;
}

static bool is_alive(const struct process *process) { return process->state != 'Z' && process->state != 'X'; }

/* Since Linux 6.2 the size of the folder is what is in it; before that it is 0, and they are counted. */
static double count_descriptors(int pid) {
  char path[64];
  struct stat status;
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  if (stat(path, &status) == 0 && status.st_size > 0) return (double)status.st_size;
  DIR *folder = opendir(path);
  if (folder == NULL) return -1;
  double count = 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

/* The number behind a name at the beginning of a line, or -1. */
static double number_of(const char *text, const char *name) {
  size_t length = strlen(name);
  for (const char *line = text; line != NULL && *line != 0;) {
    if (strncmp(line, name, length) == 0) return strtod(line + length, NULL);
    line = strchr(line, '\n');
    if (line != NULL) line++;
  }
  return -1;
}

/* What is not known of one process is not known of all. */
static void add(double *sum, double number) { *sum = *sum < 0 || number < 0 ? -1 : *sum + number; }

static void add_io(double *figures, int pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/io", pid);
  bool known = read_text(path, text, sizeof text) > 0;
  add(&figures[READ_BYTES], known ? number_of(text, "read_bytes: ") : -1);
  add(&figures[WRITTEN_BYTES], known ? number_of(text, "write_bytes: ") : -1);
}

/* One that has ended and was not waited for counts with its time only; one that is gone does not count at all. */
static void add_process(double *figures, int pid, const struct process *process) {
  if (is_alive(process)) {
    double descriptors = count_descriptors(pid);
    double before[2] = {figures[READ_BYTES], figures[WRITTEN_BYTES]};
    struct process again;
    add_io(figures, pid);
    if ((descriptors < 0 || figures[READ_BYTES] < 0) && (!read_process(pid, &again) || !is_alive(&again))) {
      /* It has ended meanwhile: it is not that something cannot be seen. */
      figures[READ_BYTES] = before[0];
      figures[WRITTEN_BYTES] = before[1];
      return;
    }
    figures[PROCESSES] += 1;
    figures[MEMORY] += process->memory;
    figures[THREADS] += (double)process->threads;
    add(&figures[DESCRIPTORS], descriptors);
  }
  figures[CPU_US] += process->own_us + process->children_us;
}

static void add_children(struct pids *pids, int pid, long threads) {
  char path[320];
  if (threads == 1) { /* then its only thread has its number */
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    add_pids_in(pids, open(path, O_RDONLY | O_CLOEXEC));
    return;
  }
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *folder = opendir(path);
  if (folder == NULL) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/children", pid, entry->d_name);
    add_pids_in(pids, open(path, O_RDONLY | O_CLOEXEC));
  }
  closedir(folder);
}

/* The minder itself does not count; it has waited for whoever outlived its parent. */
static void of_minder(struct request *request, double *figures, int minder) {
  struct pids *pids = &request->pids;
  struct process process;
  pids->count = 0;
  add_children(pids, minder, 1);
  for (size_t i = 0; i < pids->count; i++) {
    int pid = pids->all[i];
    if (!read_process(pid, &process)) continue;
    add_children(pids, pid, process.threads);
    add_process(figures, pid, &process);
  }
  if (read_process(minder, &process)) figures[CPU_US] += process.children_us;
}

/* The text of a file of a cgroup; empty where there is none. */
static void text_of(int folder, const char *name, char *text, size_t size) {
  int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? 0 : read(fd, text, size - 1);
  text[got < 0 ? 0 : got] = 0;
  if (fd >= 0) close(fd);
}

/* The processes of the cgroup and of those below it; a folder has two links of its own, and one from each below it. */
static void add_members(struct pids *pids, int folder, int depth) {
  struct stat status;
  add_pids_in(pids, openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC));
  if (depth == 0 || fstat(folder, &status) != 0 || status.st_nlink <= 2) return;
  int names = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listing = names < 0 ? NULL : fdopendir(names);
  if (listing == NULL) {
    if (names >= 0) close(names);
    return;
  }
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    int below = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (below < 0) continue;
    add_members(pids, below, depth - 1);
    close(below);
  }
  closedir(listing);
}

/*
 * The cgroup counts the time of all that were ever in it, without any controller, and the memory where it has one: each page
 * once, whoever shares it. Of the files that were read, what was not used lately is no memory of the unit's.
 */
static void of_cgroup(struct request *request, double *figures, const char *path) {
  char text[8192];
  struct process process;
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  request->pids.count = 0;
  add_members(&request->pids, folder, MOST_DEPTH);
  for (size_t i = 0; i < request->pids.count; i++)
    if (read_process(request->pids.all[i], &process)) add_process(figures, request->pids.all[i], &process);
  text_of(folder, "cpu.stat", text, sizeof text);
  double total = number_of(text, "usage_usec ");
  if (total >= 0) figures[CPU_US] = total;
  if (!request->no_memory) {
    text_of(folder, "memory.current", text, sizeof text);
    request->no_memory = text[0] == 0;
    double current = strtod(text, NULL);
    if (!request->no_memory) text_of(folder, "memory.stat", text, sizeof text);
    double cache = number_of(text, "inactive_file ");
    if (!request->no_memory) figures[MEMORY] = cache > 0 && cache < current ? current - cache : current;
  }
  close(folder);
}

static void of_process(double *figures, int pid) {
  struct process process;
  struct timespec now;
  if (!read_process(pid, &process) || !is_alive(&process)) return;
  process.children_us = 0;
  add_process(figures, pid, &process);
  clock_gettime(CLOCK_BOOTTIME, &now);
  figures[AGE_MS] = (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6 - process.start_ticks * 10;
}

static double thread_ms(void) {
  struct timespec spent;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return (double)spent.tv_sec * 1000 + (double)spent.tv_nsec / 1e6;
}

static void read_targets(struct request *request) {
  double before = thread_ms(), *figures = request->figures;
  for (const char *target = request->targets; target < request->targets + request->length;) {
    if (target[0] == 'c') of_cgroup(request, figures, target + 1);
    else if (target[0] == 'm') of_minder(request, figures, atoi(target + 1));
    else of_process(figures, atoi(target + 1));
    target += strlen(target) + 1;
    figures += FIGURES;
  }
  *figures = thread_ms() - before;
}

/* On a thread of the pool. */
static void execute(napi_env env, void *data) {
  (void)env;
  read_targets(data);
}

static void discard(struct request *request) {
  free(request->targets);
  free(request->figures);
  free(request->pids.all);
  free(request);
}

/* A request for these targets, each ended by NUL; NULL where there is no memory. */
static struct request *request_for(const uint8_t *targets, size_t length, size_t most_pids) {
  struct request *request = calloc(1, sizeof *request);
  if (request == NULL) return NULL;
  request->pids.left = most_pids;
  for (size_t i = 0; i < length; i++) request->count += targets[i] == 0;
  request->length = length > 0 && targets[length - 1] == 0 ? length : 0;
  request->targets = malloc(length + 1);
  request->figures = calloc(request->count * FIGURES + 1, sizeof(double));
  if (request->targets == NULL || request->figures == NULL) {
    discard(request);
    return NULL;
  }
  if (length > 0) memcpy(request->targets, targets, length);
  return request;
}

/* The figures as an ArrayBuffer of doubles. */
static bool told_of(napi_env env, const struct request *request, napi_value *told) {
  void *bytes;
  size_t length = (request->count * FIGURES + 1) * sizeof(double);
  if (napi_create_arraybuffer(env, length, &bytes, told) != napi_ok) return false;
  memcpy(bytes, request->figures, length);
  return true;
}

/* consumptionsNow(targets, most processes): the figures, or undefined where there are more processes, or no memory. */
static napi_value consumptions_now(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  napi_value told = NULL;
  size_t length;
  read_arguments(env, info, &arguments);
  const uint8_t *targets = argument_bytes(&arguments, 0, &length);
  struct request *request = request_for(targets, length, (size_t)argument_int(&arguments, 1) + 1);
  if (request == NULL) return NULL;
  read_targets(request);
  if (request->pids.left == 0 || !told_of(env, request, &told)) told = NULL;
  discard(request);
  return told;
}

/* Calls done(figures). */
static void complete(napi_env env, napi_status status, void *data) {
  struct request *request = data;
  napi_value done, receiver, told;
  bool made = told_of(env, request, &told);
  napi_get_reference_value(env, request->done, &done);
  napi_get_global(env, &receiver);
  napi_delete_reference(env, request->done);
  napi_delete_async_work(env, request->work);
  discard(request);
  /* What it throws, Node takes up as uncaught when we return. */
  if (made && status != napi_cancelled) napi_call_function(env, receiver, done, 1, &told, NULL);
}

/* consumptions(targets, done): true if `done` will be called. */
static napi_value consumptions(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  napi_value label, result;
  size_t length;
  read_arguments(env, info, &arguments);
  const uint8_t *targets = argument_bytes(&arguments, 0, &length);
  struct request *request = request_for(targets, length, MOST_PIDS);
  bool queued = request != NULL && napi_create_reference(env, arguments.values[1], 1, &request->done) == napi_ok;
  queued = queued && napi_create_string_utf8(env, "archon", NAPI_AUTO_LENGTH, &label) == napi_ok;
  queued = queued && napi_create_async_work(env, NULL, label, execute, complete, request, &request->work) == napi_ok;
  if (queued && napi_queue_async_work(env, request->work) != napi_ok) {
    napi_delete_async_work(env, request->work);
    queued = false;
  }
  if (!queued && request != NULL) {
    if (request->done != NULL) napi_delete_reference(env, request->done);
    discard(request);
  }
  napi_get_boolean(env, queued, &result);
  return result;
}

const struct function consumption_functions[] = {
    {"consumptions", consumptions}, {"consumptionsNow", consumptions_now}, {NULL, NULL}};
