import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Connection, Listening, Sockets, SysError } from '../sys.ts';
import { FakeConnection } from './connection.ts';
import { sysError } from './errno.ts';
import { ListeningSocket, type StreamEnd } from './stream-socket.ts';
import type { View } from './view.ts';

/** `sun_path` of unix(7), less its NUL. */
export const PATH_BYTES = 107;

/** FULL_PAUSE_MS of src/sys/real/sockets.ts. */
const FULL_PAUSE_MS = 100;

/** Connections that wait to be accepted. */
class Backlog {
  readonly #view: View;
  readonly #accept: (connection: Connection) => void;
  readonly #waiting = new Set<StreamEnd>();
  open = true;

  constructor(view: View, accept: (connection: Connection) => void) {
    this.#view = view;
    this.#accept = accept;
    view.atDeath(() => this.close());
  }

  arrived(end: StreamEnd): void {
    this.#waiting.add(end);
    this.#view.post(() => {
      this.#take(end);
    });
  }

  /** As the helper does: where there is no descriptor for it, whoever waits is looked for later again. */
  #take(end: StreamEnd): void {
    if (!this.#waiting.has(end)) return;
    const { loop } = this.#view.kernel;
    if (this.#view.fault('accept4') !== undefined) {
      loop.schedule(loop.nowMs() + FULL_PAUSE_MS, () => {
        this.#take(end);
      });
      return;
    }
    this.#waiting.delete(end);
    this.#accept(new FakeConnection(this.#view, end, 'sockets.accept'));
  }

  close(): void {
    this.open = false;
    for (const end of this.#waiting) end.release();
    this.#waiting.clear();
  }
}

/** `Sys.sockets`: Unix stream sockets between archond and the clients of the fake, or itself. */
export class FakeSockets implements Sockets {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  listen(path: string, mode: number, accept: (connection: Connection) => void): Result<Listening, SysError> {
    this.#view.call('sockets.listen');
    const { files, user } = this.#view.kernel;
    const fault = this.#view.failure('bind') ?? this.#bindFault(path);
    if (fault !== undefined) return fault;
    const backlog = new Backlog(this.#view, accept);
    const owner = this.#view.kernel.credentials(this.#view.pid);
    const socket = new ListeningSocket(owner, (end) => backlog.arrived(end));
    let node = { kind: 'socket' as const, mode, uid: user.uid, listening: socket };
    files.put(path, node);
    const descriptor = this.#view.descriptors.add(socket, 'sockets.listen');
    const close = (): void => {
      this.#view.call('listening.close');
      if (!backlog.open) return;
      if (files.node(path) === node) files.remove(path);
      backlog.close();
      this.#view.descriptors.close(descriptor);
    };
    const setMode = (to: number): Result<undefined, SysError> => {
      this.#view.call('listening.setMode');
      if (files.node(path) !== node) return err(sysError('ENOENT', 'chmod'));
      node = { ...node, mode: to };
      files.put(path, node);
      return ok(undefined);
    };
    return ok({ close, setMode });
  }

  connect(path: string): Result<Connection, SysError> {
    this.#view.call('sockets.connect');
    const failed = this.#view.failure('connect');
    if (failed !== undefined) return failed;
    const { files, settings } = this.#view.kernel;
    const reached = files.reach(path);
    if (!reached.ok) return err(sysError(reached.error, 'connect'));
    const node = files.node(path);
    if (node === undefined) return err(sysError('ENOENT', 'connect'));
    if (node.kind !== 'socket' || !node.listening.isOpen) return err(sysError('ECONNREFUSED', 'connect'));
    const end = node.listening.connect(this.#view.kernel.credentials(this.#view.pid), settings.socketBytes);
    return ok(new FakeConnection(this.#view, end, 'sockets.connect'));
  }

  /** A stale socket file is taken over; anything else in the way is in use. */
  #bindFault(path: string): { readonly ok: false; readonly error: SysError } | undefined {
    const { files } = this.#view.kernel;
    if (Buffer.byteLength(path) > PATH_BYTES) return err(sysError('ENAMETOOLONG', 'bind'));
    const reached = files.reach(path);
    if (!reached.ok) return err(sysError(reached.error, 'bind'));
    const node = files.node(path);
    const inUse = node !== undefined && (node.kind !== 'socket' || node.listening.isOpen);
    return inUse ? err(sysError('EADDRINUSE', 'bind')) : undefined;
  }
}
