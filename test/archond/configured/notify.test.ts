import { describe, expect, it } from 'vitest';
import { environmentOf } from '../../support/processes.ts';
import { gate, Host } from './host.ts';

/** Sends a notification to the socket that is named in the environment, and stays: whoever has gone is nobody's. */
const SEND = [
  'import os, socket, sys, time',
  's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
  's.sendto(sys.argv[1].encode(), os.environ["NOTIFY_SOCKET"])',
  'print("sent", flush=True)',
  'time.sleep(86400)',
].join('; ');

describe('a notification by a real process (needs python3)', () => {
  it('counts from the tree of the unit only', async () => {
    await using host = await Host.start((folder) => ({
      shy: {
        /* Its helper says it, not its main process. */
        command: ['sh', '-c', `${gate(folder, 'shy')}; python3 -c '${SEND}' "$line"`],
        ready: { notify: true, timeout: '10m' },
      },
    }));
    await host.until('starting', 'shy');
    const address = environmentOf(await host.pidOf('shy')).get('NOTIFY_SOCKET') ?? '';
    const forged = `"python3 -c '${SEND.replaceAll('"', '""')}' STATUS=forged\\x0aREADY=1"`;
    const forger = `StartDaemon,${forged},NOTIFY_SOCKET=${address},@label=forger`;
    expect(await host.ask(forger)).toEqual([expect.stringMatching(/^Ok,forger,/)]);
    await expect.poll(async () => (await host.ask('Log,forger')).join()).toContain(',sent');
    using ear = await host.listen();
    await host.open('shy', 'STATUS=own\n');
    await expect.poll(async () => host.fact('shy', 'status')).toBe('own');
    expect(ear.told).toEqual([]);
    expect(await host.states()).toMatch(/shy:starting/);
  });
});
