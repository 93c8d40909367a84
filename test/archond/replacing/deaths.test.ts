import { describe, expect, it } from 'vitest';
import { pairsOf, sweepDeaths, upTo } from '../stage/deaths.ts';
import { allIgnoreLastWords } from '../stage/last-words.ts';
import { playWith } from './day.ts';

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

describe.each(['cgroup', 'minder'] as const)('replacements on a machine with trees by %s', (tree) => {
  allIgnoreLastWords();

  it('go on without a fault', async () => {
    expect((await playWith({}, tree)).faults).toEqual([]);
  });

  it('come to their end wherever archond is killed', { timeout: 3_600_000 }, async () => {
    const { calls } = await playWith({}, tree);
    const points = upTo(calls, EVERY).map((first) => ({ first }));
    expect(await sweepDeaths(points, tree, playWith)).toEqual({});
  });

  it('come to it where the next archond is killed in its recovery', { timeout: 3_600_000 }, async () => {
    const { calls } = await playWith({}, tree);
    const points = pairsOf(upTo(calls, EVERY_FIRST), upTo(RECOVERY_CALLS, EVERY_SECOND));
    expect(await sweepDeaths(points, tree, playWith)).toEqual({});
  });
});
