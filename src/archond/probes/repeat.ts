import type { Cancel, Sys } from '../../sys/sys.ts';
import type { Asked } from './attempt.ts';

/** One attempt; `done` is called once, unless it is cancelled. */
type Attempt = (done: Asked) => Cancel;

/** How often is asked, and how long one answer may take (undefined: until the next one is due would be too long to wait). */
export interface Rhythm {
  readonly everyMs: number;
  /** One attempt has failed after so long. */
  readonly attemptMs: number;
}

/**
 * Asks again and again: at once, and then `everyMs` after each attempt began, or as soon as it has ended
 * where it took longer. There is never more than one attempt under way. `told` hears of each, and says
 * whether to go on.
 */
export function repeat(
  sys: Sys,
  rhythm: Rhythm,
  attempt: Attempt,
  told: (why: string | undefined) => boolean,
): Cancel {
  let isOver = false;
  let cancelAttempt: Cancel = () => undefined;
  let cancelTimer: Cancel = () => undefined;
  const begin = (): void => {
    const beganAtMs = sys.clock.monotonicMs();
    const ended = (why: string | undefined): void => {
      cancelTimer();
      if (isOver) return;
      if (told(why)) cancelTimer = sys.timers.at(beganAtMs + rhythm.everyMs, begin);
      else isOver = true;
    };
    cancelTimer = sys.timers.at(beganAtMs + rhythm.attemptMs, () => {
      cancelAttempt();
      ended(`no answer within ${String(rhythm.attemptMs)} ms`);
    });
    cancelAttempt = attempt(ended);
  };
  begin();
  return () => {
    if (isOver) return;
    isOver = true;
    cancelTimer();
    cancelAttempt();
  };
}
