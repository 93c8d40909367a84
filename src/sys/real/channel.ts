import { errnoName, errnoNumber } from '../../base/errno.ts';
import type { Result } from '../../base/result.ts';
import { err } from '../../base/result.ts';
import { MESSAGE, REFUSED } from '../keeper-layout.ts';
import { native, NATIVE_EVENT } from '../native.ts';
import type { Answer, Descriptor, ExecStage, Refusal } from '../sys.ts';
import { EXEC_STAGES } from '../sys.ts';
import { nativeError, nativeResult } from './native-error.ts';
import { leaveSlot, numbers, occupySlot, received } from './reactor.ts';
import { Words } from './words.ts';

/** A message of the keeper: read at `at` and what follows. Descriptors that nobody takes are closed. */
export interface Told {
  readonly type: number;
  readonly words: Words;
  readonly at: number;
  readonly bytes: number;
  /** The descriptor that came along, which is the taker's from then on. */
  takeDescriptor(): Descriptor | undefined;
}

/** A request under way. `take` gets each message for it; what it returns closes the request. */
interface Pending {
  readonly take: (told: Told) => (() => void) | undefined;
  readonly refuse: (refusal: Refusal) => void;
}

/** What the channel tells without having been asked. */
export interface ChannelListener {
  told(told: Told): void;
  gone(): void;
}

const receivedWords = new Words(received);
const CLOSED = -1;

/** A refusal for which the keeper was not asked. */
export function ownRefusal(code: string, stage?: ExecStage): Refusal {
  return { code, errno: errnoNumber(code) ?? 0, stage };
}

/**
 * Requests to the keeper and its answers, over the inherited socket. Each request is answered once:
 * by the keeper, or with `EPIPE` when the channel is gone, and never inside the call that made it. That it is gone is
 * told first: whoever hears that may go no further, so that nothing is taken for refused that nobody has refused.
 */
export class Channel {
  /** Of this channel; 0 until the keeper has said it. */
  epoch = 0;
  #slot: number;
  #nextId = 1;
  readonly #pending = new Map<number, Pending>();
  readonly #listener: ChannelListener;

  private constructor(slot: number, listener: ChannelListener) {
    this.#slot = slot;
    this.#listener = listener;
    occupySlot(slot, (event, count) => {
      if (event === NATIVE_EVENT.MESSAGES) this.#messages(count);
      else this.#gone();
    });
  }

  /** Takes the descriptor over. */
  static open(descriptor: Descriptor, listener: ChannelListener): Channel {
    const slot = nativeResult(native.openChannel(descriptor));
    if (!slot.ok) throw new Error(`the keeper's channel cannot be used: ${slot.error.code}`);
    return new Channel(slot.value, listener);
  }

  /**
   * Sends a request. `take` is given the messages that answer it; it returns undefined where more will
   * come, else what the answer is.
   */
  ask<T>(
    message: Uint8Array,
    address: (id: number, epoch: number) => void,
    descriptors: readonly Descriptor[],
    take: (told: Told) => Result<T, Refusal> | undefined,
    done: Answer<T>,
  ): void {
    const id = this.#nextId++;
    address(id, this.epoch);
    numbers.set(descriptors);
    const error =
      this.#slot === CLOSED
        ? ownRefusal('EPIPE')
        : nativeError(native.send(this.#slot, message, descriptors.length));
    /* A keeper that is gone is told of once, before anything that it did not answer. */
    const isGone = this.#slot !== CLOSED && (error?.code === 'EPIPE' || error?.code === 'ECONNRESET');
    if (error !== undefined && !isGone) {
      this.refuse(done, { code: error.code, errno: error.errno, stage: undefined });
      return;
    }
    this.#pending.set(id, {
      take: (told) => {
        const answer = take(told);
        return answer === undefined ? undefined : () => done(answer);
      },
      refuse: (refusal) => done(err(refusal)),
    });
  }

  /** Answers a request that was never sent. */
  refuse<T>(done: Answer<T>, refusal: Refusal): void {
    process.nextTick(() => done(err(refusal)));
  }

  /** Closes it without telling anyone; requests under way are forgotten. */
  close(): void {
    if (this.#slot === CLOSED) return;
    native.closeChannel(this.#slot);
    leaveSlot(this.#slot);
    this.#slot = CLOSED;
    this.#pending.clear();
  }

  /** A batch. Whoever throws costs the others nothing: the error is raised when all have been told. */
  #messages(count: number): void {
    const sizes = numbers.slice(0, 2 * count);
    for (let i = 0; i < count; i++) {
      const descriptor = sizes[2 * i + 1] ?? -1;
      try {
        this.#message(i * MESSAGE.MAX_BYTES, sizes[2 * i] ?? 0, descriptor);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  #message(at: number, bytes: number, descriptor: number): void {
    let left: number | undefined = descriptor < 0 ? undefined : descriptor;
    const takeDescriptor = (): Descriptor | undefined => {
      const taken = left;
      left = undefined;
      return taken;
    };
    try {
      // What a later keeper says in words of its own is none of ours.
      const isWhole = bytes >= MESSAGE.HEAD_BYTES && receivedWords.u32(at + MESSAGE.bytes) === bytes;
      if (!isWhole || receivedWords.u16(at + MESSAGE.version) !== MESSAGE.VERSION) return;
      const type = receivedWords.u16(at + MESSAGE.type);
      this.#route({ type, words: receivedWords, at, bytes, takeDescriptor });
    } finally {
      if (left !== undefined) native.closeDescriptor(left);
    }
  }

  #route(told: Told): void {
    const id = told.words.u64(told.at + MESSAGE.id);
    if (id === 0) {
      this.#listener.told(told);
      return;
    }
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if (told.type === MESSAGE.TELL_REFUSED) {
      this.#pending.delete(id);
      pending.refuse(refusalIn(told));
      return;
    }
    const answer = pending.take(told);
    if (answer === undefined) return;
    this.#pending.delete(id);
    answer();
  }

  #gone(): void {
    leaveSlot(this.#slot);
    this.#slot = CLOSED;
    this.#listener.gone();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of waiting) pending.refuse(ownRefusal('EPIPE'));
  }
}

function refusalIn({ words, at }: Told): Refusal {
  const errno = words.u32(at + REFUSED.error);
  return { code: errnoName(errno), errno, stage: EXEC_STAGES[words.u32(at + REFUSED.stage) - 1] };
}
