import {
  ASK_ENTRY,
  ASK_QUIT,
  ASK_SIGNAL,
  ASK_SIGNAL_DONE,
  ASK_SPAWN,
  HELLO,
  MESSAGE,
  NAMED,
  TABLE,
  TREE_NUMBERS,
} from '../keeper-layout.ts';
import type { ProcessRef, SignalScope, SpawnLimits, SpawnOrder } from '../sys.ts';
import { cpuMaxOf } from './cpu-max.ts';
import { Words } from './words.ts';

const SCOPES: Readonly<Record<SignalScope, number>> = { main: 0, group: 1, tree: 2 };
const REPLACES = 1;
const BLOCK_ALIGNMENT = 8;
const NO_QUOTA = { quotaUs: 0, periodUs: 0 } as const;

/** Where a block stands behind a label. */
function blockAt(label: string): number {
  return Math.ceil((ASK_SPAWN.BYTES + label.length) / BLOCK_ALIGNMENT) * BLOCK_ALIGNMENT;
}

/** Whether a request with this label has room for a block of that size. */
export function holdsBlock(label: string, blockBytes: number): boolean {
  return blockAt(label) + blockBytes <= MESSAGE.REQUEST_MAX_BYTES;
}

/**
 * Writes requests as native/keeper/wire.h lays them out. All into one buffer: each call returns the
 * message, valid until the next. `id` and `epoch` are put in by `address`.
 */
export class MessageWriter {
  readonly #words = new Words(Buffer.alloc(MESSAGE.REQUEST_MAX_BYTES));

  hello(): Uint8Array {
    this.#begin(MESSAGE.ASK_HELLO, HELLO.BYTES);
    this.#words.put32(HELLO.tableVersion, TABLE.VERSION);
    return this.#message(HELLO.BYTES);
  }

  /**
   * The label in ASCII, 1 to 255 characters. With `block` inside, for which there must be room (`holdsBlock`);
   * without it the first descriptor is to be the block.
   */
  spawn(
    order: Pick<
      SpawnOrder,
      'generation' | 'label' | 'tags' | 'tree' | 'treeLimits' | 'outputPipe' | 'errorPipe'
    >,
    block?: Uint8Array,
  ): Uint8Array {
    const words = this.#words;
    this.#begin(MESSAGE.ASK_SPAWN, ASK_SPAWN.BYTES);
    words.put64(ASK_SPAWN.generation, order.generation);
    words.putBig(ASK_SPAWN.tags, order.tags?.[0] ?? 0n);
    words.putBig(ASK_SPAWN.tags + 8, order.tags?.[1] ?? 0n);
    words.putBig(ASK_SPAWN.outputDev, order.outputPipe?.device ?? 0n);
    words.putBig(ASK_SPAWN.outputIno, order.outputPipe?.inode ?? 0n);
    words.putBig(ASK_SPAWN.errorDev, order.errorPipe?.device ?? 0n);
    words.putBig(ASK_SPAWN.errorIno, order.errorPipe?.inode ?? 0n);
    words.put32(ASK_SPAWN.treeKind, TREE_NUMBERS[order.tree ?? 'any']);
    if (order.treeLimits !== undefined) this.#limits(order.treeLimits);
    if (block === undefined) return this.#named(ASK_SPAWN.BYTES, ASK_SPAWN.labelBytes, order.label);
    const at = blockAt(order.label);
    words.put32(ASK_SPAWN.labelBytes, order.label.length);
    words.put32(ASK_SPAWN.blockBytes, block.length);
    words.bytes.set(Buffer.from(order.label, 'latin1'), ASK_SPAWN.BYTES);
    words.bytes.set(block, at);
    return this.#message(at + block.length);
  }

  #limits({ isMust, memoryBytes = 0, cpuPercent, pids = 0 }: SpawnLimits): void {
    const { quotaUs, periodUs } = cpuPercent === undefined ? NO_QUOTA : cpuMaxOf(cpuPercent);
    const words = this.#words;
    words.put32(ASK_SPAWN.limitsMust, isMust ? 1 : 0);
    words.put64(ASK_SPAWN.memoryBytes, memoryBytes);
    words.put32(ASK_SPAWN.cpuQuotaUs, quotaUs);
    words.put32(ASK_SPAWN.cpuPeriodUs, periodUs);
    words.put64(ASK_SPAWN.pids, pids);
  }

  signal(ref: ProcessRef, signal: number, scope: SignalScope, wake: boolean): Uint8Array {
    this.#begin(MESSAGE.ASK_SIGNAL, ASK_SIGNAL.BYTES);
    this.#words.put64(ASK_SIGNAL.generation, ref.generation);
    this.#words.put32(ASK_SIGNAL.index, ref.index);
    this.#words.put32(ASK_SIGNAL.signal, signal);
    this.#words.put32(ASK_SIGNAL.scope, SCOPES[scope]);
    this.#words.put32(ASK_SIGNAL.wake, wake ? 1 : 0);
    return this.#message(ASK_SIGNAL.BYTES);
  }

  entry(type: typeof MESSAGE.ASK_KILL | typeof MESSAGE.ASK_FREE, ref: ProcessRef): Uint8Array {
    this.#begin(type, ASK_ENTRY.BYTES);
    this.#words.put64(ASK_ENTRY.generation, ref.generation);
    this.#words.put32(ASK_ENTRY.index, ref.index);
    return this.#message(ASK_ENTRY.BYTES);
  }

  /** The name in UTF-8, 1 to 320 bytes. */
  named(
    type: typeof MESSAGE.ASK_STORE | typeof MESSAGE.ASK_DROP,
    name: string,
    replace: boolean,
  ): Uint8Array {
    this.#begin(type, NAMED.BYTES);
    this.#words.put32(NAMED.flags, replace ? REPLACES : 0);
    return this.#named(NAMED.BYTES, NAMED.nameBytes, name);
  }

  bare(type: typeof MESSAGE.ASK_KEPT | typeof MESSAGE.ASK_READY | typeof MESSAGE.ASK_BEAT): Uint8Array {
    this.#begin(type, MESSAGE.HEAD_BYTES);
    return this.#message(MESSAGE.HEAD_BYTES);
  }

  signalDone(signal: number, count: number): Uint8Array {
    this.#begin(MESSAGE.ASK_SIGNAL_DONE, ASK_SIGNAL_DONE.BYTES);
    this.#words.put32(ASK_SIGNAL_DONE.signal, signal);
    this.#words.put64(ASK_SIGNAL_DONE.count, count);
    return this.#message(ASK_SIGNAL_DONE.BYTES);
  }

  quit(code: number): Uint8Array {
    this.#begin(MESSAGE.ASK_QUIT, ASK_QUIT.BYTES);
    this.#words.put32(ASK_QUIT.code, code);
    return this.#message(ASK_QUIT.BYTES);
  }

  /** Puts id and epoch into the message that was written last. */
  address(id: number, epoch: number): void {
    this.#words.put64(MESSAGE.id, id);
    this.#words.put64(MESSAGE.epoch, epoch);
  }

  #begin(type: number, fixedBytes: number): void {
    this.#words.bytes.fill(0, 0, fixedBytes);
    this.#words.put16(MESSAGE.version, MESSAGE.VERSION);
    this.#words.put16(MESSAGE.type, type);
  }

  #named(fixedBytes: number, lengthAt: number, name: string): Uint8Array {
    const bytes = Buffer.from(name);
    this.#words.put32(lengthAt, bytes.length);
    this.#words.bytes.set(bytes, fixedBytes);
    return this.#message(fixedBytes + bytes.length);
  }

  #message(bytes: number): Uint8Array {
    this.#words.put32(MESSAGE.bytes, bytes);
    return this.#words.bytes.subarray(0, bytes);
  }
}
