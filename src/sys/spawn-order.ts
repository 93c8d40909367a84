import type { SpawnLimits } from './limits.ts';
import type { PipeIdentity } from './output.ts';
import type { Descriptor } from './sys.ts';

/** One limit of setrlimit(2), by its name without `RLIMIT_` in lower case; `Infinity` for none. */
export interface ResourceLimit {
  readonly resource: string;
  readonly soft: number;
  readonly hard: number;
}

/** A process to be made. Strings of bytes are given as `Uint8Array`; NUL is not allowed in them. */
export interface SpawnOrder {
  readonly generation: number;
  /** ASCII, 1 to 255 characters. */
  readonly label: string;
  readonly argv: readonly Uint8Array[];
  /** `NAME=value` each. */
  readonly env: readonly Uint8Array[];
  /** Files to try to execute, in order: the word itself where it holds a slash, else it in each folder of PATH. */
  readonly paths: readonly Uint8Array[];
  /** Where the command begins; default: where archond was started. */
  readonly cwd?: Uint8Array;
  /** Which descriptor of this process the child gets under which number (0 to 255). They stay open here. */
  readonly descriptors: readonly { readonly from: Descriptor; readonly to: number }[];
  /** A session of its own; default true. */
  readonly session?: boolean;
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] };
  readonly umask?: number;
  /** -20 to 19. */
  readonly nice?: number;
  /** -1000 to 1000. */
  readonly oomScoreAdjust?: number;
  readonly noNewPrivileges?: boolean;
  readonly limits?: readonly ResourceLimit[];
  /** A terminal that becomes the controlling one, and 0, 1, 2 where `descriptors` has none of these. */
  readonly tty?: Uint8Array;
  /** Adds `LISTEN_PID=<pid of the child>` to the environment. */
  readonly listenPid?: boolean;
  /** Of its tree; none by default. */
  readonly treeLimits?: SpawnLimits;
  /** What keeps the tree together; default: the best that there is. */
  readonly tree?: 'cgroup' | 'minder';
  /** Two words of 64 bits that come back in the entry. */
  readonly tags?: readonly [bigint, bigint];
  /** Device and inode of the pipes that take the output, for the case that all holders of them die. */
  readonly outputPipe?: PipeIdentity;
  readonly errorPipe?: PipeIdentity;
}
