import type { Cancel } from '../sys.ts';
import type { VirtualLoop } from './loop.ts';
import type { OpenFile } from './open-file.ts';

const READ_BYTES = 65_536;

/** What a process writes: what its descriptors do not take yet waits here, in order. */
export class ProcessOutput {
  readonly #loop: VirtualLoop;
  readonly #broken: () => void;
  readonly #waiting: { readonly file: OpenFile; bytes: Uint8Array }[] = [];
  #written: (() => void)[] = [];
  #unwatch: Cancel | undefined;

  /** `broken` is called, in a task of its own, where nobody can read any more. */
  constructor(loop: VirtualLoop, broken: () => void) {
    this.#loop = loop;
    this.#broken = broken;
  }

  /** Something waits: write(2) has not returned yet. */
  get blocked(): boolean {
    return this.#waiting.length > 0;
  }

  write(file: OpenFile, bytes: Uint8Array): void {
    this.#waiting.push({ file, bytes: new Uint8Array(bytes) });
    if (this.#waiting.length === 1) this.#flush();
  }

  /** Calls `action` once nothing waits any more. */
  onceWritten(action: () => void): void {
    this.#written.push(action);
  }

  stop(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#waiting.length = 0;
    this.#written = [];
  }

  #flush(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const taken = first.file.write(first.bytes);
      if (taken === 'broken') {
        this.#loop.post(this.#broken);
      } else if (taken < first.bytes.length) {
        first.bytes = first.bytes.subarray(taken);
        this.#wait(first.file);
        return;
      }
      this.#waiting.shift();
    }
    const written = this.#written;
    this.#written = [];
    for (const action of written) action();
  }

  #wait(file: OpenFile): void {
    if (this.#unwatch !== undefined) return;
    const unwatch = file.watch(() => {
      if (this.#unwatch !== unwatch) return;
      unwatch();
      this.#unwatch = undefined;
      this.#loop.post(() => this.#flush());
    });
    this.#unwatch = unwatch;
  }
}

/** What a process reads from one descriptor. */
export class ProcessInput {
  readonly #loop: VirtualLoop;
  readonly #file: OpenFile;
  readonly #listener: (piece: Uint8Array | 'end') => void;
  readonly #unwatch: Cancel;
  #over = false;
  #posted = false;

  constructor(loop: VirtualLoop, file: OpenFile, listener: (piece: Uint8Array | 'end') => void) {
    this.#loop = loop;
    this.#file = file;
    this.#listener = listener;
    this.#unwatch = file.watch(() => this.#later());
    this.#later();
  }

  stop(): void {
    this.#over = true;
    this.#unwatch();
  }

  #later(): void {
    if (this.#posted || this.#over) return;
    this.#posted = true;
    this.#loop.post(() => {
      this.#posted = false;
      if (!this.#over) this.#read();
    });
  }

  #read(): void {
    const piece = this.#file.read(READ_BYTES);
    if (piece === 'again') return;
    if (piece === 'end') this.stop();
    else this.#later();
    this.#listener(piece);
  }
}
