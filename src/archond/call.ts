import type { EventRecord } from '../base/event-record.ts';
import { failure, type Failure } from '../base/failure.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Request } from '../protocol/request.ts';
import { byRequest, type Cause } from '../supervisor/cause.ts';
import type { Credentials, Descriptor } from '../sys/sys.ts';

/** A reply that closes its request. */
export type Closing = Extract<Reply, { kind: 'ok' | 'error' | 'exit-status' }>;

type Send = (reply: Reply, isLast: boolean, descriptors: readonly Descriptor[]) => void;

/** What a call can see of the session that it belongs to. */
interface Client {
  readonly peer: Credentials;
  readonly isGone: boolean;
  callOf(tag: string): Call | undefined;
  /** Resolves when what was sent has mostly been read, or the client is gone. */
  untilWritable(): Promise<void>;
}

/**
 * A request in flight. It is closed exactly once; what is sent after that, or to a client that is
 * gone, goes nowhere.
 */
export class Call {
  readonly request: Request;
  readonly client: Client;
  readonly #send: Send;
  #descriptors: readonly Descriptor[];
  #isClosed = false;
  #isAnswered = false;
  #whenGone: (() => void) | undefined;
  #whenCancelled: ((cause: Cause) => void) | undefined;
  readonly #whenOver: (() => void)[] = [];

  constructor(client: Client, request: Request, descriptors: readonly Descriptor[], send: Send) {
    this.client = client;
    this.request = request;
    this.#descriptors = descriptors;
    this.#send = send;
  }

  /** What the request sets going is caused by it. */
  get cause(): Cause {
    const { uid, pid } = this.client.peer;
    return byRequest(uid, pid, this.request.verb);
  }

  /** Whether nothing more can be sent: it was answered, or the client has gone. */
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

  /** Sends a record before the closing one. */
  data(name: string, ...fields: readonly string[]): void {
    if (!this.#isClosed) this.#send({ kind: 'data', name, fields }, false, []);
  }

  /** Sends an event before the closing reply. */
  event(event: EventRecord): void {
    if (!this.#isClosed) this.#send({ kind: 'event', event }, false, []);
  }

  /** Sends the closing reply; returns whether there was anybody to send it to. */
  close(reply: Closing, descriptors: readonly Descriptor[] = []): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#isAnswered = true;
    const isHeard = !this.client.isGone;
    this.#send(reply, true, descriptors);
    this.#over();
    return isHeard;
  }

  ok(...fields: readonly string[]): boolean {
    return this.close({ kind: 'ok', fields });
  }

  fail(failure: Failure): boolean {
    return this.close({ kind: 'error', failure });
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

  /** What is to be done once the call is over: after its closing reply, or when its client is gone. Actions add up. */
  whenOver(action: () => void): void {
    this.#whenOver.push(action);
  }

  /** Carries out a `Cancel` of this call; `cause` is that. */
  cancel(cause: Cause): void {
    if (this.#isClosed) return;
    if (this.#whenCancelled !== undefined) this.#whenCancelled(cause);
    else this.fail(failure('cancelled'));
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
