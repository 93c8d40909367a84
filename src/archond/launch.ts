import type { Descriptor, PipeIdentity, ResourceLimit, SpawnOrder } from '../sys/sys.ts';
import { bytesOf } from '../protocol/bytes.ts';
import { candidates } from './base-environment.ts';

/**
 * How the process of a unit is made, as often as it has to be. Strings are fields: a character is a byte.
 */
export interface Launch {
  readonly words: readonly [string, ...string[]];
  /** The whole environment. */
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly umask?: number;
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly nice?: number;
  readonly oomScoreAdjust?: number;
  readonly noNewPrivileges?: boolean;
  readonly limits?: readonly ResourceLimit[];
  /** Its controlling terminal, and its 0, 1 and 2. */
  readonly tty?: string;
}

/** What a launch becomes for one generation. */
export function spawnOrder(
  launch: Launch,
  label: string,
  generation: number,
  descriptors: readonly { readonly from: Descriptor; readonly to: number }[],
  tags: readonly [bigint, bigint],
  outputPipe: PipeIdentity | undefined,
): SpawnOrder {
  const { words, env, cwd, umask, user, nice, oomScoreAdjust, noNewPrivileges, limits, tty } = launch;
  return {
    generation,
    label,
    argv: words.map(bytesOf),
    env: [...env].map(([name, value]) => bytesOf(`${name}=${value}`)),
    paths: candidates(words[0], env.get('PATH')).map(bytesOf),
    cwd: bytesOf(cwd),
    descriptors,
    session: true,
    tags,
    ...(umask === undefined ? {} : { umask }),
    ...(user === undefined ? {} : { user }),
    ...(nice === undefined ? {} : { nice }),
    ...(oomScoreAdjust === undefined ? {} : { oomScoreAdjust }),
    ...(noNewPrivileges === undefined ? {} : { noNewPrivileges }),
    ...(limits === undefined ? {} : { limits }),
    ...(tty === undefined ? {} : { tty: bytesOf(tty) }),
    ...(outputPipe === undefined ? {} : { outputPipe }),
  };
}
