import { signalName } from '../base/signals.ts';
import type { Cause, Requester } from '../supervisor/cause.ts';
import type { ToldEvent } from '../supervisor/effect.ts';
import type { End } from '../supervisor/state.ts';
import type { EndBefore, ResourceUsage } from '../sys/sys.ts';
import type { UnitRecord } from './unit-record.ts';

/** `name=value` of an event record, in their order. */
export type Details = readonly (readonly [name: string, value: string])[];

/** What the record of an event says beside its kind (protocol page, the paragraph on events). */
export function detailsOf(
  event: ToldEvent,
  process: Pick<UnitRecord, 'pid' | 'usage' | 'unit' | 'isOutputPending' | 'endedFor'>,
): Details {
  const { usage } = process;
  switch (event.kind) {
    case 'starting':
      return [...processDetails(event.pid, event.generation), ...restartDetails(process)];
    case 'running':
      return processDetails(event.pid, event.generation);
    case 'waiting':
      return [];
    case 'stopping':
      return [
        ...processDetails(process.pid, event.generation),
        ['reason', event.reason],
        ...(event.need === undefined ? [] : [['need', event.need] as const]),
        ...(event.rival === undefined ? [] : [['rival', event.rival] as const]),
      ];
    case 'exited':
      return [
        ...processDetails(event.pid, event.generation),
        ...endDetails(event.end),
        ...(process.endedFor === undefined ? [] : [['reason', process.endedFor] as const]),
        ...(usage === undefined ? [] : usageDetails(usage)),
        ...(process.isOutputPending ? [['output', 'pending'] as const] : []),
      ];
    case 'stopped':
      return [['reason', event.reason]];
    case 'backoff':
      return [
        ['delay', `${Math.round(event.delayMs)}ms`],
        ['attempt', String(event.attempt)],
        ...restartDetails(process),
      ];
    case 'failed':
      return [
        ['reason', event.reason],
        ...(event.needs === undefined ? [] : [['need', event.needs[0]] as const]),
        ...(event.end === undefined ? [] : endDetails(event.end)),
      ];
    case 'finished':
      return endDetails(event.end);
  }
}

/**
 * Of a generation beside the unit's own, what it is to that: `replaces`: it is to take its place, or does so now (`running`);
 * `replaced-by`: that has taken its place. Nothing of the unit's own.
 */
export function besideDetails({ besideOf, unit }: Pick<UnitRecord, 'besideOf' | 'unit'>): Details {
  if (besideOf === undefined) return [];
  const own = besideOf.unit.generation;
  return [[own < unit.generation ? 'replaces' : 'replaced-by', String(own)]];
}

/** How often it has been started again since it was last started by an order. */
function restartDetails({ unit }: Pick<UnitRecord, 'unit'>): Details {
  const { restarts } = unit.history;
  return restarts === 0 ? [] : [['restarts', String(restarts)]];
}

function endDetails(end: End): Details {
  switch (end.kind) {
    case 'exited':
      return [['code', String(end.code)]];
    case 'signalled':
      return [['signal', signalName(end.signal)], ...(end.core ? [['core', '1'] as const] : [])];
    case 'not-executed':
      return [
        ['stage', end.stage],
        ['errno', end.code],
      ];
    case 'unknown':
      return [['unknown', '1']];
  }
}

/** How the archond before this one ended, where there was one. */
export function beforeDetails(before: EndBefore | undefined): Details {
  if (before === undefined) return [];
  return before.kind === 'silent' ? [['silent', '1']] : endDetails(before);
}

/** The process that an event is of; its pid where there is one. */
export function processDetails(pid: number | undefined, generation: number): Details {
  const named = ['generation', String(generation)] as const;
  return pid === undefined ? [named] : [['pid', String(pid)], named];
}

/** Why it happened; nothing where no cause is known. */
export function causeDetails({ event, request }: Cause): Details {
  return [
    ...(event === undefined ? [] : [['cause', String(event)] as const]),
    ...(request === undefined ? [] : requesterDetails(request)),
  ];
}

function requesterDetails(request: Requester): Details {
  if ('rule' in request)
    return [
      ['rule', request.rule],
      ['depth', String(request.depth)],
    ];
  return [
    ['by', `${request.uid}:${request.pid}`],
    ['request', request.verb],
  ];
}

/** Who asked for it, as an event names them, from its details by name. */
export function requesterIn(details: ReadonlyMap<string, string>): Requester | undefined {
  const rule = details.get('rule');
  if (rule !== undefined) return { rule, depth: Number(details.get('depth')) || 0 };
  const [, uid, pid] = /^(\d+):(\d+)$/.exec(details.get('by') ?? '') ?? [];
  const verb = details.get('request');
  return uid === undefined || pid === undefined || verb === undefined
    ? undefined
    : { uid: Number(uid), pid: Number(pid), verb };
}

/** What a process used in its life: times in seconds, memory in bytes. */
export function usageDetails({ userUs, systemUs, maxRssKib }: ResourceUsage): Details {
  return [
    ['utime', (userUs / 1e6).toFixed(6)],
    ['stime', (systemUs / 1e6).toFixed(6)],
    ['maxrss', String(maxRssKib * 1024)],
  ];
}
