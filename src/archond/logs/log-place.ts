import type { House } from '../house.ts';
import type { UnitRecord } from '../unit-record.ts';

/** The log of standard error where that has one of its own, as a label: `web.err`. */
const ERROR_LABEL = /^(.+)\.err$/;

/** Where the log of a label lies; `none`: why its output is not kept; undefined: there is no such unit, and was none that wrote. */
export type LogPlace =
  | { readonly kind: 'file'; readonly path: string; readonly isUnit: boolean }
  | { readonly kind: 'none'; readonly why: string };

/** Where what a label's processes write goes, or went. */
export function logPlace({ supervisor, streams }: House, label: string): LogPlace {
  const record = supervisor.records.get(label);
  if (record !== undefined) {
    const why = whyNone(record);
    if (why !== undefined) return { kind: 'none', why };
    return { kind: 'file', path: streams.target(record, 'out', 0).path, isUnit: true };
  }
  const [, main = ''] = ERROR_LABEL.exec(label) ?? [];
  const other = supervisor.records.get(main);
  const log = other?.configured?.definition.log;
  if (other !== undefined && log?.kind === 'file' && log.stderr === 'separate')
    return { kind: 'file', path: streams.target(other, 'err', 0).path, isUnit: true };
  return { kind: 'file', path: streams.logPath(label), isUnit: false };
}

function whyNone({ label, configured }: UnitRecord): string | undefined {
  if (configured === undefined) return undefined;
  const { log, surroundings } = configured.definition;
  if (surroundings.tty !== undefined) return `${label} writes to ${surroundings.tty}`;
  if (log.kind === 'off') return `what ${label} writes is not kept (log: off)`;
  if (log.kind === 'inherit') return `${label} writes to the supervisor's own output (log: inherit)`;
  return undefined;
}
