/* The names in a folder, read without the heap (opendir(3) would allocate). */
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"

struct dirent64 { /* getdents64(2) */
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

const char *next_name(struct folder *folder, bool *is_folder) {
  for (;;) {
    if (folder->at >= folder->got) {
      folder->got = syscall(SYS_getdents64, folder->fd, folder->buffer, sizeof folder->buffer);
      folder->at = 0;
      if (folder->got <= 0) return NULL;
    }
    const struct dirent64 *item = (const struct dirent64 *)(folder->buffer + folder->at);
    folder->at += item->length;
    if (item->name[0] == '.') continue;
    if (is_folder != NULL) *is_folder = item->type == 4 /* DT_DIR */;
    return item->name;
  }
}
