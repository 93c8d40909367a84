import type { EventRecord } from '../base/event-record.ts';
import { failure, type Failure } from '../base/failure.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Request } from '../protocol/request.ts';
import type { Role } from '../protocol/role.ts';
import { byRequest, type Cause } from '../supervisor/cause.ts';
import type { Cancel, Descriptor } from '../sys/sys.ts';
import type { ClientPeer } from './admission.ts';

/** A reply that closes its request. */
export type Closing = Extract<Reply, { kind: 'ok' | 'error' | 'exit-status' }>;

/** Where a reply stands: before others; the `Ok` with which a stream opens; the last one. */
export type Stage = 'before' | 'opens' | 'last';

/** Why a stream ends. */
export type EndReason = 'cancelled' | 'too-slow' | 'shutting-down';

type Send = (reply: Reply, stage: Stage, descriptors: readonly Descriptor[]) => void;

/** What a call can see of the session that it belongs to. */
export interface Client {
  readonly peer: ClientPeer;
  /** What it may do now. */
  readonly role: Role;
  readonly isGone: boolean;
  callOf(tag: string): Call | undefined;
  /** Resolves when what was sent has mostly been read, or the client is gone. */
  untilWritable(): Promise<void>;
  /** Whether all that was sent has been taken off our hands; where the client is gone, whether it had been by then. */
  readonly hasTakenAll: boolean;
  /** Bytes that were sent and have not been taken. */
  queuedBytes(): number;
  whenDrained(action: () => void): Cancel;
  /** Sends whole records, as bytes that others may be sent too. */
  write(bytes: Uint8Array): void;
}

/**
 * A request in flight. It is closed exactly once; what is sent after that, or to a client that is
 * gone, goes nowhere. A stream is opened instead, goes on, and is ended.
 */
export class Call {
  readonly request: Request;
  readonly client: Client;
  readonly #send: Send;
  readonly #cause: Cause | undefined;
  #descriptors: readonly Descriptor[];
  #isClosed = false;
  #isAnswered = false;
  #isStream = false;
  #whenGone: (() => void) | undefined;
  #whenCancelled: ((cause: Cause) => void) | undefined;
  readonly #whenOver: (() => void)[] = [];

  /** @param cause where it is no client's: what has led to it */
  constructor(
    client: Client,
    request: Request,
    descriptors: readonly Descriptor[],
    send: Send,
    cause?: Cause,
  ) {
    this.#cause = cause;
    this.client = client;
    this.request = request;
    this.#descriptors = descriptors;
    this.#send = send;
  }

  /** What the request sets going is caused by it. */
  get cause(): Cause {
    if (this.#cause !== undefined) return this.#cause;
    const { uid, pid } = this.client.peer;
    return byRequest(uid, pid, this.request.verb);
  }

  /** Whether nothing more can be sent: it was answered, a stream ended, or the client has gone. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether its closing reply has been sent, before its client went away. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** The descriptors that came with the request; the taker closes them. */
  takeDescriptors(): readonly Descriptor[] {
    const taken = this.#descriptors;
    this.#descriptors = [];
    return taken;
  }

  /** Sends a record: before the closing one, or of a stream. */
  data(name: string, ...fields: readonly string[]): void {
    if (!this.#isClosed) this.#send({ kind: 'data', name, fields }, 'before', []);
  }

  /** Sends an event. */
  event(event: EventRecord): void {
    if (!this.#isClosed) this.#send({ kind: 'event', event }, 'before', []);
  }

  /** Sends the closing reply; returns whether there was anybody to send it to. */
  close(reply: Closing, descriptors: readonly Descriptor[] = []): boolean {
    /* What goes wrong behind the closing reply of a stream can only end it. */
    this.end('cancelled');
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#isAnswered = true;
    const isHeard = !this.client.isGone;
    this.#send(reply, 'last', descriptors);
    this.#over();
    return isHeard;
  }

  ok(...fields: readonly string[]): boolean {
    return this.close({ kind: 'ok', fields });
  }

  fail(failure: Failure): boolean {
    return this.close({ kind: 'error', failure });
  }

  /** Sends the closing reply of a stream, which goes on; false where there is nobody to send it to. */
  open(...fields: readonly string[]): boolean {
    if (this.#isClosed) return false;
    this.#isAnswered = true;
    this.#isStream = true;
    this.#send({ kind: 'ok', fields }, 'opens', []);
    return true;
  }

  /** Sends whole records of a stream as bytes. */
  write(bytes: Uint8Array): void {
    if (!this.#isClosed) this.client.write(bytes);
  }

  /** Ends a stream; what is none is left alone. */
  end(reason: EndReason): void {
    if (this.#isClosed || !this.#isStream) return;
    this.#isClosed = true;
    this.#send({ kind: 'end', reason }, 'last', []);
    this.#over();
  }

  /** For replies that are long: resolves when the client has read most of what was sent, or is gone. */
  async untilWritable(): Promise<void> {
    await this.client.untilWritable();
  }

  /** What is to be done when the client goes away before the call is closed. */
  whenGone(action: () => void): void {
    this.#whenGone = action;
  }

  /** What `Cancel` does to this call; without it the call is closed as cancelled. */
  whenCancelled(action: (cause: Cause) => void): void {
    this.#whenCancelled = action;
  }

  /** What is to be done once the call is over: after its last reply, or when its client is gone. Actions add up. */
  whenOver(action: () => void): void {
    this.#whenOver.push(action);
  }

  /** Carries out a `Cancel` of this call; `cause` is that. */
  cancel(cause: Cause): void {
    if (this.#isClosed) return;
    if (this.#isStream) this.end('cancelled');
    else if (this.#whenCancelled !== undefined) this.#whenCancelled(cause);
    else this.fail(failure('cancelled'));
  }

  /** Its client is to have nothing more: a stream ends, anything else is refused, and goes on as where a client has gone. */
  expel(why: Failure): void {
    this.end('cancelled');
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isAnswered = true;
    this.#send({ kind: 'error', failure: why }, 'last', []);
    this.#whenGone?.();
    this.#over();
  }

  /** The session is over. */
  clientGone(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#whenGone?.();
    this.#over();
  }

  #over(): void {
    for (const action of this.#whenOver.splice(0)) action();
  }
}
