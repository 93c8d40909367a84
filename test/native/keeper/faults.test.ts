import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from './bench.ts';
import { expectClean } from './expect-clean.ts';

/** What a child is made with differs most between these. */
const FAILING = [
  ['cgroup', 'memory'],
  ['cgroup', 'descriptors'],
  ['minder', 'nothing'],
] as const;
const KILLING = [
  ['cgroup', 'memory'],
  ['minder', 'descriptors'],
] as const;

/** A keeper that fails where it is told to; see faults/faults.c. */
describe('the keeper that fails', { timeout: 240_000 }, () => {
  let bench: Bench;
  let keeper: readonly string[];
  beforeAll(async () => {
    bench = await Bench.make(['sweep'], ['ender']);
    keeper = [await bench.failingKeeper()];
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  /** Returns at how many points it has failed. */
  async function sweep(how: string, tree: 'cgroup' | 'minder', share: string): Promise<number> {
    const folder = await bench.shared();
    await writeFile(`${folder}/faults`, Buffer.alloc(4096));
    const outcome = await bench.run({
      scenario: 'sweep',
      args: [how, bench.path('ender'), folder],
      tree: tree === 'cgroup' && !bench.cgroups ? 'minder' : tree,
      keeper,
      options: ['--longest-delay', '0', '--share', share],
      env: { TEST_FAULTS: `${folder}/faults` },
    });
    expectClean(bench, { ...outcome, text: outcome.text.replaceAll(/keeper: cannot .*\n/g, '') });
    return Number(outcome.report['points']);
  }

  it.each(FAILING)(
    'does or refuses whatever call of it fails, and loses nothing, with a %s, sharing %s',
    async (tree, share) => {
      const points = await sweep('errors', tree, share);
      console.log(`${points} calls have failed, one by one (${tree}, ${share})`);
      expect(points).toBeGreaterThan(50);
    },
  );

  it.each(KILLING)(
    'starts nothing twice and loses no end when archond is killed before any call of it, with a %s, sharing %s',
    async (tree, share) => {
      const points = await sweep('deaths', tree, share);
      console.log(`archond was killed at ${points} points (${tree}, ${share})`);
      expect(points).toBeGreaterThan(50);
    },
  );
});
