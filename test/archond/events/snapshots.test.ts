import { describe, expect, it } from 'vitest';
import { VirtualHost } from '../stage/virtual-host.ts';

/* How a unit ended last is not known of one that was adopted. */
const NOW = /^Unit,([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),/;

/** What `List` says, without what of it the past does not tell. */
async function units(host: VirtualHost, at?: string): Promise<string[]> {
  const lines = await host.ask(`List${at === undefined ? '' : `,@at=${at}`}`);
  return lines.slice(0, -1).map((line) => (NOW.exec(line) ?? []).slice(1).join(' '));
}

function now(host: VirtualHost): string {
  const ns = host.control.kernel.wallNs();
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

describe('units at a past instant', () => {
  it('are the same after a million bytes of events, over deaths of archond, and are found without reading all of these', async () => {
    await using host = await VirtualHost.start({
      still: { command: 'sleep 86400' },
      web: { command: 'sleep 86400' },
      off: { command: 'sleep 86400', enabled: false },
    });
    await host.ask(
      'Wait,web,@for=running',
      'StartDaemon,sleep 86400,@label=daemon',
      'StartDaemon,sleep 86400,@label=passing',
    );
    const seen: { readonly at: string; readonly units: readonly string[] }[] = [];
    for (let round = 0; round < 12; round += 1) {
      await host.ask(...Array.from({ length: 250 }, () => 'Restart,web'));
      if (round % 5 === 2) await host.killDeciding();
      await host.ask(round % 2 === 0 ? 'Stop,daemon' : 'Start,daemon');
      host.control.advanceMs(1000);
      seen.push({ at: now(host), units: await units(host) });
      host.control.advanceMs(1000);
    }
    /* Nothing but what was written down knows of it any more. */
    await host.ask('Stop,passing', 'Forget,passing');
    const journal = host.control.kernel.files.paths().filter((path) => path.endsWith('.journal'));
    expect(journal.length).toBeGreaterThan(2);
    for (const { at, units: then } of seen) expect(await units(host, at)).toEqual(then);
    /* What lies before the picture is not read: it may be broken. */
    const [oldest = ''] = journal.sort();
    const bytes = Buffer.from(host.control.kernel.files.read(oldest) ?? []);
    expect(bytes.length).toBeGreaterThan(1_000_000);
    bytes.fill(0x20, 10_000);
    host.control.kernel.files.put(oldest, {
      kind: 'file',
      mode: 0o600,
      uid: 0,
      chunks: [bytes],
      changedAtNs: 0n,
    });
    for (const { at, units: then } of seen.slice(-4)) expect(await units(host, at)).toEqual(then);
  }, 120_000);
});
