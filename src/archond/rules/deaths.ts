/** So many ends within so long, and rules are let be altogether. */
const MOST_DEATHS = 5;
const WITHIN_MS = 60_000;
/** A file whose rules have ended the worker so often is left out. */
const MOST_OF_FILE = 2;

/** How often the worker of rules has ended, and over which file's. */
export class Deaths {
  #recentMs: number[] = [];
  readonly #ofFile = new Map<string, number>();

  /** One more; undefined: over nobody's in particular. */
  add(file: string | undefined, nowMs: number): void {
    this.#recentMs = [...this.#recentMs.filter((atMs) => nowMs - atMs < WITHIN_MS), nowMs];
    if (file !== undefined) this.#ofFile.set(file, (this.#ofFile.get(file) ?? 0) + 1);
  }

  /** Whether there were too many for another try. */
  get isGivenUp(): boolean {
    return this.#recentMs.length >= MOST_DEATHS;
  }

  /** Whether the file is to be left out. */
  isLeftOut(file: string): boolean {
    return (this.#ofFile.get(file) ?? 0) >= MOST_OF_FILE;
  }

  /** A new beginning. */
  forgive(): void {
    this.#recentMs = [];
    this.#ofFile.clear();
  }
}
