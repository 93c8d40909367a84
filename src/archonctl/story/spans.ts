import { formatDuration } from '../../base/duration.ts';
import { textOf } from '../../protocol/bytes.ts';
import type { Bar, Row } from '../draw/rows.ts';
import { COLOURS } from '../draw/svg.ts';

/** How one unit came up at the last start. Unix seconds; null where it has not come to that. */
export interface BootSpan {
  readonly label: string;
  /** It was to start. */
  readonly start: number;
  /** Its process was there. */
  readonly up: number | null;
  readonly ready: number | null;
  readonly critical: boolean;
}

const MS_A_SECOND = 1000;

/** The span of a `Span` record. */
export function readSpan(fields: readonly string[]): BootSpan {
  const [label = '', start = '', up = '', ready = '', critical] = fields.map(textOf);
  const at = (text: string): number | null => (text === '' ? null : Number(text));
  return { label, start: Number(start), up: at(up), ready: at(ready), critical: critical === '1' };
}

/** When the first of them was to start, and the last was ready; Unix seconds. */
export function extentOf(spans: readonly BootSpan[]): { readonly began: number; readonly ended: number } {
  const began = spans.reduce((first, { start }) => Math.min(first, start), Infinity);
  const ended = spans.reduce((last, { start, up, ready }) => Math.max(last, ready ?? up ?? start), 0);
  return { began: spans.length === 0 ? 0 : began, ended };
}

/** What had its process first stands first; what had none last. */
export function byTime(one: BootSpan, other: BootSpan): number {
  const [first, second] = [one.up ?? Infinity, other.up ?? Infinity];
  return first === second ? one.start - other.start : first - second;
}

/** Seconds between two instants, in milliseconds. */
export function between(from: number | null, to: number | null): number | undefined {
  return from === null || to === null ? undefined : Math.max(0, (to - from) * MS_A_SECOND);
}

/** A span in words: `waited 1.2s, took 300ms`. */
export function spanNote({ start, up, ready }: BootSpan): string {
  const waited = between(start, up);
  const took = between(up, ready);
  if (waited === undefined) return 'was not started';
  const wait = waited < 1 ? '' : `waited ${formatDuration(waited)}, `;
  return `${wait}${took === undefined ? 'was not ready' : `took ${formatDuration(took)}`}`;
}

/** The spans as rows of a chart; what came first at the top. */
export function chartRows(spans: readonly BootSpan[]): readonly Row[] {
  const { began, ended } = extentOf(spans);
  const critical = spans
    .map((span, index) => ({ span, index }))
    .filter(({ span }) => span.critical)
    .sort((one, other) => (one.span.ready ?? 0) - (other.span.ready ?? 0))
    .map(({ index }) => index);
  return spans.map((span, index) => {
    const before = critical[critical.indexOf(index) - 1];
    return {
      name: span.label,
      bars: barsOf(span, began, ended),
      note: spanNote(span),
      isCritical: span.critical,
      isReached: span.ready !== null,
      after: span.critical && before !== undefined ? [before] : [],
    };
  });
}

function barsOf({ start, up, ready }: BootSpan, began: number, ended: number): Bar[] {
  const ms = (at: number): number => (at - began) * MS_A_SECOND;
  const bars: Bar[] = [];
  if (up === null) return [{ fromMs: ms(start), toMs: ms(ended), fill: COLOURS.wait, isIdle: true }];
  if (up > start) bars.push({ fromMs: ms(start), toMs: ms(up), fill: COLOURS.wait, isIdle: true });
  bars.push({
    fromMs: ms(up),
    toMs: ms(ready ?? ended),
    fill: ready === null ? COLOURS.stop : COLOURS.ready,
  });
  return bars;
}
