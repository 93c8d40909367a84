/*
 * The bind shim: a library that is preloaded into programs which call bind(2) themselves, so that they
 * get a socket that Archon has bound for them (docs/bind-shim.org).
 *
 * It lives in strange processes, in any thread of them, in a signal handler, between vfork and exec, before
 * main: it never allocates, takes no lock, keeps nothing that changes, and makes no call at which a
 * thread can be cancelled. Whatever goes wrong, the program's own bind is called as if nothing had been.
 */
#ifndef ARCHON_BINDSHIM_H
#define ARCHON_BINDSHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Whoever has not answered by then is not waited for any longer. */
#ifndef PATIENCE_MS /* tests that make it slow have more */
#define PATIENCE_MS 1000
#endif

/* What is to be bound, as the caller has made and named it. */
struct wish {
  int fd;
  int domain, type, protocol;
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  bool is_v6_only; /* of an IPv6 socket */
  bool shares;     /* SO_REUSEPORT */
  int64_t until_ms;
};

/* CLOCK_MONOTONIC. */
int64_t now_ms(void);

/* A socket option that is a number; `otherwise` where the socket does not have it. */
int option_of(int fd, int level, int name, int otherwise);

/* ask.c: the socket for this wish from who listens at `path`, close-on-exec; -1: there is none. */
int ask_for(const char *path, const struct wish *wish);

/* options.c: `to` gets the flags and options that `from` has. */
void carry_options(int from, int to, const struct wish *wish);

/*
 * replace.c: `with` gets the options of the caller's socket and takes its place, under every number that it has in this
 * process and in every epoll that watches it. False: it could not.
 */
bool replace_socket(int with, const struct wish *wish);

#endif
