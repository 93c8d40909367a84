import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import {
  DONE,
  EXIT_KIND,
  KNOWS_LIMITS,
  MESSAGE,
  NAMED,
  SPAWNED,
  TELL_ORPHAN,
  TELL_PROCESS,
  TELL_SIGNAL,
  TREE_NUMBERS,
  WELCOME,
} from '../keeper-layout.ts';
import type { MemoryKills, TreesPlace } from '../limits.ts';
import { native } from '../native.ts';
import type {
  Answer,
  Consumptions,
  Descriptor,
  EndBefore,
  EntryState,
  Keeper,
  KeeperListener,
  ProcessEnd,
  ProcessEntry,
  ProcessRef,
  Refusal,
  SignalScope,
  Spawned,
  SpawnOrder,
  TreeMember,
  Welcome,
} from '../sys.ts';
import { Channel, ownRefusal, type Told } from './channel.ts';
import { consumptionOfTrees } from './consumption.ts';
import { holdsBlock, MessageWriter } from './messages.ts';
import { nativeError } from './native-error.ts';
import { SpawnBlockEncoder } from './spawn-block.ts';
import { RealTable, splitStateWord, type TreePlace } from './table.ts';
import { treeMembers } from './tree-members.ts';
import type { Words } from './words.ts';

const NS_PER_MS = 1e6;
/** Limits from here on mean that there is none (RLIM_INFINITY is the highest number of 64 bits). */
const NO_LIMIT = 2 ** 63;
const LABEL = /^[\x20-\x7e]{1,255}$/;
const HIGHEST_GENERATION = Number.MAX_SAFE_INTEGER;

/** One descriptor that the keeper keeps. */
interface Kept {
  readonly name: string;
  readonly descriptor: Descriptor;
}

/** `Sys.keeper` over the inherited channel and the mapped table. */
export class RealKeeper implements Keeper {
  readonly #channel: Channel;
  readonly #writer = new MessageWriter();
  readonly #blocks = new SpawnBlockEncoder();
  readonly #address = (id: number, epoch: number): void => this.#writer.address(id, epoch);
  #listener: KeeperListener | undefined;
  #table: RealTable | undefined;
  #keeperPid = 0;
  #treesPlace: TreesPlace = { kind: 'unknown' };
  /** The soft limit of descriptors that children get; 0 before the welcome. */
  childLimit = 0;
  /** What is deposited with the keeper, by name: this process has each descriptor too. */
  readonly deposited = new Map<string, Descriptor>();

  /** Takes the channel's descriptor over. Throws where it is no seqpacket socket. */
  constructor(descriptor: Descriptor) {
    this.#channel = Channel.open(descriptor, {
      told: (told) => this.#told(told),
      gone: () => this.#listener?.gone(),
    });
  }

  listen(listener: KeeperListener): void {
    if (this.#listener !== undefined) throw new Error('the keeper has a listener already');
    this.#listener = listener;
  }

  hello(done: Answer<Welcome>): void {
    if (this.#listener === undefined) throw new Error('hello without a listener');
    this.#ask(this.#writer.hello(), [], (told) => this.#welcome(told), done);
  }

  lastGeneration(): number {
    return this.#mapped().lastGeneration();
  }

  spawn(order: SpawnOrder, done: Answer<Spawned>): void {
    const isGeneration =
      Number.isInteger(order.generation) && order.generation > 0 && order.generation <= HIGHEST_GENERATION;
    const block = isGeneration && LABEL.test(order.label) ? this.#blocks.encode(order) : err('EINVAL');
    if (!block.ok) {
      this.#channel.refuse(done, ownRefusal(block.error, 'request'));
      return;
    }
    const descriptors = order.descriptors.map((descriptor) => descriptor.from);
    if (holdsBlock(order.label, block.value.length))
      this.#ask(this.#writer.spawn(order, block.value), descriptors, spawned, done);
    else this.#spawnByMemfd(order, block.value, descriptors, done);
  }

  /** What the message cannot hold is lent in a descriptor of its own. */
  #spawnByMemfd(
    order: SpawnOrder,
    block: Uint8Array,
    descriptors: readonly Descriptor[],
    done: Answer<Spawned>,
  ): void {
    const memory = native.sealedMemfd(block, block.length);
    const error = nativeError(memory);
    if (error !== undefined) {
      this.#channel.refuse(done, { code: error.code, errno: error.errno, stage: 'request' });
      return;
    }
    try {
      this.#ask(this.#writer.spawn(order), [memory, ...descriptors], spawned, done);
    } finally {
      native.closeDescriptor(memory);
    }
  }

  signal(ref: ProcessRef, signal: number, scope: SignalScope, done: Answer<number>): void {
    this.#ask(this.#writer.signal(ref, signal, scope, false), [], value, done);
  }

  signalAndWake(ref: ProcessRef, signal: number, scope: SignalScope, done: Answer<number>): void {
    this.#ask(this.#writer.signal(ref, signal, scope, true), [], value, done);
  }

  kill(ref: ProcessRef, done: Answer<number>): void {
    this.#ask(this.#writer.entry(MESSAGE.ASK_KILL, ref), [], value, done);
  }

  entries(): readonly ProcessEntry[] {
    return this.#mapped().entries();
  }

  entry(ref: ProcessRef): ProcessEntry | undefined {
    return this.#mapped().entry(ref);
  }

  members(ref: ProcessRef, done: (members: readonly TreeMember[]) => void): void {
    void treeMembers(this.#mapped().treePlace(ref)).then(done);
  }

  consumption(refs: readonly ProcessRef[], done: (read: Consumptions) => void): void {
    const table = this.#mapped();
    consumptionOfTrees(
      refs.map((ref) => table.treePlace(ref)),
      done,
    );
  }

  /** Where its trees are made. */
  get treesPlace(): TreesPlace {
    return this.#treesPlace;
  }

  treePlace(ref: ProcessRef): TreePlace | undefined {
    return this.#mapped().treePlace(ref);
  }

  /** Nothing of it is left, or it is unknown. */
  isOver(ref: ProcessRef): boolean {
    const state = this.#mapped().stateOf(ref);
    return state === undefined || state === 'empty';
  }

  /** See `RealTable.memoryKills`. */
  memoryKills(ref: ProcessRef): MemoryKills {
    return this.#mapped().memoryKills(ref);
  }

  acknowledge(ref: ProcessRef, state: EntryState): void {
    this.#mapped().acknowledge(ref, state);
  }

  free(ref: ProcessRef, done: Answer<number>): void {
    this.#ask(this.#writer.entry(MESSAGE.ASK_FREE, ref), [], value, done);
  }

  store(name: string, descriptor: Descriptor, replace: boolean, done: Answer<number>): void {
    if (!isName(name)) {
      this.#channel.refuse(done, ownRefusal('EINVAL'));
      return;
    }
    this.deposited.set(name, descriptor);
    this.#ask(this.#writer.named(MESSAGE.ASK_STORE, name, replace), [descriptor], value, (answer) => {
      if (!answer.ok && this.deposited.get(name) === descriptor) this.deposited.delete(name);
      done(answer);
    });
  }

  drop(name: string, done: Answer<number>): void {
    this.deposited.delete(name);
    if (!isName(name)) this.#channel.refuse(done, ownRefusal('EINVAL'));
    else this.#ask(this.#writer.named(MESSAGE.ASK_DROP, name, false), [], value, done);
  }

  kept(done: Answer<readonly Kept[]>): void {
    const list: Kept[] = [];
    let isWhole = true;
    const take = (told: Told): Result<readonly Kept[], Refusal> | undefined => {
      if (told.type !== MESSAGE.TELL_KEPT) return isWhole ? ok(list) : err(ownRefusal('EMFILE'));
      const descriptor = told.takeDescriptor();
      // The kernel drops a descriptor where there is no number for it; nobody may take it for not kept.
      if (descriptor === undefined) isWhole = false;
      else list.push({ name: nameIn(told), descriptor });
      return undefined;
    };
    this.#ask(this.#writer.bare(MESSAGE.ASK_KEPT), [], take, (answer) => {
      // Nobody gets a part of it.
      if (!answer.ok) for (const { descriptor } of list) native.closeDescriptor(descriptor);
      else for (const { name, descriptor } of list) this.deposited.set(name, descriptor);
      done(answer);
    });
  }

  ready(done: Answer<number>): void {
    this.#ask(this.#writer.bare(MESSAGE.ASK_READY), [], value, done);
  }

  beat(): void {
    this.#ask(this.#writer.bare(MESSAGE.ASK_BEAT), [], value, () => undefined);
  }

  signalNoted(signal: number, count: number): void {
    this.#ask(this.#writer.signalDone(signal, count), [], value, () => undefined);
  }

  orphanEnd(pid: number): { readonly end: ProcessEnd; readonly endedAtMs: number } | undefined {
    return this.#mapped().orphanEnd(pid);
  }

  quit(code: number, done: Answer<number>): void {
    this.#ask(this.#writer.quit(code), [], value, done);
  }

  /** Another keeper has taken the table over. */
  hasSuccessor(): boolean {
    return this.#table !== undefined && this.#table.keeperPid() !== this.#keeperPid;
  }

  /** Closes the channel; nobody is told. The table stays readable. */
  close(): void {
    this.#channel.close();
  }

  #ask<T>(
    message: Uint8Array,
    descriptors: readonly Descriptor[],
    take: (told: Told) => Result<T, Refusal> | undefined,
    done: Answer<T>,
  ): void {
    this.#channel.ask(message, this.#address, descriptors, take, done);
  }

  #mapped(): RealTable {
    if (this.#table === undefined) throw new Error('the keeper has not said welcome yet');
    return this.#table;
  }

  #welcome(told: Told): Result<Welcome, Refusal> {
    const { words, at } = told;
    const descriptor = told.takeDescriptor();
    if (told.type !== MESSAGE.TELL_WELCOME || descriptor === undefined) return err(ownRefusal('EPROTO'));
    const memory = native.mapShared(descriptor);
    native.closeDescriptor(descriptor);
    if (typeof memory === 'number') {
      const error = nativeError(memory);
      return err({ code: error?.code ?? 'EPROTO', errno: error?.errno ?? 0, stage: undefined });
    }
    const table = RealTable.over(memory);
    if (!table.ok) return err(ownRefusal('EPROTONOSUPPORT'));
    this.#table = table.value;
    this.#keeperPid = words.u32(at + WELCOME.keeperPid);
    this.childLimit = limitOf(words.u64(at + WELCOME.nofileSoft));
    this.#channel.epoch = words.u64(at + MESSAGE.epoch);
    const tree = words.u32(at + WELCOME.treeKind) === TREE_NUMBERS.minder ? 'minder' : 'cgroup';
    this.#treesPlace = treesPlace(tree, words.u32(at + MESSAGE.reserved), table.value.cgroupRoot());
    return ok({
      tree,
      keeperPid: words.u32(at + WELCOME.keeperPid),
      epoch: this.#channel.epoch,
      descriptorLimit: {
        soft: limitOf(words.u64(at + WELCOME.nofileSoft)),
        hard: limitOf(words.u64(at + WELCOME.nofileHard)),
      },
      before: endBefore(words, at),
      isToSetAside: words.u32(at + WELCOME.setAside) === 1,
    });
  }

  #told({ type, words, at }: Told): void {
    if (type === MESSAGE.TELL_PROCESS) {
      const { generation, state } = splitStateWord(words.big(at + TELL_PROCESS.stateWord));
      if (state !== undefined)
        this.#listener?.changed({ index: words.u32(at + TELL_PROCESS.index), generation }, state);
    } else if (type === MESSAGE.TELL_ORPHAN) {
      this.#listener?.orphaned(words.u64(at + TELL_ORPHAN.ringNext));
    } else if (type === MESSAGE.TELL_SIGNAL) {
      this.#listener?.signalled(words.u32(at + TELL_SIGNAL.signal), words.u64(at + TELL_SIGNAL.count));
    }
  }
}

/** The value of TELL_DONE; any other answer is not one to what was asked. */
function value({ type, words, at }: Told): Result<number, Refusal> {
  if (type !== MESSAGE.TELL_DONE) return err(ownRefusal('EPROTO'));
  return ok(words.u64(at + DONE.value));
}

function spawned({ type, words, at }: Told): Result<Spawned, Refusal> {
  if (type !== MESSAGE.TELL_SPAWNED) return err(ownRefusal('EPROTO'));
  return ok({
    index: words.u32(at + SPAWNED.index),
    generation: words.u64(at + SPAWNED.generation),
    pid: words.u32(at + SPAWNED.pid),
    startTicks: words.u64(at + SPAWNED.startTicks),
    startedAtMs: words.u64(at + SPAWNED.startedNs) / NS_PER_MS,
  });
}

/** @param knows bits of what the keeper does */
function treesPlace(tree: Welcome['tree'], knows: number, folder: string): TreesPlace {
  if (tree === 'minder') return { kind: 'minders' };
  return (knows & KNOWS_LIMITS) === 0 ? { kind: 'unlimited' } : { kind: 'below', folder };
}

/** How the archond before ended. */
function endBefore(words: Words, at: number): EndBefore | undefined {
  const kind = words.u32(at + WELCOME.endedKind);
  const status = words.u32(at + WELCOME.endedStatus);
  if (kind === 0) return undefined;
  if (words.u32(at + WELCOME.silent) === 1) return { kind: 'silent' };
  if (kind === EXIT_KIND.exited) return { kind: 'exited', code: status };
  return { kind: 'signalled', signal: status, core: kind === EXIT_KIND.dumped };
}

function nameIn({ words, at }: Told): string {
  const start = words.bytes.byteOffset + at + NAMED.BYTES;
  return Buffer.from(words.bytes.buffer, start, words.u32(at + NAMED.nameBytes)).toString();
}

function isName(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  return bytes > 0 && bytes <= MESSAGE.NAME_MAX_BYTES;
}

function limitOf(number: number): number {
  return number >= NO_LIMIT ? Infinity : number;
}
