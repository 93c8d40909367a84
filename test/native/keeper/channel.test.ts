import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, scaled } from './bench.ts';
import { expectClean } from './expect-clean.ts';

describe('the channel of the keeper', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.make(['requests', 'kept', 'signals'], ['ender']);
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  it('refuses what is not a request, before the greeting, of another epoch or of no known kind', async () => {
    const outcome = await bench.run({ scenario: 'requests', args: [bench.path('ender')] });
    expectClean(bench, outcome);
  });

  it('keeps thousands of descriptors over the death of its peer, and leaves itself room', async () => {
    const outcome = await bench.run({ scenario: 'kept', env: { KEPT: scaled(5000) } });
    expectClean(bench, outcome);
  });

  it('tells each successor of the signals that nobody has noted', async () => {
    const options = ['--longest-delay', '0'];
    const outcome = await bench.run({ scenario: 'signals', options });
    expectClean(bench, outcome);
    expect(outcome.report).toEqual({ epochs: 4 });
  });
});
