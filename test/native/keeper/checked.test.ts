import { readFile, readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, collect, scaled } from './bench.ts';
import { expectClean } from './expect-clean.ts';

const PEERS = { EXITS: scaled(1200), EACH_IN_TURN: '60' };

describe('the keeper under the sanitizers', { timeout: 240_000 }, () => {
  let bench: Bench;
  let keeper: readonly string[];
  beforeAll(async () => {
    const scenarios = ['attributes', 'failures', 'exits', 'trees', 'minders', 'kept', 'signals', 'requests'];
    bench = await Bench.make(scenarios, ['report', 'ender', 'dodger']);
    keeper = [await bench.sanitizedKeeper()];
  }, 240_000);
  afterAll(async () => bench[Symbol.asyncDispose]());

  const options = ['--longest-delay', '0'];

  it('spawns without a finding', async () => {
    const args = [bench.path('report'), await bench.shared()];
    expectClean(
      bench,
      await bench.run({ scenario: 'attributes', args, keeper, env: { SPAWNS: scaled(1500) } }),
    );
  });

  it('meets broken requests and failing stages without a finding', async () => {
    const args = [bench.path('ender'), await bench.shared()];
    expectClean(bench, await bench.run({ scenario: 'failures', args, keeper }));
    expectClean(bench, await bench.run({ scenario: 'requests', args: args.slice(0, 1), keeper }));
  });

  it.each(['killed', 'slow', 'away'])('outlives peers that are %s without a finding', async (mode) => {
    const args = [mode, await bench.shared(), bench.path('ender'), 'RUNTIME'];
    const env = { ...PEERS, BATCH: '600' };
    expectClean(bench, await bench.run({ scenario: 'exits', args, keeper, options, env }));
  });

  it('empties trees and meets the death of minders without a finding', async () => {
    const args = [bench.path('dodger')];
    expectClean(bench, await bench.run({ scenario: 'trees', args, keeper, env: { MOVING: '2' } }));
    const minders = [...args, bench.path('ender'), `${await bench.shared()}/record`];
    const env = { MINDERS: '40', HUNTED: scaled(300) };
    expectClean(bench, await bench.run({ scenario: 'minders', args: minders, keeper, env }));
  });

  it('keeps descriptors and signals without a finding', async () => {
    expectClean(bench, await bench.run({ scenario: 'kept', keeper, options, env: { KEPT: scaled(1000) } }));
    expectClean(bench, await bench.run({ scenario: 'signals', keeper, options }));
  });
});

const valgrind = (await collect(['sh', '-c', 'valgrind --version'])).code === 0;

/*
 * valgrind knows neither clone3(2) nor pidfds: here the keeper falls back to fork(2) and kill(2). Limits
 * are valgrind's own, and it cannot go on after an exec that fails: such cases are left out.
 */
describe.runIf(valgrind)('the keeper under valgrind, by fork alone', { timeout: 240_000 }, () => {
  let bench: Bench;
  let logs: string;
  let keeper: readonly string[];
  beforeAll(async () => {
    const scenarios = ['attributes', 'exits', 'trees', 'minders', 'kept'];
    bench = await Bench.make(scenarios, ['report', 'ender', 'dodger']);
    logs = await bench.shared();
    const check = ['--quiet', '--error-exitcode=99', '--leak-check=full', `--log-file=${logs}/%p`];
    keeper = ['valgrind', ...check, await bench.plainKeeper()];
  }, 240_000);
  afterAll(async () => bench[Symbol.asyncDispose]());

  /** What valgrind said, but that it does not know a system call. */
  async function findings(): Promise<string> {
    const texts = await Promise.all((await readdir(logs)).map((name) => readFile(`${logs}/${name}`, 'utf8')));
    return texts.join('').replace(/^--\d+-- .*\n/gm, '');
  }

  it('spawns, empties trees and outlives its peers without a finding', async () => {
    const tree = 'minder';
    const options = ['--longest-delay', '0'];
    const few = { SPAWNS: '60', EXITS: '60', EACH_IN_TURN: '15', MOVING: '1', MINDERS: '5', HUNTED: '20' };
    const env = { ...few, KEPT: '60', NO_LIMITS: '1' };
    const [report, ender, dodger] = ['report', 'ender', 'dodger'].map((name) => bench.path(name));
    const shared = await bench.shared();
    const runs: Record<string, readonly string[]> = {
      attributes: [report ?? '', shared],
      exits: ['killed', shared, ender ?? '', 'RUNTIME'],
      trees: [dodger ?? ''],
      minders: [dodger ?? '', ender ?? '', `${shared}/hunted`],
      kept: [],
    };
    for (const [scenario, args] of Object.entries(runs)) {
      expectClean(bench, await bench.run({ scenario, args, keeper, tree, options, env }));
    }
    expect(await findings()).toBe('');
  });
});
