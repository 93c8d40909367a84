import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from './bench.ts';
import { expectClean } from './expect-clean.ts';

/*
 * `npm test` kills it at some of the points, from another one on each time (`SEED`); all of them:
 *   ARCHON_SWEEP=full npx vitest run --configLoader runner test/native/keeper/heirs
 */
const IS_FULL = process.env['ARCHON_SWEEP'] === 'full';
const STEP = IS_FULL ? 1 : 9;
/** Of one way: a minute where nothing else runs, and ten times that on a machine that is forty times overloaded. */
const TIMEOUT_MS = IS_FULL ? 3_600_000 : 600_000;

const WAYS = [
  ['cgroup', 'both', 'memory'],
  ['minder', 'both', 'memory'],
  ['cgroup', 'other', 'memory'],
  ['minder', 'other', 'descriptors'],
  ['cgroup', 'heir', 'memory'],
  ['minder', 'heir', 'nothing'],
] as const;
const ARCHONDS = {
  both: 'archond dies with it',
  other: 'archond lives until another has taken over',
  heir: 'archond becomes the next one',
};

/** A keeper that is killed before any call of it; see scenarios/heirs.c. */
describe('the keeper that is killed', { timeout: TIMEOUT_MS }, () => {
  let bench: Bench;
  let failing: string;
  beforeAll(async () => {
    bench = await Bench.make(['heirs'], ['ender', 'couple', 'again']);
    failing = await bench.failingKeeper();
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  it.each(WAYS)(
    'before any call of it is followed by one that knows everything, with a %s (%s, sharing %s)',
    async (tree, mode, share) => {
      const folder = await bench.shared();
      await writeFile(`${folder}/faults`, Buffer.alloc(4096));
      const outcome = await bench.run({
        scenario: 'heirs',
        args: [mode, bench.path('ender'), bench.path('couple'), folder],
        tree: tree === 'cgroup' && !bench.cgroups ? 'minder' : tree,
        keeper: [bench.path('again'), 'RUNTIME/table', mode === 'heir' ? '1' : '0', failing],
        options: ['--longest-delay', '0', '--share', share],
        env: { TEST_FAULTS: `${folder}/faults`, STEP: String(STEP) },
      });
      expectClean(bench, outcome);
      const { life = 0, recovery = 0, unknown } = outcome.report as Record<string, number>;
      console.log(
        `${tree}, ${share}, ${ARCHONDS[mode]}: killed at ${life} points of a life and ${recovery} of a recovery; ${unknown} ends were unknown`,
      );
      expect(life * STEP).toBeGreaterThan(100);
      expect(recovery * STEP).toBeGreaterThan(100);
    },
  );
});
