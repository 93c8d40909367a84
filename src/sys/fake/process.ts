import { constants } from 'node:os';
import type { Cancel, ProcessEnd, ResourceUsage } from '../sys.ts';
import { Misuse } from './misuse.ts';
import type { OpenFile } from './open-file.ts';
import { ProcessInput, ProcessOutput } from './process-stream.ts';
import {
  type Attributes,
  NO_USAGE,
  type ProcessHost,
  type ProcessOrigin,
  type Tree,
} from './process-types.ts';
import { defaultAction } from './signals.ts';

const { SIGCONT, SIGKILL, SIGPIPE, SIGSTOP } = constants.signals;

/** What a process does from its first instruction on: makes appointments, handles signals, writes, forks, exits. */
export type Program = (self: FakeProcess) => void;

/** A process of the fake kernel, as itself (`Program`), the keeper and tests see it. */
export class FakeProcess {
  readonly pid: number;
  readonly startedAtMs: number;
  readonly tree: Tree | undefined;
  /** Its descriptors. */
  readonly files = new Map<number, OpenFile>();
  /** Called when it has ended, and again when it has been reaped: pidfds. */
  readonly watchers = new Set<() => void>();
  attributes: Attributes;
  /** What /proc/PID/comm says. */
  name: string;
  group: number;
  session: number;
  /** `undefined` for a child of the keeper or minder, and for one of somebody who is not in the fake. */
  parent: FakeProcess | undefined;
  usage: ResourceUsage = NO_USAGE;
  end: ProcessEnd | undefined;
  endedAtMs = 0;
  /** Its parent has taken note of its end, and its pid is free. */
  reaped = false;
  /** Stopped by SIGSTOP or the like. */
  stopped = false;
  readonly #host: ProcessHost;
  readonly #children = new Set<FakeProcess>();
  readonly #appointments = new Set<Cancel>();
  readonly #inputs: ProcessInput[] = [];
  readonly #handlers = new Map<number, 'ignore' | (() => void)>();
  #output: ProcessOutput | undefined;
  #uninterruptible = false;
  #held: (() => void)[] = [];

  constructor(host: ProcessHost, origin: ProcessOrigin) {
    this.#host = host;
    this.pid = origin.pid;
    this.parent = origin.parent;
    this.tree = origin.tree;
    this.attributes = origin.attributes;
    this.name = origin.parent?.name ?? 'process';
    this.group = origin.parent?.group ?? origin.pid;
    this.session = origin.parent?.session ?? origin.pid;
    this.startedAtMs = host.loop.nowMs();
    origin.tree?.members.add(this);
  }

  /** Start time in clock ticks, as /proc tells it. */
  get startTicks(): number {
    return Math.floor(this.startedAtMs / 10);
  }

  get alive(): boolean {
    return this.end === undefined;
  }

  /** Its state as /proc tells it: nothing in the fake ever runs, it sleeps. */
  get stateLetter(): 'S' | 'D' | 'T' | 'Z' {
    if (!this.alive) return 'Z';
    return this.#uninterruptible ? 'D' : this.stopped ? 'T' : 'S';
  }

  /** Its arguments as texts. */
  get args(): readonly string[] {
    return this.attributes.argv.map((word) => Buffer.from(word).toString());
  }

  /** Does something after `ms`; never if it has ended by then, later if it is stopped. */
  after(ms: number, action: () => void): Cancel {
    const cancel = this.#appoint(ms, () => this.#whenRunning(action));
    return () => {
      this.#appointments.delete(cancel);
      cancel();
    };
  }

  /** Handles or ignores a signal, or leaves it to its default again. */
  on(signal: number, handler: 'ignore' | 'default' | (() => void)): void {
    if (signal === SIGKILL || signal === SIGSTOP) throw new Misuse('SIGKILL and SIGSTOP cannot be handled');
    if (handler === 'default') this.#handlers.delete(signal);
    else this.#handlers.set(signal, handler);
  }

  /** For so long no signal reaches it, not even SIGKILL, as where a file system hangs. */
  uninterruptible(ms: number): void {
    this.#uninterruptible = true;
    this.#appoint(ms, () => {
      this.#uninterruptible = false;
      this.#goOn();
    });
  }

  /** Exits with `code` (0 to 255), once all that it wrote has been taken. */
  exit(code: number, usage: ResourceUsage = this.usage): void {
    this.usage = usage;
    if (this.#output?.blocked === true) this.#output.onceWritten(() => this.exit(code));
    else this.finish({ kind: 'exited', code });
  }

  /** Ends as if killed by `signal`. */
  die(signal: number, core = false): void {
    this.finish({ kind: 'signalled', signal, core });
  }

  /** A child in the same tree, group and session, with the same descriptors; it begins with `program`. */
  fork(program: Program): FakeProcess {
    if (!this.alive) throw new Misuse('a process that has ended cannot fork');
    const child = this.#host.make({ parent: this, tree: this.tree, attributes: this.attributes });
    for (const [signal, handler] of this.#handlers) {
      if (handler === 'ignore') child.#handlers.set(signal, handler);
    }
    for (const [number, file] of this.files) child.files.set(number, file.hold());
    this.#children.add(child);
    // In a tree that is being killed a child dies before its first instruction (cgroup.kill does the same).
    if (this.tree?.killing === true) this.#host.loop.post(() => child.deliver(SIGKILL));
    else this.#host.loop.post(() => child.begin(program));
    return child;
  }

  /** A session and group of its own (setsid(2)). */
  startSession(): void {
    this.session = this.pid;
    this.group = this.pid;
  }

  /** Writes, and goes on; what does not fit waits. A broken pipe is SIGPIPE. */
  write(number: number, data: Uint8Array | string): void {
    const file = this.files.get(number);
    if (file === undefined || !this.alive) return;
    this.#output ??= new ProcessOutput(this.#host.loop, () => this.deliver(SIGPIPE));
    this.#output.write(file, typeof data === 'string' ? Buffer.from(data) : data);
  }

  /** Reads what comes, piece by piece, and `end` at last. */
  read(number: number, listener: (piece: Uint8Array | 'end') => void): void {
    const file = this.files.get(number);
    if (file === undefined) {
      listener('end');
      return;
    }
    const heard = (piece: Uint8Array | 'end'): void => {
      this.#whenRunning(() => listener(piece));
    };
    this.#inputs.push(new ProcessInput(this.#host.loop, file, heard));
  }

  /** Closes one of its descriptors. */
  close(number: number): void {
    const file = this.files.get(number);
    this.files.delete(number);
    file?.release();
  }

  /** Runs the first instruction, unless it has ended before. */
  begin(program: Program): void {
    this.#whenRunning(() => program(this));
  }

  /** A signal reaches it. Whoever sends it sees to it that this happens in a task of its own. */
  deliver(signal: number): void {
    if (!this.alive || signal === 0) return;
    if (this.#uninterruptible) this.#held.push(() => this.deliver(signal));
    else if (signal === SIGKILL) this.die(SIGKILL);
    else if (this.stopped && signal !== SIGCONT) this.#held.push(() => this.deliver(signal));
    else this.#handle(signal);
  }

  /** Ends: its descriptors are closed, its children lose their parent, its own parent is told. */
  finish(end: ProcessEnd): void {
    if (!this.alive) return;
    this.end = end;
    this.endedAtMs = this.#host.loop.nowMs();
    for (const cancel of this.#appointments) cancel();
    for (const input of this.#inputs) input.stop();
    this.#output?.stop();
    for (const file of this.files.values()) file.release();
    this.files.clear();
    this.#held = [];
    for (const child of this.#children) child.parent = undefined;
    this.#children.clear();
    this.#tellWatchers();
    if (this.parent !== undefined) this.reap();
    else this.tree?.ended(this);
  }

  /** Its parent takes note of its end: it leaves its tree, and its pid is free. */
  reap(): void {
    if (this.reaped || this.alive) return;
    this.reaped = true;
    if (this.parent !== undefined) this.parent.#children.delete(this);
    this.#host.forget(this);
    this.#tellWatchers();
    if (this.tree?.members.delete(this) === true && this.tree.members.size === 0) this.tree.emptied();
  }

  #appoint(ms: number, action: () => void): Cancel {
    const loop = this.#host.loop;
    const cancel = loop.schedule(loop.nowMs() + ms, () => {
      this.#appointments.delete(cancel);
      action();
    });
    if (this.alive) this.#appointments.add(cancel);
    else cancel();
    return cancel;
  }

  #handle(signal: number): void {
    if (signal === SIGCONT && this.stopped) {
      this.stopped = false;
      this.#goOn();
    }
    const handler = this.#handlers.get(signal);
    if (handler === 'ignore') return;
    if (handler !== undefined) {
      handler();
      return;
    }
    const action = defaultAction(signal);
    if (action === 'stop') this.stopped = true;
    else if (action === 'end') this.die(signal);
    else if (action === 'end-with-core')
      this.die(signal, (this.attributes.limits.get('core')?.soft ?? 0) > 0);
  }

  #whenRunning(action: () => void): void {
    if (!this.alive) return;
    if (this.stopped || this.#uninterruptible) this.#held.push(() => this.#whenRunning(action));
    else action();
  }

  /** Does what was held back; each of it sees for itself whether it may go on now. */
  #goOn(): void {
    const held = this.#held;
    this.#held = [];
    for (const action of held) action();
  }

  #tellWatchers(): void {
    for (const watcher of this.watchers) watcher();
  }
}
