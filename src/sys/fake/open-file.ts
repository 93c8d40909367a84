import type { Cancel } from '../sys.ts';
import { Misuse } from './misuse.ts';

/** What `Descriptors.kindOf` says. */
export type FileKind = 'pidfd' | 'socket' | 'pipe' | 'file' | 'folder' | 'character' | 'block' | 'other';

/** Nothing to read now, but maybe later; nothing to read ever. */
export type Reading = Uint8Array | 'again' | 'end';

/**
 * An open file description (open(2)): what descriptors of several processes, messages on their way
 * and the keeper's store refer to. It is closed when the last of them is gone. A new one belongs to
 * whoever made it; each further holder says `hold` and, in the end, `release`.
 */
export abstract class OpenFile {
  abstract readonly kind: FileKind;
  #holders = 1;

  /** False once the last holder has released it. */
  get isOpen(): boolean {
    return this.#holders > 0;
  }

  hold(): this {
    if (!this.isOpen) throw new Misuse(`a ${this.kind} was used after its last close`);
    this.#holders += 1;
    return this;
  }

  release(): void {
    if (!this.isOpen) throw new Misuse(`a ${this.kind} was closed more often than opened`);
    this.#holders -= 1;
    if (this.#holders === 0) this.closed();
  }

  /** Whether a read would give something now. */
  hasMore(): boolean {
    return false;
  }

  /** Takes up to `mostBytes` out. */
  abstract read(mostBytes: number): Reading;
  /** How many of the bytes were taken; `broken` where nobody will ever read them. */
  abstract write(bytes: Uint8Array): number | 'broken';
  /** Calls `changed` whenever reading or writing may go differently than before. */
  abstract watch(changed: () => void): Cancel;
  /** Called once, when the last holder has released it. */
  protected abstract closed(): void;
}

/** A socket at which something arrives, and into which nothing can be written. */
export abstract class ArrivalSocket extends OpenFile {
  readonly kind: FileKind = 'socket';
  readonly #watchers = new Set<() => void>();

  /** To be called when something has come. */
  protected arrived(): void {
    for (const watcher of this.#watchers) watcher();
  }

  override write(): number | 'broken' {
    return 'broken';
  }

  override watch(changed: () => void): Cancel {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }
}

/** A file that is there to be known by its kind, or read to its end: `/dev/null`, a memfd, a folder. */
export class PlainFile extends OpenFile {
  readonly kind: FileKind;
  #left: Uint8Array;

  constructor(kind: FileKind, bytes: Uint8Array = new Uint8Array(0)) {
    super();
    this.kind = kind;
    this.#left = bytes;
  }

  override read(mostBytes: number): Reading {
    if (this.#left.length === 0) return 'end';
    const bytes = this.#left.subarray(0, mostBytes);
    this.#left = this.#left.subarray(bytes.length);
    return bytes;
  }

  override write(bytes: Uint8Array): number {
    return bytes.length;
  }

  override watch(): Cancel {
    return () => undefined;
  }

  protected override closed(): void {
    this.#left = new Uint8Array(0);
  }
}
