import type { ConfiguredUnits } from '../configured/configured-units.ts';
import { isGone } from '../outcome.ts';
import type { Supervisor } from '../supervisor.ts';
import type { UnitRecord } from '../unit-record.ts';

/** Units that are in the configuration no more: each is forgotten as soon as nothing of it is left. */
export class Departures {
  readonly #supervisor: Supervisor;
  readonly #configured: ConfiguredUnits;

  constructor(supervisor: Supervisor, configured: ConfiguredUnits) {
    this.#supervisor = supervisor;
    this.#configured = configured;
  }

  /** From now on; what is stopped by then is forgotten between this step and the next. */
  watch(record: UnitRecord): void {
    if (record.configured === undefined || record.configured.isLeaving) return;
    record.configured.isLeaving = true;
    record.observers.add(this.#observe);
    this.#supervisor.whenIdle(() => {
      this.#observe(record);
    });
  }

  readonly #observe = (record: UnitRecord): void => {
    const { label, configured, observers } = record;
    if (this.#supervisor.records.get(label) !== record) return;
    if (configured?.isLeaving !== true) {
      observers.delete(this.#observe);
      return;
    }
    if (!isGone(record)) return;
    observers.delete(this.#observe);
    this.#configured.gone(label);
    this.#supervisor.remove(record);
  };
}
