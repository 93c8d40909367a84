import type { Descriptor, ProcessEntry, ProcessRef, Sys, SysError } from '../sys/sys.ts';
import type { Effect } from '../supervisor/effect.ts';
import type { UnitEvent } from '../supervisor/event.ts';
import { publicState, type End } from '../supervisor/state.ts';
import { newUnit, transition } from '../supervisor/transition.ts';
import { adoptedUnit, adoptionEffects, type Found } from '../supervisor/adopt.ts';
import { DEFAULT_STOP, restartPolicy, type UnitSpec } from '../supervisor/unit.ts';
import type { Chronicle } from './chronicle.ts';
import { spawnOrder, type Launch } from './launch.ts';
import type { Log } from './log.ts';
import { Mailbox } from './mailbox.ts';
import { isDown } from './outcome.ts';
import { toTags } from './tags.ts';
import { UnitOutput, type OutputTarget } from './unit-output.ts';
import type { UnitRecord } from './unit-record.ts';

/** The contract's bounds of the records of Runs that nobody has asked for. */
const ENDED_KEPT_MS = 3_600_000;
const ENDED_KEPT = 10_000;

const WATCH_PREFIX = 'watch:';

/** What the keeper calls the descriptor of a watched process. */
export function watchName(label: string): string {
  return `${WATCH_PREFIX}${label}`;
}

/** The label whose watch the keeper calls so, if it is one. */
export function watchedLabel(name: string): string | undefined {
  return name.startsWith(WATCH_PREFIX) ? name.slice(WATCH_PREFIX.length) : undefined;
}

/** What a unit is made of when it is added. */
export interface NewUnit {
  readonly spec: UnitSpec;
  readonly launch: Launch | undefined;
  readonly stdio: readonly [Descriptor | undefined, Descriptor | undefined, Descriptor | undefined];
  readonly keep: boolean;
}

/**
 * The units and the one place where their states change. Events come in through the mailbox, one step
 * at a time; effects are carried out behind it, and their outcomes come back as events.
 */
export class Supervisor {
  readonly records = new Map<string, UnitRecord>();
  readonly #byGeneration = new Map<number, UnitRecord>();
  readonly #sys: Sys;
  readonly #log: Log;
  readonly #logDir: string;
  readonly #chronicle: Chronicle;
  readonly #mailbox: Mailbox;
  readonly #emptyInput: Descriptor;
  /** Runs that ended and were not asked for, oldest first. */
  readonly #ended: UnitRecord[] = [];
  #generation: number;

  constructor(sys: Sys, log: Log, logDir: string, emptyInput: Descriptor, chronicle: Chronicle) {
    this.#sys = sys;
    this.#log = log;
    this.#logDir = logDir;
    this.#emptyInput = emptyInput;
    this.#chronicle = chronicle;
    this.#generation = sys.keeper.lastGeneration();
    this.#mailbox = new Mailbox((error) => {
      log.error('a step failed', { error: String(error) });
    });
  }

  /** Adds a unit that is down. Its label must be free. */
  add(made: NewUnit): UnitRecord {
    const record: UnitRecord = {
      label: made.spec.label,
      unit: newUnit(made.spec),
      launch: made.launch,
      stdio: [...made.stdio],
      output: undefined,
      ref: undefined,
      pid: undefined,
      startTicks: undefined,
      sinceNs: this.#sys.clock.realtimeNs(),
      shownState: 'stopped',
      keep: made.keep,
      waiters: 0,
      stoppedFor: undefined,
      watched: undefined,
      usage: undefined,
      timers: new Map(),
      observers: new Set(),
    };
    this.records.set(record.label, record);
    return record;
  }

  /** Where the log of a unit lies: below the folder, slashes of the label making folders. */
  logPath(label: string): string {
    return `${this.#logDir}/${label}.log`;
  }

  /** What the output of a unit goes to. */
  outputTarget(label: string, generation: number): OutputTarget {
    const failed = (problem: SysError): void => {
      this.#log.warn('output cannot be kept', { label, call: problem.call, error: problem.code });
    };
    return { label, generation, path: this.logPath(label), failed };
  }

  /** Watches a process that was not started here; the descriptor is the record's. `pid` is undefined once it has been reaped. */
  watch(label: string, pidfd: Descriptor, pid: number | undefined): UnitRecord {
    const spec: UnitSpec = { label, origin: 'watched', restart: restartPolicy('never'), stop: DEFAULT_STOP };
    const record = this.add({
      spec,
      launch: undefined,
      stdio: [undefined, undefined, undefined],
      keep: true,
    });
    this.#generation += 1;
    const generation = this.#generation;
    record.pid = pid;
    const startedAtMs = this.#sys.clock.monotonicMs();
    this.put(record, { generation, pid: pid ?? 0, startedAtMs, stage: 'alive' });
    this.#sys.keeper.store(watchName(label), pidfd, true, () => undefined);
    const cancel = this.#sys.pidfds.watch(pidfd, (end) => {
      this.post(record, { kind: 'exited', generation, end });
      this.post(record, { kind: 'emptied', generation });
    });
    const stop = (): void => {
      cancel();
      this.#sys.keeper.drop(watchName(label), () => undefined);
      this.#sys.descriptors.close(pidfd);
    };
    record.watched = { pidfd, end: stop };
    return record;
  }

  /** How a unit is made and kept, which was not known when it was found. */
  learn(record: UnitRecord, spec: UnitSpec, launch: Launch): void {
    record.launch = launch;
    record.unit = { ...record.unit, spec };
  }

  /** Puts a unit where it was found. The one other place where a state is written. */
  put(record: UnitRecord, found: Found): void {
    const { spec } = record.unit;
    record.unit = adoptedUnit(spec, found);
    record.shownState = publicState(record.unit.state);
    for (const effect of adoptionEffects(spec, found)) this.#carryOut(record, effect);
  }

  /** Forgets a unit that is down: at once for everybody; its pipe, descriptors and entry go after what is being answered. */
  remove(record: UnitRecord): void {
    if (this.records.get(record.label) === record) {
      this.records.delete(record.label);
      this.#chronicle.removed(record.label, record.unit.spec.origin === 'daemon');
    }
    queueMicrotask(() => {
      this.#release(record);
    });
  }

  /** Of what is down nothing more comes: its pipe goes, unless it holds what its log could not take. */
  #closeOutput(record: UnitRecord): void {
    if (record.output?.drain() !== true) return;
    record.output.discard();
    record.output = undefined;
  }

  #release(record: UnitRecord): void {
    record.timers.forEach((cancel) => {
      cancel();
    });
    record.watched?.end();
    record.watched = undefined;
    record.output?.discard();
    record.output = undefined;
    this.#closeStdio(record);
    this.#giveBack(record);
  }

  #closeStdio(record: UnitRecord): void {
    for (const descriptor of record.stdio) {
      if (descriptor !== undefined) this.#sys.descriptors.close(descriptor);
    }
    record.stdio.fill(undefined);
  }

  /** Removes a unit that could not be started, as soon as nothing of it is left, and tries no further. */
  abandon(record: UnitRecord): void {
    if (!isDown(record)) this.post(record, { kind: 'order-stop', reason: 'requested' });
    const observe = (): void => {
      if (!isDown(record)) return;
      record.observers.delete(observe);
      this.remove(record);
    };
    record.observers.add(observe);
    observe();
  }

  /** Keeps the record of a Run that has ended until it is waited for, forgotten, or too old. */
  keepEnded(record: UnitRecord): void {
    this.#ended.push(record);
    this.#sys.timers.at(this.#sys.clock.monotonicMs() + ENDED_KEPT_MS, () => {
      this.#dropEnded(record);
    });
    const [oldest] = this.#ended;
    if (this.#ended.length > ENDED_KEPT && oldest !== undefined) this.#dropEnded(oldest);
  }

  #dropEnded(record: UnitRecord): void {
    const at = this.#ended.indexOf(record);
    if (at >= 0) this.#ended.splice(at, 1);
    if (this.records.get(record.label) === record && isDown(record)) this.remove(record);
  }

  /** Puts an event into the mailbox. */
  post(record: UnitRecord, event: UnitEvent): void {
    this.#mailbox.post(() => {
      this.#step(record, event);
    });
  }

  /** The keeper told of a process: `exited` and `empty` become events, each once. */
  processChanged(ref: ProcessRef): void {
    const record = this.#byGeneration.get(ref.generation);
    const entry = this.#sys.keeper.entry(ref);
    if (record !== undefined && entry !== undefined) this.follow(record, entry);
  }

  /** Brings a record up to what the table says of its process. */
  follow(record: UnitRecord, entry: ProcessEntry): void {
    const { generation } = entry;
    this.#byGeneration.set(generation, record);
    record.ref = { index: entry.index, generation };
    if (entry.state === 'running') this.post(record, { kind: 'executed', generation });
    if (entry.end === undefined || (entry.state !== 'exited' && entry.state !== 'empty')) return;
    const end: End = entry.end;
    const isEmpty = entry.state === 'empty';
    this.#mailbox.post(() => {
      record.usage = entry.usage;
      /* The last that the process wrote is in the log before its end is told. */
      record.output?.drain();
      this.#step(record, { kind: 'exited', generation, end });
      /* Before the step that may spawn the next generation and give this entry back. */
      this.#sys.keeper.acknowledge(entry, isEmpty ? 'empty' : 'exited');
      if (!isEmpty) return;
      this.#byGeneration.delete(generation);
      this.#step(record, { kind: 'emptied', generation });
    });
  }

  #step(record: UnitRecord, event: UnitEvent): void {
    const { clock, chance } = this.#sys;
    const moment = { atMs: clock.monotonicMs(), chance: chance(), nextGeneration: this.#generation + 1 };
    const step = transition(record.unit, event, moment);
    if (step.verdict === 'impossible') {
      this.#log.error('an event that cannot be', { label: record.label, event: event.kind, why: step.why });
    }
    if (step.verdict !== 'move') return;
    record.unit = step.unit;
    const shown = publicState(step.unit.state);
    if (shown !== record.shownState) record.sinceNs = clock.realtimeNs();
    record.shownState = shown;
    const { state } = step.unit;
    if (state.kind === 'stopping') record.stoppedFor = state.reason;
    else if (state.kind === 'starting') record.stoppedFor = undefined;
    for (const effect of step.effects) if (effect.kind === 'tell') this.#chronicle.tell(record, effect.event);
    this.#chronicle.wanted(record);
    /* Written before it is acted on. */
    this.#chronicle.flush();
    for (const effect of step.effects) this.#carryOut(record, effect);
    if (isDown(record)) {
      this.#closeOutput(record);
      if (record.unit.spec.origin === 'run') this.#closeStdio(record);
    }
    for (const observer of [...record.observers]) observer(record);
  }

  #carryOut(record: UnitRecord, effect: Effect): void {
    switch (effect.kind) {
      case 'spawn':
        this.#spawn(record, effect.generation);
        return;
      case 'signal':
        if (record.ref?.generation === effect.generation) {
          this.#sys.keeper.signal(record.ref, effect.signal, effect.scope, () => undefined);
        }
        return;
      case 'kill':
        this.#kill(record, effect.generation);
        return;
      case 'set-timer': {
        record.timers.get(effect.timer)?.();
        const cancel = this.#sys.timers.at(effect.atMs, () => {
          record.timers.delete(effect.timer);
          this.post(record, effect.due);
        });
        record.timers.set(effect.timer, cancel);
        return;
      }
      case 'cancel-timer':
        record.timers.get(effect.timer)?.();
        record.timers.delete(effect.timer);
        return;
      case 'tell': // it was told before
        return;
    }
  }

  /** Most leave nothing behind: what the table says is empty needs no killing. */
  #kill(record: UnitRecord, generation: number): void {
    const { ref } = record;
    if (ref?.generation !== generation || this.#sys.keeper.entry(ref)?.state === 'empty') return;
    this.#sys.keeper.kill(ref, () => undefined);
  }

  #spawn(record: UnitRecord, generation: number): void {
    this.#generation = generation;
    this.#giveBack(record);
    const { launch, label } = record;
    if (launch === undefined) {
      this.#refuse(record, generation, 'request', 'ENODATA', 61);
      return;
    }
    const descriptors = this.#descriptorsFor(record, launch, generation);
    if (typeof descriptors === 'string') {
      this.#refuse(record, generation, 'descriptors', descriptors, 0);
      return;
    }
    const tags = toTags({ spec: record.unit.spec, keep: record.keep });
    const order = spawnOrder(launch, label, generation, descriptors, tags, record.output?.identity);
    this.#byGeneration.set(generation, record);
    this.#sys.keeper.spawn(order, (answer) => {
      if (answer.ok) {
        record.ref = { index: answer.value.index, generation };
        record.pid = answer.value.pid;
        record.startTicks = answer.value.startTicks;
        /* Whoever reads at the other end is to see its end with that of the process. */
        if (record.unit.spec.restart.policy === 'never') this.#closeStdio(record);
        this.post(record, { kind: 'spawned', generation, pid: answer.value.pid });
      } else {
        this.#byGeneration.delete(generation);
        const { stage = 'fork', code, errno } = answer.error;
        this.#refuse(record, generation, stage, code, errno);
      }
    });
  }

  #refuse(record: UnitRecord, generation: number, stage: string, code: string, errno: number): void {
    this.post(record, { kind: 'refused', generation, end: { kind: 'not-executed', stage, errno, code } });
  }

  /** 0, 1 and 2 of the next process, or the errno's name where its log cannot be had. */
  #descriptorsFor(
    record: UnitRecord,
    launch: Launch,
    generation: number,
  ): { from: Descriptor; to: number }[] | string {
    const [input, output, error] = record.stdio;
    if ((output === undefined || error === undefined) && record.output === undefined) {
      const uid = launch.user?.uid ?? process.getuid?.() ?? 0;
      const made = UnitOutput.make(this.#sys, uid, this.outputTarget(record.label, generation));
      if (!made.ok) return made.error.code;
      record.output = made.value;
    }
    const log = record.output?.write ?? this.#emptyInput;
    return [
      { from: input ?? this.#emptyInput, to: 0 },
      { from: output ?? log, to: 1 },
      { from: error ?? log, to: 2 },
    ];
  }

  /** Returns the entry of the last process, whose end has been taken note of. */
  #giveBack(record: UnitRecord): void {
    if (record.ref !== undefined) this.#sys.keeper.free(record.ref, () => undefined);
    record.ref = undefined;
    record.pid = undefined;
    record.startTicks = undefined;
  }
}
