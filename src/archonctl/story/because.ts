import type { EventRecord } from '../../base/event-record.ts';
import { formatDuration } from '../../base/duration.ts';
import { formatTime } from '../../base/time.ts';
import { localTime } from '../print/time.ts';
import { askedBy, phraseOf } from './phrase.ts';

/** What units say of each other, as far as it was asked for: `needs`, `wants`, `conflicts`, by the label that says it. */
export type Relations = ReadonlyMap<string, Readonly<Partial<Record<Relation, readonly string[]>>>>;
export type Relation = (typeof RELATIONS)[number];
export const RELATIONS = ['needs', 'wants', 'conflicts'] as const;

const NS_PER_MS = 1e6;

/** Reasons of a stop that say all: what was before it, the unit's own start, is no reason. */
const TELLING: ReadonlySet<string> = new Set(['not-ready', 'unhealthy', 'timed-out']);

/**
 * Where the story of a unit's present state begins, among the events that led to it (newest first): what came by itself,
 * or was asked for. What comes behind that led only to how it was before. An index; -1 where there is no event.
 */
export function originOf(chain: readonly EventRecord[]): number {
  const at = chain.findIndex(
    ({ kind, details }) =>
      kind === 'stopping' && details.some(([name, value]) => name === 'reason' && TELLING.has(value)),
  );
  return at < 0 ? chain.length - 1 : at;
}

/**
 * One sentence that says why: `web was restarted because db, which it needs, was killed by SIGKILL (signal 9) at 03:12:44,
 * 212ms before.` Undefined where there is no event.
 *
 * @param nowMs the day's date is left out
 */
export function because(
  label: string,
  chain: readonly EventRecord[],
  relations: Relations,
  nowMs: number,
): string | undefined {
  const at = originOf(chain);
  const [newest] = chain;
  const origin = chain[at];
  if (newest === undefined || origin === undefined) return undefined;
  const story = chain.slice(0, at + 1);
  const rule = story.map((event) => detailOf(event, 'rule')).find((named) => named !== undefined);
  const head = `${label} ${headline(label, story)}${rule === undefined ? '' : ` by the rule ${rule}`}`;
  const turn = turningPoint(label, story);
  const lost = at === chain.length - 1 && origin.kind !== 'stopping' ? detailOf(origin, 'cause') : undefined;
  if (lost !== undefined) return `${head} because of event ${lost}, which is not kept any more.`;
  const isSame = turn === origin && !isAsked(origin) && story.length === 1;
  const before = Number(turn.timeNs - origin.timeNs) / NS_PER_MS;
  const when = `at ${clockTime(origin, nowMs)}${before >= 1 ? `, ${formatDuration(before)} before` : ''}`;
  return isSame
    ? `${head} ${when}: it ${phraseOf(origin)}.`
    : `${head} because ${clause(label, story, origin, relations)} ${when}.`;
}

/** What has become of it, by its newest event. */
function headline(label: string, story: readonly EventRecord[]): string {
  const [newest] = story;
  const isAgain = story.some(
    (event) =>
      event.label === label &&
      (['exited', 'stopping', 'backoff'].includes(event.kind) ||
        event.details.some(([name]) => name === 'restarts')),
  );
  const kind = newest?.kind ?? '';
  switch (kind) {
    case 'running':
    case 'starting':
      return isAgain ? 'was restarted' : 'was started';
    case 'waiting':
      return 'is waiting';
    case 'backoff':
      return 'is to be started again';
    case 'stopping':
    case 'exited':
      return 'is going down';
    case 'failed':
      return 'has failed';
    case 'finished':
      return 'has finished';
    default:
      return 'was stopped';
  }
}

/** The event at which what is told of began for the unit itself: its start, else the newest. */
function turningPoint(label: string, story: readonly EventRecord[]): EventRecord {
  const [newest, next] = story as readonly [EventRecord, ...EventRecord[]];
  const isStart = newest.kind === 'running' && next?.kind === 'starting' && next.label === label;
  return isStart ? next : newest;
}

function clause(
  label: string,
  story: readonly EventRecord[],
  origin: EventRecord,
  relations: Relations,
): string {
  if (origin.label === '') return phraseOf(origin);
  const asked = askedBy(origin);
  const isOrder = asked !== undefined && isAsked(origin);
  const need = detailOf(origin, 'need');
  if (origin.label === label) {
    if (isOrder && need !== undefined) return `it was taken down with ${need}, which it needs (${asked})`;
    if (isOrder && detailOf(origin, 'rival') !== undefined) return `it ${phraseOf(origin)} (${asked})`;
    return isOrder ? `that was asked for (${asked})` : `it ${phraseOf(origin)}`;
  }
  const path = labelsOf(story);
  const what = `${phraseOf(origin)}${isOrder ? ` (${asked})` : ''}`;
  const links = path.slice(1).map((other, index) => linkBetween(path[index] ?? '', other, story, relations));
  if (path.length === 2)
    return `${origin.label}${links[0] === '' ? '' : `, which it ${links[0] ?? ''},`} ${what}`;
  const route = path
    .slice(1)
    .map((other, index) => `${links[index] === '' ? 'follows' : (links[index] ?? '')} ${other}`);
  return `${origin.label} ${what} (${path[0] ?? ''} ${route.join(', which ')})`;
}

/** The labels along the way from the unit to the origin, each once. */
function labelsOf(story: readonly EventRecord[]): readonly string[] {
  return [...new Set(story.map(({ label }) => label))].filter((label) => label !== '');
}

/** The word between a unit and another one that it followed; empty where none is known. */
function linkBetween(
  one: string,
  other: string,
  story: readonly EventRecord[],
  relations: Relations,
): string {
  if (story.some((event) => event.label === one && detailOf(event, 'need') === other)) return 'needs';
  const said = relations.get(one);
  const word = RELATIONS.find((relation) => said?.[relation]?.includes(other) === true);
  return word === 'conflicts' ? 'cannot be beside' : (word ?? '');
}

/** Whether a request asked for just this, and not for something that led to it. */
function isAsked(event: EventRecord): boolean {
  return askedBy(event) !== undefined && detailOf(event, 'cause') === undefined;
}

function detailOf({ details }: EventRecord, name: string): string | undefined {
  return details.find(([own]) => own === name)?.[1];
}

/** `03:12:44` on the same day, else with the date. */
function clockTime({ timeNs }: EventRecord, nowMs: number): string {
  const now = localTime(String(Math.floor(nowMs / 1000)));
  const [day = '', time = ''] = localTime(formatTime(timeNs)).split(' ');
  const clock = time.replace(/\.\d+$/, '');
  return now.startsWith(day) ? clock : `${day} ${clock}`;
}
