import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, scaled } from './bench.ts';
import { expectClean } from './expect-clean.ts';

/** Each end is reported exactly once, with its code and resource usage: 20,000 in all. */
describe('the ends of processes', { timeout: 240_000 }, () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.make(['exits'], ['ender']);
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  const run = async (mode: string, tree: 'cgroup' | 'minder', exits: string) =>
    bench.run({
      scenario: 'exits',
      args: [mode, await bench.shared(), bench.path('ender'), 'RUNTIME'],
      tree: tree === 'cgroup' && !bench.cgroups ? 'minder' : tree,
      env: { EXITS: exits },
      options: ['--longest-delay', '0'],
    });

  it.each(['cgroup', 'minder'] as const)(
    'are known exactly once by peers that are killed between any two messages, with a %s',
    async (tree) => {
      const outcome = await run('killed', tree, scaled(6000));
      expectClean(bench, outcome);
      expect(outcome.report).toMatchObject({ exits: Number(scaled(6000)) });
      expect(outcome.report['peers']).toBeGreaterThan(10);
    },
  );

  it('are known exactly once by a peer that reads nothing until all have ended', async () => {
    const outcome = await run('slow', 'cgroup', scaled(4000));
    expectClean(bench, outcome);
    expect(outcome.report).toMatchObject({ exits: Number(scaled(4000)), peers: 1 });
  });

  it('are known exactly once where nobody was there when they came', async () => {
    const outcome = await run('away', 'minder', scaled(4000));
    expectClean(bench, outcome);
    expect(outcome.report).toMatchObject({ exits: Number(scaled(4000)) });
    expect(outcome.report['peers']).toBeGreaterThan(1);
  });
});
