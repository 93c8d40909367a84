import type { Effect } from '../effect.ts';
import type { UnitEvent } from '../event.ts';
import type { End } from '../state.ts';
import type { Unit } from '../step.ts';
import { transition } from '../transition.ts';
import type { Scene } from './forecast.ts';
import { phaseOf } from './phase.ts';
import { Plan, type Told } from './plan.ts';
import { RankQueue } from './rank-queue.ts';

/** How long a unit's starts and stops take, in milliseconds; undefined where nothing is known. */
export interface Timing {
  readonly start: number | undefined;
  readonly stop: number | undefined;
}

/** A start or a stop of one unit, in the rehearsal's own time. */
export interface Move {
  readonly label: string;
  readonly action: 'start' | 'stop';
  readonly beginMs: number;
  endMs: number;
  /** It had begun before. */
  readonly isUnderway: boolean;
}

/** What nothing is known of takes some time all the same, so that what waits for it comes later. */
const UNKNOWN_MS = 1;

/** Nothing takes longer than a rehearsal that does not come to its end. */
const MOST_EVENTS_EACH = 50;

/** Numbers of its own generations: higher than any real one. */
const FIRST_GENERATION = 2 ** 40;

const GOOD: End = { kind: 'exited', code: 0 };

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly label: string;
  readonly events: readonly UnitEvent[];
}

/**
 * The units as they are, in a world where every process does what it is asked to, in the time that it took before. The plan and
 * the transitions are the real ones; effects come to nothing but the events that a well-behaved process would answer with.
 */
export class Rehearsal {
  readonly #scene: Scene;
  readonly #units = new Map<string, Unit>();
  readonly #moves: Move[] = [];
  readonly #open = new Map<string, Move>();
  readonly #due = new RankQueue<Due>(({ atMs, order }) => atMs + order * 1e-7);
  readonly #plan: Plan;
  #effects: { readonly label: string; readonly effect: Effect }[] = [];
  #nowMs = 0;
  #order = 0;
  #generation = FIRST_GENERATION;

  constructor(scene: Scene) {
    this.#scene = scene;
    for (const label of scene.graph.keys()) this.#takeUp(label, this.#unit(label));
    this.#plan = new Plan(scene.graph, {
      unit: (label) => this.#unit(label),
      step: (label, event) => {
        this.#step(label, event);
      },
    });
  }

  /** Gives the order and plays it to its end; the moves in the order in which they begin. */
  play(told: readonly Told[]): readonly Move[] {
    this.#carryOut();
    this.#plan.tell(told);
    this.#carryOut();
    let left = MOST_EVENTS_EACH * (this.#scene.graph.size + told.length);
    for (let due = this.#due.pop(); due !== undefined && left > 0; due = this.#due.pop()) {
      left -= 1;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      const { label, events } = due;
      this.#plan.tell(events.map((event) => ({ label, event })));
      this.#carryOut();
    }
    return this.#moves
      .filter(({ endMs }) => endMs < Infinity)
      .sort((one, other) => one.beginMs - other.beginMs);
  }

  #unit(label: string): Unit {
    const known = this.#units.get(label);
    if (known !== undefined) return known;
    const unit = this.#scene.unitOf(label);
    this.#units.set(label, unit);
    return unit;
  }

  /** What has begun comes to its end; so long as it takes as a whole, since it is not known for how long it has gone on. */
  #takeUp(label: string, unit: Unit): void {
    const { state } = unit;
    const phase = phaseOf(unit);
    if (phase !== undefined) this.#begin(label, phase, true);
    if (state.kind === 'starting' && state.pid !== undefined) this.#goUp(label, unit, state.generation);
    else if (state.kind === 'starting') this.#spawned(label, state.generation);
    else if (state.kind === 'clearing')
      this.#later(label, 0, { kind: 'emptied', generation: state.generation });
    else if (state.kind === 'stopping' && state.rung !== 'wait')
      this.#goDown(label, state.generation, state.end !== undefined);
    else if (state.kind === 'undoing' && state.step !== 'wait')
      this.#later(label, this.#stopMs(label), {
        kind: 'command-ended',
        generation: unit.generation,
        isDone: true,
      });
  }

  #step(label: string, event: UnitEvent): void {
    const before = this.#unit(label);
    const moment = {
      atMs: this.#nowMs,
      chance: 0.5,
      nextGeneration: this.#generation,
      nextSequence: 0,
    };
    const { unit, effects, verdict } = transition(before, event, moment);
    if (verdict !== 'move') return;
    this.#units.set(label, unit);
    this.#note(label, before, unit);
    for (const effect of effects) {
      if (effect.kind === 'spawn') this.#generation += 1;
      this.#effects.push({ label, effect });
    }
  }

  /** Where a move begins and ends. A oneshot of which nothing has to be undone is stopped in no time. */
  #note(label: string, before: Unit, after: Unit): void {
    const was = phaseOf(before);
    const is = phaseOf(after);
    if (was === 'start' && after.state.kind === 'clearing') return;
    if (was === undefined && is === undefined && wasDone(before) && isDown(after)) {
      this.#begin(label, 'stop', false);
      this.#end(label);
    }
    if (was !== is || before.state.kind === 'clearing') this.#end(label);
    if (was !== is && is !== undefined) this.#begin(label, is, false);
  }

  #begin(label: string, action: Move['action'], isUnderway: boolean): void {
    const move = { label, action, beginMs: this.#nowMs, endMs: Infinity, isUnderway };
    this.#open.set(label, move);
    this.#moves.push(move);
  }

  #end(label: string): void {
    const move = this.#open.get(label);
    if (move !== undefined) move.endMs = this.#nowMs;
    this.#open.delete(label);
  }

  #carryOut(): void {
    const effects = this.#effects;
    this.#effects = [];
    for (const { label, effect } of effects) this.#answer(label, effect);
  }

  #answer(label: string, effect: Effect): void {
    const { spec } = this.#unit(label);
    switch (effect.kind) {
      case 'spawn':
        this.#spawned(label, effect.generation);
        return;
      case 'signal':
        this.#goDown(label, effect.generation, false);
        return;
      case 'kill':
        this.#later(label, 0, { kind: 'emptied', generation: effect.generation });
        return;
      case 'run-command':
        if (spec.type === 'oneshot')
          this.#later(label, this.#stopMs(label), {
            kind: 'command-ended',
            generation: effect.generation,
            isDone: true,
          });
        else this.#goDown(label, effect.generation, false);
        return;
      case 'probe':
      case 'find-main':
      case 'kill-command':
      case 'set-timer':
      case 'cancel-timer':
      case 'tell':
    }
  }

  #spawned(label: string, generation: number): void {
    this.#later(label, 0, { kind: 'spawned', generation, pid: 1 });
    this.#goUp(label, this.#unit(label), generation);
  }

  /** It becomes ready, or comes to its end, after its time. */
  #goUp(label: string, { spec }: Unit, generation: number): void {
    const afterMs = this.#scene.timingOf(label).start ?? UNKNOWN_MS;
    if (spec.type === 'oneshot') {
      const [code] = spec.success.codes;
      const end: End = code === undefined ? GOOD : { kind: 'exited', code };
      this.#later(label, afterMs, { kind: 'exited', generation, end }, { kind: 'emptied', generation });
    } else if (spec.readyBy === 'main-process') {
      this.#later(label, afterMs, { kind: 'main-changed', generation, pid: 2 });
    } else if (spec.readyBy === 'probe') {
      this.#later(label, afterMs, { kind: 'ready', generation });
    } else {
      this.#later(label, afterMs, { kind: 'executed', generation });
    }
  }

  #goDown(label: string, generation: number, hasEnded: boolean): void {
    const main = { kind: 'main-exited', generation, end: GOOD } as const;
    const ends: readonly UnitEvent[] = hasEnded ? [] : [{ kind: 'exited', generation, end: GOOD }, main];
    this.#later(label, this.#stopMs(label), ...ends, { kind: 'emptied', generation });
  }

  #stopMs(label: string): number {
    return this.#scene.timingOf(label).stop ?? UNKNOWN_MS;
  }

  #later(label: string, afterMs: number, ...events: readonly UnitEvent[]): void {
    this.#order += 1;
    this.#due.push({ atMs: this.#nowMs + afterMs, order: this.#order, label, events });
  }
}

function wasDone({ state, spec }: Unit): boolean {
  return spec.type === 'oneshot' && (state.kind === 'finished' || state.kind === 'undoing');
}

function isDown({ state }: Unit): boolean {
  return state.kind === 'stopped' || state.kind === 'waiting' || state.kind === 'starting';
}
