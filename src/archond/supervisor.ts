import type { ProcessEntry, ProcessRef, Sys } from '../sys/sys.ts';
import type { Cause } from '../supervisor/cause.ts';
import type { Effect } from '../supervisor/effect.ts';
import type { UnitEvent } from '../supervisor/event.ts';
import type { Graph } from '../supervisor/graph/graph.ts';
import { Plan, type Told } from '../supervisor/plan/plan.ts';
import { publicState } from '../supervisor/state.ts';
import { newUnit, transition, type Unit } from '../supervisor/transition.ts';
import { adoptedUnit, adoptionEffects, type Found } from '../supervisor/adopt.ts';
import type { Chronicle } from './chronicle.ts';
import { graphUnits } from './configured/graph-units.ts';
import { isOverBy, redefine } from './configured/redefine.ts';
import { Interpreter } from './interpreter.ts';
import type { Log } from './log.ts';
import { Mailbox } from './mailbox.ts';
import { MemoryKills } from './memory-kills.ts';
import { isDown } from './outcome.ts';
import { Processes } from './processes.ts';
import type { KnownUnit } from './remembered-unit.ts';
import { Replacements } from './replacements.ts';
import type { StandardStreams } from './standard-streams.ts';
import { UnitCommands } from './unit-commands.ts';
import { holderOf, newRecord, type NewUnit, type UnitRecord } from './unit-record.ts';

/** A step that moved a unit, and what it asks for. */
interface Move {
  readonly record: UnitRecord;
  readonly effects: readonly Effect[];
}

/**
 * The units and the one place where their states change. Events come in through the mailbox, one step
 * at a time. What happens to a unit of the configuration is put to the plan, which moves all units that it
 * concerns; others move by themselves. What all of these steps ask for is written down as one, and
 * carried out behind them; outcomes come back as events.
 */
export class Supervisor {
  readonly records = new Map<string, UnitRecord>();
  readonly #sys: Sys;
  readonly #log: Log;
  readonly #chronicle: Chronicle;
  readonly #streams: StandardStreams;
  readonly #processes: Processes;
  readonly #interpreter: Interpreter;
  /** What the step that is under way has moved so far. */
  #moves: Move[] = [];
  #plan: Plan | undefined;
  /** Commands beside the processes of units. */
  readonly commands: UnitCommands;
  readonly #mailbox: Mailbox;
  /** Units that have two generations. */
  readonly replacements: Replacements;
  /** Told of each step of a unit's own; `atMs` is CLOCK_MONOTONIC. */
  whenMoved: (before: Unit, after: Unit, atMs: number) => void = () => undefined;
  /** Processes of units that the kernel has killed. */
  readonly memoryKills: MemoryKills;

  /** @param uid as whom archond runs */
  constructor(sys: Sys, log: Log, chronicle: Chronicle, streams: StandardStreams, uid: number) {
    this.#sys = sys;
    this.#log = log;
    this.#chronicle = chronicle;
    this.#streams = streams;
    this.memoryKills = new MemoryKills(sys, chronicle);
    this.#processes = new Processes(sys, log, streams, uid, this.memoryKills, (record, event) => {
      this.post(record, event);
    });
    this.#mailbox = new Mailbox((error) => {
      this.#failed(error);
    });
    const afterwards = (action: () => void): void => {
      this.#mailbox.post(action);
    };
    this.commands = new UnitCommands(sys, () => this.#processes.takeGeneration(), afterwards);
    this.#interpreter = new Interpreter({
      sys,
      streams,
      processes: this.#processes,
      commands: this.commands,
      post: (record, event) => {
        this.post(record, event);
      },
      afterwards,
    });
    this.replacements = new Replacements({
      sys,
      chronicle,
      processes: this.#processes,
      step: (action) => {
        this.#mailbox.post(() => {
          action();
          this.#settle();
        });
      },
      tell: (record, event) => {
        this.#tell(record, [event]);
      },
      settle: () => {
        this.#settle();
      },
      follow: (record, entry) => {
        this.follow(record, entry);
      },
      release: (record) => {
        this.#release(record);
      },
      rest: (record) => {
        this.#interpreter.rest(record);
      },
    });
  }

  /** Adds a unit that is down. Its label must be free. */
  add(made: NewUnit): UnitRecord {
    const record = newRecord(newUnit(made.spec), this.#sys.clock.realtimeNs(), {
      owner: made.launch?.user?.uid ?? made.owner,
      launch: made.launch,
      stdio: [...made.stdio],
      onExit: made.onExit,
      keep: made.keep,
      besideOf: undefined,
    });
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
    for (const effect of adoptionEffects(record.unit, found)) this.#interpreter.carryOut(record, effect);
  }

  /** Forgets a unit that is down: at once for everybody; its pipe, descriptors and entry go after what is being answered, and so are observers told. @param isLast nothing is answered any more @param putBack asked after that where the label of a Run is free: whether it is there again, since nobody has heard the answer */
  remove(record: UnitRecord, isLast = false, putBack: () => boolean = () => false): void {
    const { label } = record;
    const { origin } = record.unit.spec;
    const isLate = origin === 'run' && !isLast;
    if (this.records.get(label) === record) {
      this.records.delete(label);
      if (!isLate) this.#chronicle.removed(label, origin === 'daemon' || origin === 'config');
    }
    const release = (): void => {
      if (isLate && !this.records.has(label) && putBack()) return;
      if (isLate && !this.records.has(label)) this.#chronicle.removed(label, false);
      this.#release(record);
      for (const observer of [...record.observers]) observer(record);
    };
    /* How a Run ended is to be on its way to the client before nobody knows it any more. */
    if (isLate) this.#sys.timers.at(this.#sys.clock.monotonicMs(), release);
    else queueMicrotask(release);
  }

  #release(record: UnitRecord): void {
    if (record.beside !== undefined) this.#release(record.beside);
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

  /** Until `release` nothing moves: for the time in which units are put where they were found. */
  hold(): void {
    this.#mailbox.hold();
  }

  /** What has waited happens. */
  release(): void {
    this.#mailbox.release();
  }

  /**
   * From now on the units of the configuration, all of which must have been added, are to each other what the graph
   * says; what that means for where they are is done at once. To be called while all is held.
   */
  link(graph: Graph): void {
    this.#replan(graph);
    this.#settle();
  }

  #replan(graph: Graph): Plan {
    const units = graphUnits(this.records, (record, event) => {
      this.#move(record, event);
    });
    this.#plan = new Plan(graph, units);
    return this.#plan;
  }

  /** Changes as one step what units there are and how they hang together: the action does, and says what comes of it, or that nothing does. */
  change(action: () => { readonly graph: Graph; readonly told: readonly Told[] } | undefined): void {
    this.#mailbox.post(() => {
      const change = action();
      if (change === undefined) return;
      this.#replan(change.graph).tell(change.told);
      this.#settle();
    });
  }

  /** A unit that there is, as it is now. */
  unitOf(label: string): Unit {
    return this.#at(label).unit;
  }

  #at(label: string): UnitRecord {
    const record = this.records.get(label);
    if (record === undefined) throw new Error(`there is no unit ${label}`);
    return record;
  }

  /** Puts an event into the mailbox: it happens to whoever of a unit and what stands beside it has its generation then. */
  post(record: UnitRecord, event: UnitEvent): void {
    this.#mailbox.post(() => {
      const holder = 'generation' in event ? holderOf(record, event.generation) : record;
      if (holder === undefined) return;
      this.#tell(holder, [event]);
      this.#settle();
    });
  }

  /** Gives orders that belong together, as one step. A label that is gone by then is passed over. */
  order(orders: readonly Told[]): void {
    this.#mailbox.post(() => {
      const planned: Told[] = [];
      for (const told of orders) {
        const record = this.records.get(told.label);
        if (record?.configured !== undefined && this.#plan !== undefined) planned.push(told);
        else if (record !== undefined) this.#move(record, told.event);
      }
      this.#plan?.tell(planned);
      this.#settle();
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
  follow(followed: UnitRecord, entry: ProcessEntry): void {
    const { generation, end } = entry;
    this.#processes.own(followed, entry);
    if (entry.state === 'running') this.post(followed, { kind: 'executed', generation });
    if (end === undefined || (entry.state !== 'exited' && entry.state !== 'empty')) return;
    this.#mailbox.post(() => {
      const record = this.#processes.owner(entry);
      if (record === undefined) return;
      record.usage = entry.usage;
      /* The last that the process wrote is in the log before its end is told. */
      record.isOutputPending = this.#streams.isPending(record.besideOf ?? record);
      /* Mostly nothing of its tree is left by then: both are written and acted on as one. */
      const exited = { kind: 'exited', generation, end } as const;
      const isHeldBack = entry.state === 'empty' && this.replacements.holdsBack(record);
      const isEmpty = entry.state === 'empty' && !isHeldBack;
      this.#tell(record, isEmpty ? [exited, { kind: 'emptied', generation }] : [exited]);
      this.#chronicle.flush();
      /* Before the next generation may be spawned and this entry given back. */
      this.#sys.keeper.acknowledge(entry, isEmpty ? 'empty' : 'exited');
      if (isEmpty) {
        this.#processes.disown(generation);
        record.configured?.probes.over(generation);
      }
      this.#settle();
      if (isHeldBack) this.replacements.look(record);
    });
  }

  /** Phase one: the units move, and nothing is done yet. */
  #tell(record: UnitRecord, events: readonly UnitEvent[]): void {
    const { label } = record;
    if (record.configured !== undefined && record.besideOf === undefined && this.#plan !== undefined)
      this.#plan.tell(events.map((event) => ({ label, event })));
    else for (const event of events) this.#move(record, event);
  }

  /** Moves the unit, and notes what there is to tell and to do. */
  #move(record: UnitRecord, given: UnitEvent): void {
    const { clock, chance } = this.#sys;
    const event = this.#withReason(record, given);
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
    if (step.verdict !== 'move') return;
    const before = record.unit;
    record.unit = step.unit;
    if (record.besideOf === undefined) this.whenMoved(before, step.unit, moment.atMs);
    const { next } = record.configured ?? {};
    if (next !== undefined && isOverBy(step)) redefine(record, next, this.#streams);
    if (event.kind === 'main-changed') record.pid = event.pid;
    const shown = publicState(step.unit.state);
    const hasChanged = shown !== record.shownState;
    record.shownState = shown;
    const { state } = record.unit;
    if (state.kind === 'stopping') record.stoppedFor = state.reason;
    else if (state.kind === 'starting') record.stoppedFor = undefined;
    const toldNs = this.#chronicle.tell(record, step.effects);
    if (hasChanged) record.sinceNs = toldNs ?? clock.realtimeNs();
    /* A gate alone says nothing of what is wanted, least of all of a unit that nobody has come to yet. */
    if (state !== before.state || step.unit.desired !== before.desired) this.#chronicle.wanted(record);
    for (const effect of step.effects) {
      if (effect.kind === 'spawn') this.#processes.takeGeneration();
      if (effect.kind === 'tell' && effect.event.kind === 'exited')
        this.#interpreter.ended(record, effect.event);
    }
    this.#moves.push({ record, effects: step.effects });
  }

  #withReason(record: UnitRecord, event: UnitEvent): UnitEvent {
    if (event.kind !== 'exited' && event.kind !== 'main-exited' && event.kind !== 'emptied') return event;
    const killed = this.memoryKills.before(record, event);
    if (event.kind === 'emptied') return event;
    const by = record.unit.state.kind === 'stopping' ? undefined : killed;
    record.endedFor = by === undefined ? undefined : 'memory';
    return by === undefined ? event : { ...event, by };
  }

  /** Phase two: what was decided is written, and then carried out. */
  #settle(): void {
    const moves = this.#moves;
    if (moves.length === 0) return;
    this.#moves = [];
    this.#chronicle.flush();
    for (const { record, effects } of moves)
      this.#attempt(() => {
        for (const effect of effects) this.#interpreter.carryOut(record, effect);
      });
    const moved = new Set(moves.map(({ record }) => record));
    for (const record of moved)
      this.#attempt(() => {
        this.#interpreter.rest(record);
      });
    for (const record of moved)
      for (const observer of [...record.observers])
        this.#attempt(() => {
          observer(record);
        });
    for (const record of moved)
      this.#attempt(() => {
        this.replacements.look(record.besideOf ?? record);
      });
  }

  /** What goes wrong with one unit, or for one client, costs no other. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#log.error('a step failed', { error: error instanceof Error ? error.stack : String(error) });
  }
}
