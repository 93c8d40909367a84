import { failure } from '../../base/failure.ts';
import { formatTime, sayTime } from '../../base/time.ts';
import type { Target } from '../../protocol/kinds.ts';
import type { Call } from '../call.ts';
import { PastUnits, type PastUnit } from '../events/past-units.ts';
import { readSnapshot, SNAPSHOT_KIND } from '../events/snapshots.ts';
import type { House } from '../house.ts';
import { matches } from './targets.ts';
import { unitFields, unitsIn } from './unit-fields.ts';

const STOPPED = { state: 'stopped', pid: undefined, restarts: 0, lastExit: '' } as const;

/** `List,@at`: the units as they were then, as far as the journal tells. */
export async function listAt(
  house: House,
  target: Target | undefined,
  atNs: bigint,
  call: Call,
): Promise<void> {
  const { journal } = house.chronicle;
  const keptNs = journal.keptSinceNs();
  if (atNs > house.sys.clock.realtimeNs()) {
    call.fail(failure('bad-argument', `@at: ${sayTime(atNs)} is yet to come`));
    return;
  }
  if (keptNs === undefined || atNs < keptNs) {
    const kept = keptNs === undefined ? 'nothing is kept' : `what is kept begins at ${sayTime(keptNs)}`;
    const oldest = keptNs === undefined ? [] : [formatTime(keptNs)];
    call.fail(failure('not-found', `nothing is known of ${sayTime(atNs)}: ${kept}`, oldest));
    return;
  }
  const lines = new Map<string, readonly string[]>();
  const past = await pastUnits(house, atNs, call);
  if (call.isClosed) return;
  for (const [label, unit] of past.units()) lines.set(label, pastFields(label, unit));
  addPresent(house, past, atNs, lines);
  const labels = [...lines.keys()].filter((label) => matches(target, label)).sort();
  if (labels.length === 0 && target?.kind === 'label') {
    call.fail(failure('not-found', `there was no unit ${target.label} then`));
    return;
  }
  for (const label of labels) call.data('Unit', ...(lines.get(label) ?? []));
  call.ok(String(labels.length));
}

/** From the last picture of all units on, where there is one; else from the beginning. Others have their turn while the journal is read. */
async function pastUnits(house: House, atNs: bigint, call: Call): Promise<PastUnits> {
  return (await sincePicture(house, atNs, call)) ?? (await sinceEver(house, atNs, call));
}

/** Undefined where there is no picture, or something is missing behind it. */
async function sincePicture(house: House, atNs: bigint, call: Call): Promise<PastUnits | undefined> {
  const { journal } = house.chronicle;
  const search = journal.valueBefore(SNAPSHOT_KIND, atNs);
  let step = search.next();
  while (!step.isLast && !call.isClosed) {
    await house.turn();
    step = search.next();
  }
  const units = readSnapshot(step.found?.value);
  if (step.found === undefined || units === undefined) return undefined;
  const past = new PastUnits(atNs, true);
  past.restore(units);
  const cursor = journal.events({ after: step.found.sequence, untilNs: atNs });
  for (;;) {
    const slice = cursor.next();
    if (slice.isGap) return undefined;
    for (const event of slice.events) past.take(event);
    if (slice.isLast || call.isClosed) return past;
    await house.turn();
  }
}

async function sinceEver(house: House, atNs: bigint, call: Call): Promise<PastUnits> {
  const { journal } = house.chronicle;
  const isWhole = journal.keptFromFirst();
  const past = new PastUnits(atNs, isWhole);
  const cursor = journal.events(isWhole ? { untilNs: atNs } : {});
  for (;;) {
    const slice = cursor.next();
    if (slice.isGap) past.gap();
    for (const event of slice.events) past.take(event);
    if (slice.isLast || call.isClosed) return past;
    await house.turn();
  }
}

/** Where the events say less than all, what has not changed since says how it was. Of a configured unit that no event tells of it is known that it was down. */
function addPresent(
  house: House,
  past: PastUnits,
  atNs: bigint,
  lines: Map<string, readonly string[]>,
): void {
  const known = past.units();
  for (const record of unitsIn(house, undefined)) {
    const { label, sinceNs, configured } = record;
    if (known.get(label)?.sinceNs !== undefined) continue;
    if (sinceNs <= atNs) lines.set(label, unitFields(record));
    else if (configured !== undefined && past.blankNs !== undefined && !past.knows(label))
      lines.set(label, pastFields(label, { ...STOPPED, sinceNs: past.blankNs }));
  }
}

function pastFields(label: string, { state, pid, sinceNs, restarts, lastExit }: PastUnit): string[] {
  return [
    label,
    state,
    pid === undefined ? '' : String(pid),
    sinceNs === undefined ? '' : formatTime(sinceNs),
    restarts === undefined ? '' : String(restarts),
    '',
    '',
    lastExit,
  ];
}
