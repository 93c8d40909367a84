import type { Result } from '../base/result.ts';
import { native } from './native.ts';
import { realDescriptors } from './real/descriptors.ts';
import { nativeResult } from './real/native-error.ts';
import { connect } from './real/sockets.ts';
import type { Connection, Descriptor, SysError } from './sys.ts';

export { BIND_SHIM } from './bind-shim.ts';
export { becomeBytes, isThere } from './real/exec.ts';
export { ringAt } from './real/folder-bell.ts';
export { exit, ownBytes, saveFile, whenReaderGone, writeAll } from './real/caller.ts';
export { isTerminal, takeKeyboard, terminalColumns, terminalRows, type Keyboard } from './real/terminal.ts';

/** How long until a supervisor whose queue of connections is full is tried again. */
const RETRY_MS = 20;

/**
 * Connects a client to the supervisor's socket. What the connection can do is told at `Connection`:
 * lines with descriptors out, replies in. A full queue is waited for, until `giveUp` is aborted.
 *
 * Descriptors 0, 1 and 2 may be passed by their numbers; nothing here reads, writes or configures
 * them. Errors of connect(2): `ENOENT` and `ECONNREFUSED` where nobody listens, `EACCES`; `EAGAIN` where it
 * was given up.
 */
export async function dial(path: string, giveUp?: AbortSignal): Promise<Result<Connection, SysError>> {
  for (;;) {
    const connection = connect(path);
    const isFull = !connection.ok && connection.error.code === 'EAGAIN';
    if (!isFull || giveUp?.aborted === true) return connection;
    await new Promise((go) => setTimeout(go, RETRY_MS));
  }
}

/** A descriptor of a process, to be handed to the supervisor; `ESRCH` where there is none (pidfd_open(2)). */
export function openPidfd(pid: number): Result<Descriptor, SysError> {
  return nativeResult(native.openPidfd(pid));
}

/** Whether it is an open descriptor, of a socket. */
export function isSocket(descriptor: Descriptor): boolean {
  const kind = realDescriptors.kindOf(descriptor);
  return kind.ok && kind.value === 'socket';
}

/** Closes a descriptor of `openPidfd`, or one that came with a reply. */
export function closeDescriptor(descriptor: Descriptor): void {
  native.closeDescriptor(descriptor);
}
