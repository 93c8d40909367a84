import { bytesOf, textOf } from '../../protocol/bytes.ts';
import type { Screen } from '../print/screen.ts';
import { localTime } from '../print/time.ts';
import { numberOf } from '../print/unit.ts';
import type { LogLine } from './log-source.ts';

/** More than so many characters are not held back. */
const MOST_HELD = 64 * 1024;

/** How lines are printed. */
export interface LogLook {
  /** Of the labels before each line; undefined where there is one log only. */
  readonly width: number | undefined;
  readonly hasTimes: boolean;
  /** `object`: one for all lines. */
  readonly json: 'object' | 'lines' | undefined;
}

/** Prints lines; those of one moment together. */
export class LogPrinter {
  readonly #screen: Screen;
  readonly #look: LogLook;
  /** A character a byte. */
  #held = '';
  #isDue = false;
  #separator = '';

  constructor(screen: Screen, look: LogLook) {
    this.#screen = screen;
    this.#look = look;
    if (look.json === 'object') this.#held = '{"lines":[';
  }

  print(line: LogLine): void {
    const { json } = this.#look;
    if (json === undefined) {
      this.#held += this.#shown(line);
    } else {
      const value = { label: line.label, time: numberOf(line.time), text: textOf(line.text) };
      const text = Buffer.from(JSON.stringify(value)).toString('latin1');
      this.#held += json === 'lines' ? `${text}\n` : `${this.#separator}${text}`;
      this.#separator = ',';
    }
    if (this.#held.length > MOST_HELD) this.flush();
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#held === '') return;
    const held = this.#held;
    this.#held = '';
    this.#screen.outBytes(bytesOf(held));
  }

  end(): void {
    if (this.#look.json === 'object') this.#held += ']}\n';
    this.flush();
  }

  #shown({ label, time, text }: LogLine): string {
    const { width, hasTimes } = this.#look;
    const when = hasTimes && time !== '' ? `${localTime(time)} ` : '';
    return `${width === undefined ? '' : `${label.padEnd(width)} | `}${when}${text}\n`;
  }
}
