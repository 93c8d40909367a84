/** What a terminal is told (ECMA-48; DEC's private modes 7, 25 and 1049 as xterm has them). */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J';
const CLEAR = '\x1b[0m\x1b[2J';
/** A terminal without another screen is left with the last line free for whoever writes next. */
const LEAVE = '\x1b[0m\x1b[999;1H\x1b[2K\x1b[?7h\x1b[?25h\x1b[?1049l';

/** Fills the screen of a terminal, and writes only lines that have changed. */
export class Painter {
  readonly #write: (text: string) => void;
  #lines: readonly string[] = [];
  #isEntered = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Whether the screen is this program's now. */
  get isEntered(): boolean {
    return this.#isEntered;
  }

  /** Takes another screen, where the terminal has one. */
  enter(): void {
    this.#isEntered = true;
    this.#lines = [];
    this.#write(ENTER);
  }

  /** Gives the first one back as it was. */
  leave(): void {
    if (this.#isEntered) this.#write(LEAVE);
    this.#isEntered = false;
  }

  /** All is to be drawn anew, since what is there is not known any more. */
  forget(): void {
    this.#lines = [];
    if (this.#isEntered) this.#write(CLEAR);
  }

  /** Shows these lines, from the top. */
  paint(lines: readonly string[]): void {
    if (!this.#isEntered) return;
    const changed = lines.flatMap((line, at) =>
      line === this.#lines[at] ? [] : [`\x1b[${at + 1};1H\x1b[K${line}`],
    );
    for (let at = lines.length; at < this.#lines.length; at += 1) changed.push(`\x1b[${at + 1};1H\x1b[K`);
    this.#lines = lines;
    if (changed.length > 0) this.#write(changed.join(''));
  }
}
