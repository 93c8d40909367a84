import { failure, type Failure } from '../base/failure.ts';
import { NO_CAUSE, type Cause } from '../supervisor/cause.ts';
import type { OrderReason, UnitEvent } from '../supervisor/event.ts';
import { besideSpec, endsWithBoth, mayBeReplaced, retired } from '../supervisor/replace.ts';
import { liveGeneration, publicState, type Running, type Starting } from '../supervisor/state.ts';
import { newUnit, type Unit } from '../supervisor/transition.ts';
import type { ProcessEntry, Sys } from '../sys/sys.ts';
import type { Chronicle } from './chronicle.ts';
import { isDown } from './outcome.ts';
import { specOf } from './configured/spec.ts';
import type { Processes } from './processes.ts';
import { startFailure } from './reason.ts';
import { newRecord, type UnitRecord } from './unit-record.ts';

/** A replacement that somebody waits for: why it has failed, once it has. */
export interface Attempt {
  failure: Failure | undefined;
}

/** What replacements are carried out with. */
export interface ReplacementTools {
  readonly sys: Sys;
  readonly chronicle: Chronicle;
  readonly processes: Processes;
  /** Runs the action as a step of the mailbox; what it moves is written and carried out behind it. */
  readonly step: (action: () => void) => void;
  /** Moves a record, and all that this concerns, within a step. */
  readonly tell: (record: UnitRecord, event: UnitEvent) => void;
  /** What was moved so far is written and carried out. */
  readonly settle: () => void;
  /** Brings a record up to what the table says of its process. */
  readonly follow: (record: UnitRecord, entry: ProcessEntry) => void;
  /** Lets go of what a record holds. */
  readonly release: (record: UnitRecord) => void;
  /** Nothing may be left of what the record has. */
  readonly rest: (record: UnitRecord) => void;
}

/** Whoever waits for what becomes of a unit's replacement, and why it was ordered. */
interface Waiting {
  readonly attempts: readonly Attempt[];
  readonly cause: Cause;
}

/**
 * Units that have two generations: the unit's own, and one beside it in a record of its own that is not among the units
 * (`src/supervisor/replace.ts` says how they move). A younger one is to take the place of the unit's own, an older one has
 * lost its place and is being stopped. There is never a third: what is ordered while one of them is being stopped comes
 * when that is gone.
 *
 * Exchanging and forgetting come between steps, when all that both have moved is carried out.
 */
export class Replacements {
  readonly #tools: ReplacementTools;
  readonly #present = new Map<UnitRecord, Waiting>();
  readonly #next = new Map<UnitRecord, Waiting>();

  constructor(tools: ReplacementTools) {
    this.#tools = tools;
  }

  /** Whether a new generation is on its way to take the place of the unit's own. */
  isUnderWay(main: UnitRecord): boolean {
    return replacementOf(main) !== undefined && mayBeReplaced(main.unit);
  }

  /**
   * A restart of a unit by replacement; of one that is not running the usual one. Where a replacement is under way the
   * order joins it.
   */
  order(main: UnitRecord, attempt: Attempt, cause: Cause): void {
    const { chronicle, tell, step } = this.#tools;
    step(() => {
      if (this.isUnderWay(main)) {
        const { attempts = [] } = this.#present.get(main) ?? {};
        this.#present.set(main, { attempts: [...attempts, attempt], cause });
      } else if (main.unit.state.kind !== 'running') {
        tell(main, { kind: 'order-stop', reason: 'restart', cause });
      } else if (main.beside === undefined) {
        this.#begin(main, { attempts: [attempt], cause });
      } else {
        const { attempts = [] } = this.#next.get(main) ?? {};
        this.#next.set(main, { attempts: [...attempts, attempt], cause });
        main.replaceNext = main.unit.generation;
        chronicle.wanted(main);
        chronicle.flush();
      }
    });
  }

  /** Makes the record of another generation of the unit, which has none yet: it is down. */
  make(main: UnitRecord): UnitRecord {
    const { label, unit, owner, launch, keep } = main;
    if (main.beside !== undefined) throw new Error(`${label} has two generations already`);
    const beside = newRecord(newUnit(besideSpec(unit.spec)), this.#tools.sys.clock.realtimeNs(), {
      owner,
      launch,
      stdio: [undefined, undefined, undefined],
      onExit: main.onExit,
      keep,
      besideOf: main,
    });
    beside.configured = main.configured?.again();
    main.beside = beside;
    return beside;
  }

  #begin(main: UnitRecord, waiting: Waiting): void {
    const beside = this.make(main);
    this.#present.set(main, waiting);
    this.#tools.tell(beside, { kind: 'order-start', cause: waiting.cause });
  }

  /** Goes on where an earlier archond stopped, with the two generations as they were found. */
  resume(main: UnitRecord): void {
    this.#tools.step(() => {
      this.look(main);
    });
  }

  /**
   * Whether that nothing is left of the unit's own generation is not to be known yet: another one is to take its place, or
   * has to be gone as well.
   */
  holdsBack(record: UnitRecord): boolean {
    const { beside, besideOf, unit } = record;
    if (besideOf !== undefined || beside === undefined || isDown(beside)) return false;
    return replacementOf(record) !== undefined || endsWithBoth(unit);
  }

  /** Does what has become due with the unit's two generations; between steps. */
  look(main: UnitRecord): void {
    const { beside } = main;
    if (beside === undefined) return;
    const replacement = replacementOf(main);
    if (isDown(beside)) {
      this.#forget(main, beside);
    } else if (replacement !== undefined && !mayBeReplaced(main.unit)) {
      this.#stop(beside, withdrawal(main.unit), main.unit.cause);
    } else if (replacement !== undefined) {
      if (replacement.kind === 'running' || (replacement.pid !== undefined && this.#isOver(main)))
        this.#exchange(main, beside, replacement);
    } else if (beside.unit.generation < main.unit.generation && beside.unit.state.kind !== 'stopping') {
      this.#stop(beside, 'replaced', main.unit.cause);
    }
    this.#goOn(main);
  }

  #stop(beside: UnitRecord, reason: OrderReason, cause: Cause): void {
    this.#tools.tell(beside, { kind: 'order-stop', reason, cause });
    this.#tools.settle();
  }

  /** The unit gets the generation that stood beside it, which gets that of the unit and is stopped. */
  #exchange(main: UnitRecord, beside: UnitRecord, by: Starting | Running): void {
    const { processes, tell, settle, follow } = this.#tools;
    const before = main.unit;
    const { cause: told } = beside.unit;
    swap(main, beside);
    processes.exchanged(main, beside);
    beside.unit = retired(before);
    beside.shownState = publicState(before.state);
    beside.sinceNs = main.sinceNs;
    this.#present.delete(main);
    tell(main, { kind: 'replaced', generation: before.generation, by, told });
    const { configured } = main;
    /* It was made by another definition, which the unit has from now on. */
    if (configured !== undefined && configured.definition !== beside.configured?.definition)
      main.unit = { ...main.unit, spec: specOf(configured.definition) };
    tell(beside, { kind: 'order-stop', reason: 'replaced', cause: main.unit.cause });
    settle();
    const entry = this.#entryOf(beside);
    if (entry?.state === 'empty') follow(beside, entry);
  }

  /** Nothing is left of the other generation. */
  #forget(main: UnitRecord, beside: UnitRecord): void {
    const { chronicle, release, rest } = this.#tools;
    const { generation, state, cause } = beside.unit;
    const next = main.replaceNext;
    const isNext = next === main.unit.generation && main.unit.state.kind === 'running';
    if (generation > main.unit.generation && state.kind !== 'stopped') this.#fail(main, beside, cause);
    this.#present.delete(main);
    main.beside = undefined;
    main.lastBeside = generation;
    main.replaceNext = undefined;
    const waiting = this.#next.get(main) ?? { attempts: [], cause: NO_CAUSE };
    this.#next.delete(main);
    if (isNext) this.#begin(main, waiting);
    chronicle.wanted(main);
    chronicle.flush();
    release(beside);
    this.#tools.settle();
    rest(main);
    for (const observer of [...main.observers]) observer(main);
  }

  /** The one that was to take the unit's place has come to nothing, by itself. */
  #fail(main: UnitRecord, beside: UnitRecord, cause: Cause): void {
    const { code, message, more } = startFailure(beside);
    const stays = main.unit.state.kind === 'running' ? '; the old process stays' : '';
    const why = failure(code, `the replacement of ${main.label} failed: ${message}${stays}`, more);
    const details = [
      ['what', 'not-replaced'],
      ['generation', String(beside.unit.generation)],
      ['why', message],
    ] as const;
    this.#tools.chronicle.append(main.label, 'note', details, cause);
    for (const attempt of this.#present.get(main)?.attempts ?? []) attempt.failure = why;
  }

  /** What was held back of the end of the unit's own generation, and need not be any more. */
  #goOn(main: UnitRecord): void {
    const entry = this.#entryOf(main);
    const isLive = entry !== undefined && liveGeneration(main.unit.state) === entry.generation;
    if (isLive && entry.state === 'empty' && !this.holdsBack(main)) this.#tools.follow(main, entry);
  }

  /** Nothing is left of the unit's own generation, and what was to be told of its end has been. */
  #isOver(main: UnitRecord): boolean {
    const { state } = main.unit;
    const isUntold =
      (state.kind === 'running' || (state.kind === 'stopping' && state.end === undefined)) &&
      state.main === 'first';
    return !isUntold && this.#entryOf(main)?.state === 'empty';
  }

  #entryOf({ ref }: UnitRecord): ProcessEntry | undefined {
    return ref === undefined ? undefined : this.#tools.sys.keeper.entry(ref);
  }
}

/** The generation that is on its way to take the place of the unit's own. */
function replacementOf({ unit, beside }: UnitRecord): Starting | Running | undefined {
  const state = beside?.unit.state;
  const isUp = state?.kind === 'starting' || state?.kind === 'running';
  return isUp && state.generation > unit.generation ? state : undefined;
}

/** Why a replacement is stopped whose unit goes down. */
function withdrawal({ state }: Unit): OrderReason {
  const reason = state.kind === 'stopping' ? state.reason : undefined;
  return reason === 'requested' || reason === 'shutdown' || reason === 'conflict' ? reason : 'withdrawn';
}

/** What belongs to a process, and not to the unit. */
function swap(one: UnitRecord, other: UnitRecord): void {
  const { launch, configured, ref, pid, startTicks, stoppedFor, usage, timers } = one;
  const own = { launch, configured, ref, pid, startTicks, stoppedFor, usage, timers };
  one.launch = other.launch;
  one.configured = other.configured;
  one.ref = other.ref;
  one.pid = other.pid;
  one.startTicks = other.startTicks;
  one.stoppedFor = other.stoppedFor;
  one.usage = other.usage;
  one.timers = other.timers;
  Object.assign(other, own);
}
