import { formatDuration } from '../../base/duration.ts';
import { textOf } from '../../protocol/bytes.ts';
import type { Row } from '../draw/rows.ts';
import { COLOURS } from '../draw/svg.ts';
import type { Measured } from '../draw/time-axis.ts';

/** A step of a plan. */
export interface PlanStep {
  readonly number: number;
  readonly label: string;
  /** `start`, `stop`; `starting`, `stopping` of what is under way already. */
  readonly action: string;
  /** The numbers of the steps that it waits for. */
  readonly after: readonly number[];
  /** How long it is expected to take; null where nothing is known. */
  readonly expectedSeconds: number | null;
  readonly critical: boolean;
}

const MS_A_SECOND = 1000;

/** The step of a `Step` record. */
export function readStep(fields: readonly string[]): PlanStep {
  const [number = '', label = '', action = '', after = '', seconds = '', critical] = fields.map(textOf);
  return {
    number: Number(number),
    label,
    action,
    after: after
      .split(' ')
      .filter((one) => one !== '')
      .map(Number),
    expectedSeconds: seconds === '' ? null : Number(seconds),
    critical: critical === '1',
  };
}

/** When each step begins, in milliseconds after the order, if all takes as long as is expected: when the last that it waits for is over. */
export function beginningsOf(steps: readonly PlanStep[]): readonly number[] {
  const ends = new Map<number, number>();
  return steps.map(({ number, after, expectedSeconds }) => {
    const begins = after.reduce((latest, other) => Math.max(latest, ends.get(other) ?? 0), 0);
    ends.set(number, begins + (expectedSeconds ?? 0) * MS_A_SECOND);
    return begins;
  });
}

/** How long all of it is expected to take, in milliseconds. */
export function lengthOf(steps: readonly PlanStep[]): number {
  const begins = beginningsOf(steps);
  return steps.reduce(
    (latest, { expectedSeconds }, index) =>
      Math.max(latest, (begins[index] ?? 0) + (expectedSeconds ?? 0) * MS_A_SECOND),
    0,
  );
}

/** What a chart of the steps measures: turns where of none is known how long it takes, so that its order is seen all the same. */
export function measuredOf(steps: readonly PlanStep[]): Measured {
  return steps.some(({ expectedSeconds }) => expectedSeconds !== null) ? 'time' : 'turns';
}

/** The steps as rows of a chart, in times or in turns. */
export function chartRows(steps: readonly PlanStep[]): readonly Row[] {
  const isTimed = measuredOf(steps) === 'time';
  const drawn = isTimed ? steps : steps.map((step) => ({ ...step, expectedSeconds: 1 / MS_A_SECOND }));
  const begins = beginningsOf(drawn);
  const indexes = new Map(steps.map(({ number }, index) => [number, index]));
  return steps.map(({ label, action, after, expectedSeconds, critical }, index) => {
    const fromMs = begins[index] ?? 0;
    const ms = (drawn[index]?.expectedSeconds ?? 0) * MS_A_SECOND;
    const fill = action.startsWith('stop') ? COLOURS.stop : COLOURS.ready;
    const unknown = isTimed ? ', for how long is not known' : '';
    return {
      name: label,
      bars: [{ fromMs, toMs: fromMs + ms, fill }],
      note: `${action}${expectedSeconds === null ? unknown : ` ${formatDuration(ms)}`}`,
      isCritical: critical,
      isReached: true,
      after: after.flatMap((number) => indexes.get(number) ?? []),
    };
  });
}
