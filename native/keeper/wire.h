/*
 * What the keeper and its peers agree on: the table (a shared file), the messages of
 * the channel (a seqpacket socketpair) and the spawn block (a sealed memfd).
 *
 * Everything is in the byte order and alignment of the machine: the three never leave it.
 * docs/keeper-interface.org and docs/keeper-channel.org explain every word; a test holds the numbers here, the
 * pages, and src/sys/keeper-layout.ts together.
 */
#ifndef ARCHON_WIRE_H
#define ARCHON_WIRE_H

#include <stdint.h>

/* ---- the table: <runtime folder>/table ------------------------------------------------ */

#define TABLE_MAGIC "ARCHONTB"
#define TABLE_VERSION 1
#define TABLE_ENTRIES 16384
#define TABLE_LABEL_BYTES 256
#define TABLE_RING 1024
#define TABLE_HEADER_BYTES 4096

/* State of an entry, the low byte of its state word; the other 56 bits are the generation. */
enum entry_state {
  ENTRY_FREE = 0,     /* may be taken */
  ENTRY_STARTING = 1, /* forked; whether exec succeeds is not known yet */
  ENTRY_RUNNING = 2,  /* exec succeeded */
  ENTRY_EXITED = 3,   /* the main process has ended; its tree may not be empty yet */
  ENTRY_EMPTY = 4     /* ended, and nothing of its tree is left: the last state */
};

enum tree_kind { TREE_ANY = 0, TREE_CGROUP = 1, TREE_MINDER = 2 };

/* What a child shares with the keeper until its exec; each includes the one before. */
enum child_share { SHARE_NOTHING = 0, SHARE_DESCRIPTORS = 1, SHARE_MEMORY = 2 };

/* Bits of table_entry.facts. */
#define FACT_MINDER_LOST 1u /* the minder died before its tree was empty; the tree is killed */

struct table_header {
  char magic[8];            /*   0 written last when the table is made */
  uint32_t version;         /*   8 */
  uint32_t header_bytes;    /*  12 */
  uint32_t entry_bytes;     /*  16 */
  uint32_t entry_count;     /*  20 */
  uint32_t label_bytes;     /*  24 */
  uint32_t ring_count;      /*  28 */
  uint32_t ring_bytes;      /*  32 size of one record of the ring */
  uint32_t tree_kind;       /*  36 what trees are made of here: TREE_CGROUP or TREE_MINDER */
  uint64_t entries_offset;  /*  40 */
  uint64_t labels_offset;   /*  48 */
  uint64_t ring_offset;     /*  56 */
  uint64_t file_bytes;      /*  64 */
  char boot_id[40];         /*  72 text of the kernel's boot id, NUL-terminated */
  uint64_t instance;        /* 112 random, names the cgroup root */
  uint32_t keeper_pid;      /* 120 */
  uint32_t archond_pid;     /* 124 0 while there is none */
  uint64_t keeper_start;    /* 128 start time in clock ticks after boot (proc(5), stat field 22) */
  uint64_t archond_start;   /* 136 the same of archond */
  uint64_t epoch;           /* 144 of the present channel; grows by one for each archond */
  uint64_t last_generation; /* 152 the highest accepted; every further one must be above */
  uint64_t ring_next;       /* 160 sequence that the next orphan's end will get; begins at 1 */
  uint32_t entries_used;    /* 168 one more than the highest index ever taken */
  uint32_t child_share;     /* 172 enum child_share: the most of it that children get here */
  char cgroup_root[512];    /* 176 folder below which trees are made, "" without cgroups */
  uint64_t takeover_epoch;  /* 688 of the first archond under a keeper that took this table over; 0: none has */
};

struct table_entry {            /* 256 bytes */
  uint64_t state_word;          /*   0 generation << 8 | entry_state; keeper; published last */
  uint64_t ack_word;            /*   8 generation << 8 | the state that archond has recorded; archond */
  uint64_t minder_word;         /*  16 generation << 8 | entry_state as its minder saw it; minder. Where the
                                   state word is 0 and this is not: a spawn that is on its way */
  uint32_t pid;                 /*  24 main process; keeper, or the minder before it reports */
  uint32_t minder_pid;          /*  28 0 without minder, and once it has ended */
  uint64_t start_ticks;         /*  32 start time of the main process (stat field 22) */
  uint64_t started_ns;          /*  40 CLOCK_MONOTONIC */
  uint64_t ended_ns;            /*  48 CLOCK_MONOTONIC */
  uint32_t exit_kind;           /*  56 si_code: 1 exited, 2 killed, 3 dumped core */
  uint32_t exit_status;         /*  60 exit code or signal number */
  uint32_t exec_stage;          /*  64 enum exec_stage where it never ran; the child */
  uint32_t exec_errno;          /*  68 the child */
  uint64_t utime_us;            /*  72 resource usage at the end */
  uint64_t stime_us;            /*  80 */
  uint64_t maxrss_kib;          /*  88 */
  uint64_t minflt;              /*  96 */
  uint64_t majflt;              /* 104 */
  uint64_t inblock;             /* 112 */
  uint64_t oublock;             /* 120 */
  uint64_t nvcsw;               /* 128 */
  uint64_t nivcsw;              /* 136 */
  uint32_t tree_kind;           /* 144 */
  uint32_t facts;               /* 148 FACT_… */
  uint64_t tag[2];              /* 152 archond's own words, never looked at */
  uint64_t output_dev;          /* 168 the pipe that takes standard output, as archond named it */
  uint64_t output_ino;          /* 176 */
  uint64_t error_dev;           /* 184 */
  uint64_t error_ino;           /* 192 */
  uint64_t armed_generation;    /* 200 later: the generation deposited to follow this one */
  uint64_t minder_start;        /* 208 start time of the minder; 0: not known */
  uint64_t minder_claim;        /* 216 the keeper writes the generation, its minder adds itself: CLAIM_… */
  uint32_t memory_kills;        /* 224 processes of it that the kernel killed for want of memory, as its end was noted */
  uint32_t memory_ooms;         /* 228 how often its own memory limit was the reason that there was too little */
  uint64_t reserved[3];         /* 232 */
};

/* table_entry.minder_claim: the low bits are the minder's pid once it is there, the others those of the generation. */
#define CLAIM_PID_BITS 22 /* Linux gives out no larger pid */

struct ring_record {      /* 64 bytes: the end of an orphan, at index sequence % TABLE_RING */
  uint64_t sequence;      /*  0 published last; 0 while it is being written */
  uint32_t pid;           /*  8 */
  uint32_t exit_kind;     /* 12 */
  uint32_t exit_status;   /* 16 */
  uint32_t reserved;      /* 20 */
  uint64_t ended_ns;      /* 24 */
  uint64_t utime_us;      /* 32 */
  uint64_t stime_us;      /* 40 */
  uint64_t maxrss_kib;    /* 48 */
  uint64_t parent_tree;   /* 56 state word of the entry whose minder reported it, else 0 */
};

/* ---- the stages on the way to exec; the order in which they are gone through: child.c -- */

enum exec_stage {
  STAGE_NONE = 0,
  STAGE_REQUEST = 1,     /* the spawn block is not well formed */
  STAGE_FORK = 2,        /* no child could be made */
  STAGE_CGROUP = 3,      /* no cgroup of its own */
  STAGE_SESSION = 4,     /* setsid(2) */
  STAGE_TTY = 5,         /* opening the terminal or making it the controlling one */
  STAGE_RLIMIT = 6,
  STAGE_NICE = 7,
  STAGE_OOM = 8,
  STAGE_USER = 9,        /* setgroups, setresgid, setresuid */
  STAGE_CWD = 10,
  STAGE_PRIVILEGES = 11, /* PR_SET_NO_NEW_PRIVS */
  STAGE_DESCRIPTORS = 12,
  STAGE_EXEC = 13
};

/* ---- the spawn block: in the request, or where it is too large for it a memfd with
        SEAL_WRITE|SHRINK|GROW; all offsets from its start -- */

#define BLOCK_MAGIC 0x31425341u /* "ASB1" */
#define BLOCK_MAX_BYTES (16u << 20)
#define BLOCK_MAX_FDS 64
#define BLOCK_MAX_FD_NUMBER 255

/* Bits of spawn_block.flags: which of the attributes below are to be applied. */
#define SPAWN_SESSION 1u
#define SPAWN_USER 2u /* uid and gid */
#define SPAWN_GROUPS 4u
#define SPAWN_UMASK 8u
#define SPAWN_NICE 16u
#define SPAWN_OOM 32u
#define SPAWN_NO_NEW_PRIVS 64u
#define SPAWN_TTY 128u
#define SPAWN_CWD 256u
#define SPAWN_LISTEN_PID 512u

struct spawn_block {      /* 160 bytes; strings end with NUL; arrays are aligned to their items */
  uint32_t magic;         /*   0 */
  uint32_t flags;         /*   4 */
  uint64_t bytes;         /*   8 size of the memfd */
  uint32_t argc;          /*  16 */
  uint32_t envc;          /*  20 */
  uint32_t pathc;         /*  24 files to try to execute, in this order */
  uint32_t fdc;           /*  28 descriptors of the message after the memfd */
  uint64_t argv_offset;   /*  32 argc + 1 words of 8 bytes: offsets of strings, the last 0 */
  uint64_t env_offset;    /*  40 envc + 1 words likewise */
  uint64_t paths_offset;  /*  48 pathc words likewise */
  uint64_t fds_offset;    /*  56 fdc numbers of 4 bytes, each once, at most 255 */
  uint64_t cwd_offset;    /*  64 string */
  uint64_t tty_offset;    /*  72 string; opened as 0, 1 and 2 where fds names none of these */
  uint64_t listen_pid_offset; /* 80 where 10 digits and NUL are written over: the child's pid */
  uint64_t groups_offset; /*  88 group_count numbers of 4 bytes */
  uint64_t rlimits_offset;/*  96 rlimit_count structures of 24 bytes */
  uint32_t group_count;   /* 104 */
  uint32_t rlimit_count;  /* 108 */
  uint32_t uid;           /* 112 */
  uint32_t gid;           /* 116 */
  uint32_t umask;         /* 120 */
  int32_t nice;           /* 124 absolute, -20 to 19 */
  int32_t oom_score_adjust; /* 128 -1000 to 1000 */
  uint32_t reserved[7];   /* 132 */
};

struct spawn_rlimit {
  uint32_t resource; /* RLIMIT_… */
  uint32_t reserved;
  uint64_t soft; /* UINT64_MAX for infinity */
  uint64_t hard;
};

/* ---- the channel ------------------------------------------------------------------------ */

#define MESSAGE_VERSION 1
#define MESSAGE_MAX_BYTES 1024 /* of what the keeper sends */
#define REQUEST_MAX_BYTES 16384    /* of a request */
#define MESSAGE_MAX_FDS 80
#define NAME_MAX_BYTES 320 /* of a kept descriptor */
#define BEQUEST_NAME "bequest" /* in the runtime folder: where an archond hands over what it held with a dead keeper */

enum message_type {
  /* archond asks; each is answered by exactly one closing message that carries its id */
  ASK_HELLO = 1,  /* first on every channel -> TELL_WELCOME */
  ASK_SPAWN = 2,  /* with the block and the child's descriptors -> TELL_SPAWNED */
  ASK_SIGNAL = 3, /* -> TELL_DONE with the number of processes signalled */
  ASK_KILL = 4,   /* SIGKILL to the tree until it is empty -> TELL_DONE at once */
  ASK_FREE = 5,   /* an EMPTY entry whose ack word says EMPTY -> TELL_DONE */
  ASK_STORE = 6,  /* keep the one descriptor sent along under a name -> TELL_DONE */
  ASK_DROP = 7,   /* close the kept descriptor of that name -> TELL_DONE */
  ASK_KEPT = 8,   /* TELL_KEPT for each, then TELL_DONE with their number */
  ASK_READY = 9,  /* the socket answers -> TELL_DONE */
  ASK_SIGNAL_DONE = 10, /* forwarded signals up to this count were taken note of -> TELL_DONE */
  ASK_QUIT = 11,  /* kill what is left, clean up, exit with this code -> TELL_DONE, then the end */
  ASK_ARM = 12,     /* later */
  ASK_DISARM = 13,  /* later */
  ASK_BEAT = 14,    /* archond's loop goes round -> TELL_DONE */
  ASK_REPLACE = 15, /* later */

  TELL_WELCOME = 64,  /* with the table's descriptor */
  TELL_SPAWNED = 65,
  TELL_KEPT = 66,     /* with the descriptor */
  TELL_DONE = 67,
  TELL_REFUSED = 68,

  /* told without having been asked; id 0 */
  TELL_PROCESS = 80,  /* the state word of an entry has changed; what is between may be left out */
  TELL_ORPHAN = 81,   /* the ring has grown */
  TELL_SIGNAL = 82    /* a signal was sent to the keeper */
};

struct message_header { /* 32 bytes */
  uint16_t version;     /*  0 MESSAGE_VERSION */
  uint16_t type;        /*  2 */
  uint32_t bytes;       /*  4 of the whole message */
  uint64_t epoch;       /*  8 */
  uint64_t id;          /* 16 chosen by archond, not 0 */
  uint64_t reserved;    /* 24 of TELL_WELCOME: KNOWS_… */
};

/* Bits of message_header.reserved in TELL_WELCOME: what this keeper does, and an earlier one of its version did not. */
#define KNOWS_LIMITS 1u /* limits of trees: ask_spawn.limits_must and what follows it */

struct ask_hello { struct message_header head; uint32_t table_version; uint32_t reserved; };
struct ask_spawn { /* 144 bytes and the label; the block, at the next multiple of 8, unless it is a memfd */
  struct message_header head;
  uint64_t generation;  /* 32 above every one before, below 2^56 */
  uint64_t tag[2];      /* 40 */
  uint64_t output_dev, output_ino, error_dev, error_ino; /* 56 */
  uint32_t tree_kind;   /* 88 TREE_ANY: the table's own kind */
  uint32_t label_bytes; /* 92 1 to 255 */
  uint32_t block_bytes; /* 96 0: the first descriptor is the block */
  uint32_t limits_must; /* 100 1: without its limits it is not to be; else it goes on with those that can be had */
  uint64_t memory_bytes;  /* 104 limits of the whole tree, by its cgroup, each 0: none; memory.max */
  uint32_t cpu_quota_us;  /* 112 cpu.max: so much processor time in each period */
  uint32_t cpu_period_us; /* 116 */
  uint64_t pids;          /* 120 pids.max */
  uint64_t reserved[2]; /* 128 */
};
enum signal_scope { SCOPE_MAIN = 0, SCOPE_GROUP = 1, SCOPE_TREE = 2 };
struct ask_signal {
  struct message_header head;
  uint64_t generation; /* 32 */
  uint32_t index;      /* 40 */
  uint32_t signal;     /* 44 */
  uint32_t scope;      /* 48 */
  uint32_t wake;       /* 52 1: SIGCONT follows, so that what stands still hears the signal */
};
struct ask_entry { /* ASK_KILL, ASK_FREE */
  struct message_header head;
  uint64_t generation; /* 32 */
  uint32_t index;      /* 40 */
  uint32_t reserved;   /* 44 */
};
struct ask_name { /* ASK_STORE, ASK_DROP, TELL_KEPT, and the name */
  struct message_header head;
  uint32_t name_bytes; /* 32 1 to NAME_MAX_BYTES */
  uint32_t flags;      /* 36 ASK_STORE: 1 replaces what is kept under that name */
};
struct ask_signal_done { struct message_header head; uint32_t signal; uint32_t reserved; uint64_t count; };
struct ask_quit { struct message_header head; uint32_t code; uint32_t reserved; };

struct tell_welcome {
  struct message_header head;
  uint32_t table_version; /* 32 */
  uint32_t tree_kind;     /* 36 */
  uint32_t keeper_pid;    /* 40 */
  uint32_t kept_count;    /* 44 */
  uint64_t nofile_soft;   /* 48 the limit of descriptors that children get back */
  uint64_t nofile_hard;   /* 56 */
  uint32_t ended_kind;    /* 64 how the archond before this one ended: si_code; 0: there was none */
  uint32_t ended_status;  /* 68 exit code or signal number */
  uint32_t silent;        /* 72 1: the keeper killed it, since it heard nothing of it */
  uint32_t set_aside;     /* 76 1: what the journal got last may be why none of those before came up */
};
struct tell_spawned {
  struct message_header head;
  uint64_t generation;  /* 32 */
  uint32_t index;       /* 40 */
  uint32_t pid;         /* 44 */
  uint64_t start_ticks; /* 48 */
  uint64_t started_ns;  /* 56 */
};
struct tell_done { struct message_header head; uint64_t value; };
struct tell_refused { struct message_header head; uint32_t error; uint32_t stage; };
struct tell_process { struct message_header head; uint64_t state_word; uint32_t index; uint32_t reserved; };
struct tell_orphan { struct message_header head; uint64_t ring_next; };
struct tell_signal { struct message_header head; uint64_t count; uint32_t signal; uint32_t reserved; };

_Static_assert(sizeof(struct table_header) <= TABLE_HEADER_BYTES, "table header");
_Static_assert(sizeof(struct table_entry) == 256, "table entry");
_Static_assert(sizeof(struct ring_record) == 64, "ring record");
_Static_assert(sizeof(struct spawn_block) == 160, "spawn block");
_Static_assert(sizeof(struct message_header) == 32, "message header");
_Static_assert(sizeof(struct ask_spawn) == 144, "spawn request");
_Static_assert(sizeof(struct tell_spawned) == 64, "spawned");

#endif
