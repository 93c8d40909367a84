import { NO_CAUSE } from '../../supervisor/cause.ts';
import { startOrder } from '../../supervisor/plan/orders.ts';
import type { StopReason } from '../../supervisor/state.ts';
import type { Cancel, Sys } from '../../sys/sys.ts';
import type { Chronicle } from '../chronicle.ts';
import type { ConfiguredUnits } from '../configured/configured-units.ts';
import type { Supervisor } from '../supervisor.ts';
import type { UnitRecord } from '../unit-record.ts';
import type { HeldPorts } from './held-ports.ts';

/** A program that ends without taking what has come would be started again at once: no more often than that. */
const LEAST_BETWEEN_MS = 1000;

/** Stops that are meant to last: a connection does not undo them. */
const LASTING: ReadonlySet<StopReason | undefined> = new Set(['requested', 'conflict', 'shutdown']);

/** What is needed to start units when somebody connects. */
export interface OnConnectTools {
  readonly sys: Sys;
  readonly chronicle: Chronicle;
  readonly supervisor: Supervisor;
  readonly configured: ConfiguredUnits;
  readonly ports: HeldPorts;
  /** Whether everything is going down. */
  readonly isEnding: () => boolean;
}

/**
 * Units with `start: on-connect`: while one is down its sockets are watched, and the first that has a connection or a
 * datagram starts it. Nothing is accepted or read here: what has come is still there for the program.
 */
export class OnConnect {
  readonly #tools: OnConnectTools;
  readonly #watches = new Map<UnitRecord, Cancel>();
  /** When each was started last by a connection, in CLOCK_MONOTONIC. */
  readonly #startedAtMs = new Map<UnitRecord, number>();

  constructor(tools: OnConnectTools) {
    this.#tools = tools;
  }

  /** From now on all such units are looked after, which must have been added. */
  begin(): void {
    this.follow(this.#tools.supervisor.records.values());
  }

  /** The same of these, which may have become such units, or be none any more. */
  follow(records: Iterable<UnitRecord>): void {
    for (const record of records) {
      if (!waitsForConnection(record)) this.#unwatch(record);
      else if (!record.observers.has(this.#observe)) record.observers.add(this.#observe);
      this.look(record);
    }
  }

  readonly #observe = (changed: UnitRecord): void => {
    this.look(changed);
  };

  /** Nothing is watched until `follow` is called: for sockets that change. */
  pause(): void {
    for (const record of [...this.#watches.keys()]) this.#unwatch(record);
  }

  /** Watches for what starts a unit, or no longer, as it is now. */
  look(record: UnitRecord): void {
    if (!waitsForConnection(record)) return;
    if (!this.#isToWait(record)) this.#unwatch(record);
    else if (!this.#watches.has(record)) this.#await(record);
  }

  /** A unit that is down was stopped by hand: that holds until it is started by hand. */
  stopped(record: UnitRecord): void {
    if (!waitsForConnection(record) || !isIdle(record)) return;
    record.stoppedFor = 'requested';
    this.#tools.chronicle.wanted(record);
    this.#tools.chronicle.flush();
    this.look(record);
  }

  /** Before the sockets are closed. */
  close(): void {
    for (const cancel of this.#watches.values()) cancel();
    this.#watches.clear();
  }

  #isToWait(record: UnitRecord): boolean {
    const { configured, supervisor, isEnding } = this.#tools;
    const definition = record.configured?.definition;
    return (
      isIdle(record) &&
      !LASTING.has(record.stoppedFor) &&
      !isEnding() &&
      supervisor.records.get(record.label) === record &&
      definition !== undefined &&
      configured.isEnabled(definition)
    );
  }

  #await(record: UnitRecord): void {
    const { clock, timers } = this.#tools.sys;
    const earliestMs = (this.#startedAtMs.get(record) ?? -Infinity) + LEAST_BETWEEN_MS;
    if (earliestMs <= clock.monotonicMs()) {
      this.#watch(record);
      return;
    }
    const cancel = timers.at(earliestMs, () => {
      this.#watch(record);
    });
    this.#watches.set(record, cancel);
  }

  #watch(record: UnitRecord): void {
    const { sys, ports } = this.#tools;
    const cancels = ports.lease(record.label).map(({ name, descriptor }) =>
      sys.descriptors.whenReadable(descriptor, () => {
        this.#start(record, name);
      }),
    );
    this.#watches.set(record, () => {
      for (const cancel of cancels) cancel();
    });
  }

  #unwatch(record: UnitRecord): void {
    this.#watches.get(record)?.();
    this.#watches.delete(record);
  }

  #start(record: UnitRecord, name: string): void {
    const { sys, chronicle, supervisor, configured } = this.#tools;
    this.#unwatch(record);
    if (!this.#isToWait(record)) return;
    this.#startedAtMs.set(record, sys.clock.monotonicMs());
    const details = [['what', 'connection'] as const, ['name', name] as const];
    const cause = chronicle.append(record.label, 'port', details, NO_CAUSE);
    supervisor.order(startOrder(configured.field, [record.label], cause).told);
  }
}

function waitsForConnection({ configured }: UnitRecord): boolean {
  return configured?.definition.start === 'on-connect';
}

/** It is down, and has not failed. */
function isIdle({ unit }: UnitRecord): boolean {
  const { state, spec } = unit;
  return state.kind === 'stopped' || (state.kind === 'finished' && spec.type === 'service');
}
