/* Memory that is shared with others: sealed memfds, and the mapping of the keeper's table. And the wall clock. */
#include "helper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u /* Linux 6.3; without it such a kernel logs a warning */
#endif

int memfd_holding(const char *name, const uint8_t *bytes, size_t length) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  static bool plain_only; /* an older kernel: found out once, true for every environment */
  int fd = plain_only ? -1 : memfd_create(name, flags | MFD_NOEXEC_SEAL);
  if (fd < 0 && (plain_only || errno == EINVAL)) {
    plain_only = true;
    fd = memfd_create(name, flags);
  }
  if (fd < 0) return failed(CALL_MEMFD);
  for (size_t done = 0; done < length;) {
    ssize_t count = pwrite(fd, bytes + done, length - done, (off_t)done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      int result = failed(CALL_WRITE);
      close(fd);
      return result;
    }
    done += (size_t)count;
  }
  return fd;
}

/* sealedMemfd(bytes, length): a descriptor of memory that nobody can change any more, or a failure. */
static napi_value sealed_memfd(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  size_t length;
  read_arguments(env, info, &arguments);
  const uint8_t *bytes = argument_bytes(&arguments, 0, &length);
  int32_t wanted = argument_int(&arguments, 1);
  if (bytes == NULL || wanted < 0 || (size_t)wanted > length) return return_int(env, failure(CALL_MEMFD, EINVAL));
  int fd = memfd_holding("archon-spawn", bytes, (size_t)wanted);
  if (fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
    int result = failed(CALL_FCNTL);
    close(fd);
    fd = result;
  }
  return return_int(env, fd);
}

static void unmap(napi_env env, void *data, void *hint) {
  (void)env;
  munmap(data, (size_t)(uintptr_t)hint);
}

/* mapShared(descriptor): an ArrayBuffer over the whole file, shared and writable; or a failure. */
static napi_value map_shared(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  struct stat status;
  napi_value result;
  read_arguments(env, info, &arguments);
  int fd = argument_int(&arguments, 0);
  if (fstat(fd, &status) < 0) return return_int(env, failed(CALL_FSTAT));
  if (status.st_size <= 0) return return_int(env, failure(CALL_MMAP, EINVAL));
  void *data = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return return_int(env, failed(CALL_MMAP));
  if (napi_create_external_arraybuffer(env, data, (size_t)status.st_size, unmap, (void *)(uintptr_t)status.st_size,
                                       &result) != napi_ok) {
    munmap(data, (size_t)status.st_size);
    return return_int(env, failure(CALL_MMAP, ENOMEM));
  }
  return result;
}

/* realtimeNs(): CLOCK_REALTIME, which Node shows in milliseconds only. */
static napi_value realtime_ns(napi_env env, napi_callback_info info) {
  struct timespec now;
  napi_value result = NULL;
  (void)info;
  clock_gettime(CLOCK_REALTIME, &now);
  napi_create_bigint_int64(env, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, &result);
  return result;
}

const struct function memory_functions[] = {
    {"realtimeNs", realtime_ns},
    {"sealedMemfd", sealed_memfd},
    {"mapShared", map_shared},
    {NULL, NULL},
};
