import type { AppendFile, Clock, SysError } from '../sys/sys.ts';
import { err, ok, type Result } from '../base/result.ts';
import { byteJson } from './byte-json.ts';
import { LINE_TYPES, LineBuffer } from './line.ts';
import type { Remembered } from './payload.ts';
import type { Recovered, SetAside } from './recovery.ts';
import { SpanOf } from './span.ts';
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

/** Why the id has to change, as far as what was found tells. */
export function idChangeOf(found: Recovered, bootId: string, witness: Witness): IdChange | undefined {
  const { base, setAside, wasDegraded } = found;
  if (setAside.length > 0) return 'set-aside';
  if (base === undefined) return 'new';
  const { scan } = base;
  if (scan.isClosed) return undefined;
  if (scan.bootId !== bootId) return 'unclean-boot';
  return !wasDegraded && witness.speaksFor(scan.head.journalId) ? undefined : 'unwitnessed';
}

/** Cuts a torn tail and writes the boot mark behind what is whole, which takes the clean end back. */
export function goOnIn(
  base: NonNullable<Recovered['base']>,
  bootId: string,
  clock: Clock,
): Result<Current, SysError> {
  const { segment, scan } = base;
  const opened = segment.store.append(segment.ordinal);
  if (!opened.ok) return opened;
  const mark = new LineBuffer();
  mark.add(LINE_TYPES.opened, byteJson({ boot: bootId, time: String(clock.realtimeNs()) }));
  const error = cutAndWrite(opened.value, scan.goodBytes, scan.rest, mark.bytes());
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
  });
}

function cutAndWrite(file: AppendFile, goodBytes: number, rest: string, mark: Buffer): SysError | undefined {
  const cut = rest === 'none' ? ok(undefined) : file.truncate(goodBytes);
  if (!cut.ok) return cut.error;
  const written = file.write(mark);
  // A part of a mark is cut again; where that fails it is a torn line behind which nothing comes.
  if (written.error !== undefined) file.truncate(goodBytes);
  return written.error;
}
