import { formatDuration } from '../../base/duration.ts';
import { monotonicMs } from '../clock.ts';
import type { Screen } from './screen.ts';
import { cutTo } from './table.ts';

/** What is over sooner needs no progress. */
const FIRST_MS = 500;
const STEP_MS = 1000;

/** Nearly every terminal is wider; to ask it would mean to open it, and `run` leaves it alone. */
const LEAST_COLUMNS = 79;

/** Goes to the beginning of the line and clears it (ECMA-48, CR and EL). */
const CLEAR = '\r\x1b[K';

/** A line on a terminal that tells what is waited for and for how long; where there is no terminal, nothing. */
export class Progress {
  readonly #screen: Screen;
  readonly #what: (room: number) => string;
  readonly #beganAtMs = monotonicMs();
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  /** Shows itself after half a second, then every second; `what` is asked each time, for a text of no more characters than there is room for. */
  constructor(screen: Screen, what: (room: number) => string) {
    this.#screen = screen;
    this.#what = what;
    this.#timer = setTimeout(this.#show, FIRST_MS);
  }

  /** Lets something else be printed, which comes to stand above the line. */
  above(print: () => void): void {
    const wasShown = this.#isShown;
    this.#clear();
    print();
    if (wasShown) this.#draw();
  }

  /** Takes the line away for good. */
  close(): void {
    clearTimeout(this.#timer);
    this.#clear();
  }

  readonly #show = (): void => {
    if (!this.#screen.showsProgress()) return;
    this.#draw();
    this.#timer = setTimeout(this.#show, STEP_MS);
  };

  #clear(): void {
    if (this.#isShown) this.#screen.err(CLEAR);
    this.#isShown = false;
  }

  #draw(): void {
    const ms = monotonicMs() - this.#beganAtMs;
    const long = ms < STEP_MS ? '' : ` (${formatDuration(ms - (ms % STEP_MS))})`;
    const room = LEAST_COLUMNS - long.length;
    this.#screen.err(CLEAR + cutTo(this.#what(room), room) + long);
    this.#isShown = true;
  }
}
