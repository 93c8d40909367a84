import { LINE_TYPES, LineBuffer, lineFeedAt, typeAt } from './line.ts';
import { eventPayload, forgottenPayload, valuePayload, type NewEvent, type Remembered } from './payload.ts';
import { SpanOf, type Span } from './span.ts';
import { valueName, type ValueLine, type Values } from './values.ts';

interface Change {
  /** Where its line ends. */
  readonly endBytes: number;
  readonly name: string;
  readonly line: ValueLine;
}

const EVENT = LINE_TYPES.event.charCodeAt(0);

/** Records that were given and have not been written yet, in their order. */
export class Pending {
  readonly #lines = new LineBuffer();
  #changes: Change[] = [];
  #span = new SpanOf();
  #events = 0;

  get length(): number {
    return this.#lines.length;
  }

  /** Their bytes, valid until the next call. */
  bytes(): Buffer {
    return this.#lines.bytes();
  }

  /** When its events were. */
  get span(): Span {
    return this.#span.span;
  }

  addEvent(sequence: number, event: NewEvent): void {
    this.#lines.add(LINE_TYPES.event, eventPayload(sequence, event));
    this.#span.add(Number(event.timeNs));
    this.#events += 1;
  }

  addValue(timeNs: bigint, value: Remembered): void {
    this.#change(value.kind, value.key, {
      type: LINE_TYPES.value,
      payload: valuePayload(timeNs, value),
    });
  }

  addForgotten(timeNs: bigint, kind: string, key: string): void {
    this.#change(kind, key, { type: LINE_TYPES.forgotten, payload: forgottenPayload(timeNs, kind, key) });
  }

  /** The clean end. */
  addClosed(timeNs: bigint): void {
    this.#lines.add(LINE_TYPES.closed, String(timeNs));
  }

  /**
   * The first `bytes` have been written: takes the whole lines among them out, applies what they
   * change to the values, and returns their bytes and the number of events in them.
   */
  written(bytes: number, values: Values): { readonly bytes: number; readonly events: number } {
    const whole = bytes === this.length ? { bytes, events: this.#events } : this.#wholeLines(bytes);
    let applied = 0;
    for (const { endBytes, name, line } of this.#changes) {
      if (endBytes > whole.bytes) break;
      values.set(name, line);
      applied += 1;
    }
    if (this.#changes.length > 0) this.#shift(applied, whole.bytes);
    this.#events -= whole.events;
    this.#lines.drop(whole.bytes);
    if (this.length === 0) this.#span = new SpanOf();
    return whole;
  }

  /** Forgets the changes that were applied; the lines of the others now end earlier. */
  #shift(applied: number, bytes: number): void {
    const left = this.#changes.slice(applied);
    this.#changes = left.map((change) => ({ ...change, endBytes: change.endBytes - bytes }));
  }

  #change(kind: string, key: string, line: ValueLine): void {
    this.#lines.add(line.type, line.payload);
    this.#changes.push({ endBytes: this.#lines.length, name: valueName(kind, key), line });
  }

  #wholeLines(bytes: number): { readonly bytes: number; readonly events: number } {
    const all = this.#lines.bytes();
    let at = 0;
    let events = 0;
    for (let end = lineFeedAt(all, at); end >= 0 && end < bytes; end = lineFeedAt(all, at)) {
      if (typeAt(all, at) === EVENT) events += 1;
      at = end + 1;
    }
    return { bytes: at, events };
  }
}
