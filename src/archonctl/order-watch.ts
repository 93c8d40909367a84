import type { EventRecord } from '../base/event-record.ts';
import { formatDuration } from '../base/duration.ts';
import { listing } from '../base/show.ts';
import { socketPath } from '../protocol/socket-path.ts';
import { monotonicMs } from './clock.ts';
import { recordsOf, type Data } from './consult.ts';
import type { Conversation } from './conversation.ts';
import { printable } from './print/printable.ts';
import { unitRow, type UnitRow } from './print/unit.ts';
import { reach } from './reach.ts';
import { lengthOf, readStep, type PlanStep } from './story/steps.ts';
import type { Invocation } from './verb.ts';

/** A supervisor that does not answer sooner is not asked what an order would do: the order is what matters. */
const PATIENCE_MS = 1000;

const MS_A_SECOND = 1000;

/** How much is said of who is waited for: as much as fits on a line. */
const FORMS = [
  { most: 3, isBrief: false },
  { most: 2, isBrief: false },
  { most: 1, isBrief: false },
  { most: 1, isBrief: true },
] as const;

export type Action = 'start' | 'stop' | 'restart';

/** What is told of a unit when a step of it is over. */
const OVER: Readonly<Record<Action, ReadonlySet<string>>> = {
  start: new Set(['running', 'finished']),
  stop: new Set(['stopped', 'waiting', 'failed']),
  restart: new Set(['running', 'finished']),
};

/** How far a step has come. */
interface Seen {
  isOver: boolean;
  /** It has been told to stop; a restart is over after that only. */
  isStopping: boolean;
  /** What was told last, and when; undefined before the first. */
  latest: { readonly kind: string; readonly atMs: number } | undefined;
}

/** Follows what an order does, for people who wait for it: by what the supervisor says beforehand that it would do, and by its events. */
export class OrderWatch {
  readonly #conversation: Conversation;
  readonly #action: Action;
  readonly #steps: readonly PlanStep[];
  readonly #seen: ReadonlyMap<string, Seen>;

  private constructor(conversation: Conversation, action: Action, steps: readonly PlanStep[]) {
    this.#conversation = conversation;
    this.#action = action;
    this.#steps = steps;
    this.#seen = new Map(
      steps.map((step) => [keyOf(step), { isOver: false, isStopping: false, latest: undefined }]),
    );
  }

  /** To be begun before the order is given; undefined where nobody sees it, nothing would be done, or it cannot be had. */
  static async begin(
    { globals, caller, screen }: Invocation,
    action: Action,
    words: readonly string[],
  ): Promise<OrderWatch | undefined> {
    if (!screen.showsProgress()) return undefined;
    const giveUp = AbortSignal.timeout(PATIENCE_MS);
    const socket = socketPath(globals.socket, caller.uid, caller.env);
    const reached = await reach(socket, { refusedMs: 0, absentMs: 0, giveUp });
    if (!reached.ok) return undefined;
    const conversation = reached.value;
    const hangUp = (): void => {
      conversation.close();
    };
    giveUp.addEventListener('abort', hangUp);
    const units: UnitRow[] = [];
    const early: EventRecord[] = [];
    let take = (event: EventRecord): void => {
      early.push(event);
    };
    const stream = conversation.follow(['Subscribe', '@snapshot=1'], (reply) => {
      if (reply.kind === 'event') take(reply.event);
      else if (reply.kind === 'data' && reply.name === 'Unit') units.push(unitRow(reply.fields));
    });
    const data: Data[] = [];
    const asked = ['Plan', action === 'restart' ? 'stop' : action, ...words, '@under-way=1'] as const;
    const opened = await stream.opened;
    const closing = await conversation.ask(asked, (reply) => {
      /* What was told before is in the steps already. */
      early.length = 0;
      data.push(reply);
    });
    giveUp.removeEventListener('abort', hangUp);
    const steps = recordsOf({ data }, 'Step').map(readStep);
    if (opened.kind !== 'ok' || closing.kind !== 'ok' || steps.length === 0) {
      conversation.close();
      return undefined;
    }
    const watch = new OrderWatch(conversation, action, steps);
    watch.#takeUp(units);
    take = (event) => {
      watch.#take(event);
    };
    for (const event of early) take(event);
    return watch;
  }

  /**
   * `2 of 5 done; waiting for db (starting for 3s) and cache, about 8s in all`, with as much of it as there is room for: who has
   * been waited for longest comes first.
   */
  text(room: number): string {
    const over = this.#steps.filter((step) => this.#seen.get(keyOf(step))?.isOver === true);
    const done = `${over.length} of ${this.#steps.length} done`;
    const left = this.#waitedFor(new Set(over.map(({ number }) => number)));
    if (left.length === 0) return done;
    const ms = this.#action === 'restart' ? 0 : lengthOf(this.#steps);
    const whole = ms === 0 ? '' : `, about ${inSeconds(ms)} in all`;
    const texts = [whole, ''].flatMap((end) =>
      FORMS.map((form) => `${done}; waiting for ${this.#some(left, form)}${end}`),
    );
    return texts.find((text) => text.length <= room) ?? texts.at(-1) ?? done;
  }

  #waitedFor(over: ReadonlySet<number>): readonly PlanStep[] {
    const open = this.#steps.filter(({ number }) => !over.has(number));
    const now = open.filter(({ after }) => after.every((other) => over.has(other)));
    const sinceOf = (step: PlanStep): number => this.#seen.get(keyOf(step))?.latest?.atMs ?? Infinity;
    return (now.length > 0 ? now : open).toSorted((one, other) => {
      const [first, second] = [sinceOf(one), sinceOf(other)];
      return first === second ? 0 : first - second;
    });
  }

  #some(left: readonly PlanStep[], { most, isBrief }: (typeof FORMS)[number]): string {
    const names = left.slice(0, most).map((step) => this.#nameOf(step, isBrief));
    const more = left.length - names.length;
    return listing(more > 0 ? [...names, `${more} more`] : names, 'and');
  }

  close(): void {
    this.#conversation.close();
  }

  #nameOf(step: PlanStep, isBrief: boolean): string {
    const latest = this.#seen.get(keyOf(step))?.latest;
    const label = printable(step.label);
    if (latest === undefined) return step.action.endsWith('ing') ? `${label} (${step.action})` : label;
    const ms = monotonicMs() - latest.atMs;
    const long = ms < MS_A_SECOND ? '' : inSeconds(ms);
    if (isBrief) return long === '' ? label : `${label} (${long})`;
    return `${label} (${printable(latest.kind)}${long === '' ? '' : ` for ${long}`})`;
  }

  /** What is under way already has been so for as long as its unit is in that state. */
  #takeUp(units: readonly UnitRow[]): void {
    const rows = new Map(units.map((row) => [row.label, row]));
    for (const step of this.#steps) {
      const row = step.action.endsWith('ing') ? rows.get(step.label) : undefined;
      const seen = this.#seen.get(keyOf(step));
      if (row === undefined || row.since === '' || seen === undefined) continue;
      const agoMs = Math.max(0, Date.now() - Number(row.since) * MS_A_SECOND);
      seen.isStopping = row.state === 'stopping';
      seen.latest = { kind: row.state, atMs: monotonicMs() - agoMs };
    }
  }

  #take({ label, kind }: EventRecord): void {
    for (const step of this.#steps) {
      const seen = step.label === label ? this.#seen.get(keyOf(step)) : undefined;
      if (seen === undefined || seen.isOver) continue;
      seen.isStopping ||= kind === 'stopping';
      seen.latest = { kind, atMs: monotonicMs() };
      const isStart = step.action.startsWith('start');
      const of = this.#action === 'restart' ? 'restart' : isStart ? 'start' : 'stop';
      seen.isOver = OVER[of].has(kind) && (of === 'start' || seen.isStopping);
    }
  }
}

/** In whole seconds from one on: nobody reads tenths in a line that changes. */
function inSeconds(ms: number): string {
  return formatDuration(ms < MS_A_SECOND ? ms : ms - (ms % MS_A_SECOND));
}

function keyOf({ number }: PlanStep): string {
  return String(number);
}
