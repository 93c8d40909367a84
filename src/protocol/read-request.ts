import { failure, type Failure } from '../base/failure.ts';
import { nearest } from '../base/nearest.ts';
import { err, ok, type Result } from '../base/result.ts';
import { show } from '../base/show.ts';
import { contradiction } from './contradiction.ts';
import { readParameters } from './parameters.ts';
import { decodeRecord, type Fields } from './record.ts';
import type { Request } from './request.ts';
import { isTag, leadingTag } from './tag.ts';
import { findVerb, VERBS, type Verb } from './verbs.ts';

/** A line that is no request: why, and the tag that the error is to carry. */
export interface Refused {
  readonly tag: string | undefined;
  readonly failure: Failure;
}

/**
 * The request in one line (without its line end) that came with so many descriptors. Total: whatever the
 * bytes are, the answer is a request or the error to reply with.
 */
export function readRequest(line: Uint8Array, descriptors: number): Result<Request, Refused> {
  const record = decodeRecord(line);
  return record.ok
    ? parseRequest(record.value, descriptors)
    : err({ tag: leadingTag(line), failure: record.error });
}

/** The request in a decoded record. */
export function parseRequest(fields: Fields, descriptors: number): Result<Request, Refused> {
  const isTagged = fields[0].startsWith('#');
  if (isTagged && !isTag(fields[0])) {
    const message = `${show(fields[0])} is not a tag: write # and 1 to 64 characters of A-Z a-z 0-9 _ . -`;
    return err({ tag: undefined, failure: failure('syntax', message) });
  }
  const tag = isTagged ? fields[0] : undefined;
  const word = fields[isTagged ? 1 : 0];
  if (word === undefined)
    return err({ tag, failure: failure('syntax', 'there is no request after the tag') });
  const verb = findVerb(word);
  if (verb === undefined) return err({ tag, failure: unknownVerb(word) });
  const descriptorFault = faultOfDescriptors(verb, descriptors);
  if (descriptorFault !== undefined) return err({ tag, failure: descriptorFault });
  const parameters = readParameters(verb, VERBS[verb], fields, isTagged ? 2 : 1);
  if (!parameters.ok) return err({ tag, failure: parameters.error });
  // The one place where the table's types meet its values: `readParameters` has filled exactly what the shape names.
  const request = { tag, verb, ...parameters.value } as Request;
  const fault = contradiction(request, descriptors);
  return fault === undefined ? ok(request) : err({ tag, failure: fault });
}

function unknownVerb(word: string): Failure {
  if (word === '')
    return failure('unknown-verb', 'the record begins with an empty field where the request should stand');
  const meant = nearest(word, Object.keys(VERBS));
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return failure('unknown-verb', `there is no request ${show(word)}${hint}`);
}

function faultOfDescriptors(verb: Verb, count: number): Failure | undefined {
  const [least, most] = VERBS[verb].descriptors;
  if (count >= least && count <= most) return undefined;
  const allowed =
    most === 0
      ? 'no descriptors'
      : least === most
        ? `exactly ${most} descriptor`
        : `at most ${most} descriptors`;
  return failure('bad-argument', `${verb} takes ${allowed}; ${count} came with it`);
}
