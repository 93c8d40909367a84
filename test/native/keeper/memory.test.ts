import { afterAll, beforeAll, describe, it } from 'vitest';
import { Bench, scaled } from './bench.ts';
import { expectClean } from './expect-clean.ts';

describe('the memory of the keeper', { timeout: 240_000 }, () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.make(['memory'], ['idle']);
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  it.for(['cgroup', 'minder'] as const)(
    'stays under 3 MiB with 5,000 processes and as many kept descriptors, with a %s, and no descriptor is left',
    async (tree, context) => {
      context.skip(tree === 'cgroup' && !bench.cgroups, 'no cgroup can be made here');
      const env = { PROCESSES: scaled(5000), KEPT: scaled(5000) };
      const outcome = await bench.run({ scenario: 'memory', args: [bench.path('idle')], tree, env });
      expectClean(bench, outcome);
      console.log(`keeper, ${tree}: ${JSON.stringify(outcome.report)}`);
    },
  );
});
