/* What an earlier keeper left to this one: its processes, which are no children here, and its archond. */
#ifndef ARCHON_KEEPER_ADOPTED_H
#define ARCHON_KEEPER_ADOPTED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* adopt.c */
void adopt_entries(void); /* of a table that an earlier keeper left */

/* follow.c: processes that an earlier keeper made. */
bool hold_same(pid_t pid, uint64_t start, int *fd); /* whether that process is there; its pidfd, or NONE without one */
void follow_begin(uint32_t index);
void follow_readable(uint32_t index);
void follow_work(uint64_t now);
uint64_t follow_next(void);
void follow_forget(uint32_t index);
bool followed(uint32_t index);
bool follow_lost(uint32_t index);
bool follow_holds_main(uint32_t index);
bool follow_minder_lives(uint32_t index);
void follow_signal_minder(uint32_t index, int signal);
int follow_signal(uint32_t index, int signal, bool group); /* to the main process; as signal_main */

/* ended.c: how a process ended that is nobody's child here. */
enum ending { ENDED_NOT, ENDED_UNKNOWN_YET, ENDED_FOR_GOOD };
bool pidfd_ended(int fd);
/* `kind` 0: it cannot be known. UNKNOWN_YET: it may be known once it has been reaped. */
enum ending ended_how(pid_t pid, uint64_t start, int fd, int *kind, int *status);

/* former.c: the archond of an earlier keeper. */
bool former_lives(void); /* then it is waited for, and its successor is started when it has ended */
void former_readable(void);
void former_tick(uint64_t now);
uint64_t former_next(void);
pid_t former_pid(void); /* 0 where it does not live, or has become this keeper */

/* bequest.c: what that archond hands over. */
void bequest_expect(void); /* before it can see that there is a successor */
void bequest_readable(void);
void bequest_end(void);    /* takes what is still under way; from here on nothing is expected */

#endif
