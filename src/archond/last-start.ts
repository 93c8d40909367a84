import type { Journal } from '../journal/journal.ts';
import type { Remembered } from '../journal/payload.ts';

const KIND = 'start';
const KEY = '';

/** Which event began the last start of everything: of a new boot, or after an orderly end; not of an archond that took over. */
export class LastStart {
  readonly #journal: Journal;
  #sequence: number | undefined;

  constructor(journal: Journal, remembered: readonly Remembered[]) {
    this.#journal = journal;
    const value = remembered.find(({ kind }) => kind === KIND)?.value;
    this.#sequence = typeof value === 'number' ? value : undefined;
  }

  /** The number of the event; undefined where it is not known, because what was remembered is lost. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  /** It begins with this event. */
  begun(sequence: number): void {
    this.#sequence = sequence;
    this.#journal.remember(KIND, KEY, sequence);
  }
}
