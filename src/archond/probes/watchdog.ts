import type { Cancel, Sys } from '../../sys/sys.ts';

/** A service says again and again that it is at work; where it does not, `barked` is called once. */
export class Watchdog {
  readonly #sys: Sys;
  readonly #barked: () => void;
  #periodMs: number;
  #cancel: Cancel | undefined;

  /** @param periodMs between two signs of life; 0: as long as it likes */
  constructor(sys: Sys, periodMs: number, barked: () => void) {
    this.#sys = sys;
    this.#periodMs = periodMs;
    this.#barked = barked;
    this.alive();
  }

  /** A sign of life. */
  alive(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#periodMs <= 0) return;
    this.#cancel = this.#sys.timers.at(this.#sys.clock.monotonicMs() + this.#periodMs, this.#barked);
  }

  /** The service has asked for another period. */
  change(periodMs: number): void {
    this.#periodMs = periodMs;
    this.alive();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
