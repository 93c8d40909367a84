import type { Dependencies } from '../../../src/supervisor/graph/dependencies.ts';
import { NO_DEPENDENCIES } from '../../../src/supervisor/graph/dependencies.ts';
import { publicState, type End } from '../../../src/supervisor/state.ts';
import { restartPolicy, unitSpec, type UnitSpec } from '../../../src/supervisor/unit.ts';
import { Town, type Chance } from './town.ts';

/** What a unit is and says of others, in short. */
export type Said = Partial<Dependencies> & { readonly spec?: Partial<UnitSpec> };

const CRASH: End = { kind: 'signalled', signal: 11, core: false };
/** More than any of these small towns needs to come to rest. */
const REST = 200;

/** A town whose story is told step by step. */
export class Street extends Town {
  constructor(units: Readonly<Record<string, Said>>) {
    super(
      Object.entries(units).map(([label, { spec, ...said }]) => ({
        label,
        spec: unitSpec({ label, origin: 'config', restart: restartPolicy('on-failure'), ...spec }),
        dependencies: { ...NO_DEPENDENCIES, ...said },
      })),
    );
  }

  /** Each unit's state as clients see it: `db:running web:waiting`. */
  get states(): string {
    return this.labels.map((label) => `${label}:${publicState(this.unitOf(label).state)}`).join(' ');
  }

  /** What became of units since the last time: `db stopping`, in the order in which it was told. */
  get news(): readonly string[] {
    const news = this.lines
      .splice(0)
      .flatMap(({ label, step }) =>
        step.effects.flatMap((effect) => (effect.kind === 'tell' ? [`${label} ${effect.event.kind}`] : [])),
      );
    return news;
  }

  /** Everything that can happen by itself does, but for the ends of services and the ringing of timers. */
  flow(): this {
    for (let done = 0; done < REST; done++) {
      const next = this.chances().find((chance) => this.#isUsual(chance));
      if (next === undefined) return this;
      next.happen({ kind: 'exited', code: 0 });
    }
    throw new Error(`no rest: ${this.states}`);
  }

  #isUsual({ label, what }: Chance): boolean {
    if (what === 'timer' || what === 'refuse') return false;
    return what !== 'end' || this.unitOf(label).spec.type === 'oneshot';
  }

  /** The next thing of this kind that can happen to the unit does. */
  do(label: string, what: Chance['what'], end: End = CRASH): this {
    const chance = this.chances().find((one) => one.label === label && one.what === what);
    if (chance === undefined) throw new Error(`${label} cannot ${what}: ${this.states}`);
    chance.happen(end);
    return this;
  }

  /** It dies, and nothing of it is left. */
  crash(label: string): this {
    return this.do(label, 'end').do(label, 'empty');
  }

  /** It dies as often as it is started at once, until it is to wait. */
  crashIntoBackoff(label: string): this {
    this.crash(label);
    this.do(label, 'fork').do(label, 'exec').crash(label);
    if (this.unitOf(label).state.kind !== 'backoff') throw new Error(`no backoff: ${this.states}`);
    return this;
  }
}
