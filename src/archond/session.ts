import type { Failure } from '../base/failure.ts';
import { failure } from '../base/failure.ts';
import { accessRefusal } from '../protocol/access.ts';
import { LineCutter, type Cut } from '../protocol/framing.ts';
import { MAX_REQUESTS_IN_FLIGHT } from '../protocol/limits.ts';
import { readRequest } from '../protocol/read-request.ts';
import { encodeReply, type Reply } from '../protocol/reply.ts';
import { startsSomething, type Request } from '../protocol/request.ts';
import type { Role } from '../protocol/role.ts';
import { leadingTag, mayBeTagged } from '../protocol/tag.ts';
import type { Cancel, Connection, Descriptor } from '../sys/sys.ts';
import type { Admitted, ClientPeer } from './admission.ts';
import { Call, type EndReason, type Stage } from './call.ts';
import type { Crowd } from './crowd.ts';
import { MAX_KEPT_BYTES, MAX_WAITING_DESCRIPTORS, MAX_KEPT_IN_ALL_BYTES } from './limits.ts';
import { Outgoing } from './outgoing.ts';
import { WaitingLines } from './waiting.ts';

/** What a session needs of the house around it. */
export interface SessionHost {
  /** Carries out a request; the call is closed by exactly one reply, at any time. */
  carryOut(request: Request, call: Call): void;
  /** Runs the action when the units are at rest: now, or behind the steps that are under way. */
  whenIdle(action: () => void): void;
  readonly isShuttingDown: () => boolean;
  closeDescriptor(descriptor: Descriptor): void;
  /** The session is over. */
  left(session: Session): void;
  /** A request made the program throw: logs that and closes the call. */
  broke(error: unknown, call: Call): void;
  /** The session itself did, and is over: logs that. */
  failed(error: unknown): void;
}

const BEHIND_THE_LAST = failure('conflict', 'an untagged stream is the last request of its connection');

const TOO_MUCH_KEPT = failure(
  'limit',
  `clients keep more than ${MAX_KEPT_IN_ALL_BYTES >> 20} MiB of unfinished lines and waiting requests; this has waited for longest`,
);

/**
 * One connection: lines in, replies out. Untagged requests follow each other; tagged ones run side by
 * side. What one client does costs no other: input is bounded by what is in flight, output by not
 * reading from who does not read.
 */
export class Session {
  readonly peer: ClientPeer;
  readonly #host: SessionHost;
  readonly #crowd: Crowd;
  readonly #role: () => Role;
  readonly #connection: Connection;
  readonly #cutter = new LineCutter<Descriptor>();
  readonly #calls = new Map<string | undefined, Call>();
  readonly #waiting = new WaitingLines();
  readonly #out: Outgoing;
  readonly #kept = { giveWay: (): number => this.#giveWay() };
  #isBatching = false;
  #isAdvancing = false;
  #isPaused = false;
  #hasEnded = false;
  #isGone = false;
  /** When it went, it had taken all that was sent. */
  #tookAll = false;
  /** An untagged stream is open, the last request of its connection. */
  #hasLast = false;
  /** After a fault that leaves the stream of lines without meaning, or when the input has ended. */
  #isClosing = false;

  constructor(connection: Connection, { peer, role, crowd }: Admitted, host: SessionHost) {
    this.#connection = connection;
    this.#out = new Outgoing(connection, crowd, () => {
      this.#leave(true);
    });
    this.#role = role;
    this.#host = host;
    this.#crowd = crowd;
    this.peer = peer;
    connection.listen({
      data: (bytes, descriptors, truncated) => {
        this.#guard(() => {
          this.#batch(() => {
            this.#cutter.push({ bytes, descriptors, truncated }, this.#take);
          });
        });
      },
      ended: () => {
        this.#hasEnded = true;
        this.#guard(() => {
          this.#batch(() => {
            if (!this.#cutter.isHeld) this.#cutter.end(this.#take);
          });
        });
      },
      gone: () => {
        this.#guard(() => {
          this.#leave();
        });
      },
      drained: () => {
        this.#guard(() => {
          this.#out.drained();
          this.#goOn();
        });
      },
    });
  }

  /** What the client may do, by the configuration as it is now. */
  get role(): Role {
    return this.#role();
  }

  /** Whether the client has hung up: nothing can be delivered any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Sends one record of a call, descriptors with it. */
  send(reply: Reply, tag: string | undefined, descriptors: readonly Descriptor[] = []): void {
    if (this.#isGone) return;
    const line = encodeReply(reply, tag);
    if (descriptors.length === 0) this.#out.line(line);
    else this.#out.write(Buffer.from(line, 'latin1'), descriptors);
    if (!this.#isBatching) this.#out.flush();
  }

  /** Sends bytes that are whole records. */
  write(bytes: Uint8Array): void {
    this.#out.write(bytes);
  }

  get hasTakenAll(): boolean {
    return this.#isGone ? this.#tookAll : this.#out.queuedBytes() === 0;
  }

  queuedBytes(): number {
    return this.#isGone ? 0 : this.#out.queuedBytes();
  }

  /** Resolves when no more than the bound waits to be read, or the client is gone. */
  async untilWritable(): Promise<void> {
    await this.#out.untilWritable();
  }

  whenDrained(action: () => void): Cancel {
    return this.#out.whenDrained(action);
  }

  /** A call is over. */
  #closed(call: Call): void {
    this.#discard(call.takeDescriptors());
    this.#calls.delete(call.request.tag);
    if (call.request.tag === undefined && this.#hasLast) this.#isClosing = true;
    if (!this.#isAdvancing) this.#host.whenIdle(this.#advance);
  }

  /** What throws here costs this client, and no other. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#host.failed(error);
      this.send({ kind: 'error', failure: failure('internal') }, undefined);
      this.#leave();
    }
  }

  readonly #advance = (): void => {
    this.#next();
    if (!this.#isBatching) this.#goOn();
  };

  /** A stream has begun. What came behind an untagged one is answered now, for it would wait for ever. */
  #opened(call: Call): void {
    this.#discard(call.takeDescriptors());
    if (call.request.tag !== undefined) return;
    this.#hasLast = true;
    for (const waiting of this.#waiting.clear()) {
      if (waiting.kind === 'line') this.#carryOut(Buffer.from(waiting.line, 'latin1'), waiting.descriptors);
      else this.send({ kind: 'error', failure: waiting.failure }, undefined);
    }
  }

  /** The call with that tag, if it is in flight. */
  callOf(tag: string): Call | undefined {
    return this.#calls.get(tag);
  }

  /** Ends its streams, writes what is queued, then hangs up. */
  close(reason: EndReason = 'shutting-down'): void {
    for (const call of [...this.#calls.values()]) call.end(reason);
    this.#out.flush();
    this.#leave();
  }

  /** Its client is admitted no more: ends its streams, refuses what is in flight and what waits, then hangs up. */
  expel(): void {
    for (const call of [...this.#calls.values()])
      call.expel(accessRefusal(this.role, call.request.verb) ?? failure('denied'));
    this.#next();
    this.#leave();
  }

  /** Replies made meanwhile go out in one piece. */
  #batch(work: () => void): void {
    this.#isBatching = true;
    try {
      work();
    } finally {
      this.#isBatching = false;
    }
    this.#goOn();
  }

  readonly #take = (cut: Cut<Descriptor>): boolean => {
    if (cut.kind === 'line') this.#line(cut);
    else this.#fault(cut);
    return !this.#isFull() && !this.#isClosing;
  };

  #fault(cut: Cut<Descriptor>): void {
    this.#discard(cut.descriptors);
    const tag = leadingTag(cut.bytes);
    if (cut.kind === 'too-long') {
      this.#refuse(tag, failure('limit', 'the line is longer than 1 MiB'));
    } else if (cut.kind === 'given-up') {
      this.#refuse(tag, TOO_MUCH_KEPT);
    } else if (cut.kind === 'descriptor-limit') {
      this.#refuse(
        tag,
        failure('limit', 'more than 16 descriptors came with one request, or some were lost on the way'),
      );
      this.#isClosing = true;
    } else {
      this.#refuse(tag, failure('syntax', 'the input ended in the middle of a line'));
    }
  }

  #line({ bytes, descriptors }: Cut<Descriptor>): void {
    if (this.#mustWait() && isUntagged(bytes, descriptors.length))
      this.#waiting.push({
        kind: 'line',
        line: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'),
        descriptors,
      });
    else this.#carryOut(bytes, descriptors);
  }

  /** A line whose turn it is. */
  #carryOut(bytes: Uint8Array, descriptors: readonly Descriptor[]): void {
    const parsed = readRequest(bytes, descriptors.length);
    const fault = parsed.ok ? this.#obstacle(parsed.value) : parsed.error.failure;
    if (parsed.ok && fault === undefined) {
      this.#begin(parsed.value, descriptors);
      return;
    }
    this.#discard(descriptors);
    const tag = parsed.ok ? parsed.value.tag : parsed.error.tag;
    this.send({ kind: 'error', failure: fault ?? failure('internal') }, tag);
  }

  /** Whether untagged requests are before the next one. */
  #mustWait(): boolean {
    return !this.#hasLast && (this.#calls.has(undefined) || this.#waiting.length > 0);
  }

  #obstacle(request: Request): Failure | undefined {
    if (this.#hasLast) return BEHIND_THE_LAST;
    const denied = accessRefusal(this.role, request.verb);
    if (denied !== undefined) return denied;
    if (request.tag !== undefined && this.#calls.has(request.tag)) {
      return failure('conflict', `the tag ${request.tag} is still in use`);
    }
    return undefined;
  }

  /** An untagged refusal keeps its place behind the untagged requests before it. */
  #refuse(tag: string | undefined, fault: Failure): void {
    if (tag === undefined && this.#mustWait()) this.#waiting.push({ kind: 'refusal', failure: fault });
    else this.send({ kind: 'error', failure: fault }, tag);
  }

  #begin(request: Request, descriptors: readonly Descriptor[]): void {
    const call = new Call(this, request, descriptors, (reply, stage: Stage, sent) => {
      this.send(reply, request.tag, sent);
      if (stage === 'opens') this.#opened(call);
      else if (stage === 'last') this.#closed(call);
    });
    this.#calls.set(request.tag, call);
    if (startsSomething(request) && this.#host.isShuttingDown()) {
      call.close({ kind: 'error', failure: failure('shutting-down') });
      return;
    }
    try {
      this.#host.carryOut(request, call);
    } catch (error) {
      this.#host.broke(error, call);
    }
  }

  /** Begins what waits, until one stays open. One that is closed at once does not begin the next inside itself: a thousand of them would be too deep. */
  #next(): void {
    this.#isAdvancing = true;
    while (!this.#calls.has(undefined)) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      if (waiting.kind === 'refusal') this.send({ kind: 'error', failure: waiting.failure }, undefined);
      else this.#carryOut(Buffer.from(waiting.line, 'latin1'), waiting.descriptors);
    }
    this.#isAdvancing = false;
  }

  #isFull(): boolean {
    return (
      this.#calls.size + this.#waiting.length >= MAX_REQUESTS_IN_FLIGHT ||
      this.#waiting.bytes > MAX_KEPT_BYTES ||
      this.#waiting.descriptors >= MAX_WAITING_DESCRIPTORS ||
      this.#out.isFull
    );
  }

  /** After anything has changed: cut further lines, read again, or hang up where all is answered. */
  #goOn(): void {
    if (this.#isGone) return;
    this.#out.flush();
    if (this.#cutter.isHeld && !this.#isFull() && !this.#isClosing) {
      this.#batch(() => {
        this.#cutter.resume(this.#take);
        if (this.#hasEnded && !this.#cutter.isHeld) this.#cutter.end(this.#take);
      });
      return;
    }
    const wantsPause = this.#isFull() || this.#isClosing;
    if (wantsPause !== this.#isPaused) {
      this.#isPaused = wantsPause;
      if (wantsPause) this.#connection.pause();
      else this.#connection.resume();
    }
    this.#tellKept();
    const isDone = (this.#hasEnded && !this.#cutter.isHeld) || this.#isClosing;
    if (isDone && this.#calls.size === 0 && this.#waiting.length === 0) this.#leave();
  }

  #tellKept(): void {
    const bytes = this.#cutter.keptBytes + this.#waiting.bytes;
    const descriptors = this.#cutter.keptDescriptors + this.#waiting.descriptors;
    this.#crowd.keeps(this.#kept, bytes, descriptors);
  }

  /** What waits is refused in its place, and so will be the line under way. Whole lines that cannot be cut yet are beyond help: then the connection ends. */
  #giveWay(): number {
    this.#discard(this.#waiting.refuse(TOO_MUCH_KEPT));
    this.#discard(this.#cutter.giveUp());
    if (!this.#cutter.isHeld) return 0;
    this.send({ kind: 'error', failure: TOO_MUCH_KEPT }, undefined);
    this.#leave();
    return 0;
  }

  /** With `now`, without what the client has not taken yet. */
  #leave(now = false): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#out.flush();
    this.#tookAll = this.#out.queuedBytes() === 0;
    this.#out.end();
    if (now) this.#connection.close(true);
    else this.#crowd.hangUp(this.#connection);
    this.#discard(this.#cutter.release());
    this.#crowd.keeps(this.#kept, 0, 0);
    for (const waiting of this.#waiting.clear())
      if (waiting.kind === 'line') this.#discard(waiting.descriptors);
    for (const call of [...this.#calls.values()]) {
      call.clientGone();
      this.#discard(call.takeDescriptors());
    }
    this.#calls.clear();
    this.#host.left(this);
  }

  #discard(descriptors: readonly Descriptor[]): void {
    for (const descriptor of descriptors) this.#host.closeDescriptor(descriptor);
  }
}

/** Whether a line has no tag, its errors included. */
function isUntagged(line: Uint8Array, descriptors: number): boolean {
  if (!mayBeTagged(line)) return true;
  const read = readRequest(line, descriptors);
  return (read.ok ? read.value.tag : read.error.tag) === undefined;
}
