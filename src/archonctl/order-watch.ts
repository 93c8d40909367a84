import type { EventRecord } from '../base/event-record.ts';
import { formatDuration } from '../base/duration.ts';
import { listing } from '../base/show.ts';
import { socketPath } from '../protocol/socket-path.ts';
import { monotonicMs } from './clock.ts';
import { recordsOf, type Data } from './consult.ts';
import type { Conversation } from './conversation.ts';
import { printable } from './print/printable.ts';
import { reach } from './reach.ts';
import { lengthOf, readStep, type PlanStep } from './story/steps.ts';
import type { Invocation } from './verb.ts';

/** A supervisor that does not answer sooner is not asked what an order would do: the order is what matters. */
const PATIENCE_MS = 1000;

/** More names would not fit on a line. */
const MOST_NAMED = 3;

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
    let take: (event: EventRecord) => void = () => undefined;
    const stream = conversation.follow(['Subscribe'], (reply) => {
      if (reply.kind === 'event') take(reply.event);
    });
    const data: Data[] = [];
    const asked = ['Plan', action === 'restart' ? 'stop' : action, ...words] as const;
    const opened = await stream.opened;
    const closing = await conversation.ask(asked, (reply) => data.push(reply));
    giveUp.removeEventListener('abort', hangUp);
    const steps = recordsOf({ data }, 'Step').map(readStep);
    if (opened.kind !== 'ok' || closing.kind !== 'ok' || steps.length === 0) {
      conversation.close();
      return undefined;
    }
    const watch = new OrderWatch(conversation, action, steps);
    take = (event) => {
      watch.#take(event);
    };
    return watch;
  }

  /** `2 of 5 done; waiting for db (starting for 3s) and cache, about 8s in all`. */
  text(): string {
    const over = this.#steps.filter((step) => this.#seen.get(keyOf(step))?.isOver === true);
    const numbers = new Set(over.map(({ number }) => number));
    const now = this.#steps.filter(
      ({ number, after }) => !numbers.has(number) && after.every((other) => numbers.has(other)),
    );
    const left = now.length > 0 ? now : this.#steps.filter(({ number }) => !numbers.has(number));
    const names = left.slice(0, MOST_NAMED).map((step) => this.#nameOf(step));
    const more = left.length - names.length;
    const waiting = listing(more > 0 ? [...names, `${more} more`] : names, 'and');
    const ms = lengthOf(this.#steps);
    const whole = ms === 0 || this.#action === 'restart' ? '' : `, about ${formatDuration(ms)} in all`;
    const done = `${over.length} of ${this.#steps.length} done`;
    return left.length === 0 ? done : `${done}; waiting for ${waiting}${whole}`;
  }

  close(): void {
    this.#conversation.close();
  }

  #nameOf(step: PlanStep): string {
    const latest = this.#seen.get(keyOf(step))?.latest;
    const label = printable(step.label);
    if (latest === undefined) return step.action.endsWith('ing') ? `${label} (${step.action})` : label;
    return `${label} (${printable(latest.kind)} for ${formatDuration(monotonicMs() - latest.atMs)})`;
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

function keyOf({ number }: PlanStep): string {
  return String(number);
}
