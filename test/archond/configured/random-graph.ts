import { Chance } from '../fuzz/chance.ts';
import type { Said } from './order-checker.ts';

/** A unit of a random graph: what it says of others, how it behaves, and what stands in the file. */
export interface RandomUnit extends Said {
  /** `flaky` fails at its first attempt, `bad` at every one. */
  readonly behaviour: 'good' | 'slow' | 'flaky' | 'bad';
  readonly keys: Readonly<Record<string, unknown>>;
}

/** So many units, each of which names some of those before it; what they leave behind is left in the folder. */
export function randomGraph(count: number, seed: number, folder: string): Map<string, RandomUnit> {
  const chance = new Chance(seed);
  const units = new Map<string, RandomUnit>();
  for (let number = 0; number < count; number += 1) {
    const label = `u${number}`;
    const some = (most: number): string[] => {
      const found = new Set<string>();
      for (let left = chance.below(most + 1); left > 0 && number > 0; left -= 1)
        found.add(`u${chance.below(number)}`);
      return [...found];
    };
    const [needs, wants, after] = [some(3), some(1), some(1)];
    const isLate = number > count * 0.9;
    const dice = chance.below(100);
    const behaviour = isLate && dice < 5 ? 'bad' : dice < 15 ? 'flaky' : dice < 25 ? 'slow' : 'good';
    const type = chance.below(10) < 3 ? 'service' : 'oneshot';
    const keys = { ...keysOf(type, behaviour, folder, label), needs, wants, after };
    units.set(label, { type, needs, wants, after, behaviour, keys });
  }
  return units;
}

function keysOf(
  type: Said['type'],
  behaviour: RandomUnit['behaviour'],
  folder: string,
  label: string,
): Readonly<Record<string, unknown>> {
  const mark = `${folder}/${label}`;
  if (type === 'service') {
    const ready = { fd: 3, timeout: '5m' };
    switch (behaviour) {
      case 'good':
        return { command: 'sleep 86400' };
      case 'slow':
        return { command: [`${folder}/slow-service`], ready };
      case 'flaky':
        return { command: [`${folder}/flaky-service`, mark], ready };
      case 'bad':
        return { command: 'false', ready, restart: 'never' };
    }
  }
  switch (behaviour) {
    case 'good':
      return { type, command: 'true' };
    case 'slow':
      return { type, command: 'sleep 0.05' };
    case 'flaky':
      return { type, command: [`${folder}/flaky-oneshot`, mark] };
    case 'bad':
      return { type, command: 'false', restart: 'never' };
  }
}

/** What is told last of each unit when all has come up as far as it can. */
export function expectedEnds(units: ReadonlyMap<string, RandomUnit>): Map<string, string> {
  const ends = new Map<string, string>();
  /* Those before it are known by then. */
  for (const [label, { type, needs, behaviour }] of units) {
    const isFailed = behaviour === 'bad' || needs.some((need) => ends.get(need) === 'failed');
    ends.set(label, isFailed ? 'failed' : type === 'service' ? 'running' : 'finished');
  }
  return ends;
}
