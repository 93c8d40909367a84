import { decodeRecord } from '../../src/protocol/record.ts';

/** An event as a client is told it, its details by name. */
export interface Told {
  readonly sequence: number;
  readonly label: string;
  readonly kind: string;
  readonly details: ReadonlyMap<string, string>;
}

/** The event in a line, or undefined where it is another record. */
export function toldIn(line: string): Told | undefined {
  const record = decodeRecord(Buffer.from(line, 'latin1'));
  const fields: readonly string[] = record.ok ? record.value : [];
  const [name, sequence = '', , label = '', kind = '', ...details] =
    fields[0]?.startsWith('#') === true ? fields.slice(1) : fields;
  if (name !== 'Event') return undefined;
  const pairs = details.map((one) => one.split(/=(.*)/s) as [string, string]);
  return { sequence: Number(sequence), label, kind, details: new Map(pairs) };
}

/** All events among lines. */
export function toldAmong(lines: readonly string[]): Told[] {
  return lines.flatMap((line) => toldIn(line) ?? []);
}

/** Lines of logs with `TIME` where their time stands, which must be there; other lines as they are. */
export function untimed(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^(#[^,]+,)?Line,\d+(?:\.\d+)?,/, '$1Line,TIME,'));
}

/** The number in a line, quickly: for lines that are events, tagged or not. */
export function sequenceIn(line: string): number {
  return Number(/^(?:#[^,]+,)?Event,(\d+),/.exec(line)?.[1] ?? NaN);
}
