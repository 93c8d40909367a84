import { formatDuration } from '../../base/duration.ts';
import { textOf } from '../../protocol/bytes.ts';
import type { Row } from '../draw/bars.ts';
import { COLOURS } from '../draw/svg.ts';

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

/** The steps as rows of a chart. */
export function chartRows(steps: readonly PlanStep[]): readonly Row[] {
  const begins = beginningsOf(steps);
  const indexes = new Map(steps.map(({ number }, index) => [number, index]));
  return steps.map(({ label, action, after, expectedSeconds, critical }, index) => {
    const fromMs = begins[index] ?? 0;
    const ms = (expectedSeconds ?? 0) * MS_A_SECOND;
    const fill = action.startsWith('stop') ? COLOURS.stop : COLOURS.ready;
    const note = `${action}${expectedSeconds === null ? ', for how long is not known' : ` ${formatDuration(ms)}`}`;
    return {
      name: label,
      bars: [{ fromMs, toMs: fromMs + ms, fill }],
      note,
      isCritical: critical,
      after: after.flatMap((number) => indexes.get(number) ?? []),
    };
  });
}
