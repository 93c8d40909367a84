import { chmodSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { errnoNumber } from '../../base/errno.ts';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { native, NATIVE_EVENT } from '../native.ts';
import type { Connection, Listening, Sockets, SysError } from '../sys.ts';
import { peerFromNumbers, RealConnection } from './connection.ts';
import { nativeError } from './native-error.ts';
import { leaveSlot, occupySlot } from './reactor.ts';
import { thrownError } from './thrown-error.ts';

/** How long nothing is accepted after the last descriptor went. */
const FULL_PAUSE_MS = 100;

/** Connects to the socket at `path`; `EAGAIN` where more wait there than it admits. Shared with the dialer. */
export function connect(socketPath: string): Result<RealConnection, SysError> {
  const slot = native.connect(Buffer.from(path.resolve(socketPath)));
  const error = nativeError(slot);
  return error === undefined ? ok(new RealConnection(slot, peerFromNumbers())) : err(error);
}

class RealListening implements Listening {
  readonly #slot: number;
  readonly #path: string;
  readonly #inode: bigint | undefined;
  readonly #accept: (connection: Connection) => void;
  #resumption: NodeJS.Timeout | undefined;
  #open = true;

  constructor(slot: number, socketPath: string, accept: (connection: Connection) => void) {
    this.#slot = slot;
    this.#path = socketPath;
    this.#inode = inodeOf(socketPath);
    this.#accept = accept;
    occupySlot(slot, (event, a) => {
      if (event === NATIVE_EVENT.ACCEPTED) this.#accept(new RealConnection(a, peerFromNumbers()));
      else this.#resumeLater();
    });
  }

  setMode(mode: number): Result<undefined, SysError> {
    if (this.#inode === undefined || inodeOf(this.#path) !== this.#inode)
      return err({ code: 'ENOENT', errno: errnoNumber('ENOENT') ?? 0, call: 'chmod' });
    try {
      chmodSync(this.#path, mode);
      return ok(undefined);
    } catch (error) {
      return err(thrownError(error));
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#resumption);
    leaveSlot(this.#slot);
    native.unlisten(this.#slot);
  }

  #resumeLater(): void {
    this.#resumption = setTimeout(() => {
      if (native.resumeAccept(this.#slot) === 0) this.#resumeLater();
    }, FULL_PAUSE_MS);
  }
}

function inodeOf(file: string): bigint | undefined {
  return lstatSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** `Sys.sockets` over the helper. */
export const realSockets: Sockets = {
  listen(socketPath, mode, accept) {
    const slot = native.listen(Buffer.from(path.resolve(socketPath)), mode);
    const error = nativeError(slot);
    return error === undefined ? ok(new RealListening(slot, path.resolve(socketPath), accept)) : err(error);
  },
  connect,
};
