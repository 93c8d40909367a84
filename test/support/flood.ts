import { StreamClient } from './stream-client.ts';

/** Nearly the longest label: its events are long too. */
const FOLDER = 'long/'.repeat(48);
/** Less than an event of it has. */
const EVENT_BYTES = FOLDER.length + 80;
const AT_ONCE = 50;

/** Makes events of so many bytes in all (and a few more), without starting anything: watches begin, and are forgotten. */
export async function flood(socket: string, bytes: number): Promise<void> {
  const watches = Array.from(
    { length: AT_ONCE },
    (_, index) => `#${index},MonitorPid,${process.pid},@label=${FOLDER}${index}`,
  );
  using client = await StreamClient.connect(socket);
  for (let made = 0; made < bytes; made += AT_ONCE * EVENT_BYTES) {
    client.send(...watches);
    await client.until((lines) => lines.length === AT_ONCE);
    client.send(`Forget,${FOLDER}*`);
    await client.until((lines) => lines.length === AT_ONCE + 1);
    const refused = client.takeLines().find((line) => !/^(?:#\d+,)?Ok/.test(line));
    if (refused !== undefined) throw new Error(refused);
  }
}
