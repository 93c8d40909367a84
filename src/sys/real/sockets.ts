import path from 'node:path';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { native, NATIVE_EVENT } from '../native.ts';
import type { Connection, Listening, Sockets, SysError } from '../sys.ts';
import { peerFromNumbers, RealConnection } from './connection.ts';
import { nativeError } from './native-error.ts';
import { leaveSlot, occupySlot } from './reactor.ts';

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
  readonly #accept: (connection: Connection) => void;
  #resumption: NodeJS.Timeout | undefined;
  #open = true;

  constructor(slot: number, accept: (connection: Connection) => void) {
    this.#slot = slot;
    this.#accept = accept;
    occupySlot(slot, (event, a) => {
      if (event === NATIVE_EVENT.ACCEPTED) this.#accept(new RealConnection(a, peerFromNumbers()));
      else this.#resumeLater();
    });
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

/** `Sys.sockets` over the helper. */
export const realSockets: Sockets = {
  listen(socketPath, mode, accept) {
    const slot = native.listen(Buffer.from(path.resolve(socketPath)), mode);
    const error = nativeError(slot);
    return error === undefined ? ok(new RealListening(slot, accept)) : err(error);
  },
  connect,
};
