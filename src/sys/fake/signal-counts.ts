import { constants } from 'node:os';
import { Misuse } from './misuse.ts';

const FORWARDED: readonly number[] = (
  ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGPWR', 'SIGWINCH'] as const
).map((name) => constants.signals[name]);

interface Count {
  came: number;
  noted: number;
}

/** Signals that were sent to the keeper: counted, told, and told again to each archond until one has noted them. */
export class SignalCounts {
  readonly #counts = new Map<number, Count>();
  readonly #tell: (signal: number, count: number) => void;

  /** `tell` gets word to archond, if there is one that has said hello. */
  constructor(tell: (signal: number, count: number) => void) {
    this.#tell = tell;
  }

  /** Somebody sends a signal to the keeper. */
  came(signal: number): void {
    if (!FORWARDED.includes(signal)) throw new Misuse(`the keeper does not forward signal ${String(signal)}`);
    const count = this.#counts.get(signal) ?? { came: 0, noted: 0 };
    count.came += 1;
    this.#counts.set(signal, count);
    this.#tell(signal, count.came);
  }

  /** Archond has taken note of all up to `upTo`. A number that never came is passed over. */
  noted(signal: number, upTo: number): void {
    const count = this.#counts.get(signal);
    if (count !== undefined && upTo > count.noted && upTo <= count.came) count.noted = upTo;
  }

  /** Tells what nobody has noted. */
  tellAgain(): void {
    for (const [signal, count] of this.#counts) if (count.came > count.noted) this.#tell(signal, count.came);
  }
}
