import type { Copying, Descriptor, PipeIdentity, Sys, SysError } from '../sys/sys.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';

/** Rights of a log file: the owner's, and reading for its group. */
const LOG_MODE = 0o640;

/** What the keeper calls the pipe of a unit. */
export function outputName(label: string): string {
  return `out:${label}`;
}

/** The output of a unit on its way to its log: a pipe that outlives processes and archond, and the copying out of it. */
export class UnitOutput {
  readonly write: Descriptor;
  readonly identity: PipeIdentity;
  readonly #sys: Sys;
  readonly #label: string;
  readonly #copying: Copying;

  private constructor(sys: Sys, label: string, write: Descriptor, identity: PipeIdentity, copying: Copying) {
    this.#sys = sys;
    this.#label = label;
    this.write = write;
    this.identity = identity;
    this.#copying = copying;
  }

  /** Makes the pipe, deposits its reading end with the keeper, and begins to copy. */
  static make(
    sys: Sys,
    label: string,
    uid: number,
    path: string,
    failed: (error: SysError) => void,
  ): Result<UnitOutput, SysError> {
    const pipe = sys.output.pipe(uid);
    if (!pipe.ok) return pipe;
    const { read, write, identity } = pipe.value;
    sys.keeper.store(outputName(label), read, true, (answer) => {
      if (!answer.ok) failed({ code: answer.error.code, errno: answer.error.errno, call: 'keeper store' });
    });
    const copying = sys.output.copy(read, path, LOG_MODE, failed);
    return ok(new UnitOutput(sys, label, write, identity, copying));
  }

  /** Goes on with a pipe that the keeper held while archond was away. */
  static adopt(
    sys: Sys,
    label: string,
    read: Descriptor,
    path: string,
    failed: (error: SysError) => void,
  ): Result<UnitOutput, SysError> {
    const again = sys.output.reopen(read);
    if (!again.ok) return again;
    const copying = sys.output.copy(read, path, LOG_MODE, failed);
    return ok(new UnitOutput(sys, label, again.value.write, again.value.identity, copying));
  }

  /** Moves what the pipe holds now to the log; false where the file cannot take it. */
  drain(): boolean {
    return this.#copying.drain();
  }

  /** The unit is no more: so is its pipe. */
  discard(): void {
    this.#copying.close();
    this.#sys.descriptors.close(this.write);
    this.#sys.keeper.drop(outputName(this.#label), () => undefined);
  }
}
