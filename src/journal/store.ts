import { errnoNumber } from '../base/errno.ts';
import type { Result } from '../base/result.ts';
import { err, ok } from '../base/result.ts';
import type { AppendFile, Files, StoredFiles, SysError } from '../sys/sys.ts';
import { PIECE_BYTES, type ReadBytes } from './reader.ts';

/** The files that a store needs. */
export type StoreFiles = StoredFiles & Pick<Files, 'ensureFolder'>;

/** The places in which segments can lie, best first. */
export const STORE_KINDS = ['state', 'runtime', 'memory'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

export interface StoreLimits {
  /** A segment with so many bytes behind its checkpoint (or as many as that has, if it has more) gets a successor. */
  readonly segmentBytes: number;
  /** And so does one whose last event is so much younger than its beginning. */
  readonly segmentMs: number;
  /** Segments are removed, the oldest first, while together they have more bytes. */
  readonly retainBytes: number;
  /** A segment is removed when its last event is older. */
  readonly retainMs: number;
  /** Segments are removed, the oldest first, while there are more. */
  readonly retainSegments: number;
}

/** Fills a new file, or says why it could not. */
export type Fill = (file: AppendFile) => SysError | undefined;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const ORDINAL_DIGITS = 10;
const SEGMENT_NAME = /^(\d{10})\.journal$/;
const SET_ASIDE_NAME = /^(\d{10})\.set-aside$/;
const UNFINISHED = '.new';

/**
 * One folder of segments, `<ordinal>.journal` each. A segment comes into being by rename(2), filled: as
 * long as the machine does not lose its power, none is ever seen that has a head and no checkpoint.
 */
export class Store {
  readonly kind: StoreKind;
  readonly limits: StoreLimits;
  readonly folder: string;
  readonly #files: StoreFiles;
  #lastOrdinal = 0;

  constructor(kind: StoreKind, files: StoreFiles, folder: string, limits: StoreLimits) {
    this.kind = kind;
    this.#files = files;
    this.folder = folder;
    this.limits = limits;
  }

  /** Makes the folder where it is missing, clears away what was not finished, and lists the segments, oldest first. */
  open(): Result<readonly number[], SysError> {
    const made = this.#files.ensureFolder(this.folder, FOLDER_MODE);
    if (!made.ok) return made;
    const names = this.#files.list(this.folder);
    if (!names.ok) return names;
    for (const name of names.value) {
      if (name.endsWith(UNFINISHED)) this.#files.remove(`${this.folder}/${name}`);
    }
    const ordinals = ordinalsOf(names.value, SEGMENT_NAME);
    const aside = ordinalsOf(names.value, SET_ASIDE_NAME);
    this.#lastOrdinal = Math.max(ordinals.at(-1) ?? 0, aside.at(-1) ?? 0);
    return ok(ordinals);
  }

  path(ordinal: number): string {
    return `${this.folder}/${String(ordinal).padStart(ORDINAL_DIGITS, '0')}.journal`;
  }

  /** Makes the next segment. Where that fails nothing is left of it. */
  create(fill: Fill): Result<{ readonly ordinal: number; readonly file: AppendFile }, SysError> {
    const ordinal = this.#lastOrdinal + 1;
    const path = this.path(ordinal);
    // Somebody may have put another folder in the place of ours.
    if (this.#files.status(path).ok) return err(systemError('EEXIST', 'rename'));
    const file = this.#make(path, fill);
    if (!file.ok) return file;
    this.#lastOrdinal = ordinal;
    return ok({ ordinal, file: file.value });
  }

  append(ordinal: number): Result<AppendFile, SysError> {
    return this.#files.openToAppend(this.path(ordinal), FILE_MODE);
  }

  reader(ordinal: number): ReadBytes {
    const path = this.path(ordinal);
    return (offsetBytes, lengthBytes) => this.#files.read(path, offsetBytes, lengthBytes);
  }

  remove(ordinal: number): Result<undefined, SysError> {
    return this.#files.remove(this.path(ordinal));
  }

  sizeBytes(ordinal: number): Result<number, SysError> {
    const status = this.#files.status(this.path(ordinal));
    return status.ok ? ok(status.value.sizeBytes) : status;
  }

  /** Is this file still the one that has the segment's name? Where not, the reason: it is missing, or another. */
  holds(ordinal: number, file: AppendFile): Result<undefined, SysError> {
    const named = this.#files.status(this.path(ordinal));
    if (!named.ok) return named;
    const held = file.status();
    if (!held.ok) return held;
    const isSame = named.value.device === held.value.device && named.value.inode === held.value.inode;
    return isSame ? ok(undefined) : err(systemError('ESTALE', 'stat'));
  }

  /** Takes a segment out of the journal, from `fromBytes` on or (0) as a whole, and tells where it now lies. */
  setAside(ordinal: number, fromBytes: number): Result<string, SysError> {
    const path = this.path(ordinal);
    const aside = path.replace(/journal$/, 'set-aside');
    if (fromBytes === 0) {
      const renamed = this.#files.rename(path, aside);
      return renamed.ok ? ok(aside) : renamed;
    }
    const copy = this.#make(aside, (file) => copyBytes(this.reader(ordinal), fromBytes, Infinity, file));
    if (!copy.ok) return copy;
    copy.value.close();
    const cut = this.#truncate(ordinal, fromBytes);
    return cut.ok ? ok(aside) : cut;
  }

  /** The ordinals of what was set aside, oldest first. */
  listAside(): readonly number[] {
    const names = this.#files.list(this.folder);
    return names.ok ? ordinalsOf(names.value, SET_ASIDE_NAME) : [];
  }

  removeAside(ordinal: number): void {
    this.#files.remove(this.path(ordinal).replace(/journal$/, 'set-aside'));
  }

  /** The names in the folder outlive a loss of power once `done` says so. */
  syncFolder(done: (result: Result<undefined, SysError>) => void): void {
    this.#files.syncFolder(this.folder, done);
  }

  /** A file that has its name only once it is filled. */
  #make(path: string, fill: Fill): Result<AppendFile, SysError> {
    const unfinished = `${path}${UNFINISHED}`;
    // What a former attempt may have left is not to be added to.
    this.#files.remove(unfinished);
    const made = this.#files.openToAppend(unfinished, FILE_MODE);
    if (!made.ok) return made;
    const error = fill(made.value);
    const renamed = error === undefined ? this.#files.rename(unfinished, path) : err(error);
    if (renamed.ok) return made;
    made.value.close();
    this.#files.remove(unfinished);
    return renamed;
  }

  #truncate(ordinal: number, sizeBytes: number): Result<undefined, SysError> {
    const file = this.append(ordinal);
    if (!file.ok) return file;
    const cut = file.value.truncate(sizeBytes);
    file.value.close();
    return cut;
  }
}

/** Appends what a segment has between two offsets to a file. */
export function copyBytes(
  read: ReadBytes,
  fromBytes: number,
  toBytes: number,
  file: AppendFile,
): SysError | undefined {
  for (let at = fromBytes; at < toBytes;) {
    const bytes = read(at, Math.min(PIECE_BYTES, toBytes - at));
    if (!bytes.ok) return bytes.error;
    if (bytes.value.length === 0) return undefined;
    const written = file.write(bytes.value);
    if (written.error !== undefined) return written.error;
    at += bytes.value.length;
  }
  return undefined;
}

function ordinalsOf(names: readonly string[], form: RegExp): number[] {
  const ordinals = names.flatMap((name) => form.exec(name)?.[1] ?? []).map(Number);
  return ordinals.sort((a, b) => a - b);
}

function systemError(code: string, call: string): SysError {
  return { code, errno: errnoNumber(code) ?? 0, call };
}
