import { native, NATIVE_EVENT } from '../native.ts';
import type { Cancel, Descriptor } from '../sys.ts';
import { mustSucceed } from './native-error.ts';
import { leaveSlot, occupySlot } from './reactor.ts';

/** `Descriptors.whenReadable`. */
export function whenReadable(descriptor: Descriptor, ready: () => void): Cancel {
  const slot = mustSucceed(native.watchReadable(descriptor));
  let isOver = false;
  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    leaveSlot(slot);
    native.unwatchReadable(slot);
  };
  occupySlot(slot, (event, hasMore) => {
    if (event !== NATIVE_EVENT.READABLE) return;
    if (hasMore === 0) {
      isOver = true;
      leaveSlot(slot);
    }
    ready();
  });
  return stop;
}
