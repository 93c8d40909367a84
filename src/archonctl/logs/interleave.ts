import type { LogLine, LogSource } from './log-source.ts';

/**
 * Puts the lines of several logs in the order of their times, as they come: a line is given on when each log has shown its
 * next one, or has caught up with what is written. A line without a time stays behind the one of its log that it followed.
 */
export class Interleaving {
  readonly #sources: readonly { readonly source: LogSource; atS: number }[];
  readonly #take: (line: LogLine) => void;

  constructor(sources: readonly LogSource[], take: (line: LogLine) => void) {
    this.#sources = sources.map((source) => ({ source, atS: 0 }));
    this.#take = take;
  }

  /** Gives on what can be. */
  pump(): void {
    for (;;) {
      let first: { readonly source: LogSource; atS: number; headS: number } | undefined;
      for (const one of this.#sources) {
        const { head } = one.source;
        if (head === undefined) {
          if (!one.source.hasCaughtUp) return;
          continue;
        }
        const headS = head.time === '' ? one.atS : Number(head.time);
        one.atS = headS;
        if (first === undefined || headS < first.headS) first = { source: one.source, atS: one.atS, headS };
      }
      const line = first?.source.head;
      if (first === undefined || line === undefined) return;
      first.source.take();
      this.#take(line);
    }
  }
}
