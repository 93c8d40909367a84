/*
 * Faults of the test build of the keeper: a page that it shares with the program that plays archond. Each call of a
 * kind is a point; while it is armed, the keeper counts them, and at the chosen one the call fails with an
 * errno, is not made at all, or somebody is killed just before it.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdint.h>

#define FAULTS_VARIABLE "TEST_FAULTS" /* path of the page's file */

enum fault_kind {
  FAULT_CHILD,   /* make_child: clone3 or fork */
  FAULT_PIPE,    /* pipe2 */
  FAULT_OPEN,    /* open, openat */
  FAULT_MKDIR,   /* mkdirat */
  FAULT_RMDIR,   /* unlinkat */
  FAULT_RAISE,   /* fcntl F_DUPFD_CLOEXEC */
  FAULT_WATCH,   /* epoll_ctl EPOLL_CTL_ADD */
  FAULT_SLEEP,   /* epoll_wait */
  FAULT_SEND,    /* sendmsg */
  FAULT_RECEIVE, /* recvmsg */
  FAULT_READ,    /* read, pread */
  FAULT_WRITE,   /* write */
  FAULT_CHANNEL, /* socketpair */
  FAULT_CLOSE,   /* close; never fails */
  FAULT_PUBLISH, /* a state word of the table; never fails */
  FAULT_SYSTEM,  /* syscall: waitid, signals by pidfd; never fails */
  FAULT_KINDS
};

#define FAULT_ANY FAULT_KINDS
#define FAULT_KILL_ARCHOND 100000
#define FAULT_KILL_KEEPER 100001

struct faults {
  uint32_t armed;
  uint32_t kind;   /* or FAULT_ANY */
  uint32_t at;     /* the first is 1 */
  uint32_t action; /* errno, or FAULT_KILL_… */
  uint32_t seen;   /* points of that kind since it was armed */
  uint32_t fired;  /* the keeper that it happened to */
};

#endif
