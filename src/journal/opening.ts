import { err, ok, type Result } from '../base/result.ts';
import type { AppendFile, Clock, SysError } from '../sys/sys.ts';
import { byteJson } from './byte-json.ts';
import { LINE_TYPES, LineBuffer } from './line.ts';
import type { Remembered } from './payload.ts';
import { recover, type Recovered, type SetAside } from './recovery.ts';
import type { Scanned } from './scan.ts';
import { SpanOf } from './span.ts';
import type { Stores } from './stores.ts';
import type { Witness } from './witness.ts';
import type { Current } from './writer.ts';

/**
 * Why numbers that were given out may be missing, so that the journal has a new id.
 * - `new`: there is no journal yet, or none that can be read.
 * - `unclean-boot`: the machine went down without the clean end.
 * - `unwitnessed`: archond was killed while records were not in the state folder, or that cannot be excluded.
 * - `set-aside`: a part could not be used.
 * - `unwritable`: the clean end cannot be taken back, so it would be believed after the next boot too.
 */
export type IdChange = 'new' | 'unclean-boot' | 'unwitnessed' | 'set-aside' | 'unwritable';

/** What was found when a journal was opened. */
export interface Found {
  /** All that is remembered. More may come later where the state folder could not be read; see `Health`. */
  readonly remembered: readonly Remembered[];
  /** The number of the last event, 0 where there is none. */
  readonly lastSequence: number;
  readonly journalId: string;
  /** Why the id is a new one; undefined where it is that of before. */
  readonly idChange: IdChange | undefined;
  readonly setAside: readonly SetAside[];
  /** The clean end was there. */
  readonly wasClosed: boolean;
}

/** With what a journal begins. */
export interface Opening {
  readonly recovered: Recovered;
  /** The segment to go on in; undefined where a new one has to be begun. */
  readonly current: Current | undefined;
  /** Why the state folder is not written to; undefined where nothing speaks against it. */
  readonly error: SysError | undefined;
  readonly found: Found;
}

/** Finds what earlier archonds have left, decides about the id and, if that stays, takes back the clean end. */
export function prepare(
  stores: Stores,
  bootId: string,
  witness: Witness,
  clock: Clock,
  newId: () => string,
  setsTailAside: boolean,
): Opening {
  const recovered = recover(stores, setsTailAside);
  const { base, lastSequence, setAside, stateError } = recovered;
  let idChange = idChangeOf(recovered, bootId, witness);
  const wasClosed = base?.scan.isClosed === true;
  const goesOn = base !== undefined && idChange === undefined ? goOnIn(base, bootId, clock) : undefined;
  // A clean end that stays would be believed after a boot that knows nothing of what comes now.
  if (goesOn?.ok === false && wasClosed) idChange = 'unwritable';
  const journalId = base === undefined || idChange !== undefined ? newId() : base.scan.head.journalId;
  const remembered = recovered.values.list();
  return {
    recovered,
    current: goesOn?.ok === true ? goesOn.value : undefined,
    error: goesOn?.ok === false ? goesOn.error : stateError,
    found: { remembered, lastSequence, journalId, idChange, setAside, wasClosed },
  };
}

/** Why the id has to change, as far as what was found tells. */
function idChangeOf(found: Recovered, bootId: string, witness: Witness): IdChange | undefined {
  const { base, setAside, wasDegraded } = found;
  if (setAside.length > 0) return 'set-aside';
  if (base === undefined) return 'new';
  const { scan } = base;
  if (scan.isClosed) return undefined;
  if (scan.bootId !== bootId) return 'unclean-boot';
  return !wasDegraded && witness.speaksFor(scan.head.journalId) ? undefined : 'unwitnessed';
}

/**
 * Cuts a torn tail and writes the boot mark behind what is whole. Where there is a clean end it is taken back so,
 * on the disk, before any number is given out: it would be believed after a loss of power that took the
 * mark and those numbers.
 */
function goOnIn(
  base: NonNullable<Recovered['base']>,
  bootId: string,
  clock: Clock,
): Result<Current, SysError> {
  const { segment, scan } = base;
  const opened = segment.store.append(segment.ordinal);
  if (!opened.ok) return opened;
  const mark = new LineBuffer();
  mark.add(LINE_TYPES.opened, byteJson({ boot: bootId, time: String(clock.realtimeNs()) }));
  const error = cutAndWrite(opened.value, scan, mark.bytes());
  if (error !== undefined) {
    opened.value.close();
    return err(error);
  }
  return ok({
    segment,
    file: opened.value,
    bytes: scan.goodBytes + mark.length,
    checkpointBytes: scan.checkpointBytes,
    span: new SpanOf(scan.span),
    isNamed: false,
  });
}

function cutAndWrite(file: AppendFile, scan: Scanned, mark: Buffer): SysError | undefined {
  const { goodBytes } = scan;
  const cut = scan.rest === 'none' ? ok(undefined) : file.truncate(goodBytes);
  if (!cut.ok) return cut.error;
  const written = file.write(mark);
  const synced = written.error === undefined && scan.isClosed ? file.syncNow() : ok(undefined);
  const error = written.error ?? (synced.ok ? undefined : synced.error);
  // A part of a mark is cut again; where that fails it is a torn line behind which nothing comes.
  if (error !== undefined) file.truncate(goodBytes);
  return error;
}
