import path from 'node:path';
import { BEQUEST_NAME, MESSAGE } from '../keeper-layout.ts';
import { native } from '../native.ts';
import type { Descriptor } from '../sys.ts';
import { MessageWriter } from './messages.ts';
import { nativeError } from './native-error.ts';
import { numbers } from './reactor.ts';

/** A keeper kills the archond before it after ten seconds. */
const PATIENCE_MS = 8_000;
/** While its socket is full. */
const AGAIN_MS = 0.2;

/**
 * What came of it: how many descriptors were sent; or why no more were: `unheard` where the keeper has died meanwhile,
 * `unexpected` where it is one that takes nothing over, `failed` else.
 */
export type Bequeathed = number | 'unheard' | 'unexpected' | 'failed';

/**
 * Sends what was deposited with a dead keeper to the one that has taken its place (native/keeper/bequest.c); the loop stands
 * still meanwhile. All of it stays open here.
 *
 * @param now milliseconds of a clock that is not set
 */
export function bequeath(
  runtimeDir: string,
  deposited: ReadonlyMap<string, Descriptor>,
  now: () => number,
): Bequeathed {
  const socket = native.connectNotices(Buffer.from(path.join(runtimeDir, BEQUEST_NAME)));
  const fault = nativeError(socket);
  if (fault?.code === 'ENOENT') return 'unexpected';
  if (fault?.code === 'ECONNREFUSED') return 'unheard';
  if (fault !== undefined) return 'failed';
  try {
    return send(socket, deposited, now);
  } finally {
    native.closeDescriptor(socket);
  }
}

function send(socket: Descriptor, deposited: ReadonlyMap<string, Descriptor>, now: () => number): Bequeathed {
  const writer = new MessageWriter();
  const until = now() + PATIENCE_MS;
  const never = new Int32Array(new SharedArrayBuffer(4));
  let id = 0;
  for (const [name, descriptor] of deposited) {
    id += 1;
    const message = writer.named(MESSAGE.ASK_STORE, name, true);
    writer.address(id, 0);
    for (;;) {
      numbers[0] = descriptor;
      const error = nativeError(native.answerNotice(socket, message, 1));
      if (error === undefined) break;
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOTCONN') return 'unheard';
      if (error.code !== 'EAGAIN' || now() > until) return 'failed';
      Atomics.wait(never, 0, 0, AGAIN_MS);
    }
  }
  return deposited.size;
}
