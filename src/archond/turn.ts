import type { Sys } from '../sys/sys.ts';

/** Resolves after whatever else is to be done now: for work that is done piece by piece. */
export function turnOf({ timers, clock }: Sys): () => Promise<void> {
  return async () =>
    new Promise((resolve) => {
      timers.at(clock.monotonicMs(), resolve);
    });
}
