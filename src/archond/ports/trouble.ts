import { excludes, showAddress, type Address } from '../../base/address.ts';
import { describeErrno } from '../../base/errno.ts';
import type { Listener } from '../../sys/sys.ts';
import type { Keeping } from './regain.ts';

/** Why a port is not held. */
export interface PortTrouble {
  readonly name: string;
  /** The one that could not be bound; undefined where there was none to try. */
  readonly address: Address | undefined;
  readonly code: string;
  readonly errno: number;
  /** Who has it, once that was found out; without it nobody knows. */
  readonly holders?: Listener['processes'];
  /** A process of the unit itself has it, from an earlier time. */
  readonly keeping?: Keeping;
  /** The unit, or the name of the request, that it was given to here. */
  readonly claimedBy?: string;
}

/** For people: `port http (127.0.0.1:8080) is held by nginx (process 812)`. */
export function describeTrouble({
  name,
  address,
  code,
  holders = [],
  keeping,
  claimedBy,
}: PortTrouble): string {
  if (address === undefined) return `port ${name}: every port of the pool is taken`;
  const what = `port ${name} (${showAddress(address)})`;
  if (claimedBy !== undefined) return `${what} is held for ${claimedBy}`;
  if (keeping !== undefined) {
    const { label, process, code: reason } = keeping;
    const why = reason === undefined ? '' : `, which does not give it back: ${describeErrno(reason)}`;
    return `${what} is held by ${label} itself, ${showProcesses([process])}${why}`;
  }
  if (holders.length > 0) return `${what} is held by ${showProcesses(holders)}`;
  return code === 'EADDRINUSE'
    ? `${what} is held by somebody else`
    : `${what} cannot be bound: ${describeErrno(code)}`;
}

/** `nginx (process 812), nginx (process 813)`. */
export function showProcesses(processes: Listener['processes']): string {
  return processes.map(({ pid, name }) => `${name} (process ${pid})`).join(', ');
}

/** Who else keeps an address from being bound: all that listen in its way, but the processes of `own`. */
export function holdersOf(
  address: Address,
  listeners: readonly Listener[],
  own: ReadonlySet<number>,
): Listener['processes'] {
  const found = listeners
    .filter((listener) => excludes(listener, address))
    .flatMap(({ processes }) => processes)
    .filter(({ pid }) => !own.has(pid));
  return [...new Map(found.map((process) => [process.pid, process])).values()];
}
