import path from 'node:path';
import { native } from '../native.ts';
import type { Notices } from '../notices.ts';
import { nativeError, nativeResult } from './native-error.ts';
import { numbers, received } from './reactor.ts';
import { whenReadable } from './readable.ts';

/** Datagrams of one socket that are heard before somebody else gets a turn. */
const NOTICES_A_TURN = 64;
/** Where the descriptors begin in `numbers`; before them stand pid, uid, gid, truncated, count. */
const DESCRIPTORS_AT = 5;

/** `Sys.notices` over the helper. */
export const realNotices: Notices = {
  open: (socketPath, uid) => nativeResult(native.openNotices(Buffer.from(path.resolve(socketPath)), uid)),

  listen(socket, heard) {
    let isOver = false;
    const cancel = whenReadable(socket, () => {
      for (let count = 0; count < NOTICES_A_TURN && !isOver; count++) {
        const bytes = native.receiveNotice(socket);
        if (nativeError(bytes) !== undefined) return;
        const [pid = 0, uid = -1, gid = -1, truncated = 0, descriptors = 0] = numbers;
        heard({
          sender: { pid, uid: uid >>> 0, gid: gid >>> 0 },
          bytes: new Uint8Array(received.subarray(0, bytes)),
          descriptors: [...numbers.subarray(DESCRIPTORS_AT, DESCRIPTORS_AT + descriptors)],
          truncated: truncated !== 0,
        });
      }
    });
    return () => {
      isOver = true;
      cancel();
    };
  },
};
