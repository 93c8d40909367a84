import { expect } from 'vitest';
import type { Host } from '../configured/host.ts';
import type { Units } from '../stage/stage.ts';

/** Writes a configuration of these units, and whatever else is to stand in the file, in place of that of a host. */
export function configure(host: Host, units: Units, heads: Readonly<Record<string, unknown>> = {}): void {
  host.write('archon.yaml', JSON.stringify({ version: 1, ...heads, units }));
}

/** Reloads these units, and returns what became of each that changed, as `db changed restarted: command`. */
export async function reload(
  host: Host,
  units: Units,
  options: { readonly heads?: Readonly<Record<string, unknown>>; readonly request?: string } = {},
): Promise<readonly string[]> {
  configure(host, units, options.heads);
  return changes(await host.ask(options.request ?? 'Reload'));
}

/** The changes that an answer tells of. */
export function changes(lines: readonly string[]): readonly string[] {
  expect(lines.at(-1)).toBe(`Ok,${lines.length - 1}`);
  return lines.flatMap((line) => {
    const [, label, kind, meaning] = /^Change,([^,]*),(\w+),"?([^"]*)"?$/.exec(line) ?? [];
    return kind === undefined || (kind === 'unchanged' && meaning === '')
      ? []
      : [`${label ?? ''} ${kind} ${meaning ?? ''}`];
  });
}

/** The process of each unit that has one. */
export async function pids(host: Host): Promise<ReadonlyMap<string, string>> {
  const lines = await host.ask('List');
  const units = lines.filter((line) => line.startsWith('Unit,')).map((line) => line.split(','));
  return new Map(units.flatMap(([, label = '', , pid = '']) => (pid === '' ? [] : [[label, pid] as const])));
}

/** The details of the latest event of a kind for a label (the supervisor's own: empty). */
export async function latest(host: Host, label: string, kind: string): Promise<string> {
  const lines = await host.ask(`Events,@kind=${kind}`);
  const own = lines.filter((line) => line.split(',')[3] === label);
  return own.at(-1) ?? '';
}
