import type { Cancel, Connection, ConnectionListener, Credentials, Descriptor } from '../sys.ts';
import { partly } from './faults.ts';
import { Misuse } from './misuse.ts';
import { Outbox } from './outbox.ts';
import type { StreamEnd } from './stream-socket.ts';
import type { View } from './view.ts';

/** After so long there is room again for what a connection did not take. */
const AGAIN_MS = 1;

/** With this the bytes of a read are overwritten once the listener has returned: they are valid no longer. */
const SPENT = 0xdb;

/**
 * A connection of archond. One thing is told in a task of its own: what came with one read, the end,
 * the hang-up, the emptied queue. Data that arrived before a hang-up is told before it, unless the
 * connection is paused; `ended` may be left out where the peer has gone altogether. A connection
 * that is gone stays open until it is closed.
 */
export class FakeConnection implements Connection {
  readonly peer: Credentials;
  readonly #view: View;
  readonly #end: StreamEnd;
  readonly #descriptor: Descriptor;
  readonly #outbox = new Outbox();
  readonly #unwatch: Cancel;
  readonly #mourned: Cancel;
  #listener: ConnectionListener | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #paused = false;
  #ended = false;
  #gone = false;
  #unsent = false;
  /** The peer was gone before it took all. */
  #isBroken = false;
  #ending: 'no' | 'behind-the-queue' | 'done' = 'no';
  #pumping = false;

  constructor(view: View, end: StreamEnd, origin: string) {
    const { pid, uid, gid } = end.peer;
    this.peer = { pid, uid, gid };
    this.#view = view;
    this.#end = end;
    this.#descriptor = view.descriptors.add(end, origin);
    view.descriptors.occupy(this.#descriptor, 'a connection');
    this.#unwatch = end.watch(() => this.#later());
    this.#mourned = view.atDeath(() => {
      this.#outbox.clear();
      this.#unwatch();
    });
  }

  listen(listener: ConnectionListener): void {
    this.#view.call('connection.listen');
    if (this.#listener !== undefined || this.#state !== 'open')
      throw new Misuse('this connection has a listener, or is closed');
    this.#listener = listener;
    this.#later();
  }

  write(bytes: Uint8Array, descriptors: readonly Descriptor[] = []): void {
    this.#view.call('connection.write');
    if (this.#state !== 'open') throw new Misuse('a write to a connection that is closed');
    if (this.#ending !== 'no') throw new Misuse('a write to a connection whose output was ended');
    if (bytes.length === 0 && descriptors.length > 0) throw new Misuse('descriptors need a byte to ride on');
    if (this.#gone) return;
    this.#outbox.add(
      bytes,
      descriptors.map((descriptor) => this.#view.descriptors.get(descriptor, 'connection.write')),
    );
    this.#unsent = true;
    this.#later();
  }

  queuedBytes(): number {
    this.#view.call('connection.queuedBytes');
    if (this.#state === 'closed') return 0;
    if (!this.#gone && this.#flush() === 'broken') this.#later();
    return this.#isBroken ? Infinity : this.#outbox.bytes;
  }

  peerGroups(): readonly number[] {
    this.#view.call('connection.peerGroups');
    return this.#state === 'closed' ? [] : this.#end.peer.groups;
  }

  endOutput(): void {
    this.#view.call('connection.endOutput');
    if (this.#state !== 'open' || this.#ending !== 'no') return;
    this.#ending = 'behind-the-queue';
    this.#later();
  }

  pause(): void {
    this.#view.call('connection.pause');
    this.#paused = true;
  }

  resume(): void {
    this.#view.call('connection.resume');
    this.#paused = false;
    this.#later();
  }

  close(now = false): void {
    this.#view.call('connection.close');
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.#listener = undefined;
    if (now || this.#gone || this.#flush() !== 'full') this.#close();
  }

  /** Sends what the peer takes; where nothing more can be sent now, that is tried in another step. */
  #flush(): 'empty' | 'full' | 'broken' {
    if (this.#isBroken) return 'broken';
    const { code, isPart } = partly(this.#outbox.bytes === 0 ? undefined : this.#view.fault('sendmsg'));
    const flushed = code === undefined ? this.#outbox.flush(this.#end) : 'full';
    this.#isBroken = code === 'EPIPE' || flushed === 'broken';
    if (this.#isBroken) return 'broken';
    if (code === undefined) return flushed;
    if (isPart) this.#outbox.flush(this.#end, 1);
    const { loop } = this.#view.kernel;
    loop.schedule(loop.nowMs() + AGAIN_MS, () => {
      if (this.#view.alive) this.#later();
    });
    return 'full';
  }

  #close(): void {
    this.#state = 'closed';
    this.#unwatch();
    this.#mourned();
    this.#outbox.clear();
    this.#view.descriptors.leave(this.#descriptor);
    this.#view.descriptors.close(this.#descriptor);
  }

  #later(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#view.post(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** Does the next thing that there is to do, and comes back while there is more. */
  #pump(): void {
    if (this.#state === 'closed' || this.#gone) return;
    const flushed = this.#flush();
    if (this.#ending === 'behind-the-queue' && flushed === 'empty') {
      this.#ending = 'done';
      this.#end.endOutput();
    }
    if (this.#state === 'closing') {
      if (flushed !== 'full') this.#close();
      return;
    }
    const listener = this.#listener;
    if (listener === undefined) return;
    if (this.#unsent && flushed === 'empty') {
      this.#unsent = false;
      this.#later();
      listener.drained();
    } else if (this.#paused || !this.#read(listener)) {
      if (this.#end.peerGone || flushed === 'broken') this.#hangUp(listener);
    }
  }

  /** Reads once; false where there is nothing to tell. */
  #read(listener: ConnectionListener): boolean {
    if (this.#ended) return false;
    const received = this.#end.receive(this.#view.kernel.settings.readBytes);
    if (received === 'again' || (received === 'end' && this.#end.peerGone)) return false;
    this.#later();
    if (received === 'end') {
      this.#ended = true;
      listener.ended();
      return true;
    }
    const room = this.#view.kernel.settings.descriptorLimit - this.#view.descriptors.size;
    const taken = received.files.slice(0, Math.max(0, room));
    for (const file of received.files.slice(taken.length)) file.release();
    const descriptors = taken.map((file) => this.#view.descriptors.add(file, 'connection.data'));
    const bytes = Uint8Array.from(received.bytes);
    listener.data(bytes, descriptors, taken.length < received.files.length);
    bytes.fill(SPENT);
    return true;
  }

  #hangUp(listener: ConnectionListener): void {
    this.#gone = true;
    this.#isBroken ||= this.#outbox.bytes > 0;
    this.#outbox.clear();
    listener.gone();
  }
}
