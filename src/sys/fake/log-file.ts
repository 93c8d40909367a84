import { ok, type Result } from '../../base/result.ts';
import type { Missing, SysError } from '../sys.ts';
import type { PlainNode } from './disk.ts';
import { sysError } from './errno.ts';
import { above } from './file-tree.ts';
import type { View } from './view.ts';

/** A record of the index: offset and time. */
const TIME_BYTES = 16;
const LF = 0x0a;

/** The file of a copying, as native/helper/log-file.c has it; found by its name each time. A line of it may become as long as it likes. */
export class FakeLogFile {
  readonly #view: View;
  readonly #path: string;
  readonly #mode: number;
  readonly #isOneOff: boolean;
  #node: PlainNode = { kind: 'file', mode: 0, uid: 0, chunks: [], changedAtNs: 0n };

  constructor(view: View, path: string, mode: number, isOneOff: boolean) {
    this.#view = view;
    this.#path = path;
    this.#mode = mode;
    this.#isOneOff = isOneOff;
  }

  /** Finds it, or makes it with its folders. */
  open(): Result<undefined, SysError> {
    const { files, user, disk } = this.#view.kernel;
    const closed = disk.trouble('open', this.#path);
    if (closed !== undefined) return { ok: false, error: sysError(closed, 'open') };
    const folders = files.makeFolders(above(this.#path), this.#folderMode, user.uid);
    if (!folders.ok) return { ok: false, error: sysError(folders.error, 'mkdir') };
    const isNew = files.node(this.#path) === undefined;
    const file = files.openToAppend(this.#path, this.#mode, user.uid);
    if (!file.ok) return { ok: false, error: sysError(file.error, 'open') };
    this.#node = file.value;
    const mark = `${this.#path}~run`;
    if (!this.#isOneOff) files.remove(mark);
    else if (isNew) files.openToAppend(mark, this.#mode, user.uid);
    return ok(undefined);
  }

  get #folderMode(): number {
    return this.#mode | ((this.#mode & 0o444) >> 2) | 0o100;
  }

  get #bytes(): number {
    return sizeOf(this.#node);
  }

  get #endsLine(): boolean {
    const last = this.#node.chunks.findLast((chunk) => chunk.length > 0);
    return last === undefined || last.at(-1) === LF;
  }

  /** Whether the next byte is to go to another file. */
  isDue(maxBytes: number): boolean {
    return maxBytes > 0 && this.#bytes >= maxBytes && this.#endsLine;
  }

  /** How many of so many bytes may be written: one by one where the line is looked for with which it is full. */
  room(mostBytes: number, maxBytes: number): number {
    const left = maxBytes === 0 ? mostBytes : Math.max(1, Math.min(mostBytes, maxBytes - this.#bytes));
    return this.#view.kernel.disk.room(this.#path, left);
  }

  append(bytes: Uint8Array): void {
    const { files, disk } = this.#view.kernel;
    files.append(this.#node, bytes, this.#view.kernel.wallNs());
    disk.grown(this.#path, bytes.length);
  }

  setAside(): void {
    const { files, user } = this.#view.kernel;
    const folder = `${this.#path}~old`;
    files.makeFolders(folder, this.#folderMode, user.uid);
    const numbers = files
      .paths()
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => Number.parseInt(path.slice(folder.length + 1), 10));
    const name = String(Math.max(0, ...numbers) + 1).padStart(8, '0');
    const index = files.node(`${this.#path}~times`);
    if (index !== undefined) files.put(`${folder}/${name}~times`, index);
    files.put(`${folder}/${name}`, this.#node);
    files.remove(`${this.#path}~times`);
    files.remove(this.#path);
  }

  /** Writes the line that tells how much is missing. */
  tellMissing({ bytes, lines }: Missing): SysError | undefined {
    const open = this.open();
    if (!open.ok) return open.error;
    const breaks = this.#endsLine ? '' : '\n';
    const line = Buffer.from(`${breaks}[archon] ${bytes} bytes (${lines} lines) are missing here: ENOSPC\n`);
    if (this.#view.kernel.disk.room(this.#path, line.length) < line.length)
      return sysError('ENOSPC', 'write');
    this.noteTime();
    this.append(line);
    return undefined;
  }

  /** As native/helper/line-times.c does, but for each move. */
  noteTime(): void {
    const endBytes = this.#bytes;
    const { files, user, disk } = this.#view.kernel;
    const path = `${this.#path}~times`;
    const index = files.openToAppend(path, this.#mode, user.uid);
    if (!index.ok || disk.room(path, TIME_BYTES) < TIME_BYTES) return;
    const held = Buffer.concat(index.value.chunks);
    const last = held.length === 0 ? 0n : held.readBigUInt64LE(held.length - TIME_BYTES);
    /* One record for what comes together. */
    if (held.length > 0 && last === BigInt(endBytes) && endBytes > 0) return;
    if (last > endBytes) {
      disk.grown(path, -held.length);
      files.freeBytes += held.length;
      index.value.chunks = [];
    }
    const record = Buffer.alloc(TIME_BYTES);
    record.writeBigUInt64LE(BigInt(endBytes), 0);
    record.writeBigUInt64LE(this.#view.kernel.wallNs(), 8);
    files.append(index.value, record, this.#view.kernel.wallNs());
    disk.grown(path, TIME_BYTES);
  }
}

function sizeOf(file: PlainNode): number {
  return file.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
}
