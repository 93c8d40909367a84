import { native } from '../native.ts';
import { nativeError } from './native-error.ts';

/**
 * Tells whoever started this process, where that has said where to (`NOTIFY_SOCKET`), how it stands: assignments as of
 * sd_notify(3), one a line. Who is not there, or takes nothing now, is not waited for. False where nothing was told.
 *
 * @param socketPath of a socket in the file system; an abstract one (`@…`) cannot be reached
 */
export function tellServiceManager(socketPath: string | undefined, assignments: string): boolean {
  if (socketPath?.startsWith('/') !== true) return false;
  const socket = native.connectNotices(Buffer.from(socketPath));
  if (nativeError(socket) !== undefined) return false;
  const sent = nativeError(native.answerNotice(socket, Buffer.from(assignments), 0));
  native.closeDescriptor(socket);
  return sent === undefined;
}
