import { err } from '../base/result.ts';
import type { AppendFile, Sys, SysError } from '../sys/sys.ts';
import { EventChain, type ChainQuery } from './chain.ts';
import { Climber } from './climber.ts';
import { EventCursor, type EventQuery } from './cursor.ts';
import { EarlierValueSearch } from './earlier-value.ts';
import { Schedule, type Health, type Report } from './health.ts';
import { prepare, type Found, type Opening } from './opening.ts';
import type { NewEvent } from './payload.ts';
import { isOverdue, retain } from './retention.ts';
import { headOf } from './segments.ts';
import { DEFAULT_LIMITS, openStores, type Limits, type Stores } from './stores.ts';
import { syncCurrent, Syncs, type SyncDone } from './syncs.ts';
import { newToken } from './token.ts';
import { Witness } from './witness.ts';
import { Writer, type Current } from './writer.ts';

/** Where a journal lies and what it needs. */
export interface JournalOptions {
  readonly sys: Pick<Sys, 'files' | 'clock' | 'timers' | 'chance'>;
  /** The journal's own folder in the state folder. */
  readonly dir: string;
  /** Its own folder in the runtime folder, for what the state folder does not take. */
  readonly fallbackDir: string;
  /** Of /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  readonly limits?: Partial<Limits>;
  /** Nothing is believed of the newest segment but its checkpoint: all that came later is set aside. Default false. */
  readonly setsTailAside?: boolean;
  /**
   * Told when the state folder can no longer be written, and when it can again; not of how it is when the journal is
   * opened. May append events about it.
   */
  readonly told?: (report: Report) => void;
  /** Called when everything that was appended is written, as safely as it can be now: what others may be told of. */
  readonly written?: () => void;
}

/** More is written without being asked, so that what is pending never needs much memory. */
const MOST_PENDING_BYTES = 262_144;

/** These say that the folder is not what it was. */
const VANISHED = ['ENOENT', 'ENOTDIR', 'ESTALE'];

const NS_PER_MS = 1_000_000n;

/**
 * Numbered events and remembered values in one sequence of records, which is written before what they tell
 * of is acted on (docs/journal.org).
 *
 * `append`, `remember` and `forget` only take note; `flush` writes all of it at once and is to be called
 * before anything of it is acted on. What was flushed survives the death of archond; what `sync` has
 * confirmed survives a loss of power. Nothing here fails: where the state folder takes no records they go
 * to the runtime folder, and where that fails too they stay in memory.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #witness: Witness;
  readonly #writer: Writer;
  readonly #climber: Climber;
  readonly #schedule: Schedule;
  readonly #syncs = new Syncs();
  #lastSequence: number;
  #health: Health = { kind: 'well' };
  /** The time of all values of one flush. */
  #stepNs: bigint | undefined;
  #isClosed = false;

  private constructor(options: JournalOptions, stores: Stores, witness: Witness, opening: Opening) {
    const { clock, chance } = options.sys;
    const { journalId, lastSequence } = opening.found;
    this.#options = options;
    this.#witness = witness;
    this.#lastSequence = lastSequence;
    this.#schedule = new Schedule(clock.monotonicMs());
    this.#writer = new Writer(
      { ...opening.recovered, stores },
      { journalId, bootId: options.bootId, token: () => newToken(chance) },
      clock,
      { leaving: () => witness.takeAway(), begun: (current, left) => this.#begun(current, left) },
    );
    this.#climber = new Climber(this.#writer, (file) => this.#finish(file));
  }

  /** Opens the journal, which always succeeds; how well is told by `health`. */
  static open(options: JournalOptions): { readonly journal: Journal; readonly found: Found } {
    const { sys, dir, fallbackDir, bootId, limits, setsTailAside = false } = options;
    const stores = openStores(sys.files, dir, fallbackDir, { ...DEFAULT_LIMITS, ...limits });
    const witness = new Witness(sys.files, fallbackDir, bootId);
    const token = (): string => newToken(sys.chance);
    const opening = prepare(stores, bootId, witness, sys.clock, token, setsTailAside);
    const journal = new Journal(options, stores, witness, opening);
    journal.#begin(opening);
    return { journal, found: opening.found };
  }

  get journalId(): string {
    return this.#writer.journalId;
  }

  /** The number of the last event that was appended, 0 where there is none. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  get health(): Health {
    return this.#health;
  }

  /** The number from which on every event of this journal id is kept; that of the next event where none is. */
  firstKept(): number {
    const { segments, journalId } = this.#writer;
    const first = segments.all[segments.firstWhole(journalId)];
    return (first && headOf(first)?.firstSequence) ?? this.#lastSequence + 1;
  }

  /** When the oldest segment that is kept was begun: from then on events are kept; undefined where that cannot be read. Nanoseconds since 1970. */
  keptSinceNs(): bigint | undefined {
    return this.#writer.segments.oldest()?.timeNs;
  }

  /** Whether nothing was there before what is kept: a journal begins with it. */
  keptFromFirst(): boolean {
    const oldest = this.#writer.segments.oldest();
    return oldest?.firstSequence === 1 && !oldest.isPastUnknown && oldest.before === undefined;
  }

  /** Takes note of an event and returns its number. */
  append(event: NewEvent): number {
    this.#mustBeOpen();
    this.#lastSequence += 1;
    const sequence = this.#lastSequence;
    this.#writer.pending.addEvent(sequence, event);
    this.#flushIfMuch();
    return sequence;
  }

  /** Takes note of a value, which may be anything that JSON can say; an earlier one of that kind and key is replaced. */
  remember(kind: string, key: string, value: unknown): void {
    this.#mustBeOpen();
    this.#writer.pending.addValue(this.#timeNs(), { kind, key, value });
    this.#flushIfMuch();
  }

  /** Takes note that a value is not needed any more. */
  forget(kind: string, key: string): void {
    this.#mustBeOpen();
    this.#writer.pending.addForgotten(this.#timeNs(), kind, key);
    this.#flushIfMuch();
  }

  /** Writes everything that was taken note of, with one write(2) as a rule. Costs nothing where there is nothing. */
  flush(): void {
    this.#mustBeOpen();
    if (this.#writer.pending.length === 0) return;
    this.#stepNs = undefined;
    this.#writer.flush();
    this.#options.written?.();
    this.#noteTrouble();
  }

  /** Flushes, and tells later whether all of it will outlive a loss of power; never so while the journal is degraded. */
  sync(done: SyncDone): void {
    this.flush();
    const { trouble, current } = this.#writer;
    const whenAll: SyncDone = (result) => {
      this.#syncs.whenIdle(() => {
        const { trouble: since } = this.#writer;
        done(result.ok && since !== undefined ? err(since) : result);
      });
    };
    if (trouble === undefined) this.#sync(current, whenAll);
    else this.#later(() => done(err(trouble)));
  }

  /**
   * Looks whether the state folder is still there, or whether it can be used again, if it is time for that. Returns
   * when to call again (monotonic clock, milliseconds); after a report it may be sooner.
   */
  retry(nowMs: number): number {
    this.#mustBeOpen();
    if (nowMs < this.#schedule.nextAtMs) return this.#schedule.nextAtMs;
    this.flush();
    if (this.#health.kind === 'well') this.#check(nowMs);
    else this.#climb(nowMs);
    return this.#schedule.nextAtMs;
  }

  /**
   * The events that a query asks for, oldest first, of those that were appended before this call. They are read piece
   * by piece as the cursor is asked for them.
   */
  events(query: EventQuery): EventCursor {
    if (!this.#isClosed) this.flush();
    const { segments, current, journalId } = this.#writer;
    const first = query.after === undefined ? 0 : segments.firstWhole(journalId);
    return new EventCursor(segments, first, current, this.#lastSequence, query);
  }

  /** Which segment is written to: another number when another one is; undefined once it is closed. */
  get segment(): number | undefined {
    return this.#isClosed ? undefined : this.#writer.current.segment.ordinal;
  }

  /** Looks for a value as it was written down last before an instant. */
  valueBefore(kind: string, atNs: bigint): EarlierValueSearch {
    const { segments, current, journalId } = this.#writer;
    return new EarlierValueSearch(segments, segments.firstWhole(journalId), current, kind, atNs);
  }

  /** Follows the events that lead to one, backward, of those that were appended before this call. */
  chain(query: ChainQuery): EventChain {
    if (!this.#isClosed) this.flush();
    return new EventChain(this.#writer.segments, this.#writer.current, query);
  }

  /**
   * Writes the clean end, which says that all that was ever written is on the disk; `done` is told later whether it is.
   * Nothing is to be called afterwards.
   */
  close(done: SyncDone): void {
    this.flush();
    if (this.#health.kind === 'degraded') this.#climb(this.#options.sys.clock.monotonicMs());
    this.#isClosed = true;
    this.#settlePast(Infinity);
    this.#syncs.whenIdle(() => {
      this.#writer.pending.addClosed(this.#timeNs());
      this.#writer.flush();
      const { trouble, current } = this.#writer;
      const finish: SyncDone = (result) => {
        this.#syncs.whenIdle(() => {
          /* Where the last sync has failed it is written elsewhere by now. */
          this.#writer.current.file.close();
          done(result);
        });
      };
      if (trouble === undefined) this.#run((after) => syncCurrent(current, after), finish);
      else this.#later(() => finish(err(trouble)));
    });
  }

  #begin({ current, error, recovered }: Opening): void {
    const writer = this.#writer;
    if (current !== undefined) writer.goOn(current, error);
    if (current === undefined && error !== undefined) writer.fall('state', error);
    else if (current === undefined || recovered.isMerged) writer.rotate();
    for (const file of recovered.movedFiles) this.#finish(file);
    this.#settlePast(recovered.wasDegraded ? Infinity : 2);
    if (writer.trouble === undefined) this.#witness.layDown(writer.journalId);
    else {
      this.#witness.takeAway();
      this.#schedule.failed(this.#degrade(writer.trouble).sinceMs);
    }
  }

  /** A segment was begun: what it leaves and what it has itself go to the disk, and then old ones may go. */
  #begun(current: Current, left: Current | undefined): void {
    const { trouble, stores } = this.#writer;
    if (left !== undefined) {
      if (trouble === undefined) this.#finish(left.file);
      else left.file.close();
    }
    if (trouble === undefined && current.segment.store === stores.state) this.#settleIn(current);
    else this.#retain(current);
  }

  /** Nothing is removed before the newest checkpoint is on the disk: the last one there may be the oldest. */
  #settleIn(current: Current): void {
    this.#sync(current, (result) => {
      if (result.ok && !this.#isClosed) this.#retain(current);
    });
  }

  #retain({ segment }: Current): void {
    const nowMs = Number(this.#options.sys.clock.realtimeNs() / NS_PER_MS);
    retain(this.#writer.segments, segment.store, nowMs);
  }

  /** Where nothing happens nothing else begins a segment, behind which older ones may go. */
  #retainByAge(): void {
    const { current, segments } = this.#writer;
    const { segment, span } = current;
    const nowMs = Number(this.#options.sys.clock.realtimeNs() / NS_PER_MS);
    const overdue = isOverdue(segments, { segment, latestMs: span.span.latestMs }, nowMs);
    if (overdue === 'present') this.#writer.rotate();
    else if (overdue === 'oldest') this.#settleIn(current);
    this.#noteTrouble();
  }

  #sync(current: Current, done: SyncDone): void {
    this.#run((after) => syncCurrent(current, after), done);
  }

  /** Brings a file to which nothing more is written to the disk, and closes it. */
  #finish(file: AppendFile): void {
    this.#run(
      (after) => file.sync(after),
      () => undefined,
    );
    file.close();
  }

  /** Brings the newest segments before the present one to the disk: an archond that was killed, or a failure, may have kept them from it. */
  #settlePast(most: number): void {
    const { segments, stores, current } = this.#writer;
    const past = segments.of(stores.state).filter((segment) => segment !== current.segment);
    for (const { store, ordinal } of past.slice(-most)) {
      const file = store.append(ordinal);
      if (file.ok) this.#finish(file.value);
    }
  }

  /** A sync that fails is as bad as a write that fails. */
  #run(start: (after: SyncDone) => void, done: SyncDone): void {
    this.#syncs.run(start, (result) => {
      if (!result.ok && this.#writer.trouble === undefined) {
        this.#writer.fall('state', result.error);
        if (!this.#isClosed) this.#noteTrouble();
      }
      done(result);
    });
  }

  #check(nowMs: number): void {
    const { segment, file } = this.#writer.current;
    const held = segment.store.holds(segment.ordinal, file);
    if (held.ok) {
      this.#schedule.confirmed(nowMs);
      // It may have found no room until now, or somebody has cleaned up.
      this.#witness.layDown(this.journalId);
      this.#retainByAge();
      return;
    }
    if (VANISHED.includes(held.error.code)) this.#climber.lose(held.error);
    else this.#writer.fall('state', held.error);
    this.#noteTrouble();
  }

  #climb(nowMs: number): void {
    const climbed = this.#climber.climb();
    const { trouble, journalId, current } = this.#writer;
    if (!climbed.ok || trouble !== undefined) {
      this.#schedule.failed(nowMs);
      if (trouble !== undefined) this.#degrade(trouble);
      return;
    }
    this.#witness.layDown(journalId);
    this.#settlePast(Infinity);
    this.#settleIn(current);
    this.#schedule.recovered(nowMs);
    this.#health = { kind: 'well' };
    this.#tell({ kind: 'recovered', ...climbed.value });
  }

  /** Tells once that the state folder is not written to any more. */
  #noteTrouble(): void {
    const { trouble } = this.#writer;
    if (trouble === undefined) return;
    const wasWell = this.#health.kind === 'well';
    const health = this.#degrade(trouble);
    if (!wasWell) return;
    this.#schedule.failed(health.sinceMs);
    this.#tell({ kind: 'degraded', error: trouble, place: health.place });
  }

  #degrade(error: SysError): Extract<Health, { readonly kind: 'degraded' }> {
    const { kind } = this.#writer.current.segment.store;
    const before = this.#health.kind === 'degraded' ? this.#health : undefined;
    const sinceMs = before?.sinceMs ?? this.#options.sys.clock.monotonicMs();
    const place = kind === 'state' ? 'runtime' : kind;
    const health = { kind: 'degraded', error: before?.error ?? error, place, sinceMs } as const;
    this.#health = health;
    return health;
  }

  #tell(report: Report): void {
    this.#options.told?.(report);
    if (!this.#isClosed) this.flush();
  }

  #later(action: () => void): void {
    const { clock, timers } = this.#options.sys;
    timers.at(clock.monotonicMs(), action);
  }

  #timeNs(): bigint {
    this.#stepNs ??= this.#options.sys.clock.realtimeNs();
    return this.#stepNs;
  }

  #flushIfMuch(): void {
    if (this.#writer.pending.length > MOST_PENDING_BYTES) this.flush();
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new Error('the journal is closed');
  }
}
