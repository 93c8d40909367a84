import type { Controller, WhyNoController } from '../base/controllers.ts';
import type { Result } from '../base/result.ts';

/** What loading a configuration needs of the operating system. Paths are absolute. */
export interface ConfigSystem {
  /** The whole file, at most so many bytes of it. */
  read(path: string, mostBytes: number): Result<Uint8Array, ConfigFault>;
  /** The names in a folder, in no order. */
  list(folder: string): Result<readonly string[], ConfigFault>;
  /** What a path leads to, links followed. */
  kindOf(path: string): Result<'file' | 'folder' | 'other', ConfigFault>;
  /** By name, or by number where the text is one; undefined where there is none. */
  user(nameOrUid: string, done: (user: ConfigUser | undefined) => void): void;
  group(nameOrGid: string, done: (gid: number | undefined) => void): void;
  /** Why units could not be limited by this controller; undefined where they could. */
  whyWithout(controller: Controller): WhyNoController | undefined;
  /** As whom the supervisor runs. */
  readonly uid: number;
  readonly gid: number;
}

/** The name of an errno, such as `ENOENT`. */
export interface ConfigFault {
  readonly code: string;
}

export interface ConfigUser {
  readonly uid: number;
  readonly gid: number;
  /** All groups, the primary one among them. */
  readonly groups: readonly number[];
}
