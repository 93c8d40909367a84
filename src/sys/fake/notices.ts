import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Notice, Notices } from '../notices.ts';
import type { Cancel, Credentials, Descriptor, SysError } from '../sys.ts';
import { sysError } from './errno.ts';
import { Misuse } from './misuse.ts';
import { ArrivalSocket, type OpenFile, type Reading } from './open-file.ts';
import { PATH_BYTES } from './sockets.ts';
import { StreamEnd } from './stream-socket.ts';
import type { View } from './view.ts';

/** A datagram that nobody has received yet. */
export interface Datagram {
  readonly sender: Credentials;
  readonly bytes: Uint8Array;
  readonly files: readonly OpenFile[];
}

/** A datagram socket that takes notifications; what is sent waits in it, whoever holds it. */
export class NoticeSocket extends ArrivalSocket {
  readonly #waiting: Datagram[] = [];

  override hasMore(): boolean {
    return this.#waiting.length > 0;
  }

  send(datagram: Datagram): void {
    this.#waiting.push(datagram);
    this.arrived();
  }

  /** The next one, which stays. */
  peek(): Datagram | undefined {
    return this.#waiting[0];
  }

  receive(): Datagram | undefined {
    return this.#waiting.shift();
  }

  override read(): Reading {
    return this.receive()?.bytes ?? 'again';
  }

  protected override closed(): void {
    for (const { files } of this.#waiting.splice(0)) for (const file of files) file.release();
  }
}

/** `Sys.notices`. */
export class FakeNotices implements Notices {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  open(path: string, user: number | 'everybody'): Result<Descriptor, SysError> {
    this.#view.call('notices.open');
    const { files } = this.#view.kernel;
    const failed = this.#view.failure('bind');
    if (failed !== undefined) return failed;
    if (Buffer.byteLength(path) > PATH_BYTES) return err(sysError('ENAMETOOLONG', 'bind'));
    const reached = files.reach(path);
    if (!reached.ok) return err(sysError(reached.error, 'bind'));
    const there = files.node(path);
    if (there !== undefined && there.kind !== 'socket' && there.kind !== 'notices')
      return err(sysError('EEXIST', 'bind'));
    const socket = new NoticeSocket();
    const opened = this.#view.open('notices.open', socket);
    if (opened.ok) {
      const own = this.#view.kernel.user.uid;
      const [mode, uid] = user === 'everybody' ? [0o666, own] : [0o600, user];
      files.put(path, { kind: 'notices', mode, uid, socket });
    }
    return opened;
  }

  answer(to: Descriptor, bytes: Uint8Array, given: readonly Descriptor[]): Result<undefined, SysError> {
    this.#view.call('notices.answer');
    const { descriptors } = this.#view;
    const end = descriptors.get(to, 'notices.answer');
    if (!(end instanceof StreamEnd)) return err(sysError('ENOTSOCK', 'sendmsg'));
    const files = given.map((one) => descriptors.get(one, 'notices.answer').hold());
    const sent = end.send(bytes, files);
    if (sent !== 'broken' && sent > 0) return ok(undefined);
    for (const file of files) file.release();
    return err(sysError(sent === 'broken' ? 'EPIPE' : 'EAGAIN', 'sendmsg'));
  }

  listen(descriptor: Descriptor, heard: (notice: Notice) => void): Cancel {
    this.#view.call('notices.listen');
    const socket = this.#view.descriptors.occupy(descriptor, 'notices.listen');
    if (!(socket instanceof NoticeSocket)) throw new Misuse('notices.listen to what is no such socket');
    let isOver = false;
    let isTold = false;
    const take = (): readonly Descriptor[] => {
      this.#view.call('notices.take');
      isTold = false;
      const files = socket.receive()?.files ?? [];
      if (socket.hasMore()) tell();
      return files.map((file) => this.#view.descriptors.add(file, 'notices.take'));
    };
    const tell = (): void => {
      this.#view.post(() => {
        const datagram = isOver || isTold ? undefined : socket.peek();
        if (datagram === undefined) return;
        isTold = true;
        heard({ sender: datagram.sender, bytes: datagram.bytes, truncated: false, take });
      });
    };
    const unwatch = socket.watch(tell);
    const stop = (): void => {
      if (isOver) return;
      isOver = true;
      unwatch();
      forget();
      if (this.#view.alive) this.#view.descriptors.leave(descriptor);
    };
    const forget = this.#view.atDeath(stop);
    if (socket.hasMore()) tell();
    return stop;
  }
}
