import type { Sys } from '../sys/sys.ts';
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
  /** Oldest first. */
  readonly #ended = new Set<UnitRecord>();

  constructor(sys: Sys, supervisor: Supervisor) {
    this.#sys = sys;
    this.#supervisor = supervisor;
  }

  /** Keeps the record of a Run that has ended. */
  keep(record: UnitRecord): void {
    this.#ended.add(record);
    this.#sys.timers.at(this.#sys.clock.monotonicMs() + KEPT_MS, () => {
      this.#drop(record);
    });
    const [oldest] = this.#ended;
    if (this.#ended.size > KEPT && oldest !== undefined) this.#drop(oldest);
  }

  #drop(record: UnitRecord): void {
    if (!this.#ended.delete(record)) return;
    if (this.#supervisor.records.get(record.label) === record && isDown(record))
      this.#supervisor.remove(record);
  }
}
