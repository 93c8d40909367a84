import { byRequest } from '../../../src/supervisor/cause.ts';
import type { Effect, TimerName } from '../../../src/supervisor/effect.ts';
import type { UnitEvent } from '../../../src/supervisor/event.ts';
import type { Depending } from '../../../src/supervisor/graph/dependencies.ts';
import { buildGraph, type Graph } from '../../../src/supervisor/graph/graph.ts';
import { restartOrder, startOrder, stopOrder, type Field } from '../../../src/supervisor/plan/orders.ts';
import { Plan, type Told } from '../../../src/supervisor/plan/plan.ts';
import type { End } from '../../../src/supervisor/state.ts';
import { newUnit, transition, type Step, type Unit } from '../../../src/supervisor/transition.ts';
import type { UnitSpec } from '../../../src/supervisor/unit.ts';

/** A unit of a town: what it is, and what it says of others. */
export interface Citizen extends Depending {
  readonly spec: UnitSpec;
}

/** A generation as it really is. */
interface Life {
  readonly label: string;
  readonly generation: number;
  phase: 'asked' | 'forked' | 'running' | 'ended' | 'empty' | 'refused';
  isReady: boolean;
  isSignalled: boolean;
  isKilled: boolean;
}

/** One step of one unit, and what it led to. */
export interface Line {
  readonly atMs: number;
  readonly label: string;
  readonly before: Unit;
  readonly event: UnitEvent;
  readonly step: Step;
  /** Of all units, as they were when the step was taken. */
  readonly units: ReadonlyMap<string, Unit>;
  /** Labels of which something was alive in the world then. */
  readonly live: ReadonlySet<string>;
}

/** What may happen by itself. */
export interface Chance {
  readonly label: string;
  readonly what: 'refuse' | 'fork' | 'exec' | 'ready' | 'end' | 'obey' | 'empty' | 'command' | 'timer';
  happen(end: End): void;
}

const GOOD: End = { kind: 'exited', code: 0 };

/**
 * Units with dependencies over the plan, in a world of pretended processes and pretended time: what the interpreter
 * would do with the effects, and nothing of its own.
 */
export class Town implements Field {
  readonly graph: Graph;
  readonly lines: Line[] = [];
  readonly specs: ReadonlyMap<string, Citizen>;
  atMs = 0;
  readonly #units = new Map<string, Unit>();
  #plan: Plan;
  readonly #lives: Life[] = [];
  readonly #timers = new Map<string, { atMs: number; label: string; due: UnitEvent }>();
  readonly #commands = new Map<string, number>();
  #pending: (() => void)[] = [];
  #generation = 0;
  #sequence = 1;
  #orders = 0;

  constructor(citizens: readonly Citizen[]) {
    this.specs = new Map(citizens.map((citizen) => [citizen.label, citizen]));
    this.graph = buildGraph(citizens);
    for (const { label, spec } of citizens) this.#units.set(label, newUnit(spec));
    this.#plan = this.#newPlan();
  }

  #newPlan(): Plan {
    const plan = new Plan(this.graph, {
      unit: (label) => this.unitOf(label),
      step: (label, event) => {
        this.#step(label, event);
      },
    });
    this.#carryOut();
    return plan;
  }

  /** The plan is lost, and made anew from the units: as by a death of the supervisor. */
  forget(): void {
    this.#plan = this.#newPlan();
  }

  unitOf(label: string): Unit {
    const unit = this.#units.get(label);
    if (unit === undefined) throw new Error(`no ${label}`);
    return unit;
  }

  get labels(): readonly string[] {
    return [...this.#units.keys()];
  }

  start(...labels: readonly string[]): void {
    this.tell(startOrder(this, labels, this.#asked('Start')).told);
  }

  stop(...labels: readonly string[]): void {
    this.tell(stopOrder(labels, this.#asked('Stop')));
  }

  restart(...labels: readonly string[]): void {
    this.tell(restartOrder(this, labels, this.#asked('Restart')).told);
  }

  shutDown(): void {
    const cause = this.#asked('Shutdown');
    this.tell(
      this.labels.map((label) => ({ label, event: { kind: 'order-stop', reason: 'shutdown', cause } })),
    );
  }

  #asked(verb: string): ReturnType<typeof byRequest> {
    this.#orders += 1;
    return byRequest(0, this.#orders, verb);
  }

  /** Phase one and two. */
  tell(told: readonly Told[]): void {
    this.#plan.tell(told);
    this.#carryOut();
  }

  #carryOut(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const effect of pending) effect();
  }

  #happened(label: string, event: UnitEvent): void {
    this.tell([{ label, event }]);
  }

  #step(label: string, event: UnitEvent): void {
    const before = this.unitOf(label);
    const moment = {
      atMs: this.atMs,
      chance: 0.5,
      nextGeneration: this.#generation + 1,
      nextSequence: this.#sequence,
    };
    const step = transition(before, event, moment);
    if (step.verdict === 'impossible') throw new Error(`${label}, ${event.kind}: ${step.why ?? ''}`);
    const live = new Set(this.#lives.filter(isAlive).map((life) => life.label));
    this.lines.push({ atMs: this.atMs, label, before, event, step, units: new Map(this.#units), live });
    this.#units.set(label, step.unit);
    for (const effect of step.effects) {
      if (effect.kind === 'tell') this.#sequence += 1;
      if (effect.kind === 'spawn') this.#generation += 1;
      this.#pending.push(() => {
        this.#interpret(label, effect);
      });
    }
  }

  #interpret(label: string, effect: Effect): void {
    switch (effect.kind) {
      case 'spawn': {
        const still = { isReady: false, isSignalled: false, isKilled: false };
        this.#lives.push({ label, generation: effect.generation, phase: 'asked', ...still });
        return;
      }
      case 'signal':
      case 'kill': {
        const life = this.#lives.find(({ generation }) => generation === effect.generation);
        if (life === undefined) return;
        if (effect.kind === 'kill' || effect.signal === 9) life.isKilled = true;
        else life.isSignalled = true;
        return;
      }
      case 'set-timer':
        this.#timers.set(timerKey(label, effect.timer), { atMs: effect.atMs, label, due: effect.due });
        return;
      case 'cancel-timer':
        this.#timers.delete(timerKey(label, effect.timer));
        return;
      case 'run-command':
        this.#commands.set(label, effect.generation);
        return;
      case 'kill-command':
      case 'probe':
      case 'find-main':
      case 'tell':
        return;
    }
  }

  /** All that can happen now by itself, in a fixed order. */
  chances(): readonly Chance[] {
    const lives = this.#lives.filter((life) => life.phase !== 'empty' && life.phase !== 'refused');
    const chances = lives.flatMap((life) => this.#chancesOf(life));
    for (const [label, generation] of this.#commands)
      chances.push({
        label,
        what: 'command',
        happen: (end) => {
          this.#commands.delete(label);
          this.#happened(label, { kind: 'command-ended', generation, isDone: end.kind === 'exited' });
        },
      });
    const first = Math.min(...[...this.#timers.values()].map(({ atMs }) => atMs));
    for (const [key, { atMs, label, due }] of this.#timers) {
      if (atMs > first) continue;
      chances.push({
        label,
        what: 'timer',
        happen: () => {
          this.atMs = Math.max(this.atMs, atMs);
          this.#timers.delete(key);
          this.#happened(label, due);
        },
      });
    }
    return chances;
  }

  #chancesOf(life: Life): Chance[] {
    const { label, generation } = life;
    const tell = (event: UnitEvent): void => {
      this.#happened(label, event);
    };
    const end = (how: End): void => {
      life.phase = 'ended';
      tell({ kind: 'exited', generation, end: how });
    };
    const chance = (what: Chance['what'], happen: (end: End) => void): Chance => ({ label, what, happen });
    switch (life.phase) {
      case 'asked':
        return [
          chance('refuse', () => {
            life.phase = 'refused';
            const refusal = { kind: 'not-executed', stage: 'fork', errno: 11, code: 'EAGAIN' } as const;
            tell({ kind: 'refused', generation, end: refusal });
          }),
          chance('fork', () => {
            life.phase = 'forked';
            tell({ kind: 'spawned', generation, pid: generation });
          }),
        ];
      case 'forked':
        return [
          chance('exec', () => {
            life.phase = 'running';
            tell({ kind: 'executed', generation });
          }),
          ...(life.isKilled || life.isSignalled ? [chance('obey', end)] : []),
        ];
      case 'running': {
        const { spec } = this.unitOf(label);
        const isProbed = spec.readyBy === 'probe' && spec.type === 'service' && !life.isReady;
        const ready = chance('ready', () => {
          life.isReady = true;
          tell({ kind: 'ready', generation });
        });
        return [
          chance('end', end),
          ...(isProbed ? [ready] : []),
          ...(life.isKilled || life.isSignalled ? [chance('obey', end)] : []),
        ];
      }
      case 'ended':
        return [
          chance('empty', () => {
            life.phase = 'empty';
            tell({ kind: 'emptied', generation });
          }),
        ];
      case 'empty':
      case 'refused':
        return [];
    }
  }

  /** Its health checks have failed, if it is running. */
  sicken(label: string): void {
    const { state } = this.unitOf(label);
    if (state.kind === 'running') this.#happened(label, { kind: 'unhealthy', generation: state.generation });
  }

  /**
   * Everything works from now on, processes start, become ready, obey, and oneshots do what they are for, until nothing
   * more happens by itself. Fails after more than `most` happenings.
   */
  settle(most: number): void {
    for (let done = 0; done <= most; done++) {
      const next = this.#next();
      if (next === undefined) return;
      next.happen(GOOD);
    }
    const moving = this.chances().map(({ label, what }) => `${label} ${what}`);
    throw new Error(`not at rest after ${most} happenings: ${moving.join(', ')}`);
  }

  #next(): Chance | undefined {
    const chances = this.chances();
    const isWanted = ({ label, what }: Chance): boolean => {
      if (what === 'refuse' || what === 'timer') return false;
      return what !== 'end' || this.unitOf(label).spec.type === 'oneshot';
    };
    return chances.find(isWanted) ?? chances.find(({ what }) => what === 'timer');
  }
}

function timerKey(label: string, timer: TimerName): string {
  return `${label} ${timer}`;
}

function isAlive({ phase }: Life): boolean {
  return phase !== 'empty' && phase !== 'refused';
}
