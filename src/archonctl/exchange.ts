import { formatDuration } from '../base/duration.ts';
import { LineCutter, type Cut } from '../protocol/framing.ts';
import { closeDescriptor } from '../sys/dialer.ts';
import type { Connection, Descriptor } from '../sys/sys.ts';
import { reachConnection } from './reach.ts';

/** Why an exchange did not come to its end. */
export interface Broken {
  readonly kind: 'unreachable' | 'late' | 'lost';
  readonly sentence: string;
}

/**
 * Sends bytes and hands over each line that comes back, without its line end, until `onLine` wants no more.
 * Undefined when it had enough; else why there is no more.
 */
export async function exchange(
  socket: string,
  bytes: Uint8Array,
  onLine: (line: Uint8Array) => boolean,
  timeoutMs: number | undefined,
): Promise<Broken | undefined> {
  const reached = await reachConnection(socket);
  if (!reached.ok) return { kind: 'unreachable', sentence: reached.error };
  const connection = reached.value;
  return new Promise((resolve) => {
    const over = (broken: Broken | undefined): void => {
      clearTimeout(timer);
      connection.close(true);
      resolve(broken);
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(over, timeoutMs, late(timeoutMs));
    listen(connection, onLine, over);
    connection.write(bytes);
  });
}

function listen(
  connection: Connection,
  onLine: (line: Uint8Array) => boolean,
  over: (broken: Broken | undefined) => void,
): void {
  const cutter = new LineCutter<Descriptor>();
  let isOver = false;
  const finish = (broken: Broken | undefined): void => {
    if (!isOver) over(broken);
    isOver = true;
  };
  const take = (cut: Cut<Descriptor>): boolean => {
    for (const descriptor of cut.descriptors) closeDescriptor(descriptor);
    if (!isOver && !onLine(cut.bytes)) finish(undefined);
    return true;
  };
  const lost = (): void => {
    cutter.end(take);
    finish({ kind: 'lost', sentence: 'the supervisor went away before its answer was complete' });
  };
  connection.listen({
    data: (bytes, descriptors, truncated) => {
      cutter.push({ bytes, descriptors, truncated }, take);
    },
    ended: lost,
    gone: lost,
    drained: () => undefined,
  });
}

function late(timeoutMs: number): Broken {
  return { kind: 'late', sentence: `there was no answer within ${formatDuration(timeoutMs)}` };
}
