import path from 'node:path';
import { err, ok } from '../../base/result.ts';
import { native } from '../native.ts';
import type { Notices } from '../notices.ts';
import type { Cancel } from '../sys.ts';
import { nativeError, nativeResult } from './native-error.ts';
import { numbers, received } from './reactor.ts';
import { whenReadable } from './readable.ts';

/** Where the descriptors begin in `numbers`; before them stand dropped and count. */
const DESCRIPTORS_AT = 2;
const EVERYBODY = -1;

/** `Sys.notices` over the helper. */
export const realNotices: Notices = {
  open: (socketPath, user) =>
    nativeResult(
      native.openNotices(Buffer.from(path.resolve(socketPath)), user === 'everybody' ? EVERYBODY : user),
    ),

  answer(to, bytes, given) {
    numbers.set(given);
    const error = nativeError(native.answerNotice(to, bytes, given.length));
    return error === undefined ? ok(undefined) : err(error);
  },

  listen(socket, heard) {
    let cancel: Cancel | undefined;
    const pause = (): void => {
      cancel?.();
      cancel = undefined;
    };
    let isOver = false;
    const take = (): readonly number[] => {
      const error = nativeError(native.takeNotice(socket));
      const [, count = 0] = numbers;
      const descriptors =
        error === undefined ? [...numbers.subarray(DESCRIPTORS_AT, DESCRIPTORS_AT + count)] : [];
      if (!isOver) goOn();
      return descriptors;
    };
    const goOn = (): void => {
      cancel ??= whenReadable(socket, () => {
        const bytes = native.peekNotice(socket);
        if (nativeError(bytes) !== undefined) return;
        const [pid = 0, uid = -1, gid = -1, truncated = 0] = numbers;
        pause();
        heard({
          sender: { pid, uid: uid >>> 0, gid: gid >>> 0 },
          bytes: new Uint8Array(received.subarray(0, bytes)),
          truncated: truncated !== 0,
          take,
        });
      });
    };
    goOn();
    return () => {
      isOver = true;
      pause();
    };
  },
};
