import type { Cancel } from '../sys.ts';
import type { VirtualLoop } from './loop.ts';

/** What native/keeper/watchdog.c does: an archond that says nothing for so long is killed. */
export class Watchdog {
  readonly #loop: VirtualLoop;
  readonly #silenceMs: () => number;
  readonly #kill: () => void;
  #cancel: Cancel | undefined;
  #hasKilled = false;

  /** @param silenceMs how long it may say nothing; 0: for ever */
  constructor(loop: VirtualLoop, silenceMs: () => number, kill: () => void) {
    this.#loop = loop;
    this.#silenceMs = silenceMs;
    this.#kill = kill;
  }

  /** One was started. */
  begin(): void {
    this.#hasKilled = false;
    this.heard();
  }

  /** It has said something. */
  heard(): void {
    this.#cancel?.();
    const silenceMs = this.#silenceMs();
    if (silenceMs === 0) return;
    this.#cancel = this.#loop.schedule(this.#loop.nowMs() + silenceMs, () => {
      this.#hasKilled = true;
      this.#kill();
    });
  }

  /** It has ended. Returns whether it was killed for its silence. */
  end(): boolean {
    this.#cancel?.();
    return this.#hasKilled;
  }
}
