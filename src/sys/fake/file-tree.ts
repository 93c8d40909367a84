import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { NoticeSocket } from './notices.ts';
import type { ListeningSocket } from './stream-socket.ts';

interface Folder {
  readonly kind: 'folder';
  readonly mode: number;
  readonly uid: number;
}

interface PlainNode {
  readonly kind: 'file';
  readonly mode: number;
  readonly uid: number;
  chunks: Uint8Array[];
  /** When it was written to last, nanoseconds since 1970. */
  changedAtNs: bigint;
}

interface SocketNode {
  readonly kind: 'socket';
  readonly mode: number;
  readonly uid: number;
  readonly listening: ListeningSocket;
}

interface NoticeNode {
  readonly kind: 'notices';
  readonly mode: number;
  readonly uid: number;
  readonly socket: NoticeSocket;
}

interface TerminalNode {
  readonly kind: 'terminal';
  readonly mode: number;
  readonly uid: number;
}

/** What stands at a path. */
export type Node = Folder | PlainNode | SocketNode | NoticeNode | TerminalNode;

/** Paths are keys: bytes as Latin-1, so that each byte string has one text. Neither `.` nor links exist here. */
export function pathKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The folder above a path. */
export function above(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** The files of the fake: absolute paths, folders with owner and mode, files that grow at their end. */
export class FileTree {
  readonly #nodes = new Map<string, Node>();
  /** Bytes that the disk still takes; `Infinity` at first. */
  freeBytes = Number.POSITIVE_INFINITY;

  constructor() {
    for (const path of ['/', '/dev', '/run', '/tmp', '/var']) {
      this.#nodes.set(path, { kind: 'folder', mode: path === '/tmp' ? 0o1777 : 0o755, uid: 0 });
    }
  }

  /** What stands at this path. */
  node(path: string): Node | undefined {
    return this.#nodes.get(path);
  }

  put(path: string, node: Node): void {
    this.#nodes.set(path, node);
  }

  remove(path: string): void {
    this.#nodes.delete(path);
  }

  /** Makes the folder and those above it that are missing; `ENOTDIR` where a file is in the way. */
  makeFolders(path: string, mode: number, uid: number): Result<undefined, string> {
    const node = this.#nodes.get(path);
    if (node !== undefined) return node.kind === 'folder' ? ok(undefined) : err('ENOTDIR');
    const made = this.makeFolders(above(path), mode, uid);
    if (made.ok) this.#nodes.set(path, { kind: 'folder', mode, uid });
    return made;
  }

  /** May something be made or found at this path? */
  reach(path: string): Result<undefined, string> {
    const folder = this.#nodes.get(above(path));
    if (folder === undefined) return err('ENOENT');
    return folder.kind === 'folder' ? ok(undefined) : err('ENOTDIR');
  }

  /** The file at this path, made where it is missing, to write at its end. */
  openToAppend(path: string, mode: number, uid: number): Result<PlainNode, string> {
    const node = this.#nodes.get(path);
    if (node?.kind === 'file') return ok(node);
    if (node !== undefined) return err(node.kind === 'folder' ? 'EISDIR' : 'ENXIO');
    const reached = this.reach(path);
    if (!reached.ok) return reached;
    const made: PlainNode = { kind: 'file', mode, uid, chunks: [], changedAtNs: 0n };
    this.#nodes.set(path, made);
    return ok(made);
  }

  /** Writes at the end of the file; there must be room (`freeBytes`). */
  append(file: PlainNode, bytes: Uint8Array, nowNs: bigint): void {
    file.changedAtNs = nowNs;
    this.freeBytes -= bytes.length;
    file.chunks.push(bytes);
  }

  /** What the file holds; `undefined` where there is none. */
  read(path: string): Uint8Array | undefined {
    const node = this.#nodes.get(path);
    if (node?.kind !== 'file') return undefined;
    if (node.chunks.length !== 1) node.chunks = [Buffer.concat(node.chunks)];
    return node.chunks[0];
  }

  /** Paths of all that there is, sorted. */
  paths(): readonly string[] {
    return [...this.#nodes.keys()].sort();
  }
}
