import { createContext, Script } from 'node:vm';

/** A single instruction that takes longer than this is stopped, and with it the machine that it is of. */
export const HARD_STOP_MS = 500;
/** Reading a file, once and with nothing that waits for it, on however busy a machine. */
export const LOAD_STOP_MS = 10_000;
/** Before a call begins at least so much must be left of what the guard was set to; setting it takes 0.07 ms. */
const RESERVE_MS = 50;

/**
 * The last stop: what runs within one instruction of a machine (a pattern that tries everything, say) is out of the
 * meter's reach. V8 ends it by force; what it was working on is in no state to go on.
 */
export class Guard {
  readonly #scope: { work: () => void } = { work: () => undefined };
  readonly #context = createContext(this.#scope);
  readonly #script = new Script('work()');
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * Carries out calls one after the other. One that has to be stopped by force is told to `stopped`, and the others
   * follow. @param begin called before the first, and again and again
   */
  run<C>(
    calls: Iterable<C>,
    begin: () => void,
    carryOut: (call: C) => void,
    stopped: (call: C) => void,
    stopMs = HARD_STOP_MS,
  ): void {
    const rest = calls[Symbol.iterator]();
    let next = rest.next();
    while (next.done !== true) {
      let current: { readonly call: C } | undefined;
      const work = (): void => {
        begin();
        const untilMs = this.#nowMs() + RESERVE_MS;
        while (next.done !== true && this.#nowMs() < untilMs) {
          current = { call: next.value };
          carryOut(next.value);
          next = rest.next();
        }
        current = undefined;
      };
      if (this.#inTime(work, stopMs)) continue;
      if (current !== undefined) stopped(current.call);
      next = rest.next();
    }
  }

  #inTime(work: () => void, stopMs: number): boolean {
    this.#scope.work = work;
    try {
      this.#script.runInContext(this.#context, { timeout: stopMs + RESERVE_MS });
      return true;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
      throw error;
    }
  }
}
