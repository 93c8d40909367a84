import { describe, expect, it } from 'vitest';
import { sweepDeaths } from '../stage/deaths.ts';
import { allIgnoreLastWords } from '../stage/last-words.ts';
import { playReload } from './changing.ts';

/*
 * A reload that adds, removes, restarts and takes over is played to the machine in memory (`changing.ts`), and archond is killed at
 * a call of `Sys`. `npm test` takes a part of the points; each of them, and more that are followed by a death in the recovery:
 *
 *   ARCHON_SWEEP=full npx vitest run --configLoader runner test/archond/reload/deaths
 */
const IS_FULL = process.env['ARCHON_SWEEP'] === 'full';
const EVERY = IS_FULL ? 1 : 7;
const EVERY_FIRST = IS_FULL ? 5 : 41;
const EVERY_SECOND = IS_FULL ? 5 : 17;
/** A recovery makes about as many calls. */
const RECOVERY_CALLS = 90;

/** So far behind its beginning a reload has come to its end. */
const CALLS = 400;

function points(from: number, calls: number, every: number): number[] {
  const most = Math.min(calls, from + CALLS);
  return Array.from(
    { length: Math.max(1, Math.ceil((most - from) / every)) },
    (_, at) => from + 1 + at * every,
  );
}

describe.each(['cgroup', 'minder'] as const)('a reload on a machine with trees by %s', (tree) => {
  allIgnoreLastWords();

  it('brings every unit to where it is to be', async () => {
    expect((await playReload({}, tree)).faults).toEqual([]);
  });

  it(
    'leaves the old set or comes to the new one, wherever archond is killed',
    { timeout: 3_600_000 },
    async () => {
      const { from, calls } = await playReload({}, tree);
      const deaths = points(from, calls, EVERY).map((first) => ({ first }));
      expect(await sweepDeaths(deaths, tree, playReload)).toEqual({});
    },
  );

  it('does so where the next archond is killed in its recovery', { timeout: 3_600_000 }, async () => {
    const { from, calls } = await playReload({}, tree);
    const seconds = Array.from(
      { length: Math.ceil(RECOVERY_CALLS / EVERY_SECOND) },
      (_, at) => 1 + at * EVERY_SECOND,
    );
    const deaths = points(from, calls, EVERY_FIRST).flatMap((first) =>
      seconds.map((second) => ({ first, second })),
    );
    expect(await sweepDeaths(deaths, tree, playReload)).toEqual({});
  });
});
