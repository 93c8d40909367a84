import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { AppendFile, SysError } from '../sys/sys.ts';
import { scanSegment, type Scanned } from './scan.ts';
import { headOf, readerOf, Segments, unreadSegment, type Segment } from './segments.ts';
import { copyBytes, type Store } from './store.ts';
import type { Stores } from './stores.ts';
import { Values } from './values.ts';

/** Something of the journal that could not be used, and where it lies now. */
export interface SetAside {
  readonly path: string;
  /** From where on, in bytes, it was not used; 0 for a whole segment. */
  readonly fromBytes: number;
  /** False where it could not be renamed, and still lies where it was. */
  readonly isMoved: boolean;
}

/** What earlier archonds have left. */
export interface Recovered {
  readonly segments: Segments;
  readonly values: Values;
  readonly lastSequence: number;
  /** The segment in which they wrote last. */
  readonly base: { readonly segment: Segment; readonly scan: Scanned } | undefined;
  /** They could not write to the state folder in the end. */
  readonly wasDegraded: boolean;
  readonly setAside: readonly SetAside[];
  /** Why the state folder cannot be used now; undefined where nothing speaks against it. */
  readonly stateError: SysError | undefined;
  /** Values were added from before a time in which the state folder could not be read: a new checkpoint is due. */
  readonly isMerged: boolean;
  /** Segments that were brought to the state folder just now: to be synced and closed. */
  readonly movedFiles: readonly AppendFile[];
}

/**
 * Finds the newest segment that can be used, and everything that is remembered at its end; or, where `setsTailAside`,
 * at its beginning, and sets aside what came after that, whatever it may be.
 */
export function recover(stores: Stores, setsTailAside = false): Recovered {
  const state = persistently(() => stores.state.open());
  const runtime = stores.runtime.open();
  const segments = new Segments();
  if (state.ok) for (const ordinal of state.value) segments.add(unreadSegment(stores.state, ordinal));
  const left = runtime.ok ? runtime.value.map((ordinal) => unreadSegment(stores.runtime, ordinal)) : [];
  const fresh = dropMoved(left, segments.all);
  let stateError = state.ok ? undefined : state.error;
  const movedFiles: AppendFile[] = [];
  for (const segment of fresh) {
    const moved = stateError === undefined ? moveSegment(segment, stores.state) : undefined;
    if (moved?.ok === true) movedFiles.push(moved.value);
    if (moved?.ok === false) stateError = moved.error;
    segments.add(segment);
  }
  const setAside: SetAside[] = [];
  const newest = newestUsable(segments, setAside, setsTailAside);
  stateError ??= newest.error;
  const { base } = newest;
  const values = base?.scan.values ?? new Values();
  if (base === undefined) values.keepsForgotten = stateError !== undefined;
  const isMerged = base !== undefined && values.keepsForgotten && state.ok;
  if (isMerged) completeValues(segments, base.scan);
  const lastSequence = base?.scan.lastSequence ?? 0;
  const wasDegraded = fresh.length > 0;
  return { segments, values, lastSequence, base, wasDegraded, setAside, stateError, isMerged, movedFiles };
}

/**
 * What cannot be read now and could be a moment later (a want of descriptors, a disk that answers the next time) is tried
 * again at once: it would cost the journal its id, and whoever comes up the numbers that there were.
 */
const TRIES = 3;

function persistently<T extends { readonly ok: boolean }>(attempt: () => T): T {
  let result = attempt();
  for (let tries = 1; !result.ok && tries < TRIES; tries += 1) result = attempt();
  return result;
}

function scanPersistently(segment: Segment): ReturnType<typeof scanSegment> {
  let scan = scanSegment(readerOf(segment));
  for (let tries = 1; scan.kind === 'failed' && tries < TRIES; tries += 1)
    scan = scanSegment(readerOf(segment));
  return scan;
}

/** Copies so many bytes (default: all) of a segment to another store and takes it out of its own. The file is open to go on with. */
export function moveSegment(segment: Segment, target: Store, bytes = Infinity): Result<AppendFile, SysError> {
  const made = target.create((file) => copyBytes(readerOf(segment), 0, bytes, file));
  if (!made.ok) return made;
  // Where this fails a successor sees by the token that it has been moved.
  segment.store.remove(segment.ordinal);
  segment.store = target;
  segment.ordinal = made.value.ordinal;
  return ok(made.value.file);
}

/** Archond may have died between the two steps of a move: what is in the state folder already is removed here. */
function dropMoved(left: readonly Segment[], inState: readonly Segment[]): Segment[] {
  if (left.length === 0) return [];
  const known = new Set(inState.map((segment) => headOf(segment)?.token));
  return left.filter((segment) => {
    const token = headOf(segment)?.token;
    const isMoved = token !== undefined && known.has(token);
    if (isMoved) segment.store.remove(segment.ordinal);
    return !isMoved;
  });
}

/** Goes back from the newest segment to one that can be used, and sets aside what cannot. */
export function newestUsable(
  segments: Segments,
  setAside: SetAside[],
  setsTailAside = false,
): { readonly base: Recovered['base']; readonly error: SysError | undefined } {
  for (let segment = segments.last; segment !== undefined; segment = segments.last) {
    const whole = scanPersistently(segment);
    const hasTail =
      whole.kind === 'scanned' && (whole.goodBytes > whole.checkpointBytes || whole.rest !== 'none');
    const isCut = setsTailAside && hasTail;
    const scan = isCut ? scanSegment(readerOf(segment), whole.checkpointBytes) : whole;
    if (scan.kind === 'failed' && segment.store.kind === 'state') {
      // It may be readable later: until then nothing is known, and nothing is touched.
      segments.remove(segments.all);
      return { base: undefined, error: scan.error };
    }
    if (scan.kind === 'scanned') {
      takeKnowledge(segment, scan);
      if (isCut || scan.rest === 'damaged') setAside.push(putAside(segment, scan.goodBytes));
      return { base: { segment, scan }, error: undefined };
    }
    setAside.push(putAside(segment, 0));
    segments.remove([segment]);
  }
  return { base: undefined, error: undefined };
}

function takeKnowledge(segment: Segment, scan: Scanned): void {
  segment.head = scan.head;
  segment.goodBytes = scan.goodBytes;
  segment.span = scan.span;
}

function putAside(segment: Segment, fromBytes: number): SetAside {
  const path = segment.store.path(segment.ordinal);
  const moved = segment.store.setAside(segment.ordinal, fromBytes);
  return moved.ok ? { path: moved.value, fromBytes, isMoved: true } : { path, fromBytes, isMoved: false };
}

/**
 * Adds to the values at the end of the last segment those from before a time in which the other segments could not
 * be read, if there was one: those at the end of the newest of the others that can be read now.
 */
export function completeValues(segments: Segments, last: Scanned): void {
  if (!last.values.keepsForgotten) return;
  for (const segment of [...segments.all].reverse()) {
    const scan = headOf(segment)?.isPastUnknown === false ? scanSegment(readerOf(segment)) : undefined;
    if (scan?.kind !== 'scanned') continue;
    last.values.addPast(scan.values);
    return;
  }
  last.values.keepsForgotten = false;
}
