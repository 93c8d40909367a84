import { NO_CAUSE, type Cause } from '../supervisor/cause.ts';
import type { Sys } from '../sys/sys.ts';
import type { Call } from './call.ts';
import type { Chronicle } from './chronicle.ts';
import type { Log } from './log.ts';
import { isGone } from './outcome.ts';
import type { Supervisor } from './supervisor.ts';
import type { Details } from './told-details.ts';
import type { UnitRecord } from './unit-record.ts';

/** The end of everything, in order: units first, then the supervisor, then the keeper. */
export class Shutdown {
  readonly #sys: Sys;
  readonly #supervisor: Supervisor;
  readonly #chronicle: Chronicle;
  readonly #log: Log;
  readonly #over: () => void;
  readonly #calls: Call[] = [];
  #isBegun = false;
  #cause = NO_CAUSE;
  #left = 0;

  /** @param over called when nothing is left, after the last reply has been queued */
  constructor(sys: Sys, supervisor: Supervisor, chronicle: Chronicle, log: Log, over: () => void) {
    this.#sys = sys;
    this.#supervisor = supervisor;
    this.#chronicle = chronicle;
    this.#log = log;
    this.#over = over;
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** That it was begun, as a cause; none before. */
  get cause(): Cause {
    return this.#cause;
  }

  /** As `begin`, because of a signal to the supervisor. */
  beginBySignal(name: string): void {
    this.#begin([['signal', name]], NO_CAUSE);
  }

  /** Stops all units, in the order of the graph; a later call is told of what is still to come and waits with the first. */
  begin(timeoutMs: number | undefined, call: Call): void {
    this.#calls.push(call);
    if (timeoutMs !== undefined) {
      this.#sys.timers.at(this.#sys.clock.monotonicMs() + timeoutMs, () => {
        this.hasten();
      });
    }
    this.#begin([], call.cause);
  }

  #begin(details: Details, cause: Cause): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#cause = this.#chronicle.note('shutting-down', details, cause);
    /* What is only watched goes on; its watch ends with the supervisor. */
    const up = [...this.#supervisor.records.values()].filter(
      (record) => !isGone(record) && record.watched === undefined,
    );
    this.#log.info('shutting down', { units: up.length });
    this.#left = up.length;
    for (const record of up) this.#await(record);
    /* Together: so that they go in the order of the graph. */
    this.#supervisor.order(
      up.map(({ label }) => ({
        label,
        event: { kind: 'order-stop', reason: 'shutdown', cause: this.#cause },
      })),
    );
    if (up.length === 0) this.#finish();
  }

  /** No more patience: everything that is still up is killed. */
  hasten(): void {
    for (const record of this.#supervisor.records.values()) {
      const { state, generation } = record.unit;
      if (state.kind === 'stopping' || state.kind === 'undoing')
        this.#supervisor.post(record, { kind: 'stop-due', generation });
    }
  }

  #await(record: UnitRecord): void {
    const observe = (): void => {
      if (!isGone(record)) return;
      record.observers.delete(observe);
      for (const call of this.#calls) call.data('Done', record.label, record.shownState);
      this.#left -= 1;
      if (this.#left === 0) this.#finish();
    };
    record.observers.add(observe);
  }

  #finish(): void {
    for (const call of this.#calls) call.ok();
    this.#over();
  }
}
