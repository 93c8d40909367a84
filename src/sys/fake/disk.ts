import type { Cancel } from '../sys.ts';
import { errnoOf } from './errno.ts';
import type { FileTree, Node } from './file-tree.ts';
import { Misuse } from './misuse.ts';

/** A plain file of the tree. */
export type PlainNode = Extract<Node, { readonly kind: 'file' }>;

/** The calls of the kernel that `Disk` can make fail. */
export type DiskCall =
  | 'open'
  | 'write'
  | 'ftruncate'
  | 'fdatasync'
  | 'fsync'
  | 'read'
  | 'readdir'
  | 'rename'
  | 'unlink'
  | 'stat'
  | 'mkdir';

/** What cannot be done on a file system that is mounted read-only. */
const CHANGES: readonly DiskCall[] = ['open', 'write', 'ftruncate', 'rename', 'unlink', 'mkdir'];

interface Trouble {
  readonly folder: string;
  readonly code: string;
  readonly calls: readonly DiskCall[] | undefined;
}

interface Room {
  readonly folder: string;
  bytes: number;
}

function covers(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/**
 * Bad luck with disks, each of which is a folder and all below it: errors, an end of the room, a death in
 * the middle of a write, a loss of power. Unlike `Control.failNext` it lasts until it is taken back.
 */
export class FakeDisk {
  /** How long fdatasync(2) and fsync(2) take that nothing waits for. Default 0. */
  syncMs = 0;
  readonly #files: FileTree;
  readonly #troubles = new Set<Trouble>();
  readonly #rooms = new Set<Room>();
  /** How much of each file outlives a loss of power; nothing of one that is not in it. */
  readonly #synced = new WeakMap<PlainNode, number>();
  readonly #inodes = new WeakMap<Node, bigint>();
  #lastInode = 0n;
  #cut: { readonly folder: string; readonly bytes: number; readonly then: () => void } | undefined;

  constructor(files: FileTree) {
    this.#files = files;
  }

  /** Lets these calls (default: all) fail for what is in the folder, until the returned function is called. */
  fail(folder: string, code: string, calls?: readonly DiskCall[]): Cancel {
    errnoOf(code);
    const trouble = { folder, code, calls };
    this.#troubles.add(trouble);
    return () => {
      this.#troubles.delete(trouble);
    };
  }

  /** Nothing in the folder can be changed (`EROFS`), until the returned function is called. */
  makeReadOnly(folder: string): Cancel {
    return this.fail(folder, 'EROFS', CHANGES);
  }

  /** What is in the folder may grow by so many bytes, and nothing new be made when they are used up (`ENOSPC`); until the returned function is called. */
  limit(folder: string, bytes: number): Cancel {
    const room = { folder, bytes };
    this.#rooms.add(room);
    return () => {
      this.#rooms.delete(room);
    };
  }

  /** The next write in the folder takes so many bytes (all, if it has fewer), then `then` is called: to kill archond in the middle. */
  cutNextWrite(folder: string, bytes: number, then: () => void): void {
    this.#cut = { folder, bytes, then };
  }

  /**
   * What a loss of power does to the files in the folder: of each, `kept` bytes are left, between what was synced and what
   * it had. Names are as they were. Nobody may have the files open.
   */
  losePower(folder: string, kept: (syncedBytes: number, sizeBytes: number, path: string) => number): void {
    for (const path of this.#files.paths()) {
      const node = this.#files.node(path);
      if (node?.kind !== 'file' || !covers(folder, path)) continue;
      const bytes = this.#files.read(path) ?? new Uint8Array(0);
      const synced = Math.min(this.#synced.get(node) ?? 0, bytes.length);
      const left = kept(synced, bytes.length, path);
      if (left < synced || left > bytes.length)
        throw new Misuse(`a loss of power cannot leave ${left} bytes`);
      node.chunks = [bytes.slice(0, left)];
      this.#synced.set(node, left);
    }
  }

  /** Replaces what a file holds behind archond's back. */
  overwrite(path: string, bytes: Uint8Array): void {
    const node = this.#files.node(path);
    if (node?.kind !== 'file') throw new Misuse(`there is no file ${path}`);
    node.chunks = [new Uint8Array(bytes)];
  }

  // ---- for the calls themselves ----------------------------------------------------------------

  /** The errno with which this call fails now, if it does. */
  trouble(call: DiskCall, path: string): string | undefined {
    for (const { folder, code, calls } of this.#troubles) {
      if (covers(folder, path) && calls?.includes(call) !== false) return code;
    }
    return undefined;
  }

  /** How many of so many bytes the file may grow by. */
  room(path: string, bytes: number): number {
    let room = Math.min(bytes, this.#files.freeBytes);
    for (const { folder, bytes: left } of this.#rooms) if (covers(folder, path)) room = Math.min(room, left);
    return room;
  }

  /** Takes note that a file has grown, or become smaller. */
  grown(path: string, bytes: number): void {
    for (const room of this.#rooms) if (covers(room.folder, path)) room.bytes -= bytes;
  }

  /** Where this write is to be cut, if it is. */
  takeCut(path: string): { readonly bytes: number; readonly then: () => void } | undefined {
    const cut = this.#cut;
    if (cut === undefined || !covers(cut.folder, path)) return undefined;
    this.#cut = undefined;
    return cut;
  }

  /** So much of the file will outlive a loss of power. */
  synced(node: PlainNode, bytes: number): void {
    this.#synced.set(node, Math.max(bytes, this.#synced.get(node) ?? 0));
  }

  /** A file that was cut short has lost what stood behind, durable or not. */
  truncated(node: PlainNode, bytes: number): void {
    this.#synced.set(node, Math.min(bytes, this.#synced.get(node) ?? 0));
  }

  inode(node: Node): bigint {
    const inode = this.#inodes.get(node) ?? ++this.#lastInode;
    this.#inodes.set(node, inode);
    return inode;
  }
}
