import { err, ok, type Result } from '../base/result.ts';
import type { AppendFile, SysError } from '../sys/sys.ts';
import type { Head } from './head.ts';
import type { Remembered } from './payload.ts';
import { moveSegment, newestUsable, completeValues, type SetAside } from './recovery.ts';
import { headOf, Segments, unreadSegment, type Segment } from './segments.ts';
import type { Store } from './store.ts';
import type { Writer } from './writer.ts';

/** What came to light before the state folder could be used again. */
export interface Climbed {
  /** Values of a past that could not be read until now. */
  readonly late: readonly Remembered[];
  readonly setAside: readonly SetAside[];
}

/** Brings a journal that had to leave the state folder back there. */
export class Climber {
  readonly #writer: Writer;
  readonly #settle: (file: AppendFile) => void;
  /** Of segments that were seen in the state folder: what they say is known. */
  readonly #knownTokens = new Set<string>();
  #late: Remembered[] = [];
  #setAside: SetAside[] = [];

  /** @param settle brings a file that is not written to any more to the disk, and closes it */
  constructor(writer: Writer, settle: (file: AppendFile) => void) {
    this.#writer = writer;
    this.#settle = settle;
  }

  /** The folder is gone, or another: nothing of what is in its place is known. */
  lose(error: SysError): void {
    const { segments, stores, values } = this.#writer;
    this.#dropKnown(segments.of(stores.state));
    values.keepsForgotten = true;
    this.#writer.fall('state', error);
  }

  /**
   * Moves everything that was written elsewhere to the state folder, the oldest segment first, and lets the writer
   * go on there. Each segment is copied whole and appears at once; it is removed from its old place
   * afterwards. Where that fails in the middle, the next attempt goes on from there. Nothing may be pending.
   */
  climb(): Result<Climbed, SysError> {
    const writer = this.#writer;
    const { state, runtime } = writer.stores;
    const failed = this.#lookBack() ?? this.#moveAll(state);
    if (failed !== undefined) {
      // What is in memory only has a better place in the runtime folder, if that takes it by now.
      if (writer.current.segment.store.kind === 'memory' && runtime.open().ok) this.#moveAll(runtime);
      return err(failed);
    }
    writer.climbed();
    // From now on there is a checkpoint that has everything.
    const isPartial = headOf(writer.current.segment)?.isPastUnknown === true || this.#late.length > 0;
    if (isPartial) writer.rotate();
    if (writer.trouble !== undefined) return err(writer.trouble);
    const climbed = { late: this.#late, setAside: this.#setAside };
    this.#late = [];
    this.#setAside = [];
    return ok(climbed);
  }

  /** Lets the journal begin with what lies in the state folder, where that is not what was there before. */
  #lookBack(): SysError | undefined {
    const { segments, stores, values } = this.#writer;
    const listed = stores.state.open();
    if (!listed.ok) return listed.error;
    const known = segments.of(stores.state);
    const isKnown = known.length === listed.value.length;
    if (!isKnown || known.some(({ ordinal }, at) => ordinal !== listed.value[at])) {
      const past = new Segments();
      for (const ordinal of listed.value) past.add(unreadSegment(stores.state, ordinal));
      const setAside: SetAside[] = [];
      const { base, error } = newestUsable(past, setAside);
      if (error !== undefined) return error;
      this.#setAside.push(...setAside);
      const isOwn = base !== undefined && this.#isOwn(base.scan.head);
      this.#dropKnown(known);
      segments.addPast(past.all);
      if (base !== undefined && !isOwn) {
        completeValues(past, base.scan);
        this.#late.push(...values.addPast(base.scan.values));
      }
    }
    values.keepsForgotten = false;
    return undefined;
  }

  #dropKnown(known: readonly Segment[]): void {
    for (const { head } of known) if (typeof head === 'object') this.#knownTokens.add(head.token);
    this.#writer.segments.remove(known);
  }

  /**
   * Was it written by this archond, or read at its start, or is it what a segment of ours goes on from? Then its values
   * are known, and some have been forgotten since.
   */
  #isOwn({ token, journalId }: Head): boolean {
    const { segments, journalId: ownId } = this.#writer;
    if (journalId === ownId || this.#knownTokens.has(token)) return true;
    return segments.all.some(({ head }) => typeof head === 'object' && isAt(token, head));
  }

  #moveAll(target: Store): SysError | undefined {
    const { current, segments, stores } = this.#writer;
    for (const segment of [...segments.all]) {
      if (segment.store === target || segment.store === stores.state) continue;
      const isCurrent = segment === current.segment;
      const moved = moveSegment(segment, target, isCurrent ? current.bytes : segment.goodBytes);
      if (!moved.ok) return moved.error;
      if (isCurrent) this.#writer.moved(moved.value);
      else this.#settle(moved.value);
    }
    return undefined;
  }
}

/** Does this head belong to the segment of that name, or to the one behind it? */
function isAt(token: string, head: Head): boolean {
  return head.token === token || head.before?.token === token;
}
