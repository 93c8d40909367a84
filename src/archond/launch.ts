import type { Descriptor, PipeIdentity, SpawnOrder } from '../sys/sys.ts';
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
  const { words, env, cwd, umask, user } = launch;
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
    ...(outputPipe === undefined ? {} : { outputPipe }),
  };
}
