import type { Units } from '../stage/stage.ts';

/** A source of numbers in [0, 1) that is the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A unit, as it is drawn: what its process is made with, and what it is not. */
export interface Drawn {
  readonly command: string;
  readonly env: number;
  readonly description: string | undefined;
  readonly delay: number;
  readonly patience: number;
  readonly needs: readonly string[];
  readonly after: readonly string[];
}

export type DrawnSet = ReadonlyMap<string, Drawn>;

const LABELS = Array.from({ length: 24 }, (_, at) => `unit-${String(at).padStart(2, '0')}`);

/** A set of units; each has at most two needs among those that stand before it, so that nothing goes in a circle. */
export function draw(random: () => number): DrawnSet {
  const labels = LABELS.filter(() => random() < 0.7);
  return new Map(labels.map((label, at) => [label, drawUnit(random, labels.slice(0, at))]));
}

/** Another set: of the earlier one most stays as it is, some of it changes a little, some goes, and some is new. */
export function redraw(random: () => number, before: DrawnSet): DrawnSet {
  const next = new Map<string, Drawn>();
  for (const label of LABELS) {
    const was = before.get(label);
    const earlier = [...next.keys()];
    if (was === undefined) {
      if (random() < 0.25) next.set(label, drawUnit(random, earlier));
    } else if (random() >= 0.12) {
      const kept = { ...was, needs: known(was.needs, earlier), after: known(was.after, earlier) };
      next.set(label, random() < 0.6 ? kept : change(random, kept, earlier));
    }
  }
  return next;
}

function known(labels: readonly string[], earlier: readonly string[]): readonly string[] {
  return labels.filter((label) => earlier.includes(label));
}

function change(random: () => number, unit: Drawn, earlier: readonly string[]): Drawn {
  const other = drawUnit(random, earlier);
  const keys = Object.keys(unit) as (keyof Drawn)[];
  const key = keys[Math.floor(random() * keys.length)] ?? 'command';
  return { ...unit, [key]: other[key] };
}

function drawUnit(random: () => number, earlier: readonly string[]): Drawn {
  const some = (most: number): readonly string[] =>
    earlier.filter(() => random() < most / Math.max(1, earlier.length)).slice(0, 2);
  const number = (below: number): number => Math.floor(random() * below);
  return {
    command: `sleep ${86_400 + number(4)}`,
    env: number(3),
    description: random() < 0.5 ? undefined : `number ${number(3)}`,
    delay: 1 + number(3),
    patience: 5 + number(3),
    needs: some(1),
    after: some(1),
  };
}

/** Them as they stand in a file. */
export function unitsOf(set: DrawnSet): Units {
  return Object.fromEntries(
    [...set].map(([label, unit]) => [
      label,
      {
        command: unit.command,
        env: { NUMBER: String(unit.env) },
        restart: { policy: 'always', delay: `${unit.delay}s` },
        stop: { timeout: `${unit.patience}s` },
        needs: unit.needs,
        after: unit.after,
        ...(unit.description === undefined ? {} : { description: unit.description }),
      },
    ]),
  );
}

/** What is to happen to each unit by a reload, worked out from what was drawn and nothing else. */
export function expectedOf(
  before: DrawnSet,
  after: DrawnSet,
): ReadonlyMap<string, 'stays' | 'new' | 'other' | 'gone'> {
  const expected = new Map<string, 'stays' | 'new' | 'other' | 'gone'>();
  for (const label of before.keys()) if (!after.has(label)) expected.set(label, 'gone');
  for (const [label, unit] of after) {
    const was = before.get(label);
    if (was === undefined) expected.set(label, 'new');
    else if (was.command !== unit.command || was.env !== unit.env) expected.set(label, 'other');
    else if (unit.needs.some((need) => expected.get(need) === 'other')) expected.set(label, 'other');
    else expected.set(label, 'stays');
  }
  return expected;
}
