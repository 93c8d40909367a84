import type { Words } from '../base/words.ts';
import type { Descriptor, ProcessEntry, ProcessRef, Sys } from '../sys/sys.ts';
import type { Cause } from '../supervisor/cause.ts';
import type { Effect, ToldEvent } from '../supervisor/effect.ts';
import type { UnitEvent } from '../supervisor/event.ts';
import { publicState, type End } from '../supervisor/state.ts';
import { newUnit, transition } from '../supervisor/transition.ts';
import { adoptedUnit, adoptionEffects, type Found } from '../supervisor/adopt.ts';
import type { UnitSpec } from '../supervisor/unit.ts';
import type { Chronicle } from './chronicle.ts';
import type { Launch } from './launch.ts';
import type { Log } from './log.ts';
import { Mailbox } from './mailbox.ts';
import { isDown } from './outcome.ts';
import { Processes } from './processes.ts';
import type { KnownUnit } from './remembered-unit.ts';
import type { StandardStreams } from './standard-streams.ts';
import { UnitCommands } from './unit-commands.ts';
import { runOnExit } from './on-exit.ts';
import type { UnitRecord } from './unit-record.ts';

/** What a unit is made of when it is added. */
export interface NewUnit {
  readonly spec: UnitSpec;
  readonly launch: Launch | undefined;
  /** Where the launch does not say it; see `UnitRecord`. */
  readonly owner?: number | undefined;
  readonly stdio: readonly [Descriptor | undefined, Descriptor | undefined, Descriptor | undefined];
  readonly keep: boolean;
  /** Run at each end. */
  readonly onExit?: Words | undefined;
}

/**
 * The units and the one place where their states change. Events come in through the mailbox, one step
 * at a time; effects are carried out behind it, and their outcomes come back as events.
 */
export class Supervisor {
  readonly records = new Map<string, UnitRecord>();
  readonly #sys: Sys;
  readonly #log: Log;
  readonly #chronicle: Chronicle;
  readonly #streams: StandardStreams;
  readonly #processes: Processes;
  /** Commands beside the processes of units. */
  readonly commands: UnitCommands;
  readonly #mailbox: Mailbox;

  constructor(sys: Sys, log: Log, chronicle: Chronicle, streams: StandardStreams) {
    this.#sys = sys;
    this.#log = log;
    this.#chronicle = chronicle;
    this.#streams = streams;
    this.#processes = new Processes(sys, log, streams, (record, event) => {
      this.post(record, event);
    });
    this.commands = new UnitCommands(sys, () => this.#processes.takeGeneration());
    this.#mailbox = new Mailbox((error) => {
      log.error('a step failed', { error: String(error) });
    });
  }

  /** Adds a unit that is down. Its label must be free. */
  add(made: NewUnit): UnitRecord {
    const record: UnitRecord = {
      label: made.spec.label,
      unit: newUnit(made.spec),
      owner: made.launch?.user?.uid ?? made.owner,
      launch: made.launch,
      stdio: [...made.stdio],
      output: undefined,
      errorOutput: undefined,
      configured: undefined,
      onExit: made.onExit,
      exitCommands: 0,
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

  /** Uses up the number of a spawn, for a process that was not spawned here. */
  takeGeneration(): number {
    return this.#processes.takeGeneration();
  }

  /** How a unit is made and kept, which was not known when it was found. */
  learn(record: UnitRecord, { spec, launch, onExit }: KnownUnit): void {
    record.launch = launch;
    record.onExit = onExit;
    record.unit = { ...record.unit, spec };
  }

  /** Puts a unit where it was found. The one other place where a state is written. */
  put(record: UnitRecord, found: Found): void {
    const { spec } = record.unit;
    record.unit = adoptedUnit(spec, found);
    record.shownState = publicState(record.unit.state);
    for (const effect of adoptionEffects(record.unit, found)) this.#carryOut(record, effect);
  }

  /** Forgets a unit that is down: at once for everybody; its pipe, descriptors and entry go after what is being answered, and so are observers told. */
  remove(record: UnitRecord): void {
    if (this.records.get(record.label) === record) {
      this.records.delete(record.label);
      const { origin } = record.unit.spec;
      this.#chronicle.removed(record.label, origin === 'daemon' || origin === 'config');
    }
    queueMicrotask(() => {
      this.#release(record);
      for (const observer of [...record.observers]) observer(record);
    });
  }

  #release(record: UnitRecord): void {
    record.timers.forEach((cancel) => {
      cancel();
    });
    record.watched?.end();
    record.watched = undefined;
    record.configured?.release();
    this.#streams.release(record);
    this.#processes.giveBack(record);
  }

  /** Removes a unit that could not be started, as soon as nothing of it is left, and tries no further. */
  abandon(record: UnitRecord, cause: Cause): void {
    if (!isDown(record)) this.post(record, { kind: 'order-stop', reason: 'requested', cause });
    const observe = (): void => {
      if (!isDown(record)) return;
      record.observers.delete(observe);
      this.remove(record);
    };
    record.observers.add(observe);
    observe();
  }

  /** Puts an event into the mailbox. */
  post(record: UnitRecord, event: UnitEvent): void {
    this.#mailbox.post(() => {
      this.#step(record, event);
    });
  }

  /** Runs what looks at units when no step is under way and none waits: until then a unit that is about to start seems to be down. */
  whenIdle(action: () => void): void {
    this.#mailbox.whenIdle(action);
  }

  /** The keeper told of a process: `exited` and `empty` become events, each once. */
  processChanged(ref: ProcessRef): void {
    if (this.commands.changed(ref)) return;
    const record = this.#processes.owner(ref);
    const entry = this.#sys.keeper.entry(ref);
    if (record !== undefined && entry !== undefined) this.follow(record, entry);
  }

  /** Brings a record up to what the table says of its process. */
  follow(record: UnitRecord, entry: ProcessEntry): void {
    const { generation } = entry;
    this.#processes.own(record, entry);
    if (entry.state === 'running') this.post(record, { kind: 'executed', generation });
    if (entry.end === undefined || (entry.state !== 'exited' && entry.state !== 'empty')) return;
    const end: End = entry.end;
    const isEmpty = entry.state === 'empty';
    this.#mailbox.post(() => {
      record.usage = entry.usage;
      /* The last that the process wrote is in the log before its end is told. */
      this.#streams.drain(record);
      const ended = this.#decide(record, { kind: 'exited', generation, end });
      /* Mostly nothing of its tree is left by then: both are written and acted on as one. */
      const emptied = isEmpty ? this.#decide(record, { kind: 'emptied', generation }) : undefined;
      this.#chronicle.flush();
      /* Before the next generation may be spawned and this entry given back. */
      this.#sys.keeper.acknowledge(entry, isEmpty ? 'empty' : 'exited');
      if (isEmpty) {
        this.#processes.disown(generation);
        record.configured?.probes.over(generation);
      }
      if (ended ?? emptied) this.#act(record, [...(ended ?? []), ...(emptied ?? [])], isEmpty);
    });
  }

  #step(record: UnitRecord, event: UnitEvent): void {
    const effects = this.#decide(record, event);
    if (effects === undefined) return;
    /* Written before it is acted on. */
    this.#chronicle.flush();
    this.#act(record, effects);
  }

  /** Moves the unit, and notes what there is to tell; what is to be done, or undefined where nothing moves. */
  #decide(record: UnitRecord, event: UnitEvent): readonly Effect[] | undefined {
    const { clock, chance } = this.#sys;
    const moment = {
      atMs: clock.monotonicMs(),
      chance: chance(),
      nextGeneration: this.#processes.nextGeneration,
      nextSequence: this.#chronicle.nextSequence,
    };
    const step = transition(record.unit, event, moment);
    if (step.verdict === 'impossible') {
      this.#log.error('an event that cannot be', { label: record.label, event: event.kind, why: step.why });
    }
    if (step.verdict !== 'move') return undefined;
    record.unit = step.unit;
    if (event.kind === 'main-changed') record.pid = event.pid;
    const shown = publicState(step.unit.state);
    if (shown !== record.shownState) record.sinceNs = clock.realtimeNs();
    record.shownState = shown;
    const { state } = step.unit;
    if (state.kind === 'stopping') record.stoppedFor = state.reason;
    else if (state.kind === 'starting') record.stoppedFor = undefined;
    this.#chronicle.tell(record, step.effects);
    this.#chronicle.wanted(record);
    for (const effect of step.effects) {
      if (effect.kind === 'tell' && effect.event.kind === 'exited') this.#ended(record, effect.event);
    }
    return step.effects;
  }

  /** Carries out what was decided and written. Of what is known to be empty nothing is left to kill. */
  #act(record: UnitRecord, effects: readonly Effect[], isEmpty = false): void {
    for (const effect of effects) if (!isEmpty || effect.kind !== 'kill') this.#carryOut(record, effect);
    if (isDown(record)) {
      this.#restStreams(record);
      if (record.unit.spec.origin === 'run') this.#streams.closeGiven(record);
    }
    for (const observer of [...record.observers]) observer(record);
  }

  #carryOut(record: UnitRecord, effect: Effect): void {
    switch (effect.kind) {
      case 'spawn':
        this.#processes.spawn(record, effect.generation);
        return;
      case 'signal':
        this.#processes.signal(record, effect);
        return;
      case 'kill':
        this.#processes.kill(record, effect.generation);
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
      case 'probe':
      case 'find-main':
      case 'run-command':
      case 'kill-command':
        record.configured?.carryOut(effect, record.pid);
        return;
      case 'tell': // it was told before
        return;
    }
  }

  /** Runs what is to be run at each end: after the step, which may yet ask for the next generation. */
  #ended(record: UnitRecord, { pid, end }: Extract<ToldEvent, { kind: 'exited' }>): void {
    const words = record.configured?.onExit ?? record.onExit;
    const { launch, label, output } = record;
    if (words === undefined || launch === undefined) return;
    const { nothing } = this.#streams;
    const streams = { input: nothing, output: output?.write ?? nothing };
    const reason = record.stoppedFor ?? end.kind;
    record.exitCommands += 1;
    this.#mailbox.post(() => {
      runOnExit(this.commands, words, launch, streams, { label, pid, end, reason }, () => {
        record.exitCommands -= 1;
        if (isDown(record)) this.#restStreams(record);
      });
    });
  }

  /** Of what is down nothing more comes, once what is run at its end has ended too. */
  #restStreams(record: UnitRecord): void {
    if (record.exitCommands === 0) this.#streams.rest(record);
  }
}
