import { constants } from 'node:os';
import { err } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { EndBefore, ExecStage, ProcessRef, Sys } from '../sys.ts';
import { FakeClient } from './client.ts';
import { errnoOf, refusal } from './errno.ts';
import type { Command, FakeKernel } from './kernel.ts';
import { FakeKeeper, type KeeperOptions, type KeeperRequest } from './keeper.ts';
import { ArchondKilled, Misuse } from './misuse.ts';
import { type FileKind, PlainFile } from './open-file.ts';
import { PidfdFile } from './pidfds.ts';
import type { PipeEnd } from './pipe.ts';
import type { FakeProcess, Program } from './process.ts';
import type { Attributes } from './process-types.ts';
import type { Caller } from './stream-socket.ts';
import { makeView } from './sys-view.ts';
import type { View } from './view.ts';

const { SIGKILL } = constants.signals;
const EX_SOFTWARE = 70;

/**
 * The other side of the fake: everything that on a real machine time, the kernel, clients, other
 * processes and bad luck do. Nothing happens before `settle`, `step` or a method that moves the clock
 * is called; see `VirtualLoop`.
 */
export class Control {
  readonly kernel: FakeKernel;
  readonly keeper: FakeKeeper;
  /** What `openDescriptors` was when an archond last ended by itself (`Sys.close`). */
  leftOpen: readonly string[] = [];
  /** At which call an archond was killed last by `killArchondAtCall`. */
  killedAt: string | undefined;
  #view: View | undefined;
  #callsBefore = 0;
  readonly #failures = new Map<string, string[]>();
  #chance: () => number;
  #epoch = 0;

  constructor(kernel: FakeKernel, options: KeeperOptions, seed: number) {
    this.kernel = kernel;
    this.keeper = new FakeKeeper(kernel, options, () => this.killArchond());
    this.#chance = chances(seed);
  }

  // ---- time and chance --------------------------------------------------------------------

  nowMs(): number {
    return this.kernel.loop.nowMs();
  }

  /** Runs the one thing that is next at this instant; false where there is none. */
  step(): boolean {
    return this.kernel.loop.step();
  }

  /** Runs the one thing that is next, now or later; false where nothing is to come. */
  stepOn(): boolean {
    return this.kernel.loop.stepOn();
  }

  /** Runs all that is due at this instant. */
  settle(): void {
    this.kernel.loop.settle();
  }

  advanceMs(ms: number): void {
    this.kernel.loop.advanceTo(this.nowMs() + ms);
  }

  advanceTo(atMs: number): void {
    this.kernel.loop.advanceTo(atMs);
  }

  /** Goes to the next instant at which something is to happen; false, and no move, where there is none. */
  advanceToNext(): boolean {
    this.settle();
    const next = this.kernel.loop.nextAtMs();
    if (next !== undefined) this.kernel.loop.advanceTo(next);
    return next !== undefined;
  }

  /** Lets time pass until nothing is to happen any more (true), or `limitMs` are over (false). Default: a day. */
  runUntilQuiet(limitMs = 86_400_000): boolean {
    const endMs = this.nowMs() + limitMs;
    this.settle();
    for (let next = this.kernel.loop.nextAtMs(); next !== undefined; next = this.kernel.loop.nextAtMs()) {
      if (next > endMs) {
        this.advanceTo(endMs);
        return false;
      }
      this.advanceTo(next);
    }
    return true;
  }

  /** Begins `sys.chance` anew. */
  seed(seed: number): void {
    this.#chance = chances(seed);
  }

  chance(): number {
    return this.#chance();
  }

  /** Moves the wall clock against the monotonic one, as an administrator does. */
  stepWallClockMs(ms: number): void {
    this.kernel.wallOffsetNs += BigInt(Math.round(ms * 1e6));
  }

  // ---- archond -------------------------------------------------------------------------------

  get archondAlive(): boolean {
    return this.#view?.alive === true;
  }

  /**
   * SIGKILL to archond. Its descriptors close, its callbacks never come, what it had asked of the
   * keeper is carried out all the same. May be called from inside one of its callbacks: the rest of
   * that step gets `ArchondKilled` out of every call of `Sys`.
   */
  killArchond(): void {
    this.#archondEnds({ kind: 'signalled', signal: SIGKILL, core: false });
  }

  /** Archond breaks: it ends by itself, with the code that says so (sysexits.h, EX_SOFTWARE). */
  breakArchond(): void {
    this.#archondEnds({ kind: 'exited', code: EX_SOFTWARE });
  }

  #archondEnds(end: EndBefore): void {
    const view = this.#view;
    this.#view = undefined;
    if (view === undefined) return;
    this.#callsBefore += view.calls;
    view.kill();
    this.keeper.lost(end);
  }

  /** The `n`-th call of `Sys` from now (1: the next) is not carried out: archond dies there. */
  killArchondAtCall(n: number): void {
    const view = this.#living();
    let left = n;
    view.onCall = (name) => {
      left -= 1;
      if (left > 0) return;
      this.killedAt = name;
      this.killArchond();
      throw new ArchondKilled(`killed at ${name}`);
    };
  }

  /** How many calls of `Sys` all archonds together have made so far. */
  get calls(): number {
    return this.#callsBefore + (this.#view?.calls ?? 0);
  }

  /** The keeper starts archond: a new view of the same machine, with nothing open. */
  startArchond(): Sys {
    if (this.#view !== undefined) throw new Misuse('archond lives already');
    if (this.keeper.gone) throw new Misuse('there is no keeper to start archond');
    this.#epoch += 1;
    const made = makeView(this.kernel, this.keeper, this.#epoch, this.#failures, () => this.#chance());
    made.view.onClose = () => {
      this.leftOpen = made.view.descriptors.list();
      this.#archondEnds({ kind: 'exited', code: 0 });
    };
    this.#view = made.view;
    return made.sys;
  }

  /** `killArchond`, then `startArchond`. */
  restart(): Sys {
    this.killArchond();
    return this.startArchond();
  }

  /** The descriptors that archond has open, `NUMBER KIND ORIGIN` each: what is left in the end is a leak. */
  openDescriptors(): readonly string[] {
    return this.#view?.descriptors.list() ?? [];
  }

  // ---- bad luck --------------------------------------------------------------------------------

  /** The next `times` calls of the kernel with this name (`pipe2`, `pidfd_open`, `bind`, `splice` …) fail. */
  failNext(call: string, code: string, times = 1): void {
    errnoOf(code);
    const waiting = this.#failures.get(call) ?? [];
    for (let time = 0; time < times; time++) waiting.push(code);
    this.#failures.set(call, waiting);
  }

  /** The keeper refuses the next `times` requests of this name. */
  refuseNext(request: KeeperRequest, code: string, stage?: ExecStage, times = 1): void {
    for (let time = 0; time < times; time++) this.keeper.refuse(request, refusal(code, stage));
  }

  // ---- processes ---------------------------------------------------------------------------------

  /** What is executed at this path. */
  install(path: string, program: Program, more: Omit<Command, 'program'> = {}): void {
    this.kernel.commands.set(path, { program, ...more });
  }

  /** A process that is nobody's child here, for pidfds. It is reaped at once when it ends, unless `zombie`. */
  stranger(
    program: Program,
    more: { readonly zombie?: boolean; readonly attributes?: Partial<Attributes> } = {},
  ): FakeProcess {
    const process = this.kernel.makeStranger(program, more.attributes);
    if (more.zombie !== true) process.watchers.add(() => process.reap());
    return process;
  }

  process(pid: number): FakeProcess | undefined {
    return this.kernel.processes.get(pid);
  }

  /** The processes of a spawn that have not been reaped, the main one first while it is there. */
  members(ref: ProcessRef): readonly FakeProcess[] {
    return [...(this.keeper.table.row(ref)?.members ?? [])];
  }

  /** The kernel kills a process of a spawn for want of memory: by the limit of its tree, or by one above that. */
  killForMemory(ref: ProcessRef, process: FakeProcess, isOwnLimit = true): void {
    const row = this.keeper.table.row(ref);
    if (row?.members.has(process) !== true) throw new Misuse('the process is not of this spawn');
    row.killForMemory(process, isOwnLimit);
  }

  /** Somebody sends a signal to the keeper, which forwards it. */
  signalKeeper(signal: number): void {
    this.keeper.signals.came(signal);
  }

  // ---- clients and files ---------------------------------------------------------------------------

  /** Somebody connects to a listening path. */
  connect(path: string, who: Partial<Caller> = {}): Result<FakeClient, string> {
    const node = this.kernel.files.node(path);
    if (node === undefined) return err('ENOENT');
    if (node.kind !== 'socket' || !node.listening.isOpen) return err('ECONNREFUSED');
    const credentials = { ...this.kernel.credentials(who.pid ?? 1), ...who };
    const end = node.listening.connect(credentials, this.kernel.settings.socketBytes);
    return { ok: true, value: new FakeClient(this.kernel.loop, end) };
  }

  /** An open file to send along; it belongs to the caller. */
  file(kind: Exclude<FileKind, 'pidfd'>, bytes?: Uint8Array): PlainFile {
    return new PlainFile(kind, bytes);
  }

  /** A pidfd to send along. */
  pidfd(process: FakeProcess, ofThread = false): PidfdFile {
    return new PidfdFile(process, ofThread);
  }

  /** A pipe whose ends belong to the caller. */
  pipe(): { readonly read: PipeEnd; readonly write: PipeEnd } {
    return this.kernel.pipe(false);
  }

  #living(): View {
    if (this.#view === undefined) throw new Misuse('there is no archond');
    return this.#view;
  }
}

/** Numbers in [0, 1) that depend on the seed only: a linear congruence of 32 bits, past its first few. */
function chances(seed: number): () => number {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (let skipped = 0; skipped < 8; skipped++) next();
  return next;
}
