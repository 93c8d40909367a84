import type { Files } from '../sys/sys.ts';

/** A record of the index: from which offset on it counts, and the time; native/helper/line-times.c writes them. */
const RECORD_BYTES = 16;
/** Records that are read at once. */
const RECORDS = 4096;

interface Note {
  readonly offsetBytes: number;
  readonly timeNs: bigint;
}

/** Tells when the bytes of a log came, from one place in it to later ones; docs/logs.org, "Times". */
export class LineTimes {
  readonly #files: Files;
  #path: string;
  /** Records that have been read, of which those before `#now` are behind us. */
  #notes: readonly Note[] = [];
  #now = 0;
  /** The number of the record behind them. */
  #next: number | undefined;
  #mayHaveGrown = true;

  constructor(files: Files, logPath: string) {
    this.#files = files;
    this.#path = timesPath(logPath);
  }

  /** The log is found under this name from now on. */
  movedTo(logPath: string): void {
    this.#path = timesPath(logPath);
  }

  /** To be called after bytes have been read from the log: their times stand in the index by then. */
  refresh(): void {
    this.#mayHaveGrown = true;
  }

  /** When the byte there came, in nanoseconds since 1970; undefined where that was not noted. Offsets must not fall from call to call. */
  at(offsetBytes: number): bigint | undefined {
    this.#next ??= numberAt(this.#files, this.#path, offsetBytes);
    for (;;) {
      const following = this.#notes[this.#now + 1];
      if (following === undefined && this.#mayHaveGrown) this.#read();
      else if (following !== undefined && following.offsetBytes <= offsetBytes) this.#now += 1;
      else break;
    }
    const note = this.#notes[this.#now];
    return note === undefined || note.offsetBytes > offsetBytes ? undefined : note.timeNs;
  }

  #read(): void {
    const from = this.#next ?? 0;
    const read = notes(this.#files, this.#path, from, RECORDS);
    this.#mayHaveGrown = read.length === RECORDS;
    this.#next = from + read.length;
    this.#notes = [...this.#notes.slice(this.#now), ...read];
    this.#now = 0;
  }
}

/** Where in a log the bytes begin that came at an instant or later. */
export interface Since {
  /** Behind the last that came before it, as the clock was then; undefined where there are none, or it was never noted. */
  readonly offsetBytes: number | undefined;
  /** Whether something came before: then nothing of an older log came later. */
  readonly hasEarlier: boolean;
}

/** Looks up in the index of a log what came since an instant, in nanoseconds since 1970. */
export function offsetSince(files: Files, logPath: string, sinceNs: bigint): Since {
  const path = timesPath(logPath);
  let following: Note | undefined;
  for (let to = count(files, path); to > 0; to -= RECORDS) {
    const from = Math.max(0, to - RECORDS);
    for (const note of notes(files, path, from, to - from).toReversed()) {
      if (note.timeNs < sinceNs) return { offsetBytes: following?.offsetBytes, hasEarlier: true };
      following = note;
    }
  }
  return { offsetBytes: following?.offsetBytes, hasEarlier: false };
}

/** The index of the times of a log lies beside it; no log has such a name. */
function timesPath(logPath: string): string {
  return `${logPath}~times`;
}

function count(files: Files, path: string): number {
  const status = files.status(path);
  return status.ok ? Math.floor(status.value.sizeBytes / RECORD_BYTES) : 0;
}

/** So many records from a number on, fewer where there are no more. */
function notes(files: Files, path: string, from: number, most: number): readonly Note[] {
  const read = files.read(path, from * RECORD_BYTES, most * RECORD_BYTES);
  if (!read.ok) return [];
  const { buffer, byteOffset, length } = read.value;
  const view = new DataView(buffer, byteOffset, length);
  return Array.from({ length: Math.floor(length / RECORD_BYTES) }, (_, index) => ({
    offsetBytes: Number(view.getBigUint64(index * RECORD_BYTES, true)),
    timeNs: view.getBigUint64(index * RECORD_BYTES + 8, true),
  }));
}

/** The number of the last record that counts for this offset, 0 where none does. */
function numberAt(files: Files, path: string, offsetBytes: number): number {
  let low = 0;
  let high = count(files, path);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const [note] = notes(files, path, middle, 1);
    if (note !== undefined && note.offsetBytes <= offsetBytes) low = middle;
    else high = middle;
  }
  return low;
}
