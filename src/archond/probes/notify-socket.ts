import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { Notice } from '../../sys/notices.ts';
import type { Cancel, Descriptor, Sys, SysError } from '../../sys/sys.ts';
import { deposit } from '../deposit.ts';

const NAME = /^notify:(\d+):(.+)$/;

/** Whose notification socket the keeper calls so, if it is one. */
export function notifyOwner(
  name: string,
): { readonly label: string; readonly generation: number } | undefined {
  const [, digits, label] = NAME.exec(name) ?? [];
  return digits === undefined || label === undefined ? undefined : { label, generation: Number(digits) };
}

/**
 * The socket on which one generation of a unit says that it is ready (`$NOTIFY_SOCKET`). The keeper holds it
 * too, so that what is said while archond is away is heard by the next one.
 */
export class NotifySocket {
  readonly path: string;
  readonly #sys: Sys;
  readonly #name: string;
  readonly #socket: Descriptor;
  readonly #endDeposit: Cancel;
  #cancel: Cancel | undefined;

  private constructor(sys: Sys, path: string, name: string, socket: Descriptor, isKept: boolean) {
    this.#sys = sys;
    this.path = path;
    this.#name = name;
    this.#socket = socket;
    this.#endDeposit = isKept ? () => undefined : deposit(sys, name, socket);
  }

  /** Makes one for a generation, usable by `uid` alone; what an earlier one has left at its path is replaced. */
  static make(
    sys: Sys,
    runtimeDir: string,
    label: string,
    generation: number,
    uid: number,
  ): Result<NotifySocket, SysError> {
    const path = pathOf(runtimeDir, generation);
    const socket = sys.notices.open(path, uid);
    if (!socket.ok) return socket;
    const name = `notify:${String(generation)}:${label}`;
    return ok(new NotifySocket(sys, path, name, socket.value, false));
  }

  /** Whether one was made for a generation of which something is left, be it held by anybody or not; undefined where that cannot be seen. */
  static wasMade(sys: Sys, runtimeDir: string, generation: number): boolean | undefined {
    const status = sys.files.status(pathOf(runtimeDir, generation));
    if (status.ok) return true;
    return status.error.code === 'ENOENT' ? false : undefined;
  }

  /** Goes on with one that the keeper held. */
  static adopt(sys: Sys, runtimeDir: string, name: string, socket: Descriptor): NotifySocket {
    return new NotifySocket(sys, pathOf(runtimeDir, notifyOwner(name)?.generation ?? 0), name, socket, true);
  }

  /** Calls back for each datagram, when the one before has been taken; to be called once. */
  listen(heard: (notice: Notice) => void): void {
    this.#cancel = this.#sys.notices.listen(this.#socket, heard);
  }

  /** Nothing is left of the generation: nobody can say anything any more. */
  discard(): void {
    this.#cancel?.();
    this.#endDeposit();
    this.#sys.descriptors.close(this.#socket);
    this.#sys.keeper.drop(this.#name, () => undefined);
    this.#sys.files.remove(this.path);
  }
}

function pathOf(runtimeDir: string, generation: number): string {
  return `${runtimeDir}/notify.${String(generation)}`;
}
