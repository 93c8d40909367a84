import { byRequest, type Cause } from '../../src/supervisor/cause.ts';
import type { Effect, TimerName } from '../../src/supervisor/effect.ts';
import type { Moment, OrderReason, UnitEvent } from '../../src/supervisor/event.ts';
import type { Gate } from '../../src/supervisor/gate.ts';
import type { End } from '../../src/supervisor/state.ts';
import { newUnit, transition, type Step, type Unit } from '../../src/supervisor/transition.ts';
import type { UnitSpec } from '../../src/supervisor/unit.ts';
import { needLost, startFor, stopFor } from './units.ts';

/** What may happen next; where it makes no sense at the time it is nothing. */
export type Deed =
  /** Whatever is under way by itself: a telling, an answer, an exec, a process that obeys, a timer. */
  | { readonly kind: 'onward' }
  | { readonly kind: 'start' }
  | { readonly kind: 'stop'; readonly reason: OrderReason }
  /** What the plan tells. */
  | { readonly kind: 'gate'; readonly gate: Gate }
  | { readonly kind: 'lose' }
  /** What probes see: it serves, or no longer does. */
  | { readonly kind: 'serve' }
  | { readonly kind: 'sicken' }
  /** One of the others becomes the main process; or, where it was that, ends so. */
  | { readonly kind: 'hand-on'; readonly end: End }
  /** The stop command ends. */
  | { readonly kind: 'command'; readonly isDone: boolean }
  /** The keeper answers the spawn that it was asked for; `obeys`: its process will follow signals. */
  | { readonly kind: 'answer'; readonly refusal: End | undefined; readonly obeys: boolean }
  /** Exec succeeds, and the program starts so many others; or it fails. */
  | { readonly kind: 'exec'; readonly failure: End | undefined; readonly others: number }
  | { readonly kind: 'end'; readonly end: End }
  /** One of the others ends by itself. */
  | { readonly kind: 'fade' }
  /** Signals and kills that are under way take effect. */
  | { readonly kind: 'obey' }
  /** The next telling arrives; `merge`: if it is that of an exec that has an end behind it, it is left out. */
  | { readonly kind: 'hear'; readonly merge: boolean }
  /** A telling arrives that has arrived before. */
  | { readonly kind: 'again'; readonly which: number }
  /** Time passes; timers that are due ring, those that were cancelled too if `ghosts`. */
  | { readonly kind: 'pass'; readonly ms: number; readonly ghosts: boolean };

/** A generation as it really is, not as it was told. */
interface Life {
  readonly generation: number;
  phase: 'asked' | 'forked' | 'running' | 'ended' | 'empty' | 'refused';
  obeys: boolean;
  others: number;
  /** The main process is one of the others, or was. */
  main: 'first' | 'other' | 'gone';
  /** What is under way to it. */
  signalled: boolean;
  shot: boolean;
  killed: boolean;
  /** The answer to its spawn has arrived: it can be named to the keeper. */
  known: boolean;
}

/** One step, and what was so in the world when its effects were carried out. */
export interface Entry {
  readonly before: Unit;
  readonly event: UnitEvent;
  readonly moment: Moment;
  readonly step: Step;
  /** Generations that are not empty, before the effects. */
  readonly live: readonly number[];
  /** Those of them that can be named to the keeper. */
  readonly known: readonly number[];
  /** Timers that are set, after the effects. */
  readonly timers: readonly TimerName[];
}

const SIGKILL = 9;

/**
 * A keeper, processes, and a clock, for one unit: all that can happen to it and in every order in which
 * it can really be told. What is told comes in order within a generation, at least once, an exec maybe
 * not at all; copies come whenever they like.
 */
export class World {
  readonly entries: Entry[] = [];
  unit: Unit;
  atMs = 0;
  #nextSequence = 1;
  readonly #chances: readonly number[];
  readonly #lives: Life[] = [];
  readonly #inbox: UnitEvent[] = [];
  readonly #heard: UnitEvent[] = [];
  readonly #timers = new Map<TimerName, { readonly atMs: number; readonly due: UnitEvent }>();
  readonly #ghosts: UnitEvent[] = [];
  /** The stop command that runs; killed: it is about to end. */
  #command: { readonly generation: number; isKilled: boolean } | undefined;

  constructor(spec: UnitSpec, chances: readonly number[]) {
    this.unit = newUnit(spec);
    this.#chances = chances;
  }

  do(deed: Deed): void {
    const life = this.#lives.at(-1);
    switch (deed.kind) {
      case 'onward': {
        const next = this.#next();
        if (next !== undefined) this.do(next);
        return;
      }
      case 'start':
        this.#tell(startFor(this.#asked('Start')));
        return;
      case 'stop':
        this.#tell(stopFor(deed.reason, this.#asked('Stop')));
        return;
      case 'gate':
        this.#tell({ ...deed, cause: this.#asked('Start') });
        return;
      case 'lose':
        this.#tell(needLost(this.#asked('Stop')));
        return;
      case 'serve':
        if (life?.phase === 'running') this.#tell({ kind: 'ready', generation: life.generation });
        return;
      case 'sicken':
        if (life?.phase === 'running') this.#tell({ kind: 'unhealthy', generation: life.generation });
        return;
      case 'hand-on':
        if (life !== undefined && life.others > 0 && life.known) this.#handOn(life, deed.end);
        return;
      case 'command':
        if (this.#command !== undefined) this.#endCommand(this.#command.generation, deed.isDone);
        return;
      case 'answer':
        if (life?.phase === 'asked') this.#answer(life, deed.refusal, deed.obeys);
        return;
      case 'exec':
        if (life?.phase === 'forked') this.#exec(life, deed.failure, deed.others);
        return;
      case 'end':
        if (life?.phase === 'running') this.#over(life, deed.end);
        return;
      case 'fade':
        if (life !== undefined && life.others > 0) this.#fade(life);
        return;
      case 'obey':
        if (life !== undefined && isMoved(life)) this.#obey(life);
        return;
      case 'hear':
        this.#hear(deed.merge);
        return;
      case 'again':
        this.#again(deed.which);
        return;
      case 'pass':
        this.#pass(deed.ms, deed.ghosts);
        return;
    }
  }

  /** Tellings that have not arrived yet. */
  get underWay(): number {
    return this.#inbox.length;
  }

  /**
   * Lets everything that is under way arrive, every timer ring and every order be obeyed, until nothing
   * more happens by itself. Returns after how many deeds that is; fails after more than `most`.
   */
  settle(most: number): number {
    for (let done = 0; done <= most; done++) {
      const next = this.#next();
      if (next === undefined) return done;
      this.do(next);
    }
    throw new Error(`still ${this.unit.state.kind} after ${most} deeds`);
  }

  #next(): Deed | undefined {
    const life = this.#lives.at(-1);
    if (this.#inbox.length > 0) return { kind: 'hear', merge: false };
    if (life?.phase === 'asked') return { kind: 'answer', refusal: undefined, obeys: false };
    if (life !== undefined && isMoved(life)) return { kind: 'obey' };
    if (this.#command?.isKilled === true) return { kind: 'command', isDone: false };
    const { state, gate } = this.unit;
    if (state.kind === 'stopping' && state.rung === 'wait' && gate.isNeeded)
      return { kind: 'gate', gate: { ...gate, isNeeded: false } };
    if (state.kind === 'undoing' && state.step === 'wait')
      return { kind: 'gate', gate: { ...gate, isNeeded: false } };
    if (life?.phase === 'forked')
      return { kind: 'exec', failure: undefined, others: this.unit.spec.leavesMain ? 1 : 0 };
    const towardsReady = life === undefined ? undefined : this.#towardsReady(life);
    if (towardsReady !== undefined) return towardsReady;
    const first = Math.min(...[...this.#timers.values()].map(({ atMs }) => atMs));
    return first === Infinity
      ? undefined
      : { kind: 'pass', ms: Math.max(first - this.atMs, 0), ghosts: false };
  }

  /** What a process does that wants to get on. */
  #towardsReady({ phase, others, main }: Life): Deed | undefined {
    const { state, spec } = this.unit;
    if (state.kind !== 'starting' || !state.hasExecuted) return undefined;
    if (spec.type === 'oneshot') {
      const end: End = { kind: 'exited', code: 0 };
      if (main === 'other') return { kind: 'hand-on', end };
      return phase === 'running' ? { kind: 'end', end } : undefined;
    }
    if (spec.readyBy === 'probe') return phase === 'running' ? { kind: 'serve' } : undefined;
    const canHandOn = others > 0 && main === 'first';
    return canHandOn ? { kind: 'hand-on', end: { kind: 'unknown' } } : undefined;
  }

  #answer(life: Life, refusal: End | undefined, obeys: boolean): void {
    const { generation } = life;
    life.phase = refusal === undefined ? 'forked' : 'refused';
    life.obeys = obeys;
    this.#inbox.push(
      refusal === undefined
        ? { kind: 'spawned', generation, pid: 100 + generation }
        : { kind: 'refused', generation, end: refusal },
    );
  }

  #exec(life: Life, failure: End | undefined, others: number): void {
    if (failure !== undefined) {
      this.#over(life, failure);
      return;
    }
    life.phase = 'running';
    life.others = others;
    this.#inbox.push({ kind: 'executed', generation: life.generation });
  }

  #over(life: Life, end: End): void {
    life.phase = 'ended';
    this.#inbox.push({ kind: 'exited', generation: life.generation, end });
    this.#checkEmpty(life);
  }

  #fade(life: Life): void {
    if (life.main === 'other' && life.others === 1) {
      this.#handOn(life, { kind: 'unknown' });
      return;
    }
    life.others -= 1;
    if (life.phase === 'ended') this.#checkEmpty(life);
  }

  #obey(life: Life): void {
    if (life.main === 'other') {
      life.main = 'gone';
      life.others -= 1;
      const end = { kind: 'signalled', signal: 15, core: false } as const;
      this.#inbox.push({ kind: 'main-exited', generation: life.generation, end });
      life.signalled = life.shot = false;
    }
    if (life.killed) life.others = 0;
    if (life.main === 'gone' && !life.killed) {
      if (life.phase === 'ended') this.#checkEmpty(life);
      return;
    }
    const signal = life.killed || life.shot ? SIGKILL : this.unit.spec.stop.signal;
    if (life.phase === 'ended') this.#checkEmpty(life);
    else this.#over(life, { kind: 'signalled', signal, core: false });
  }

  #handOn(life: Life, end: End): void {
    const { generation } = life;
    if (life.main === 'first') {
      life.main = 'other';
      this.#inbox.push({ kind: 'main-changed', generation, pid: 1000 + generation });
    } else if (life.main === 'other') {
      life.main = 'gone';
      this.#inbox.push({ kind: 'main-exited', generation, end });
      this.#fade(life);
    }
  }

  #endCommand(generation: number, isDone: boolean): void {
    this.#command = undefined;
    this.#tell({ kind: 'command-ended', generation, isDone });
  }

  #checkEmpty(life: Life): void {
    if (life.others > 0) return;
    life.phase = 'empty';
    this.#inbox.push({ kind: 'emptied', generation: life.generation });
  }

  #hear(merge: boolean): void {
    const told = this.#inbox.shift();
    if (told === undefined) return;
    if (merge && told.kind === 'executed' && this.#inbox[0]?.kind === 'exited') {
      this.#hear(false);
      return;
    }
    if (told.kind === 'spawned') this.#lives.forEach((life) => (life.known ||= life.phase !== 'asked'));
    /* An answer comes once; what the table says may be told as often as it is looked at. */
    if (told.kind !== 'spawned' && told.kind !== 'refused') this.#heard.push(told);
    this.#tell(told);
  }

  #again(which: number): void {
    const told = this.#heard[which % Math.max(this.#heard.length, 1)];
    if (told !== undefined) this.#tell(told);
  }

  #pass(ms: number, ghosts: boolean): void {
    this.atMs += ms;
    for (const [name, { atMs, due }] of [...this.#timers].sort(([, a], [, b]) => a.atMs - b.atMs)) {
      if (atMs > this.atMs || this.#timers.get(name)?.due !== due) continue;
      this.#timers.delete(name);
      this.#tell(due);
    }
    const late = ghosts ? this.#ghosts.splice(0) : [];
    for (const due of late) this.#tell(due);
  }

  #tell(event: UnitEvent): void {
    const before = this.unit;
    const chance = this.#chances[this.entries.length % this.#chances.length] ?? 0;
    const moment = {
      atMs: this.atMs,
      chance,
      nextGeneration: this.#lives.length + 1,
      nextSequence: this.#nextSequence,
    };
    const step = transition(before, event, moment);
    this.unit = step.unit;
    const lives = this.#lives.filter(({ phase }) => phase !== 'empty' && phase !== 'refused');
    const live = lives.map(({ generation }) => generation);
    const known = this.#lives.filter((life) => life.known).map(({ generation }) => generation);
    this.#nextSequence += step.effects.filter(({ kind }) => kind === 'tell').length;
    for (const effect of step.effects) this.#carryOut(effect);
    this.entries.push({ before, event, moment, step, live, known, timers: [...this.#timers.keys()] });
  }

  /** Each order is another client's. */
  #asked(verb: string): Cause {
    return byRequest(0, this.entries.length, verb);
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'spawn': {
        const { generation } = effect;
        const still = { obeys: false, others: 0, signalled: false, shot: false, killed: false, known: false };
        this.#lives.push({ generation, phase: 'asked', main: 'first', ...still });
        return;
      }
      case 'signal':
      case 'kill': {
        const life = this.#lives.find(({ generation }) => generation === effect.generation);
        if (life?.known !== true) return;
        if (effect.kind === 'kill') life.killed = true;
        else if (effect.signal === SIGKILL) life.shot = true;
        else life.signalled = true;
        return;
      }
      case 'set-timer':
        this.#cancel(effect.timer);
        this.#timers.set(effect.timer, effect);
        return;
      case 'cancel-timer':
        this.#cancel(effect.timer);
        return;
      case 'run-command':
        this.#command = { generation: effect.generation, isKilled: false };
        return;
      case 'kill-command':
        if (this.#command?.generation === effect.generation) this.#command.isKilled = true;
        return;
      case 'probe':
      case 'find-main':
      case 'tell':
        return;
    }
  }

  #cancel(timer: TimerName): void {
    const set = this.#timers.get(timer);
    if (set !== undefined) this.#ghosts.push(set.due);
    this.#timers.delete(timer);
  }
}

/** Something is under way to it that it cannot resist. */
function isMoved({ phase, killed, shot, signalled, obeys, main }: Life): boolean {
  const hasFirst = phase === 'forked' || phase === 'running';
  const hasMain = main === 'first' ? hasFirst : main === 'other';
  if (main === 'gone' && hasFirst) return killed;
  return hasMain ? killed || shot || (signalled && obeys) : killed && phase === 'ended';
}
