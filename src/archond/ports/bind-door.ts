import { err, ok, type Result } from '../../base/result.ts';
import type { Notice } from '../../sys/notices.ts';
import type { Cancel, Descriptor, Sys, SysError } from '../../sys/sys.ts';
import { deposit } from '../deposit.ts';

/** How the keeper calls it. */
const NAME = 'bind';

/** Whether the keeper calls the socket of the bind shim's questions so. */
export function isBindDoor(name: string): boolean {
  return name === NAME;
}

/**
 * The socket at which the bind shim asks. The keeper holds it too: what is asked while archond is away waits for the next
 * one. Everybody may ask, for the kernel says who it is.
 */
export class BindDoor {
  readonly path: string;
  readonly #sys: Sys;
  readonly #socket: Descriptor;
  readonly #endDeposit: Cancel;
  #cancel: Cancel | undefined;

  private constructor(sys: Sys, path: string, socket: Descriptor, isKept: boolean) {
    this.#sys = sys;
    this.path = path;
    this.#socket = socket;
    this.#endDeposit = isKept ? () => undefined : deposit(sys, NAME, socket);
  }

  /** Makes one, or goes on with that which the keeper held. */
  static open(sys: Sys, runtimeDir: string, kept: Descriptor | undefined): Result<BindDoor, SysError> {
    const path = `${runtimeDir}/${NAME}`;
    if (kept !== undefined) return ok(new BindDoor(sys, path, kept, true));
    const socket = sys.notices.open(path, 'everybody');
    if (!socket.ok) return err(socket.error);
    return ok(new BindDoor(sys, path, socket.value, false));
  }

  /** Calls back for each question, when the one before has been taken; to be called once. */
  listen(heard: (question: Notice) => void): void {
    this.#cancel = this.#sys.notices.listen(this.#socket, heard);
  }

  /** Nobody is answered any more. */
  discard(): void {
    this.#cancel?.();
    this.#endDeposit();
    this.#sys.descriptors.close(this.#socket);
    this.#sys.keeper.drop(NAME, () => undefined);
    this.#sys.files.remove(this.path);
  }
}
