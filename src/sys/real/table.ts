import { errnoName } from '../../base/errno.ts';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import {
  ENTRY,
  EXIT_KIND,
  FACT_MINDER_LOST,
  RECORD,
  STATE_NUMBERS,
  TABLE,
  TREE_NUMBERS,
} from '../keeper-layout.ts';
import { NO_KILLS, type MemoryKills } from '../limits.ts';
import type {
  EntryState,
  PipeIdentity,
  ProcessEnd,
  ProcessEntry,
  ProcessRef,
  ResourceUsage,
} from '../sys.ts';
import { EXEC_STAGES } from '../sys.ts';
import { Words } from './words.ts';

const NS_PER_MS = 1e6;
const STATE_BITS = 8n;
const STATE_MASK = 0xffn;
/** A read that the keeper overtakes is begun anew; there are only so many states to overtake it with. */
const READS = 8;

const STATES: readonly (EntryState | undefined)[] = [undefined, 'starting', 'running', 'exited', 'empty'];

/** What holds a tree together: a cgroup by its folder, or a minder by its pid. */
export type TreePlace =
  { readonly kind: 'cgroup'; readonly folder: string } | { readonly kind: 'minder'; readonly pid: number };

/** A state word: the generation above, the state in the low byte. */
export function splitStateWord(word: bigint): { generation: number; state: EntryState | undefined } {
  return { generation: Number(word >> STATE_BITS), state: STATES[Number(word & STATE_MASK)] };
}

/**
 * The keeper's table, mapped. The keeper and the minders write it while it is read: a state word is
 * loaded before and after what belongs to it, and only what lies between two equal ones counts.
 */
export class RealTable {
  readonly #bytes: Buffer;
  readonly #words: Words;
  readonly #atomic: BigUint64Array;
  readonly #atomic32: Uint32Array;
  readonly #entries: number;
  readonly #labels: number;
  readonly #ring: number;
  #root = '';

  private constructor(memory: ArrayBuffer) {
    this.#bytes = Buffer.from(memory);
    this.#words = new Words(this.#bytes);
    this.#atomic = new BigUint64Array(memory);
    this.#atomic32 = new Uint32Array(memory);
    this.#entries = this.#words.u64(TABLE.entriesOffset);
    this.#labels = this.#words.u64(TABLE.labelsOffset);
    this.#ring = this.#words.u64(TABLE.ringOffset);
  }

  /** The table in this mapping, or what is wrong with it. */
  static over(memory: ArrayBuffer): Result<RealTable, string> {
    const words = new Words(new Uint8Array(memory));
    if (memory.byteLength < TABLE.ringNext + 8) return err('the table is too short');
    const magic = Buffer.from(memory, TABLE.magic, TABLE.MAGIC.length).toString('latin1');
    if (magic !== TABLE.MAGIC) return err('the table does not begin as one');
    const fits =
      words.u32(TABLE.version) === TABLE.VERSION &&
      words.u32(TABLE.entryBytes) === ENTRY.BYTES &&
      words.u32(TABLE.entryCount) === TABLE.ENTRIES &&
      words.u32(TABLE.labelBytes) === TABLE.LABEL_BYTES &&
      words.u32(TABLE.ringCount) === TABLE.RING &&
      words.u32(TABLE.ringBytes) === RECORD.BYTES &&
      words.u64(TABLE.fileBytes) === memory.byteLength;
    return fits ? ok(new RealTable(memory)) : err('the table is of another version');
  }

  lastGeneration(): number {
    return Number(Atomics.load(this.#atomic, TABLE.lastGeneration / 8));
  }

  /** The keeper that has it. */
  keeperPid(): number {
    return Atomics.load(this.#atomic32, TABLE.keeperPid / 4);
  }

  /** The entry if it is of this generation. */
  entry(ref: ProcessRef): ProcessEntry | undefined {
    const entry = this.#read(ref.index);
    return entry?.generation === ref.generation ? entry : undefined;
  }

  /** What the kernel had killed of it for want of memory when its end was noted, in this state. */
  memoryKills(ref: ProcessRef): MemoryKills {
    const at = this.#at(ref.index);
    const processes = this.#words.u32(at + ENTRY.memoryKills);
    const isOwnLimit = this.#words.u32(at + ENTRY.memoryOoms) > 0;
    return processes === 0 || this.stateOf(ref) === undefined ? NO_KILLS : { processes, isOwnLimit };
  }

  /** The state of this spawn; undefined where there is none. For what happens too often to read the whole entry. */
  stateOf(ref: ProcessRef): EntryState | undefined {
    const word = Atomics.load(this.#atomic, (this.#at(ref.index) + ENTRY.stateWord) / 8);
    const { generation, state } = splitStateWord(word);
    return generation === ref.generation ? state : undefined;
  }

  /** Where the processes of a spawn are to be found, while it is not over. */
  treePlace(ref: ProcessRef): TreePlace | undefined {
    const at = this.#at(ref.index);
    const slot = (at + ENTRY.stateWord) / 8;
    for (let read = 0; read < READS; read++) {
      const word = Atomics.load(this.#atomic, slot);
      const { generation, state } = splitStateWord(word);
      if (state === undefined || state === 'empty' || generation !== ref.generation) return undefined;
      const isMinder = this.#words.u32(at + ENTRY.treeKind) === TREE_NUMBERS.minder;
      const pid = this.#words.u32(at + ENTRY.minderPid);
      if (Atomics.load(this.#atomic, slot) !== word) continue;
      if (isMinder) return pid === 0 ? undefined : { kind: 'minder', pid };
      return { kind: 'cgroup', folder: `${this.cgroupRoot()}/${ref.generation}` };
    }
    return undefined;
  }

  /** The folder below which trees are made as cgroups; empty where there is none. It is written once, before anybody has a generation below it. */
  cgroupRoot(): string {
    if (this.#root === '') this.#root = this.#text(TABLE.cgroupRoot, TABLE.CGROUP_ROOT_BYTES);
    return this.#root;
  }

  /** All that are published and not freed, by index. */
  entries(): ProcessEntry[] {
    const used = Math.min(Atomics.load(this.#atomic32, TABLE.entriesUsed / 4), TABLE.ENTRIES);
    const found: ProcessEntry[] = [];
    for (let index = 0; index < used; index++) {
      const entry = this.#read(index);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  /** Archond's own word. Of a spawn that was given back there is nothing to note any more. */
  acknowledge(ref: ProcessRef, state: EntryState): void {
    const at = this.#at(ref.index);
    const generation = Atomics.load(this.#atomic, (at + ENTRY.stateWord) / 8) >> STATE_BITS;
    if (generation !== BigInt(ref.generation)) return;
    const word = (generation << STATE_BITS) | BigInt(STATE_NUMBERS[state]);
    Atomics.store(this.#atomic, (at + ENTRY.ackWord) / 8, word);
  }

  /** The latest end of an orphan with this pid that the ring still has. */
  orphanEnd(pid: number): { readonly end: ProcessEnd; readonly endedAtMs: number } | undefined {
    const next = Number(Atomics.load(this.#atomic, TABLE.ringNext / 8));
    for (let sequence = next - 1; sequence >= Math.max(1, next - TABLE.RING); sequence--) {
      const at = this.#ring + (sequence % TABLE.RING) * RECORD.BYTES;
      const slot = (at + RECORD.sequence) / 8;
      if (Atomics.load(this.#atomic, slot) !== BigInt(sequence) || this.#words.u32(at + RECORD.pid) !== pid)
        continue;
      const end = this.#end(this.#words.u32(at + RECORD.exitKind), this.#words.u32(at + RECORD.exitStatus));
      const endedAtMs = this.#words.u64(at + RECORD.endedNs) / NS_PER_MS;
      if (Atomics.load(this.#atomic, slot) === BigInt(sequence)) return { end, endedAtMs };
    }
    return undefined;
  }

  #at(index: number): number {
    return this.#entries + index * ENTRY.BYTES;
  }

  #read(index: number): ProcessEntry | undefined {
    const slot = (this.#at(index) + ENTRY.stateWord) / 8;
    for (let read = 0; read < READS; read++) {
      const word = Atomics.load(this.#atomic, slot);
      const { generation, state } = splitStateWord(word);
      if (state === undefined) return undefined;
      const entry = this.#copy(index, generation, state);
      if (Atomics.load(this.#atomic, slot) === word) return entry;
    }
    return undefined;
  }

  #copy(index: number, generation: number, state: EntryState): ProcessEntry {
    const at = this.#at(index);
    const words = this.#words;
    const acknowledged = splitStateWord(Atomics.load(this.#atomic, (at + ENTRY.ackWord) / 8));
    const entry: { -readonly [K in keyof ProcessEntry]: ProcessEntry[K] } = {
      index,
      generation,
      label: this.#label(index),
      state,
      acknowledged: acknowledged.generation === generation ? acknowledged.state : undefined,
      pid: words.u32(at + ENTRY.pid),
      startTicks: words.u64(at + ENTRY.startTicks),
      startedAtMs: words.u64(at + ENTRY.startedNs) / NS_PER_MS,
      tree: words.u32(at + ENTRY.treeKind) === TREE_NUMBERS.minder ? 'minder' : 'cgroup',
      minderLost: (words.u32(at + ENTRY.facts) & FACT_MINDER_LOST) !== 0,
      tags: [words.big(at + ENTRY.tags), words.big(at + ENTRY.tags + 8)],
    };
    const output = this.#pipe(at + ENTRY.outputDev, at + ENTRY.outputIno);
    if (output !== undefined) entry.outputPipe = output;
    const error = this.#pipe(at + ENTRY.errorDev, at + ENTRY.errorIno);
    if (error !== undefined) entry.errorPipe = error;
    if (state !== 'exited' && state !== 'empty') return entry;
    entry.end = this.#entryEnd(at);
    entry.endedAtMs = words.u64(at + ENTRY.endedNs) / NS_PER_MS;
    /* A process that the keeper did not reap itself has told nobody what it used: nobody used no memory at all. */
    if (words.u64(at + ENTRY.maxrssKib) > 0) entry.usage = this.#usage(at);
    return entry;
  }

  #pipe(deviceAt: number, inodeAt: number): PipeIdentity | undefined {
    const inode = this.#words.big(inodeAt);
    return inode === 0n ? undefined : { device: this.#words.big(deviceAt), inode };
  }

  #label(index: number): string {
    return this.#text(this.#labels + index * TABLE.LABEL_BYTES, TABLE.LABEL_BYTES);
  }

  /** The text that stands there, up to its NUL. */
  #text(at: number, mostBytes: number): string {
    const end = this.#bytes.indexOf(0, at);
    return this.#bytes.toString('latin1', at, Math.min(end < 0 ? Infinity : end, at + mostBytes));
  }

  #entryEnd(at: number): ProcessEnd {
    const stage = EXEC_STAGES[this.#words.u32(at + ENTRY.execStage) - 1];
    if (stage === undefined) {
      return this.#end(this.#words.u32(at + ENTRY.exitKind), this.#words.u32(at + ENTRY.exitStatus));
    }
    const errno = this.#words.u32(at + ENTRY.execErrno);
    return { kind: 'not-executed', stage, errno, code: errnoName(errno) };
  }

  #end(kind: number, status: number): ProcessEnd {
    if (kind === EXIT_KIND.exited) return { kind: 'exited', code: status };
    if (kind === EXIT_KIND.killed || kind === EXIT_KIND.dumped) {
      return { kind: 'signalled', signal: status, core: kind === EXIT_KIND.dumped };
    }
    return { kind: 'unknown' };
  }

  #usage(at: number): ResourceUsage {
    const words = this.#words;
    return {
      userUs: words.u64(at + ENTRY.utimeUs),
      systemUs: words.u64(at + ENTRY.stimeUs),
      maxRssKib: words.u64(at + ENTRY.maxrssKib),
      minorFaults: words.u64(at + ENTRY.minflt),
      majorFaults: words.u64(at + ENTRY.majflt),
      blocksIn: words.u64(at + ENTRY.inblock),
      blocksOut: words.u64(at + ENTRY.oublock),
      voluntarySwitches: words.u64(at + ENTRY.nvcsw),
      involuntarySwitches: words.u64(at + ENTRY.nivcsw),
    };
  }
}
