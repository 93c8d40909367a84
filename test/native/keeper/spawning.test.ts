import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, isRoot, scaled } from './bench.ts';
import { expectClean } from './expect-clean.ts';

describe('a spawn by the keeper', { timeout: 240_000 }, () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.make(['attributes', 'failures', 'full'], ['report', 'ender']);
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  it('gives the program every attribute that was asked for, and nothing else, 10,000 times', async () => {
    const args = [bench.path('report'), await bench.shared()];
    const outcome = await bench.run({ scenario: 'attributes', args, env: { SPAWNS: scaled(10_000) } });
    expectClean(bench, outcome);
    expect(outcome.report).toMatchObject({ spawns: Number(scaled(10_000)) });
  });

  it.each(['descriptors', 'nothing'])(
    'does so where a child shares %s with the keeper until its exec',
    async (share) => {
      const args = [bench.path('report'), await bench.shared()];
      const options = ['--share', share];
      const env = { SPAWNS: scaled(1500) };
      expectClean(bench, await bench.run({ scenario: 'attributes', args, options, env }));
    },
  );

  it.runIf(isRoot)(
    'does so for an ordinary user, and shows what is forbidden as stage and errno',
    async () => {
      const args = [bench.path('report'), await bench.shared()];
      const env = { SPAWNS: scaled(2000) };
      const outcome = await bench.run({ scenario: 'attributes', args, env, ordinary: true });
      expectClean(bench, outcome);
      expect(outcome.report['forbidden']).toBeGreaterThan(0);
    },
  );

  it('fails at each stage with its errno', async () => {
    const args = [bench.path('ender'), await bench.shared()];
    const outcome = await bench.run({ scenario: 'failures', args });
    expectClean(bench, outcome);
    expect(outcome.report).toMatchObject({
      request: 123,
      cgroup: 1,
      tty: 3,
      rlimit: 2,
      descriptors: 2,
      /* Folders that may not be looked into are there for ordinary users only. */
      exec: process.getuid?.() === 0 ? 16 : 19,
    });
  });

  it('fails at each stage for an ordinary user, also where no process can be made', async () => {
    const args = [bench.path('ender'), await bench.shared()];
    const outcome = await bench.run({ scenario: 'failures', args, tree: 'minder', ordinary: true });
    expectClean(bench, outcome);
    expect(outcome.report).toMatchObject({ request: 123, nice: 1, oom: 2, user: 3, cwd: 4 });
    expect(outcome.report['fork']).toBeGreaterThan(1);
  });

  it('is refused while all 16,384 entries are taken, and takes the lowest free one', async () => {
    const outcome = await bench.run({ scenario: 'full' });
    expectClean(bench, outcome);
  });
});
