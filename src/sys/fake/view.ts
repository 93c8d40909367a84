import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Descriptor, SysError } from '../sys.ts';
import { DescriptorTable } from './descriptor-table.ts';
import { sysError } from './errno.ts';
import type { Fallible } from './faults.ts';
import type { FakeKernel } from './kernel.ts';
import { ArchondKilled } from './misuse.ts';
import type { OpenFile } from './open-file.ts';

/**
 * One life of archond: what dies with it. Each call of its `Sys` goes through `call`, each callback
 * through `post`; when it is killed its descriptors close and its callbacks never come.
 */
export class View {
  readonly kernel: FakeKernel;
  readonly pid: number;
  readonly epoch: number;
  readonly descriptors = new DescriptorTable();
  /** Runs before each call of its `Sys`, with the name of the call; may kill this archond. */
  onCall: ((name: string) => void) | undefined;
  /** How many calls of its `Sys` it has made. */
  calls = 0;
  /** Archond ends by itself. */
  onClose: () => void = () => undefined;
  #alive = true;
  readonly #atDeath = new Set<() => void>();
  readonly #failures: Map<string, string[]>;

  /** `failures`: by name of the call the errnos with which the next ones fail. */
  constructor(kernel: FakeKernel, pid: number, epoch: number, failures: Map<string, string[]>) {
    this.kernel = kernel;
    this.pid = pid;
    this.epoch = epoch;
    this.#failures = failures;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** To be said first in every method of `Sys`. */
  call(name: string): void {
    if (this.#alive) {
      this.calls += 1;
      this.onCall?.(name);
    }
    if (!this.#alive) throw new ArchondKilled(`${name}: this archond is dead`);
  }

  /** Calls archond back in a task of its own, if it still lives then. */
  post(action: () => void): void {
    this.kernel.loop.post(() => {
      if (this.#alive) action();
    });
  }

  /** Runs when it is killed; returns how to withdraw that. */
  atDeath(action: () => void): () => void {
    this.#atDeath.add(action);
    return () => this.#atDeath.delete(action);
  }

  /** The injected failure of this call, if there is one; `fallible`: what it is among those of `ERRNOS`. */
  failure(
    call: string,
    fallible: Fallible = call as Fallible,
  ): { readonly ok: false; readonly error: SysError } | undefined {
    const code = this.fault(call, fallible);
    return code === undefined ? undefined : err(sysError(code, call));
  }

  /** The errno of it; of a write it may be one that `partly` takes apart. */
  fault(call: string, fallible: Fallible = call as Fallible): string | undefined {
    return this.#failures.get(call)?.shift() ?? (this.#alive ? this.kernel.faults.take(fallible) : undefined);
  }

  /** Archond closes its door: it ends when its present step is over. */
  close(): void {
    this.call('close');
    this.post(() => this.onClose());
  }

  /** Opens a descriptor for a new file; `EMFILE` where the limit does not allow it, and the file is closed. */
  open(origin: string, file: OpenFile): Result<Descriptor, SysError> {
    if (this.descriptors.size >= this.kernel.settings.descriptorLimit) {
      file.release();
      return err(sysError('EMFILE', origin));
    }
    return ok(this.descriptors.add(file, origin));
  }

  /** As SIGKILL does. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const action of this.#atDeath) action();
    this.#atDeath.clear();
    this.descriptors.closeAll();
  }
}
