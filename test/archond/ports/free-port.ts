import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the kernel gives, so that no client of another test has it next; of each process of the tests others. */
let next = 22_000 + (process.pid % 800) * 10;

/** A port of 127.0.0.1 that was free a moment ago, each time another one. */
export async function freePort(): Promise<number> {
  for (;;) {
    next += 1;
    const server = createServer().on('error', () => undefined);
    server.listen(next, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return next;
  }
}
