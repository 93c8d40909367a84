#!/usr/bin/env node
// `npm run torture [-- OPTIONS]`: 200 daemons that die at random, while archond and the keeper are killed again and again; prints what came of it.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, fail, run } from './process.mjs';
import { setUp } from './setup.mjs';

const USAGE = `npm run torture -- [--archond COUNT] [--keeper COUNT] [--both COUNT] [--daemons COUNT] [--clients COUNT]
                      [--most-ms MS] [--seed NUMBER] [--tree cgroup|minder] [--user NAME]
  --archond, --keeper, --both  how often each is killed (1000, 100, 20)
  --daemons, --clients         how many there are (200, 4)
  --most-ms                    a daemon lives no longer (15000)
  --tree                       what keeps processes together
  --user                       as whom the supervisor runs (root only)`;

/** The options, and the variables by which the test is told of them. */
const VARIABLES = {
  archond: 'DEATHS',
  keeper: 'KEEPER',
  both: 'BOTH',
  daemons: 'DAEMONS',
  clients: 'CLIENTS',
  'most-ms': 'MOST_MS',
  seed: 'SEED',
  tree: 'TREE',
  user: 'UID',
};
/** As often each is killed where nothing else is said. */
const USUAL = { ARCHON_TORTURE_DEATHS: '1000', ARCHON_TORTURE_KEEPER: '100', ARCHON_TORTURE_BOTH: '20' };

/**
 * The environment for the test.
 *
 * @param {Readonly<Record<string, unknown>>} values of the options
 */
function environmentFor(values) {
  const env = { ...process.env, ...USUAL };
  for (const [option, variable] of Object.entries(VARIABLES)) {
    const value = values[option];
    if (typeof value !== 'string') continue;
    const text = option === 'user' ? execFileSync('id', ['-u', value], { encoding: 'utf8' }).trim() : value;
    Object.assign(env, { [`ARCHON_TORTURE_${variable}`]: text });
  }
  return env;
}

try {
  const names = Object.keys(VARIABLES).map((name) => [name, /** @type {const} */ ({ type: 'string' })]);
  const options = { ...Object.fromEntries(names), help: /** @type {const} */ ({ type: 'boolean' }) };
  /** @type {Readonly<Record<string, unknown>>} */
  const values = parseArgs({ options }).values;
  if ('help' in values) {
    process.stdout.write(`${USAGE}\n`);
  } else {
    await setUp();
    const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
    const args = ['run', '--configLoader', 'runner', 'test/torture', '--disable-console-intercept'];
    const env = environmentFor(values);
    process.exitCode = await run(process.execPath, [vitest, ...args], { cwd: ROOT, env });
  }
} catch (error) {
  fail(error);
}
