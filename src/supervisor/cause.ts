import type { Effect } from './effect.ts';
import type { UnitEvent } from './event.ts';
import type { Step, Unit } from './step.ts';

/** Who asked for something, as the events that it causes name it: a client by a request, or a rule. */
export type Requester =
  | { readonly uid: number; readonly pid: number; readonly verb: string }
  /** `rule` is its file and name; `depth` how many rules have led to it, each firing the next, itself the last. */
  | { readonly rule: string; readonly depth: number };

/**
 * Why something happens: the event that led to it, the request that asked for it, both, or neither: what
 * ends by itself has no cause that anybody knows. It travels as data: with each order into the core, along
 * the unit from one told event to the next, and with each told event out again.
 *
 * Events of one unit make a chain: each is caused by the one before, up to an end that came by itself or to
 * an order. The request stays with all that follows from it. Whoever gives an order to a unit because of what
 * happened to another one passes on that other unit's `cause`.
 */
export interface Cause {
  /** The number of an event. */
  readonly event: number | undefined;
  readonly request: Requester | undefined;
}

/** Nothing that is known. */
export const NO_CAUSE: Cause = { event: undefined, request: undefined };

/** A request, and nothing before it. */
export function byRequest(uid: number, pid: number, verb: string): Cause {
  return { event: undefined, request: { uid, pid, verb } };
}

/** An event, and what that was caused by as far as a request goes. */
export function causedBy(event: number, request?: Requester): Cause {
  return { event, request };
}

/**
 * The step with a cause for all that it tells, and for what comes after it.
 *
 * @param nextSequence the number of the first event that it tells; the others follow
 */
export function withCauses(before: Unit, event: UnitEvent, step: Step, nextSequence: number): Step {
  if (step.verdict !== 'move') return step;
  const order = 'cause' in event ? event.cause : undefined;
  const isGate = event.kind === 'gate';
  const by = 'by' in event && event.kind !== 'replaced' ? event.by : undefined;
  let cause = event.kind === 'replaced' ? event.told : before.cause;
  /* An order that has to wait for the way down to end is what causes what comes then. */
  let waiting = order ?? before.waitingCause;
  let sequence = nextSequence;
  const effects = step.effects.map((effect): Effect => {
    if (waiting !== undefined && isItsFirst(effect, order !== undefined)) {
      cause = order ?? { ...waiting, event: waiting.event ?? cause.event };
      waiting = undefined;
    }
    if (effect.kind !== 'tell') return effect;
    if (endedByItself(before, effect)) cause = by ?? causeOfEnd(before.spec.origin === 'run', cause);
    const told = { ...effect, cause };
    cause = { event: sequence, request: cause.request };
    sequence += 1;
    return told;
  });
  /* A gate that is only taken note of causes nothing later on. */
  const kept = isGate && waiting === order ? before.waitingCause : waiting;
  return { ...step, effects, unit: { ...step.unit, cause, waitingCause: kept } };
}

/** Of an end that nobody is the cause of; but what a rule runs is the rule's from its beginning to its end. */
function causeOfEnd(isRun: boolean, { request }: Cause): Cause {
  return isRun && request !== undefined && 'rule' in request ? { event: undefined, request } : NO_CAUSE;
}

/** The first effect that comes of an order: at once whatever there is, later what it has waited for. */
function isItsFirst(effect: Effect, isNew: boolean): boolean {
  if (effect.kind === 'spawn') return true;
  return effect.kind === 'tell' && (isNew || effect.event.kind === 'stopped');
}

function endedByItself({ state }: Unit, effect: Extract<Effect, { kind: 'tell' }>): boolean {
  const { event } = effect;
  return event.kind === 'exited' && state.kind !== 'stopping' && event.end.kind !== 'not-executed';
}
