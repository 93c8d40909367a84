import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ignoreLastWords } from '../stage/last-words.ts';
import { playWith, type Deaths } from './day.ts';

/*
 * A server is replaced again and again (`day.ts`), and archond is killed at a call of `Sys`. `npm test` takes a part of the
 * points; each of them:
 *
 *   ARCHON_SWEEP=full npx vitest run --configLoader runner test/archond/replacing
 */
const IS_FULL = process.env['ARCHON_SWEEP'] === 'full';
const EVERY = IS_FULL ? 1 : 29;
const EVERY_FIRST = IS_FULL ? 17 : 101;
const EVERY_SECOND = IS_FULL ? 5 : 19;
/** A recovery makes about as many calls. */
const RECOVERY_CALLS = 60;

function upTo(most: number, every: number): number[] {
  return Array.from({ length: Math.ceil(most / every) }, (_, at) => 1 + at * every);
}

async function sweep(points: readonly Deaths[], tree: 'cgroup' | 'minder'): Promise<Record<string, unknown>> {
  const wrong: Record<string, unknown> = {};
  for (const deaths of points) {
    const { faults, killedAt } = await playWith(deaths, tree);
    if (faults.length > 0) wrong[`${JSON.stringify(deaths)} ${killedAt ?? ''}`] = faults;
  }
  console.log(`${points.length} points of death were played (${tree})`);
  return wrong;
}

describe.each(['cgroup', 'minder'] as const)('replacements on a machine with trees by %s', (tree) => {
  let words: Disposable | undefined;
  beforeAll(() => {
    words = ignoreLastWords();
  });
  afterAll(() => {
    words?.[Symbol.dispose]();
  });

  it('go on without a fault', async () => {
    expect((await playWith({}, tree)).faults).toEqual([]);
  });

  it('come to their end wherever archond is killed', { timeout: 3_600_000 }, async () => {
    const { calls } = await playWith({}, tree);
    const points = upTo(calls, EVERY).map((first) => ({ first }));
    expect(await sweep(points, tree)).toEqual({});
  });

  it('come to it where the next archond is killed in its recovery', { timeout: 3_600_000 }, async () => {
    const { calls } = await playWith({}, tree);
    const points = upTo(calls, EVERY_FIRST).flatMap((first) =>
      upTo(RECOVERY_CALLS, EVERY_SECOND).map((second) => ({ first, second })),
    );
    expect(await sweep(points, tree)).toEqual({});
  });
});
