import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from './bench.ts';
import { expectClean } from './expect-clean.ts';

describe('the keeper watching over archond', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.make(['silent', 'failing'], []);
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  it('kills one that hangs, is stopped or never says a word, and none because it stood still itself', async () => {
    const silence = '800';
    const options = ['--silence', silence, '--longest-delay', '0'];
    const args = [`${await bench.shared()}/left`];
    const outcome = await bench.run({ scenario: 'silent', args, options, env: { SILENCE: silence } });
    expectClean(bench, outcome);
    expect(outcome.report).toEqual({ epochs: 5 });
    expect(outcome.text.split('archond says nothing any more').length - 1).toBe(3);
  });

  it.each([
    ['broken', 'without what its journal got last'],
    ['hanging', 'without what its journal got last'],
    ['killed', 'it is started with --safe\n'],
  ])('starts archond with --safe for good when five in a row were %s, and says so', async (how, said) => {
    const options = ['--longest-delay', '0', '--silence', '200'];
    const outcome = await bench.run({ scenario: 'failing', args: [how], options });
    expectClean(bench, outcome);
    expect(outcome.report).toEqual({ epochs: 8 });
    expect(outcome.text).toContain(said);
  });

  it('starts it as usual where one of five answers', async () => {
    const options = ['--longest-delay', '0'];
    const outcome = await bench.run({ scenario: 'failing', args: ['answering'], options });
    expectClean(bench, outcome);
    expect(outcome.report).toEqual({ epochs: 20 });
  });
});
