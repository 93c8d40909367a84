/** A key: a character as it is, or a key that has none by its name. */
export type Key = { readonly kind: 'character'; readonly text: string } | { readonly kind: KeyName };

/** Keys that have no character. */
export type KeyName =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'page-up'
  | 'page-down'
  | 'enter'
  | 'backspace'
  | 'escape'
  | 'clear-line'
  | 'redraw'
  | 'unknown';

/** What terminals send behind ESC [ or ESC O (xterm, the Linux console, rxvt). */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '7~': 'home',
  '4~': 'end',
  '8~': 'end',
  '5~': 'page-up',
  '6~': 'page-down',
  M: 'enter',
};

const CONTROLS: Readonly<Record<string, KeyName>> = {
  '\n': 'enter',
  '\r': 'enter',
  '\b': 'backspace',
  '\x7f': 'backspace',
  '\x15': 'clear-line',
  '\x0c': 'redraw',
  '\x10': 'up',
  '\x0e': 'down',
  '\x06': 'page-down',
  '\x02': 'page-up',
};

const ESCAPE = '\x1b';

/** A whole sequence of a key: ESC, [ or O, parameters, a last character (ECMA-48, control sequences). */
const WHOLE = /^\x1b[[O]([0-?]*[ -/]*[@-~])/; // eslint-disable-line no-control-regex -- ESC is what they begin with
/** The beginning of one. */
const PART = /^\x1b(?:[[O][0-?]*[ -/]*)?$/; // eslint-disable-line no-control-regex -- as above

/** Takes what a terminal sends apart into keys. */
export class KeyReader {
  #rest = '';

  /** Whether something is left of which more may come, or not: ESC alone is a key too. */
  get isWaiting(): boolean {
    return this.#rest !== '';
  }

  /** The keys that are complete with these bytes. */
  take(bytes: Uint8Array): readonly Key[] {
    this.#rest += Buffer.from(bytes).toString('latin1');
    const keys: Key[] = [];
    while (this.#rest !== '' && !PART.test(this.#rest)) keys.push(this.#next());
    return keys;
  }

  /** Nothing more has come: what is left is a key by itself. */
  flush(): readonly Key[] {
    if (this.#rest === '') return [];
    this.#rest = '';
    return [{ kind: 'escape' }];
  }

  #next(): Key {
    const whole = WHOLE.exec(this.#rest);
    if (whole !== null) {
      this.#rest = this.#rest.slice(whole[0].length);
      return { kind: SEQUENCES[whole[1] ?? ''] ?? 'unknown' };
    }
    const first = this.#rest.charAt(0);
    this.#rest = this.#rest.slice(1);
    if (first === ESCAPE) return { kind: 'escape' };
    const control = CONTROLS[first];
    if (control !== undefined) return { kind: control };
    return first >= ' ' && first <= '~' ? { kind: 'character', text: first } : { kind: 'unknown' };
  }
}
