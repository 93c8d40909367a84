import type { EventRecord } from '../base/event-record.ts';
import { byteJson, parseJson } from './byte-json.ts';

/** An event before it has its number. */
export type NewEvent = Omit<EventRecord, 'sequence'>;

/** A value that is kept over deaths and boots until it is forgotten. */
export interface Remembered {
  /** What it is about: unit, wish, enabled, lease, deadline, cursor …; those of a later version are kept too. */
  readonly kind: string;
  readonly key: string;
  /** Anything that JSON can say. */
  readonly value: unknown;
}

/** The payload of an event: `<sequence> <nanoseconds> [label,kind,name,value,…]`. */
export function eventPayload(sequence: number, event: NewEvent): string {
  const words = [event.label, event.kind];
  for (const [name, value] of event.details) words.push(name, value);
  return `${sequence} ${String(event.timeNs)} ${byteJson(words)}`;
}

/** The event that a payload tells of, or undefined where it tells of none. */
export function readEventPayload(payload: string): EventRecord | undefined {
  const first = payload.indexOf(' ');
  const second = payload.indexOf(' ', first + 1);
  const sequence = Number(payload.slice(0, first));
  const time = payload.slice(first + 1, second);
  const words = parseJson(payload.slice(second + 1));
  if (!Number.isSafeInteger(sequence) || !/^-?\d{1,20}$/.test(time) || !isWords(words)) return undefined;
  const [label, kind, ...rest] = words;
  if (label === undefined || kind === undefined || rest.length % 2 !== 0) return undefined;
  const details: (readonly [string, string])[] = [];
  for (let at = 0; at < rest.length; at += 2) details.push([rest[at] ?? '', rest[at + 1] ?? '']);
  return { sequence, timeNs: BigInt(time), label, kind, details };
}

function isWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((word) => typeof word === 'string');
}

/**
 * The number whose digits begin at `from` and end at a blank: the sequence of an event, or (to 15 digits) its time, without
 * reading the rest. NaN where there is none.
 */
export function numberAt(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  let at = from;
  for (; at < to; at += 1) {
    const code = bytes[at] ?? 0;
    if (code < 0x30 || code > 0x39) break;
    value = value * 10 + code - 0x30;
  }
  return at > from && bytes[at] === 0x20 ? value : NaN;
}

/** The payload of a remembered value: `<nanoseconds> [kind,key,value]`. */
export function valuePayload(timeNs: bigint, { kind, key, value }: Remembered): string {
  return `${String(timeNs)} ${byteJson([kind, key, value])}`;
}

/** The payload of a value that is forgotten: `<nanoseconds> [kind,key]`. */
export function forgottenPayload(timeNs: bigint, kind: string, key: string): string {
  return `${String(timeNs)} ${byteJson([kind, key])}`;
}

/** What a payload of either form tells of; `value` is undefined in the second. */
export function readValuePayload(payload: string): Remembered | undefined {
  const words = parseJson(payload.slice(payload.indexOf(' ') + 1));
  if (!Array.isArray(words)) return undefined;
  const [kind, key, value] = words as unknown[];
  return typeof kind === 'string' && typeof key === 'string' ? { kind, key, value } : undefined;
}
