import { once } from 'node:events';
import { createConnection } from 'node:net';

/** Watches that begin and are forgotten in one go: an event or more each, and no process is started. */
const AT_ONCE = 50;
/** More than an event here has. */
const LINE_BYTES = 256;
const END = Buffer.from(',the-end,running,');

/**
 * So many subscribers, who are all told of so many rounds of watches; the events told a second, counted once for each
 * subscriber.
 *
 * @param {string} socket
 * @param {number} count
 * @param {number} rounds
 */
export async function tellTo(socket, count, rounds) {
  const subscribers = await Promise.all(Array.from({ length: count }, async () => subscribe(socket)));
  const client = createConnection(socket);
  const replies = linesOf(client);
  const watches = Array.from(
    { length: AT_ONCE },
    (_, id) => `#${id},MonitorPid,${process.pid},@label=e${id}\n`,
  );
  const beganNs = process.hrtime.bigint();
  for (let round = 0; round < rounds; round += 1) {
    client.write(watches.join(''));
    await replies(AT_ONCE);
    client.write('Forget,e*\n');
    await replies(1);
  }
  client.write(`MonitorPid,${process.pid},@label=the-end\nForget,the-end\n`);
  await replies(2);
  const told = await Promise.all(subscribers.map(async ({ events }) => events));
  const seconds = Number(process.hrtime.bigint() - beganNs) / 1e9;
  client.end();
  const [most = 0] = told;
  if (most < rounds * AT_ONCE || told.some((events) => events !== most))
    throw new Error(`subscribers were told of different numbers of events: ${[...new Set(told)].join(', ')}`);
  return (most * count) / seconds;
}

/** A subscriber that has joined; how many events it was told up to the last. @param {string} socket */
async function subscribe(socket) {
  const connection = createConnection(socket);
  connection.write('Subscribe\n');
  await once(connection, 'readable');
  const joined = Number(/:(\d+)\n/.exec(String(connection.read()))?.[1]);
  let tail = Buffer.alloc(0);
  const events = new Promise((resolve) => {
    connection.on('data', (/** @type {Buffer} */ bytes) => {
      tail = Buffer.concat([tail, bytes]).subarray(-LINE_BYTES - bytes.length);
      const [, last] = tail.includes(END)
        ? (/Event,(\d+),[\d.]+,the-end,/.exec(tail.toString('latin1')) ?? [])
        : [];
      if (last === undefined) return;
      connection.destroy();
      resolve(Number(last) - joined);
    });
  });
  return { events: /** @type {Promise<number>} */ (events) };
}

/** Waits for so many further lines. @param {import('node:net').Socket} connection */
function linesOf(connection) {
  let lines = 0;
  /** @type {() => unknown} */
  let wake = () => undefined;
  connection.on('data', (/** @type {Buffer} */ bytes) => {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
    wake();
  });
  return async (/** @type {number} */ count) => {
    while (lines < count) await new Promise((resolve) => (wake = () => resolve(undefined)));
    lines -= count;
  };
}
