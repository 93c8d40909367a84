import type { Words } from '../base/words.ts';
import type { Dependencies } from '../supervisor/graph/dependencies.ts';
import type { RestartPolicy, StopPolicy } from '../supervisor/unit.ts';
import type { Place } from './place.ts';
import type { Health, Readiness } from './probe.ts';

/**
 * A unit as the configuration defines it, every default filled in: plain data that survives JSON, frozen
 * to the bottom. The contract's table of keys (docs/configuration.org) is the meaning of each part.
 *
 * - Texts are texts, not bytes: what goes to a process is their UTF-8.
 * - Paths are absolute. A relative one in a file was taken from the folder of that file.
 * - No text holds a NUL, but where it names a port whose number is found at run time: see
 *   `port-reference.ts`.
 */
export interface UnitDefinition {
  readonly label: string;
  /** Where its label stands. */
  readonly place: Place;
  /** It is one of several instances of this label. */
  readonly instance?: { readonly of: string; readonly number: number };
  readonly type: 'service' | 'oneshot';
  readonly description?: string;
  /** Started when the supervisor starts, unless that was overridden by hand. */
  readonly enabled: boolean;
  /** What is executed; for a `script` it is `/bin/sh -e -c TEXT`. */
  readonly words: Words;
  readonly surroundings: Surroundings;
  readonly dependencies: Dependencies;
  readonly ready: Readiness;
  readonly health?: Health;
  readonly restart: RestartPolicy;
  readonly onRestart: 'stop-first' | 'replace';
  /** How a process ends that has not failed. */
  readonly success: { readonly codes: readonly number[]; readonly signals: readonly number[] };
  /** Where a program that puts itself into the background leaves the pid of its main process. */
  readonly pidFile?: string;
  readonly stop: StopPolicy;
  /** `stop.command`: run in order to stop it, before the signal. */
  readonly stopBy?: Words;
  /** `stop-command`: run when a oneshot that is finished is stopped. */
  readonly undo?: Words;
  /** Run at each end. */
  readonly onExit?: Words;
  readonly ports: readonly PortDefinition[];
  readonly start: 'at-once' | 'on-connect';
  readonly log: LogDefinition;
  readonly restartOver?: RestartOver;
  readonly limits: ResourceLimits;
  readonly watch?: { readonly paths: readonly string[]; readonly settledMs: number };
  readonly restartOnLibraryChange: boolean;
}

/** What a process finds around itself. What is absent is inherited from archond. */
export interface Surroundings {
  /** In order, each name once. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Files of settings, read at each start; a later one wins, and `env` wins over all. */
  readonly envFiles: readonly string[];
  /** What was in each of these when the configuration was loaded (`envFileMark`); absent where there are none. */
  readonly envFileMarks?: readonly string[];
  readonly cleanEnv: boolean;
  readonly cwd: string;
  /** As whom it runs. */
  readonly runAs?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly umask?: number;
  readonly nice?: number;
  readonly oomScoreAdjust?: number;
  readonly noNewPrivileges: boolean;
  readonly rlimits: readonly ProcessLimit[];
  readonly tty?: string;
}

/** A limit of setrlimit(2): its name without `RLIMIT_` in lower case. */
export interface ProcessLimit {
  readonly resource: string;
  readonly soft: number | 'unlimited';
  readonly hard: number | 'unlimited';
}

/** A socket that is bound for a unit before it starts. */
export interface PortDefinition {
  readonly name: string;
  /** 0 for a Unix socket. */
  readonly port: number | 'auto';
  /** As `canonicalHost` has it: a number of IPv4 or IPv6, or the absolute path of a Unix socket. */
  readonly host: string;
  readonly protocol: 'tcp' | 'udp';
  readonly backlog: number;
  /** `fd`: as systemd passes sockets; `bind`: to the program's own bind(2). */
  readonly pass: 'fd' | 'bind';
  readonly share: 'one' | 'reuseport';
}

/** Where standard output and error go. */
export type LogDefinition =
  | {
      readonly kind: 'file';
      /** Absent: `<log folder>/<label>.log`. */
      readonly path?: string;
      readonly stderr: 'together' | 'separate';
      readonly maxBytes: number;
      /** How many older files are kept. */
      readonly keep: number;
      readonly whenFull: 'block' | 'drop';
    }
  | { readonly kind: 'off' }
  | { readonly kind: 'inherit' };

/** Bounds on the whole tree that lead to a restart. One of the first two is present. */
export interface RestartOver {
  readonly memoryBytes?: number;
  /** 100 is one processor. */
  readonly cpuPercent?: number;
  readonly forMs: number;
}

/** Limits of the whole tree by cgroup2. */
export interface ResourceLimits {
  readonly memoryMaxBytes?: number;
  /** 100 is one processor. */
  readonly cpuMaxPercent?: number;
  readonly pidsMax?: number;
  /** `required`: where the controllers cannot be had, that is a complaint. */
  readonly enforcement: 'required' | 'best-effort';
}
