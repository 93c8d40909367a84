import type { Address } from '../base/address.ts';
import { describeErrno } from '../base/errno.ts';
import type { EventRecord } from '../base/event-record.ts';
import { Journal } from '../journal/journal.ts';
import type { Report } from '../journal/health.ts';
import type { Remembered } from '../journal/payload.ts';
import { causedBy, NO_CAUSE, type Cause } from '../supervisor/cause.ts';
import type { Effect } from '../supervisor/effect.ts';
import type { Cancel, Sys } from '../sys/sys.ts';
import type { PastUnit } from './events/past-units.ts';
import { LatestEvents } from './latest-events.ts';
import type { Log } from './log.ts';
import {
  readUnit,
  readWish,
  unitValue,
  wishSince,
  wishText,
  type KnownCauses,
  type KnownUnit,
  type Wish,
} from './remembered-unit.ts';
import type { Settings } from './settings.ts';
import { besideDetails, causeDetails, detailsOf, type Details } from './told-details.ts';
import type { UnitRecord } from './unit-record.ts';

/** The supervisor's own events belong to no unit. */
const OWN_LABEL = '';
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';
const BOOT_ID_BYTES = 36;

/**
 * An end that was told is marked so in the table before anything else happens: one that is not marked was
 * told by the last events of a dead archond, behind which there are at most what its successors adopted.
 */
const LATEST_EVENTS = 64;

/** What was remembered of a unit by an earlier archond. */
export interface RememberedUnit {
  readonly known: KnownUnit;
  readonly wish: Wish | undefined;
}

/** What must be known of a shutdown to go on with it. */
export interface RememberedShutdown {
  /** When it is to be over, in CLOCK_MONOTONIC. */
  readonly deadlineAtMs: number;
  /** That it was begun, as a cause. */
  readonly cause: Cause;
}

/** Those who are told of events when they are written. */
export interface Audience {
  readonly isHeard: boolean;
  publish(events: readonly EventRecord[]): void;
}

/**
 * What archond writes down before it acts: events, and of each daemon how it is made and what is wanted
 * of it. One place that knows the journal's words; the journal knows none of units.
 */
export class Chronicle {
  readonly journal: Journal;
  readonly #sys: Sys;
  readonly #log: Log;
  /** The wish of each unit as it was written last, to write only what changed. */
  readonly #written = new Map<string, string>();
  readonly #remembered: readonly Remembered[];
  #wishes: ReadonlyMap<string, Wish | undefined> | undefined;
  #latest: LatestEvents | undefined;
  #unitsBefore: ReadonlyMap<string, PastUnit> | undefined;
  /** Reports that came in the middle of telling: events about them must not take a number from those of the step. */
  #reports: Report[] | undefined;
  #cancelRetry: Cancel | undefined;
  /** Those who are told of events, and events that are not written yet. */
  readonly #audiences: Audience[] = [];
  #unwritten: EventRecord[] = [];
  /** Told whenever something is written. */
  whenWritten: () => void = () => undefined;
  /** Told of daemons that were remembered where nothing could be read when this archond started. */
  whenLate: (units: ReadonlyMap<string, RememberedUnit>) => void = () => undefined;

  /** @param setsTailAside what the journal got since its last checkpoint is not to be believed */
  constructor(sys: Sys, settings: Settings, log: Log, setsTailAside = false) {
    this.#sys = sys;
    this.#log = log;
    const { journal, found } = Journal.open({
      sys,
      dir: `${settings.stateDir}/journal`,
      fallbackDir: `${settings.runtimeDir}/journal`,
      bootId: bootId(sys),
      setsTailAside,
      told: (report) => {
        if (this.#reports === undefined) this.#trouble(report);
        else this.#reports.push(report);
      },
      written: () => {
        this.#publish();
        this.whenWritten();
      },
    });
    this.journal = journal;
    this.#remembered = found.remembered;
    if (journal.health.kind === 'degraded') {
      const { error, place } = journal.health;
      this.#trouble({ kind: 'degraded', error, place });
    }
    for (const { path, fromBytes } of found.setAside) {
      const why = setsTailAside ? 'is not to be believed' : 'cannot be read';
      log.error(`a part of the journal ${why} and was set aside`, { file: path, fromBytes });
      this.note('set-aside', [['file', path]]);
    }
    this.#keepTrying();
  }

  /** What an earlier archond left to be remembered. */
  get allRemembered(): readonly Remembered[] {
    return this.#remembered;
  }

  /** From now on events are told there, as soon as they are written. */
  tellTo(audience: Audience): void {
    this.#audiences.push(audience);
  }

  /** What was remembered of that kind and key when this archond came up. */
  remembered(kind: string, key: string): unknown {
    return this.#remembered.find((one) => one.kind === kind && one.key === key)?.value;
  }

  #publish(): void {
    if (this.#unwritten.length === 0) return;
    const events = this.#unwritten;
    this.#unwritten = [];
    for (const audience of this.#audiences) audience.publish(events);
  }

  /** The daemons that an earlier archond knew, by label. */
  units(remembered = this.#remembered): Map<string, RememberedUnit> {
    const wishes = new Map<string, Wish | undefined>();
    for (const { kind, key, value } of remembered) {
      if (kind !== 'wish') continue;
      wishes.set(key, readWish(value));
      this.#written.set(key, wishText(value));
    }
    const units = new Map<string, RememberedUnit>();
    for (const { kind, key, value } of remembered) {
      if (kind !== 'unit') continue;
      const known = readUnit(key, value);
      if (known === undefined) this.#log.warn('what is remembered of a unit cannot be read', { label: key });
      else units.set(key, { known, wish: wishes.get(key) });
    }
    return units;
  }

  /** What the last events of an earlier archond say, which may have had no time left to say so in the table. Read once. */
  get latest(): LatestEvents {
    return (this.#latest ??= new LatestEvents(this.journal, this.#mostOfInterest()));
  }

  /** What an earlier archond had written down as wanted of a unit; undefined where that is unknown. */
  wishOf(label: string): Wish | undefined {
    this.#wishes ??= new Map(
      this.#remembered.filter(({ kind }) => kind === 'wish').map(({ key, value }) => [key, readWish(value)]),
    );
    return this.#wishes.get(label);
  }

  /** What was wanted before is over: a new boot, or an orderly end. */
  forgetWishes(): void {
    for (const { kind, key } of this.#remembered)
      if (kind === 'wish' || kind === 'shutdown') this.journal.forget(kind, key);
    this.#written.clear();
    this.#wishes = new Map();
  }

  /** A shutdown is under way, for whoever comes after; an earlier word on it is replaced. */
  shutdownBegun(shutdown: RememberedShutdown): void {
    this.journal.remember('shutdown', OWN_LABEL, shutdown);
  }

  /** The shutdown that an earlier archond was in the middle of. */
  shutdownBefore(): RememberedShutdown | undefined {
    const found = this.#remembered.find(({ kind }) => kind === 'shutdown');
    const { deadlineAtMs, cause = NO_CAUSE } = (found?.value ?? {}) as Partial<RememberedShutdown>;
    return deadlineAtMs === undefined ? undefined : { deadlineAtMs, cause };
  }

  /** Whether units were enabled or disabled by hand, by label. */
  enabledByHand(): Map<string, boolean> {
    const flags = this.#remembered.filter(({ kind }) => kind === 'enabled');
    return new Map(flags.map(({ key, value }) => [key, value === true]));
  }

  /** A unit was enabled or disabled by hand: for good, whatever the configuration says. */
  enabled(label: string, isEnabled: boolean): void {
    this.journal.remember('enabled', label, isEnabled);
  }

  /** A unit that is no more. */
  enabledForgotten(label: string): void {
    this.journal.forget('enabled', label);
  }

  /** Where each port was bound last, by the text of its id, those that were used last at the end. */
  leases(): readonly (readonly [id: string, address: Address])[] {
    return this.#remembered.flatMap(({ kind, key, value }) => {
      if (kind !== 'lease') return [];
      const { protocol, host, port } = (value ?? {}) as Partial<Address>;
      const isWhole = (protocol === 'tcp' || protocol === 'udp') && typeof host === 'string';
      return isWhole && typeof port === 'number' ? [[key, { protocol, host, port }] as const] : [];
    });
  }

  /** A port was bound there: its name gets the same again. */
  leased(id: string, { protocol, host, port }: Address): void {
    this.journal.remember('lease', id, { protocol, host, port });
  }

  /** A port that nobody has asked for for long. */
  leaseForgotten(id: string): void {
    this.journal.forget('lease', id);
  }

  /** Writes what was noted so that it outlives a loss of power, as far as the disk can be had; then calls back. */
  sync(done: () => void): void {
    this.journal.sync(done);
  }

  /**
   * The cause of what is told next of a unit, and of this generation of it, that an earlier archond knew: as it was
   * written down with what was wanted, but where a later event says more.
   */
  causeBefore(label: string, generation?: number): Cause {
    const told = this.latest.causeOf(label, generation);
    const known = this.#causesOf(label, generation);
    return known !== undefined && (told.event ?? 0) <= known.after ? known.next : told;
  }

  /** The cause of an order that waited until the unit was down. */
  waitingCauseBefore(label: string, generation?: number): Cause | undefined {
    return this.#causesOf(label, generation)?.waiting;
  }

  #causesOf(label: string, generation: number | undefined): KnownCauses | undefined {
    const wish = this.wishOf(label);
    const beside = generation === undefined ? undefined : wish?.beside;
    return (beside?.generation === generation ? beside : wish)?.causes;
  }

  /** How a unit was when the last archond ended, as far as its latest events tell. */
  unitBefore(label: string): PastUnit | undefined {
    return (this.#unitsBefore ??= this.latest.units()).get(label);
  }

  /** How many events at the end of the journal may be of what the table has. */
  #mostOfInterest(): number {
    return LATEST_EVENTS + 4 * this.#sys.keeper.entries().length;
  }

  /** The number of the next event. */
  get nextSequence(): number {
    return this.journal.lastSequence + 1;
  }

  /**
   * All that a step tells of a unit; returns the time of the last of it. The numbers are final and follow each other;
   * it is written with the next `flush`.
   */
  tell(record: UnitRecord, effects: readonly Effect[]): bigint | undefined {
    this.#reports = [];
    let lastNs: bigint | undefined;
    for (const effect of effects) {
      if (effect.kind !== 'tell') continue;
      const { event, cause = NO_CAUSE } = effect;
      lastNs = this.#sys.clock.realtimeNs();
      const details = [...detailsOf(event, record), ...besideDetails(record)];
      this.append(record.label, event.kind, details, cause, lastNs);
    }
    const reports = this.#reports;
    this.#reports = undefined;
    for (const report of reports) this.#trouble(report);
    return lastNs;
  }

  /** An event of the supervisor itself; returns what it is as a cause. */
  note(what: string, details: Details = [], cause = NO_CAUSE): Cause {
    return this.append(OWN_LABEL, 'supervisor', [['what', what], ...details], cause);
  }

  /** An event; returns what it is as a cause. Written with the next `flush`. */
  append(
    label: string,
    kind: string,
    details: Details,
    cause: Cause,
    timeNs = this.#sys.clock.realtimeNs(),
  ): Cause {
    const event = { timeNs, label, kind, details: [...details, ...causeDetails(cause)] };
    /* Noted first: much that is pending may be written within the call. */
    if (this.#audiences.some(({ isHeard }) => isHeard))
      this.#unwritten.push({ ...event, sequence: this.nextSequence });
    const sequence = this.journal.append(event);
    return causedBy(sequence, cause.request);
  }

  /** How a new daemon is made. What is not one the table knows well enough. */
  added(record: UnitRecord): void {
    const { unit, launch, onExit, label } = record;
    if (unit.spec.origin !== 'daemon' || launch === undefined) return;
    this.journal.remember('unit', label, unitValue({ spec: unit.spec, launch, onExit }));
  }

  /** What is wanted of a daemon or a unit of the configuration, or of a Run that is being stopped, where that has changed. */
  wanted(given: UnitRecord): void {
    const record = given.besideOf ?? given;
    const { origin } = record.unit.spec;
    const { stoppedFor, beside, replaceNext } = record;
    /* Of a Run the table knows all but this. */
    if (origin === 'watched' || (origin === 'run' && stoppedFor === undefined)) return;
    const wish: Wish = {
      ...wishSince(record.unit, record.sinceNs, stoppedFor),
      ...(beside === undefined ? {} : { beside: wishSince(beside.unit, beside.sinceNs, beside.stoppedFor) }),
      ...(replaceNext === undefined ? {} : { replaceNext }),
    };
    const text = JSON.stringify(wish);
    if (this.#written.get(record.label) === text) return;
    this.#written.set(record.label, text);
    const causes = { ...wish, causes: this.#causes(record) };
    const value =
      beside === undefined || wish.beside === undefined
        ? causes
        : { ...causes, beside: { ...wish.beside, causes: this.#causes(beside) } };
    this.journal.remember('wish', record.label, value);
  }

  /** What its core knows of causes; no reason to write anything by itself, since the latest events tell it too. */
  #causes({ unit: { cause: next, waitingCause: waiting } }: UnitRecord): KnownCauses {
    return { after: this.journal.lastSequence, next, ...(waiting === undefined ? {} : { waiting }) };
  }

  /** A unit that is no more. */
  removed(label: string, isRemembered: boolean): void {
    if (!isRemembered && !this.#written.has(label)) return;
    this.#written.delete(label);
    this.journal.forget('unit', label);
    this.journal.forget('wish', label);
    this.journal.flush();
  }

  /** Writes what was noted; before anything of it is acted on. */
  flush(): void {
    this.journal.flush();
  }

  /** The clean end. */
  close(done: () => void): void {
    this.#cancelRetry?.();
    this.journal.close(done);
  }

  #trouble(report: Report): void {
    if (report.kind === 'degraded') {
      const { code, call } = report.error;
      this.#log.error('the journal cannot be written; going on without it', {
        error: describeErrno(code),
        call,
        place: report.place,
      });
      this.note('journal-degraded', [
        ['errno', code],
        ['place', report.place],
      ]);
    } else {
      this.#log.info('the journal can be written again');
      this.note('journal-recovered');
      if (report.late.length > 0) this.whenLate(this.units(report.late));
    }
    /* What is to be tried next may be due sooner by now. */
    this.#tryAt(this.#sys.clock.monotonicMs());
  }

  #keepTrying(): void {
    this.#tryAt(this.journal.retry(this.#sys.clock.monotonicMs()));
  }

  #tryAt(atMs: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#sys.timers.at(atMs, () => {
      this.#keepTrying();
    });
  }
}

function bootId(sys: Sys): string {
  const read = sys.files.read(BOOT_ID_FILE, 0, BOOT_ID_BYTES);
  return read.ok ? Buffer.from(read.value).toString('latin1') : 'unknown';
}
