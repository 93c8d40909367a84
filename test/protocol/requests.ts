import type { Failure } from '../../src/base/failure.ts';
import { readRequest, type Refused } from '../../src/protocol/read-request.ts';
import type { Request, RequestOf } from '../../src/protocol/request.ts';
import type { Verb } from '../../src/protocol/verbs.ts';
import { line } from './lines.ts';

/** The request in a line that must be one. */
export function requestOf(text: string, descriptors = 0): Request {
  const result = readRequest(line(text), descriptors);
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The request in a line that must be one of this verb. */
export function requestWith<V extends Verb>(verb: V, text: string, descriptors = 0): RequestOf<V> {
  const request = requestOf(text, descriptors);
  if (request.verb !== verb) throw new Error(`is ${request.verb}`);
  return request as RequestOf<V>;
}

/** Why a line is no request, and with which tag that is to be said. */
export function refusalOf(text: string, descriptors = 0): Refused {
  const result = readRequest(line(text), descriptors);
  if (result.ok) throw new Error('was not refused');
  return result.error;
}

/** Why a line is no request. */
export function failureOfLine(text: string, descriptors = 0): Failure {
  return refusalOf(text, descriptors).failure;
}
