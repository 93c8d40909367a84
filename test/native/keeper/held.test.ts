import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from './bench.ts';
import { expectClean } from './expect-clean.ts';

/** What a child may share with the keeper until its exec; `child_share` of the table's header. */
const SHARES = { nothing: 0, descriptors: 1, memory: 2 } as const;

/** Where memory or descriptors are shared, nothing of a child on its way to exec may be touched by the keeper. */
describe('children that are held up before their exec', { timeout: 240_000 }, () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.make(['held'], ['ender']);
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  const run = async (share: keyof typeof SHARES, ...more: readonly string[]) =>
    bench.run({
      scenario: 'held',
      args: [bench.path('ender'), `${await bench.shared()}/record`, ...more],
      tree: 'cgroup',
      options: ['--share', share],
    });

  it.for(['memory', 'descriptors', 'nothing'] as const)(
    'hold up nobody else, and run or end as they should when more of them share %s than there is room for',
    async (share, context) => {
      context.skip(!bench.cgroups, 'no cgroup can be made here');
      const outcome = await run(share);
      expectClean(bench, outcome);
      expect(outcome.report['share']).toBeLessThanOrEqual(SHARES[share]);
    },
  );

  it.for(['memory', 'descriptors'] as const)(
    'run when the keeper is killed over them while they share its %s',
    async (share, context) => {
      context.skip(!bench.cgroups, 'no cgroup can be made here');
      const outcome = await run(share, 'RUNTIME');
      expect(outcome.text).not.toContain('FAILED');
      expect(outcome).toMatchObject({ code: null, report: { ran: 10 }, left: [] });
      expect(bench.leftOver()).toEqual([]);
    },
  );
});
