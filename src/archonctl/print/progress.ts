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
  readonly #what: () => string;
  readonly #beganAtMs = monotonicMs();
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  /** Shows itself after half a second, then every second; `what` is asked each time. */
  constructor(screen: Screen, what: () => string) {
    this.#screen = screen;
    this.#what = what;
    this.#timer = setTimeout(this.#show, FIRST_MS);
  }

  /** Takes the line away so that something else can be printed; it comes back. */
  clear(): void {
    if (this.#isShown) this.#screen.err(CLEAR);
    this.#isShown = false;
  }

  /** Takes the line away for good. */
  close(): void {
    clearTimeout(this.#timer);
    this.clear();
  }

  readonly #show = (): void => {
    if (!this.#screen.showsProgress()) return;
    const text = `${this.#what()} (${formatDuration(monotonicMs() - this.#beganAtMs)})`;
    this.#screen.err(CLEAR + cutTo(text, LEAST_COLUMNS));
    this.#isShown = true;
    this.#timer = setTimeout(this.#show, STEP_MS);
  };
}
