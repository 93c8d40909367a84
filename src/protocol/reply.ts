import { isErrorCode } from '../base/errors.ts';
import type { EventRecord } from '../base/event-record.ts';
import type { Failure } from '../base/failure.ts';
import { refuse } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import { show } from '../base/show.ts';
import { eventFields, readEvent } from './event.ts';
import { encodeRecord, type Fields } from './record.ts';
import { isTag } from './tag.ts';

/**
 * One record from the supervisor. `ok`, `error` and `exit-status` close a request, of which each gets
 * exactly one; `data` comes before it, `event` before or (in a stream) after it, `end` ends a stream.
 */
export type Reply =
  | { readonly kind: 'ok'; readonly fields: readonly string[] }
  | { readonly kind: 'error'; readonly failure: Failure }
  /** 0 to 255, or 128 and the number of a signal. */
  | { readonly kind: 'exit-status'; readonly code: number }
  /** A record by its name (`Unit`, `Field`, `Line` …) and what follows. */
  | { readonly kind: 'data'; readonly name: string; readonly fields: readonly string[] }
  | { readonly kind: 'event'; readonly event: EventRecord }
  /** `cancelled`, `too-slow` or `shutting-down`. */
  | { readonly kind: 'end'; readonly reason: string };

/** A reply as it came: with the tag of its request, if that had one. */
export interface TaggedReply {
  readonly tag: string | undefined;
  readonly reply: Reply;
}

/** The line of a reply, with its line feed; ASCII. `tag` is that of the request, with its `#`. */
export function encodeReply(reply: Reply, tag?: string): string {
  const fields = fieldsOf(reply);
  /* The protocol page shows this error with its reason in quotes. */
  const isQuoted = reply.kind === 'error' && reply.failure.code === 'exec-failed';
  const reasonAt = tag === undefined ? 1 : 2;
  return encodeRecord(tag === undefined ? fields : [tag, ...fields], isQuoted ? reasonAt : -1);
}

function fieldsOf(reply: Reply): Fields {
  switch (reply.kind) {
    case 'ok':
      return ['Ok', ...reply.fields];
    case 'error':
      return ['Error', reply.failure.message, reply.failure.code, ...(reply.failure.more ?? [])];
    case 'exit-status':
      return ['ExitStatus', String(reply.code)];
    case 'data':
      return [reply.name, ...reply.fields];
    case 'event':
      return ['Event', ...eventFields(reply.event)];
    case 'end':
      return ['End', reply.reason];
  }
}

/**
 * The reply in a decoded record, for clients. What a later version adds behind the known fields is
 * ignored, an error code that it added is `failed`, and records of unknown names are data. `syntax` where
 * a record is not what its name says: then the peer is no supervisor of this protocol.
 */
export function readReply(record: Fields): Result<TaggedReply, Failure> {
  const tag = isTag(record[0]) ? record[0] : undefined;
  const [name, ...fields]: readonly string[] = tag === undefined ? record : record.slice(1);
  const reply = name === undefined ? undefined : replyOf(name, fields);
  return reply === undefined
    ? refuse('syntax', `the supervisor's answer ${show(record.join(','))} is none of this protocol`)
    : ok({ tag, reply });
}

function replyOf(name: string, fields: readonly string[]): Reply | undefined {
  const [first, second, ...more] = fields;
  switch (name) {
    case 'Ok':
      return { kind: 'ok', fields };
    case 'Error': {
      if (first === undefined || second === undefined) return undefined;
      const code = isErrorCode(second) ? second : 'failed';
      return {
        kind: 'error',
        failure: more.length === 0 ? { code, message: first } : { code, message: first, more },
      };
    }
    case 'ExitStatus': {
      const code = /^\d{1,3}$/.test(first ?? '') ? Number(first) : NaN;
      return code <= 255 ? { kind: 'exit-status', code } : undefined;
    }
    case 'Event': {
      const event = readEvent(fields);
      return event.ok ? { kind: 'event', event: event.value } : undefined;
    }
    case 'End':
      return first === undefined ? undefined : { kind: 'end', reason: first };
    default:
      return { kind: 'data', name, fields };
  }
}

/** Whether a reply is the closing one of its request. */
export function isClosing(reply: Reply): boolean {
  return reply.kind === 'ok' || reply.kind === 'error' || reply.kind === 'exit-status';
}
