import { failure, type Failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Cause } from '../../supervisor/cause.ts';
import type { UnitEvent } from '../../supervisor/event.ts';
import { liveGeneration, type PublicState } from '../../supervisor/state.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { isDown, notExecuted } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { namedAmong, select } from './targets.ts';

/** What an order has come to for one unit. */
type Verdict =
  | { readonly kind: 'done'; readonly state?: PublicState }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | undefined;

/** An order to units, and when it is carried out. */
interface Order {
  /** Why it cannot be given to this unit at all. */
  refusal(record: UnitRecord): Failure | undefined;
  /** What is to happen; undefined where it is as it should be. */
  event(record: UnitRecord, cause: Cause): UnitEvent | undefined;
  /** Asked after each step of the unit; made anew for each unit, before the event. */
  verdict(record: UnitRecord): () => Verdict;
}

type OrderRequest = RequestOf<'Start'> | RequestOf<'Stop'> | RequestOf<'Restart'>;

/** `Start`: until each unit is running or has finished, or its first attempt has failed. */
export function start(house: House, request: RequestOf<'Start'>, call: Call): void {
  give(house, request, call, {
    refusal: notStartable,
    event: (record, cause) => (isOnItsWayUp(record) ? undefined : { kind: 'order-start', cause }),
    verdict: (record) => {
      const isUp = isOnItsWayUp(record);
      const before = isUp ? -1 : record.unit.generation;
      const restarts = isUp ? record.unit.history.restarts : 0;
      return () => upVerdict(record, before, restarts);
    },
  });
}

/** `Stop`: until nothing of the units' trees is left. */
export function stop(house: House, request: RequestOf<'Stop'>, call: Call): void {
  if (request.options.disable === true) {
    call.fail(failure('unsupported', '@disable is for units of the configuration, and there is none'));
    return;
  }
  give(house, request, call, STOP);
}

/** `StopDaemon`: the same for one label, answered by a bare `Ok`. */
export function stopDaemon(house: House, request: RequestOf<'StopDaemon'>, call: Call): void {
  const { label } = request.args;
  const selected = select(house, [{ kind: 'label', label }], call.client);
  const [record] = selected.ok ? selected.value : [];
  const fault = selected.ok ? undefined : selected.error;
  const refusal = record === undefined ? fault : STOP.refusal(record);
  if (record === undefined || refusal !== undefined) {
    call.fail(refusal ?? failure('not-found'));
    return;
  }
  follow(house, call, record, STOP, () => {
    call.ok();
  });
}

/** `Restart`: down, whatever state it is in, and up again. */
export function restart(house: House, request: RequestOf<'Restart'>, call: Call): void {
  give(house, request, call, {
    refusal: notStartable,
    event: (record, cause) =>
      isDown(record) ? { kind: 'order-start', cause } : { kind: 'order-stop', reason: 'restart', cause },
    verdict: (record) => {
      const before = record.unit.generation;
      return () => upVerdict(record, before, 0);
    },
  });
}

const STOP: Order = {
  refusal: (record) =>
    record.watched === undefined
      ? undefined
      : failure('unsupported', `${record.label} is only watched: use Signal, or Forget to end the watch`),
  event: (record, cause) =>
    record.unit.state.kind === 'stopped' ? undefined : { kind: 'order-stop', reason: 'requested', cause },
  verdict: (record) => {
    /* An order to start that crosses this one brings up the next generation; this one has been stopped then. */
    const stopped = liveGeneration(record.unit.state);
    return () => {
      const isOver = stopped !== undefined && liveGeneration(record.unit.state) !== stopped;
      return isOver || record.unit.state.kind === 'stopped' ? { kind: 'done' } : undefined;
    };
  },
};

function isOnItsWayUp(record: UnitRecord): boolean {
  return !isDown(record) && record.shownState !== 'stopping' && record.shownState !== 'backoff';
}

function notStartable(record: UnitRecord): Failure | undefined {
  if (record.watched !== undefined)
    return failure('unsupported', `${record.label} is only watched, not started here`);
  if (record.unit.spec.origin === 'run')
    return failure('unsupported', `${record.label} is a one-off command: use Run`);
  return undefined;
}

/** Whether a generation after `before` is up, or an attempt at one has failed: the `restarts` are counted from there. */
function upVerdict(record: UnitRecord, before: number, restarts: number): Verdict {
  const { state, history, generation } = record.unit;
  if (generation <= before && state.kind !== 'stopped') return undefined;
  const isAgain = state.kind === 'starting' && history.restarts > restarts;
  const isAfterwards = isAgain || state.kind === 'backoff' || state.kind === 'failed';
  if (isAfterwards && wasRunning(record)) return { kind: 'done', state: 'running' };
  switch (state.kind) {
    case 'running':
    case 'finished':
      return { kind: 'done' };
    case 'clearing':
      return wasRunning(record)
        ? { kind: 'done', state: 'running' }
        : { kind: 'failed', failure: whyFailed(record) };
    case 'starting':
      return isAgain ? { kind: 'failed', failure: whyFailed(record) } : undefined;
    case 'backoff':
    case 'failed':
      return { kind: 'failed', failure: whyFailed(record) };
    case 'stopped':
      return { kind: 'failed', failure: failure('cancelled', `${record.label} was stopped meanwhile`) };
    case 'blocked':
      return { kind: 'failed', failure: failure('failed', `${record.label}: ${state.needs[0]} has failed`) };
    case 'waiting':
    case 'stopping':
    case 'undoing':
      return undefined;
  }
}

/** With readiness by exec what has ended was running before, however shortly; steps that come together need not show it. */
function wasRunning({ unit: { spec, lastEnd } }: UnitRecord): boolean {
  const isReadyByExec = spec.type === 'service' && spec.readyBy === 'exec';
  return isReadyByExec && lastEnd !== undefined && lastEnd.kind !== 'not-executed';
}

function whyFailed(record: UnitRecord): Failure {
  const { lastEnd } = record.unit;
  return lastEnd?.kind === 'not-executed'
    ? notExecuted(record.launch?.words[0] ?? record.label, lastEnd)
    : failure('failed', `${record.label} is ${record.shownState}`);
}

function give(house: House, request: OrderRequest, call: Call, order: Order): void {
  const selected = select(house, request.args.targets, call.client);
  if (!selected.ok) {
    call.fail(selected.error);
    return;
  }
  const refused = namedAmong(request.args.targets, selected.value)
    .map((record) => order.refusal(record))
    .find((found) => found !== undefined);
  if (refused !== undefined) {
    call.fail(refused);
    return;
  }
  const records = selected.value.filter((record) => order.refusal(record) === undefined);
  if (request.options.wait === false) {
    for (const record of records) postOrder(house, record, order, call.cause);
    call.ok(String(records.length));
    return;
  }
  const failures: Failure[] = [];
  const open = new Map<UnitRecord, () => void>();
  const finish = (): void => {
    if (open.size > 0) return;
    const [first] = failures;
    if (first === undefined) call.ok(String(records.length));
    else if (failures.length === 1) call.fail(first);
    else call.fail(failure('failed', `${failures.length} of ${records.length} units failed`));
  };
  const stopWaiting = (record: UnitRecord, verdict: NonNullable<Verdict>): void => {
    open.get(record)?.();
    open.delete(record);
    if (verdict.kind === 'done') {
      call.data('Done', record.label, verdict.state ?? record.shownState);
    } else {
      failures.push(verdict.failure);
      call.data('Failed', record.label, verdict.failure.message, verdict.failure.code);
    }
    finish();
  };
  limitWaiting(house, request, call, open, stopWaiting);
  for (const record of records) open.set(record, () => undefined);
  for (const record of records) {
    const leave = follow(house, call, record, order, (verdict) => {
      stopWaiting(record, verdict);
    });
    if (open.has(record)) open.set(record, leave);
  }
  finish();
}

/** With `@timeout`: what is not there by then has failed as timed out; the order itself stands. */
function limitWaiting(
  house: House,
  request: OrderRequest,
  call: Call,
  open: ReadonlyMap<UnitRecord, () => void>,
  stopWaiting: (record: UnitRecord, verdict: NonNullable<Verdict>) => void,
): void {
  const { timeout } = request.options;
  if (timeout === undefined) return;
  const cancel = house.sys.timers.at(house.sys.clock.monotonicMs() + timeout, () => {
    for (const record of [...open.keys()]) {
      const message = `${record.label} is still ${record.shownState}`;
      stopWaiting(record, { kind: 'failed', failure: failure('timed-out', message) });
    }
  });
  call.whenOver(cancel);
}

/** Gives the order to one unit and tells once what has come of it; returns how to stop listening. */
function follow(
  house: House,
  call: Call,
  record: UnitRecord,
  order: Order,
  decided: (verdict: NonNullable<Verdict>) => void,
): () => void {
  const verdictOf = order.verdict(record);
  const leave = (): void => {
    record.observers.delete(observe);
  };
  const observe = (): void => {
    const verdict = verdictOf();
    if (verdict === undefined) return;
    leave();
    decided(verdict);
  };
  record.observers.add(observe);
  call.whenOver(leave);
  if (postOrder(house, record, order, call.cause)) return leave;
  observe();
  return leave;
}

function postOrder(house: House, record: UnitRecord, order: Order, cause: Cause): boolean {
  const event = order.event(record, cause);
  if (event === undefined) return false;
  house.supervisor.post(record, event);
  return true;
}
