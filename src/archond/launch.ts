import type { Descriptor, ResourceLimit, SpawnOrder } from '../sys/sys.ts';
import { bytesOf } from '../protocol/bytes.ts';
import { searchPath } from '../base/search-path.ts';

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

/** Settings that were made into bytes before, and how many of these are kept: most come again with every launch. */
const settings = new Map<string, { readonly value: string; readonly bytes: Uint8Array }>();
const MOST_SETTINGS = 512;

/** `NAME=value`. The bytes are not to be written to. */
function settingBytes(name: string, value: string): Uint8Array {
  const known = settings.get(name);
  if (known?.value === value) return known.bytes;
  const bytes = bytesOf(`${name}=${value}`);
  if (known !== undefined || settings.size < MOST_SETTINGS) settings.set(name, { value, bytes });
  return bytes;
}

/** What a launch becomes for one generation. */
export function spawnOrder(
  launch: Launch,
  label: string,
  generation: number,
  descriptors: readonly { readonly from: Descriptor; readonly to: number }[],
  tags: readonly [bigint, bigint],
  more: Pick<SpawnOrder, 'outputPipe' | 'errorPipe' | 'treeLimits'>,
  listenPid = false,
): SpawnOrder {
  const { words, env, cwd, umask, user, nice, oomScoreAdjust, noNewPrivileges, limits, tty } = launch;
  return {
    generation,
    label,
    argv: words.map(bytesOf),
    env: Array.from(env, ([name, value]) => settingBytes(name, value)),
    paths: searchPath(words[0], env.get('PATH')).map(bytesOf),
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
    ...(listenPid ? { listenPid } : {}),
    ...more,
  };
}
