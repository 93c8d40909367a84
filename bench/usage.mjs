import { SERVICE, cpuNs, gauge, median, pause, pssKiB } from './tools.mjs';

/** What units use is read every ten seconds at most: it is watched for so many times as long as idling is elsewhere. */
const TIMES = 12;

/** What it takes to know what all units use, while nobody asks and when somebody does. @type {import('./rows.mjs').Row} */
export const USAGE = {
  name: 'usage',
  figures: {
    'processor while idle, what units use being read': 'ms/s',
    'memory of its own, with histories': 'MiB',
    'usage of all': 'ms',
  },
  speaks: true,
  onlyArchon: true,
  measure: async ({ running, records, size }) => {
    const { socket = '' } = running;
    const ids = Array.from({ length: size.units }, (_, id) => id);
    await running.prepare(ids, (id) => [SERVICE, records.file, String(id)])();
    await records.until(ids.length);
    await pause(1000);
    const before = cpuNs(running.own());
    const beganNs = process.hrtime.bigint();
    await pause(size.seconds * TIMES * 1000);
    const spentNs = cpuNs(running.own()) - before;
    const seconds = Number(process.hrtime.bigint() - beganNs) / 1e9;
    const memory = pssKiB(running.own()) / 1024;
    const all = await gauge('ask', socket, 'Usage', 1, 1);
    if (all.last !== `Ok,${size.units}`) throw new Error(`Usage was answered by ${all.last}`);
    await running.stopAll();
    return {
      'processor while idle, what units use being read': spentNs / 1e6 / seconds,
      'memory of its own, with histories': memory,
      'usage of all': median(all.ns) / 1e6,
    };
  },
};
