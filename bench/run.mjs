#!/usr/bin/env node
// `npm run bench [-- ROW... --json --smallest --only NAME,NAME --units N --repeat N --storm N]` (docs/bench.org).
// `--help` says what each is.
import { mkdtemp, realpath } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fail } from '../scripts/process.mjs';
import { setUp } from '../scripts/setup.mjs';
import { CONTESTANTS, clear, isInPath } from './contestants.mjs';
import { ROWS } from './rows.mjs';
import { Records, compile, median } from './tools.mjs';

const USUAL = {
  units: 1000,
  restarts: 15,
  requests: 1000,
  longMs: 11_000,
  seconds: 5,
  storm: 100_000,
  outputMib: 256,
};
const MOST_MS = 180_000;
const SMALLEST = { units: 5, restarts: 2, requests: 10, longMs: 100, seconds: 0.2, storm: 50, outputMib: 2 };

const HELP = `npm run bench [-- ROW... OPTIONS]

Measures Archon beside a bare supervisor in C, and those of others that are installed.

  --only NAME,...  of ${CONTESTANTS.map(({ name }) => name).join(', ')}
  --repeat N       so often; the medians are shown (3)
  --units N        services at a time (${USUAL.units})
  --storm N        restarts of the row endurance (${USUAL.storm})
  --smallest       everything as small as can be: shows that the bench works, not how fast it is
  --json           all samples, for programs

Rows: ${ROWS.map(({ name }) => name).join(' ')}
`;

const { values, positionals } = parse();

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        json: { type: 'boolean', default: false },
        smallest: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        units: { type: 'string' },
        repeat: { type: 'string' },
        storm: { type: 'string' },
      },
    });
  } catch (error) {
    fail(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit();
  }
}

/** @param {string} text */
const say = (text) => void process.stderr.write(`${text}\n`);

/**
 * Who needs longer than this has lost: the others are waiting.
 *
 * @template T
 * @param {Promise<T>} work
 * @param {string} what
 * @param {number} [mostMs]
 * @returns {Promise<T>}
 */
async function inTime(work, what, mostMs = MOST_MS) {
  const over = new AbortController();
  const limit = setTimeout(mostMs, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Error(`${what} took more than ${mostMs / 60_000} minutes`);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    limit.catch(() => undefined);
    over.abort();
  }
}

/**
 * One row once, by one supervisor in a folder of its own.
 *
 * @param {import('./contestants.mjs').Contestant} contestant
 * @param {import('./rows.mjs').Row} row
 * @param {import('./rows.mjs').Size} size
 */
async function measure(contestant, row, size) {
  const folder = await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-bench-'));
  const records = new Records(path.join(folder, 'records'));
  const running = await contestant.start(folder, row.lifeMs, row.units?.(size));
  const own = running.own();
  try {
    return await inTime(row.measure({ running, records, size }), row.name, row.mostMs);
  } finally {
    await inTime(running.end(), 'the end').catch((/** @type {unknown} */ error) => {
      say(`${contestant.name}: ${error instanceof Error ? error.message : String(error)}; it is killed`);
      for (const pid of own) process.kill(pid, 'SIGKILL');
    });
    for (const pid of [...records.living().values()].flat()) {
      say(`${contestant.name} leaves process ${pid} behind`);
      process.kill(pid, 'SIGKILL');
    }
    await clear(folder);
  }
}

async function main() {
  const unknown = positionals.filter((name) => !ROWS.some((row) => row.name === name));
  if (unknown.length > 0)
    throw new Error(`there is no row ${unknown.join(', ')}; rows: ${ROWS.map(({ name }) => name).join(' ')}`);
  await setUp();
  await compile();
  const rows = ROWS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const only = values.only === '' ? undefined : values.only.split(',');
  const asked = CONTESTANTS.filter(({ name }) => only?.includes(name) !== false);
  const missing = asked.filter(({ needs }) => !needs.every(isInPath));
  for (const { name, install } of missing) say(`${name} is missing: ${install}`);
  const here = asked.filter((one) => !missing.includes(one));
  const usual = values.smallest ? SMALLEST : USUAL;
  const size = {
    ...usual,
    units: Number(values.units ?? usual.units),
    storm: Number(values.storm ?? usual.storm),
  };
  const repeat = Number(values.repeat ?? (values.smallest ? 1 : 3));

  /** @type {Record<string, Record<string, number[]>>} figure, contestant, samples */
  const samples = {};
  const loadBefore = os.loadavg()[0];
  for (const row of rows) {
    for (let round = 0; round < repeat; round += 1) {
      for (const contestant of here) {
        const { name } = contestant;
        if (
          (row.speaks && !['floor', 'archon'].includes(name)) ||
          (row.captures === true && name === 'floor') ||
          (row.onlyArchon === true && name !== 'archon')
        )
          continue;
        say(`${row.name}, round ${round + 1} of ${repeat}: ${name}`);
        const got = await measure(contestant, row, size).catch((/** @type {unknown} */ error) => {
          say(`${row.name}: ${name}: ${error instanceof Error ? error.message : String(error)}`);
          if (['floor', 'archon'].includes(name)) process.exitCode = 1;
          return {};
        });
        for (const [figure, value] of Object.entries(got)) {
          ((samples[figure] ??= {})[name] ??= []).push(value);
          say(`  ${figure}: ${value.toPrecision(4)}`);
        }
      }
    }
  }
  report(rows, here, samples, { size, repeat, loadBefore });
}

/**
 * @param {readonly import('./rows.mjs').Row[]} rows
 * @param {readonly import('./contestants.mjs').Contestant[]} here
 * @param {Record<string, Record<string, number[]>>} samples
 * @param {object} conditions
 */
function report(rows, here, samples, conditions) {
  const machine = {
    processors: os.availableParallelism(),
    kernel: os.release(),
    node: process.version,
    load: os.loadavg().map((load) => Number(load.toFixed(1))),
    ...conditions,
  };
  const figures = rows.flatMap(({ figures }) => Object.entries(figures));
  const table = figures.map(([figure, unit]) => ({
    figure,
    unit,
    medians: Object.fromEntries(
      Object.entries(samples[figure] ?? {}).map(([name, list]) => [name, median(list)]),
    ),
  }));
  if (values.json) {
    console.log(JSON.stringify({ machine, table, samples }));
    return;
  }
  console.log(`${JSON.stringify(machine)}\n`);
  const names = here.map(({ name }) => name);
  console.log(['figure'.padEnd(40), ...names.map((name) => name.padStart(16))].join(''));
  for (const { figure, unit, medians } of table) {
    const base = medians['floor'] ?? medians['a bare node'];
    const cells = names.map((name) => {
      const value = medians[name];
      if (value === undefined) return '-'.padStart(16);
      const ratio = base === undefined || name === 'floor' ? '' : ` (${(value / base).toFixed(2)})`;
      return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)}${ratio}`.padStart(16);
    });
    console.log(`${`${figure}, ${unit}`.padEnd(40)}${cells.join('')}`);
  }
}

try {
  if (values.help) console.log(HELP.trimEnd());
  else await main();
} catch (error) {
  fail(error);
}
