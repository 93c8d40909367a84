/** What is known of an error code beside the code itself. */
export interface ErrorInfo {
  /** What the code says where nothing more exact is known: a sentence for people, without a full stop. */
  readonly meaning: string;
  /**
   * With what archonctl ends on it: 4 for a unit that does not exist, else 1. Verbs that pass on the
   * end of a command or ask for a state have codes of their own and do not look here.
   */
  readonly exitCode: 1 | 4;
  /** The CUSTOM_ID of its heading in docs/errors.org. */
  readonly anchor: string;
}

/**
 * The error codes, in the order of the protocol page. This is the only list of them: the type, the
 * reply encoder, archonctl's exit code and docs/errors.org follow it (a test compares the last).
 */
export const ERRORS = {
  syntax: { meaning: 'the line is not a record', exitCode: 1, anchor: 'syntax' },
  limit: { meaning: 'a limit was passed', exitCode: 1, anchor: 'limit' },
  'unknown-verb': { meaning: 'there is no such request', exitCode: 1, anchor: 'unknown-verb' },
  'bad-argument': { meaning: 'an argument or option cannot be used', exitCode: 1, anchor: 'bad-argument' },
  'not-found': { meaning: 'there is nothing of that name', exitCode: 4, anchor: 'not-found' },
  busy: { meaning: 'the label is up', exitCode: 1, anchor: 'busy' },
  denied: { meaning: 'the caller may not do that', exitCode: 1, anchor: 'denied' },
  'exec-failed': { meaning: 'the command could not be executed', exitCode: 1, anchor: 'exec-failed' },
  'timed-out': { meaning: 'it did not happen in time', exitCode: 1, anchor: 'timed-out' },
  failed: { meaning: 'it was tried and did not succeed', exitCode: 1, anchor: 'failed' },
  unsupported: { meaning: 'that cannot be done here', exitCode: 1, anchor: 'unsupported' },
  'shutting-down': { meaning: 'nothing is started during a shutdown', exitCode: 1, anchor: 'shutting-down' },
  conflict: { meaning: 'it contradicts something that exists', exitCode: 1, anchor: 'conflict' },
  cancelled: { meaning: 'the request was cancelled', exitCode: 1, anchor: 'cancelled' },
  unknown: { meaning: 'nobody could know it', exitCode: 1, anchor: 'unknown' },
  internal: { meaning: 'the supervisor made a mistake', exitCode: 1, anchor: 'internal' },
} as const satisfies Readonly<Record<string, ErrorInfo>>;

/** The word for programs in `Error,<reason>,<code>`. */
export type ErrorCode = keyof typeof ERRORS;

/** Whether `word` is one of the codes of `ERRORS`. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(ERRORS, word);
}
