import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, isRoot, scaled } from './bench.ts';
import { expectClean } from './expect-clean.ts';

/** As root with `ordinary` the keeper runs as another user; else as whoever runs the tests. */
const users = isRoot ? [false, true] : [false];

describe.each(users)('the trees of processes, as another user: %s', { timeout: 240_000 }, (ordinary) => {
  let bench: Bench;
  let dodger: string;
  beforeAll(async () => {
    bench = await Bench.make(['trees', 'minders'], ['dodger', 'ender']);
    dodger = bench.path('dodger');
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  it('are emptied wholly with cgroups and with minders side by side, neighbours untouched', async (context) => {
    context.skip(!bench.cgroups, 'no cgroup can be made here');
    const outcome = await bench.run({ scenario: 'trees', args: [dodger], tree: 'cgroup', ordinary });
    expectClean(bench, outcome);
    expect(outcome.report).toEqual({ kinds: 2 });
  });

  it('are emptied wholly with minders alone', async () => {
    const outcome = await bench.run({ scenario: 'trees', args: [dodger], tree: 'minder', ordinary });
    expectClean(bench, outcome);
    expect(outcome.report).toEqual({ kinds: 1 });
  });

  it('are gone, and their ends exact, when minders are killed at any moment', async () => {
    const args = [dodger, bench.path('ender'), `${await bench.shared()}/record`];
    const env = { HUNTED: scaled(800) };
    const outcome = await bench.run({ scenario: 'minders', args, env, ordinary });
    expectClean(bench, outcome);
  });
});
