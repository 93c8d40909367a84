import { preloading } from '../../base/preload.ts';

/** Who binds has so many sockets for that at most (native/bindshim.c). */
const MOST_INHERITED = 8;
const SOCKETS = /^(?:fd:\d+(?:,|$))*/;

/** What a command is started with, so that it is given a socket when it binds. */
export interface BindSettings {
  /** `NAME=value`, as fields; in the place of those of these names. */
  readonly settings: readonly string[];
  /** Stay open, under their numbers. */
  readonly kept: readonly number[];
}

/**
 * The settings by which the bind shim finds a socket (docs/bind-shim.org, "Where it asks"): before those that were
 * meant for this process, as far as they are still open, and before where it could have asked.
 *
 * @param environment `NAME=value` each, as fields
 * @param shim path of the library, as a field
 */
export function bindSettings(
  environment: readonly string[],
  socket: number,
  shim: string,
  isSocket: (descriptor: number) => boolean,
): BindSettings {
  const valueOf = (name: string): string =>
    environment.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  const before = valueOf('ARCHON_BIND');
  const [listed = ''] = SOCKETS.exec(before) ?? [];
  const inherited = [...listed.matchAll(/\d+/g)]
    .map(([digits]) => Number(digits))
    .filter((descriptor) => descriptor !== socket && isSocket(descriptor));
  const kept = [socket, ...inherited].slice(0, MOST_INHERITED);
  const where = [...kept.map((descriptor) => `fd:${descriptor}`), before.slice(listed.length)];
  return {
    settings: [
      `ARCHON_BIND=${where.filter((one) => one !== '').join(',')}`,
      `LD_PRELOAD=${preloading(shim, valueOf('LD_PRELOAD'))}`,
    ],
    kept,
  };
}
