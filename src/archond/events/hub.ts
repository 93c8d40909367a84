import type { EventRecord } from '../../base/event-record.ts';
import type { Target } from '../../protocol/kinds.ts';
import { encodeReply } from '../../protocol/reply.ts';
import type { Clock, Timers } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import { matches } from '../requests/targets.ts';
import { Channel } from '../streams/channel.ts';

/** All streams with the same filter and the same tag. */
interface Hearing {
  readonly target: Target | undefined;
  readonly channel: Channel;
}

/**
 * Tells events to all streams as they happen. Each event is made a line once, however many listen; lines of
 * one turn of the loop leave together, so that many events cost each listener one write.
 */
export class EventHub {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #hearings = new Map<string, Hearing>();
  #isDue = false;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#hearings.size > 0;
  }

  /** Takes events that are written; they are told when the turn is over. */
  publish(events: readonly EventRecord[]): void {
    if (!this.isHeard) return;
    for (const event of events) {
      let line: string | undefined;
      for (const { target, channel } of this.#hearings.values()) {
        if (!matches(target, event.label)) continue;
        line ??= encodeReply({ kind: 'event', event });
        channel.add(line);
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
    for (const { channel } of this.#hearings.values()) channel.tell();
  }

  /** From now on the stream, which is open, is told all that comes: nothing that has been taken before. */
  join(call: Call, target: Target | undefined): void {
    const { tag } = call.request;
    const key = keyOf(tag, target);
    const { channel } = this.#hearings.get(key) ?? { channel: new Channel(tag) };
    this.#hearings.set(key, { target, channel });
    channel.join(call, () => {
      if (!channel.isHeard) this.#hearings.delete(key);
    });
  }
}

/** A label is never written as a glob is, so that texts tell targets apart. */
function keyOf(tag = '', target: Target | undefined): string {
  const filter = target?.kind === 'glob' ? target.glob.text : target?.label;
  return `${tag},${filter ?? ''}`;
}
