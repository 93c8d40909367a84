import type { Descriptor, ProcessEntry, Sys } from '../sys/sys.ts';
import type { Found } from '../supervisor/adopt.ts';
import type { Log } from './log.ts';
import { isDown } from './outcome.ts';
import { watchedLabel, type Supervisor } from './supervisor.ts';
import { fromTags } from './tags.ts';
import { pipeOwner, UnitOutput } from './unit-output.ts';
import type { UnitRecord } from './unit-record.ts';

/** A Run whose client went away with the archond that it spoke to is stopped when nobody asks for it so long. */
const UNCLAIMED_MS = 60_000;

/**
 * Goes on from where an earlier archond stopped: the table says what exists, the keeper has the pipes.
 * What ended meanwhile becomes an event with its code. Returns the number of units found.
 */
export function recover(sys: Sys, supervisor: Supervisor, log: Log, kept: readonly Kept[]): number {
  const pipes = newestPipes(sys, kept);
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
    const pipe = pipes.get(entry.label);
    if (pipe !== undefined && takePipe(sys, supervisor, record, pipe, log)) pipes.delete(entry.label);
    goOn(sys, supervisor, record, entry);
  }
  for (const pipe of pipes.values()) drop(sys, pipe);
  takeWatches(sys, supervisor, kept);
  return newest.size;
}

function adopt(supervisor: Supervisor, entry: ProcessEntry): UnitRecord {
  const { spec, keep } = fromTags(entry.label, entry.tags);
  const record = supervisor.add({ spec, launch: undefined, stdio: [undefined, undefined, undefined], keep });
  record.ref = { index: entry.index, generation: entry.generation };
  record.pid = entry.pid;
  record.startTicks = entry.startTicks;
  supervisor.put(record, found(entry));
  return record;
}

/** An end that was acknowledged has been told before: it is not told again. */
function found(entry: ProcessEntry): Found {
  const { generation, pid, startedAtMs, end, acknowledged, state } = entry;
  const base = { generation, pid, startedAtMs, end };
  if (acknowledged === 'exited' || acknowledged === 'empty') {
    return { ...base, stage: state === 'empty' && acknowledged === 'empty' ? 'over' : 'ended' };
  }
  /* Where its program never ran, that is told as it would have been. */
  const isBefore = state === 'starting' || end?.kind === 'not-executed';
  return { ...base, end: undefined, stage: isBefore ? 'starting' : 'alive' };
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

/** A descriptor that the keeper handed over. */
interface Kept {
  readonly name: string;
  readonly descriptor: Descriptor;
}

interface Pipe extends Kept {
  readonly generation: number;
}

/** The pipes by label. Of two of one label the older belongs to a unit that was forgotten. */
function newestPipes(sys: Sys, kept: readonly Kept[]): Map<string, Pipe> {
  const pipes = new Map<string, Pipe>();
  for (const { name, descriptor } of kept) {
    const owner = pipeOwner(name);
    if (owner === undefined) continue;
    const pipe = { name, descriptor, generation: owner.generation };
    const other = pipes.get(owner.label);
    const isNewer = other === undefined || other.generation < owner.generation;
    if (isNewer) pipes.set(owner.label, pipe);
    const late = isNewer ? other : pipe;
    if (late !== undefined) drop(sys, late);
  }
  return pipes;
}

function takePipe(sys: Sys, supervisor: Supervisor, record: UnitRecord, pipe: Pipe, log: Log): boolean {
  const target = supervisor.outputTarget(record.label, pipe.generation);
  const output = UnitOutput.adopt(sys, pipe.descriptor, target);
  if (output.ok) record.output = output.value;
  else log.warn('the pipe of its output is lost', { label: record.label, error: output.error.code });
  return output.ok;
}

function takeWatches(sys: Sys, supervisor: Supervisor, kept: readonly Kept[]): void {
  for (const { name, descriptor } of kept) {
    const label = watchedLabel(name);
    if (label === undefined) continue;
    const pid = sys.pidfds.pidOf(descriptor);
    if (pid.ok && !supervisor.records.has(label)) {
      supervisor.watch(label, descriptor, pid.value < 0 ? undefined : pid.value);
    } else {
      drop(sys, { name, descriptor });
    }
  }
}

function drop(sys: Sys, { name, descriptor }: Kept): void {
  sys.descriptors.close(descriptor);
  sys.keeper.drop(name, () => undefined);
}

/** An entry that a younger one of the same unit has followed: it was empty when that was spawned. */
function giveBack(sys: Sys, entry: ProcessEntry): void {
  sys.keeper.acknowledge(entry, 'empty');
  sys.keeper.free(entry, () => undefined);
}
