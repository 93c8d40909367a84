/*
 * A storm of restarts leaves keeper and archond no larger than it found them. In its full size, by hand:
 *
 *   ARCHON_SOAK=full npx vitest run --configLoader runner test/archond/endurance.test.ts
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { untilFile } from '../support/files.ts';
import { ROOT, TestSupervisor } from '../support/supervisor.ts';
import { MIB, residentBytes, Usage } from '../support/usage.ts';

/** How many restarts come before anything is compared, and then between two looks; what archond may have grown by, in MiB. */
const SIZES = {
  full: { warmUp: 25_000, storm: 100_000, heapMib: 1, residentMib: 6 },
  short: { warmUp: 2000, storm: 2000, heapMib: 2, residentMib: 6 },
} as const;
const size = SIZES[process.env['ARCHON_SOAK'] === 'full' ? 'full' : 'short'];
const UNITS = 20;
/** What the keeper may have touched for the first time: its stack, and pages of the table. */
const KEEPER_MIB = 0.25;
const TIMEOUT_MS = 3_600_000;

/** What is in use, and what stays when nothing happens. */
interface Look {
  /** What archond can still reach of its heap and of what hangs on it. */
  readonly heapMib: number;
  readonly residentMib: number;
  readonly keeperMib: number;
  readonly held: readonly [archond: number, keeper: number];
}

const config = `version: 1
defaults: {enabled: false, restart: {policy: always, delay: 0ms}}
units:
${Array.from({ length: UNITS }, (_, at) => `  u${at}: {command: 'true'}\n`).join('')}`;

let folder: string;
let supervisor: TestSupervisor;
let usage: Usage;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'archon-heap-'));
  const preload = path.join(ROOT, 'test/support/heap.cjs');
  const env = { NODE_OPTIONS: `--require=${preload}`, TEST_HEAP: folder };
  supervisor = await TestSupervisor.start({ config, env });
  usage = new Usage(await supervisor.decidingPid(), supervisor.pid);
});

afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Lets all units end and be started again until that has happened so often, and stops them. */
async function storm(count: number): Promise<number> {
  await supervisor.ask('Start,u*,@wait=0');
  let restarts = 0;
  while (restarts < count) {
    const lines = (await supervisor.ask('List')).filter((line) => line.startsWith('Unit,'));
    restarts = lines.reduce((sum, line) => sum + Number(line.split(',')[5]), 0);
  }
  expect((await supervisor.ask('Stop,u*')).at(-1)).toBe(`Ok,${UNITS}`);
  return restarts;
}

/** At rest, without garbage. */
async function look(): Promise<Look> {
  const answer = path.join(folder, 'answer');
  await rm(answer, { force: true });
  await writeFile(path.join(folder, 'ask'), '');
  const { heapUsed, external, rss } = JSON.parse(await untilFile(answer, () => true)) as Record<
    'heapUsed' | 'external' | 'rss',
    number
  >;
  return {
    heapMib: (heapUsed + external) / MIB,
    residentMib: rss / MIB,
    keeperMib: residentBytes(supervisor.pid) / MIB,
    held: await usage.heldAtRest(async () => supervisor.ask('Version')),
  };
}

function said({ heapMib, residentMib, keeperMib }: Look): string {
  return `live heap ${heapMib.toFixed(2)}, resident ${residentMib.toFixed(1)}, keeper ${keeperMib.toFixed(2)} MiB`;
}

/*
 * Not before it is warm: the first thousands of restarts are when the engine compiles what is run often, and when the
 * pages of tables and rings are touched for the first time.
 */
it(`keeper and archond are no larger after ${size.storm} restarts`, { timeout: TIMEOUT_MS }, async () => {
  const first = await look();
  await storm(size.warmUp);
  const before = await look();
  const restarts = await storm(size.storm);
  const after = await look();
  console.log(
    `endurance: at first ${said(first)}\nwarm ${said(before)}\nafter ${restarts} restarts ${said(after)}`,
  );
  expect(restarts).toBeGreaterThanOrEqual(size.storm);
  expect(after.held).toEqual(before.held);
  expect(after.heapMib - before.heapMib).toBeLessThan(size.heapMib);
  expect(after.residentMib - before.residentMib).toBeLessThan(size.residentMib);
  expect(after.keeperMib - before.keeperMib).toBeLessThan(KEEPER_MIB);
});
