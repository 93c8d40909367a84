import type { Control } from '../../../src/sys/fake/control.ts';

/** Where archond dies: at the n-th call of its first life, and at the m-th of the one after. */
export interface Deaths {
  readonly first?: number;
  readonly second?: number;
}

/** What came of a history with deaths. */
export interface Played {
  /** How many calls of `Sys` were made. */
  readonly calls: number;
  /** At which call the last death was. */
  readonly killedAt: string | undefined;
  readonly faults: readonly string[];
}

/** Has an archond that was just born die where that is wanted of this life, the first of which is 1. */
export function dieIn(life: number, { first, second }: Deaths, control: Control): void {
  const at = life === 1 ? first : life === 2 ? second : undefined;
  if (at !== undefined) control.killArchondAtCall(at);
}

/** Numbers from 1 on, each so much greater than the one before. */
export function upTo(most: number, every: number): number[] {
  return Array.from({ length: Math.ceil(most / every) }, (_, at) => 1 + at * every);
}

/** Each of the first deaths, followed by each of the second. */
export function pairsOf(firsts: readonly number[], seconds: readonly number[]): Deaths[] {
  return firsts.flatMap((first) => seconds.map((second) => ({ first, second })));
}

/** Plays them all; what went wrong by where archond died. */
export async function sweepDeaths<D extends Deaths>(
  points: readonly D[],
  tree: 'cgroup' | 'minder',
  play: (deaths: D, tree: 'cgroup' | 'minder') => Promise<Played>,
): Promise<Record<string, unknown>> {
  const wrong: Record<string, unknown> = {};
  for (const deaths of points) {
    const { faults, killedAt } = await play(deaths, tree);
    if (faults.length > 0) wrong[`${JSON.stringify(deaths)} ${killedAt ?? ''}`] = faults;
  }
  console.log(`${points.length} points of death were played (${tree})`);
  return wrong;
}
