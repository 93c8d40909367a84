import type { EventRecord } from '../base/event-record.ts';
import type { Failure } from '../base/failure.ts';
import { refuse } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import { show } from '../base/show.ts';
import { formatTime, parseTime } from '../base/time.ts';

/** The fields of an event behind the name of its record. */
export function eventFields(event: EventRecord): string[] {
  const details = event.details.map(([name, value]) => `${name}=${value}`);
  return [String(event.sequence), formatTime(event.timeNs), event.label, event.kind, ...details];
}

/** The inverse, for clients. Fields without `=` are of a later version and are left out. `syntax` where one of the four fixed fields is missing or no number. */
export function readEvent(fields: readonly string[]): Result<EventRecord, Failure> {
  const [sequence = '', instant = '', label, kind, ...rest] = fields;
  const time = parseTime(instant);
  if (!/^\d{1,15}$/.test(sequence) || !time.ok || label === undefined || kind === undefined) {
    return refuse('syntax', `${show(fields.join(','))} is not an event`);
  }
  const details = rest.filter((field) => field.includes('=')).map(splitDetail);
  return ok({ sequence: Number(sequence), timeNs: time.value, label, kind, details });
}

function splitDetail(field: string): readonly [string, string] {
  const equals = field.indexOf('=');
  return [field.slice(0, equals), field.slice(equals + 1)];
}
