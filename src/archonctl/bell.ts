import { ringAt } from '../sys/dialer.ts';

/** Cuts pauses short: rings when something happens to the socket's file, and when it is given up. */
export class Bell {
  readonly #giveUp: AbortSignal | undefined;
  #takeDown: (() => void) | undefined;
  #hasRung = false;
  #wake: () => void = () => undefined;

  constructor(giveUp?: AbortSignal) {
    this.#giveUp = giveUp;
    giveUp?.addEventListener('abort', this.#ring);
    if (giveUp?.aborted === true) this.#ring();
  }

  /** True if it can be heard from now on, and could not before. */
  hang(socket: string): boolean {
    if (this.#takeDown !== undefined) return false;
    this.#takeDown = ringAt(socket, this.#ring);
    return this.#takeDown !== undefined;
  }

  /** Resolves when it rings, at once if it has rung since the last time, or after so many milliseconds. */
  async heard(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.#hasRung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, ms);
      });
    }
    clearTimeout(timer);
    this.#hasRung = false;
  }

  close(): void {
    this.#takeDown?.();
    this.#giveUp?.removeEventListener('abort', this.#ring);
  }

  readonly #ring = (): void => {
    this.#hasRung = true;
    this.#wake();
  };
}
