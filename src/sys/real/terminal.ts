import { err, ok, type Result } from '../../base/result.ts';
import { native } from '../native.ts';
import type { Descriptor, SysError } from '../sys.ts';
import { nativeError, nativeResult } from './native-error.ts';
import { leaveSlot, occupySlot, received } from './reactor.ts';

/** Whether a descriptor is a terminal; only asks, as its columns do. `node:tty` would tell too, but takes 2 ms to load. */
export function isTerminal(descriptor: Descriptor): boolean {
  return native.terminalColumns(descriptor) >= 0;
}

/** Columns of the terminal behind a descriptor, undefined where it is none or does not know. */
export function terminalColumns(descriptor: Descriptor): number | undefined {
  const columns = native.terminalColumns(descriptor);
  return columns > 0 ? columns : undefined;
}

/** Rows, likewise. */
export function terminalRows(descriptor: Descriptor): number | undefined {
  const rows = native.terminalRows(descriptor);
  return rows > 0 ? rows : undefined;
}

/** A terminal whose keys come one by one, as bytes, and are not shown. */
export interface Keyboard {
  /** Makes the terminal what it was before. To be called before this program ends or stops, whatever for. */
  leave(): void;
}

/**
 * Takes the keys of the terminal behind a descriptor, whose flags stay as they are: they belong to all who share it.
 * Keys that are signals stay signals. A program in the background is stopped first, as by every setting of a terminal.
 * `ENOTTY` where it is none.
 *
 * @param onKeys told of what was typed
 * @param onGone told when the terminal is gone; no more comes then
 */
export function takeKeyboard(
  descriptor: Descriptor,
  onKeys: (bytes: Uint8Array) => void,
  onGone: () => void,
): Result<Keyboard, SysError> {
  const found = native.takeTerminal(descriptor);
  if (typeof found === 'number') return err(nativeError(found) ?? { code: 'ENOTTY', errno: 0, call: '' });
  const watching = nativeResult(native.watchReadable(descriptor));
  if (!watching.ok) {
    native.leaveTerminal(descriptor, found);
    return watching;
  }
  const slot = watching.value;
  let isTaken = true;
  const forget = (): void => {
    isTaken = false;
    leaveSlot(slot);
  };
  occupySlot(slot, (_event, isReadable) => {
    const count = isReadable === 1 ? native.readNow(descriptor) : 0;
    if (count > 0) {
      onKeys(new Uint8Array(received.subarray(0, count)));
    } else if (nativeError(count)?.code !== 'EAGAIN') {
      if (isReadable === 1) native.unwatchReadable(slot);
      forget();
      onGone();
    }
  });
  return ok({
    leave() {
      if (isTaken) {
        native.unwatchReadable(slot);
        forget();
      }
      native.leaveTerminal(descriptor, found);
    },
  });
}
