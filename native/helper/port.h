/* Addresses of sockets that are bound for services. */
#ifndef ARCHON_PORT_H
#define ARCHON_PORT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

union address {
  struct sockaddr any;
  struct sockaddr_in four;
  struct sockaddr_in6 six;
  struct sockaddr_un unix_name;
};

/* What is asked for: the bits of `options`. */
#define OPTION_DATAGRAM 1
#define OPTION_REUSE_PORT 2

/* An address by its text: a path, or a number of the fourth or sixth kind. Its length, or a failure. */
int address_of(const char *host, int port, union address *address);
/* Both are of a family that is known here, and the same. */
bool same_address(const union address *one, const union address *other);

#endif
