import type { Cancel, PipeIdentity } from '../sys.ts';
import { type FileKind, OpenFile, type Reading } from './open-file.ts';

/** A pipe (pipe(7)): the bytes in it, and who may still read or write them. */
class Pipe {
  readonly identity: PipeIdentity;
  readonly capacityBytes: number;
  readonly chunks: Uint8Array[] = [];
  readonly watchers = new Set<() => void>();
  bytes = 0;
  readers = 0;
  writers = 0;

  constructor(identity: PipeIdentity, capacityBytes: number) {
    this.identity = identity;
    this.capacityBytes = capacityBytes;
  }

  changed(): void {
    for (const watcher of this.watchers) watcher();
  }
}

/** One end of a pipe, or, opened read-write, both. */
export class PipeEnd extends OpenFile {
  readonly kind: FileKind = 'pipe';
  readonly #pipe: Pipe;
  readonly #reads: boolean;
  readonly #writes: boolean;

  constructor(pipe: Pipe, reads: boolean, writes: boolean) {
    super();
    this.#pipe = pipe;
    this.#reads = reads;
    this.#writes = writes;
    if (reads) pipe.readers += 1;
    if (writes) pipe.writers += 1;
  }

  get identity(): PipeIdentity {
    return this.#pipe.identity;
  }

  /** Bytes that are in the pipe. */
  get bytes(): number {
    return this.#pipe.bytes;
  }

  /** Another end of the same pipe, open for both, as /proc/PID/fd gives it. */
  openAgain(): PipeEnd {
    return new PipeEnd(this.#pipe, true, true);
  }

  override hasMore(): boolean {
    return this.#reads && this.#pipe.bytes > 0;
  }

  /** What is in the pipe, which stays there. */
  peek(): Uint8Array {
    return Buffer.concat(this.#pipe.chunks);
  }

  override read(mostBytes: number): Reading {
    const pipe = this.#pipe;
    const chunk = pipe.chunks[0];
    if (!this.#reads) return 'end';
    if (chunk === undefined) return pipe.writers > 0 ? 'again' : 'end';
    const bytes = chunk.subarray(0, mostBytes);
    if (bytes.length === chunk.length) pipe.chunks.shift();
    else pipe.chunks[0] = chunk.subarray(bytes.length);
    pipe.bytes -= bytes.length;
    pipe.changed();
    return bytes;
  }

  override write(bytes: Uint8Array): number | 'broken' {
    const pipe = this.#pipe;
    if (!this.#writes || pipe.readers === 0) return 'broken';
    const taken = new Uint8Array(bytes.subarray(0, Math.max(0, pipe.capacityBytes - pipe.bytes)));
    if (taken.length === 0) return 0;
    pipe.chunks.push(taken);
    pipe.bytes += taken.length;
    pipe.changed();
    return taken.length;
  }

  override watch(changed: () => void): Cancel {
    this.#pipe.watchers.add(changed);
    return () => this.#pipe.watchers.delete(changed);
  }

  protected override closed(): void {
    if (this.#reads) this.#pipe.readers -= 1;
    if (this.#writes) this.#pipe.writers -= 1;
    this.#pipe.changed();
  }
}

/** The two ends of a new pipe. With `keptOpen` the writing end reads too, so that no reader's death breaks it. */
export function makePipe(
  identity: PipeIdentity,
  capacityBytes: number,
  keptOpen: boolean,
): { readonly read: PipeEnd; readonly write: PipeEnd } {
  const pipe = new Pipe(identity, capacityBytes);
  return { read: new PipeEnd(pipe, true, false), write: new PipeEnd(pipe, keptOpen, true) };
}
