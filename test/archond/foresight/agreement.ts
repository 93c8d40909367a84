import { expect } from 'vitest';
import { decodeRecord } from '../../../src/protocol/record.ts';
import { toldAmong, type Told } from '../../support/told.ts';
import { Chance } from '../fuzz/chance.ts';
import { isOfState } from '../../../src/archond/events/of-state.ts';
import { statesOf, type Stage, type Units } from '../stage/stage.ts';

/** A step of a plan, as it is told. */
export interface Planned {
  readonly number: number;
  readonly label: string;
  readonly action: string;
  readonly after: readonly number[];
  readonly seconds: string;
  readonly isCritical: boolean;
}

/** What `Plan` answers. */
export async function planned(stage: Stage, ...fields: readonly string[]): Promise<Planned[]> {
  const lines = await stage.ask(['Plan', ...fields].join(','));
  const steps = lines.slice(0, -1).map((line): Planned => {
    const record = decodeRecord(Buffer.from(line, 'latin1'));
    const read: readonly string[] = record.ok ? record.value : [];
    const [name, number = '', label = '', action = '', after = '', seconds = '', critical] = read;
    expect(name).toBe('Step');
    const numbers = after.split(' ').filter((one) => one !== '');
    return {
      number: Number(number),
      label,
      action,
      after: numbers.map(Number),
      seconds,
      isCritical: critical === '1',
    };
  });
  expect(lines.at(-1)).toBe(`Ok,${steps.length}`);
  return steps;
}

const UNDERWAY = ['starting', 'stopping', 'backoff'];

/** Resolves when nothing is on its way any more. */
export async function settled(stage: Stage): Promise<void> {
  do await quiet(stage);
  while ([...(await statesOf(stage)).values()].some((state) => UNDERWAY.includes(state)));
}

/** Resolves when nothing is on its way by what is told; that a process is about to be made is not. */
async function quiet(stage: Stage): Promise<void> {
  using client = await stage.hear('Subscribe,@snapshot=1');
  const states = new Map<string, string>();
  await client.until((lines) => {
    if (!lines.some((line) => line.startsWith('Ok,'))) return false;
    for (const line of lines) {
      const [name, first = '', second = '', label = '', kind = ''] = line.split(',');
      if (name === 'Unit') states.set(first, second);
      else if (name === 'Event' && isOfState(kind)) states.set(label, kind === 'exited' ? 'stopping' : kind);
    }
    return ![...states.values()].some((state) => UNDERWAY.includes(state));
  });
}

async function eventsSoFar(stage: Stage): Promise<Told[]> {
  return toldAmong(await stage.ask('Events'));
}

/** What really happened: for each start and stop when it was over, by its key, as the number of an event; for starts also when it began. */
function happened(events: readonly Told[]): {
  readonly ends: Map<string, number>;
  readonly begins: Map<string, number>;
} {
  const ends = new Map<string, number>();
  const begins = new Map<string, number>();
  const stopping = new Set<string>();
  for (const { label, kind, sequence } of events) {
    if (kind === 'stopping') stopping.add(label);
    if (['stopped', 'waiting', 'failed', 'starting'].includes(kind) && stopping.delete(label))
      ends.set(`stop ${label}`, sequence);
    if (kind === 'starting') begins.set(`start ${label}`, sequence);
    if (kind === 'running' || kind === 'finished') ends.set(`start ${label}`, sequence);
  }
  return { ends, begins };
}

/** Asks what an order would do, gives it, and compares. Returns the steps. */
export async function agrees(
  stage: Stage,
  action: 'start' | 'stop',
  ...labels: readonly string[]
): Promise<Planned[]> {
  await settled(stage);
  const before = await eventsSoFar(stage);
  const steps = await planned(stage, action, ...labels);
  expect(await eventsSoFar(stage), 'a plan does nothing').toEqual(before);
  /* What is to be after one that waits for its rival waits with it: such a start is not waited for. */
  await stage.ask([action, ...labels, '@force=1', '@wait=0'].join(','));
  await settled(stage);
  const events = (await eventsSoFar(stage)).slice(before.length);
  const { ends, begins } = happened(events);
  const keys = steps.map((step) => `${step.action} ${step.label}`);
  expect([...ends.keys()].sort(), `${action} ${labels.join(' ')}`).toEqual([...keys].sort());
  for (const [index, step] of steps.entries()) {
    const key = keys[index] ?? '';
    for (const number of step.after) {
      const over = ends.get(keys[number - 1] ?? '') ?? NaN;
      const next = (step.action === 'start' ? begins : ends).get(key) ?? NaN;
      expect(over, `${keys[number - 1] ?? ''} before ${key}`).toBeLessThan(next);
    }
  }
  return steps;
}

/** So many units, each of which names some of those before it. */
export function randomUnits(count: number, seed: number, folder: string): Units {
  const chance = new Chance(seed);
  const units: Record<string, Record<string, unknown>> = {};
  for (let number = 0; number < count; number += 1) {
    const some = (most: number): string[] => {
      const found = new Set<string>();
      for (let left = chance.below(most + 1); left > 0 && number > 0; left -= 1)
        found.add(`u${chance.below(number)}`);
      return [...found];
    };
    const kinds = [
      { command: 'sleep 86400' },
      { command: [`${folder}/slow-service`], ready: { fd: 3, timeout: '5m' } },
      { type: 'oneshot', command: 'true' },
      { type: 'oneshot', command: 'sleep 0.05', 'stop-command': 'true' },
    ];
    units[`u${number}`] = {
      ...kinds[chance.below(kinds.length)],
      enabled: chance.below(3) > 0,
      needs: some(2),
      wants: some(1),
      after: some(1),
    };
  }
  /* Two of which neither is needed by anything can exclude each other. */
  const named = new Set(
    Object.values(units).flatMap((unit) => [...(unit['needs'] as string[]), ...(unit['wants'] as string[])]),
  );
  const [one, other] = Object.keys(units).filter((label) => !named.has(label));
  const unit = one === undefined ? undefined : units[one];
  if (unit !== undefined && other !== undefined) unit['conflicts'] = [other];
  return units;
}

/** A few orders by chance, each of which is foreseen. Returns how many steps that were. */
export async function playOrders(
  stage: Stage,
  labels: readonly string[],
  seed: number,
  count: number,
): Promise<number> {
  const chance = new Chance(seed);
  let steps = 0;
  for (let order = 0; order < count; order += 1) {
    const label = labels[chance.below(labels.length)] ?? '';
    steps += (await agrees(stage, chance.below(2) === 0 ? 'start' : 'stop', label)).length;
  }
  return steps;
}
