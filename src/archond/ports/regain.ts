import { isSame, type Address } from '../../base/address.ts';
import type { Listener, Sys } from '../../sys/sys.ts';
import { isOfUnit, livingUnits } from './asker.ts';
import type { Claim } from './claims.ts';

/** A port that nobody here has open any more, and where it was bound. */
export interface Lost {
  readonly claim: Claim;
  readonly address: Address;
}

/** A process of the unit itself that has the socket of a port open. */
export interface Keeping {
  readonly label: string;
  readonly process: Listener['processes'][number];
  /** The errno of why the socket cannot be had from it; undefined while nobody has tried. */
  readonly code?: string;
}

/** What became of a lost port: the socket again; or that a process of the unit has it, which does not give it. */
export type Regained =
  | { readonly kind: 'regained'; readonly from: Keeping; readonly descriptor: number }
  | { readonly kind: 'kept'; readonly by: Keeping }
  | { readonly kind: 'gone' };

/**
 * Looks for sockets that died with keeper and archond in the processes of their units, and takes them back (pidfd_getfd(2)). Calls
 * back once for each, and then `over`; within the call where no unit that lost one has a process.
 */
export function regain(
  sys: Sys,
  lost: readonly Lost[],
  found: (lost: Lost, what: Regained) => void,
  over: () => void,
): void {
  const labels = lost.length === 0 ? new Set<string>() : livingUnits(sys);
  const living = lost.filter(({ claim }) => claim.labels.some((label) => labels.has(label)));
  if (living.length === 0) {
    over();
    return;
  }
  sys.ports.listeners((listeners) => {
    const next = (at: number): void => {
      const one = living[at];
      if (one === undefined) {
        over();
        return;
      }
      const processes = listeners
        .filter((listener) => isSame(listener, one.address))
        .flatMap((listener) => listener.processes);
      keepingOf(sys, one.claim.labels, processes, (keeping) => {
        found(one, keeping === undefined ? { kind: 'gone' } : take(sys, one.address, keeping));
        next(at + 1);
      });
    };
    next(0);
  });
}

function take(sys: Sys, address: Address, keeping: Keeping): Regained {
  const taken = sys.ports.regain(keeping.process.pid, address);
  if (taken.ok) return { kind: 'regained', from: keeping, descriptor: taken.value };
  /* It has let go of it meanwhile. */
  if (taken.error.code === 'ENOENT' || taken.error.code === 'ESRCH') return { kind: 'gone' };
  return { kind: 'kept', by: { ...keeping, code: taken.error.code } };
}

/** The first of these processes that belongs to one of these units. */
export function keepingOf(
  sys: Sys,
  labels: readonly string[],
  processes: Listener['processes'],
  done: (keeping: Keeping | undefined) => void,
): void {
  const pairs = processes.flatMap((process) => labels.map((label) => ({ process, label })));
  const next = (at: number): void => {
    const pair = pairs[at];
    if (pair === undefined) {
      done(undefined);
      return;
    }
    isOfUnit(sys, pair.label, pair.process.pid, (isMember) => {
      if (isMember) done(pair);
      else next(at + 1);
    });
  };
  next(0);
}
