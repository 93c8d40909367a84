import { failure } from '../base/failure.ts';
import type { Call } from './call.ts';
import type { Log } from './log.ts';

/** What is done where this program throws, which it should not: all of it is logged, and it costs what made it throw. */
export interface Faults {
  /** A request: it is answered `internal`, whatever had been answered before. */
  readonly broke: (error: unknown, call: Call) => void;
  /** A session: its client is told `internal` and hung up on. */
  readonly failed: (error: unknown) => void;
}

/** Faults that are logged there. */
export function faultsTo(log: Log): Faults {
  const say = (what: string, error: unknown): void => {
    log.error(what, { error: error instanceof Error ? error.stack : String(error) });
  };
  return {
    broke: (error, call) => {
      say('a request failed', error);
      call.fail(failure('internal'));
    },
    failed: (error) => {
      say('a session failed', error);
    },
  };
}
