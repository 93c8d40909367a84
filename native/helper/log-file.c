/*
 * Rotation (docs/logs.org tells of it): `LOG` becomes `LOG~old/<number>`, its index `LOG~times` becomes
 * `LOG~old/<number>~times`, and the next byte makes a new `LOG`. The index is renamed first. So whoever dies between
 * the two leaves an index without its log, and no other step does: the next one to open the log gives it back.
 */
#include "log-file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So much of a line goes to the file beyond its size, but no more than that size again. */
#define LONGEST_REST (256 << 10)
/* Digits of a number: names sort as their numbers do. */
#define OLD_NAME "%08lld"

struct old_names {
  char folder[PATH_MAX];
  char file[PATH_MAX + 32];
  char index[PATH_MAX + 40];
};

void log_file_init(struct log_file *log, const char *path, mode_t mode) {
  *log = (struct log_file){.path = path, .fd = -1, .removed = -1, .mode = mode, .times = {.file = -1}};
}

void log_file_limit(struct log_file *log, int64_t max) { log->max = log->due = max; }

int64_t log_file_longest(const struct log_file *log) {
  return log->due + (log->max < LONGEST_REST ? log->max : LONGEST_REST);
}

void log_file_close(struct log_file *log) {
  if (log->fd >= 0) close(log->fd);
  if (log->removed >= 0) close(log->removed);
  log->fd = log->removed = -1;
  line_times_close(&log->times);
}

/* ---- what was set aside ----------------------------------------------------------------------- */

static void name_old(struct old_names *names, long long number) {
  snprintf(names->file, sizeof names->file, "%s/" OLD_NAME, names->folder, number);
  snprintf(names->index, sizeof names->index, "%s~times", names->file);
}

/* The highest number in the folder, and whether there is more of it than an index; 0 where there is none, -1 where that cannot be known. */
static long long newest_in(const char *folder, bool *is_whole) {
  DIR *names = opendir(folder);
  long long newest = 0;
  *is_whole = false;
  if (names == NULL) return errno == ENOENT ? 0 : -1;
  for (struct dirent *entry; (entry = readdir(names)) != NULL;) {
    char *rest;
    long long number = strtoll(entry->d_name, &rest, 10);
    if (rest == entry->d_name || number < newest || number <= 0) continue;
    if (number > newest) *is_whole = false;
    newest = number;
    *is_whole |= strcmp(rest, "~times") != 0;
  }
  closedir(names);
  return newest;
}

static bool name_folder(const struct log_file *log, struct old_names *names) {
  return snprintf(names->folder, sizeof names->folder, "%s~old", log->path) < (int)sizeof names->folder;
}

/* The index that was left by whoever died in a rotation is the log's again. */
static void regain_index(const struct log_file *log) {
  struct old_names names;
  char index[PATH_MAX + 8];
  bool is_whole;
  snprintf(index, sizeof index, "%s~times", log->path);
  if (access(index, F_OK) == 0 || !name_folder(log, &names)) return;
  long long newest = newest_in(names.folder, &is_whole);
  if (newest <= 0 || is_whole) return;
  name_old(&names, newest);
  rename(names.index, index);
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Who may read the file may pass through its folders. */
static mode_t folder_mode(const struct log_file *log) { return log->mode | (log->mode & 0444) >> 2 | 0100; }

static int make_folder(const char *path, mode_t mode) {
  if (mkdir(path, mode) == 0) return chmod(path, mode) < 0 ? failed(CALL_CHMOD) : 0;
  return errno == EEXIST ? 0 : failed(CALL_MKDIR);
}

/* Makes the folders of the file that are missing. */
static int make_folders(const struct log_file *log) {
  char path[PATH_MAX];
  strcpy(path, log->path);
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    int result = make_folder(path, folder_mode(log));
    if (result != 0) return result;
    *slash = '/';
  }
  return 0;
}

/* The mark of a log that only commands run once have written to: it is removed some day (src/archond/logs). */
static void mark(const struct log_file *log, bool made) {
  char path[PATH_MAX + 8];
  snprintf(path, sizeof path, "%s~run", log->path);
  if (!log->one_off) {
    unlink(path);
  } else if (made) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, log->mode & 0666);
    if (fd >= 0) close(fd);
  }
}

/* A file that is made here gets the mode whatever the umask says. O_NONBLOCK: a FIFO must not hold us. */
int log_file_open(struct log_file *log) {
  int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  struct stat status;
  log->fd = open(log->path, flags | O_CREAT | O_EXCL, log->mode);
  if (log->fd < 0 && errno == ENOENT) {
    int result = make_folders(log);
    if (result != 0) return result;
    log->fd = open(log->path, flags | O_CREAT | O_EXCL, log->mode);
  }
  bool made = log->fd >= 0;
  if (!made && errno == EEXIST) log->fd = open(log->path, flags);
  if (log->fd < 0) return failed(CALL_OPEN);
  if (made && fchmod(log->fd, log->mode) < 0) return failed(CALL_CHMOD);
  log->regular = fstat(log->fd, &status) == 0 && S_ISREG(status.st_mode);
  if (log->regular) mark(log, made);
  if (log->regular && !made && status.st_size > 0) regain_index(log);
  if (log->removed >= 0) close(log->removed);
  log->removed = -1;
  log->due = log->max;
  return 0;
}

/*
 * A file that was removed is made anew: what nobody could ever read would be lost. One with another name stays ours.
 * It stays open until the other is there, which then cannot have its inode: who follows it sees that it is another.
 */
void log_file_leave_removed(struct log_file *log) {
  struct stat status;
  if (log->fd < 0 || fstat(log->fd, &status) < 0 || status.st_nlink > 0) return;
  int fd = log->fd;
  log->fd = -1;
  log_file_close(log);
  log->removed = fd;
}

/* ---- rotation ------------------------------------------------------------------------------- */

static bool is_same(const struct stat *one, const struct stat *other) {
  return one->st_ino == other->st_ino && one->st_dev == other->st_dev;
}

/* What is open is open for writing only, since a FIFO could not be opened for both: it is opened again. */
static int open_to_read(const struct log_file *log) {
  char path[32];
  struct stat ours, there;
  int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  snprintf(path, sizeof path, "/proc/self/fd/%d", log->fd);
  int fd = open(path, flags);
  if (fd < 0) fd = open(log->path, flags);
  if (fd < 0) return -1;
  if (fstat(log->fd, &ours) == 0 && fstat(fd, &there) == 0 && is_same(&ours, &there)) return fd;
  close(fd);
  return -1;
}

bool log_file_ends_line(const struct log_file *log, int64_t end) {
  char last = 0;
  if (end == 0) return true;
  int fd = open_to_read(log);
  if (fd < 0) return false;
  bool ends = pread(fd, &last, 1, end - 1) == 1 && last == '\n';
  close(fd);
  return ends;
}

/* It is tried again when a good part of another file has come. */
static bool cannot(struct log_file *log, int64_t end, int trouble) {
  log->trouble = trouble;
  log->due = end + log->max / 8 + 4096;
  return false;
}

bool log_file_rotate(struct log_file *log) {
  struct old_names names;
  struct stat ours, there;
  char index[PATH_MAX + 8];
  bool is_whole;
  if (fstat(log->fd, &ours) < 0) return cannot(log, log->due, failed(CALL_FSTAT));
  bool is_there = lstat(log->path, &there) == 0;
  /* Through a link the name would be moved, and not the file. */
  if (is_there && S_ISLNK(there.st_mode)) return cannot(log, ours.st_size, failure(CALL_RENAME, ELOOP));
  if (!is_there || !is_same(&ours, &there)) {
    /* Somebody else has rotated it, and not said so. */
    log_file_close(log);
    return true;
  }
  if (!name_folder(log, &names)) return cannot(log, ours.st_size, failure(CALL_RENAME, ENAMETOOLONG));
  long long newest = newest_in(names.folder, &is_whole);
  if (newest < 0) return cannot(log, ours.st_size, failed(CALL_OPEN));
  int result = newest == 0 ? make_folder(names.folder, folder_mode(log)) : 0;
  if (result != 0) return cannot(log, ours.st_size, result);
  name_old(&names, newest + 1);
  snprintf(index, sizeof index, "%s~times", log->path);
  if (rename(index, names.index) < 0 && errno != ENOENT) return cannot(log, ours.st_size, failed(CALL_RENAME));
  if (rename(log->path, names.file) < 0) {
    int trouble = failed(CALL_RENAME);
    rename(names.index, index);
    return cannot(log, ours.st_size, trouble);
  }
  log->newest = newest + 1;
  log->set_aside++;
  log_file_close(log);
  return true;
}
