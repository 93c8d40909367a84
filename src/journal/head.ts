import { byteJson, parseJson } from './byte-json.ts';
import type { Span } from './span.ts';

/** The version of the format. A segment of another is set aside. */
export const FORMAT = 1;

/** The first line of a segment. */
export interface Head {
  /** Names the segment, wherever it lies. */
  readonly token: string;
  readonly journalId: string;
  /** The boot in which it was begun. */
  readonly bootId: string;
  /** The sequence of the first event that it may hold. */
  readonly firstSequence: number;
  /** When it was begun. */
  readonly timeNs: bigint;
  /** There may be values of an earlier time that were not known when it was begun. */
  readonly isPastUnknown: boolean;
  /** The segment before it, undefined where none was known. */
  readonly before: (Span & { readonly token: string }) | undefined;
}

/** The payload of a head. Its time is a text, since JSON's numbers are too small for nanoseconds. */
export function headPayload(head: Head): string {
  const { before } = head;
  return byteJson({
    format: FORMAT,
    segment: head.token,
    journal: head.journalId,
    boot: head.bootId,
    first: head.firstSequence,
    time: String(head.timeNs),
    pastUnknown: head.isPastUnknown ? true : undefined,
    before: before && {
      segment: before.token,
      earliest: before.earliestMs,
      latest: before.latestMs,
    },
  });
}

/** The head that a payload holds; undefined where it is none, or of another format. */
export function readHeadPayload(payload: string): Head | undefined {
  const fields = fieldsOf(parseJson(payload));
  if (fields?.['format'] !== FORMAT) return undefined;
  const { segment, journal, boot, first, time, pastUnknown, before } = fields;
  const timeNs = bigintOf(time);
  if (typeof segment !== 'string' || typeof journal !== 'string' || typeof boot !== 'string')
    return undefined;
  if (!isSequence(first) || timeNs === undefined) return undefined;
  const isPastUnknown = pastUnknown === true;
  return {
    token: segment,
    journalId: journal,
    bootId: boot,
    firstSequence: first,
    timeNs,
    isPastUnknown,
    before: readBefore(fieldsOf(before)),
  };
}

function readBefore(fields: Readonly<Record<string, unknown>> | undefined): Head['before'] {
  if (fields === undefined) return undefined;
  const { segment, earliest, latest } = fields;
  if (typeof segment !== 'string') return undefined;
  return { token: segment, earliestMs: numberOf(earliest), latestMs: numberOf(latest) };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function bigintOf(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
