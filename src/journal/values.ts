import { readValuePayload, type Remembered } from './payload.ts';
import { LINE_TYPES } from './line.ts';

/** A line of a checkpoint, or one that changes a value. */
export interface ValueLine {
  readonly type: typeof LINE_TYPES.value | typeof LINE_TYPES.forgotten;
  readonly payload: string;
}

/** The name of a value: no two pairs of kind and key have the same. */
export function valueName(kind: string, key: string): string {
  return `${kind.length}:${kind}${key}`;
}

/**
 * All remembered values, each as the payload of its line: what the next checkpoint is made of. Whoever gave a
 * value may go on to change it.
 *
 * While there is a past that could not be read yet, what was forgotten is kept as such: the past may
 * still know a value of that name, and must not bring it back.
 */
export class Values {
  readonly #lines = new Map<string, ValueLine>();
  #keepsForgotten = false;

  /** Lines that a checkpoint has. */
  get count(): number {
    return this.#lines.size;
  }

  get keepsForgotten(): boolean {
    return this.#keepsForgotten;
  }

  set keepsForgotten(wanted: boolean) {
    this.#keepsForgotten = wanted;
    if (wanted) return;
    for (const [name, { type }] of this.#lines) if (type === LINE_TYPES.forgotten) this.#lines.delete(name);
  }

  set(name: string, line: ValueLine): void {
    if (line.type === LINE_TYPES.forgotten && !this.#keepsForgotten) this.#lines.delete(name);
    else this.#lines.set(name, line);
  }

  /** Applies a line that was read; one that cannot be understood is passed over. */
  apply(line: ValueLine): void {
    const read = readValuePayload(line.payload);
    if (read !== undefined) this.set(valueName(read.kind, read.key), line);
  }

  /** Takes over what only `past` knows, and returns it. Nothing is missing from now on. */
  addPast(past: Values): readonly Remembered[] {
    const late = new Values();
    for (const [name, line] of past.#lines) if (!this.#lines.has(name)) late.#lines.set(name, line);
    for (const [name, line] of late.#lines) this.#lines.set(name, line);
    this.keepsForgotten = false;
    return late.list();
  }

  lines(): IterableIterator<ValueLine> {
    return this.#lines.values();
  }

  /** The values, read anew. */
  list(): readonly Remembered[] {
    const list: Remembered[] = [];
    for (const { type, payload } of this.#lines.values()) {
      const read = type === LINE_TYPES.value ? readValuePayload(payload) : undefined;
      if (read !== undefined) list.push(read);
    }
    return list;
  }
}
