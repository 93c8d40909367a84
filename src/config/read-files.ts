import nodePath from 'node:path';
import { describeErrno } from '../base/errno.ts';
import type { Complaint } from './complaint.ts';
import { filesAt, filesMatching, type NameFault } from './file-names.ts';
import { isGlob } from '../base/glob.ts';
import { parseYaml } from './parse-yaml.ts';
import type { Place } from './place.ts';
import { complaintsOf } from './schema/faults.ts';
import { head, type HeadSettings } from './schema/file.ts';
import {
  missingParameter,
  parametersOf,
  RESERVED,
  substitute,
  substituteAll,
  type Parameters,
} from './substitute.ts';
import type { ConfigSystem } from './system.ts';
import { plain, showPath, type MapTree, type TreePath } from './tree.ts';
import { unexpected } from './unexpected.ts';

/** No file that people write is larger. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 10_000;

/** A file as it was read. */
export interface ReadFile {
  readonly path: string;
  readonly folder: string;
  readonly tree: MapTree;
  /** What stands there beside `defaults` and `units`, parameters put in. */
  readonly head: MapTree;
  /** The same, read; undefined where that cannot be used. */
  readonly settings: HeadSettings | undefined;
  /** Its own parameters and those of the files that include it. */
  readonly parameters: Parameters;
}

/** All files of a configuration. */
export interface ReadFiles {
  readonly files: readonly ReadFile[];
  readonly complaints: readonly Complaint[];
  /** A file or an include could not be read, so that labels may be missing. */
  readonly isPartial: boolean;
}

/** Reads the files and folders of these absolute paths, and what they include; each file once. */
export function readFiles(system: ConfigSystem, paths: readonly string[]): ReadFiles {
  const reader = new Reader(system);
  for (const path of paths) {
    const files = filesAt(system, path);
    if (!files.ok) reader.cannotRead(files.error, undefined, '');
    else for (const file of files.value) reader.read(file, NO_PARAMETERS, undefined);
  }
  return reader;
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/** What is read unit by unit, when all files are known. */
const READ_APART: ReadonlySet<string> = new Set(['defaults', 'units']);

/** Whether units may be missing because of it, so that a label that is not found says nothing. */
function hidesUnits({ key, nearest }: Complaint): boolean {
  return /^(?:include|units)\b/.test(key) || nearest === 'include' || nearest === 'units';
}

class Reader implements ReadFiles {
  readonly files: ReadFile[] = [];
  readonly complaints: Complaint[] = [];
  isPartial = false;
  readonly #system: ConfigSystem;
  readonly #seen = new Set<string>();
  /** The file that is being read, and those that include it. */
  readonly #open: string[] = [];

  constructor(system: ConfigSystem) {
    this.#system = system;
  }

  read(path: string, inherited: ReadonlyMap<string, string>, includedAt: Place | undefined): void {
    const cycle = this.#open.indexOf(path);
    if (cycle >= 0 && includedAt !== undefined) {
      const message = [...this.#open.slice(cycle), path].join(' includes ');
      this.complaints.push({ kind: 'include-cycle', place: includedAt, key: 'include', message });
      return;
    }
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    if (this.#seen.size > MAX_FILES) {
      this.isPartial = true;
      if (this.#seen.size === MAX_FILES + 1)
        this.complaints.push({
          kind: 'limit',
          place: includedAt ?? { file: path },
          key: 'include',
          message: `there are more than ${MAX_FILES} files`,
        });
      return;
    }
    const bytes = this.#system.read(path, MAX_FILE_BYTES + 1);
    if (!bytes.ok) this.cannotRead({ kind: 'unreadable', path, fault: bytes.error }, includedAt, 'include');
    else this.#take(path, bytes.value, inherited);
  }

  cannotRead(fault: NameFault, place: Place | undefined, key: string): void {
    this.isPartial = true;
    if (fault.kind === 'bad-pattern') {
      /* What follows is a hint for records of the protocol. */
      const [message = ''] = fault.failure.message.split(': ');
      this.complaints.push({ kind: 'bad-value', place: place ?? { file: '' }, key, message });
      return;
    }
    const message = `cannot read ${fault.path}: ${describeErrno(fault.fault.code)}`;
    this.complaints.push({ kind: 'unreadable', place: place ?? { file: fault.path }, key, message });
  }

  #take(path: string, bytes: Uint8Array, inherited: ReadonlyMap<string, string>): void {
    const text = this.#decode(path, bytes);
    if (text === undefined) return;
    const { tree, complaints } = parseYaml(path, text);
    this.complaints.push(...complaints);
    if (tree === undefined) {
      if (complaints.length > 0) this.isPartial = true;
      return;
    }
    if (tree.kind === 'map') this.#follow(path, tree, inherited);
    else if (tree.kind !== 'empty') {
      this.complaints.push(unexpected(tree, [], 'a mapping with the keys of a configuration'));
      this.isPartial = true;
    }
  }

  #decode(path: string, bytes: Uint8Array): string | undefined {
    if (bytes.length > MAX_FILE_BYTES) {
      this.isPartial = true;
      const message = `the file is larger than ${MAX_FILE_BYTES} bytes`;
      this.complaints.push({ kind: 'limit', place: { file: path }, key: '', message });
      return undefined;
    }
    const text = utf8Text(bytes);
    if (text !== undefined) return text;
    this.isPartial = true;
    const message = 'there are bytes that are no UTF-8';
    this.complaints.push({ kind: 'yaml', place: faultyPlace(path, bytes), key: '', message });
    return undefined;
  }

  /** Takes a file whose text is a mapping, then what it includes. */
  #follow(path: string, tree: MapTree, inherited: ReadonlyMap<string, string>): void {
    const values = this.#parameters(tree, inherited);
    const parameters = parametersOf(values);
    const rest = this.#head(tree, parameters);
    const read = head.safeParse(plain(rest));
    if (!read.success) {
      const found = complaintsOf(read.error.issues, rest, []);
      this.complaints.push(...found);
      if (found.some(hidesUnits)) this.isPartial = true;
    }
    const folder = nodePath.posix.dirname(path);
    this.files.push({ path, folder, tree, head: rest, settings: read.data, parameters });
    this.#open.push(path);
    this.#include(rest, folder, values);
    this.#open.pop();
  }

  /** What stands beside the units, parameters put in; in `params` itself that is done one by one. */
  #head(tree: MapTree, parameters: Parameters): MapTree {
    const entries = new Map([...tree.entries].filter(([key]) => !READ_APART.has(key)));
    const isVerbatim = ([key]: TreePath): boolean => key === 'params';
    return substituteAll({ ...tree, entries }, parameters, isVerbatim, [], this.complaints);
  }

  /** The parameters that hold in a file: each may use those above it. */
  #parameters(tree: MapTree, inherited: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const values = new Map(inherited);
    const own = tree.entries.get('params')?.value;
    if (own?.kind !== 'map') return values;
    const parameters = parametersOf(values);
    for (const [name, { keyAt, value }] of own.entries) {
      const path = ['params', name];
      if (RESERVED.test(name)) {
        const message = `${name} is given a value by the loader itself`;
        this.complaints.push({ kind: 'contradiction', place: keyAt, key: showPath(path), message });
      } else if (value.kind === 'text') {
        const text = substitute(value.text, parameters, (missing) => {
          this.complaints.push(missingParameter(missing, value, path, parameters));
        });
        values.set(name, text);
      } else if (value.kind === 'empty') values.set(name, '');
    }
    return values;
  }

  #include(tree: MapTree, folder: string, values: ReadonlyMap<string, string>): void {
    const include = tree.entries.get('include')?.value;
    const items = include?.kind === 'list' ? include.items : include === undefined ? [] : [include];
    for (const item of items) {
      if (item.kind !== 'text' || item.text === '') continue;
      const found = filesMatching(this.#system, folder, item.text);
      if (!found.ok) {
        this.cannotRead(found.error, item.at, 'include');
        continue;
      }
      /* A pattern for all files of a folder means the others. */
      const self = isGlob(item.text) ? this.#open.at(-1) : undefined;
      for (const file of found.value) if (file !== self) this.read(file, values, item.at);
    }
  }
}

const strict = new TextDecoder('utf-8', { fatal: true });

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

const LF = 10;

/** The line that the first bytes that are no UTF-8 stand in: no sequence of UTF-8 holds a line feed. */
function faultyPlace(file: string, bytes: Uint8Array): Place {
  let line = 1;
  for (let from = 0; from < bytes.length; line += 1) {
    const end = bytes.indexOf(LF, from);
    const until = end < 0 ? bytes.length : end;
    if (utf8Text(bytes.subarray(from, until)) === undefined) break;
    from = until + 1;
  }
  return { file, line, column: 1 };
}
