import { failure, type Failure } from '../../../base/failure.ts';
import type { RequestOf } from '../../../protocol/request.ts';
import { dependentsOf } from '../../../supervisor/plan/closures.ts';
import type { Told } from '../../../supervisor/plan/plan.ts';
import type { Call } from '../../call.ts';
import type { House } from '../../house.ts';
import type { UnitRecord } from '../../unit-record.ts';
import type { Attempt } from '../../replacements.ts';
import type { Judge, Verdict } from './verdict.ts';

export type OrderRequest = RequestOf<'Start'> | RequestOf<'Stop'> | RequestOf<'Restart'>;

/** An order that can be given. */
export interface Order {
  /** What is told to all units that it concerns, as one step. */
  readonly told: readonly Told[];
  /** The units that are answered for, and when. */
  readonly judged: ReadonlyMap<UnitRecord, Judge>;
  /** What has to come up for these: where an attempt at that fails, theirs has. */
  readonly needed: ReadonlyMap<UnitRecord, Judge>;
  /** Of these the next generation is to take the place of the present one. */
  readonly replaced?: ReadonlyMap<UnitRecord, Attempt>;
}

type Decided = NonNullable<Verdict>;

/** Gives an order and answers the request: at once with `@wait=0`, else as it is carried out. */
export function give(house: House, request: OrderRequest, call: Call, order: Order): void {
  if (request.options.wait === false) {
    tell(house, order, call);
    call.ok(String(order.judged.size));
    return;
  }
  const answers = new Answers(call, order.judged.size);
  const { timeout } = request.options;
  const open = follow(house, call, order, (record, verdict) => {
    answers.tell(record, verdict);
  });
  if (timeout === undefined || call.isClosed) return;
  /* What is not there by then has failed as timed out; the order itself stands. */
  const cancel = house.sys.timers.at(house.sys.clock.monotonicMs() + timeout, () => {
    for (const record of open.keys()) {
      const message = `${record.label} is still ${record.shownState}`;
      answers.tell(record, { kind: 'failed', failure: failure('timed-out', message) });
    }
  });
  call.whenOver(cancel);
}

/**
 * Gives an order, and tells of each unit that is judged what it has come to, each once. Returns those of which that is
 * still open; a unit leaves it when it is told of.
 */
export function follow(
  house: House,
  call: Call,
  order: Order,
  decided: (record: UnitRecord, verdict: Decided) => void,
): ReadonlyMap<UnitRecord, Judge> {
  const { judged, needed } = order;
  const open = new Map(judged);
  const watched = new Map([...needed, ...judged]);
  const leave = (record: UnitRecord): void => {
    watched.delete(record);
    record.observers.delete(observe);
  };
  const decide = (record: UnitRecord, verdict: Decided): void => {
    if (open.delete(record)) decided(record, verdict);
  };
  const observe = (record: UnitRecord): void => {
    const verdict = watched.get(record)?.();
    if (verdict === undefined) return;
    leave(record);
    decide(record, verdict);
    if (verdict.kind !== 'failed' || verdict.stays === true) return;
    for (const label of dependentsOf(house.configured.graph, record.label)) {
      const dependent = house.supervisor.records.get(label);
      if (dependent === undefined || !open.has(dependent)) continue;
      leave(dependent);
      decide(dependent, { kind: 'failed', failure: forNeed(label, record.label, verdict.failure) });
    }
  };
  for (const record of watched.keys()) record.observers.add(observe);
  call.whenOver(() => {
    for (const record of [...watched.keys()]) leave(record);
  });
  tell(house, order, call);
  /* What was as it should be has made no step. */
  for (const record of [...watched.keys()]) observe(record);
  if (judged.size === 0) call.ok('0');
  return open;
}

function tell({ supervisor }: House, { told, replaced = new Map() }: Order, { cause }: Call): void {
  supervisor.order(told);
  for (const [record, attempt] of replaced) supervisor.replacements.order(record, attempt, cause);
}

/** It is tried again, like what it needs; but whoever has ordered its start is to know. */
function forNeed(label: string, need: string, { code, message }: Failure): Failure {
  return failure(code, `${label} needs ${need}: ${message}`);
}

/** The records of a reply to an order, and its end when all units have been told of. */
class Answers {
  readonly #call: Call;
  readonly #count: number;
  readonly #failures: Failure[] = [];
  #told = 0;

  constructor(call: Call, count: number) {
    this.#call = call;
    this.#count = count;
  }

  tell({ label, shownState }: UnitRecord, verdict: Decided): void {
    this.#told += 1;
    if (verdict.kind === 'done') {
      this.#call.data('Done', label, verdict.state ?? shownState);
    } else {
      this.#failures.push(verdict.failure);
      this.#call.data('Failed', label, verdict.failure.message, verdict.failure.code);
    }
    if (this.#told === this.#count) this.#close();
  }

  #close(): void {
    const [first] = this.#failures;
    if (first === undefined) this.#call.ok(String(this.#count));
    else if (this.#failures.length === 1) this.#call.fail(first);
    else this.#call.fail(failure('failed', `${this.#failures.length} of ${this.#count} units failed`));
  }
}
