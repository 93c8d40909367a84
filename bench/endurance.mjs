import { readFileSync, statSync } from 'node:fs';
import { STORM_UNITS } from './contestants.mjs';
import { RECORD_BYTES, openFiles, pause, rssKiB } from './tools.mjs';

/** A sample of the memory is taken so often. */
const SAMPLE_MS = 250;
const QUARTERS = 4;
/** So long nothing happens before what is at rest is measured. */
const REST_MS = 2000;
const PARTS = /** @type {const} */ (['keeper', 'archond']);
const TIMES = /** @type {const} */ ([
  'at rest before',
  'in the first quarter',
  'in the second quarter',
  'in the third quarter',
  'in the last quarter',
  'at rest after',
]);
const RESTS = /** @type {const} */ (['at rest before', 'at rest after']);

/**
 * @param {string} part
 * @param {string} time
 */
const memoryName = (part, time) => `${part} ${time}`;
/**
 * @param {string} part
 * @param {string} time
 */
const filesName = (part, time) => `descriptors, ${part} ${time}`;

/**
 * Services that die at once are started again so often: what the keeper and archond have of memory while that goes on, and
 * before and after it. A process that grows does so from quarter to quarter, also in the later ones; that a heap breathes is
 * not growth: the lowest sample of a quarter counts.
 *
 * @type {import('./rows.mjs').Row}
 */
export const ENDURANCE = {
  name: 'endurance',
  figures: Object.fromEntries([
    ...PARTS.flatMap((part) => TIMES.map((time) => [memoryName(part, time), 'MiB'])),
    ...PARTS.flatMap((part) => RESTS.map((time) => [filesName(part, time), 'open'])),
    ['restarts counted', 'in all'],
  ]),
  lifeMs: 20,
  speaks: true,
  onlyArchon: true,
  mostMs: 900_000,
  measure: async (bench) => {
    const { running, records, size } = bench;
    const ids = Array.from({ length: Math.min(STORM_UNITS, size.units) }, (_, id) => id);
    const start = running.prepare(ids, () => []);
    const supervisor = partsOf(running.own());
    await pause(REST_MS);
    const before = supervisor.map(mib);
    const filesBefore = supervisor.map(openFiles);
    await start();
    /** @type {number[][][]} by quarter and part */
    const samples = Array.from({ length: QUARTERS }, () => PARTS.map(() => []));
    for (let done = 0; done < size.storm; done = statSync(records.file).size / RECORD_BYTES - ids.length) {
      const quarter = samples[Math.max(0, Math.floor((done * QUARTERS) / size.storm))];
      supervisor.forEach((pid, part) => quarter?.[part]?.push(mib(pid)));
      await pause(SAMPLE_MS);
    }
    supervisor.forEach((pid, part) => samples[QUARTERS - 1]?.[part]?.push(mib(pid)));
    await running.stopAll();
    const restarts = records.read().length - ids.length;
    await pause(REST_MS);
    const figures = PARTS.flatMap((name, part) => {
      const after = mib(supervisor[part] ?? 0);
      /* In the smallest size a quarter may be over between two samples. */
      const quarters = samples.map(({ [part]: taken = [] }) =>
        taken.length > 0 ? Math.min(...taken) : after,
      );
      const values = [before[part], ...quarters, after];
      return TIMES.map((time, at) => [memoryName(name, time), values[at]]);
    });
    const files = PARTS.flatMap((name, part) => [
      [filesName(name, RESTS[0]), filesBefore[part]],
      [filesName(name, RESTS[1]), openFiles(supervisor[part] ?? 0)],
    ]);
    return Object.fromEntries([...figures, ...files, ['restarts counted', restarts]]);
  },
};

/** The keeper is the first of its tree. @param {readonly number[]} own */
function partsOf(own) {
  const [keeper = 0] = own;
  const deciding = own.find(
    (pid) => pid !== keeper && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('archond/decide.cjs'),
  );
  return [keeper, deciding ?? 0];
}

/** @param {number} pid */
const mib = (pid) => rssKiB(pid) / 1024;
