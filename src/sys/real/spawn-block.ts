import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { BLOCK } from '../keeper-layout.ts';
import type { SpawnOrder } from '../sys.ts';
import { Words } from './words.ts';

/** `RLIMIT_…` of getrlimit(2), in the order of their numbers on all but a few old architectures. */
const RESOURCES = [
  'cpu',
  'fsize',
  'data',
  'stack',
  'core',
  'rss',
  'nproc',
  'nofile',
  'memlock',
  'as',
  'locks',
  'sigpending',
  'msgqueue',
  'nice',
  'rtprio',
  'rttime',
];
const INFINITE = 0xffff_ffff_ffff_ffffn;
const WORD_BYTES = 8;
const LISTEN_PID = Buffer.from('LISTEN_PID=0000000000');
const LISTEN_PID_DIGITS = LISTEN_PID.indexOf('0');
/** What the encoder keeps between two orders. */
const KEPT_BYTES = 256 * 1024;

/** Why an order cannot be encoded: `EINVAL`, or `E2BIG` above 16 MiB. */
export type BlockFault = 'EINVAL' | 'E2BIG';

/** The part of an order that the child reads. */
export type BlockOrder = Omit<SpawnOrder, 'generation' | 'label' | 'tags' | 'tree'>;

/**
 * Lays orders out as `struct spawn_block` of native/keeper/wire.h: the head, the arrays, then the
 * strings. One buffer serves all orders.
 */
export class SpawnBlockEncoder {
  #words = new Words(Buffer.alloc(KEPT_BYTES));
  /** Where the next array or string begins. */
  #end = 0;

  /** The block; the bytes are valid until the next call. */
  encode(order: BlockOrder): Result<Uint8Array, BlockFault> {
    const env = order.listenPid === true ? [...order.env, LISTEN_PID] : order.env;
    if (!isWellFormed(order)) return err('EINVAL');
    const size = sizeOf(order, env);
    if (size > BLOCK.MAX_BYTES) return err('E2BIG');
    if (size > this.#words.bytes.length) this.#words = new Words(Buffer.alloc(size));
    this.#words.bytes.fill(0, 0, BLOCK.HEAD_BYTES);
    this.#end = BLOCK.HEAD_BYTES;
    this.#encode(order, env);
    const { bytes } = this.#words;
    if (bytes.length > KEPT_BYTES) this.#words = new Words(Buffer.alloc(KEPT_BYTES));
    return ok(bytes.subarray(0, size));
  }

  #encode(order: BlockOrder, env: readonly Uint8Array[]): void {
    const words = this.#words;
    words.put32(BLOCK.magic, BLOCK.MAGIC);
    const argvAt = this.#array(BLOCK.argvOffset, WORD_BYTES * (order.argv.length + 1));
    const envAt = this.#array(BLOCK.envOffset, WORD_BYTES * (env.length + 1));
    const pathsAt = this.#array(BLOCK.pathsOffset, WORD_BYTES * order.paths.length);
    this.#limits(order);
    this.#numbers(
      BLOCK.fdsOffset,
      BLOCK.fdc,
      order.descriptors.map((descriptor) => descriptor.to),
    );
    this.#numbers(BLOCK.groupsOffset, BLOCK.groupCount, order.user?.groups ?? []);
    this.#strings(BLOCK.argc, argvAt, order.argv);
    words.put64(argvAt + WORD_BYTES * order.argv.length, 0);
    this.#strings(BLOCK.envc, envAt, env);
    words.put64(envAt + WORD_BYTES * env.length, 0);
    if (order.listenPid === true)
      words.put64(BLOCK.listenPidOffset, this.#end - LISTEN_PID.length - 1 + LISTEN_PID_DIGITS);
    this.#strings(BLOCK.pathc, pathsAt, order.paths);
    if (order.cwd !== undefined) words.put64(BLOCK.cwdOffset, this.#string(order.cwd));
    if (order.tty !== undefined) words.put64(BLOCK.ttyOffset, this.#string(order.tty));
    words.put32(BLOCK.flags, flagsOf(order));
    words.put32(BLOCK.uid, order.user?.uid ?? 0);
    words.put32(BLOCK.gid, order.user?.gid ?? 0);
    words.put32(BLOCK.umask, order.umask ?? 0);
    words.put32(BLOCK.nice, order.nice ?? 0);
    words.put32(BLOCK.oomScoreAdjust, order.oomScoreAdjust ?? 0);
    // The keeper asks for a NUL at the very end, also of a block without strings at its end.
    words.bytes[this.#end] = 0;
    words.put64(BLOCK.bytes, this.#end + 1);
  }

  /** Room for an array, noted in the head. */
  #array(offsetAt: number, bytes: number): number {
    const at = this.#end;
    this.#words.put64(offsetAt, at);
    this.#end += bytes;
    return at;
  }

  #numbers(offsetAt: number, countAt: number, numbers: readonly number[]): void {
    let at = this.#array(offsetAt, 4 * numbers.length);
    this.#words.put32(countAt, numbers.length);
    for (const number of numbers) {
      this.#words.put32(at, number);
      at += 4;
    }
  }

  #limits({ limits = [] }: BlockOrder): void {
    let at = this.#array(BLOCK.rlimitsOffset, BLOCK.RLIMIT_BYTES * limits.length);
    this.#words.put32(BLOCK.rlimitCount, limits.length);
    for (const { resource, soft, hard } of limits) {
      this.#words.put32(at, RESOURCES.indexOf(resource));
      this.#words.put32(at + 4, 0);
      this.#words.putBig(at + 8, limitOf(soft));
      this.#words.putBig(at + 16, limitOf(hard));
      at += BLOCK.RLIMIT_BYTES;
    }
  }

  #strings(countAt: number, arrayAt: number, strings: readonly Uint8Array[]): void {
    this.#words.put32(countAt, strings.length);
    let at = arrayAt;
    for (const string of strings) {
      this.#words.put64(at, this.#string(string));
      at += WORD_BYTES;
    }
  }

  #string(string: Uint8Array): number {
    const at = this.#end;
    this.#words.bytes.set(string, at);
    this.#words.bytes[at + string.length] = 0;
    this.#end = at + string.length + 1;
    return at;
  }
}

function limitOf(value: number): bigint {
  return value === Infinity ? INFINITE : BigInt(value);
}

function isLimit(value: number): boolean {
  return value === Infinity || (Number.isSafeInteger(value) && value >= 0);
}

function isWithin(value: number | undefined, lowest: number, highest: number): boolean {
  return value === undefined || (Number.isInteger(value) && value >= lowest && value <= highest);
}

const HIGHEST_ID = 2 ** 32 - 1;

/** No NUL in any string, no number out of its range; numbers of descriptors once each. */
function isWellFormed(order: BlockOrder): boolean {
  const { argv, env, paths, cwd, tty, descriptors, user, limits = [] } = order;
  const numbers = new Set(descriptors.map((descriptor) => descriptor.to));
  const ids = user === undefined ? [] : [user.uid, user.gid, ...(user.groups ?? [])];
  return (
    argv.length > 0 &&
    paths.length > 0 &&
    [argv, env, paths].every((strings) => strings.every((string) => !string.includes(0))) &&
    cwd?.includes(0) !== true &&
    tty?.includes(0) !== true &&
    descriptors.length <= BLOCK.MAX_FDS &&
    numbers.size === descriptors.length &&
    descriptors.every(({ to }) => isWithin(to, 0, BLOCK.MAX_FD_NUMBER)) &&
    ids.every((id) => isWithin(id, 0, HIGHEST_ID)) &&
    isWithin(order.umask, 0, 0o777) &&
    isWithin(order.nice, -20, 19) &&
    isWithin(order.oomScoreAdjust, -1000, 1000) &&
    limits.every(({ resource, soft, hard }) => RESOURCES.includes(resource) && isLimit(soft) && isLimit(hard))
  );
}

function sizeOf(order: BlockOrder, env: readonly Uint8Array[]): number {
  const { argv, paths, cwd, tty, descriptors, user, limits } = order;
  let size = BLOCK.HEAD_BYTES + WORD_BYTES * (argv.length + 1 + env.length + 1 + paths.length) + 1;
  size += BLOCK.RLIMIT_BYTES * (limits?.length ?? 0) + 4 * (descriptors.length + (user?.groups?.length ?? 0));
  for (const string of argv) size += string.length + 1;
  for (const string of env) size += string.length + 1;
  for (const string of paths) size += string.length + 1;
  if (cwd !== undefined) size += cwd.length + 1;
  if (tty !== undefined) size += tty.length + 1;
  return size;
}

function flagsOf(order: BlockOrder): number {
  return (
    (order.session === false ? 0 : BLOCK.SESSION) |
    (order.user === undefined ? 0 : BLOCK.USER) |
    (order.user?.groups === undefined ? 0 : BLOCK.GROUPS) |
    (order.umask === undefined ? 0 : BLOCK.UMASK) |
    (order.nice === undefined ? 0 : BLOCK.NICE) |
    (order.oomScoreAdjust === undefined ? 0 : BLOCK.OOM) |
    (order.noNewPrivileges === true ? BLOCK.NO_NEW_PRIVS : 0) |
    (order.tty === undefined ? 0 : BLOCK.TTY) |
    (order.cwd === undefined ? 0 : BLOCK.CWD) |
    (order.listenPid === true ? BLOCK.LISTEN_PID : 0)
  );
}
