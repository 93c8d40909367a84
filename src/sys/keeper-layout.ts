/**
 * The numbers of native/keeper/wire.h: where things stand in the table, the messages and the spawn
 * block. docs/keeper-interface.org and docs/keeper-channel.org explain each word;
 * test/sys/keeper-layout.test.ts has the C compiler confirm them. Offsets and sizes are in bytes, in the byte order of the machine.
 */

/** The table and its header (`struct table_header`). */
export const TABLE = {
  MAGIC: 'ARCHONTB',
  VERSION: 1,
  ENTRIES: 16_384,
  LABEL_BYTES: 256,
  RING: 1024,
  magic: 0,
  version: 8,
  entryBytes: 16,
  entryCount: 20,
  labelBytes: 24,
  ringCount: 28,
  ringBytes: 32,
  treeKind: 36,
  entriesOffset: 40,
  labelsOffset: 48,
  ringOffset: 56,
  fileBytes: 64,
  keeperPid: 120,
  epoch: 144,
  lastGeneration: 152,
  ringNext: 160,
  entriesUsed: 168,
  cgroupRoot: 176,
  CGROUP_ROOT_BYTES: 512,
} as const;

/** One entry (`struct table_entry`). */
export const ENTRY = {
  BYTES: 256,
  stateWord: 0,
  ackWord: 8,
  pid: 24,
  minderPid: 28,
  startTicks: 32,
  startedNs: 40,
  endedNs: 48,
  exitKind: 56,
  exitStatus: 60,
  execStage: 64,
  execErrno: 68,
  utimeUs: 72,
  stimeUs: 80,
  maxrssKib: 88,
  minflt: 96,
  majflt: 104,
  inblock: 112,
  oublock: 120,
  nvcsw: 128,
  nivcsw: 136,
  treeKind: 144,
  facts: 148,
  tags: 152,
  outputDev: 168,
  outputIno: 176,
  errorDev: 184,
  errorIno: 192,
  memoryKills: 224,
  memoryOoms: 228,
} as const;

/** `FACT_MINDER_LOST`. */
export const FACT_MINDER_LOST = 1;

/** The end of an orphan (`struct ring_record`). */
export const RECORD = {
  BYTES: 64,
  sequence: 0,
  pid: 8,
  exitKind: 12,
  exitStatus: 16,
  endedNs: 24,
} as const;

/** `enum entry_state`: the low byte of a state word. */
export const STATE_NUMBERS = { free: 0, starting: 1, running: 2, exited: 3, empty: 4 } as const;

/** `enum tree_kind`; 0 is whatever the table has. */
export const TREE_NUMBERS = { any: 0, cgroup: 1, minder: 2 } as const;

/** `exit_kind`: the si_code of a SIGCHLD (sigaction(2)). */
export const EXIT_KIND = { exited: 1, killed: 2, dumped: 3 } as const;

/** The head of a spawn block (`struct spawn_block`), and the bits of its flags. */
export const BLOCK = {
  MAGIC: 0x31425341,
  MAX_BYTES: 16 * 1024 * 1024,
  MAX_FDS: 64,
  MAX_FD_NUMBER: 255,
  HEAD_BYTES: 160,
  RLIMIT_BYTES: 24,
  SESSION: 1,
  USER: 2,
  GROUPS: 4,
  UMASK: 8,
  NICE: 16,
  OOM: 32,
  NO_NEW_PRIVS: 64,
  TTY: 128,
  CWD: 256,
  LISTEN_PID: 512,
  magic: 0,
  flags: 4,
  bytes: 8,
  argc: 16,
  envc: 20,
  pathc: 24,
  fdc: 28,
  argvOffset: 32,
  envOffset: 40,
  pathsOffset: 48,
  fdsOffset: 56,
  cwdOffset: 64,
  ttyOffset: 72,
  listenPidOffset: 80,
  groupsOffset: 88,
  rlimitsOffset: 96,
  groupCount: 104,
  rlimitCount: 108,
  uid: 112,
  gid: 116,
  umask: 120,
  nice: 124,
  oomScoreAdjust: 128,
} as const;

/** Messages of the channel (`enum message_type`) and their head (`struct message_header`). */
export const MESSAGE = {
  VERSION: 1,
  MAX_BYTES: 1024,
  REQUEST_MAX_BYTES: 16_384,
  MAX_FDS: 80,
  NAME_MAX_BYTES: 320,
  version: 0,
  type: 2,
  bytes: 4,
  epoch: 8,
  id: 16,
  reserved: 24,
  HEAD_BYTES: 32,
  ASK_HELLO: 1,
  ASK_SPAWN: 2,
  ASK_SIGNAL: 3,
  ASK_KILL: 4,
  ASK_FREE: 5,
  ASK_STORE: 6,
  ASK_DROP: 7,
  ASK_KEPT: 8,
  ASK_READY: 9,
  ASK_SIGNAL_DONE: 10,
  ASK_QUIT: 11,
  ASK_BEAT: 14,
  TELL_WELCOME: 64,
  TELL_SPAWNED: 65,
  TELL_KEPT: 66,
  TELL_DONE: 67,
  TELL_REFUSED: 68,
  TELL_PROCESS: 80,
  TELL_ORPHAN: 81,
  TELL_SIGNAL: 82,
} as const;

/** The socket in the runtime folder at which a keeper takes over what a dead one had. */
export const BEQUEST_NAME = 'bequest';

/** What follows the head in each message; `BYTES` is the size of its fixed part. */
export const HELLO = { BYTES: 40, tableVersion: 32 } as const;
export const ASK_SPAWN = {
  BYTES: 144,
  generation: 32,
  tags: 40,
  outputDev: 56,
  outputIno: 64,
  errorDev: 72,
  errorIno: 80,
  treeKind: 88,
  labelBytes: 92,
  blockBytes: 96,
  limitsMust: 100,
  memoryBytes: 104,
  cpuQuotaUs: 112,
  cpuPeriodUs: 116,
  pids: 120,
} as const;
/** Bits of the reserved word in the head of a welcome: what this keeper does, and an earlier one did not. */
export const KNOWS_LIMITS = 1;
export const ASK_SIGNAL = { BYTES: 56, generation: 32, index: 40, signal: 44, scope: 48, wake: 52 } as const;
export const ASK_ENTRY = { BYTES: 48, generation: 32, index: 40 } as const;
export const NAMED = { BYTES: 40, nameBytes: 32, flags: 36 } as const;
export const ASK_SIGNAL_DONE = { BYTES: 48, signal: 32, count: 40 } as const;
export const ASK_QUIT = { BYTES: 40, code: 32 } as const;
export const WELCOME = {
  BYTES: 80,
  tableVersion: 32,
  treeKind: 36,
  keeperPid: 40,
  keptCount: 44,
  nofileSoft: 48,
  nofileHard: 56,
  endedKind: 64,
  endedStatus: 68,
  silent: 72,
  setAside: 76,
} as const;
export const SPAWNED = {
  BYTES: 64,
  generation: 32,
  index: 40,
  pid: 44,
  startTicks: 48,
  startedNs: 56,
} as const;
export const DONE = { BYTES: 40, value: 32 } as const;
export const REFUSED = { BYTES: 40, error: 32, stage: 36 } as const;
export const TELL_PROCESS = { BYTES: 48, stateWord: 32, index: 40 } as const;
export const TELL_ORPHAN = { BYTES: 40, ringNext: 32 } as const;
export const TELL_SIGNAL = { BYTES: 48, count: 32, signal: 40 } as const;
