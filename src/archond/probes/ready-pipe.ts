import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { Cancel, Descriptor, Sys, SysError } from '../../sys/sys.ts';
import { deposit } from '../deposit.ts';

const LF = 0x0a;
const NAME = /^ready:(\d+):(.+)$/;

/** Whose readiness pipe the keeper calls so, if it is one. */
export function readyPipeOwner(
  name: string,
): { readonly label: string; readonly generation: number } | undefined {
  const [, digits, label] = NAME.exec(name) ?? [];
  return digits === undefined || label === undefined ? undefined : { label, generation: Number(digits) };
}

/**
 * The pipe on which one generation says by a newline that it is ready. It is read to the end of the
 * generation, so that a program that goes on writing is neither held up nor killed by SIGPIPE.
 */
export class ReadyPipe {
  readonly #sys: Sys;
  readonly #name: string;
  readonly #read: Descriptor;
  /** For the child; closed as soon as it has it. */
  #write: Descriptor | undefined;
  readonly #endDeposit: Cancel;
  #cancel: Cancel | undefined;

  private constructor(sys: Sys, name: string, read: Descriptor, write: Descriptor | undefined) {
    this.#sys = sys;
    this.#name = name;
    this.#read = read;
    this.#write = write;
    /* One that was adopted has no end for a child, and is the keeper's already. */
    this.#endDeposit = write === undefined ? () => undefined : deposit(sys, name, read);
  }

  static make(sys: Sys, label: string, generation: number, uid: number): Result<ReadyPipe, SysError> {
    const pipe = sys.output.pipe(uid);
    if (!pipe.ok) return pipe;
    const name = `ready:${String(generation)}:${label}`;
    return ok(new ReadyPipe(sys, name, pipe.value.read, pipe.value.write));
  }

  /** Goes on with one that the keeper held. */
  static adopt(sys: Sys, name: string, read: Descriptor): ReadyPipe {
    return new ReadyPipe(sys, name, read, undefined);
  }

  /** The end for the child, until `handedOver`. */
  get write(): Descriptor | undefined {
    return this.#write;
  }

  /** The child has its end. */
  handedOver(): void {
    if (this.#write !== undefined) this.#sys.descriptors.close(this.#write);
    this.#write = undefined;
  }

  /**
   * Calls back at the first newline, once. It is taken out of the pipe after that: whoever is called writes it down, or
   * the successor of an archond that died over it finds it there. Does nothing where it is listened to already.
   */
  listen(ready: () => void): void {
    if (this.#cancel !== undefined) return;
    const { descriptors } = this.#sys;
    let isReady = false;
    this.#cancel = descriptors.whenReadable(this.#read, () => {
      const said = isReady ? undefined : descriptors.peekNow(this.#read);
      if (said?.ok === true && said.value.includes(LF)) {
        isReady = true;
        ready();
      }
      descriptors.readNow(this.#read);
    });
  }

  discard(): void {
    this.#cancel?.();
    this.#endDeposit();
    this.handedOver();
    this.#sys.descriptors.close(this.#read);
    this.#sys.keeper.drop(this.#name, () => undefined);
  }
}
