import type { Client } from './call.ts';
import type { Cancel, Sys } from '../sys/sys.ts';
import { isDown } from './outcome.ts';
import type { Supervisor } from './supervisor.ts';
import type { UnitRecord } from './unit-record.ts';

/** The contract's bounds of the records of Runs that nobody has asked for. */
const KEPT_MS = 3_600_000;
const KEPT = 10_000;

/** The records of Runs that ended and were not asked for: until they are waited for, forgotten, or too old. */
export class EndedRuns {
  readonly #sys: Sys;
  readonly #supervisor: Supervisor;
  /** Oldest first, and how to let go of each. */
  readonly #ended = new Map<UnitRecord, Cancel>();

  constructor(sys: Sys, supervisor: Supervisor) {
    this.#sys = sys;
    this.#supervisor = supervisor;
  }

  /** Forgets a Run whose end is being answered; keeps its record where that cannot be delivered. To be called before the answer. */
  answered(record: UnitRecord, client: Client): void {
    this.#supervisor.remove(record, false, () => {
      if (client.hasTakenAll) return false;
      this.#supervisor.records.set(record.label, record);
      this.keep(record);
      return true;
    });
  }

  /** Keeps the record of a Run that has ended, and holds nothing of it any more once it has been removed. */
  keep(record: UnitRecord): void {
    if (!this.#isThere(record) || this.#ended.has(record)) return;
    const cancelTimer = this.#sys.timers.at(this.#sys.clock.monotonicMs() + KEPT_MS, () => {
      this.#drop(record);
    });
    const leave = (): void => {
      cancelTimer();
      record.observers.delete(observe);
      this.#ended.delete(record);
    };
    const observe = (): void => {
      if (!this.#isThere(record)) leave();
    };
    record.observers.add(observe);
    this.#ended.set(record, leave);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > KEPT && oldest !== undefined) this.#drop(oldest);
  }

  #isThere(record: UnitRecord): boolean {
    return this.#supervisor.records.get(record.label) === record;
  }

  #drop(record: UnitRecord): void {
    this.#ended.get(record)?.();
    if (this.#isThere(record) && isDown(record)) this.#supervisor.remove(record);
  }
}
