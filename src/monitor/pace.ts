/** How often archond looks at what units use: it is woken then in any case, to tell the keeper that it lives. */
export const TICK_MS = 10_000;

/** How far back a unit's history reaches. */
export const HISTORY_MS = 3_600_000;

/** All histories together have so many samples, of 32 bytes: 2 MiB. */
const MOST_SAMPLES = 65_536;

/** A history of an hour has so many at least, however many units there are. */
const LEAST_SAMPLES = 30;

/** Processor time that reading may take of each tick: 0.5 ms a second. What is made of it takes archond about as much again. */
const BUDGET_MS = 5;

/** What it takes to read a unit, before anything is known of it. */
const FIRST_COST_MS = 0.05;

/** For so many ticks at most nothing is read, whatever the last reading took: histories are not to dry up. */
const MOST_PAUSE = 30;

/** How many samples of an hour are kept of each of so many units. */
export function samplesKept(units: number): number {
  const mostOfHour = HISTORY_MS / TICK_MS;
  return Math.min(mostOfHour, Math.max(LEAST_SAMPLES, Math.floor(MOST_SAMPLES / Math.max(1, units))));
}

/**
 * How many units are read in a tick, so that no more processor time is spent than is allowed, by what it took so far. A
 * reading that took more (of a tree of thousands of processes, say) is paid off by ticks in which nothing is read.
 */
export class Pace {
  #creditMs = 0;
  #costMs = FIRST_COST_MS;

  /** A tick has come: how many units may be read. */
  share(): number {
    this.#creditMs = Math.min(BUDGET_MS, this.#creditMs + BUDGET_MS);
    return this.#creditMs <= 0 ? 0 : Math.max(1, Math.floor(this.#creditMs / this.#costMs));
  }

  /** So many were read, and it took so much of the processor. */
  spent(units: number, costMs: number): void {
    this.#creditMs = Math.max(-MOST_PAUSE * BUDGET_MS, this.#creditMs - costMs);
    if (units > 0) this.#costMs = Math.max(0.001, (this.#costMs + costMs / units) / 2);
  }
}

/** What has a bound is read so many times while it would have to be over it. */
const READINGS = 3;

/** But no more often, and no less where its time is longer than that. */
const LEAST_READING_MS = 250;
const MOST_READING_MS = 10_000;

/** Of many with bounds together each is read no more often than their number of times this. */
const READING_SHARE_MS = 20;

/** How long to wait between two readings of one of so many units that have a bound, which holds after so long. */
export function readingEveryMs(forMs: number, units: number): number {
  const wanted = Math.min(MOST_READING_MS, Math.max(LEAST_READING_MS, forMs / READINGS));
  const fair = Math.min(units * READING_SHARE_MS, Math.max(forMs, LEAST_READING_MS));
  return Math.max(wanted, fair);
}
