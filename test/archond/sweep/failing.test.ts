import { beforeAll, describe, expect, it } from 'vitest';
import { ERRNOS, type Fallible } from '../../../src/sys/fake/faults.ts';
import { allIgnoreLastWords } from '../stage/last-words.ts';
import { playDay } from './sweep.ts';
import { codeOf, fallibleCalls, playFailing, pointsOf, type Failing } from './failing.ts';

/*
 * The day of `scenario.ts`, in which one call of the kernel or the keeper fails, with each errno that it can have
 * (`ERRNOS`); or fails for a while; or in the recovery from a death. Orders that cannot be carried out for that are
 * refused with an error that names it, and given again; in the end all is as on any other day. `npm test` takes a part of
 * these points; each of them:
 *
 *   ARCHON_SWEEP=full npx vitest run --configLoader runner test/archond/sweep/failing
 */
const IS_FULL = process.env['ARCHON_SWEEP'] === 'full';
const EVERY = IS_FULL ? 1 : 97;
const EVERY_LASTING = IS_FULL ? 5 : 131;
const LASTING_MS = 300;
/** Deaths are at one call in so many, and of what fails in the recovery one in so many is played. */
const EVERY_DEATH = IS_FULL ? 131 : 701;
const EVERY_AFTER = IS_FULL ? 1 : 23;
/** A recovery has about so many calls that can fail. */
const RECOVERY_CALLS = 40;
const TIMEOUT_MS = 3_600_000;
/** A disk that is used by others. */
const SLOW_SYNC_MS = 4000;

/** What an archond cannot do without lasts long enough for safe mode; what no log and no journal can have in the end is lost. */
const NOT_LASTING: readonly Fallible[] = ['keeper.hello', 'keeper.kept', 'write', 'splice', 'open to append'];

function oneIn<T>(points: readonly T[], every: number): T[] {
  return points.filter((_, index) => index % every === 0);
}

/** Plays them all; what went wrong by what failed. */
async function sweep(
  points: readonly Failing[],
  tree: 'cgroup' | 'minder',
  what: string,
): Promise<Record<string, unknown>> {
  const wrong: Record<string, unknown> = {};
  for (const failing of points) {
    const { call, faults } = await playFailing(tree, failing);
    if (call === undefined) faults.push('nothing failed');
    if (faults.length > 0) wrong[`${JSON.stringify(failing)} ${call ?? ''}`] = faults;
  }
  const wrongs = Object.keys(wrong);
  console.log(`${points.length} ${what} were played (${tree}), wrong: ${wrongs.join(', ') || 'none'}`);
  return wrong;
}

it('an errno has a name', () => {
  for (const fault of Object.values(ERRNOS).flat()) expect(codeOf(fault)).toMatch(/^E[A-Z0-9]+$/);
});

describe.each(['cgroup', 'minder'] as const)('a day in need on a machine with trees by %s', (tree) => {
  allIgnoreLastWords();
  let calls: readonly Fallible[] = [];
  beforeAll(async () => {
    calls = await fallibleCalls(tree);
  });

  it('ends as it should whichever call fails', { timeout: TIMEOUT_MS }, async () => {
    const points = oneIn(pointsOf(calls), EVERY);
    expect(await sweep(points, tree, 'points of failure')).toEqual({});
  });

  it('ends as it should where a call fails for a while', { timeout: TIMEOUT_MS }, async () => {
    const all = pointsOf(calls).filter(({ at }) => !NOT_LASTING.includes(calls[at - 1] ?? 'open'));
    const points = oneIn(all, EVERY_LASTING).map((failing) => ({ ...failing, forMs: LASTING_MS }));
    expect(await sweep(points, tree, 'points of lasting failure')).toEqual({});
  });

  it('ends as it should where the disk is slow, also over deaths', { timeout: TIMEOUT_MS }, async () => {
    for (const death of [undefined, 333, 901, 1333]) {
      const { faults, control } = await playDay(tree, {
        slackMs: SLOW_SYNC_MS,
        atBirth: (born, life) => {
          born.kernel.disk.syncMs = SLOW_SYNC_MS;
          if (life === 1 && death !== undefined) born.killArchondAtCall(death);
        },
      });
      expect(faults).toEqual([]);
      expect(control.killedAt === undefined).toBe(death === undefined);
    }
  });

  it('ends as it should where a call fails in a recovery', { timeout: TIMEOUT_MS }, async () => {
    const wrong: Record<string, unknown>[] = [];
    for (let death = 61; ; death += EVERY_DEATH) {
      const later = await fallibleCalls(tree, death);
      if (later.length === 0) break;
      const points = oneIn(pointsOf(later.slice(0, RECOVERY_CALLS)), EVERY_AFTER);
      wrong.push(
        await sweep(
          points.map((failing) => ({ ...failing, death })),
          tree,
          `points of failure after a death at call ${death}`,
        ),
      );
    }
    expect(Object.assign({}, ...wrong)).toEqual({});
  });
});
