import { factsOf, isUpright, UP } from '../../supervisor/plan/facts.ts';
import type { ConfiguredUnits } from '../configured/configured-units.ts';
import type { YoungNeed } from '../in-force-state.ts';
import type { Supervisor } from '../supervisor.ts';
import { recordOf } from './outlook.ts';

/** Needs that units came to have while they were up (`YoungNeed`): each becomes as all others when it is met, or what has it goes down. */
export class ComingOfAge {
  readonly #supervisor: Supervisor;
  readonly #configured: ConfiguredUnits;
  #isDue = false;

  constructor(supervisor: Supervisor, configured: ConfiguredUnits) {
    this.#supervisor = supervisor;
    this.#configured = configured;
  }

  /** Looks after those that there are by now. */
  watch(): void {
    for (const { label, need } of this.#configured.young)
      for (const one of [label, need]) recordOf(this.#supervisor, one)?.observers.add(this.#observe);
  }

  readonly #observe = (): void => {
    if (this.#isDue || !this.#configured.young.some((one) => this.#isMature(one))) return;
    this.#isDue = true;
    this.#supervisor.change(() => {
      this.#isDue = false;
      this.#configured.matured(this.#configured.young.filter((one) => this.#isMature(one)));
      return { graph: this.#configured.graph, told: [] };
    });
  };

  #isMature({ label, need, generation }: YoungNeed): boolean {
    const unit = recordOf(this.#supervisor, label)?.unit;
    const needed = recordOf(this.#supervisor, need)?.unit;
    if (unit?.generation !== generation) return true;
    return !isUpright(unit) || (needed !== undefined && (factsOf(needed, false) & UP) !== 0);
  }
}
