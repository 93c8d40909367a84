import { describe, expect, it } from 'vitest';
import { pairsOf, sweepDeaths, upTo } from '../stage/deaths.ts';
import { allIgnoreLastWords } from '../stage/last-words.ts';
import { playWith } from './sweep.ts';

/*
 * A day of a supervisor is played to the machine in memory (`scenario.ts`), and archond is killed at a call of `Sys`, be
 * it of a start, a stop, a restart, a request, or of the recovery from a death before. `npm test` takes a part of these points;
 * each of them:
 *
 *   ARCHON_SWEEP=full npx vitest run --configLoader runner test/archond/sweep
 */
const IS_FULL = process.env['ARCHON_SWEEP'] === 'full';
/** One point in so many is played; odd numbers, so that what comes again and again is met in all of its parts. */
const EVERY = IS_FULL ? 1 : 37;
/** Of deaths that are followed by another one: the first at one call in so many, the second at one in so many. */
const EVERY_FIRST = IS_FULL ? 31 : 301;
const EVERY_SECOND = IS_FULL ? 5 : 13;
/** A recovery makes about as many calls. */
const RECOVERY_CALLS = 90;

describe.each(['cgroup', 'minder'] as const)('a day on a machine with trees by %s', (tree) => {
  allIgnoreLastWords();

  it('is lived through without a fault', async () => {
    expect((await playWith({}, tree)).faults).toEqual([]);
  });

  it(
    'is the same where the wall clock is set to and fro, also over deaths',
    { timeout: 600_000 },
    async () => {
      const { calls, faults } = await playWith({ isClockSet: true }, tree);
      expect(faults).toEqual([]);
      const points = upTo(calls, EVERY_FIRST).map((first) => ({ first, isClockSet: true }));
      expect(await sweepDeaths(points, tree, playWith)).toEqual({});
    },
  );

  it('ends as it should wherever archond is killed once', { timeout: 3_600_000 }, async () => {
    const { calls } = await playWith({}, tree);
    const points = upTo(calls, EVERY).map((first) => ({ first }));
    expect(await sweepDeaths(points, tree, playWith)).toEqual({});
  });

  it(
    'ends as it should where the next archond is killed in its recovery',
    { timeout: 3_600_000 },
    async () => {
      const { calls } = await playWith({}, tree);
      const points = pairsOf(upTo(calls, EVERY_FIRST), upTo(RECOVERY_CALLS, EVERY_SECOND));
      expect(await sweepDeaths(points, tree, playWith)).toEqual({});
    },
  );
});
