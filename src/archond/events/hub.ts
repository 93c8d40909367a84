import type { EventRecord } from '../../base/event-record.ts';
import type { Target } from '../../protocol/kinds.ts';
import { encodeReply } from '../../protocol/reply.ts';
import type { Clock, Timers } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import { matches } from '../requests/targets.ts';
import { Backlog } from './backlog.ts';
import { Listener } from './listener.ts';

/** All streams with the same filter and the same tag: what they are sent is the same, byte for byte. */
interface Channel {
  readonly target: Target | undefined;
  /** What stands before each line. */
  readonly prefix: string;
  readonly backlog: Backlog;
  readonly listeners: Set<Listener>;
  hasNews: boolean;
}

/**
 * Tells events to all streams as they happen. Each event is made a line once, however many listen; lines of
 * one turn of the loop leave together, so that many events cost each listener one write.
 */
export class EventHub {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #channels = new Map<string, Channel>();
  #isDue = false;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#channels.size > 0;
  }

  /** Takes events that are written; they are told when the turn is over. */
  publish(events: readonly EventRecord[]): void {
    if (!this.isHeard) return;
    for (const event of events) {
      let line: string | undefined;
      for (const channel of this.#channels.values()) {
        if (!matches(channel.target, event.label)) continue;
        line ??= encodeReply({ kind: 'event', event });
        channel.backlog.add(channel.prefix === '' ? line : channel.prefix + line);
        channel.hasNews = true;
      }
    }
    if (this.#isDue) return;
    this.#isDue = true;
    this.#timers.at(this.#clock.monotonicMs(), () => {
      this.#isDue = false;
      this.tell();
    });
  }

  /** Tells what has been taken. */
  tell(): void {
    for (const channel of this.#channels.values()) {
      if (!channel.hasNews) continue;
      channel.hasNews = false;
      for (const listener of [...channel.listeners]) listener.pump();
      channel.backlog.tidy();
    }
  }

  /** From now on the stream, which is open, is told all that comes: nothing that has been taken before. */
  join(call: Call, target: Target | undefined): void {
    const channel = this.#channelOf(call.request.tag, target);
    const listener = new Listener(call, channel.backlog.read(), () => {
      channel.listeners.delete(listener);
      if (channel.listeners.size === 0) this.#channels.delete(keyOf(call.request.tag, target));
    });
    channel.listeners.add(listener);
  }

  #channelOf(tag: string | undefined, target: Target | undefined): Channel {
    const key = keyOf(tag, target);
    const found = this.#channels.get(key);
    if (found !== undefined) return found;
    const prefix = tag === undefined ? '' : `${tag},`;
    const made = { target, prefix, backlog: new Backlog(), listeners: new Set<Listener>(), hasNews: false };
    this.#channels.set(key, made);
    return made;
  }
}

/** A label is never written as a glob is, so that texts tell targets apart. */
function keyOf(tag = '', target: Target | undefined): string {
  const filter = target?.kind === 'glob' ? target.glob.text : target?.label;
  return `${tag},${filter ?? ''}`;
}
