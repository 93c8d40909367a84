/* bind(2) as preloaded programs see it; see bindshim/bindshim.h. */
#include "bindshim/bindshim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "keeper/raw.h"

/* Sockets that were inherited for this, and the bytes of $ARCHON_BIND that are read. */
#define MOST_INHERITED 8
#define MOST_SETTING_BYTES 256

typedef int bind_function(int fd, const struct sockaddr *address, socklen_t length);

/* Where a socket may come from: what $ARCHON_BIND said when the program began, whatever it does to its environment. */
struct sources {
  struct {
    int fd;
    ino_t inode; /* by which it is known whether it is still there */
  } inherited[MOST_INHERITED];
  int count;
  char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* empty: nobody can be asked */
};

/* Both are written by the constructor, which runs before there are threads, and never after. */
static struct sources at_start;
static bind_function *next_bind;
static bool is_ready;

/* A library below this one that calls bind by its name would call itself. */
static __thread bool is_inside __attribute__((tls_model("initial-exec")));

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int option_of(int fd, int level, int name, int otherwise) {
  int value = otherwise;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) < 0 ? otherwise : value;
}

/* ---- what there is -------------------------------------------------------------------------- */

/* `fd:N,` as often as there are inherited sockets, then the path of who can be asked. */
static void read_sources(const char *setting, struct sources *sources) {
  *sources = (struct sources){.count = 0};
  if (setting == NULL || strlen(setting) >= MOST_SETTING_BYTES) return;
  while (strncmp(setting, "fd:", 3) == 0) {
    int fd = 0;
    struct stat status;
    for (setting += 3; *setting >= '0' && *setting <= '9' && fd < 1 << 24; setting++) fd = fd * 10 + (*setting - '0');
    if (*setting != ',' && *setting != 0) return;
    if (sources->count < MOST_INHERITED && fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)) {
      sources->inherited[sources->count].fd = fd;
      sources->inherited[sources->count++].inode = status.st_ino;
    }
    if (*setting == ',') setting++;
  }
  if (*setting == '/' && strlen(setting) < sizeof sources->path) strcpy(sources->path, setting);
}

/* Before main, and before other threads. Programs with rights that their caller lacks are left alone. */
static void __attribute__((constructor)) begin(void) {
  int before = errno;
  bind_function *found;
  *(void **)&found = dlsym(RTLD_NEXT, "bind");
  next_bind = found;
  read_sources(secure_getenv("ARCHON_BIND"), &at_start);
  __atomic_store_n(&is_ready, true, __ATOMIC_RELEASE);
  errno = before;
}

static int real_bind(int fd, const struct sockaddr *address, socklen_t length) {
  bool is_again = is_inside;
  if (__atomic_load_n(&is_ready, __ATOMIC_ACQUIRE) && next_bind != NULL && !is_again) {
    is_inside = true;
    int result = next_bind(fd, address, length);
    is_inside = false;
    return result;
  }
  long result = raw(SYS_bind, fd, address, length);
  if (result < 0) errno = (int)-result;
  return result < 0 ? -1 : 0;
}

/* ---- what is wanted ------------------------------------------------------------------------- */

static bool read_address(const struct sockaddr *address, socklen_t length, struct wish *wish) {
  if (address == NULL || length < sizeof address->sa_family) return false;
  if (address->sa_family == AF_INET && length >= sizeof wish->address.v4) {
    memcpy(&wish->address.v4, address, sizeof wish->address.v4);
    return wish->address.v4.sin_port != 0;
  }
  if (address->sa_family == AF_INET6 && length >= sizeof wish->address.v6) {
    memcpy(&wish->address.v6, address, sizeof wish->address.v6);
    return wish->address.v6.sin6_port != 0;
  }
  return false;
}

static bool is_bound(int fd) {
  struct sockaddr_storage name;
  socklen_t length = sizeof name;
  if (getsockname(fd, (struct sockaddr *)&name, &length) < 0) return true;
  if (name.ss_family == AF_INET) return ((struct sockaddr_in *)&name)->sin_port != 0;
  return ((struct sockaddr_in6 *)&name)->sin6_port != 0;
}

/* What cannot be carried over to another socket: a device, a filter, signals. */
static bool has_peculiarities(int fd) {
  char device[IFNAMSIZ];
  socklen_t length = sizeof device;
  if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length) == 0 && length > 1 && device[0] != 0) return true;
  socklen_t instructions = 0;
  if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &instructions) < 0 || instructions > 0) return true;
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 || (flags & O_ASYNC) != 0;
}

/* Whether there may be a socket for it. TCP and UDP, with a port, of a socket that has none yet. */
static bool read_wish(int fd, const struct sockaddr *address, socklen_t length, struct wish *wish) {
  *wish = (struct wish){.fd = fd};
  if (!read_address(address, length, wish)) return false;
  wish->domain = option_of(fd, SOL_SOCKET, SO_DOMAIN, -1);
  wish->type = option_of(fd, SOL_SOCKET, SO_TYPE, -1);
  wish->protocol = option_of(fd, SOL_SOCKET, SO_PROTOCOL, -1);
  bool is_tcp = wish->type == SOCK_STREAM && wish->protocol == IPPROTO_TCP;
  bool is_udp = wish->type == SOCK_DGRAM && wish->protocol == IPPROTO_UDP;
  if (wish->domain != wish->address.any.sa_family || (!is_tcp && !is_udp)) return false;
  if (is_bound(fd) || has_peculiarities(fd)) return false;
  wish->is_v6_only = wish->domain == AF_INET6 && option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0;
  wish->shares = option_of(fd, SOL_SOCKET, SO_REUSEPORT, 0) != 0;
  wish->until_ms = now_ms() + PATIENCE_MS;
  return true;
}

/* ---- what is given -------------------------------------------------------------------------- */

static bool is_at(int fd, const struct wish *wish) {
  struct sockaddr_storage name;
  socklen_t length = sizeof name;
  if (getsockname(fd, (struct sockaddr *)&name, &length) < 0) return false;
  if (wish->domain == AF_INET) {
    const struct sockaddr_in *found = (struct sockaddr_in *)&name, *wanted = &wish->address.v4;
    return found->sin_port == wanted->sin_port && found->sin_addr.s_addr == wanted->sin_addr.s_addr;
  }
  const struct sockaddr_in6 *found = (struct sockaddr_in6 *)&name, *wanted = &wish->address.v6;
  return found->sin6_port == wanted->sin6_port && found->sin6_scope_id == wanted->sin6_scope_id &&
         memcmp(&found->sin6_addr, &wanted->sin6_addr, sizeof found->sin6_addr) == 0;
}

/* Nobody is believed: only a socket that is what the caller would have made of its own. */
static bool suits(int fd, const struct wish *wish) {
  if (option_of(fd, SOL_SOCKET, SO_DOMAIN, -1) != wish->domain) return false;
  if (option_of(fd, SOL_SOCKET, SO_TYPE, -1) != wish->type) return false;
  if (option_of(fd, SOL_SOCKET, SO_PROTOCOL, -1) != wish->protocol || !is_at(fd, wish)) return false;
  /* Whether IPv4 comes too can be chosen before binding only. */
  if (wish->domain == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&wish->address.v6.sin6_addr) &&
      (option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0) != wish->is_v6_only)
    return false;
  /* Who shares a UDP port counts on having the same peers at the same socket. */
  return wish->type != SOCK_DGRAM || !wish->shares || option_of(fd, SOL_SOCKET, SO_REUSEPORT, 0) != 0;
}

static bool take(int given, const struct wish *wish) {
  return given != wish->fd && suits(given, wish) && replace_socket(given, wish);
}

static bool take_from(const struct sources *sources, const struct wish *wish) {
  for (int i = 0; i < sources->count; i++) {
    struct stat status;
    int fd = sources->inherited[i].fd;
    if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_ino == sources->inherited[i].inode &&
        take(fd, wish))
      return true;
  }
  int given = sources->path[0] == 0 ? -1 : ask_for(sources->path, wish);
  if (given < 0) return false;
  bool is_taken = take(given, wish);
  raw(SYS_close, given);
  return is_taken;
}

static bool has_sources(const struct sources *sources) { return sources->count > 0 || sources->path[0] != 0; }

int __attribute__((visibility("default"))) bind(int fd, const struct sockaddr *address, socklen_t length) {
  int before = errno;
  struct sources early;
  struct wish wish;
  const struct sources *sources = &at_start;
  /* A constructor of another library calls: there are no other threads yet. */
  if (!__atomic_load_n(&is_ready, __ATOMIC_ACQUIRE)) {
    read_sources(secure_getenv("ARCHON_BIND"), &early);
    sources = &early;
  }
  bool is_bound_now = !is_inside && has_sources(sources) && read_wish(fd, address, length, &wish) && take_from(sources, &wish);
  errno = before;
  return is_bound_now ? 0 : real_bind(fd, address, length);
}
