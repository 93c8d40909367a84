import { NO_CAUSE, type Cause } from '../../src/supervisor/cause.ts';
import type { Effect, ToldEvent } from '../../src/supervisor/effect.ts';
import type { Moment, OrderReason, UnitEvent } from '../../src/supervisor/event.ts';
import type { FailedNeeds, Gate } from '../../src/supervisor/gate.ts';
import type { End } from '../../src/supervisor/state.ts';
import { newUnit, transition, type Step, type Unit } from '../../src/supervisor/transition.ts';
import { DEFAULT_STOP, restartPolicy, unitSpec, type UnitSpec } from '../../src/supervisor/unit.ts';

/** A daemon with the contract's defaults, but for what is given. */
export function daemon(own: Partial<UnitSpec> = {}): UnitSpec {
  return unitSpec({ label: 'web', origin: 'daemon', ...own });
}

/** A daemon with this policy of restarts, and these of its numbers. */
export function restarting(
  policy: UnitSpec['restart']['policy'],
  own: Partial<UnitSpec['restart']> = {},
): UnitSpec {
  return daemon({ restart: { ...restartPolicy(policy), ...own } });
}

/** A daemon whose stops have this scope. */
export function scoped(scope: UnitSpec['stop']['scope']): UnitSpec {
  return daemon({ stop: { ...DEFAULT_STOP, scope } });
}

/** A service of a configuration that says itself when it is ready, within 500 ms. */
export function probed(own: Partial<UnitSpec> = {}): UnitSpec {
  return daemon({ origin: 'config', readyBy: 'probe', readyTimeoutMs: 500, hasHealth: true, ...own });
}

/** A oneshot of a configuration, with a stop command. */
export function oneshot(own: Partial<UnitSpec> = {}): UnitSpec {
  return daemon({ origin: 'config', type: 'oneshot', isUndone: true, ...own });
}

export const BAD: End = { kind: 'exited', code: 1 };
export const GOOD: End = { kind: 'exited', code: 0 };
export const NO_SUCH_FILE = notExecuted('exec', 'ENOENT');

/** The end of a process that never came to its program. */
export function notExecuted(stage: string, code: string): End {
  return { kind: 'not-executed', stage, errno: 2, code };
}

export const START = startFor(NO_CAUSE);
export const STOP = stopFor('requested');
export const RESTART = stopFor('restart');

/** An order to start. */
export function startFor(cause: Cause): UnitEvent {
  return { kind: 'order-start', cause };
}

/** An order to stop. */
export function stopFor(reason: OrderReason, cause = NO_CAUSE): UnitEvent {
  return { kind: 'order-stop', reason, cause };
}

/** What the plan tells. */
export const gate = (start: Gate['start'], isNeeded = false, cause = NO_CAUSE): UnitEvent => ({
  kind: 'gate',
  gate: { start, isNeeded },
  cause,
});
export const OPEN = gate({ kind: 'open' });
export const HELD = gate({ kind: 'held' });
/** Something needs it. */
export const NEEDED = gate({ kind: 'open' }, true);
export const blockedBy = (...needs: FailedNeeds): UnitEvent => gate({ kind: 'blocked', needs });
/** It has lost `db`. */
export const needLost = (cause: Cause): UnitEvent => ({ kind: 'need-lost', need: 'db', cause });
export const NEED_LOST = needLost(NO_CAUSE);

/** The keeper's answer and what it tells of a generation; its pid is a hundred times its number. */
export const spawned = (generation = 1): UnitEvent => ({
  kind: 'spawned',
  generation,
  pid: 100 * generation,
});
export const refused = (end: End, generation = 1): UnitEvent => ({ kind: 'refused', generation, end });
export const executed = (generation = 1): UnitEvent => ({ kind: 'executed', generation });
export const exited = (end: End, generation = 1): UnitEvent => ({ kind: 'exited', generation, end });
export const emptied = (generation = 1): UnitEvent => ({ kind: 'emptied', generation });
export const stopDue = (generation = 1): UnitEvent => ({ kind: 'stop-due', generation });
export const timeOver = (generation = 1): UnitEvent => ({ kind: 'time-over', generation });
export const readyDue = (generation = 1): UnitEvent => ({ kind: 'ready-due', generation });
export const ready = (generation = 1): UnitEvent => ({ kind: 'ready', generation });
export const unhealthy = (generation = 1): UnitEvent => ({ kind: 'unhealthy', generation });
/** Its pid is one above that of the first. */
export const mainChanged = (generation = 1): UnitEvent => ({
  kind: 'main-changed',
  generation,
  pid: 100 * generation + 1,
});
export const mainExited = (end: End, generation = 1): UnitEvent => ({
  kind: 'main-exited',
  generation,
  end,
});
export const commandEnded = (isDone: boolean, generation = 1): UnitEvent => ({
  kind: 'command-ended',
  generation,
  isDone,
});
/** Another generation takes its place, which is ready, or has only a process. */
export const replaced = (isReady: boolean, generation = 1, by = 2): UnitEvent => {
  const life = { generation: by, pid: 100 * by, main: 'first' } as const;
  return {
    kind: 'replaced',
    generation,
    by: isReady
      ? { kind: 'running', ...life, readyAtMs: 0 }
      : { kind: 'starting', ...life, hasExecuted: true, isReady: false },
    told: NO_CAUSE,
  };
};
export const backoffDue = (generation = 1): UnitEvent => ({ kind: 'backoff-due', generation });

/** The life of one unit, told event by event. Time stands still unless it is moved. */
export class Story {
  unit: Unit;
  atMs = 0;
  chance = 0.5;
  nextSequence = 1;
  #last: Step | undefined;

  constructor(unit: Unit | UnitSpec = daemon()) {
    this.unit = 'state' in unit ? unit : newUnit(unit);
  }

  /** Tells these events; an impossible one is an error of the test. */
  tell(...events: readonly UnitEvent[]): this {
    for (const event of events) {
      this.#last = transition(this.unit, event, this.moment());
      if (this.#last.verdict === 'impossible') throw new Error(`${event.kind}: ${this.#last.why ?? ''}`);
      this.unit = this.#last.unit;
      this.nextSequence += this.told.length;
    }
    return this;
  }

  /** Lets time pass, then tells. */
  later(ms: number, ...events: readonly UnitEvent[]): this {
    this.atMs += ms;
    return this.tell(...events);
  }

  /** Spawned and at its program. */
  run(): this {
    const { generation } = this.unit;
    return this.tell(spawned(generation), executed(generation));
  }

  /** Ended by itself, with nothing left. */
  end(end: End): this {
    const { generation } = this.unit;
    return this.tell(exited(end, generation), emptied(generation));
  }

  moment(): Moment {
    const { atMs, chance, nextSequence } = this;
    return { atMs, chance, nextGeneration: this.unit.generation + 1, nextSequence };
  }

  get state(): Unit['state'] {
    return this.unit.state;
  }

  /** Of the last event. */
  get verdict(): string | undefined {
    return this.#last?.verdict;
  }

  /** Why the last event moved nothing. */
  get why(): string | undefined {
    return this.#last?.why;
  }

  /** What the last event led to. */
  get allEffects(): readonly Effect[] {
    return this.#last?.effects ?? [];
  }

  /** What the last event led to, without what others are told. */
  get effects(): readonly Effect[] {
    return this.allEffects.filter((effect) => effect.kind !== 'tell');
  }

  /** What others were told after the last event. */
  get told(): readonly ToldEvent[] {
    return this.allEffects.flatMap((effect) => (effect.kind === 'tell' ? [effect.event] : []));
  }
}
