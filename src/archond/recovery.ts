import type { Descriptor, ProcessEntry, Sys } from '../sys/sys.ts';
import { adoptedUnit, type Found } from '../supervisor/adopt.ts';
import type { Log } from './log.ts';
import { isDown } from './outcome.ts';
import { watchedLabel, type Supervisor } from './supervisor.ts';
import { fromTags } from './tags.ts';
import { outputName, UnitOutput } from './unit-output.ts';
import type { UnitRecord } from './unit-record.ts';

/** A Run whose client went away with the archond that it spoke to is stopped when nobody asks for it so long. */
const UNCLAIMED_MS = 60_000;

/**
 * Goes on from where an earlier archond stopped: the table says what exists, the keeper has the pipes.
 * What ended meanwhile becomes an event with its code. Returns the number of units found.
 */
export function recover(
  sys: Sys,
  supervisor: Supervisor,
  log: Log,
  kept: readonly { readonly name: string; readonly descriptor: Descriptor }[],
): number {
  const pipes = new Map(kept.map(({ name, descriptor }) => [name, descriptor]));
  const newest = new Map<string, ProcessEntry>();
  for (const entry of sys.keeper.entries()) {
    const other = newest.get(entry.label);
    const isNewer = other === undefined || other.generation < entry.generation;
    const late = isNewer ? other : entry;
    if (isNewer) newest.set(entry.label, entry);
    if (late !== undefined) giveBack(sys, late);
  }
  for (const entry of newest.values()) {
    const record = adopt(supervisor, entry);
    const pipe = pipes.get(outputName(entry.label));
    if (pipe !== undefined && takePipe(sys, supervisor, record, pipe, log))
      pipes.delete(outputName(entry.label));
    goOn(sys, supervisor, record, entry);
  }
  for (const [name, descriptor] of pipes) {
    const label = watchedLabel(name);
    const pid = label === undefined ? undefined : sys.pidfds.pidOf(descriptor);
    if (label !== undefined && pid?.ok === true && !supervisor.records.has(label)) {
      supervisor.watch(label, descriptor, pid.value < 0 ? undefined : pid.value);
      continue;
    }
    sys.descriptors.close(descriptor);
    sys.keeper.drop(name, () => undefined);
  }
  return newest.size;
}

function adopt(supervisor: Supervisor, entry: ProcessEntry): UnitRecord {
  const { spec, keep } = fromTags(entry.label, entry.tags);
  const record = supervisor.add({ spec, launch: undefined, stdio: [undefined, undefined, undefined], keep });
  record.ref = { index: entry.index, generation: entry.generation };
  record.pid = entry.pid;
  record.startTicks = entry.startTicks;
  supervisor.put(record, adoptedUnit(spec, found(entry)));
  return record;
}

/** An end that was acknowledged has been told before: it is not told again. */
function found(entry: ProcessEntry): Found {
  const { generation, pid, startedAtMs, end, acknowledged, state } = entry;
  const base = { generation, pid, startedAtMs, end };
  if (acknowledged === 'exited' || acknowledged === 'empty') {
    return { ...base, stage: state === 'empty' && acknowledged === 'empty' ? 'over' : 'ended' };
  }
  return { ...base, end: undefined, stage: state === 'starting' ? 'starting' : 'alive' };
}

function goOn(sys: Sys, supervisor: Supervisor, record: UnitRecord, entry: ProcessEntry): void {
  supervisor.follow(record, entry);
  if (record.unit.spec.origin !== 'run') return;
  if (isDown(record)) {
    supervisor.keepEnded(record);
    return;
  }
  const cancel = sys.timers.at(sys.clock.monotonicMs() + UNCLAIMED_MS, () => {
    if (!record.keep && record.waiters === 0)
      supervisor.post(record, { kind: 'order-stop', reason: 'client-gone' });
  });
  const observe = (): void => {
    if (!isDown(record)) return;
    record.observers.delete(observe);
    cancel();
    supervisor.keepEnded(record);
  };
  record.observers.add(observe);
}

function takePipe(sys: Sys, supervisor: Supervisor, record: UnitRecord, read: Descriptor, log: Log): boolean {
  const output = UnitOutput.adopt(sys, record.label, read, supervisor.logPath(record.label), (problem) => {
    log.warn('output cannot be kept', { label: record.label, call: problem.call, error: problem.code });
  });
  if (output.ok) record.output = output.value;
  else log.warn('the pipe of its output is lost', { label: record.label, error: output.error.code });
  return output.ok;
}

/** An entry that a younger one of the same unit has followed: it was empty when that was spawned. */
function giveBack(sys: Sys, entry: ProcessEntry): void {
  sys.keeper.acknowledge(entry, 'empty');
  sys.keeper.free(entry, () => undefined);
}
