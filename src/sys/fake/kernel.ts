import type { Result } from '../../base/result.ts';
import type { UserEntry } from '../sys.ts';
import { FakeDisk } from './disk.ts';
import { Faults } from './faults.ts';
import { FileTree, pathKey } from './file-tree.ts';
import type { VirtualLoop } from './loop.ts';
import { Misuse } from './misuse.ts';
import type { FakeServers } from './network.ts';
import type { OpenFile } from './open-file.ts';
import { makePipe, type PipeEnd } from './pipe.ts';
import { FakePortSpace } from './ports.ts';
import { FakeProcess, type Program } from './process.ts';
import type { Attributes, ProcessHost, ProcessOrigin } from './process-types.ts';
import type { Caller } from './stream-socket.ts';
import type { ThreadProgram } from './threads.ts';

/** More are taken for a defect of a test: what doubles every millisecond fills the memory in no time. */
const MOST_PROCESSES = 100_000;

/** A file that can be executed. */
export interface Command {
  readonly program: Program;
  /** Without it exec(2) says `EACCES`. Default true. */
  readonly executable?: boolean;
  /** How long exec takes: a slow disk, or one that hangs. Default 0. */
  readonly execMs?: number;
  /** The errno of its exec: `ENOEXEC`, `ETXTBSY`, `E2BIG` … */
  readonly execFails?: string;
}

/** Sizes and habits of the fake kernel that tests may change at any time. */
export interface KernelSettings {
  /** The most that one read of a connection brings. Default 65,536. */
  readBytes: number;
  /** What a socket holds that its reader has not taken. Default 212,992. */
  socketBytes: number;
  /** What a pipe holds. Default 65,536. */
  pipeBytes: number;
  /** How many descriptors archond may have open before it is told `EMFILE`. Default none. */
  descriptorLimit: number;
  /** How much archond learns of the end of a process that is not its child. Default `at-reap`. */
  strangersEnd: 'at-death' | 'at-reap' | 'never';
  /** Above which a hard limit cannot be raised, by its name as in `ResourceLimit`. Default none. */
  hardLimits: ReadonlyMap<string, number>;
}

/** What stands below keeper and archond and outlives both: time, files, processes, commands. */
export class FakeKernel implements ProcessHost {
  readonly loop: VirtualLoop;
  readonly files = new FileTree();
  readonly disk = new FakeDisk(this.files);
  /** Which calls of archond fail. */
  readonly faults = new Faults();
  readonly processes = new Map<number, FakeProcess>();
  /** By path; see `pathKey`. */
  readonly commands = new Map<string, Command>();
  readonly settings: KernelSettings = {
    readBytes: 65_536,
    socketBytes: 212_992,
    pipeBytes: 65_536,
    descriptorLimit: Number.POSITIVE_INFINITY,
    strangersEnd: 'at-reap',
    hardLimits: new Map(),
  };
  /** What the databases of users and groups know: root at first. */
  readonly accounts = {
    users: [{ name: 'root', uid: 0, gid: 0, groups: [0] }] as UserEntry[],
    groups: new Map([['root', 0]]),
    /** How long a look-up takes. */
    delayMs: 0,
  };
  /** What the programs that are run apart answer: a text, or an errno. Absent ones end badly. */
  readonly apart = new Map<string, (input: string) => Result<string, string>>();
  /** What programs in workers do. Absent ones end at once. */
  readonly threads = new Map<string, ThreadProgram>();
  /** Nobody answers at first. */
  readonly servers: FakeServers = { accepting: new Set(), pages: new Map(), delayMs: 0 };
  /** Nothing is bound at first. */
  readonly portSpace = new FakePortSpace();
  /** As whom keeper and archond run. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** The pid that is tried next. */
  nextPid = 1000;
  /** 1970 to boot, as the wall clock has it now. */
  wallOffsetNs = 1_700_000_000_000_000_000n;
  #inodes = 0n;

  constructor(loop: VirtualLoop, user: { readonly uid: number; readonly gid: number }) {
    this.loop = loop;
    this.user = user;
  }

  /** A new process with the next free pid, running nothing yet. */
  make(origin: Omit<ProcessOrigin, 'pid'>): FakeProcess {
    if (this.processes.size >= MOST_PROCESSES) throw new Misuse('a program forks without end');
    const process = new FakeProcess(this, { ...origin, pid: this.takePid() });
    this.processes.set(process.pid, process);
    return process;
  }

  /** The next free pid. */
  takePid(): number {
    while (this.processes.has(this.nextPid)) this.nextPid += 1;
    return this.nextPid++;
  }

  forget(process: FakeProcess): void {
    this.processes.delete(process.pid);
  }

  /** Makes a process that belongs to no tree and is nobody's child here. */
  makeStranger(program: Program, changes: Partial<Attributes> = {}): FakeProcess {
    const attributes: Attributes = { ...this.attributes(), ...changes };
    const process = this.make({ parent: undefined, tree: undefined, attributes });
    this.loop.post(() => process.begin(program));
    return process;
  }

  /** What a child of the keeper has if its order says nothing else. */
  attributes(): Attributes {
    return {
      argv: [],
      env: [],
      cwd: '/',
      umask: 0o022,
      uid: this.user.uid,
      gid: this.user.gid,
      groups: [],
      nice: 0,
      oomScoreAdjust: 0,
      noNewPrivileges: false,
      limits: new Map(),
    };
  }

  /** What stands at a path that is to be executed. */
  command(path: Uint8Array): Command | undefined {
    return this.commands.get(pathKey(path));
  }

  /** A new pipe; with `keptOpen` its writing end is open for reading too. */
  pipe(keptOpen: boolean): { readonly read: PipeEnd; readonly write: PipeEnd } {
    this.#inodes += 1n;
    return makePipe({ device: 14n, inode: this.#inodes }, this.settings.pipeBytes, keptOpen);
  }

  /** Nanoseconds since 1970-01-01 UTC. */
  wallNs(): bigint {
    return this.wallOffsetNs + BigInt(Math.round(this.loop.nowMs() * 1e6));
  }

  /** Sends a signal as kill(2) does: it arrives in a task of its own. */
  send(process: FakeProcess, signal: number): void {
    this.loop.post(() => process.deliver(signal));
  }

  /** A process says something on a notification socket; false where there is none that it may use. */
  notify(process: FakeProcess, path: string, text: string, files: readonly OpenFile[] = []): boolean {
    const node = this.files.node(path);
    const { pid, attributes } = process;
    const { uid, gid } = attributes;
    if (
      node?.kind !== 'notices' ||
      !node.socket.isOpen ||
      (uid !== 0 && uid !== node.uid && node.mode !== 0o666)
    )
      return false;
    const held = files.map((file) => file.hold());
    node.socket.send({ sender: { pid, uid, gid }, bytes: Buffer.from(text), files: held });
    return true;
  }

  /** Who this pid is, as SO_PEERCRED and SO_PEERGROUPS tell it. */
  credentials(pid: number): Caller {
    const { uid, gid } = this.user;
    return { pid, uid, gid, groups: [gid] };
  }
}
