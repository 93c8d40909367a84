import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../scripts/process.mjs';
import { STORM_UNITS } from './contestants.mjs';
import { ENDURANCE } from './endurance.mjs';
import { RELOAD } from './reload.mjs';
import { giveThousand, throughRules, waitBesideBadRules } from './rules.mjs';
import { tellTo } from './subscribers.mjs';
import { SERVICE, WRITER, cpuNs, gauge, isAlive, median, pause, pssKiB, until } from './tools.mjs';
import { USAGE } from './usage.mjs';

/**
 * What a row is given: one supervisor at work in a folder of its own.
 *
 * @typedef {object} Bench
 * @property {import('./contestants.mjs').Running} running
 * @property {import('./tools.mjs').Records} records
 * @property {Size} size
 */

/**
 * @typedef {object} Size
 * @property {number} units how many are started at once
 * @property {number} restarts samples of a restart
 * @property {number} requests
 * @property {number} longMs what counts as having been up for long
 * @property {number} seconds of the storm and of idling
 * @property {number} storm restarts of the endurance
 * @property {number} outputMib what a service writes as fast as it can
 */

/**
 * One row, or several that are measured together: by name, the figure that one run gives.
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {Readonly<Record<string, string>>} figures their names and units
 * @property {(size: Size) => string} [units] a configuration of what is started in it
 * @property {number} [lifeMs] how long its services live, where they die by themselves
 * @property {boolean} speaks only those that speak the protocol
 * @property {boolean} [onlyArchon]
 * @property {boolean} [captures] only those that keep what their services write
 * @property {number} [mostMs] who needs longer for it has lost
 * @property {(bench: Bench) => Promise<Record<string, number>>} measure
 */

/** @param {number} count */
const numbers = (count) => Array.from({ length: count }, (_, index) => index);

/** @param {Bench} bench @param {number} [lifeMs] */
const wordsOf = (bench, lifeMs) => (/** @type {number} */ id) => [
  SERVICE,
  bench.records.file,
  String(id),
  ...(lifeMs === undefined ? [] : [String(lifeMs)]),
];

/** Each has one living process and no other. @param {Bench} bench @param {number} count */
function mustBeOneEach({ records }, count) {
  const living = records.living();
  const odd = numbers(count).filter((id) => living.get(id)?.length !== 1);
  if (odd.length > 0)
    throw new Error(`${odd.length} of ${count} do not have exactly one process, such as s${odd[0]}`);
}

/** @param {number} ns */
const toMs = (ns) => ns / 1e6;

/**
 * Kills each, one after the other, at the age asked for.
 *
 * @param {Bench} bench
 * @param {number} ageMs
 */
async function restarts(bench, ageMs) {
  const ids = numbers(bench.size.restarts);
  const start = bench.running.prepare(ids, wordsOf(bench));
  await start();
  const first = await bench.records.until(ids.length);
  await pause(ageMs);
  const samples = [];
  for (const { id, pid } of first.slice(0, ids.length)) {
    const atNs = process.hrtime.bigint();
    process.kill(pid, 'SIGKILL');
    const again = () => bench.records.read().find((one) => one.id === id && one.pid !== pid);
    await until(() => again() !== undefined, `the next life of s${id}`);
    samples.push(toMs(Number((again()?.atNs ?? 0n) - atNs)));
  }
  mustBeOneEach(bench, ids.length);
  await bench.running.stopAll();
  return median(samples);
}

/** @param {number} units */
const chainLength = (units) => Math.ceil(units / 10);

/**
 * Oneshots: a chain c0, c1 …, each of which needs the one before, and a random graph g0, g1 …, the same each
 * time, in which each needs up to three of those before.
 *
 * @param {number} chain
 * @param {number} graph
 */
function graphOf(chain, graph) {
  let seed = 1;
  const below = (/** @type {number} */ bound) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % bound;
  };
  const unit = (/** @type {string} */ label, /** @type {readonly string[]} */ needs) =>
    `  ${label}: {command: "true", needs: [${[...new Set(needs)].join(', ')}]}\n`;
  const lines = [
    ...numbers(chain).map((at) => unit(`c${at}`, at === 0 ? [] : [`c${at - 1}`])),
    ...numbers(graph).map((at) =>
      unit(`g${at}`, at === 0 ? [] : numbers(below(4)).map(() => `g${below(at)}`)),
    ),
  ];
  return `version: 1\ndefaults: {type: oneshot, enabled: false}\nunits:\n${lines.join('')}`;
}

/**
 * A service that writes, in writes of so many bytes, and how fast it could.
 *
 * @param {string} name
 * @param {string} figure
 * @param {number} writeBytes
 * @returns {Row}
 */
function outputRow(name, figure, writeBytes) {
  return {
    name,
    figures: { [figure]: 'MB/s' },
    speaks: false,
    captures: true,
    measure: async ({ running, records, size }) => {
      const bytes = size.outputMib << 20;
      const done = `${records.file}.written`;
      await running.prepare([0], () => [WRITER, done, String(bytes), String(writeBytes)], true)();
      // Milliseconds.
      const taken = () => (existsSync(done) ? Number(readFileSync(done, 'latin1')) : 0);
      await until(() => taken() > 0, 'the end of the output');
      await running.stopAll();
      return { [figure]: bytes / taken() / 1000 };
    },
  };
}

/** @type {readonly Row[]} */
export const ROWS = [
  {
    name: 'restart',
    figures: { 'restart, up for long': 'ms' },
    speaks: false,
    measure: async (bench) => ({ 'restart, up for long': await restarts(bench, bench.size.longMs) }),
  },
  {
    name: 'restart-young',
    figures: { 'restart, up for 50 ms': 'ms' },
    speaks: false,
    measure: async (bench) => ({ 'restart, up for 50 ms': await restarts(bench, 50) }),
  },
  {
    name: 'run',
    figures: { 'Run,true': 'ms' },
    speaks: true,
    measure: async ({ running: { socket = '' }, size }) => {
      const { ns, last } = await gauge('ask', socket, 'Run,true', size.requests, 1);
      if (last !== 'ExitStatus,0') throw new Error(`Run,true was answered by ${last}`);
      return { 'Run,true': toMs(median(ns)) };
    },
  },
  {
    name: 'requests',
    figures: { 'Version, one at a time': '/s', 'Version, pipelined': '/s' },
    speaks: true,
    measure: async ({ running: { socket = '' }, size }) => {
      const one = await gauge('ask', socket, 'Version', size.requests * 10, 1);
      const count = size.requests * 200;
      const many = await gauge('ask', socket, 'Version', count, 512);
      return {
        'Version, one at a time': 1e9 / median(one.ns),
        'Version, pipelined': (count * 1e9) / (many.ns[0] ?? NaN),
      };
    },
  },
  {
    name: 'many',
    figures: {
      'start of all': 'ms',
      'memory of its own': 'MiB',
      'processor while idle': 'ms/s',
      'stop of all': 'ms',
    },
    speaks: false,
    measure: async (bench) => {
      const { running, records, size } = bench;
      const ids = numbers(size.units);
      const start = running.prepare(ids, wordsOf(bench));
      const beganNs = process.hrtime.bigint();
      await start();
      const lives = await records.until(ids.length);
      const lastNs = lives.reduce((last, { atNs }) => (atNs > last ? atNs : last), 0n);
      await pause(1000);
      mustBeOneEach(bench, ids.length);
      const memory = pssKiB(running.own()) / 1024;
      const before = cpuNs(running.own());
      await pause(size.seconds * 1000);
      const idle = toMs(cpuNs(running.own()) - before) / size.seconds;
      const stopNs = process.hrtime.bigint();
      await running.stopAll();
      await until(() => lives.every(({ pid }) => !isAlive(pid)), 'the end of all');
      const stopped = toMs(Number(process.hrtime.bigint() - stopNs));
      return {
        'start of all': toMs(Number(lastNs - beganNs)),
        'memory of its own': memory,
        'processor while idle': idle,
        'stop of all': stopped,
      };
    },
  },
  {
    name: 'status',
    figures: { 'status of one': 'ms', 'list of all': 'ms' },
    speaks: true,
    measure: async (bench) => {
      const { running, records, size } = bench;
      const ids = numbers(size.units);
      await running.prepare(ids, wordsOf(bench))();
      await records.until(ids.length);
      const one = await gauge('ask', running.socket ?? '', 'Status,s0', size.requests, 1);
      const all = await gauge('ask', running.socket ?? '', 'List', Math.ceil(size.requests / 10), 1);
      if (all.last !== `Ok,${ids.length}`) throw new Error(`List was answered by ${all.last}`);
      await running.stopAll();
      return { 'status of one': toMs(median(one.ns)), 'list of all': toMs(median(all.ns)) };
    },
  },
  {
    name: 'storm',
    figures: { 'storm of 200': '/s' },
    lifeMs: 50,
    speaks: false,
    measure: async (bench) => {
      const { running, records, size } = bench;
      const ids = numbers(Math.min(STORM_UNITS, size.units));
      await running.prepare(ids, wordsOf(bench, 50))();
      const before = (await records.until(ids.length)).length;
      await pause(size.seconds * 1000);
      const lives = records.read().length - before;
      const doubled = [...records.living().values()].filter((pids) => pids.length > 1);
      if (doubled.length > 0) throw new Error(`${doubled.length} run twice`);
      await running.stopAll();
      return { 'storm of 200': lives / size.seconds };
    },
  },
  ENDURANCE,
  {
    name: 'growth',
    figures: { 'growth for each further daemon': 'KiB' },
    speaks: true,
    measure: async (bench) => {
      const { running, records, size } = bench;
      const ids = numbers(size.units * 5);
      const [first, further] = [ids.slice(0, size.units), ids.slice(size.units)];
      await running.prepare(first, wordsOf(bench))();
      await records.until(first.length);
      await pause(1000);
      const before = pssKiB(running.own());
      await running.prepare(further, wordsOf(bench))();
      await records.until(ids.length);
      await pause(1000);
      mustBeOneEach(bench, ids.length);
      const growth = (pssKiB(running.own()) - before) / further.length;
      await running.stopAll();
      return { 'growth for each further daemon': growth };
    },
  },
  {
    name: 'events',
    figures: { 'events told to one': '/s', 'events told to 100': '/s' },
    speaks: true,
    onlyArchon: true,
    measure: async ({ running: { socket = '' }, size }) => ({
      'events told to one': await tellTo(socket, 1, size.requests),
      'events told to 100': await tellTo(socket, 100, size.requests),
    }),
  },
  {
    name: 'rules',
    figures: {
      'through 1,000 rules, none matches': '/s',
      'through 1,000 rules, one matches': '/s',
      'events told to one, beside 1,000 rules': '/s',
      'answer beside bad rules, 99th percentile': 'ms',
    },
    speaks: true,
    onlyArchon: true,
    units: () => 'version: 1\n',
    measure: async ({ running: { socket = '' }, size }) => {
      const { none, one } = await throughRules(size.requests * 100);
      await giveThousand(socket);
      const told = await tellTo(socket, 1, size.requests);
      return {
        'through 1,000 rules, none matches': none,
        'through 1,000 rules, one matches': one,
        'events told to one, beside 1,000 rules': told,
        'answer beside bad rules, 99th percentile': await waitBesideBadRules(socket, size.seconds * 2),
      };
    },
  },
  {
    name: 'graph',
    figures: {
      'chain of oneshots': 'ms',
      'as many bare spawns in a row': 'ms',
      'random graph of oneshots': 'ms',
      'so many bare spawns in a row': 'ms',
    },
    speaks: true,
    onlyArchon: true,
    units: ({ units }) => graphOf(chainLength(units), units),
    measure: async ({ running: { socket = '' }, size: { units } }) => {
      const length = chainLength(units);
      const start = async (/** @type {string} */ which, /** @type {number} */ count) => {
        const { ns, last } = await gauge('ask', socket, `Start,${which}`, 1, 1);
        if (last !== `Ok,${count}`) throw new Error(`Start,${which} was answered by ${last}`);
        return toMs(median(ns));
      };
      const bare = async (/** @type {number} */ count) =>
        toMs((await gauge('wall', count, '/bin/true')).ns.reduce((sum, ns) => sum + ns, 0));
      return {
        'chain of oneshots': await start(`c${length - 1}`, 1),
        'as many bare spawns in a row': await bare(length),
        'random graph of oneshots': await start('g*', units),
        'so many bare spawns in a row': await bare(units),
      };
    },
  },
  {
    name: 'recovery',
    figures: { 'archond killed to its answer for all': 'ms', 'a bare node': 'ms' },
    speaks: true,
    onlyArchon: true,
    measure: async (bench) => {
      const { running, records, size } = bench;
      const ids = numbers(size.units);
      await running.prepare(ids, wordsOf(bench))();
      await records.until(ids.length);
      // Killed within its first second it would be given a pause.
      await pause(1500);
      const deciding = running.own().find((pid) => isDeciding(pid)) ?? 0;
      const { ns, last } = await gauge('back', running.socket ?? '', deciding, 'List');
      if (last !== `Ok,${ids.length}`) throw new Error(`after recovery List was answered by ${last}`);
      mustBeOneEach(bench, ids.length);
      const bare = await gauge('wall', 5, process.execPath, '-e', '0');
      await running.stopAll();
      return {
        'archond killed to its answer for all': toMs(median(ns)),
        'a bare node': toMs(median(bare.ns)),
      };
    },
  },
  RELOAD,
  USAGE,
  outputRow('output-small', 'output, writes of 100 bytes', 100),
  outputRow('output-large', 'output, writes of 1 MiB', 1 << 20),
  {
    name: 'client',
    figures: { 'archonctl list': 'ms', 'a bare node': 'ms' },
    speaks: true,
    onlyArchon: true,
    measure: async ({ running: { socket = '' }, size }) => {
      const [client, bare] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
      const command = [path.join(ROOT, 'bin/archonctl'), '--socket', socket, 'list'];
      for (let times = 0; times < size.restarts * 2; times += 1) {
        client.push(...(await gauge('wall', 1, ...command)).ns);
        bare.push(...(await gauge('wall', 1, process.execPath, '-e', '0')).ns);
      }
      return { 'archonctl list': toMs(median(client)), 'a bare node': toMs(median(bare)) };
    },
  },
];

/** The keeper names it in its own words, too. @param {number} pid */
function isDeciding(pid) {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  return words[0] !== 'archon-keeper' && words.some((word) => word.endsWith('archond/decide.cjs'));
}
