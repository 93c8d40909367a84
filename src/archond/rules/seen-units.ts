import type { SeenUnit } from '../../rules/event.ts';
import type { Supervisor } from '../supervisor.ts';
import { isDown } from '../outcome.ts';

/** What rules know of units: told anew of those only to which something has happened since. */
export class SeenUnits {
  readonly #supervisor: Pick<Supervisor, 'records'>;
  readonly #changed = new Set<string>();

  constructor(supervisor: Pick<Supervisor, 'records'>) {
    this.#supervisor = supervisor;
  }

  /** Something has happened to it. */
  changed(label: string): void {
    if (label !== '') this.#changed.add(label);
  }

  /** All of them, for who knows nothing yet. */
  all(): readonly SeenUnit[] {
    this.#changed.clear();
    return [...this.#supervisor.records.keys()].map((label) => this.#look(label));
  }

  /** Those that have changed since this was asked last. */
  take(): readonly SeenUnit[] {
    const units = [...this.#changed].map((label) => this.#look(label));
    this.#changed.clear();
    return units;
  }

  #look(label: string): SeenUnit {
    const record = this.#supervisor.records.get(label);
    /* The record of a Run goes without an event. */
    const isGone = record?.unit.spec.origin === 'run' && isDown(record);
    if (record === undefined || isGone) return { label, state: undefined };
    const { shownState, pid, unit } = record;
    return { label, state: shownState, pid, restarts: unit.history.restarts };
  }
}
