import type { Failure } from '../base/failure.ts';
import type { Descriptor } from '../sys/sys.ts';
import { WAITING_BYTES } from './limits.ts';

/**
 * The line of an untagged request that waits for those before it to be closed, or a refusal that has its
 * place among them. A line is read when its turn comes: what is made of one can be many times as large. It
 * is kept as a text, a character for each byte, because buffers stay garbage for long.
 */
export type Waiting =
  | { readonly kind: 'line'; readonly line: string; readonly descriptors: readonly Descriptor[] }
  | { readonly kind: 'refusal'; readonly failure: Failure };

/** The untagged lines of a connection that wait for their turn, and what is kept for them. */
export class WaitingLines {
  #list: Waiting[] = [];
  #bytes = 0;
  #descriptors = 0;

  get length(): number {
    return this.#list.length;
  }

  /** What they take, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many descriptors wait with them. */
  get descriptors(): number {
    return this.#descriptors;
  }

  push(waiting: Waiting): void {
    this.#list.push(waiting);
    this.#count(waiting, 1);
  }

  shift(): Waiting | undefined {
    const waiting = this.#list.shift();
    if (waiting !== undefined) this.#count(waiting, -1);
    return waiting;
  }

  /** Takes all. */
  clear(): readonly Waiting[] {
    const list = this.#list;
    this.#list = [];
    this.#bytes = 0;
    this.#descriptors = 0;
    return list;
  }

  /** Each line becomes its refusal, in its place; returns the descriptors, which are the caller's. */
  refuse(failure: Failure): readonly Descriptor[] {
    const refusal = { kind: 'refusal', failure } as const;
    const descriptors: Descriptor[] = [];
    for (const waiting of this.clear()) {
      if (waiting.kind === 'line') descriptors.push(...waiting.descriptors);
      this.#list.push(waiting.kind === 'line' ? refusal : waiting);
    }
    return descriptors;
  }

  #count(waiting: Waiting, sign: 1 | -1): void {
    if (waiting.kind !== 'line') return;
    this.#bytes += sign * (waiting.line.length + WAITING_BYTES);
    this.#descriptors += sign * waiting.descriptors.length;
  }
}
