import { headOf, type Segment, type Segments } from './segments.ts';
import type { Store } from './store.ts';

/** What was set aside is evidence, for a while: so many pieces are kept at most. */
const MOST_ASIDE = 16;

/**
 * Removes the oldest segments of a store until what is left is within its limits; never the last one of
 * the journal, whose checkpoint is all that is remembered. What was set aside goes with the segments of its time.
 *
 * @param nowMs by the wall clock, since 1970
 */
export function retain(segments: Segments, store: Store, nowMs: number): void {
  const { retainBytes, retainMs, retainSegments } = store.limits;
  const own = segments.of(store);
  const sizes = own.map((segment) => sizeOf(segment));
  let bytes = sizes.reduce((sum, size) => sum + size, 0);
  const gone: Segment[] = [];
  for (const [index, segment] of own.entries()) {
    if (segment === segments.last) break;
    const isTooMuch = bytes > retainBytes || own.length - index > retainSegments;
    if (!isTooMuch && !isOlderThan(segments, segment, nowMs - retainMs)) break;
    const removed = store.remove(segment.ordinal);
    if (!removed.ok && removed.error.code !== 'ENOENT') break;
    bytes -= sizes[index] ?? 0;
    gone.push(segment);
  }
  segments.remove(gone);
  removeAside(store, gone.at(-1)?.ordinal ?? 0);
}

/**
 * Whether there is anything that is older than it may be, as far as age goes: the oldest segment, or the present one, whose events
 * were all before `latestMs`, undefined where it has none.
 */
export function isOverdue(
  segments: Segments,
  { segment, latestMs }: { readonly segment: Segment; readonly latestMs: number | undefined },
  nowMs: number,
): 'oldest' | 'present' | undefined {
  const { store } = segment;
  const limitMs = nowMs - store.limits.retainMs;
  if (latestMs !== undefined && latestMs < limitMs) return 'present';
  const [oldest] = segments.of(store);
  const isPast = oldest !== undefined && oldest !== segment && isOlderThan(segments, oldest, limitMs);
  return isPast ? 'oldest' : undefined;
}

function sizeOf(segment: Segment): number {
  if (segment.sizeBytes === undefined) {
    const size = segment.store.sizeBytes(segment.ordinal);
    segment.sizeBytes = size.ok ? size.value : undefined;
  }
  return segment.sizeBytes ?? 0;
}

/** Is everything in it from before this instant? One without events is as old as the next one's beginning. */
function isOlderThan(segments: Segments, segment: Segment, atMs: number): boolean {
  const index = segments.all.indexOf(segment);
  const next = segments.all[index + 1];
  const latestMs = segments.spanOf(index)?.latestMs ?? beginningMs(next) ?? Infinity;
  return latestMs < atMs;
}

function beginningMs(segment: Segment | undefined): number | undefined {
  const head = segment === undefined ? undefined : headOf(segment);
  return head === undefined ? undefined : Number(head.timeNs / 1_000_000n);
}

function removeAside(store: Store, lastGone: number): void {
  const aside = store.listAside();
  for (const [index, ordinal] of aside.entries()) {
    if (ordinal <= lastGone || aside.length - index > MOST_ASIDE) store.removeAside(ordinal);
  }
}
