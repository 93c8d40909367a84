import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { AppendFile, Descriptor, FileStatus, Files, StoredFiles, SysError, Written } from '../sys.ts';
import type { DiskCall, PlainNode } from './disk.ts';
import { sysError } from './errno.ts';
import { type Fallible, partly } from './faults.ts';
import { Misuse } from './misuse.ts';
import { PlainFile } from './open-file.ts';
import type { View } from './view.ts';

type Done = (result: Result<undefined, SysError>) => void;
interface Failed {
  readonly ok: false;
  readonly error: SysError;
}

function sizeOf(node: PlainNode): number {
  return node.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
}

/** The injected failure of a call, of `Control.failNext` or of a disk. */
function failure(view: View, call: DiskCall, path: string, fallible?: Fallible): Failed | undefined {
  const injected = view.failure(call, fallible ?? call);
  if (injected !== undefined) return injected;
  const code = view.kernel.disk.trouble(call, path);
  return code === undefined ? undefined : err(sysError(code, call));
}

/** An answer in a task of its own, for which the kernel needs no living archond to do its work. */
function answerLater(view: View, failed: Failed | undefined, work: () => void, done: Done): void {
  const { loop, disk } = view.kernel;
  const answer = (): void => {
    if (failed === undefined) work();
    if (view.alive) done(failed ?? ok(undefined));
  };
  if (disk.syncMs > 0) loop.schedule(loop.nowMs() + disk.syncMs, answer);
  else loop.post(answer);
}

class FakeAppendFile implements AppendFile {
  readonly #view: View;
  readonly #node: PlainNode;
  readonly #path: string;
  readonly #descriptor: Descriptor;
  #isClosed = false;

  constructor(view: View, node: PlainNode, path: string, descriptor: Descriptor) {
    this.#view = view;
    this.#node = node;
    this.#path = path;
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array): Written {
    this.#called('write');
    const { disk, files } = this.#view.kernel;
    const { code, isPart } = partly(this.#view.fault('write') ?? disk.trouble('write', this.#path));
    if (code !== undefined && !isPart) return { bytes: 0, error: sysError(code, 'write') };
    const cut = disk.takeCut(this.#path);
    const most = isPart ? bytes.length >> 1 : bytes.length;
    const room = disk.room(this.#path, cut === undefined ? most : Math.min(cut.bytes, most));
    files.append(this.#node, new Uint8Array(bytes.subarray(0, room)), this.#view.kernel.wallNs());
    disk.grown(this.#path, room);
    if (cut !== undefined) {
      cut.then();
      // A death in the middle of the write: this archond learns nothing more.
      this.#view.call('file.write');
    }
    return { bytes: room, error: room < bytes.length ? sysError(code ?? 'ENOSPC', 'write') : undefined };
  }

  truncate(sizeBytes: number): Result<undefined, SysError> {
    this.#called('truncate');
    const failed = failure(this.#view, 'ftruncate', this.#path);
    if (failed !== undefined) return failed;
    const { disk, files } = this.#view.kernel;
    const held = Buffer.concat(this.#node.chunks);
    const left = Buffer.alloc(sizeBytes);
    held.copy(left);
    this.#node.chunks = [left];
    files.freeBytes += held.length - sizeBytes;
    disk.grown(this.#path, sizeBytes - held.length);
    disk.truncated(this.#node, sizeBytes);
    return ok(undefined);
  }

  status(): Result<FileStatus, SysError> {
    this.#called('status');
    const inode = this.#view.kernel.disk.inode(this.#node);
    return ok({
      isPlain: true,
      sizeBytes: sizeOf(this.#node),
      device: 1n,
      inode,
      madeAtNs: 0n,
      changedAtNs: this.#node.changedAtNs,
    });
  }

  sync(done: Done): void {
    this.#called('sync');
    const bytes = sizeOf(this.#node);
    const failed = failure(this.#view, 'fdatasync', this.#path);
    const { disk } = this.#view.kernel;
    answerLater(this.#view, failed, () => disk.synced(this.#node, Math.min(bytes, sizeOf(this.#node))), done);
  }

  syncNow(): Result<undefined, SysError> {
    this.#called('syncNow');
    const failed = failure(this.#view, 'fdatasync', this.#path);
    if (failed === undefined) this.#view.kernel.disk.synced(this.#node, sizeOf(this.#node));
    return failed ?? ok(undefined);
  }

  close(): void {
    this.#view.call('file.close');
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#view.descriptors.close(this.#descriptor);
  }

  #called(call: string): void {
    this.#view.call(`file.${call}`);
    if (this.#isClosed) throw new Misuse(`${call} of a file that is closed`);
  }
}

/** The part of `Sys.files` that reads and writes. A folder that is not there yet is for `ensureFolder`. */
export abstract class FakeStoredFiles implements StoredFiles {
  protected readonly view: View;

  constructor(view: View) {
    this.view = view;
  }

  openToAppend(path: string, mode: number): Result<AppendFile, SysError> {
    this.view.call('files.openToAppend');
    const { files, user, disk } = this.view.kernel;
    const failed = failure(this.view, 'open', path, 'open to append');
    if (failed !== undefined) return failed;
    if (files.node(path) === undefined && disk.room(path, 1) === 0) return err(sysError('ENOSPC', 'open'));
    const node = files.openToAppend(path, mode, user.uid);
    if (!node.ok) return err(sysError(node.error, 'open'));
    const descriptor = this.view.open('open', new PlainFile('file'));
    return descriptor.ok ? ok(new FakeAppendFile(this.view, node.value, path, descriptor.value)) : descriptor;
  }

  read(path: string, offsetBytes: number, lengthBytes: number): Result<Uint8Array, SysError> {
    this.view.call('files.read');
    const failed = failure(this.view, 'read', path);
    if (failed !== undefined) return failed;
    const node = this.#find(path, 'open');
    if (!node.ok) return node;
    const bytes = this.view.kernel.files.read(path) ?? new Uint8Array(0);
    return ok(Buffer.from(bytes.slice(offsetBytes, offsetBytes + lengthBytes)));
  }

  openToRead(path: string): ReturnType<Files['openToRead']> {
    this.view.call('files.openToRead');
    const failed = failure(this.view, 'open', path);
    if (failed !== undefined) return failed;
    const node = this.#find(path, 'open');
    if (!node.ok) return err(sysError(node.error.code === 'EISDIR' ? 'EINVAL' : node.error.code, 'open'));
    const descriptor = this.view.open('open', new PlainFile('file'));
    if (!descriptor.ok) return descriptor;
    return ok({ descriptor: descriptor.value, sizeBytes: sizeOf(node.value) });
  }

  list(folder: string): Result<readonly string[], SysError> {
    this.view.call('files.list');
    const failed = failure(this.view, 'readdir', folder);
    if (failed !== undefined) return failed;
    const node = this.view.kernel.files.node(folder);
    if (node?.kind !== 'folder') return err(sysError(node === undefined ? 'ENOENT' : 'ENOTDIR', 'readdir'));
    const paths = this.view.kernel.files.paths().filter((path) => path.startsWith(`${folder}/`));
    return ok(paths.map((path) => path.slice(folder.length + 1)).filter((name) => !name.includes('/')));
  }

  rename(from: string, to: string): Result<undefined, SysError> {
    this.view.call('files.rename');
    const { files, disk } = this.view.kernel;
    const code = this.view.fault('rename') ?? disk.trouble('rename', from) ?? disk.trouble('rename', to);
    const failed = code === undefined ? undefined : err(sysError(code, 'rename'));
    if (failed !== undefined) return failed;
    const node = this.#find(from, 'rename');
    if (!node.ok) return node;
    const reached = files.reach(to);
    if (!reached.ok) return err(sysError(reached.error, 'rename'));
    files.remove(from);
    files.put(to, node.value);
    return ok(undefined);
  }

  remove(path: string): Result<undefined, SysError> {
    this.view.call('files.remove');
    const { files, disk } = this.view.kernel;
    const failed = failure(this.view, 'unlink', path);
    if (failed !== undefined) return failed;
    if (files.node(path)?.kind === 'notices') {
      files.remove(path);
      return ok(undefined);
    }
    const node = this.#find(path, 'unlink');
    if (!node.ok) return node;
    files.freeBytes += sizeOf(node.value);
    disk.grown(path, -sizeOf(node.value));
    files.remove(path);
    return ok(undefined);
  }

  status(path: string): Result<FileStatus, SysError> {
    this.view.call('files.status');
    const failed = failure(this.view, 'stat', path);
    if (failed !== undefined) return failed;
    const node = this.view.kernel.files.node(path);
    if (node === undefined) return err(sysError('ENOENT', 'stat'));
    const isPlain = node.kind === 'file';
    return ok({
      isPlain,
      sizeBytes: isPlain ? sizeOf(node) : 0,
      device: 1n,
      inode: this.view.kernel.disk.inode(node),
      madeAtNs: 0n,
      changedAtNs: isPlain ? node.changedAtNs : 0n,
    });
  }

  syncFolder(folder: string, done: Done): void {
    this.view.call('files.syncFolder');
    const node = this.view.kernel.files.node(folder);
    const missing = node?.kind === 'folder' ? undefined : err(sysError('ENOENT', 'open'));
    answerLater(this.view, failure(this.view, 'fsync', folder) ?? missing, () => undefined, done);
  }

  #find(path: string, call: string): Result<PlainNode, SysError> {
    const node = this.view.kernel.files.node(path);
    if (node?.kind === 'file') return ok(node);
    return err(sysError(node === undefined ? 'ENOENT' : 'EISDIR', call));
  }
}
