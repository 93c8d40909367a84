import type { ProcessEntry, Sys } from '../sys/sys.ts';
import type { Cause } from '../supervisor/cause.ts';
import type { OrderReason } from '../supervisor/event.ts';
import type { RememberedUnit } from './chronicle.ts';
import { addConfigured, startEnabled } from './configured/start.ts';
import type { Kept } from './configured/configured-units.ts';
import { asDue, foundEntry, foundNothing } from './found.ts';
import { asExchanged, pairOf } from './found-pair.ts';
import type { House } from './house.ts';
import { isDown } from './outcome.ts';
import type { Wish } from './remembered-unit.ts';
import { removeLeftovers } from './probes/leftovers.ts';
import { notifyOwner } from './probes/notify-socket.ts';
import { readyPipeOwner } from './probes/ready-pipe.ts';
import { drop, RecoveredPipes, tellLost } from './recovered-pipes.ts';
import { putSince } from './since.ts';
import { fromTags } from './tags.ts';
import { besideDetails, processDetails } from './told-details.ts';
import { isUnitCommand } from './unit-commands.ts';
import type { UnitRecord } from './unit-record.ts';
import { watch, watchedLabel } from './watches.ts';

/** A Run whose client went away with the archond that it spoke to is stopped when nobody asks for it so long. */
const UNCLAIMED_MS = 60_000;

/**
 * Goes on from where an earlier archond stopped: the table says what exists, the keeper has the pipes, the
 * journal says what was wanted. What ended meanwhile becomes an event with its code. Returns the number of
 * units found.
 *
 * @param isFirst nothing was started by this keeper before: a new boot, or a start after an orderly end
 * @param startsMore whether what is enabled and was never started is to be
 * @param cause that this archond was started
 */
export function recover(
  house: House,
  kept: readonly Kept[],
  isFirst: boolean,
  startsMore: boolean,
  cause: Cause,
): number {
  const { sys, supervisor, chronicle } = house;
  supervisor.hold();
  removeLeftovers(sys, house.settings.runtimeDir);
  house.ports.bindMissing(cause);
  house.binding.takeOver(kept);
  const pipes = new RecoveredPipes(house, kept);
  const probes = kept.filter(
    ({ name }) => notifyOwner(name) !== undefined || readyPipeOwner(name) !== undefined,
  );
  const remembered = chronicle.units();
  for (const [first, ...others] of entriesOf(house)) {
    const before = remembered.get(first.label);
    remembered.delete(first.label);
    const known = asExchanged(before?.wish ?? chronicle.wishOf(first.label), (generation) =>
      [first, ...others].some(
        (entry) =>
          entry.generation === generation &&
          chronicle.latest.hasBeenReady(entry.label, generation, entry.pid),
      ),
    );
    if (known === undefined && others.length === 0 && isForgotten(house, first, before)) {
      giveBack(sys, first);
      continue;
    }
    const { own, beside, late } = pairOf(first, others, known);
    for (const entry of late) giveBack(sys, entry);
    const wish = wishFor(own, known);
    const record = recordFor(house, own, before);
    adopt(house, record, own, wish, probes, cause);
    pipes.take(record, own, cause);
    goOn(house, record, own, wish, cause);
    takeBeside(house, record, beside, known, { pipes, probes, cause });
  }
  for (const [label, before] of remembered) {
    if (isFirst) chronicle.removed(label, true);
    else restore(house, before, cause);
  }
  pipes.dropRest();
  for (const kept of probes) drop(sys, kept);
  takeWatches(house, kept, cause);
  addConfigured(house, isFirst);
  supervisor.link(house.configured.graph);
  supervisor.release();
  if (startsMore) {
    startEnabled(house, isFirst, cause);
    house.reload.resume(cause);
  }
  house.onConnect.begin();
  supervisor.memoryKills.follow(supervisor.records.values());
  house.bounds.follow(supervisor.records.values());
  chronicle.flush();
  return supervisor.records.size;
}

/**
 * What is remembered of a Run may be of an earlier one that had its label; and where the end of the journal is missing,
 * what is left is of an earlier process, and says nothing of the one that there is.
 */
function wishFor({ label, tags, generation }: ProcessEntry, known: Wish | undefined): Wish | undefined {
  const wish = known?.beside?.generation === generation ? known.beside : known;
  const isOfRun = fromTags(label, tags).spec.origin === 'run';
  const of = wish?.generation ?? generation;
  return (isOfRun && wish?.generation !== generation) || of < generation ? undefined : wish;
}

/** The entries of the units, by label. */
function entriesOf({ sys, supervisor }: House): Iterable<[ProcessEntry, ...ProcessEntry[]]> {
  const byLabel = new Map<string, [ProcessEntry, ...ProcessEntry[]]>();
  for (const entry of sys.keeper.entries()) {
    const others = byLabel.get(entry.label);
    if (isUnitCommand(entry)) supervisor.commands.adopt(entry);
    else if (others === undefined) byLabel.set(entry.label, [entry]);
    else others.push(entry);
  }
  return byLabel.values();
}

function adopt(
  house: House,
  record: UnitRecord,
  entry: ProcessEntry,
  wish: Wish | undefined,
  probes: Kept[],
  cause: Cause,
): void {
  const { supervisor, chronicle } = house;
  const { label, pid, generation } = entry;
  record.ref = { index: entry.index, generation };
  record.pid = pid;
  record.startTicks = entry.startTicks;
  record.stoppedFor = wish?.stoppedFor;
  const { taken, lost } = house.configured.adoptProbes(record, pid, probes, entry.end === undefined);
  for (const one of taken) probes.splice(probes.indexOf(one), 1);
  const isTold = chronicle.latest.hasEnded(label, generation, pid);
  const found = foundEntry(entry, wish, isTold, chronicle.causeBefore(label, generation));
  const wasToldReady = wish?.ready === generation || chronicle.latest.hasBeenReady(label, generation, pid);
  const isYetToBe = wish?.at === 'up' && wish.generation === generation;
  const isNotReady = !wasToldReady && (isYetToBe || chronicle.latest.hasYetToBeReady(label, generation, pid));
  /* Where all that was written down is lost: whatever was not ready in its time would not be there any more. */
  const { readyTimeoutMs = Infinity } = record.unit.spec;
  const hasOutlived = house.sys.clock.monotonicMs() - entry.startedAtMs > readyTimeoutMs;
  const wasReady = wasToldReady || (!isNotReady && wish === undefined && hasOutlived);
  supervisor.put(record, {
    ...found,
    ...(wasReady || isNotReady ? { wasReady } : {}),
    restarts: chronicle.unitBefore(label)?.restarts,
    waitingCause: chronicle.waitingCauseBefore(label, generation),
  });
  if (typeof found.main === 'number') {
    record.pid = found.main;
    record.configured?.probes.resumeMain(found.main);
  }
  const isUp = found.stage === 'starting' || found.stage === 'alive';
  putSince(house, record, wish, isUp ? entry.startedAtMs : undefined);
  if (isUp) tellAdopted(house, record, generation, cause);
  const isMissed =
    lost === 'notify-socket' || (lost === 'ready-pipe' && !wasReady && isToBeReady(house, record));
  if (isUp && isMissed) tellLost(house, entry, lost, cause);
}

/**
 * Whether it is waited for that the process says by its pipe that it is ready: nobody does so with one that is being stopped, or is to
 * be, since it was made by another definition, which may have given it none.
 */
function isToBeReady({ inForce }: House, { label, unit }: UnitRecord): boolean {
  const isOutdated = inForce.state.outdated.some(
    (one) => one.label === label && unit.generation <= one.generation,
  );
  return unit.state.kind === 'starting' && !isOutdated;
}

/**
 * The unit's other generation, where it has one: it goes on to the end that it was to come to. One that was wanted, and whose
 * process was never asked for, is begun anew.
 */
function takeBeside(
  house: House,
  main: UnitRecord,
  entry: ProcessEntry | undefined,
  known: Wish | undefined,
  {
    pipes,
    probes,
    cause,
  }: { readonly pipes: RecoveredPipes; readonly probes: Kept[]; readonly cause: Cause },
): void {
  const { replacements } = house.supervisor;
  const isNext = known?.replaceNext !== undefined && known.replaceNext === main.unit.generation;
  if (entry === undefined) {
    const isAsked = known?.beside?.at === 'up' || isNext;
    if (isAsked && known.desired === 'up') replacements.order(main, { failure: undefined }, cause);
    return;
  }
  const wish = wishFor(entry, known);
  const record = replacements.make(main);
  if (isNext) main.replaceNext = known.replaceNext;
  adopt(house, record, entry, wish, probes, cause);
  pipes.take(main, entry, cause);
  goOn(house, record, entry, wish, cause);
  replacements.resume(main);
}

/** The configuration says how a unit is made, or the journal does, or else what can be read in the table is all. */
function recordFor(house: House, entry: ProcessEntry, before: RememberedUnit | undefined): UnitRecord {
  const { configured } = house;
  const definition = configured.definitionOf(entry.label);
  const tagged = fromTags(entry.label, entry.tags);
  /* The label of a unit that has left may be another's by now. */
  const isItsOwn = tagged.spec.origin === 'config' || !configured.isLeaving(entry.label);
  if (definition !== undefined && isItsOwn) return configured.add(definition);
  const stdio = [undefined, undefined, undefined] as const;
  const known = before?.known ?? { spec: tagged.spec, launch: undefined };
  return house.supervisor.add({ ...known, owner: tagged.owner, stdio, keep: tagged.keep });
}

function tellAdopted({ chronicle }: House, record: UnitRecord, generation: number, cause: Cause): void {
  const details = [...processDetails(record.pid, generation), ...besideDetails(record)];
  chronicle.append(record.label, 'adopted', details, cause);
}

function goOn(
  { sys, supervisor, endedRuns }: House,
  record: UnitRecord,
  entry: ProcessEntry,
  wish: Wish | undefined,
  cause: Cause,
): void {
  if (wish?.at === 'stopping' && record.unit.state.kind !== 'stopping') {
    const reason = reasonAgain(wish);
    /* A stop that waited for others is ordered anew; what a oneshot has done is undone from the beginning. */
    supervisor.post(record, { kind: 'order-stop', reason, cause: record.unit.cause });
  }
  supervisor.follow(record, entry);
  if (record.unit.spec.origin !== 'run') return;
  if (isDown(record)) {
    endedRuns.keep(record);
    return;
  }
  const cancel = sys.timers.at(sys.clock.monotonicMs() + UNCLAIMED_MS, () => {
    if (!record.keep && record.waiters === 0) {
      supervisor.post(record, { kind: 'order-stop', reason: 'client-gone', cause });
    }
  });
  const observe = (): void => {
    if (!isDown(record)) return;
    record.observers.delete(observe);
    cancel();
    endedRuns.keep(record);
  };
  record.observers.add(observe);
}

/** For what reason a stop is ordered once more: the first one, where that can be and still says what comes then. */
function reasonAgain({ desired, stop }: Wish): OrderReason {
  const usual = desired === 'up' ? 'restart' : 'requested';
  const reason = stop?.reason;
  switch (reason) {
    case 'timed-out':
    case 'client-gone':
    case 'shutdown':
    case 'conflict':
    case 'replaced':
    case 'withdrawn':
      return desired === 'down' ? reason : usual;
    case 'requested':
    case 'restart':
    case 'dependency':
    case 'not-ready':
    case 'unhealthy':
    case 'over-limit':
    case undefined:
      return usual;
  }
}

/**
 * What was remembered where nothing could be read at the start, and has come to light now: how the
 * daemons are made that are there. What is not there was not wanted up by this host any more.
 */
export function takeLate({ supervisor, chronicle }: House, units: ReadonlyMap<string, RememberedUnit>): void {
  for (const [label, { known }] of units) {
    const record = supervisor.records.get(label);
    if (record === undefined) chronicle.removed(label, true);
    else if (record.launch === undefined) supervisor.learn(record, known);
  }
}

/** A daemon of which the table says nothing: it was down, or its next process had not been asked for yet. */
function restore(house: House, { known, wish }: RememberedUnit, started: Cause): void {
  const { sys, supervisor, chronicle } = house;
  const before = chronicle.causeBefore(known.spec.label);
  const cause = before.event === undefined ? started : before;
  const record = supervisor.add({ ...known, stdio: [undefined, undefined, undefined], keep: true });
  const nowMs = sys.clock.monotonicMs();
  if (wish?.at === 'up' && wish.history !== undefined) {
    supervisor.put(record, { ...foundNothing(wish, nowMs, cause), ...asDue(wish, nowMs) });
    return;
  }
  if (wish?.desired === 'up' && wish.at !== 'backoff') {
    supervisor.post(record, { kind: 'order-start', cause });
    return;
  }
  const { restarts } = chronicle.unitBefore(record.label) ?? {};
  supervisor.put(record, { ...foundNothing(wish, nowMs, cause), restarts });
  putSince(house, record, wish);
}

function takeWatches(house: House, kept: readonly Kept[], cause: Cause): void {
  const { sys, supervisor } = house;
  for (const { name, descriptor } of kept) {
    const label = watchedLabel(name);
    if (label === undefined) continue;
    const pid = sys.pidfds.pidOf(descriptor);
    if (pid.ok && !supervisor.records.has(label)) {
      const record = watch(sys, supervisor, label, descriptor, pid.value < 0 ? undefined : pid.value);
      putSince(house, record, undefined);
      tellAdopted(house, record, record.unit.generation, cause);
    } else {
      drop(sys, { name, descriptor });
    }
  }
}

/** Whether archond died between forgetting a unit and giving back the entry of its last process, whose end was told. */
function isForgotten(
  { configured, chronicle }: House,
  { label, tags, generation, pid, state }: ProcessEntry,
  before: RememberedUnit | undefined,
): boolean {
  const isOver = state === 'empty' && chronicle.latest.hasEnded(label, generation, pid);
  const { origin } = fromTags(label, tags).spec;
  return isOver && before === undefined && origin !== 'run' && configured.definitionOf(label) === undefined;
}

/** An entry that a younger one of the same unit has followed: it was empty when that was spawned. */
function giveBack(sys: Sys, entry: ProcessEntry): void {
  sys.keeper.acknowledge(entry, 'empty');
  sys.keeper.free(entry, () => undefined);
}
