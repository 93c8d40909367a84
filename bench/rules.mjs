import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { ROOT } from '../scripts/process.mjs';
import { pause } from './tools.mjs';

const FILES = 10;
const RULES_PER_FILE = 100;
/** As archond offers them. */
const AT_ONCE = 500;
const LIMIT_MS = 60_000;

/** What a rule may try, one of a kind each. */
const BAD = [
  'while true do pcall(function() while true do end end) end',
  'local s = "xx" while true do s = s .. s end',
  '("a"):rep(64):find(("a*"):rep(32) .. "b")',
  'local function f() return 1 + f() end f()',
  'local t = {} while true do t[#t + 1] = {} end',
  'error(setmetatable({}, {__tostring = function() while true do end end}))',
];

/** Rules that match nothing that happens in the bench. @returns {[name: string, text: string][]} */
function thousand() {
  const rule = (/** @type {number} */ at) =>
    `on { label = "none-${at}", kind = {"running", "exited"}, where = function(e) return e.code == ${at} end, run = function(e) note(e.label) end }\n`;
  return Array.from({ length: FILES }, (_, file) => [
    `${file}.lua`,
    Array.from({ length: RULES_PER_FILE }, (_, at) => rule(file * RULES_PER_FILE + at)).join(''),
  ]);
}

/** One more, that does something with each event of a label. @param {string} label */
const matching = (label) =>
  `local n = 0 on { name = "one", label = "${label}", kind = {"running", "exited"}, where = function(e) return e.pid ~= nil end, run = function(e) n = n + 1 end }\n`;

/** @typedef {{ sequence: number, timeNs: bigint, label: string, kind: string, details: [string, string][] }} Event */

/** @param {number} count @param {(at: number) => string} label @returns {Event[]} */
function eventsOf(count, label) {
  return Array.from({ length: count }, (_, at) => ({
    sequence: at + 1,
    timeNs: 1_700_000_000_000_000_000n + BigInt(at) * 1000n,
    label: label(at),
    kind: 'running',
    details: [
      ['pid', String(at)],
      ['generation', String(at)],
      ['cause', String(at)],
    ],
  }));
}

/**
 * Events a second through 1,000 loaded rules without the rest of archond: what its loop does for each where none matches; and
 * all of it, the worker's part included, where one does.
 *
 * @param {number} count
 * @returns {Promise<{ none: number, one: number }>}
 */
export async function throughRules(count) {
  const { RuleIndex } = /** @type {typeof import('../src/rules/rule-index.ts')} */ (
    await import(path.join(ROOT, 'dist/rules/rule-index.js'))
  );
  const { Offering } = /** @type {typeof import('../src/rules/offering.ts')} */ (
    await import(path.join(ROOT, 'dist/rules/offering.js'))
  );
  const worker = new Worker(path.join(ROOT, 'dist/archond/rules/worker.cjs'), {
    workerData: new Int32Array(new SharedArrayBuffer(4)),
  });
  const index = new RuleIndex();
  const offering = new Offering();
  let fired = 0;
  const done = async () => {
    for (;;) {
      const [message] = await once(worker, 'message');
      const { asks, done: kind } = /** @type {import('../src/rules/messages.ts').FromHost} */ (message);
      for (const ask of asks) {
        if (ask.kind === 'file') index.put(ask.file);
        else if (ask.kind === 'fired') fired += 1;
      }
      if (kind !== undefined) return;
    }
  };
  const files = [...thousand(), ['one.lua', matching('one')]];
  const texts = files.map(([name, text]) => ({ name, text: Buffer.from(text ?? '') }));
  worker.postMessage({ kind: 'load', files: texts, gone: [] });
  await done();

  const rate = (/** @type {bigint} */ beganNs) => (count * 1e9) / Number(process.hrtime.bigint() - beganNs);
  const others = eventsOf(count, (at) => `s${at % 1000}`);
  const noneNs = process.hrtime.bigint();
  for (const event of others) {
    if (index.rulesFor(event.kind, event.label).length > 0) throw new Error(`${event.label} matches a rule`);
    offering.see(event);
  }
  const none = rate(noneNs);

  const matched = eventsOf(count, () => 'one');
  const oneNs = process.hrtime.bigint();
  for (let at = 0; at < count; at += AT_ONCE) {
    const offers = matched.slice(at, at + AT_ONCE).map((event) => {
      const offer = [offering.offer(event, { late: false }), index.rulesFor(event.kind, event.label)];
      offering.see(event);
      return offer;
    });
    worker.postMessage({ kind: 'offer', offers, units: [] });
    await done();
  }
  const one = rate(oneNs);
  await worker.terminate();
  if (fired !== count) throw new Error(`the rule fired ${fired} times for ${count} events`);
  return { none, one };
}

/**
 * Gives a supervisor these rules.
 *
 * @param {string} socket
 * @param {readonly (readonly [name: string, text: string])[]} files
 */
async function giveRules(socket, files) {
  const folder = path.join(path.dirname(socket), 'rules');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(path.join(folder, name), text);
  const lines = await ask(socket, 'ReloadRules');
  if (lines.at(-1)?.startsWith('Ok,') !== true)
    throw new Error(`ReloadRules was answered by ${lines.at(-1)}`);
}

/** @param {string} socket @param {string} line @returns {Promise<string[]>} */
async function ask(socket, line) {
  const client = createConnection(socket);
  let answer = '';
  client.setEncoding('latin1').on('data', (/** @type {string} */ text) => (answer += text));
  client.end(`${line}\n`);
  await once(client, 'close');
  return answer.split('\n').slice(0, -1);
}

/** A thousand rules of which none matches. @param {string} socket */
export async function giveThousand(socket) {
  await giveRules(socket, thousand());
}

/**
 * How long another client waits for an answer while rules do their worst: the 99th percentile, in milliseconds.
 *
 * @param {string} socket
 * @param {number} seconds
 */
export async function waitBesideBadRules(socket, seconds) {
  const files = BAD.flatMap((body, at) =>
    Array.from(
      { length: 5 },
      (_, copy) =>
        /** @type {const} */ ([
          `bad-${at}-${copy}.lua`,
          `on { label = "hit*", kind = "running", run = function(e) ${body} end }\n`,
        ]),
    ),
  );
  await giveRules(socket, files);
  const client = createConnection(socket);
  client.setEncoding('latin1');
  /** @type {number[]} */
  const samples = [];
  const endMs = Date.now() + seconds * 1000;
  for (let at = 0; Date.now() < endMs; at += 1) {
    /* All of them each time, until they are let be. */
    if (at % 50 === 0) void ask(socket, `StartDaemon,true,@label=hit-${at}`);
    const beganNs = process.hrtime.bigint();
    client.write('Version\n');
    await once(client, 'data');
    samples.push(Number(process.hrtime.bigint() - beganNs) / 1e6);
    await pause(1);
  }
  client.destroy();
  await until(async () => {
    const rows = (await ask(socket, 'Rules')).filter((row) => row.startsWith('Rule,bad-'));
    return rows.length === files.length && rows.every((row) => row.includes('.lua:1: '));
  });
  samples.sort((one, other) => one - other);
  return samples[Math.floor(samples.length * 0.99)] ?? NaN;
}

/** Every bad rule is reported, sooner or later. @param {() => Promise<boolean>} isSo */
async function until(isSo) {
  const lateAtMs = Date.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (Date.now() > lateAtMs) throw new Error('not every bad rule was reported');
    await pause(20);
  }
}
