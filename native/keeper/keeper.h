/*
 * The keeper: the parent of every process. It acts and never decides; see docs/keeper.org.
 *
 * One thread, one loop, no heap after start. What must outlive it stands in the table; what it
 * needs only for itself stands in `slots` (one for each entry of the table, same index).
 */
#ifndef ARCHON_KEEPER_H
#define ARCHON_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "wire.h"

/*
 * Descriptors below this number are the window: what arrives for children lands there, because
 * everything that lives long is moved above it. A child copies the window only.
 */
#define WINDOW_FDS 256

#define SPAWN_RESERVE 64 /* numbers that no spawn may use up: archond can be started again, trees watched */
#define STOCK_RESERVE 128 /* and those that what is made beforehand leaves to spawns */

#define NONE 0 /* no descriptor: 0, 1 and 2 are never stored in a slot */

struct slot {
  int exec_read;        /* reading end of the pipe that exec closes */
  int minder_read;      /* records of the minder */
  int events;           /* cgroup.events, while an ended tree is watched until it is empty */
  uint16_t flight;      /* number of its flight + 1, until its exec is over */
  uint8_t untold;       /* UNTOLD_… */
  uint8_t flags;        /* SLOT_… */
  uint32_t next_untold; /* index + 1 of the next in the queue of those to be told of */
  uint32_t next_work;   /* index + 1 of the next in the list of trees being emptied, or of lost minders */
  uint32_t sweeps;      /* how often its tree was swept since it was asked for */
  uint64_t sweep_at_ns; /* when it is swept next */
  uint64_t swept_ticks; /* when it was swept last, in clock ticks after boot */
  uint64_t ask_id;      /* of the spawn request; 0 where its archond is gone: nobody waits for an answer */
  uint64_t generation;
};

#define UNTOLD_SPAWNED 1 /* the answer to the spawn request */
#define UNTOLD_REFUSED 2 /* the answer is a refusal; the entry is free again after it */
#define UNTOLD_STATE 4   /* the state word */
#define UNTOLD_QUEUED 8

#define SLOT_KILL 1        /* its tree is to be killed until it is empty */
#define SLOT_WORK 2        /* it is in the list of trees being emptied */
#define SLOT_STRAYS 4      /* its minder died: what was below it is among the keeper's own children */
#define SLOT_EXEC_SEEN 8   /* exec is over, one way or the other */
#define SLOT_REFUSED 16    /* it came to nothing, which is being told */
#define SLOT_HELD 32       /* the answer to its request waits for its exec, for a little while */

struct keeper {
  struct table_header *header;
  struct table_entry *entries;
  struct ring_record *ring;
  int table_fd;
  int epoll;
  int signals;             /* signalfd */
  int null;                /* /dev/null */
  int runtime_dir;
  int channel;             /* to archond; NONE while there is none */
  bool channel_greeted;    /* archond has said hello in this epoch */
  bool channel_full;       /* the last send would have blocked */
  bool channel_ended;      /* archond has closed its end, and is killed for it */
  bool reap_again;         /* more children had ended than one turn takes */
  pid_t pid;
  pid_t archond;           /* 0 while there is none */
  uint32_t deaths;         /* of archond in a row, none of them after a second of answering */
  uint64_t archond_at_ns;  /* when it is started next; 0: not to be */
  uint64_t ready_at_ns;    /* when it said that its socket answers; 0: it has not */
  bool was_ready;          /* some archond of this keeper has been ready */
  bool archond_heard;      /* a message of it was read since the keeper looked last */
  uint32_t silence_ms;     /* after which it is killed; 0: never */
  bool quitting;
  int quit_code;
  uint64_t quit_kill_at_ns;
  uint32_t alive;          /* entries between STARTING and EXITED */
  uint32_t longest_delay_ms; /* of a restart of archond */
  struct rlimit nofile;    /* of descriptors, as it was when archon was started: for children */
  rlim_t fd_limit;         /* of the keeper itself */
  int ready_pipe;          /* whoever waits in the foreground for a supervisor in the background */
  int log_fd;              /* what becomes standard error once ready, or NONE */
  uint32_t tree_wanted;    /* enum tree_kind */
  enum child_share share_wanted;
  char **archond_argv;     /* with room for one word more */
  int archond_argc;
  char **archond_env;
};

extern struct keeper keeper;
extern struct slot slots[TABLE_ENTRIES];

/* What an event of epoll belongs to: the kind in the high half, an index in the low one. */
enum watch_kind { WATCH_SIGNALS = 1, WATCH_CHANNEL, WATCH_EXEC, WATCH_FLIGHT, WATCH_MINDER, WATCH_EVENTS,
                  WATCH_FOLLOWED, WATCH_FORMER, WATCH_BEQUEST };
#define WATCH(kind, index) (((uint64_t)(kind) << 32) | (uint32_t)(index))

/* log.c: a line to standard error, cut at 512 bytes, dropped where it would block. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* loop.c */
uint64_t now_ns(void);
void run_loop(void);

/* descriptors.c */
bool watch(int fd, uint32_t events, uint64_t tag);
void rewatch(int fd, uint32_t events, uint64_t tag);
void close_watched(int *fd); /* nothing where it is NONE; NONE afterwards */
int raise_fd(int fd);        /* moves it above the window: the new number; or closes it: -1; -1 stays -1 */
int raise_leaving(int fd, int reserve); /* likewise; EMFILE where not so many numbers are left above it */
void close_from(int first); /* this and all higher ones */

/* table.c */
int table_open(const char *path); /* takes the one over that an earlier keeper left, or makes one */
bool table_inherited(void);
void table_mark(uint32_t index); /* it is taken */
int table_take(void); /* the lowest free index, or -1 */
void table_free(uint32_t index);
void publish(uint32_t index, enum entry_state state); /* with a release store; tells archond */
enum entry_state state_of(uint32_t index);
uint64_t generation_of(uint32_t index);
bool names_entry(uint32_t index, uint64_t generation);
void table_label(uint32_t index, const char *label, size_t bytes);
void ring_add(pid_t pid, int kind, int status, const struct rusage *usage, uint64_t tree);
void record_end(struct table_entry *entry, int kind, int status, const struct rusage *usage);

/* pids.c: which entry a child of the keeper belongs to. */
void pids_add(pid_t pid, uint32_t index);
void pids_remove(pid_t pid);
int pids_find(pid_t pid); /* index or -1 */
uint32_t pids_count(void);

/* make-child.c: the one place where a child is made. */
#define CHILD_STACK_BYTES 8192
struct child_plan {
  int cgroup;         /* folder of the cgroup that it is born into, or -1 */
  bool share_window;  /* may share the table of descriptors until it cuts loose */
  char *stack;        /* CHILD_STACK_BYTES to run on in the keeper's memory; NULL: with a copy of it */
  void (*body)(void *context) __attribute__((noreturn));
  void *context;
};
pid_t make_child(const struct child_plan *plan); /* pid, or -1 and errno */
void make_child_probe(enum child_share wanted);
enum child_share make_child_shares(void); /* as much as a plan may ask for */

/* child.c: what runs on the way to exec. */
#define LOOSE_NOT 0u   /* still at the keeper's table of descriptors */
#define LOOSE_ASKED 1u /* likewise, and the keeper sleeps until a byte tells that it is not any more */
#define LOOSE 2u
struct child_context {
  struct table_entry *entry;
  struct spawn_block *block; /* the child's own; NULL: it is in the memfd */
  size_t block_bytes;
  int memfd;
  int exec_write;            /* closed by exec */
  int fd_count;
  int fds[BLOCK_MAX_FDS];
  bool cut_loose;            /* the table of descriptors is still the keeper's */
  uint32_t *loose;           /* LOOSE_…, where the memory is still the keeper's too; else NULL */
  pid_t minder;              /* which has to say first that this child exists; 0 where there is none */
  const struct rlimit *nofile;
};
void child_cut_loose(const struct child_context *context);
void child_body(void *context) __attribute__((noreturn));

/* minder.c */
enum minder_kind { MINDER_FORKED = 1, MINDER_REFUSED, MINDER_MAIN_ENDED, MINDER_ORPHAN, MINDER_EMPTY };
struct minder_record {
  uint32_t kind;
  uint32_t pid;
  int32_t code;
  int32_t status;
  struct rusage usage;
};
struct minder_context {
  struct child_context child;
  int pipe;
  uint64_t generation;
};
/*
 * A keeper that is killed may leave a minder that has not begun. Either that claims its entry, or a later keeper takes
 * the claim back, and it ends without having done anything: the entry may be another's by then.
 */
bool minder_take_back(struct table_entry *entry, uint64_t generation); /* false: it is there, and named in the entry */
static inline uint64_t claim_of(uint64_t generation) { return generation << CLAIM_PID_BITS; }
void minder_body(void *context) __attribute__((noreturn));
void minder_readable(uint32_t index);
void minder_ended(uint32_t index);

/* spawn.c */
struct ask;
void ask_spawn(struct ask *ask);
void spawn_started(uint32_t index);
void exec_readable(uint32_t index);
void exec_decided(uint32_t index);
void exec_over(uint32_t index);
void main_ended(uint32_t index, int kind, int status, const struct rusage *usage);
void refuse_spawn(uint32_t index, uint32_t stage, int error);

/* Its end is told by the closing of all that is open for writing: by exec, or by the end of the child. */
struct exec_pipe { int read, write; };
bool exec_pipe_make(struct exec_pipe *pipe, uint64_t tag); /* watched, the reading end above the window */

/* flights.c: what must stay for a child that is on its way to exec. */
#define FLIGHT_BLOCK_BYTES REQUEST_MAX_BYTES
/* A flight for this entry's child, with a pipe if one was ready: the place of its context; or NULL. */
struct minder_context *flight_take(uint32_t index, struct exec_pipe *pipe);
uint64_t flight_tag(uint32_t index); /* under which its exec pipe is to be watched */
/* The child will share the memory: a copy of its block goes into the context; its stack. */
char *flight_lend(uint32_t index, const void *block, size_t bytes);
void flight_hold(uint32_t index, int fd); /* to be closed when the child is loose; not where it is -1 */
void flight_begin(uint32_t index);        /* the child exists */
void flight_cut(uint32_t index);          /* it is loose */
void flight_end(uint32_t index);          /* its exec is over, or it has ended: nothing of ours is in its hands */
void flights_settle(void);
uint64_t flights_next(void); /* when one has been under way for so long that its spawn is told of anyway */
void flights_tick(uint64_t now);
int flight_index(uint32_t number);        /* the entry of the child that is under way in it, or -1 */
char *flight_trial_stack(void);

/* stock.c: what is made beforehand, while there is nothing else to do. */
enum stocked { STOCK_FULL, STOCK_MORE, STOCK_FAILED };
bool stock_wanting(void);
void stock_taken(void);
void stock_fill(void); /* makes one thing */
enum stocked flights_stock(void);
enum stocked cgroup_stock(void);

/* reap.c */
void reap_children(void);
void collect(pid_t pid); /* reaps a child that has ended */
void note_initial_children(void);
bool initial_child(pid_t pid); /* it was there before the keeper was one: never touched */

/* cgroup.c */
void cgroup_setup(uint32_t wanted);
void cgroup_cleanup(void);
int cgroup_take(uint64_t generation);                  /* its folder, made beforehand or now; or -1 */
int cgroup_limit(int folder, const struct ask_spawn *spawn); /* 0, or the errno of the first that cannot be had */
void cgroup_note_kills(uint32_t index);               /* in the entry, what the kernel killed of it so far */
bool cgroup_remove(uint32_t index);                   /* true: it was empty, and is gone */
void cgroup_watch(uint32_t index);
bool cgroup_will_tell(uint32_t index);
void cgroup_readable(uint32_t index);
void cgroup_kill(uint32_t index);
int cgroup_signal(uint32_t index, int signal);
bool cgroup_holds(pid_t pid); /* it is in a cgroup below the root */
pid_t cgroup_first(uint32_t index); /* the one that was started first of those in it; 0: there is none */

/* limits.c: `root`: the folder below which the trees are; `folder`: that of one. */
int limits_apply(int root, int folder, const struct ask_spawn *spawn);
void limits_let_go(int root); /* the root and its parent give no controllers away any more */
void limits_note_kills(int folder, const char *events, struct table_entry *entry);

/* tree.c: emptying trees, and signals to processes that are not children of the keeper. */
void tree_kill(uint32_t index);
void tree_work(uint64_t now);
uint64_t tree_next(void);
void tree_list(uint32_t index);
void tree_forget(uint32_t index);
int tree_signal(uint32_t index, int signal);
int signal_main(uint32_t index, int signal, bool group);
struct seen { uint64_t youngest_ticks; }; /* the latest start among the processes that were signalled */
/* SIGKILL to the keeper's children that are chosen, and all below; how many of the chosen are left. */
int kill_children(bool (*chosen)(pid_t pid), struct seen *seen);

int kill_below(pid_t top); /* SIGKILL to all that is below a process that is certainly ours */

/* strays.c */
void strays_add(uint32_t index);
void strays_work(uint64_t now);
uint64_t strays_next(void);

/* signalling.c: 1 where the process was still where it had been seen, and was signalled; else 0. */
int send_to_child(pid_t pid, pid_t parent, pid_t heir, int signal, struct seen *seen);
int send_to_member(pid_t pid, const char *cgroup, int signal);

/* proc.c */
bool proc_stat(pid_t pid, pid_t *parent, uint64_t *start_ticks, char *state);
struct proc_facts {
  char state;
  pid_t parent, session;
  uint64_t flags, threads, start_ticks;
  int exit_code; /* as wait(2) tells it; 0 also where one may not know it */
};
bool proc_facts(pid_t pid, struct proc_facts *facts);
#define PROC_NOT_EXECUTED 0x40u /* of flags: it was forked and has not gone through exec(2) (PF_FORKNOEXEC) */
#define PROC_EXITING 0x4u       /* it is on its way out (PF_EXITING), and lets go of its files one after the other */
bool proc_is_over(const struct proc_facts *facts);
int proc_children(pid_t pid, pid_t *out, int room);
uint64_t boot_ticks(void);
uint64_t start_of(pid_t pid, uint64_t before_ticks); /* of a child made since then, by this very process */
int read_file_at(int dir, const char *path, char *buffer, size_t size);

/* folder.c */
struct folder {
  int fd;
  long got, at;
  char buffer[4096] __attribute__((aligned(8)));
};
/* NULL at the end; none that begins with a dot. */
const char *next_name(struct folder *folder, bool *is_folder);

/* kept.c */
int kept_store(const char *name, size_t bytes, int fd, bool replace); /* 0 or errno; takes fd in any case */
int kept_drop(const char *name, size_t bytes);
uint32_t kept_count(void);
bool kept_inherit(int list); /* takes over what a list in that file names, a line each: number, blank, name */
int kept_next(int after, char *name, size_t *bytes, int *fd); /* the next slot, or -1 */

/* channel.c */
struct ask {
  union {
    char bytes[REQUEST_MAX_BYTES];
    struct message_header head;
    struct ask_hello hello;
    struct ask_spawn spawn;
    struct ask_signal signal;
    struct ask_entry entry;
    struct ask_name name;
    struct ask_signal_done signal_done;
    struct ask_quit quit;
  } as;
  size_t bytes;
  int fds[MESSAGE_MAX_FDS];
  int fd_count;
};
void channel_open(int fd);
void channel_readable(void);
void channel_writable(void);
void channel_tick(uint64_t now);
uint64_t channel_next(void);
bool channel_draining(void); /* whoever asks is dead already */
void channel_drain(void); /* reads a dead archond's channel to its end and closes it */
void answer_done(const struct ask *ask, uint64_t value);
void answer_refused(const struct ask *ask, int error, uint32_t stage);
void answer(const struct ask *ask, enum message_type type, void *message, size_t bytes, int fd);
bool channel_send(void *message, size_t bytes, int fd); /* false: it would block, or there is no one */

/* asks.c */
void carry_out(struct ask *ask);
bool kept_listing(void);      /* a list of kept descriptors is being sent */
void kept_listing_go_on(void);
void kept_listing_stop(void);

/* greeting.c */
void ask_hello(struct ask *ask);
void greeting_forget(void);
void greeting_tick(uint64_t now);
uint64_t greeting_next(void);

/* tell.c */
void tell_later(uint32_t index, uint8_t what);
void tell_spawned(uint32_t index); /* at once, or together with what becomes of its exec */
void tell_drop(uint32_t index); /* its entry is given back */
void tell_orphan(void);
void tell_go_on(void);  /* sends what is untold, as far as the channel takes it */
void tell_forget(void); /* a new epoch: its archond reads the table instead */

/* archond.c */
void archond_start(void);
void archond_ended(int kind, int status);
void archond_ready(void);
void archond_tick(uint64_t now);
uint64_t archond_next(void);
void kill_archond(void);
void quit_begin(int code);
void quit_go_on(void);

/* watchdog.c: an archond that hangs. */
void watchdog_begin(uint64_t now); /* one was started */
void watchdog_tick(uint64_t now);
uint64_t watchdog_next(void);
bool watchdog_killed(void); /* the present one, or the last, was killed for its silence */

/* failures.c: archonds that do not come up. */
struct ended { int kind, status; bool silent; }; /* kind is an si_code, 0 where none has ended yet */
void failures_note(const struct ended *ended, uint64_t now, bool was_ready);
struct ended failures_last(void);
bool failures_safe(void);      /* the next one is to be started with --safe, and so are all after it */
bool failures_set_aside(void); /* and this one is the first of these, after failures of its predecessors' own */

/* main.c */
void clean_up(void); /* what the keeper leaves behind in the file system */

/* signals.c */
bool signals_setup(void);
void signals_readable(void);
void signals_tell(void); /* tells those that are not noted yet */
void signals_noted(uint32_t signal, uint64_t count);
void signals_new_epoch(void);

#include "adopted.h"

#endif
