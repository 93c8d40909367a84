/*
 * What a program has set on its socket before it binds it is what it wants of the one that it gets. Both are
 * compared, and only what differs is set: so nothing is pinned that the kernel chooses by itself, and what
 * an earlier program has left on a socket that is handed on is set back.
 */
#include "bindshim.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

/* Newer than some headers. */
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define SEND_BUFFER_LOCKED 1
#define RECEIVE_BUFFER_LOCKED 2
/* The longest of them: TCP_CONGESTION, struct timeval, struct linger. */
#define MOST_OPTION_BYTES 16

enum whose { ALL, OF_TCP, OF_UDP, OF_V6 };

/*
 * SO_REUSEPORT is not among them: it says who may bind beside, and that is settled. Nor is what can be set but not read:
 * memberships of groups, keys. See docs/bind-shim.org.
 */
static const struct {
  int level, name;
  enum whose whose;
} options[] = {
    {SOL_SOCKET, SO_REUSEADDR, ALL},
    {SOL_SOCKET, SO_KEEPALIVE, ALL},
    {SOL_SOCKET, SO_BROADCAST, ALL},
    {SOL_SOCKET, SO_OOBINLINE, ALL},
    {SOL_SOCKET, SO_DONTROUTE, ALL},
    {SOL_SOCKET, SO_LINGER, ALL},
    {SOL_SOCKET, SO_RCVTIMEO, ALL},
    {SOL_SOCKET, SO_SNDTIMEO, ALL},
    {SOL_SOCKET, SO_RCVLOWAT, ALL},
    {SOL_SOCKET, SO_PRIORITY, ALL},
    {SOL_SOCKET, SO_MARK, ALL},
    {SOL_SOCKET, SO_TIMESTAMP, ALL},
    {SOL_SOCKET, SO_TIMESTAMPNS, ALL},
    {SOL_SOCKET, SO_RXQ_OVFL, ALL},
    {SOL_SOCKET, SO_BUSY_POLL, ALL},
    {SOL_SOCKET, SO_INCOMING_CPU, ALL},
    {SOL_SOCKET, SO_ZEROCOPY, ALL},
    {SOL_SOCKET, SO_NO_CHECK, OF_UDP},
    {IPPROTO_TCP, TCP_NODELAY, OF_TCP},
    {IPPROTO_TCP, TCP_MAXSEG, OF_TCP},
    {IPPROTO_TCP, TCP_KEEPIDLE, OF_TCP},
    {IPPROTO_TCP, TCP_KEEPINTVL, OF_TCP},
    {IPPROTO_TCP, TCP_KEEPCNT, OF_TCP},
    {IPPROTO_TCP, TCP_SYNCNT, OF_TCP},
    {IPPROTO_TCP, TCP_LINGER2, OF_TCP},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, OF_TCP},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, OF_TCP},
    {IPPROTO_TCP, TCP_CONGESTION, OF_TCP},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, OF_TCP},
    {IPPROTO_TCP, TCP_FASTOPEN, OF_TCP},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, OF_TCP},
    {IPPROTO_UDP, UDP_SEGMENT, OF_UDP},
    {IPPROTO_UDP, UDP_GRO, OF_UDP},
    {IPPROTO_IP, IP_TOS, ALL},
    {IPPROTO_IP, IP_TTL, ALL},
    {IPPROTO_IP, IP_FREEBIND, ALL},
    {IPPROTO_IP, IP_TRANSPARENT, ALL},
    {IPPROTO_IP, IP_MTU_DISCOVER, ALL},
    {IPPROTO_IP, IP_RECVERR, ALL},
    {IPPROTO_IP, IP_PKTINFO, OF_UDP},
    {IPPROTO_IP, IP_RECVTOS, OF_UDP},
    {IPPROTO_IP, IP_RECVTTL, OF_UDP},
    {IPPROTO_IP, IP_RECVORIGDSTADDR, OF_UDP},
    {IPPROTO_IP, IP_MULTICAST_TTL, OF_UDP},
    {IPPROTO_IP, IP_MULTICAST_LOOP, OF_UDP},
    {IPPROTO_IPV6, IPV6_TCLASS, OF_V6},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, OF_V6},
    {IPPROTO_IPV6, IPV6_FREEBIND, OF_V6},
    {IPPROTO_IPV6, IPV6_TRANSPARENT, OF_V6},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, OF_V6},
    {IPPROTO_IPV6, IPV6_RECVERR, OF_V6},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, OF_V6},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, OF_V6},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, OF_V6},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, OF_V6},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, OF_V6},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, OF_V6},
};

static bool concerns(enum whose whose, const struct wish *wish) {
  switch (whose) {
    case OF_TCP: return wish->type == SOCK_STREAM;
    case OF_UDP: return wish->type == SOCK_DGRAM;
    case OF_V6: return wish->domain == AF_INET6;
    default: return true;
  }
}

static void carry_one(int from, int to, int level, int name) {
  uint8_t wanted[MOST_OPTION_BYTES] = {0}, found[MOST_OPTION_BYTES] = {0};
  socklen_t wanted_length = sizeof wanted, found_length = sizeof found;
  if (getsockopt(from, level, name, wanted, &wanted_length) < 0) return;
  if (getsockopt(to, level, name, found, &found_length) < 0) return;
  if (wanted_length != found_length || memcmp(wanted, found, sizeof wanted) != 0)
    setsockopt(to, level, name, wanted, wanted_length);
}

/* The kernel doubles what is set. */
static void carry_buffer(int from, int to, int name, int forced_name) {
  int bytes = option_of(from, SOL_SOCKET, name, -1);
  if (bytes < 0 || bytes == option_of(to, SOL_SOCKET, name, -1)) return;
  bytes /= 2;
  if (setsockopt(to, SOL_SOCKET, forced_name, &bytes, sizeof bytes) < 0)
    setsockopt(to, SOL_SOCKET, name, &bytes, sizeof bytes);
}

/* One that nobody has set grows by itself, and does not any more once it has been set: the kernel has a lock for that. */
static void carry_buffers(int from, int to) {
  int wanted = option_of(from, SOL_SOCKET, SO_BUF_LOCK, -1);
  int either = wanted < 0 ? -1 : wanted | option_of(to, SOL_SOCKET, SO_BUF_LOCK, 0);
  if ((either & SEND_BUFFER_LOCKED) != 0) carry_buffer(from, to, SO_SNDBUF, SO_SNDBUFFORCE);
  if ((either & RECEIVE_BUFFER_LOCKED) != 0) carry_buffer(from, to, SO_RCVBUF, SO_RCVBUFFORCE);
  if (wanted >= 0 && wanted != option_of(to, SOL_SOCKET, SO_BUF_LOCK, wanted))
    setsockopt(to, SOL_SOCKET, SO_BUF_LOCK, &wanted, sizeof wanted);
}

void carry_options(int from, int to, const struct wish *wish) {
  for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
    if (concerns(options[i].whose, wish)) carry_one(from, to, options[i].level, options[i].name);
  carry_buffers(from, to);
  int wanted = fcntl(from, F_GETFL), found = fcntl(to, F_GETFL);
  if (wanted >= 0 && found >= 0 && ((wanted ^ found) & O_NONBLOCK) != 0) fcntl(to, F_SETFL, found ^ O_NONBLOCK);
}
