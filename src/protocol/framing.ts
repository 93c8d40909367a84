import { MAX_DESCRIPTORS, MAX_LINE_BYTES } from './limits.ts';
import { PartialLine } from './partial-line.ts';

/** What is kept of a line that is not decoded: a tag of 64 characters fits, even were each written as `\xHH`. */
const HEAD_BYTES = 300;

const LF = 0x0a;
const CR = 0x0d;
const EMPTY: Uint8Array = new Uint8Array(0);

/** What one read of a connection brought: bytes (valid during the call only), and descriptors, some of which the kernel may have dropped (`MSG_CTRUNC`). */
export interface Read<D> {
  readonly bytes: Uint8Array;
  readonly descriptors?: readonly D[];
  readonly truncated?: boolean;
}

/**
 * What became of a line:
 * - `line`: it is complete; to be decoded.
 * - `too-long`: it is over the limit, which is told at its end. To be answered `limit`.
 * - `given-up`: what had come of it was let go by `giveUp`; told at its end. To be answered `limit`.
 * - `descriptor-limit`: more descriptors than the limit came for it, or some were lost; told at once, even
 *   where the line is not complete. To be answered `limit`; then the connection ends.
 * - `unfinished`: the input ended inside it.
 */
export type CutKind = 'line' | 'too-long' | 'given-up' | 'descriptor-limit' | 'unfinished';

/** One line of the stream; each is told exactly once, in order. */
export interface Cut<D> {
  readonly kind: CutKind;
  /** The line without its LF and one CR before it, valid during the call only; of what is no `line` the first few hundred bytes. */
  readonly bytes: Uint8Array;
  /** Those that came for this line; they are the taker's from here on. */
  readonly descriptors: readonly D[];
  /** Offset in the stream of its first byte. */
  readonly beginsAt: number;
}

/** Takes a line and says whether it wants the next one now; `false` holds what follows back until `resume`. */
export type Take<D> = (cut: Cut<D>) => boolean;

/** Descriptors that wait for their line, which begins at offset `at` of the stream. */
interface Pending<D> {
  readonly at: number;
  readonly descriptors: D[];
  isOverLimit: boolean;
}

/**
 * Cuts the byte stream of a connection into lines and gives each the descriptors that came for it. A read
 * never reaches beyond the message that carried descriptors, that message begins with its line, may be cut
 * short by the read, and may stand behind earlier lines; so descriptors belong to the last line that begins
 * in their read. Where none begins in it, a client sent them with a later part of its line: they go to the
 * line that is under way, as they would had both parts come in one read.
 *
 * Lines that lie within one read are handed out where they lie; only a line that spans reads is copied.
 * What is kept is bounded by the line limit, and, while held back, by what is pushed meanwhile.
 */
export class LineCutter<D> {
  /** The line under way, as far as earlier reads brought it. */
  readonly #partial = new PartialLine();
  /** Why the line under way will not be told as one, and its beginning, which is all that is kept of it then. */
  #lost: { readonly kind: 'too-long' | 'given-up'; readonly head: Uint8Array } | undefined;
  /** Bytes not yet cut, because the taker wanted no more. */
  #held: Uint8Array = EMPTY;
  #isHeld = false;
  /** Offsets in the stream: where the line under way begins, and what has been cut or kept of it. */
  #lineAt = 0;
  #cutAt = 0;
  /** Offsets in the stream: where the last line begun begins, and what was received. */
  #begunAt = 0;
  #receivedAt = 0;
  #isAtLineStart = true;
  #pending: Pending<D>[] = [];

  /** Whether lines are held back until `resume`. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Bytes kept between calls. */
  get keptBytes(): number {
    return this.#partial.keptBytes + this.#held.length;
  }

  /** Descriptors kept between calls. */
  get keptDescriptors(): number {
    return this.#pending.reduce((sum, { descriptors }) => sum + descriptors.length, 0);
  }

  /** Lets go of the line under way, which is told as `given-up` when it ends; returns its descriptors, which are the caller's. Lines held back stay. */
  giveUp(): readonly D[] {
    if (this.#isHeld || this.#cutAt === this.#lineAt) return [];
    this.#lose('given-up');
    const [first] = this.#pending;
    return first?.at === this.#lineAt && !first.isOverLimit ? first.descriptors.splice(0) : [];
  }

  /** Cuts what a read brought. While lines are held back it is only added to them. */
  push(read: Read<D>, take: Take<D>): void {
    this.#note(read);
    if (this.#isHeld) this.#held = joined(this.#held, read.bytes);
    else this.#cut(read.bytes, false, take);
  }

  /** Goes on with what was held back. */
  resume(take: Take<D>): void {
    const held = this.#held;
    this.#held = EMPTY;
    this.#isHeld = false;
    this.#cut(held, true, take);
  }

  /** The input has ended; nothing may be held back any more. A line that has begun is told as unfinished. */
  end(take: Take<D>): void {
    if (this.#cutAt === this.#lineAt) return;
    take({
      kind: this.#lost?.kind ?? 'unfinished',
      bytes: this.#head(),
      descriptors: this.#claim(),
      beginsAt: this.#lineAt,
    });
    this.#begin(this.#cutAt);
  }

  /** Gives up everything that is kept; returns the descriptors that no line has been given, which are the caller's. */
  release(): D[] {
    const descriptors = this.#pending.flatMap((pending) => pending.descriptors);
    this.#pending = [];
    this.#held = EMPTY;
    this.#partial.clear();
    return descriptors;
  }

  /** Works out which line the descriptors of a read belong to. */
  #note({ bytes, descriptors = [], truncated = false }: Read<D>): void {
    const lastLine = lastLineStart(bytes);
    if (lastLine > 0) this.#begunAt = this.#receivedAt + lastLine;
    else if (this.#isAtLineStart) this.#begunAt = this.#receivedAt;
    this.#receivedAt += bytes.length;
    if (bytes.length > 0) this.#isAtLineStart = bytes[bytes.length - 1] === LF;
    if (descriptors.length === 0 && !truncated) return;
    let pending = this.#pending.at(-1);
    if (pending?.at !== this.#begunAt) {
      pending = { at: this.#begunAt, descriptors: [], isOverLimit: false };
      this.#pending.push(pending);
    }
    pending.descriptors.push(...descriptors);
    pending.isOverLimit ||= truncated || pending.descriptors.length > MAX_DESCRIPTORS;
  }

  /** Cuts all of `bytes`, which is kept as it is where lines are held back and it is the cutter's own. */
  #cut(bytes: Uint8Array, isOwn: boolean, take: Take<D>): void {
    const base = this.#cutAt;
    let from = 0;
    for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, from)) {
      const cut = this.#finish(bytes, from, lf);
      from = lf + 1;
      this.#begin(base + from);
      if (!take(cut)) {
        this.#isHeld = true;
        /* A Buffer's `slice` is no copy, and the read's memory is used again. */
        this.#held = isOwn ? bytes.subarray(from) : new Uint8Array(bytes.subarray(from));
        return;
      }
    }
    if (from < bytes.length) this.#keep(bytes, from);
    this.#cutAt = base + bytes.length;
    if (this.#pending[0]?.at === this.#lineAt && this.#pending[0].isOverLimit) {
      take({
        kind: 'descriptor-limit',
        bytes: this.#head(),
        descriptors: this.#claim(),
        beginsAt: this.#lineAt,
      });
    }
  }

  /** The line under way, the rest of which is `bytes` from `from` to the LF at `lf`. */
  #finish(bytes: Uint8Array, from: number, lf: number): Cut<D> {
    const beginsAt = this.#lineAt;
    const isOverLimit = this.#pending[0]?.at === beginsAt && this.#pending[0].isOverLimit;
    const descriptors = this.#claim();
    let line = bytes.subarray(from, lf);
    if (this.#partial.bytes > 0) {
      this.#keep(bytes.subarray(0, lf), from);
      line = this.#partial.join();
    }
    if (line.length > 0 && line[line.length - 1] === CR) line = line.subarray(0, -1);
    if (this.#lost === undefined && line.length <= MAX_LINE_BYTES && !isOverLimit)
      return { kind: 'line', bytes: line, descriptors, beginsAt };
    const kind = isOverLimit ? 'descriptor-limit' : (this.#lost?.kind ?? 'too-long');
    const head = this.#lost?.head ?? line.subarray(0, HEAD_BYTES);
    return { kind, bytes: head, descriptors, beginsAt };
  }

  /** Adds `bytes` from `from` on to the line under way, or to nothing once it is certain to be too long. */
  #keep(bytes: Uint8Array, from: number): void {
    if (this.#lost !== undefined) return;
    const piece = bytes.subarray(from);
    // One byte above the limit may yet turn out to be the CR before the LF.
    if (this.#partial.bytes + piece.length <= MAX_LINE_BYTES + 1) {
      this.#partial.add(piece);
      return;
    }
    if (this.#partial.bytes < HEAD_BYTES) this.#partial.add(piece.subarray(0, HEAD_BYTES));
    this.#lose('too-long');
  }

  /** Of the line under way only its beginning is kept any more. */
  #lose(kind: 'too-long' | 'given-up'): void {
    this.#lost ??= { kind, head: this.#partial.head(HEAD_BYTES) };
    this.#partial.clear();
  }

  /** The beginning of the line under way, as far as it was kept. */
  #head(): Uint8Array {
    return this.#lost?.head ?? this.#partial.head(HEAD_BYTES);
  }

  #begin(at: number): void {
    this.#lineAt = at;
    this.#cutAt = at;
    this.#partial.clear();
    this.#lost = undefined;
  }

  /** The descriptors of the line under way. */
  #claim(): readonly D[] {
    return this.#pending[0]?.at === this.#lineAt ? (this.#pending.shift()?.descriptors ?? []) : [];
  }
}

/** Where in `bytes` the last line that begins behind a LF begins, or 0 where none does; a line has at least one byte. */
function lastLineStart(bytes: Uint8Array): number {
  return bytes.length < 2 ? 0 : bytes.lastIndexOf(LF, bytes.length - 2) + 1;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
