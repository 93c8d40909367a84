import { formatDuration } from '../base/duration.ts';
import { NO_CAUSE, type Cause } from '../supervisor/cause.ts';
import type { Graph } from '../supervisor/graph/graph.ts';
import { longestStop } from '../supervisor/plan/patience.ts';
import type { Cancel, Sys } from '../sys/sys.ts';
import type { Call } from './call.ts';
import type { Chronicle } from './chronicle.ts';
import type { Log } from './log.ts';
import { isGone } from './outcome.ts';
import type { Supervisor } from './supervisor.ts';
import type { Details } from './told-details.ts';
import type { UnitRecord } from './unit-record.ts';

/** So much longer than the units' own patience is, at most. */
const GRACE_MS = 10_000;
/** After SIGKILL; what is there then hangs in the kernel. */
const KILL_MS = 10_000;
/** People are told what is waited for after so long, and then again and again. */
const FIRST_REPORT_MS = 1000;
const REPORT_MS = 5000;
/** More names would make a line that nobody reads. */
const MOST_NAMED = 8;

/** What a shutdown works with. */
export interface ShutdownTools {
  readonly sys: Sys;
  readonly supervisor: Supervisor;
  readonly chronicle: Chronicle;
  readonly log: Log;
  /** How the units hang together when it begins. */
  graph(): Graph;
  /** Called once, when it begins, or an earlier archond's goes on. */
  begun(): void;
  /** Called once, when nothing is left, after the last reply has been queued. */
  over(): void;
}

/**
 * The end of everything, in order: units first, as the graph says, then the supervisor, then the keeper. That it has
 * begun is remembered until it is over: a successor goes on with it.
 *
 * It is bound: by the patience of each unit, in the longest chain of those that wait for each other; by the time that a
 * request gives; by a second signal. Past that all is killed, and what cannot be killed is not waited for.
 */
export class Shutdown {
  readonly #tools: ShutdownTools;
  readonly #calls: Call[] = [];
  readonly #left = new Set<UnitRecord>();
  #count = 0;
  #isBegun = false;
  #isOver = false;
  #isHastened = false;
  #cause = NO_CAUSE;
  #beganAtMs = 0;
  #deadlineAtMs = Infinity;
  #cancelDeadline: Cancel = () => undefined;
  #cancelReport: Cancel = () => undefined;

  constructor(tools: ShutdownTools) {
    this.#tools = tools;
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** That it was begun, as a cause; none before. */
  get cause(): Cause {
    return this.#cause;
  }

  /** As `begin`, because of a signal to the supervisor; a second one ends all patience. */
  beginBySignal(name: string): void {
    if (this.#isBegun) this.hasten();
    else this.#begin([['signal', name]], NO_CAUSE);
  }

  /**
   * Stops all units, in the order of the graph; a later call is told of what is still to come and waits with the first.
   *
   * @param timeoutMs after so long what is still up is killed
   */
  begin(timeoutMs: number | undefined, call: Call): void {
    const { clock } = this.#tools.sys;
    this.#calls.push(call);
    this.#begin([], call.cause);
    if (timeoutMs !== undefined) this.#endAt(clock.monotonicMs() + timeoutMs);
  }

  /** Goes on where an earlier archond was killed in the middle of one. @param cause where it is not known what that was */
  resume(cause: Cause): void {
    const before = this.#tools.chronicle.shutdownBefore();
    if (before === undefined) return;
    this.#begin([['resumed', '1']], before.cause.event === undefined ? cause : before.cause);
    this.#endAt(before.deadlineAtMs);
  }

  #begin(details: Details, cause: Cause): void {
    if (this.#isBegun) return;
    const { sys, supervisor, chronicle, log } = this.#tools;
    this.#isBegun = true;
    this.#tools.begun();
    this.#beganAtMs = sys.clock.monotonicMs();
    this.#cause = chronicle.note('shutting-down', details, cause);
    /* What is only watched goes on; its watch ends with the supervisor. */
    const up = [...supervisor.records.values()].filter(
      (record) => !isGone(record) && record.watched === undefined,
    );
    this.#count = up.length;
    log.info('shutting down', { units: up.length });
    for (const record of up) this.#await(record);
    const inGraph = longestStop(this.#tools.graph(), (label) => patienceOf(supervisor.records.get(label)));
    const longest = up.reduce((most, record) => Math.max(most, patienceOf(record)), inGraph);
    this.#endAt(this.#beganAtMs + longest + GRACE_MS);
    /* Together: so that they go in the order of the graph. */
    const event = { kind: 'order-stop', reason: 'shutdown', cause: this.#cause } as const;
    supervisor.order(up.map(({ label }) => ({ label, event })));
    if (up.length === 0) this.#finish();
    this.#reportAfter(FIRST_REPORT_MS);
  }

  /** It is over by then, unless it was to be over sooner. */
  #endAt(atMs: number): void {
    const { sys, chronicle } = this.#tools;
    if (this.#isOver || atMs >= this.#deadlineAtMs) return;
    this.#deadlineAtMs = atMs;
    chronicle.shutdownBegun({ deadlineAtMs: atMs, cause: this.#cause });
    this.#cancelDeadline();
    this.#cancelDeadline = sys.timers.at(atMs, () => {
      this.hasten();
    });
  }

  /** No more patience: everything that is still up is killed. */
  hasten(): void {
    const { sys, supervisor, log } = this.#tools;
    if (!this.#isBegun || this.#isOver || this.#isHastened) return;
    this.#isHastened = true;
    const nowMs = sys.clock.monotonicMs();
    this.#endAt(nowMs);
    log.warn('what is still up is killed', { units: this.#left.size });
    for (const record of this.#left) {
      for (const { unit } of [record, ...(record.beside === undefined ? [] : [record.beside])])
        if (unit.state.kind === 'stopping' || unit.state.kind === 'undoing')
          supervisor.post(record, { kind: 'stop-due', generation: unit.generation });
    }
    this.#cancelDeadline();
    this.#cancelDeadline = sys.timers.at(nowMs + KILL_MS, () => {
      this.#giveUp();
    });
  }

  /** What stays after SIGKILL hangs in the kernel; the keeper kills it once more as it goes. */
  #giveUp(): void {
    this.#tools.log.error('units that cannot be killed are left behind', { units: this.#names() });
    this.#finish();
  }

  #await(record: UnitRecord): void {
    this.#left.add(record);
    const observe = (): void => {
      if (!isGone(record)) return;
      record.observers.delete(observe);
      this.#left.delete(record);
      for (const call of this.#calls) call.data('Done', record.label, record.shownState);
      if (this.#left.size === 0) this.#finish();
    };
    record.observers.add(observe);
  }

  #reportAfter(ms: number): void {
    const { sys, log } = this.#tools;
    if (this.#isOver) return;
    this.#cancelReport = sys.timers.at(sys.clock.monotonicMs() + ms, () => {
      log.info(`waiting for ${this.#left.size} of ${this.#count} units to stop`, {
        for: formatDuration(sys.clock.monotonicMs() - this.#beganAtMs),
        units: this.#names(),
      });
      this.#reportAfter(REPORT_MS);
    });
  }

  /** `db (SIGKILL in 7s), app (when others are down)`. */
  #names(): string {
    const nowMs = this.#tools.sys.clock.monotonicMs();
    const names = [...this.#left].slice(0, MOST_NAMED).map((record) => {
      const what = whatItDoes(record, nowMs);
      return what === undefined ? record.label : `${record.label} (${what})`;
    });
    const more = this.#left.size - names.length;
    return [...names, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDeadline();
    this.#cancelReport();
    for (const call of this.#calls) call.ok();
    this.#tools.over();
  }
}

/** How long a unit has to end, where there is something of it. */
function patienceOf(record: UnitRecord | undefined): number {
  return record === undefined || isGone(record) ? 0 : record.unit.spec.stop.timeoutMs;
}

function whatItDoes({ unit: { state } }: UnitRecord, nowMs: number): string | undefined {
  if (state.kind === 'undoing') return state.step === 'wait' ? 'when others are down' : 'stop command';
  if (state.kind !== 'stopping') return undefined;
  if (state.rung === 'wait') return 'when others are down';
  if (state.rung === 'kill') return 'killed';
  const leftMs = (state.deadlineAtMs ?? nowMs) - nowMs;
  return leftMs > 0 ? `SIGKILL in ${formatDuration(leftMs)}` : undefined;
}
