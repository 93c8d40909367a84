/* The sockets that are bound for services: made here, since Node would accept from them, or make them non-blocking. */
#include "helper.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port.h"

/* Whoever reaches the folder may connect, as with a port; a service that wants less looks at its peers. */
#define SOCKET_MODE 0666

int address_of(const char *host, int port, union address *address) {
  memset(address, 0, sizeof *address);
  if (host[0] == '/') {
    /* Services and their clients are told this path, and could not use a longer one. */
    if (strlen(host) >= sizeof address->unix_name.sun_path) return failure(CALL_BIND, ENAMETOOLONG);
    address->unix_name.sun_family = AF_UNIX;
    strcpy(address->unix_name.sun_path, host);
    return sizeof address->unix_name;
  }
  if (port < 0 || port > 65535) return failure(CALL_BIND, EINVAL);
  if (inet_pton(AF_INET, host, &address->four.sin_addr) == 1) {
    address->four.sin_family = AF_INET;
    address->four.sin_port = htons((uint16_t)port);
    return sizeof address->four;
  }
  if (inet_pton(AF_INET6, host, &address->six.sin6_addr) == 1) {
    address->six.sin6_family = AF_INET6;
    address->six.sin6_port = htons((uint16_t)port);
    return sizeof address->six;
  }
  return failure(CALL_BIND, EINVAL);
}

bool same_address(const union address *one, const union address *other) {
  if (one->any.sa_family != other->any.sa_family) return false;
  switch (one->any.sa_family) {
    case AF_UNIX:
      return strncmp(one->unix_name.sun_path, other->unix_name.sun_path, sizeof one->unix_name.sun_path) == 0;
    case AF_INET:
      return one->four.sin_port == other->four.sin_port && one->four.sin_addr.s_addr == other->four.sin_addr.s_addr;
    case AF_INET6:
      return one->six.sin6_port == other->six.sin6_port &&
             memcmp(&one->six.sin6_addr, &other->six.sin6_addr, sizeof one->six.sin6_addr) == 0;
    default:
      return false;
  }
}

/* A socket file at which nobody answers goes; what is none, or answers, stays. */
static int clear_path(const union address *address, int type) {
  struct stat status;
  const char *path = address->unix_name.sun_path;
  if (lstat(path, &status) < 0) return errno == ENOENT ? 0 : failed(CALL_BIND);
  if (!S_ISSOCK(status.st_mode)) return failure(CALL_BIND, EEXIST);
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(CALL_SOCKET);
  int result = connect(fd, &address->any, sizeof address->unix_name);
  bool is_stale = result < 0 && errno == ECONNREFUSED;
  close(fd);
  if (!is_stale) return failure(CALL_BIND, EADDRINUSE);
  return unlink(path) < 0 ? failed(CALL_BIND) : 0;
}

static int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) < 0 ? failed(CALL_SETSOCKOPT) : 0;
}

/*
 * What is left of earlier connections is no hindrance (SO_REUSEADDR); of datagrams it would let anybody share
 * the port. That all addresses of the sixth kind are those of the fourth too is what the kernel does by
 * default, said here lest a setting of the host decide (ipv6(7)).
 */
static int set_options(int fd, const union address *address, int options) {
  int result = 0;
  if ((options & OPTION_DATAGRAM) == 0) result = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (result == 0 && (options & OPTION_REUSE_PORT) != 0) result = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (result == 0 && address->any.sa_family == AF_INET6) result = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  return result;
}

static int bind_and_listen(int fd, const union address *address, int length, int options, int backlog) {
  bool is_path = address->any.sa_family == AF_UNIX;
  int type = (options & OPTION_DATAGRAM) != 0 ? SOCK_DGRAM : SOCK_STREAM;
  int result = is_path ? clear_path(address, type) : set_options(fd, address, options);
  if (result != 0) return result;
  if (bind(fd, &address->any, (socklen_t)length) < 0) return failed(CALL_BIND);
  if (is_path && chmod(address->unix_name.sun_path, SOCKET_MODE) < 0) result = failed(CALL_CHMOD);
  if (result == 0 && type == SOCK_STREAM && listen(fd, backlog) < 0) result = failed(CALL_LISTEN);
  if (result != 0 && is_path) unlink(address->unix_name.sun_path);
  return result;
}

/* bindPort(host, port, options, backlog): the socket, bound, and listening unless it is one of datagrams; or a failure. */
static napi_value bind_port(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  char host[sizeof(struct sockaddr_un) + 1];
  union address address;
  read_arguments(env, info, &arguments);
  int options = argument_int(&arguments, 2);
  if (!argument_path(&arguments, 0, host, sizeof host)) return return_int(env, failure(CALL_BIND, ENAMETOOLONG));
  int length = address_of(host, argument_int(&arguments, 1), &address);
  if (length < 0) return return_int(env, length);
  int type = (options & OPTION_DATAGRAM) != 0 ? SOCK_DGRAM : SOCK_STREAM;
  int fd = socket(address.any.sa_family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return return_int(env, failed(CALL_SOCKET));
  int result = bind_and_listen(fd, &address, length, options, argument_int(&arguments, 3));
  if (result == 0) return return_int(env, fd);
  close(fd);
  return return_int(env, result);
}

/* Writes the address as text into `text` and the port into `port`; false where the family is another one. */
static bool show_address(const union address *address, char *text, socklen_t size, int *port) {
  *port = 0;
  switch (address->any.sa_family) {
    case AF_UNIX:
      snprintf(text, size, "%s", address->unix_name.sun_path);
      return true;
    case AF_INET:
      *port = ntohs(address->four.sin_port);
      return inet_ntop(AF_INET, &address->four.sin_addr, text, size) != NULL;
    case AF_INET6:
      *port = ntohs(address->six.sin6_port);
      return inet_ntop(AF_INET6, &address->six.sin6_addr, text, size) != NULL;
    default:
      return false;
  }
}

/*
 * portAddress(descriptor): bytes of the host in the shared buffer; in numbers the port, and 1 where it is a
 * socket of datagrams. A failure where it is no bound socket of a family that is known here.
 */
static napi_value port_address(napi_env env, napi_callback_info info) {
  struct arguments arguments;
  union address address = {0};
  socklen_t length = sizeof address - 1; /* a path that fills its place ends with NUL all the same */
  int type, port;
  socklen_t type_length = sizeof type;
  read_arguments(env, info, &arguments);
  int fd = argument_int(&arguments, 0);
  if (getsockname(fd, &address.any, &length) < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) < 0)
    return return_int(env, failed(CALL_GETSOCKOPT));
  char *host = (char *)arguments.helper->receive;
  if (!show_address(&address, host, RECEIVE_BYTES, &port)) return return_int(env, failure(CALL_GETSOCKOPT, EAFNOSUPPORT));
  arguments.helper->numbers[0] = port;
  arguments.helper->numbers[1] = type == SOCK_DGRAM;
  return return_int(env, (int64_t)strlen(host));
}

const struct function port_functions[] = {{"bindPort", bind_port}, {"portAddress", port_address}, {NULL, NULL}};
