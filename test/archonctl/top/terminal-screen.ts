// eslint-disable-next-line no-control-regex -- ESC is what sequences begin with
const PIECES = /\x1b\[(\?)?([\d;]*)([A-Za-z])|([^\x1b])/gsu;

/** What a terminal of that size would show after all that was written to it: the sequences that archonctl uses, and no others. */
export class TerminalScreen {
  readonly rows: number;
  readonly columns: number;
  /** Whether it is the other screen that is shown. */
  isOther = false;
  isCursorShown = true;
  doesWrap = true;
  #lines: string[][];
  #row = 0;
  #column = 0;

  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
    this.#lines = this.#blank();
  }

  /** The lines without blanks at their ends. */
  get lines(): readonly string[] {
    return this.#lines.map((line) => line.join('').trimEnd());
  }

  /** Takes whole sequences; throws at one that it does not know. */
  write(text: string): this {
    for (const [, mark, numbers = '', final = '', character = ''] of text.matchAll(PIECES)) {
      if (final === '') this.#put(character);
      else this.#obey(mark === '?', numbers.split(';').map(Number), final);
    }
    return this;
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#row = Math.min(this.rows - 1, this.#row + 1);
    else {
      const line = this.#lines[this.#row];
      if (line !== undefined) line[Math.min(this.#column, this.columns - 1)] = character;
      this.#column += 1;
    }
  }

  #obey(isPrivate: boolean, [first = 0, second = 1]: readonly number[], final: string): void {
    if (isPrivate) this.#switch(first, final === 'h');
    else if (final === 'H') {
      this.#row = Math.min(this.rows, Math.max(1, first)) - 1;
      this.#column = Math.max(1, second) - 1;
    } else if (final === 'K') {
      this.#lines[this.#row]?.fill(' ', first === 2 ? 0 : Math.min(this.#column, this.columns - 1));
    } else if (final === 'J') {
      this.#lines = this.#blank();
    } else if (final !== 'm') {
      throw new Error(`unknown sequence ending in ${final}`);
    }
  }

  #switch(mode: number, isOn: boolean): void {
    if (mode === 1049) this.isOther = isOn;
    else if (mode === 25) this.isCursorShown = isOn;
    else if (mode === 7) this.doesWrap = isOn;
    else throw new Error(`unknown mode ${mode}`);
  }

  #blank(): string[][] {
    return Array.from({ length: this.rows }, () => new Array<string>(this.columns).fill(' '));
  }
}
