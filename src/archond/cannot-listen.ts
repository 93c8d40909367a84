import { describeErrno } from '../base/errno.ts';
import type { Sys, SysError } from '../sys/sys.ts';

/** Why nobody can be heard, and who is in the way. */
export function cannotListen(sys: Sys, socket: string, { code, call }: SysError): string {
  if (code === 'EEXIST') return `${socket} is there and no socket; remove it, or name another with --socket`;
  if (code !== 'EADDRINUSE') return `cannot listen on ${socket}: ${describeErrno(code)} (${call})`;
  const other = sys.sockets.connect(socket);
  if (!other.ok) return `another program listens on ${socket}; name another with --socket`;
  const { pid } = other.value.peer;
  other.value.close();
  return `another program (process ${pid}) answers on ${socket}; name another with --socket`;
}
