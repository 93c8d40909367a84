import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Refusal } from '../sys.ts';
import { refusal } from './errno.ts';
import type { OpenFile } from './open-file.ts';

/** NAME_MAX_BYTES of native/keeper/wire.h. */
const NAME_BYTES = 320;

/** The descriptors that the keeper holds for archond, each under its name. */
export class KeptStore {
  readonly #files = new Map<string, OpenFile>();

  /** Takes the file over; where it refuses, the file stays the caller's. Answers with how many it keeps. */
  store(name: string, file: OpenFile, replace: boolean): Result<number, Refusal> {
    const bytes = Buffer.byteLength(name);
    if (bytes === 0 || bytes > NAME_BYTES) return err(refusal('EINVAL'));
    const old = this.#files.get(name);
    if (old !== undefined && !replace) return err(refusal('EEXIST'));
    old?.release();
    this.#files.set(name, file);
    return ok(this.#files.size);
  }

  drop(name: string): Result<number, Refusal> {
    const file = this.#files.get(name);
    if (file === undefined) return err(refusal('ENOENT'));
    this.#files.delete(name);
    file.release();
    return ok(this.#files.size);
  }

  /** All that is kept, each held once more for the caller. */
  list(): readonly (readonly [string, OpenFile])[] {
    return [...this.#files].map(([name, file]) => [name, file.hold()] as const);
  }

  names(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** What happens when the keeper ends. */
  clear(): void {
    for (const file of this.#files.values()) file.release();
    this.#files.clear();
  }
}
