import { ERRNOS, partly, type Fallible } from '../../../src/sys/fake/faults.ts';
import type { Control } from '../../../src/sys/fake/control.ts';
import { playDay } from './sweep.ts';

/** A call that fails: the n-th of all that can, with this. */
export interface Failing {
  readonly at: number;
  readonly fault: string;
  /** All further calls of that name fail too, for so long. Default: only this one. */
  readonly forMs?: number;
  /** The first archond dies at this call of `Sys`, and the n-th call is one of the next. Default: nobody dies. */
  readonly death?: number;
}

/** A unit of which a start is refused waits before it is tried again, and longer the next time. */
const SLACK_MS = 1500;
const MOST_WAITS = 10;
/** The keeper's word for it. */
const TABLE_IS_FULL = 'ENOSPC@request';

/** The errno of a fault, without what it happens to. */
export function codeOf(fault: string): string {
  return (partly(fault).code ?? '').split('@')[0] ?? '';
}

/** What whoever gave an order is told of it: the errno, but where the contract has a word of its own. */
function isTold(fault: string, text: string): boolean {
  return text.includes(fault === TABLE_IS_FULL ? 'the table of processes is full' : codeOf(fault));
}

/** All calls of a day that can fail, in their order; with a death, those behind it. */
export async function fallibleCalls(tree: 'cgroup' | 'minder', death?: number): Promise<readonly Fallible[]> {
  let before = death === undefined ? 0 : Infinity;
  const { control } = await playDay(tree, {
    atBirth: (born, life) => {
      if (life === 1 && death !== undefined) born.killArchondAtCall(death);
      if (life === 2) before = born.kernel.faults.calls.length;
    },
  });
  return control.kernel.faults.calls.slice(before);
}

/** Each of them with each of its errnos. */
export function pointsOf(calls: readonly Fallible[]): Failing[] {
  return calls.flatMap((call, index) => ERRNOS[call].map((fault) => ({ at: index + 1, fault })));
}

function strike({ kernel }: Control, { at, fault, forMs = 0 }: Failing): void {
  const { faults, loop } = kernel;
  const before = faults.calls.length;
  let struck: { readonly call: Fallible; readonly atMs: number } | undefined;
  faults.plan = (number, call) => {
    const isFirst = number - before === at;
    if (isFirst) struck = { call, atMs: loop.nowMs() };
    if (struck?.call !== call) return undefined;
    return isFirst || loop.nowMs() - struck.atMs < forMs ? fault : undefined;
  };
}

/** Plays a day in which this fails; what is wrong with how it went, and what failed. */
export async function playFailing(
  tree: 'cgroup' | 'minder',
  failing: Failing,
): Promise<{ readonly call: string | undefined; readonly faults: string[] }> {
  const { death, fault, forMs = 0 } = failing;
  const { control, host, faults } = await playDay(tree, {
    isOfFault: (text) => isTold(fault, text),
    slackMs: SLACK_MS + MOST_WAITS * forMs,
    hasDelays: true,
    atBirth: (born, life) => {
      if (life === 1 && death !== undefined) born.killArchondAtCall(death);
      if (life === (death === undefined ? 1 : 2)) strike(born, failing);
    },
  });
  const lives = host.lives - (death === undefined ? 0 : 1);
  const isFatal = host.faults.includes('archond has ended with 1');
  const died = lives > 1 && !isFatal ? [`archond has died ${lives - 1} times`] : [];
  return { call: control.kernel.faults.struck[0]?.call, faults: [...faults, ...died] };
}
