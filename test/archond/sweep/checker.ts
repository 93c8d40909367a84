/*
 * Whether what was told is what was. The events are read from the journal's own lines and held against the book of the
 * machine; no code is shared with what is checked.
 */
import type { Control } from '../../../src/sys/fake/control.ts';
import type { Ledger, Life } from './ledger.ts';

/** An event as it stands in the journal. */
export interface Event {
  readonly sequence: number;
  readonly label: string;
  readonly kind: string;
  /** `name=value` each. */
  readonly details: readonly string[];
}

const JOURNAL = '/var/lib/archon/journal/';

/** All events in the state folder of a machine, in the order in which they stand there. */
export function eventsOn({ kernel }: Control): Event[] {
  const files = kernel.files.paths().filter((path) => path.startsWith(JOURNAL) && path.endsWith('.journal'));
  const lines = files.flatMap((path) =>
    Buffer.from(kernel.files.read(path) ?? [])
      .toString('latin1')
      .split('\n'),
  );
  return lines.flatMap((line) => {
    const [, sequence, json = ''] = /^[0-9a-f]{8} E (\d+) \d+ (\[.*\])$/.exec(line) ?? [];
    if (sequence === undefined) return [];
    const [label = '', kind = '', ...words] = JSON.parse(json) as string[];
    const details = words.flatMap((name, at) => (at % 2 === 0 ? [`${name}=${words[at + 1] ?? ''}`] : []));
    return [{ sequence: Number(sequence), label, kind, details }];
  });
}

/** What is wrong with the numbers of events: holes and doubles. */
export function numberFaults(events: readonly Pick<Event, 'sequence'>[]): string[] {
  return events.flatMap(({ sequence }, at) =>
    sequence === at + 1 ? [] : [`event ${sequence} stands where ${at + 1} should`],
  );
}

/** What is wrong with what was told of the ends of processes. */
export function endFaults({ lives }: Ledger, events: readonly Event[]): string[] {
  const told = new Map<string, Event[]>();
  for (const event of events)
    if (event.kind === 'exited') {
      const pid = event.details.find((one) => one.startsWith('pid=')) ?? 'pid=';
      told.set(pid, [...(told.get(pid) ?? []), event]);
    }
  const faults: string[] = [];
  for (const life of lives) {
    if (!life.isFirst || life.isBeside) continue;
    const of = told.get(`pid=${life.pid}`) ?? [];
    told.delete(`pid=${life.pid}`);
    faults.push(...oneEndFaults(life, of));
  }
  for (const [pid, [first]] of told)
    faults.push(`the end of ${first?.label} ${pid} is told, which never was`);
  return faults;
}

function oneEndFaults({ label, pid, end }: Life, told: readonly Event[]): string[] {
  const named = `${label} (process ${pid})`;
  if (end === undefined) return told.length === 0 ? [] : [`${named} lives, and its end is told`];
  if (told.length !== 1) return [`the end of ${named} is told ${told.length} times`];
  return told.flatMap((event) => {
    if (event.label !== label) return [`the end of ${named} is told of ${event.label}`];
    return event.details.includes(end)
      ? []
      : [`${named} ended with ${end}, told is ${event.details.join(' ')}`];
  });
}

/** What is wrong with the order in which things are told of each process: a beginning, at most one readiness, an end. */
export function storyFaults(events: readonly Event[]): string[] {
  const faults: string[] = [];
  const ended = new Set<string>();
  const ready = new Set<string>();
  const begun = new Set<string>();
  for (const { sequence, label, kind, details } of events) {
    const pid = details.find((one) => one.startsWith('pid='));
    if (pid === undefined) continue;
    const fault = (what: string): void => {
      faults.push(`${sequence}: ${label} ${pid} ${what}`);
    };
    /* What a oneshot has done is undone after its end. */
    if (ended.has(pid) && kind !== 'stopping') fault(`is ${kind} after its end`);
    if (kind === 'starting' && begun.has(pid)) fault('starts twice');
    if (kind === 'running' && ready.has(pid)) fault('becomes ready twice');
    if (kind === 'starting' || kind === 'adopted') begun.add(pid);
    if (kind === 'running' && !begun.has(pid)) fault('is ready before its beginning');
    if (kind === 'running') ready.add(pid);
    if (kind === 'exited') ended.add(pid);
  }
  return faults;
}

const LOGS = '/var/log/archon/';

/** What is missing of what processes have written, each its pid in a line, or stands there twice. */
export function outputFaults({ lives }: Ledger, { kernel }: Control): string[] {
  return lives.flatMap(({ label, pid, isFirst, isBeside }) => {
    if (!isFirst || isBeside) return [];
    const log = Buffer.from(kernel.files.read(`${LOGS}${label}.log`) ?? []).toString();
    const times = log.split('\n').filter((line) => line === `${pid} begins`).length;
    return times === 1 ? [] : [`what ${label} (process ${pid}) wrote is in its log ${times} times`];
  });
}

/** So much earlier something may seem to come that is counted from a word which a death has held up. */
const EARLY_MS = 5;

/** Whether it happened as long after `fromMs` as it should; a death of archond in between may cost `slackMs`. */
export function timeFault(
  what: string,
  fromMs: number | undefined,
  toMs: number | undefined,
  shouldMs: number,
  slackMs: number,
): string[] {
  if (fromMs === undefined || toMs === undefined) return [`${what} never came`];
  const tookMs = toMs - fromMs;
  return tookMs >= shouldMs - EARLY_MS && tookMs <= shouldMs + slackMs
    ? []
    : [`${what} took ${tookMs} ms, and should have taken ${shouldMs}`];
}
