import { constants } from 'node:os';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type {
  Answer,
  Cancel,
  EndBefore,
  EntryState,
  ExecStage,
  ProcessRef,
  Refusal,
  SignalScope,
  Spawned,
  SpawnOrder,
  Welcome,
} from '../sys.ts';
import { Channel, type KeeperSettings } from './channel.ts';
import { Failures } from './failures.ts';
import { Watchdog } from './watchdog.ts';
import { refusal } from './errno.ts';
import { makeChild, runToExec } from './child.ts';
import { type FailureChoice, orderFault } from './exec.ts';
import { isFallible } from './faults.ts';
import type { FakeKernel } from './kernel.ts';
import { KeptStore } from './kept-store.ts';
import { Misuse } from './misuse.ts';
import type { OpenFile } from './open-file.ts';
import type { FakeProcess } from './process.ts';
import { Row, type RowOwner, STATE_ORDER } from './row.ts';
import { killRow, signalRow } from './row-signals.ts';
import { SignalCounts } from './signal-counts.ts';
import { Table } from './table.ts';
import type { View } from './view.ts';

/** How long archond may take to end after `quit`: QUIT_PATIENCE_NS of native/keeper. */
const QUIT_PATIENCE_MS = 10_000;

/** What a keeper is made of; it cannot be changed later. */
export interface KeeperOptions {
  /** What trees are made of where an order does not say. */
  readonly tree: 'cgroup' | 'minder';
  /** Entries of the table. */
  readonly tableEntries: number;
  /** The limit of descriptors that children get. */
  readonly descriptorLimit: { readonly soft: number; readonly hard: number };
}

/** The requests that can be refused by injection. */
export type KeeperRequest =
  'hello' | 'spawn' | 'signal' | 'kill' | 'free' | 'store' | 'drop' | 'kept' | 'ready' | 'beat' | 'quit';

/**
 * The keeper of the fake: what native/keeper does, over the fake kernel. It outlives every archond,
 * and speaks to one at a time.
 */
export class FakeKeeper implements RowOwner {
  readonly pid: number;
  readonly table: Table;
  readonly kept = new KeptStore();
  readonly signals: SignalCounts;
  readonly settings: KeeperSettings = {
    askDelayMs: 0,
    tellDelayMs: 0,
    tellTwice: false,
    minderMs: 0,
    silenceMs: 0,
  };
  /** Chooses which starts fail, and how. */
  failStart: FailureChoice | undefined;
  /** The socket of the present archond answers. */
  ready = false;
  /** The code with which it was told to quit. */
  quitCode: number | undefined;
  /** It has ended: by `quit`, or because a test killed it. */
  gone = false;
  channel: Channel | undefined;
  readonly failures = new Failures(() => this.settings.silenceMs);
  readonly #watchdog: Watchdog;
  readonly #kernel: FakeKernel;
  readonly #options: KeeperOptions;
  readonly #killArchond: () => void;
  #patience: Cancel | undefined;
  /** An archond that is still to be greeted. */
  #greeting: { readonly channel: Channel; readonly done: Answer<Welcome> } | undefined;
  readonly #refusals = new Map<KeeperRequest, Refusal[]>();

  constructor(kernel: FakeKernel, options: KeeperOptions, killArchond: () => void) {
    this.#kernel = kernel;
    this.#killArchond = killArchond;
    this.#watchdog = new Watchdog(kernel.loop, () => this.settings.silenceMs, killArchond);
    this.#options = options;
    this.pid = kernel.takePid();
    this.table = new Table(options.tableEntries);
    this.signals = new SignalCounts((signal, count) => {
      this.channel?.tell((listener) => listener.signalled(signal, count));
    });
  }

  /** What trees are made of where an order does not say. */
  get tree(): KeeperOptions['tree'] {
    return this.#options.tree;
  }

  /** Opens a channel to a new archond. */
  serve(view: View): Channel {
    this.ready = false;
    this.channel = new Channel(view, this.settings);
    this.channel.heard = () => {
      this.#watchdog.heard();
    };
    this.#watchdog.begin();
    return this.channel;
  }

  /** Archond has died: its channel is read to the end, then closed. */
  lost(end: EndBefore): void {
    this.channel?.drain();
    this.channel = undefined;
    const silent = this.#watchdog.end();
    this.failures.note(silent ? { kind: 'silent' } : end, this.#kernel.loop.nowMs(), this.ready);
    this.#patience?.();
    this.#endIfDone();
  }

  /** The next requests of this name, one for each refusal, are refused. */
  refuse(name: KeeperRequest, refused: Refusal): void {
    const waiting = this.#refusals.get(name);
    if (waiting === undefined) this.#refusals.set(name, [refused]);
    else waiting.push(refused);
  }

  /** What is said to every request before it is looked at; `undefined`: nothing against it. */
  objection(name: KeeperRequest, channel: Channel): Refusal | undefined {
    if (this.gone) return refusal('EPIPE');
    if (name !== 'hello' && !channel.greeted && channel.view.alive) return refusal('EPROTO');
    return this.#refusals.get(name)?.shift() ?? this.#mishap(name, channel);
  }

  /** What the plan of faults has for this request; that of an archond that is dead reaches the keeper or not, as a whole. */
  #mishap(name: KeeperRequest, { view }: Channel): Refusal | undefined {
    const call = `keeper.${name}`;
    const [code = '', stage] = isFallible(call) ? (view.fault(call)?.split('@') ?? []) : [];
    return code === '' ? undefined : refusal(code, stage as ExecStage | undefined);
  }

  /** Greets archond when all that its predecessor asked for can be seen; then tells it which signals nobody has noted. */
  hello(channel: Channel, done: Answer<Welcome>): void {
    if (this.#isUnderWay()) this.#greeting = { channel, done };
    else this.#welcome(channel, done);
  }

  /** Some minder has not told of its main process yet. */
  #isUnderWay(): boolean {
    return this.table.rows().some((row) => row.kind === 'minder' && row.state === undefined);
  }

  /** A spawn is in the table, or has come to nothing. */
  #arrived(): void {
    const greeting = this.#greeting;
    if (greeting === undefined || this.#isUnderWay()) return;
    this.#greeting = undefined;
    if (greeting.channel === this.channel) this.#welcome(greeting.channel, greeting.done);
  }

  #welcome(channel: Channel, done: Answer<Welcome>): void {
    const { tree, descriptorLimit } = this.#options;
    channel.greeted = true;
    const { epoch } = channel.view;
    const { before, isToSetAside } = this.failures;
    channel.answer(done, ok({ tree, keeperPid: this.pid, epoch, descriptorLimit, before, isToSetAside }));
    this.signals.tellAgain();
  }

  /** Makes a child. Answers by itself where it refuses; else the channel does when the child exists. */
  spawn(
    channel: Channel,
    order: SpawnOrder,
    files: ReadonlyMap<number, OpenFile>,
    done: Answer<Spawned>,
  ): void {
    const index = this.table.freeIndex();
    const fault =
      orderFault(order) ??
      (order.generation <= this.table.lastGeneration ? 'ESTALE' : undefined) ??
      (this.quitCode === undefined ? undefined : 'ESHUTDOWN') ??
      (index < 0 ? 'ENOSPC' : undefined);
    if (fault !== undefined) {
      for (const file of files.values()) file.release();
      channel.answer(done, err(refusal(fault, 'request')));
      return;
    }
    const row = new Row(this, index, order, order.tree ?? this.#options.tree);
    this.table.put(row);
    channel.promise(row, done);
    const start = (): void => this.#start(row, channel, order, files);
    // A minder has to be made first, and says later that the child exists.
    const { loop } = this.#kernel;
    if (row.kind === 'minder') loop.schedule(loop.nowMs() + this.settings.minderMs, start);
    else start();
  }

  signal(ref: ProcessRef, signal: number, scope: SignalScope, wake: boolean): Result<number, Refusal> {
    if (!Number.isInteger(signal) || signal < 0 || signal > 64) return err(refusal('EINVAL'));
    const row = this.table.row(ref);
    const sent = signalRow(this.#kernel, row, signal, scope);
    if (wake && sent.ok) signalRow(this.#kernel, row, constants.signals.SIGCONT, scope);
    return sent;
  }

  kill(ref: ProcessRef): Result<number, Refusal> {
    const row = this.table.row(ref);
    if (row?.state === undefined) return err(refusal('ESRCH'));
    killRow(this.#kernel, row);
    return ok(1);
  }

  /** Archond's own word in the table. */
  acknowledge(ref: ProcessRef, state: EntryState): void {
    const row = this.table.row(ref);
    if (row?.state === undefined)
      throw new Misuse(`${state} of a spawn that is not in the table is acknowledged`);
    if (STATE_ORDER[state] > STATE_ORDER[row.state])
      throw new Misuse(`${state} of a spawn that is ${row.state} is acknowledged`);
    row.acknowledged = state;
  }

  free(ref: ProcessRef): Result<number, Refusal> {
    const row = this.table.row(ref);
    if (row?.state === undefined) return err(refusal('ESRCH'));
    if (row.state !== 'empty' || row.acknowledged !== 'empty') return err(refusal('EBUSY'));
    this.channel?.forget(row);
    this.table.free(row);
    return ok(0);
  }

  /** Everything is killed; when archond has ended too, it ends itself. */
  quit(code: number): void {
    if (this.quitCode !== undefined) return;
    this.quitCode = code;
    const { loop } = this.#kernel;
    if (this.channel !== undefined)
      this.#patience = loop.schedule(loop.nowMs() + QUIT_PATIENCE_MS, this.#killArchond);
    for (const row of this.table.rows()) killRow(this.#kernel, row);
  }

  /** The keeper is killed: its children go on, and nobody writes the table any more. */
  die(): void {
    if (this.gone) return;
    this.#end();
    this.channel?.hangUp();
  }

  /** The minder of this spawn dies, and with it all that is below it. */
  killMinder(ref: ProcessRef): void {
    const row = this.table.row(ref);
    if (row?.kind !== 'minder' || row.state === 'empty') throw new Misuse('there is no minder to be killed');
    row.minderLost = true;
    this.channel?.changed(row);
    killRow(this.#kernel, row);
  }

  emptied(row: Row): void {
    if (this.gone) return;
    // A tree that is found empty with the end of its main process is never seen as merely exited.
    if (row.kind === 'cgroup' && row.state !== 'exited') this.#publish(row, 'empty');
    else this.#kernel.loop.post(() => this.#publish(row, 'empty'));
  }

  ended(row: Row, process: FakeProcess): void {
    this.#kernel.loop.post(() => {
      if (this.gone) process.reap();
      else if (process === row.process) this.#mainEnded(row, process);
      else this.#orphanEnded(process);
    });
  }

  #start(row: Row, channel: Channel, order: SpawnOrder, files: ReadonlyMap<number, OpenFile>): void {
    const isUnlimited = row.kind === 'minder' && order.treeLimits?.isMust === true;
    const unlimited = isUnlimited ? ({ stage: 'cgroup', code: 'EOPNOTSUPP' } as const) : undefined;
    const failure = this.failStart?.(order) ?? unlimited;
    if (failure?.stage === 'fork' || failure?.stage === 'cgroup') {
      for (const file of files.values()) file.release();
      this.table.free(row);
      channel.refuseSpawn(row, refusal(failure.code, failure.stage));
      this.#arrived();
      return;
    }
    row.process = makeChild(this.#kernel, row, order, files, this.#options.descriptorLimit, this.pid);
    this.#publish(row, 'starting');
    runToExec(this.#kernel, row, row.process, order, failure, () => this.#publish(row, 'running'));
    if (row.killing || this.quitCode !== undefined) killRow(this.#kernel, row);
    this.#arrived();
  }

  #publish(row: Row, state: EntryState): void {
    if (this.gone) return;
    if (row.state !== undefined && STATE_ORDER[state] <= STATE_ORDER[row.state]) {
      throw new Misuse(`a spawn goes back from ${row.state} to ${state}`);
    }
    row.state = state;
    this.channel?.changed(row);
    if (state === 'empty') this.#endIfDone();
  }

  #mainEnded(row: Row, process: FakeProcess): void {
    row.end ??= process.end ?? { kind: 'unknown' };
    row.endedAtMs = this.#kernel.loop.nowMs();
    if (row.kind === 'minder' || row.members.size > 1) this.#publish(row, 'exited');
    process.reap();
  }

  #orphanEnded(process: FakeProcess): void {
    this.table.addOrphan(process, this.#kernel.loop.nowMs());
    const sequence = this.table.ringNext;
    this.channel?.tell((listener) => listener.orphaned(sequence));
    process.reap();
  }

  #endIfDone(): void {
    if (this.quitCode === undefined || this.channel !== undefined) return;
    if (this.table.rows().every((row) => row.state === 'empty')) this.#end();
  }

  #end(): void {
    this.gone = true;
    this.kept.clear();
  }
}
